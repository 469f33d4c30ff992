//! What is wrong with the settings of an authenticator, found before it is used.

use std::fmt;

/// A key, a file, an address or a certificate of an authenticator that cannot be used.
///
/// The text names the thing, the fault and a way out, and contains no secret. `Debug` says the same as `Display`: it is what Rust
/// prints of an error that `main` returns.
#[derive(Clone, Eq, PartialEq)]
pub struct AuthSettingsError {
    subject: String,
    problem: String,
}

impl AuthSettingsError {
    pub(super) fn new(subject: impl fmt::Display, problem: impl fmt::Display) -> Self {
        Self { subject: subject.to_string(), problem: problem.to_string() }
    }

    /// What cannot be used: the path of a file, or an address.
    pub fn subject(&self) -> &str {
        &self.subject
    }
}

impl fmt::Display for AuthSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} cannot be used: {}", self.subject, self.problem)
    }
}

impl fmt::Debug for AuthSettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for AuthSettingsError {}
