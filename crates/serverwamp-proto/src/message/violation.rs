//! Violations of the protocol, with the text for the peer.
//!
//! A violation ends the session: its text goes into `ABORT.Details.message`, so it names the message, the request, the
//! place and the fault, and holds nothing that the peer did not send itself.

use std::borrow::Cow;

use crate::codec::{DecodeError, Kind};

/// A peer broke the protocol: ABORT with `wamp.error.protocol_violation`, and the session is over.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Violation {
    /// The fault, in words that the peer may read.
    pub message: Cow<'static, str>,
}

impl Violation {
    /// A violation with this explanation.
    pub fn new(message: impl Into<Cow<'static, str>>) -> Self {
        Self { message: message.into() }
    }
}

/// Why one element or one attribute could not be read; the reader around it knows where.
#[derive(Debug)]
pub(super) enum Fault {
    /// The bytes are not what the serializer allows.
    Malformed(DecodeError),
    /// The bytes are fine, the value is not.
    Wrong {
        /// The expected value, with its article.
        expected: &'static str,
        /// The value found.
        got: Cow<'static, str>,
    },
    /// There are more attributes than this.
    TooManyAttributes(usize),
    /// It needs more bytes than are read of all attributes.
    TooLong,
    /// As many entries of lists are read as may be, and more follow than are read of all attributes.
    TooMany,
}

impl Fault {
    /// A value of the wrong kind.
    pub(super) fn kind(expected: &'static str, got: Kind) -> Self {
        Self::Wrong { expected, got: Cow::Borrowed(kind_name(got)) }
    }

    /// A text that is not one of the words that belong there.
    pub(super) fn word(expected: &'static str, got: &str) -> Self {
        let shown: String = got.chars().take(MAX_SHOWN).collect();
        let more = if shown.len() < got.len() { "…" } else { "" };
        Self::Wrong { expected, got: Cow::Owned(format!("{shown:?}{more}")) }
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

/// The length of a peer's text that is shown back to it.
const MAX_SHOWN: usize = 40;

pub(super) const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Float => "float",
        Kind::Text => "string",
        Kind::Binary => "binary string",
        Kind::List => "list",
        Kind::Dict => "dictionary",
    }
}
