//! The common part of the three writers, and `Writer`, which chooses among them at run time.
//!
//! Invariant: a list or dictionary that was closed has the length its header says, even if another one was announced.

use super::cbor::CborWriter;
use super::exact::{Exact, Native};
use super::json::JsonWriter;
use super::msgpack::MsgPackWriter;
use super::{EncodeError, Serializer};

/// An open list or dictionary of an [`Encoder`].
#[derive(Debug)]
pub(crate) struct Level {
    start: usize,
    announced: usize,
    count: usize,
    dict: bool,
}

impl Level {
    /// To be called for every element or entry.
    pub(crate) fn count(&mut self) {
        self.count += 1;
    }
}

/// A first byte and the big-endian number behind it, as the binary serializers have them.
pub(super) fn put<const N: usize>(out: &mut Vec<u8>, first: u8, number: [u8; N]) {
    out.push(first);
    out.extend_from_slice(&number);
}

/// Writes one serializer. The provided methods are for the binary ones, where nothing stands between values.
pub(crate) trait Encoder {
    /// Whether dictionary keys are strings by the grammar, not only by WAMP's rule.
    const TEXT_KEYS: bool;
    fn out(&mut self) -> &mut Vec<u8>;
    fn null(&mut self);
    fn boolean(&mut self, value: bool);
    fn unsigned(&mut self, value: u64);
    fn signed(&mut self, value: i64);
    fn single(&mut self, value: f32) -> Result<(), EncodeError>;
    fn double(&mut self, value: f64) -> Result<(), EncodeError>;
    /// A number that is exactly this one.
    fn exact(&mut self, number: &Exact<'_>) -> Result<(), EncodeError>;
    fn text(&mut self, value: &str);
    /// A time as RFC 3339 has it.
    fn time(&mut self, value: &str) {
        self.text(value);
    }
    fn binary(&mut self, value: &[u8]);
    /// A value that is already encoded.
    fn raw(&mut self, value: &[u8]) {
        self.out().extend_from_slice(value);
    }
    fn key(&mut self, key: &str) {
        self.text(key);
    }
    /// Why `value` cannot be written as text.
    fn check_text(_value: &str) -> Result<(), EncodeError> {
        Ok(())
    }
    /// Why `key` cannot be written.
    fn check_key(_key: &str) -> Result<(), EncodeError> {
        Ok(())
    }
    /// The start of a list or dictionary.
    fn begin(&mut self, dict: bool, len: usize) {
        Self::header(self.out(), dict, len);
    }
    /// The end of a list or dictionary.
    fn end(&mut self, _dict: bool) {}
    /// Appends the header of a list or dictionary, if the serializer has headers that tell a length.
    fn header(out: &mut Vec<u8>, dict: bool, len: usize);

    /// A whole number of 64 bits in its own form, and nothing else: says whether it was one.
    fn narrow(&mut self, number: &Exact<'_>) -> bool {
        match number.native() {
            Some(Native::Signed(value)) => {
                if let Ok(value) = u64::try_from(value) {
                    self.unsigned(value);
                } else if let Ok(value) = i64::try_from(value) {
                    self.signed(value);
                } else {
                    return false;
                }
                true
            }
            _ => false,
        }
    }

    /// Begins a list or dictionary whose length may still turn out to be another one.
    fn open(&mut self, dict: bool, announced: usize) -> Level {
        let start = self.out().len();
        self.begin(dict, announced);
        Level { start, announced, count: 0, dict }
    }

    fn close(&mut self, level: &Level) {
        if level.count != level.announced {
            self.correct(level);
        }
        self.end(level.dict);
    }

    /// Replaces the header of `level` by the right one.
    #[cold]
    fn correct(&mut self, level: &Level) {
        let out = self.out();
        let end = out.len();
        Self::header(out, level.dict, level.announced);
        let wrong = out.len() - end;
        out.truncate(end);
        Self::header(out, level.dict, level.count);
        let right = out.len() - end;
        if wrong == right {
            out.copy_within(end.., level.start);
            out.truncate(end);
        } else if let Some(rest) = out.get_mut(level.start + wrong..) {
            rest.rotate_right(right);
            out.drain(level.start..level.start + wrong);
        }
    }
}

/// Runs `$body` with `$writer` bound to the writer of `$serializer`, one copy of the code for each.
macro_rules! with_writer {
    ($serializer:expr, $out:expr, $writer:ident => $body:expr) => {
        match $serializer {
            $crate::codec::Serializer::Json => {
                let mut $writer = $crate::codec::json::JsonWriter::new($out);
                $body
            }
            $crate::codec::Serializer::MessagePack => {
                let mut $writer = $crate::codec::msgpack::MsgPackWriter::new($out);
                $body
            }
            $crate::codec::Serializer::Cbor => {
                let mut $writer = $crate::codec::cbor::CborWriter::new($out);
                $body
            }
        }
    };
}
pub(crate) use with_writer;

/// Writes values in one serializer, appending to a buffer.
///
/// Lengths are announced when a list or dictionary begins and must be kept. At most [`MAX_DEPTH`](super::MAX_DEPTH)
/// levels may be open.
#[derive(Debug)]
pub struct Writer<'a> {
    inner: Inner<'a>,
    /// One bit for every open level, set for dictionaries; the innermost is the lowest.
    dicts: u64,
}

#[derive(Debug)]
enum Inner<'a> {
    Json(JsonWriter<'a>),
    MessagePack(MsgPackWriter<'a>),
    Cbor(CborWriter<'a>),
}

macro_rules! any {
    ($self:ident, $writer:ident => $body:expr) => {
        match &mut $self.inner {
            Inner::Json($writer) => $body,
            Inner::MessagePack($writer) => $body,
            Inner::Cbor($writer) => $body,
        }
    };
}

impl<'a> Writer<'a> {
    /// A writer that appends to `out`.
    pub fn new(serializer: Serializer, out: &'a mut Vec<u8>) -> Self {
        let inner = match serializer {
            Serializer::Json => Inner::Json(JsonWriter::new(out)),
            Serializer::MessagePack => Inner::MessagePack(MsgPackWriter::new(out)),
            Serializer::Cbor => Inner::Cbor(CborWriter::new(out)),
        };
        Self { inner, dicts: 0 }
    }
    /// Begins a list of exactly `len` values.
    pub fn list(&mut self, len: usize) {
        self.dicts <<= 1;
        any!(self, w => w.begin(false, len));
    }
    /// Begins a dictionary of exactly `len` entries; before each value comes [`key`](Self::key).
    pub fn dict(&mut self, len: usize) {
        self.dicts = self.dicts << 1 | 1;
        any!(self, w => w.begin(true, len));
    }
    /// Ends the innermost list or dictionary.
    pub fn end(&mut self) {
        let dict = self.dicts & 1 == 1;
        self.dicts >>= 1;
        any!(self, w => w.end(dict));
    }
    /// The key of the entry that follows.
    pub fn key(&mut self, key: &str) {
        any!(self, w => w.key(key));
    }
    /// Null.
    pub fn null(&mut self) {
        any!(self, w => w.null());
    }
    /// A boolean.
    pub fn boolean(&mut self, value: bool) {
        any!(self, w => w.boolean(value));
    }
    /// An unsigned integer.
    pub fn unsigned(&mut self, value: u64) {
        any!(self, w => w.unsigned(value));
    }
    /// A signed integer.
    pub fn signed(&mut self, value: i64) {
        any!(self, w => w.signed(value));
    }
    /// Text. In JSON, any WAMP peer takes text that starts with NUL for bytes, so it must not be written there.
    pub fn text(&mut self, value: &str) {
        any!(self, w => w.text(value));
    }
    /// A byte string (in JSON: NUL and base64).
    pub fn binary(&mut self, value: &[u8]) {
        any!(self, w => w.binary(value));
    }
    /// A value that is already encoded in this writer's serializer.
    pub fn raw(&mut self, value: &[u8]) {
        any!(self, w => w.raw(value));
    }
}
