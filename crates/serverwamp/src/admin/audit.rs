//! The audit log: a line for everything that an administrator did or was not able to do, at the target `serverwamp::audit`.
//!
//! Invariant: none is left out, whatever their rate; administrators are few, and a log with gaps proves nothing.

use super::table::AdminAnswer;
use crate::Session;
use crate::base::log::{LineKind, Whose, line};
use serverwamp_proto::codec::Value;

static DONE: LineKind = LineKind::unlimited("an administrator acted");

/// A call of the permission `write`: who called which procedure, from where, with which arguments. Its line is written when its outcome is
/// known, or when the call is given up, because the session that made it has ended: by what it asked for itself, for example.
pub(super) struct AuditEntry {
    caller: Session,
    procedure: &'static str,
    arguments: String,
    outcome: Option<String>,
}

impl AuditEntry {
    pub(super) const fn new(caller: Session, procedure: &'static str, arguments: String) -> Self {
        Self { caller, procedure, arguments, outcome: None }
    }

    /// What came of it.
    pub(super) fn end(mut self, answer: &AdminAnswer) {
        self.outcome = Some(match answer {
            Ok(answer) => written(answer),
            Err(error) => error.to_string(),
        });
    }
}

impl Drop for AuditEntry {
    fn drop(&mut self) {
        let peer = Whose::from(self.caller.transport()).peer;
        let outcome = self.outcome.as_deref().unwrap_or("unknown: the session ended before the answer");
        line!(@
            INFO,
            "audit",
            &DONE,
            "an administrator acted",
            authid = self.caller.authid(),
            authrole = self.caller.authrole(),
            session = self.caller.id(),
            procedure = self.procedure,
            arguments = self.arguments.as_str(),
            outcome = outcome;
            peer = peer
        );
    }
}

/// A dictionary of scalars as `key=value`, for the log.
pub(super) fn written(value: &Value) -> String {
    let scalar = |value: &Value| match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Bool(yes) => yes.to_string(),
        Value::List(list) => format!("{} entries", list.len()),
        other => other.as_i128().map_or_else(|| "..".to_owned(), |number| number.to_string()),
    };
    match value {
        Value::Dict(dict) => {
            let set = dict.iter().filter(|(_, value)| !value.is_null());
            set.map(|(key, value)| format!("{key}={}", scalar(value))).collect::<Vec<_>>().join(" ")
        }
        other => scalar(other),
    }
}
