//! The arithmetic of the opening handshake (RFC 6455, section 4).
//!
//! Invariant: pure functions of header values; which headers are required is the HTTP side's business.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

/// The suffix that the RFC appends to a client's key before hashing.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept` that answers this `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(KEY_SUFFIX).finalize())
}

/// Returns whether a `Sec-WebSocket-Key` is what the RFC demands: 16 bytes in base64.
pub fn is_valid_key(key: &str) -> bool {
    // 16 bytes are 24 characters; the length goes first so that nobody's long header is decoded.
    key.len() == 24 && STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16)
}

/// The elements of a comma-separated header value, in order, without the white space around them.
pub fn parse_list(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(|element| element.trim_matches([' ', '\t'])).filter(|element| !element.is_empty())
}

/// Returns whether a comma-separated header value such as `Connection` has this element, in any case.
pub fn has_token(value: &str, token: &str) -> bool {
    parse_list(value).any(|element| element.eq_ignore_ascii_case(token))
}
