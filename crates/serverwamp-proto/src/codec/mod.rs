//! The three serializers of WAMP: JSON, MessagePack, CBOR.
//!
//! A message arrives as bytes and most of it is never decoded: [`ListReader`] walks the few elements a message starts
//! with and hands the payload out as raw slices; [`from_slice`] reads a handler's own type straight from such a slice;
//! [`Writer`] and [`to_writer`] go the other way; [`transcode`] carries a payload from one serializer to another.
//!
//! All decoders accept [`MAX_DEPTH`] levels of nesting, allocate nothing that a length prefix merely announces, and
//! never panic whatever the bytes are.

use std::borrow::Cow;

/// Levels of nested lists and dictionaries a message may have; the message's own list is the first.
///
/// 64 is far beyond what applications send and keeps the recursion of a typed decoder within a small thread stack.
pub const MAX_DEPTH: usize = 64;

/// How messages are turned into bytes.
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
    /// What is wrong, in words a peer may see.
    pub reason: Cow<'static, str>,
    /// Where, counted from the start of the slice that was read.
    pub offset: usize,
}

/// Why a value could not be written, such as a NaN in JSON.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}")]
pub struct EncodeError {
    /// What is wrong.
    pub reason: Cow<'static, str>,
}

/// What an element of a list is, seen without decoding it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// `null`, `nil`, also CBOR's `undefined`.
    Null,
    /// `true` or `false`.
    Boolean,
    /// Any whole number, of any width. A float with an integral value is a `Float`.
    Integer,
    /// A floating-point number.
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

/// Walks the elements of one encoded list, most of them without decoding.
#[derive(Debug)]
pub struct ListReader<'a> {
    _todo: &'a [u8],
}

impl<'a> ListReader<'a> {
    /// Starts to read `bytes`, which must hold a list.
    ///
    /// # Errors
    /// When `bytes` does not start with a list.
    pub fn open(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let _ = (serializer, bytes);
        unimplemented!()
    }
    /// The kind of the next element, or `None` at the end of the list.
    pub fn peek(&mut self) -> Result<Option<Kind>, DecodeError> {
        unimplemented!()
    }
    /// The next element as an unsigned integer. Errors: not an integer, negative, or past 2^64, or at the list's end.
    pub fn unsigned(&mut self) -> Result<u64, DecodeError> {
        unimplemented!()
    }
    /// The next element as text; borrowed unless an escape or a chunked string forces a copy.
    pub fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        unimplemented!()
    }
    /// The next element as a boolean.
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        unimplemented!()
    }
    /// The next element as a byte string.
    pub fn binary(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        unimplemented!()
    }
    /// The next element, whatever it is: checked to be well formed (depth, UTF-8, keys that are strings), and handed
    /// out as it stands in the bytes.
    pub fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        unimplemented!()
    }
    /// Ends the list: no further element, and nothing behind the list.
    pub fn finish(self) -> Result<(), DecodeError> {
        unimplemented!()
    }
}

/// Walks the entries of one encoded dictionary.
#[derive(Debug)]
pub struct DictReader<'a> {
    _todo: &'a [u8],
}

impl<'a> DictReader<'a> {
    /// Starts to read `bytes`, which must hold a dictionary.
    pub fn open(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let _ = (serializer, bytes);
        unimplemented!()
    }
    /// The next key, or `None` at the end (where nothing may trail). After a key exactly one of the value methods must be called.
    pub fn key(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        unimplemented!()
    }
    /// The kind of the value behind the key just read.
    pub fn peek(&mut self) -> Result<Kind, DecodeError> {
        unimplemented!()
    }
    /// The value as an unsigned integer.
    pub fn unsigned(&mut self) -> Result<u64, DecodeError> {
        unimplemented!()
    }
    /// The value as text.
    pub fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        unimplemented!()
    }
    /// The value as a boolean; an integer is not a boolean.
    pub fn boolean(&mut self) -> Result<bool, DecodeError> {
        unimplemented!()
    }
    /// The value as it stands in the bytes, checked to be well formed.
    pub fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        unimplemented!()
    }
}

/// Writes values in one serializer, appending to a buffer.
///
/// Lengths are announced when a list or dictionary begins and must be kept.
#[derive(Debug)]
pub struct Writer<'a> {
    _out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub fn new(serializer: Serializer, out: &'a mut Vec<u8>) -> Self {
        let _ = serializer;
        Self { _out: out }
    }
    /// Begins a list of exactly `len` values.
    pub fn list(&mut self, len: usize) {
        let _ = len;
        unimplemented!()
    }
    /// Begins a dictionary of exactly `len` entries; before each value comes [`key`](Self::key).
    pub fn dict(&mut self, len: usize) {
        let _ = len;
        unimplemented!()
    }
    /// Ends the innermost list or dictionary.
    pub fn end(&mut self) {
        unimplemented!()
    }
    /// The key of the entry that follows.
    pub fn key(&mut self, key: &str) {
        let _ = key;
        unimplemented!()
    }
    /// Null.
    pub fn null(&mut self) {
        unimplemented!()
    }
    /// A boolean.
    pub fn boolean(&mut self, value: bool) {
        let _ = value;
        unimplemented!()
    }
    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) {
        let _ = value;
        unimplemented!()
    }
    /// A signed integer.
    pub fn signed(&mut self, value: i64) {
        let _ = value;
        unimplemented!()
    }
    /// Text.
    pub fn text(&mut self, value: &str) {
        let _ = value;
        unimplemented!()
    }
    /// A byte string (in JSON: NUL and base64).
    pub fn binary(&mut self, value: &[u8]) {
        let _ = value;
        unimplemented!()
    }
    /// A value that is already encoded in this writer's serializer.
    pub fn raw(&mut self, value: &[u8]) {
        let _ = value;
        unimplemented!()
    }
}

/// Reads one value of a Rust type from `bytes`; nothing may trail.
pub fn from_slice<'de, T: serde::Deserialize<'de>>(serializer: Serializer, bytes: &'de [u8]) -> Result<T, DecodeError> {
    let _ = (serializer, bytes);
    unimplemented!()
}

/// Writes one value of a Rust type at the end of `out`.
pub fn to_writer<T: serde::Serialize + ?Sized>(serializer: Serializer, value: &T, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let _ = (serializer, value, out);
    unimplemented!()
}

/// Carries one encoded value from one serializer to another, appending to `out`.
pub fn transcode(from: Serializer, bytes: &[u8], to: Serializer, out: &mut Vec<u8>) -> Result<(), EncodeError> {
    let _ = (from, bytes, to, out);
    unimplemented!()
}
