//! The three serializers of WAMP: JSON, MessagePack, CBOR.
//!
//! A message arrives as bytes and most of it is never decoded: [`ListReader`] walks the few elements a message starts
//! with and hands the payload out as raw slices; [`from_slice`] reads a handler's own type straight from such a slice;
//! [`Writer`] and [`to_writer`] go the other way; [`transcode`] carries a payload from one serializer to another.
//!
//! All decoders accept [`MAX_DEPTH`] levels of nesting, or fewer if told so by a [`Nesting`], allocate nothing that a
//! length prefix merely announces, and never panic whatever the bytes are.

mod big;
pub(crate) mod cbor;
mod cursor;
pub(crate) mod de;
mod de_key;
mod exact;
pub(crate) mod json;
#[cfg(feature = "serde_json")]
mod json_value;
mod marks;
pub(crate) mod msgpack;
pub(crate) mod reader;
pub(crate) mod ser;
mod ser_key;
mod transcode;
mod value;
mod walk;
pub(crate) mod writer;

pub(crate) use cursor::is_text;
pub use de::from_slice;
#[cfg(feature = "serde_json")]
pub use json_value::ConversionError;
pub use ser::to_writer;
pub use transcode::transcode;
pub use value::{Dict, Value};
pub use walk::{DictReader, ListReader};
pub use writer::Writer;

use std::borrow::Cow;

/// Levels of nested lists and dictionaries a message may have; the message's own list is the first.
///
/// 64 is far beyond what applications send and keeps the recursion of a typed decoder within a small thread stack.
pub const MAX_DEPTH: usize = 64;

/// The allowed nesting of a peer's messages, up to [`MAX_DEPTH`].
///
/// ```
/// use serverwamp_proto::codec::Nesting;
/// assert_eq!(Nesting::new(16).map(Nesting::levels), Some(16));
/// assert_eq!((Nesting::new(7), Nesting::new(65)), (None, None));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nesting(usize);

impl Nesting {
    /// The fewest levels: a HELLO has five, and what is built on WAMP needs a few of its own.
    pub const LEAST: Self = Self(8);
    /// [`MAX_DEPTH`] levels.
    pub const MOST: Self = Self(MAX_DEPTH);

    /// So many levels, the message's own list among them; `None` for fewer than [`LEAST`](Self::LEAST) or more than
    /// [`MOST`](Self::MOST).
    pub const fn new(levels: usize) -> Option<Self> {
        if levels < Self::LEAST.0 || levels > Self::MOST.0 { None } else { Some(Self(levels)) }
    }

    /// The number of levels.
    pub const fn levels(self) -> usize {
        self.0
    }

    /// The levels that readers take for used when a message begins.
    const fn used(self) -> usize {
        MAX_DEPTH - self.0
    }
}

impl Default for Nesting {
    fn default() -> Self {
        Self::MOST
    }
}

/// The encoding of messages as bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Serializer {
    /// JSON (RFC 8259) with WAMP's rule for binary strings: NUL, then base64.
    Json,
    /// MessagePack, version 5 (`str` and `bin` kept apart).
    MessagePack,
    /// CBOR (RFC 8949).
    Cbor,
}

/// Why bytes could not be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason} at byte {offset}")]
pub struct DecodeError {
    /// The fault, in words that the peer may read.
    pub reason: Cow<'static, str>,
    /// Its offset from the start of the slice that was read.
    pub offset: usize,
}

impl DecodeError {
    /// Returns whether the input may have been fine, had it not been cut off at `end`.
    pub(crate) fn is_at_cut(&self, end: usize) -> bool {
        // The longest of what is read in one piece, such as `false`, is shorter.
        const PIECE: usize = 16;
        self.is_cut_short() || self.offset + PIECE > end
    }

    /// Returns whether the input ended too early.
    pub(crate) fn is_cut_short(&self) -> bool {
        [reader::CUT_SHORT, reader::TOO_LONG].contains(&&*self.reason)
    }
}

/// Why a value could not be written, such as a NaN in JSON.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct EncodeError {
    /// The fault.
    pub reason: Cow<'static, str>,
}

impl EncodeError {
    #[cold]
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self { reason: reason.into() }
    }
}

/// The kind of a value, determined without decoding it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `null`, `nil`, also CBOR's `undefined`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// Any whole number, of any width, also beyond 64 bits. A float with an integral value is a `Float`.
    Integer,
    /// Any other number: a float; in CBOR also a decimal fraction or a bigfloat.
    Float,
    /// A text string.
    Text,
    /// A byte string; in JSON a string that starts with NUL.
    Binary,
    /// A list.
    List,
    /// A dictionary.
    Dict,
}

#[cfg(test)]
mod tests;
