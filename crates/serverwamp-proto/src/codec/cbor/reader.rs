//! Reads CBOR token by token.
//!
//! Invariant: every initial byte goes through `head`, which refuses what RFC 8949 calls not well formed.

use crate::codec::cursor::Cursor;
use crate::codec::exact::{Exact, Magnitude, Native, Scale};
use crate::codec::reader::{Frame, Passed, Reader, TOO_DEEP, TRAILING, Token, descend, fail};
use crate::codec::{DecodeError, Kind, MAX_DEPTH};
use std::borrow::Cow;

const MALFORMED: &str = "not a CBOR item";
const STRAY_BREAK: &str = "a break without an open list, dictionary or string";
const BAD_CHUNK: &str = "a chunked string must consist of chunks of its own type";
const UNASSIGNED: &str = "unassigned simple values cannot be read";
const NO_NUMBER: &str = "a CBOR tag marks this as a number, but it is not one";
pub(super) const BREAK: u8 = 0xff;
/// The room for the chunks of a string, so that short ones are allocated once.
const ROOM: usize = 32;

#[derive(Clone, Debug)]
pub(crate) struct CborReader<'a> {
    pub(crate) at: Cursor<'a>,
    pub(super) depth: usize,
}

/// An initial byte taken apart, with the number that belongs to it.
struct Head {
    major: u8,
    /// The low five bits.
    info: u8,
    /// Value, length, tag, or the bits of a float.
    argument: u64,
}

impl Head {
    fn indefinite(&self) -> bool {
        self.info == 31
    }
}

impl<'a> CborReader<'a> {
    #[inline]
    fn head(&mut self) -> Result<Head, DecodeError> {
        let from = self.at.offset();
        let initial = self.at.byte()?;
        let (major, info) = (initial >> 5, initial & 0x1f);
        if info <= 23 {
            return Ok(Head { major, info, argument: u64::from(info) });
        }
        let argument = match info {
            24 => u64::from(self.at.byte()?),
            25 => u64::from(u16::from_be_bytes(self.at.array()?)),
            26 => u64::from(u32::from_be_bytes(self.at.array()?)),
            27 => u64::from_be_bytes(self.at.array()?),
            31 if matches!(major, 2..=5) => 0,
            31 if major == 7 => return fail(STRAY_BREAK, from),
            _ => return fail(MALFORMED, from),
        };
        // A simple value below 32 in two bytes is the one thing of major type 7 that is not well formed.
        if initial == 0xf8 && argument < 32 {
            return fail(MALFORMED, from);
        }
        Ok(Head { major, info, argument })
    }

    /// The head of the next value, its tags passed over. They count as levels: a chain of them is bounded too.
    ///
    /// With `NUMBERS`, a tag that makes a number of what follows is such a head itself.
    fn untagged<const NUMBERS: bool>(&mut self) -> Result<Head, DecodeError> {
        let mut levels = self.depth;
        loop {
            let from = self.at.offset();
            let head = self.head()?;
            if head.major != 6 || (NUMBERS && matches!(head.argument, 2..=5)) {
                return Ok(head);
            }
            levels += 1;
            if levels > MAX_DEPTH {
                return fail(TOO_DEEP, from);
            }
        }
    }

    fn frame(&mut self, head: &Head) -> Result<Frame, DecodeError> {
        descend(&mut self.depth, self.at.offset())?;
        let dict = head.major == 5;
        let left =
            if head.indefinite() { 0 } else { self.at.elements(head.argument, if dict { 2 } else { 1 })? };
        Ok(Frame { left, open: head.indefinite(), dict })
    }

    /// The chunks of a string of indefinite length, up to its break.
    fn chunks(
        &mut self,
        major: u8,
        mut chunk: impl FnMut(&mut Cursor<'a>, u64) -> Result<(), DecodeError>,
    ) -> Result<(), DecodeError> {
        let empty = major << 5;
        loop {
            // Nobody needs chunks without content, and there can be as many as bytes.
            let empty_ones = self.at.rest().iter().take_while(|byte| **byte == empty).count();
            self.at.bump(empty_ones);
            let initial = self.at.peek()?;
            if initial == BREAK {
                break;
            }
            // The length of a short one is in its first byte.
            if initial ^ empty < 24 {
                self.at.bump(1);
                chunk(&mut self.at, u64::from(initial ^ empty))?;
                continue;
            }
            let from = self.at.offset();
            let head = self.head()?;
            if head.major != major || head.indefinite() {
                return fail(BAD_CHUNK, from);
            }
            chunk(&mut self.at, head.argument)?;
        }
        self.at.bump(1);
        Ok(())
    }

    fn text(&mut self, head: &Head) -> Result<Cow<'a, str>, DecodeError> {
        if !head.indefinite() {
            return self.at.text(head.argument).map(Cow::Borrowed);
        }
        let mut whole = String::with_capacity(ROOM);
        self.chunks(head.major, |at, len| {
            match at.peek() {
                // As many chunks as bytes can be that have content.
                Ok(byte) if len == 1 && byte.is_ascii() => {
                    at.bump(1);
                    whole.push(char::from(byte));
                }
                _ => whole.push_str(at.text(len)?),
            }
            Ok(())
        })?;
        Ok(Cow::Owned(whole))
    }

    fn binary(&mut self, head: &Head) -> Result<Cow<'a, [u8]>, DecodeError> {
        if !head.indefinite() {
            return self.at.take(head.argument).map(Cow::Borrowed);
        }
        let mut whole = Vec::new();
        self.chunks(head.major, |at, len| {
            whole.extend_from_slice(at.take(len)?);
            Ok(())
        })?;
        Ok(Cow::Owned(whole))
    }

    /// The number that tag `tag` makes of what follows, or nothing that anybody understands.
    fn number(&mut self, tag: u64) -> Result<Token<'a>, DecodeError> {
        let content = self.at.fork();
        let number = if tag < 4 { self.bignum(tag) } else { self.scaled(tag) };
        match number {
            Some(number) => Ok(narrowed(number)),
            None => {
                self.at = content;
                self.skip()?;
                Ok(Token::Opaque(NO_NUMBER))
            }
        }
    }

    /// The content of tag 2 or 3.
    fn bignum(&mut self, tag: u64) -> Option<Exact<'a>> {
        let head = self.head().ok().filter(|head| head.major == 2)?;
        let octets = self.binary(&head).ok()?;
        let negative = tag == 3;
        let magnitude = if negative { Magnitude::OctetsAndOne(octets) } else { Magnitude::Octets(octets) };
        Some(Exact { negative, magnitude, scale: Scale::Whole })
    }

    /// The content of tag 4 or 5: a list of an exponent and a mantissa.
    fn scaled(&mut self, tag: u64) -> Option<Exact<'a>> {
        let list = self.head().ok().filter(|head| head.major == 4 && self.depth < MAX_DEPTH)?;
        let exponent = self.head().ok()?;
        // Beyond 63 bits it is too large in any case.
        let magnitude = i64::try_from(exponent.argument).unwrap_or(i64::MAX);
        let exponent = match exponent.major {
            0 => magnitude,
            1 => -1 - magnitude,
            _ => return None,
        };
        let mantissa = self.head().ok()?;
        let mantissa = match (mantissa.major, mantissa.argument) {
            (0, value) => Exact::from(u128::from(value)),
            (1, value) => Exact::from(-1 - i128::from(value)),
            (6, tag @ (2 | 3)) => self.bignum(tag)?,
            _ => return None,
        };
        match (list.indefinite(), list.argument) {
            (false, 2) => {}
            (true, _) if self.at.peek().ok()? == BREAK => self.at.bump(1),
            _ => return None,
        }
        Some(Exact { scale: if tag == 4 { Scale::Ten(exponent) } else { Scale::Two(exponent) }, ..mantissa })
    }

    fn scalar(&mut self, head: &Head) -> Result<Token<'a>, DecodeError> {
        Ok(match head.major {
            0 => Token::Unsigned(head.argument),
            1 => i64::try_from(head.argument).map_or_else(
                |_| Token::Exact(Box::new(Exact::from(-1 - i128::from(head.argument)))),
                |n| Token::Signed(-1 - n),
            ),
            6 => self.number(head.argument)?,
            2 => Token::Binary(self.binary(head)?),
            3 => Token::Text(self.text(head)?),
            _ => simple(head),
        })
    }
}

/// An integer of 64 bits in its own form, also if it was written as a bignum.
fn narrowed(number: Exact<'_>) -> Token<'_> {
    match number.native() {
        Some(Native::Signed(value)) => match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => Token::Unsigned(value),
            (_, Ok(value)) => Token::Signed(value),
            _ => Token::Exact(Box::new(number)),
        },
        _ => Token::Exact(Box::new(number)),
    }
}

/// Major type 7: simple values and floats.
#[expect(clippy::cast_possible_truncation, reason = "the head read as many bytes as the width says")]
fn simple<'a>(head: &Head) -> Token<'a> {
    match head.info {
        20 => Token::Boolean(false),
        21 => Token::Boolean(true),
        22 | 23 => Token::Null,
        25 => Token::Float(half(head.argument as u16)),
        26 => Token::Float(f64::from(f32::from_bits(head.argument as u32))),
        27 => Token::Float(f64::from_bits(head.argument)),
        _ => Token::Extension,
    }
}

/// An IEEE 754 half: one bit of sign, five of exponent, ten of fraction.
fn half(bits: u16) -> f64 {
    let fraction = f64::from(bits & 0x03ff);
    let magnitude = match (bits >> 10) & 0x1f {
        0 => fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        exponent => (1024.0 + fraction) * 2f64.powi(i32::from(exponent) - 25),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

impl<'a> Reader<'a> for CborReader<'a> {
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
        let head = self.untagged::<true>()?;
        match head.major {
            4 => self.frame(&head).map(Token::List),
            5 => self.frame(&head).map(Token::Dict),
            _ => self.scalar(&head),
        }
    }

    #[inline]
    fn plain_list(&mut self) -> Option<Frame> {
        let count = self.at.rest().first().filter(|initial| (0x80..=0x97).contains(*initial))? & 0x1f;
        self.at.bump(1);
        descend(&mut self.depth, self.at.offset()).ok()?;
        Some(Frame { left: self.at.elements(u64::from(count), 1).ok()?, open: false, dict: false })
    }
    #[inline]
    fn plain_unsigned(&mut self) -> Option<u64> {
        self.at.short_unsigned(0x17, 0x18)
    }

    #[inline]
    fn pass(&mut self) -> Result<Passed, DecodeError> {
        // The short forms, which nearly all items have, tell everything in their first byte.
        match self.at.peek()? {
            0x00..=0x17 | 0x20..=0x37 | 0xf4..=0xf7 => {
                self.at.bump(1);
                return Ok(Passed::Scalar);
            }
            initial @ 0x60..=0x77 => {
                self.at.bump(1);
                return self.at.pass_text(u64::from(initial & 0x1f)).map(|()| Passed::Scalar);
            }
            _ => {}
        }
        let head = self.untagged::<false>()?;
        match (head.major, head.indefinite()) {
            (4 | 5, _) => return self.frame(&head).map(Passed::Within),
            (2, false) => drop(self.at.take(head.argument)?),
            (3, false) => self.at.pass_text(head.argument)?,
            (2, true) => self.chunks(2, |at, len| at.take(len).map(drop))?,
            (3, true) => self.chunks(3, |at, len| at.pass_text(len))?,
            // A number or simple value, complete with its head.
            _ => {}
        }
        Ok(Passed::Scalar)
    }

    #[inline]
    fn leave(&mut self, frame: Frame) -> Result<(), DecodeError> {
        self.leave_frame(frame)
    }

    fn peek(&mut self) -> Result<Kind, DecodeError> {
        // Text without a tag tells what it is in its first byte.
        if let 0x60..=0x7b | 0x7f = self.at.peek()? {
            return Ok(Kind::Text);
        }
        let mut ahead = Self { at: self.at.fork(), depth: self.depth };
        let head = ahead.untagged::<true>()?;
        Ok(match (head.major, head.info) {
            (0 | 1, _) => Kind::Integer,
            (6, _) => {
                if head.argument < 4 {
                    Kind::Integer
                } else {
                    Kind::Float
                }
            }
            (2, _) => Kind::Binary,
            (3, _) => Kind::Text,
            (4, _) => Kind::List,
            (5, _) => Kind::Dict,
            (_, 20 | 21) => Kind::Boolean,
            (_, 22 | 23) => Kind::Null,
            (_, 25..=27) => Kind::Float,
            _ => return self.fail(UNASSIGNED),
        })
    }

    fn take_null(&mut self) -> Result<bool, DecodeError> {
        match self.at.peek()? {
            0xf6 | 0xf7 => {
                self.at.bump(1);
                Ok(true)
            }
            // A tagged value: look behind the tags.
            0xc0..=0xdb => {
                let mut ahead = Self { at: self.at.fork(), depth: self.depth };
                let head = ahead.untagged::<true>()?;
                let null = head.major == 7 && matches!(head.info, 22 | 23);
                if null {
                    self.at = ahead.at;
                }
                Ok(null)
            }
            _ => Ok(false),
        }
    }

    #[inline]
    fn more(&mut self, frame: &mut Frame) -> Result<bool, DecodeError> {
        let at_end = if frame.open { self.at.peek()? == BREAK } else { frame.left == 0 };
        if at_end {
            if frame.open {
                self.at.bump(1);
            }
            self.depth = self.depth.saturating_sub(1);
            return Ok(false);
        }
        frame.left = frame.left.saturating_sub(1);
        Ok(true)
    }

    #[inline]
    fn finish(&mut self) -> Result<(), DecodeError> {
        if self.at.is_empty() { Ok(()) } else { self.fail(TRAILING) }
    }
}
