//! The audit log: a line for everything that an administrator did or was not able to do, at the target `serverwamp::audit`.
//!
//! Invariant: none is left out, whatever their rate; administrators are few, and a log with gaps proves nothing.

use super::table::AdminAnswer;
use crate::Session;
use crate::base::log::{LineKind, Whose, line};
use serverwamp_proto::codec::Value;

static DONE: LineKind = LineKind::unlimited("an administrator acted");

/// Writes down who called which procedure of the permission `write`, from where, with which arguments, and what came of it.
pub(super) fn write(caller: &Session, procedure: &str, arguments: &str, answer: &AdminAnswer) {
    let peer = Whose::from(caller.transport()).peer;
    let outcome = match answer {
        Ok(answer) => written(answer),
        Err(error) => error.to_string(),
    };
    line!(@
        INFO,
        "audit",
        &DONE,
        "an administrator acted",
        authid = caller.authid(),
        authrole = caller.authrole(),
        session = caller.id(),
        procedure = procedure,
        arguments = arguments,
        outcome = outcome;
        peer = peer
    );
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
