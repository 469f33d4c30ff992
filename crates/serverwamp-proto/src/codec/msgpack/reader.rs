//! Reads MessagePack token by token.
//!
//! Invariant: a marker is looked at once and everything it announces is checked against the bytes at hand.

use crate::codec::cursor::Cursor;
use crate::codec::reader::{Frame, Passed, Reader, TRAILING, Token, descend, fail};
use crate::codec::{DecodeError, Kind};
use crate::timestamp::rfc3339;
use std::borrow::Cow;

const EXTENSION: &str = "extension types cannot be read";
/// `undefined` as the MessagePack library of many JavaScript clients writes it: an extension of type 0 with a zero.
///
/// It means what CBOR's own `undefined` means: nothing.
const UNDEFINED: &[u8] = &[0xd4, 0, 0];
/// The type of the one extension that MessagePack itself defines, -1.
const TIMESTAMP: u8 = 0xff;
const NO_TIME: &str = "a MessagePack timestamp that is no time of the years 0 to 9999";
const NEVER_USED: &str = "0xc1 is not a MessagePack type";

#[derive(Clone, Debug)]
pub(crate) struct MsgPackReader<'a> {
    pub(crate) at: Cursor<'a>,
    pub(super) depth: usize,
}

impl<'a> MsgPackReader<'a> {
    fn list(&mut self, count: u64) -> Result<Frame, DecodeError> {
        descend(&mut self.depth, self.at.offset())?;
        Ok(Frame { left: self.at.elements(count, 1)?, open: false, dict: false })
    }
    fn dict(&mut self, count: u64) -> Result<Frame, DecodeError> {
        descend(&mut self.depth, self.at.offset())?;
        Ok(Frame { left: self.at.elements(count, 2)?, open: false, dict: true })
    }
    fn text(&mut self, len: u64) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Text(Cow::Borrowed(self.at.text(len)?)))
    }
    fn binary(&mut self, len: u64) -> Result<Token<'a>, DecodeError> {
        Ok(Token::Binary(Cow::Borrowed(self.at.take(len)?)))
    }
    /// Returns whether what follows the marker of the shortest extension makes it JavaScript's `undefined`.
    fn is_undefined(&self) -> bool {
        self.at.starts_with(UNDEFINED.get(1..).unwrap_or_default())
    }
    /// An extension of `len` bytes and the byte that tells its type.
    fn extension(&mut self, len: u64) -> Result<Token<'a>, DecodeError> {
        Ok(match self.at.take(len.saturating_add(1))? {
            [TIMESTAMP, time @ ..] => timestamp(time).map_or(Token::Opaque(NO_TIME), Token::Time),
            _ => Token::Extension,
        })
    }
    fn u8(&mut self) -> Result<u64, DecodeError> {
        self.at.byte().map(u64::from)
    }
    fn u16(&mut self) -> Result<u64, DecodeError> {
        self.at.array().map(u16::from_be_bytes).map(u64::from)
    }
    fn u32(&mut self) -> Result<u64, DecodeError> {
        self.at.array().map(u32::from_be_bytes).map(u64::from)
    }
    fn u64(&mut self) -> Result<u64, DecodeError> {
        self.at.array().map(u64::from_be_bytes)
    }
}

/// The text of a timestamp, in one of its three forms: 32 bits of seconds; 30 of nanoseconds and 34 of seconds; 32 of
/// nanoseconds and 64 of seconds.
fn timestamp(bytes: &[u8]) -> Option<String> {
    let number = bytes.iter().fold(0u128, |number, byte| number << 8 | u128::from(*byte));
    let part = |shift: u32, bits: u32| (number >> shift) & ((1 << bits) - 1);
    let (seconds, nanos) = match bytes.len() {
        4 => (part(0, 32), 0),
        8 => (part(0, 34), part(34, 30)),
        12 => (part(0, 64), part(64, 32)),
        _ => return None,
    };
    rfc3339(u64::try_from(seconds).ok()?.cast_signed(), u32::try_from(nanos).ok()?)
}

/// Whole numbers have one token per sign, whatever their width on the wire.
fn signed<'a>(value: i64) -> Token<'a> {
    u64::try_from(value).map_or(Token::Signed(value), Token::Unsigned)
}

impl<'a> Reader<'a> for MsgPackReader<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(Self { at: Cursor::new(bytes), depth: 0 })
    }
    fn offset(&self) -> usize {
        self.at.offset()
    }
    fn resume(&mut self, at: usize) {
        self.at.bump(at);
        self.depth = 1;
    }
    fn descended(&mut self, levels: usize) {
        self.depth += levels;
    }
    fn since(&self, from: usize) -> &'a [u8] {
        self.at.since(from)
    }

    fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        let from = self.at.offset();
        let marker = self.at.byte()?;
        Ok(match marker {
            0x00..=0x7f => Token::Unsigned(u64::from(marker)),
            0x80..=0x8f => Token::Dict(self.dict(u64::from(marker & 0x0f))?),
            0x90..=0x9f => Token::List(self.list(u64::from(marker & 0x0f))?),
            0xa0..=0xbf => self.text(u64::from(marker & 0x1f))?,
            0xc0 => Token::Null,
            0xc1 => return fail(NEVER_USED, from),
            0xc2 => Token::Boolean(false),
            0xc3 => Token::Boolean(true),
            0xc4 => self.u8().and_then(|len| self.binary(len))?,
            0xc5 => self.u16().and_then(|len| self.binary(len))?,
            0xc6 => self.u32().and_then(|len| self.binary(len))?,
            0xc7 => self.u8().and_then(|len| self.extension(len))?,
            0xc8 => self.u16().and_then(|len| self.extension(len))?,
            0xc9 => self.u32().and_then(|len| self.extension(len))?,
            0xca => Token::Float(f64::from(f32::from_be_bytes(self.at.array()?))),
            0xcb => Token::Float(f64::from_be_bytes(self.at.array()?)),
            0xcc => Token::Unsigned(self.u8()?),
            0xcd => Token::Unsigned(self.u16()?),
            0xce => Token::Unsigned(self.u32()?),
            0xcf => Token::Unsigned(self.u64()?),
            0xd0 => signed(i64::from(i8::from_be_bytes(self.at.array()?))),
            0xd1 => signed(i64::from(i16::from_be_bytes(self.at.array()?))),
            0xd2 => signed(i64::from(i32::from_be_bytes(self.at.array()?))),
            0xd3 => signed(i64::from_be_bytes(self.at.array()?)),
            0xd4 if self.is_undefined() => {
                self.at.bump(2);
                Token::Null
            }
            0xd4 => self.extension(1)?,
            0xd5 => self.extension(2)?,
            0xd6 => self.extension(4)?,
            0xd7 => self.extension(8)?,
            0xd8 => self.extension(16)?,
            0xd9 => self.u8().and_then(|len| self.text(len))?,
            0xda => self.u16().and_then(|len| self.text(len))?,
            0xdb => self.u32().and_then(|len| self.text(len))?,
            0xdc => Token::List(self.u16().and_then(|len| self.list(len))?),
            0xdd => Token::List(self.u32().and_then(|len| self.list(len))?),
            0xde => Token::Dict(self.u16().and_then(|len| self.dict(len))?),
            0xdf => Token::Dict(self.u32().and_then(|len| self.dict(len))?),
            0xe0..=0xff => Token::Signed(i64::from(marker.cast_signed())),
        })
    }

    #[inline]
    fn plain_list(&mut self) -> Option<Frame> {
        let count = self.at.rest().first().filter(|marker| (0x90..=0x9f).contains(*marker))? & 0x0f;
        self.at.bump(1);
        self.list(u64::from(count)).ok()
    }

    #[inline]
    fn plain_unsigned(&mut self) -> Option<u64> {
        self.at.short_unsigned(0x7f, 0xcc)
    }

    #[inline]
    fn pass(&mut self) -> Result<Passed, DecodeError> {
        let from = self.at.offset();
        let marker = self.at.byte()?;
        let (text, len) = match marker {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => return Ok(Passed::Scalar),
            0x80..=0x8f => return self.dict(u64::from(marker & 0x0f)).map(Passed::Within),
            0x90..=0x9f => return self.list(u64::from(marker & 0x0f)).map(Passed::Within),
            0xa0..=0xbf => (true, u64::from(marker & 0x1f)),
            0xc1 => return fail(NEVER_USED, from),
            0xc4 => (false, self.u8()?),
            0xc5 => (false, self.u16()?),
            0xc6 => (false, self.u32()?),
            // An extension has a byte for its type besides those it announces.
            0xc7 => (false, self.u8()? + 1),
            0xc8 => (false, self.u16()? + 1),
            0xc9 => (false, self.u32()? + 1),
            0xca | 0xce | 0xd2 => return self.at.array::<4>().map(|_| Passed::Scalar),
            0xcb | 0xcf | 0xd3 => return self.at.array::<8>().map(|_| Passed::Scalar),
            0xcc | 0xd0 => return self.at.array::<1>().map(|_| Passed::Scalar),
            0xcd | 0xd1 => return self.at.array::<2>().map(|_| Passed::Scalar),
            0xd4..=0xd8 => (false, (1 << (marker - 0xd4)) + 1),
            0xd9 => (true, self.u8()?),
            0xda => (true, self.u16()?),
            0xdb => (true, self.u32()?),
            0xdc => return self.u16().and_then(|len| self.list(len)).map(Passed::Within),
            0xdd => return self.u32().and_then(|len| self.list(len)).map(Passed::Within),
            0xde => return self.u16().and_then(|len| self.dict(len)).map(Passed::Within),
            0xdf => return self.u32().and_then(|len| self.dict(len)).map(Passed::Within),
        };
        if text {
            self.at.pass_text(len)?
        } else {
            self.at.take(len).map(drop)?
        }
        Ok(Passed::Scalar)
    }

    #[inline]
    fn leave(&mut self, frame: Frame) -> Result<(), DecodeError> {
        self.leave_frame(frame)
    }

    fn peek(&mut self) -> Result<Kind, DecodeError> {
        Ok(match self.at.peek()? {
            0x00..=0x7f | 0xcc..=0xd3 | 0xe0..=0xff => Kind::Integer,
            0x80..=0x8f | 0xde | 0xdf => Kind::Dict,
            0x90..=0x9f | 0xdc | 0xdd => Kind::List,
            0xa0..=0xbf | 0xd9..=0xdb => Kind::Text,
            0xc0 => Kind::Null,
            0xd4 if self.at.starts_with(UNDEFINED) => Kind::Null,
            0xc2 | 0xc3 => Kind::Boolean,
            0xc4..=0xc6 => Kind::Binary,
            0xca | 0xcb => Kind::Float,
            0xc7..=0xc9 | 0xd4..=0xd8 => return self.fail(EXTENSION),
            0xc1 => return self.fail(NEVER_USED),
        })
    }

    fn take_null(&mut self) -> Result<bool, DecodeError> {
        let length = match self.at.peek()? {
            0xc0 => 1,
            _ if self.at.starts_with(UNDEFINED) => UNDEFINED.len(),
            _ => 0,
        };
        self.at.bump(length);
        Ok(length > 0)
    }

    #[inline]
    fn more(&mut self, frame: &mut Frame) -> Result<bool, DecodeError> {
        if frame.left == 0 {
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        frame.left -= 1;
        Ok(true)
    }

    #[inline]
    fn finish(&mut self) -> Result<(), DecodeError> {
        if self.at.is_empty() { Ok(()) } else { self.fail(TRAILING) }
    }
}
