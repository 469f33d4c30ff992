//! A position in bytes, for the two binary serializers.
//!
//! Invariant: nothing is read past the end, and a length is believed only after the bytes were seen.

use super::DecodeError;
use super::reader::{BAD_UTF8, CUT_SHORT, TOO_LONG, fail};
use std::ops::RangeInclusive;

/// Below this many bytes, choosing the fastest instructions takes longer than checking without them.
const SHORT: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(all: &'a [u8]) -> Self {
        Self { all, rest: all }
    }
    /// A second position, to look ahead with.
    pub(crate) fn fork(&self) -> Self {
        Self { all: self.all, rest: self.rest }
    }
    #[inline]
    pub(crate) fn offset(&self) -> usize {
        self.all.len() - self.rest.len()
    }
    #[inline]
    pub(crate) fn since(&self, from: usize) -> &'a [u8] {
        self.all.get(from..self.offset()).unwrap_or_default()
    }
    /// Hides all but the next bytes, `most` of them. Returns the whole input if there is anything to hide.
    pub(crate) fn narrow(&mut self, most: usize) -> Option<&'a [u8]> {
        let rest = self.rest.get(..most).filter(|rest| rest.len() < self.rest.len())?;
        let all = self.all.get(..self.offset() + most)?;
        self.rest = rest;
        Some(std::mem::replace(&mut self.all, all))
    }
    /// Shows the whole input again.
    pub(crate) fn widen(&mut self, whole: &'a [u8]) {
        let offset = self.offset();
        self.rest = whole.get(offset..).unwrap_or_default();
        self.all = whole;
    }
    /// Returns whether the bytes still to be read begin with `start`.
    pub(crate) fn starts_with(&self, start: &[u8]) -> bool {
        self.rest.starts_with(start)
    }
    /// The bytes still to be read.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }
    #[inline]
    pub(crate) fn peek(&self) -> Result<u8, DecodeError> {
        match self.rest.first() {
            Some(byte) => Ok(*byte),
            None => fail(CUT_SHORT, self.offset()),
        }
    }
    /// Moves over `count` bytes that were seen.
    #[inline]
    pub(crate) fn bump(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                Ok(*byte)
            }
            None => fail(CUT_SHORT, self.offset()),
        }
    }
    /// The next `N` bytes, for big-endian numbers.
    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((chunk, rest)) => {
                self.rest = rest;
                Ok(*chunk)
            }
            None => fail(CUT_SHORT, self.offset()),
        }
    }
    #[inline]
    pub(crate) fn take(&mut self, len: u64) -> Result<&'a [u8], DecodeError> {
        match usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len)) {
            Some((bytes, rest)) => {
                self.rest = rest;
                Ok(bytes)
            }
            None => fail(TOO_LONG, self.offset()),
        }
    }
    #[inline]
    pub(crate) fn text(&mut self, len: u64) -> Result<&'a str, DecodeError> {
        let at = self.offset();
        let bytes = self.take(len)?;
        let text = if bytes.len() < SHORT {
            str::from_utf8(bytes).ok()
        } else {
            simdutf8::basic::from_utf8(bytes).ok()
        };
        match text {
            Some(text) => Ok(text),
            None => fail(BAD_UTF8, at),
        }
    }
    /// Text of at most 255 bytes that does not begin with NUL: a first byte within `short` has its length in the low five bits,
    /// behind the first byte `long` it follows. Otherwise nothing is consumed.
    #[inline]
    pub(crate) fn short_text(&mut self, short: RangeInclusive<u8>, long: u8) -> Option<&'a str> {
        let (initial, rest) = self.rest.split_first()?;
        let (len, rest) = match initial {
            initial if short.contains(initial) => (initial & 0x1f, rest),
            initial if *initial == long => rest.split_first().map(|(len, rest)| (*len, rest))?,
            _ => return None,
        };
        let (bytes, rest) = rest.split_at_checked(usize::from(len))?;
        if bytes.first() == Some(&0) {
            return None;
        }
        let text = str::from_utf8(bytes).ok()?;
        self.rest = rest;
        Some(text)
    }
    /// A whole number without a sign: a first byte up to `most` is the number itself, and from `announcing` on three of them say
    /// that it is in the next byte, the next two or the next four. Otherwise nothing is consumed.
    #[inline]
    pub(crate) fn short_unsigned(&mut self, most: u8, announcing: u8) -> Option<u64> {
        let (initial, rest) = self.rest.split_first()?;
        let (value, rest) = match (initial.wrapping_sub(announcing), rest) {
            _ if *initial <= most => (u64::from(*initial), rest),
            (0, [value, rest @ ..]) => (u64::from(*value), rest),
            (1, [a, b, rest @ ..]) => (u64::from(u16::from_be_bytes([*a, *b])), rest),
            (2, [a, b, c, d, rest @ ..]) => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
            _ => return None,
        };
        self.rest = rest;
        Some(value)
    }
    /// As `text`, for text that nobody wants.
    #[inline]
    pub(crate) fn pass_text(&mut self, len: u64) -> Result<(), DecodeError> {
        let at = self.offset();
        let bytes = self.take(len)?;
        if bytes.is_ascii() || simdutf8::basic::from_utf8(bytes).is_ok() {
            return Ok(());
        }
        fail(BAD_UTF8, at)
    }
    /// Believes `count` elements of at least `each` bytes only if that many bytes are there.
    #[inline]
    pub(crate) fn elements(&self, count: u64, each: usize) -> Result<usize, DecodeError> {
        match usize::try_from(count) {
            Ok(count) if count <= self.rest.len() / each => Ok(count),
            _ => fail(TOO_LONG, self.offset()),
        }
    }
}

/// How many bytes `bytes` begin with, `most` at the most, that are each a value by itself: so many that what is looked at
/// together is all of this kind, and perhaps some less than there are.
#[inline]
pub(crate) fn run_of(bytes: &[u8], most: u32, is_single: impl Fn(u8) -> bool) -> u32 {
    const TOGETHER: u32 = 32;
    let mut run = 0;
    for chunk in bytes.as_chunks::<{ TOGETHER as usize }>().0 {
        // All of them without a branch: compilers make few instructions of that.
        let all = chunk.iter().fold(true, |all, byte| all & is_single(*byte));
        if !all || most - run < TOGETHER {
            break;
        }
        run += TOGETHER;
    }
    run
}

/// Returns whether `bytes` have UTF-8 from `from` to `to`.
#[inline]
pub(crate) fn is_text(bytes: &[u8], from: usize, to: usize) -> bool {
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let Some(text) = bytes.get(from..to) else { return false };
    if text.len() <= 8
        && let Some(word) = bytes.get(from..).and_then(<[u8]>::first_chunk::<8>)
    {
        // The first byte is the lowest; those behind the text are shifted out.
        let bits = 8 * u32::try_from(text.len()).unwrap_or(8);
        let seen = u64::from_le_bytes(*word) & 1_u64.checked_shl(bits).map_or(u64::MAX, |above| above - 1);
        if seen & HIGHS == 0 {
            return true;
        }
    } else if text.is_ascii() {
        return true;
    }
    if text.len() < SHORT { str::from_utf8(text).is_ok() } else { simdutf8::basic::from_utf8(text).is_ok() }
}
