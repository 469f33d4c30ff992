//! Close codes: which ones may travel, and the failure that ends a connection with one of them.
//!
//! Invariant: a [`Failure`] carries a code that may be sent in a Close frame.

use std::borrow::Cow;

use bytes::Bytes;

use super::Event;

/// A peer broke a rule of WebSocket: the connection has to end with this close code.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} (close code {code})")]
pub struct Failure {
    /// The close code to send: 1002, 1007 or 1009.
    pub code: u16,
    /// The fault, in words that the peer may read.
    pub reason: Cow<'static, str>,
}

impl Failure {
    /// 1002: the framing is wrong.
    pub(super) const fn protocol(reason: &'static str) -> Self {
        Self { code: 1002, reason: Cow::Borrowed(reason) }
    }

    /// 1007: the content of a message is not what its type says.
    pub(super) const fn content(reason: &'static str) -> Self {
        Self { code: 1007, reason: Cow::Borrowed(reason) }
    }

    /// 1009: the message has so many bytes, or more, and may have `limit`.
    pub(super) fn too_many(bytes: u64, limit: usize) -> Self {
        Self { code: 1009, reason: format!("message of {bytes} bytes exceeds the limit of {limit}").into() }
    }

    /// 1009: the message is longer than `limit` bytes; how long nobody knows before all of it is decompressed.
    pub(super) fn too_big(limit: usize) -> Self {
        Self { code: 1009, reason: format!("message is longer than {limit} bytes").into() }
    }
}

/// Returns whether `code` may stand in a Close frame (RFC 6455, section 7.4; 1012 to 1014 are registered since).
pub const fn is_sendable_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

/// Reads the payload of a Close frame.
pub(super) fn parse(payload: &Bytes) -> Result<Event, Failure> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return match payload.len() {
            0 => Ok(Event::Close { code: None, reason: String::new() }),
            _ => Err(Failure::protocol("close frame with half a close code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !is_sendable_code(code) {
        return Err(Failure::protocol("close frame with a close code that must not be sent"));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Event::Close { code: Some(code), reason: reason.to_owned() }),
        Err(_) => Err(Failure::content("close reason is not UTF-8")),
    }
}
