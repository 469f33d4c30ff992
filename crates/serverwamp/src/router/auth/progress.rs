//! How far an authentication has come, as the log has it.

use std::fmt;
use std::sync::Arc;

/// The method that is tried, and how often the peer was asked and has answered. The default is that of a HELLO alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExchangeProgress {
    /// As the peer calls it.
    pub(super) method: Option<Arc<str>>,
    pub(super) challenges: u32,
    pub(super) answers: u32,
}

impl ExchangeProgress {
    /// The method, or that there is none.
    pub(crate) fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("(none)")
    }

    /// The message that was the last one: of the peer, or the CHALLENGE that it has not answered.
    pub(crate) fn step(&self) -> String {
        match (self.challenges, self.answers) {
            (0, _) => "HELLO".to_owned(),
            (challenges, answers) if answers < challenges => format!("CHALLENGE {challenges}"),
            (_, answers) => format!("AUTHENTICATE {answers}"),
        }
    }
}

impl fmt::Display for ExchangeProgress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "method {}, step {}", self.method(), self.step())
    }
}
