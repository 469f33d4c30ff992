//! The common part of the three pull readers: one token at a time, and values are built on request only.
//!
//! Invariant: every reader counts its own depth and refuses level 65, so whatever recurses over tokens is bounded.

use super::cbor::CborReader;
use super::exact::Exact;
use super::json::JsonReader;
use super::msgpack::MsgPackReader;
use super::{DecodeError, Kind, MAX_DEPTH, Serializer};
use std::borrow::Cow;

pub(crate) const TOO_DEEP: &str = "nested too deeply";
pub(crate) const CUT_SHORT: &str = "unexpected end of input";
pub(crate) const TRAILING: &str = "trailing bytes";
pub(crate) const BAD_UTF8: &str = "text is not valid UTF-8";
pub(crate) const KEY_NOT_TEXT: &str = "dictionary keys must be strings";
pub(crate) const KEY_NOT_SCALAR: &str = "dictionary keys must not be lists or dictionaries";
pub(crate) const TOO_LONG: &str = "announced length exceeds the input";
const NOT_IN_JSON: &str = "a string that starts with NUL cannot be represented in JSON";

/// An open list or dictionary. The reader that made it decides what the fields mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// Elements (or entries) still to come where the format announces a number; never more than the bytes at hand.
    pub(crate) left: usize,
    /// JSON: nothing was read from it yet. CBOR: ends at a break instead of after a number of elements.
    pub(crate) open: bool,
    /// A dictionary rather than a list.
    pub(crate) dict: bool,
}

/// One step of a reader: a scalar with its value, or the start of a list or dictionary.
#[derive(Debug)]
pub(crate) enum Token<'a> {
    Null,
    Boolean(bool),
    Unsigned(u64),
    /// Negative.
    Signed(i64),
    /// A number that neither of these holds, and that may not become a float unasked.
    Exact(Box<Exact<'a>>),
    Float(f64),
    Text(Cow<'a, str>),
    /// A time, as RFC 3339 has it; MessagePack only.
    Time(String),
    Binary(Cow<'a, [u8]>),
    List(Frame),
    Dict(Frame),
    /// A type only this serializer has, such as a MessagePack extension: can be forwarded, cannot be understood.
    Extension,
    /// A value only this serializer can say, and why: can be forwarded, cannot be understood.
    Opaque(&'static str),
}

impl Token<'_> {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Unsigned(_) | Self::Signed(_) => "an integer",
            Self::Exact(number) if number.is_whole() => "an integer of more than 64 bits",
            Self::Exact(_) | Self::Float(_) => "a float",
            Self::Text(_) => "a string",
            Self::Binary(_) => "a byte string",
            Self::List(_) => "a list",
            Self::Dict(_) => "a dictionary",
            Self::Time(_) | Self::Extension => "an extension type",
            Self::Opaque(reason) => reason,
        }
    }
}

/// The result of [`Reader::pass`].
#[derive(Debug)]
pub(crate) enum Passed {
    Scalar,
    Within(Frame),
}

/// A pull reader of one serializer. The provided methods are for the binary ones, whose keys are values like others.
///
/// After a `List` or `Dict` token, call `more` before every element (and once at the end, where it says `false`); in a
/// dictionary one of the `key` methods, then the value.
pub(crate) trait Reader<'a>: Sized {
    fn new(bytes: &'a [u8]) -> Result<Self, DecodeError>;
    fn offset(&self) -> usize;
    /// Goes to byte `at`, which is known to lie behind an element of the outermost list.
    fn resume(&mut self, at: usize);
    /// Takes so many levels for used.
    fn descended(&mut self, levels: usize);
    /// The offset of the next value.
    fn start(&mut self) -> usize {
        self.offset()
    }
    /// The bytes from `from` to the current position.
    fn since(&self, from: usize) -> &'a [u8];
    fn token(&mut self) -> Result<Token<'a>, DecodeError>;
    /// As `token`, checked as strictly, but builds nothing.
    fn pass(&mut self) -> Result<Passed, DecodeError>;
    /// Passes what is left of a list or dictionary, without recursion.
    fn leave(&mut self, frame: Frame) -> Result<(), DecodeError>;
    fn peek(&mut self) -> Result<Kind, DecodeError>;
    /// Consumes the next value if it is null.
    fn take_null(&mut self) -> Result<bool, DecodeError>;
    fn more(&mut self, frame: &mut Frame) -> Result<bool, DecodeError>;
    /// Checks that nothing trails.
    fn finish(&mut self) -> Result<(), DecodeError>;

    /// Begins the next value, if it is a list that one look shows to be one; otherwise no value is consumed, or an error is.
    #[inline]
    fn plain_list(&mut self) -> Option<Frame> {
        match self.token() {
            Ok(Token::List(frame)) => Some(frame),
            _ => None,
        }
    }

    /// The next value, if it is a whole number that one look shows to be one; otherwise no value is consumed.
    #[inline]
    fn plain_unsigned(&mut self) -> Option<u64> {
        None
    }

    /// The next key of a dictionary, which must be text.
    fn key(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let from = self.offset();
        match self.token()? {
            Token::Text(key) => Ok(key),
            _ => fail(KEY_NOT_TEXT, from),
        }
    }

    /// The next key of a dictionary, any scalar.
    fn key_token(&mut self) -> Result<Token<'a>, DecodeError> {
        let from = self.offset();
        match self.token()? {
            Token::List(_) | Token::Dict(_) => fail(KEY_NOT_SCALAR, from),
            scalar => Ok(scalar),
        }
    }

    /// Passes the next key of a dictionary, any scalar.
    #[inline]
    fn pass_key(&mut self) -> Result<(), DecodeError> {
        let from = self.offset();
        match self.pass()? {
            Passed::Scalar => Ok(()),
            Passed::Within(_) => fail(KEY_NOT_SCALAR, from),
        }
    }

    /// Passes one whole value.
    #[inline]
    fn skip(&mut self) -> Result<(), DecodeError> {
        match self.pass()? {
            Passed::Scalar => Ok(()),
            Passed::Within(frame) => self.leave(frame),
        }
    }

    /// One whole value as it stands in the bytes.
    fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        let from = self.start();
        self.skip()?;
        Ok(self.since(from))
    }

    fn fail<T>(&self, reason: impl Into<Cow<'static, str>>) -> Result<T, DecodeError> {
        fail(reason, self.offset())
    }
}

#[cold]
pub(crate) fn fail<T>(reason: impl Into<Cow<'static, str>>, offset: usize) -> Result<T, DecodeError> {
    Err(DecodeError { reason: reason.into(), offset })
}

/// Goes one level down, unless that is one too many.
pub(crate) fn descend(depth: &mut usize, offset: usize) -> Result<(), DecodeError> {
    if *depth >= MAX_DEPTH {
        return fail(TOO_DEEP, offset);
    }
    *depth += 1;
    Ok(())
}

/// Runs `$body` with `$reader` naming the reader of `$serializer`, one copy of the code for each.
macro_rules! with_reader {
    ($serializer:expr, $reader:ident => $body:expr) => {
        match $serializer {
            $crate::codec::Serializer::Json => {
                type $reader<'a> = $crate::codec::json::JsonReader<'a>;
                $body
            }
            $crate::codec::Serializer::MessagePack => {
                type $reader<'a> = $crate::codec::msgpack::MsgPackReader<'a>;
                $body
            }
            $crate::codec::Serializer::Cbor => {
                type $reader<'a> = $crate::codec::cbor::CborReader<'a>;
                $body
            }
        }
    };
}
pub(crate) use with_reader;

/// The input of a reader that sees only a part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hidden<'a> {
    Text(&'a str),
    Bytes(&'a [u8]),
}

/// A reader of any of the three, chosen at run time: for the walkers, which are not worth three copies of their code.
///
/// It takes no half of a surrogate pair but in [arguments](Self::raw_argument): what it reads is WAMP's own.
#[derive(Clone, Debug)]
pub(crate) enum AnyReader<'a> {
    Json(JsonReader<'a>),
    MessagePack(MsgPackReader<'a>),
    Cbor(CborReader<'a>),
}

macro_rules! any {
    ($self:expr, $reader:ident => $body:expr) => {
        match $self {
            AnyReader::Json($reader) => $body,
            AnyReader::MessagePack($reader) => $body,
            AnyReader::Cbor($reader) => $body,
        }
    };
}

impl<'a> AnyReader<'a> {
    pub(crate) fn open(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match serializer {
            Serializer::Json => {
                let mut reader = JsonReader::new(bytes)?;
                reader.allow_halves(false);
                Self::Json(reader)
            }
            Serializer::MessagePack => Self::MessagePack(Reader::new(bytes)?),
            Serializer::Cbor => Self::Cbor(Reader::new(bytes)?),
        })
    }
    /// A reader that stands at byte `at`, one level deep.
    pub(crate) fn resume(serializer: Serializer, bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut reader = Self::open(serializer, bytes).ok()?;
        any!(&mut reader, r => r.resume(at));
        Some(reader)
    }
    /// Takes so many levels for used.
    pub(crate) fn descended(&mut self, levels: usize) {
        any!(self, r => r.descended(levels));
    }
    pub(crate) fn offset(&self) -> usize {
        any!(self, r => r.offset())
    }
    /// Hides all but the next `most` bytes, unless there are no more; they end as if the input did.
    pub(crate) fn narrow(&mut self, most: usize) -> Option<Hidden<'a>> {
        match self {
            Self::Json(reader) => reader.narrow(most).map(Hidden::Text),
            Self::MessagePack(reader) => reader.at.narrow(most).map(Hidden::Bytes),
            Self::Cbor(reader) => reader.at.narrow(most).map(Hidden::Bytes),
        }
    }
    /// Shows again what was hidden.
    pub(crate) fn widen(&mut self, hidden: Option<Hidden<'a>>) {
        match (self, hidden) {
            (Self::Json(reader), Some(Hidden::Text(whole))) => reader.widen(whole),
            (Self::MessagePack(reader), Some(Hidden::Bytes(whole))) => reader.at.widen(whole),
            (Self::Cbor(reader), Some(Hidden::Bytes(whole))) => reader.at.widen(whole),
            _ => {}
        }
    }
    pub(crate) fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        any!(self, r => r.token())
    }
    pub(crate) fn peek(&mut self) -> Result<Kind, DecodeError> {
        any!(self, r => r.peek())
    }
    #[inline]
    pub(crate) fn more(&mut self, frame: &mut Frame) -> Result<bool, DecodeError> {
        any!(self, r => r.more(frame))
    }
    /// A key in a dictionary of WAMP's own, as [`text`](Self::text) there.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let at = self.offset();
        match any!(self, r => r.key())? {
            key if key.as_bytes().first() == Some(&0) => fail(NOT_IN_JSON, at),
            key => Ok(key),
        }
    }
    pub(crate) fn raw(&mut self) -> Result<&'a [u8], DecodeError> {
        any!(self, r => r.raw())
    }
    /// Passes what is left of a list or dictionary.
    pub(crate) fn leave(&mut self, frame: Frame) -> Result<(), DecodeError> {
        any!(self, r => r.leave(frame))
    }
    /// The offset of the next value.
    pub(crate) fn start(&mut self) -> usize {
        any!(self, r => r.start())
    }
    /// The bytes from `from` to the current position.
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        any!(self, r => r.since(from))
    }
    /// As [`raw`](Self::raw), of what applications say to each other.
    pub(crate) fn raw_argument(&mut self) -> Result<&'a [u8], DecodeError> {
        self.allow_halves(true);
        let raw = self.raw();
        self.allow_halves(false);
        raw
    }
    fn allow_halves(&mut self, allowed: bool) {
        if let Self::Json(reader) = self {
            reader.allow_halves(allowed);
        }
    }
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        any!(self, r => r.finish())
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, DecodeError> {
        let at = self.offset();
        match self.token()? {
            Token::Unsigned(value) => Ok(value),
            Token::Signed(_) => fail("expected an unsigned integer, got a negative one", at),
            other => mismatch("an integer", &other, at),
        }
    }
    /// Text in a place of WAMP's own: a URI, an option. It may go to other peers by way of JSON, where what starts with NUL
    /// is bytes and would be refused here (checklist SER-10); so it is refused in every serializer.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        if let Some(text) = self.plain_text() {
            return Ok(Cow::Borrowed(text));
        }
        let at = self.offset();
        match self.token()? {
            Token::Text(value) if value.as_bytes().first() == Some(&0) => fail(NOT_IN_JSON, at),
            Token::Text(value) => Ok(value),
            other => mismatch("a string", &other, at),
        }
    }
    /// The next value, if it is text in its plainest form, as nearly all is; otherwise nothing is consumed.
    #[inline]
    fn plain_text(&mut self) -> Option<&'a str> {
        match self {
            Self::Json(reader) => reader.plain_string(),
            Self::MessagePack(reader) => reader.at.short_text(0xa0..=0xbf, 0xd9),
            Self::Cbor(reader) => reader.at.short_text(0x60..=0x77, 0x78),
        }
    }
    pub(crate) fn boolean(&mut self) -> Result<bool, DecodeError> {
        let at = self.offset();
        match self.token()? {
            Token::Boolean(value) => Ok(value),
            other => mismatch("a boolean", &other, at),
        }
    }
    pub(crate) fn binary(&mut self) -> Result<Cow<'a, [u8]>, DecodeError> {
        let at = self.offset();
        match self.token()? {
            Token::Binary(value) => Ok(value),
            other => mismatch("a byte string", &other, at),
        }
    }
}

#[cold]
fn mismatch<T>(expected: &str, got: &Token<'_>, at: usize) -> Result<T, DecodeError> {
    fail(format!("expected {expected}, got {}", got.name()), at)
}
