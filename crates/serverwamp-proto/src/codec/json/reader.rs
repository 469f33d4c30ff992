//! Reads JSON token by token.
//!
//! Invariant: the whole input was checked to be UTF-8 before the first token, so slices of it at ASCII bytes are text. Few bytes
//! that are ASCII are made text when the first string is read, because most of them hold none.

use super::number::small_integer;
use super::scan::is_ascii;
use super::string::HALF;
use crate::codec::reader::{BAD_UTF8, CUT_SHORT, Frame, Passed, Reader, TOO_DEEP, TRAILING, Token, fail};
use crate::codec::{DecodeError, Kind, MAX_DEPTH};
use std::borrow::Cow;

/// Below this many bytes, choosing the fastest instructions takes longer than checking without them.
const SHORT: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct JsonReader<'a> {
    input: &'a [u8],
    /// The same as text, or nothing as long as nobody has asked for it.
    text: &'a str,
    at: usize,
    depth: usize,
    /// Whether half of a surrogate pair may stand in a string.
    halves: bool,
}

impl<'a> JsonReader<'a> {
    /// Sets whether a string may contain half of a surrogate pair; by default it may.
    pub(crate) fn allow_halves(&mut self, allowed: bool) {
        self.halves = allowed;
    }
    /// Hides all but the next bytes, at most `most` of them. Returns the whole input if there is anything to hide.
    pub(crate) fn narrow(&mut self, most: usize) -> Option<&'a str> {
        let end = self.at.saturating_add(most);
        if end >= self.input.len() {
            return None;
        }
        let text = self.whole_text();
        let end = (0..=end).rev().find(|end| text.is_char_boundary(*end))?;
        let shown = text.get(..end)?;
        self.widen(shown);
        Some(text)
    }
    /// Shows the whole input again.
    pub(crate) fn widen(&mut self, whole: &'a str) {
        (self.input, self.text) = (whole.as_bytes(), whole);
    }
    /// The whole input.
    fn whole_text(&mut self) -> &'a str {
        if self.text.len() != self.input.len() {
            self.text = str::from_utf8(self.input).unwrap_or_default();
        }
        self.text
    }
    pub(super) fn halves(&self) -> bool {
        self.halves
    }
    #[inline]
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.input
    }
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes().get(self.at..).unwrap_or_default()
    }
    #[inline]
    pub(super) fn byte(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }
    pub(super) fn depth(&self) -> usize {
        self.depth
    }
    /// Leaves a list or dictionary.
    #[inline]
    pub(super) fn ascend(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }
    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }
    /// Moves over `count` bytes that were seen.
    #[inline]
    pub(super) fn bump(&mut self, count: usize) {
        self.at += count;
    }
    #[inline]
    pub(super) fn text_between(&mut self, from: usize, until: usize) -> &'a str {
        self.whole_text().get(from..until).unwrap_or_default()
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at += 1;
        }
    }

    #[inline]
    fn word(&mut self, word: &'static [u8]) -> Result<(), DecodeError> {
        if !self.rest().starts_with(word) {
            return self.unexpected();
        }
        self.at += word.len();
        Ok(())
    }

    fn open(&mut self, dict: bool) -> Result<Frame, DecodeError> {
        if self.depth >= MAX_DEPTH {
            return self.fail(TOO_DEEP);
        }
        Ok(self.descend(dict))
    }

    /// Begins a list or dictionary, which is known to be allowed.
    #[inline]
    pub(super) fn descend(&mut self, dict: bool) -> Frame {
        self.depth += 1;
        self.at += 1;
        Frame { left: 0, open: true, dict }
    }

    #[cold]
    fn unexpected<T>(&self) -> Result<T, DecodeError> {
        self.fail(if self.at < self.input.len() { "unexpected character" } else { CUT_SHORT })
    }

    /// The opening quote of a key.
    #[inline]
    fn open_key(&mut self) -> Result<(), DecodeError> {
        self.space();
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                Ok(())
            }
            _ => self.unexpected(),
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), DecodeError> {
        self.space();
        self.word(b":")
    }
}

impl<'a> Reader<'a> for JsonReader<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() < SHORT && is_ascii(bytes) {
            return Ok(Self { input: bytes, text: "", at: 0, depth: 0, halves: true });
        }
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok(Self { input: bytes, text, at: 0, depth: 0, halves: true }),
            Err(_) => {
                fail(BAD_UTF8, simdutf8::compat::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len))
            }
        }
    }
    fn offset(&self) -> usize {
        self.at
    }
    fn resume(&mut self, at: usize) {
        self.at = at;
        self.depth = 1;
    }
    fn descended(&mut self, levels: usize) {
        self.depth += levels;
    }
    fn start(&mut self) -> usize {
        self.space();
        self.at
    }
    fn since(&self, from: usize) -> &'a [u8] {
        self.input.get(from..self.at).unwrap_or_default()
    }

    fn token(&mut self) -> Result<Token<'a>, DecodeError> {
        self.space();
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                self.string()
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'[') => self.open(false).map(Token::List),
            Some(b'{') => self.open(true).map(Token::Dict),
            Some(b't') => self.word(b"true").map(|()| Token::Boolean(true)),
            Some(b'f') => self.word(b"false").map(|()| Token::Boolean(false)),
            Some(b'n') => self.word(b"null").map(|()| Token::Null),
            _ => self.unexpected(),
        }
    }

    #[inline]
    fn plain_list(&mut self) -> Option<Frame> {
        self.space();
        (self.byte() == Some(b'[') && self.depth < MAX_DEPTH).then(|| self.descend(false))
    }

    #[inline]
    fn plain_unsigned(&mut self) -> Option<u64> {
        self.space();
        let (value, length) = small_integer(self.bytes(), self.at)?;
        self.bump(length);
        Some(value)
    }

    #[inline]
    fn pass(&mut self) -> Result<Passed, DecodeError> {
        self.space();
        match self.byte() {
            Some(b'"') => {
                self.at += 1;
                self.pass_string()?;
            }
            Some(b'-' | b'0'..=b'9') => self.pass_number()?,
            Some(b'[') => return self.open(false).map(Passed::Within),
            Some(b'{') => return self.open(true).map(Passed::Within),
            Some(b't') => self.word(b"true")?,
            Some(b'f') => self.word(b"false")?,
            Some(b'n') => self.word(b"null")?,
            _ => return self.unexpected(),
        }
        Ok(Passed::Scalar)
    }

    #[inline]
    fn leave(&mut self, frame: Frame) -> Result<(), DecodeError> {
        self.leave_frame(frame)
    }

    fn peek(&mut self) -> Result<Kind, DecodeError> {
        self.space();
        Ok(match self.byte() {
            Some(b'"') => {
                let ahead = Self { at: self.at + 1, ..*self };
                if ahead.at_nul() { Kind::Binary } else { Kind::Text }
            }
            Some(b'-' | b'0'..=b'9') => match (Self { ..*self }).number()? {
                Token::Unsigned(_) | Token::Signed(_) | Token::Exact(_) => Kind::Integer,
                _ => Kind::Float,
            },
            Some(b'[') => Kind::List,
            Some(b'{') => Kind::Dict,
            Some(b't' | b'f') => Kind::Boolean,
            Some(b'n') => Kind::Null,
            _ => return self.unexpected(),
        })
    }

    fn take_null(&mut self) -> Result<bool, DecodeError> {
        self.space();
        if self.byte() != Some(b'n') {
            return Ok(false);
        }
        self.word(b"null").map(|()| true)
    }

    #[inline]
    fn more(&mut self, frame: &mut Frame) -> Result<bool, DecodeError> {
        self.space();
        let first = std::mem::replace(&mut frame.open, false);
        match (self.byte(), frame.dict) {
            (Some(b']'), false) | (Some(b'}'), true) => {
                self.at += 1;
                self.depth = self.depth.saturating_sub(1);
                Ok(false)
            }
            (Some(b','), _) if !first => {
                self.at += 1;
                Ok(true)
            }
            (Some(_), _) if first => Ok(true),
            (Some(_), false) => self.fail("expected `,` or `]`"),
            (Some(_), true) => self.fail("expected `,` or `}`"),
            (None, _) => self.fail(CUT_SHORT),
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        self.open_key()?;
        let Some(key) = self.key_string()? else { return self.fail(HALF) };
        self.colon()?;
        Ok(key)
    }

    fn key_token(&mut self) -> Result<Token<'a>, DecodeError> {
        self.open_key()?;
        let key = self.key_string()?;
        self.colon()?;
        Ok(key.map_or(Token::Opaque(HALF), Token::Text))
    }

    #[inline]
    fn pass_key(&mut self) -> Result<(), DecodeError> {
        self.open_key()?;
        self.pass_key_string()?;
        self.colon()
    }

    #[inline]
    fn finish(&mut self) -> Result<(), DecodeError> {
        self.space();
        if self.at == self.input.len() { Ok(()) } else { self.fail(TRAILING) }
    }
}
