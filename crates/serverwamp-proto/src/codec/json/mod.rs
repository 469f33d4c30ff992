//! JSON (RFC 8259), strictly, with WAMP's rule that a string that starts with NUL is base64 of bytes.

pub(super) mod base64;
mod digits;
mod leave;
mod number;
mod reader;
mod scan;
mod string;
mod writer;

pub(crate) use digits::{push_whole, push_whole_before_comma, short_whole};
pub(crate) use reader::JsonReader;
pub(crate) use scan::{leading_digits, plain_ascii_until, up_to_eight_digits, word_at};
pub(crate) use writer::JsonWriter;
