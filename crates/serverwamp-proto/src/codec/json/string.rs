//! Strings of JSON: escapes, surrogate pairs, and the NUL that marks bytes.
//!
//! Invariant: passing a string and reading it accept exactly the same strings. One with half of a surrogate pair, where
//! such may stand, is never read as text.

use super::base64;
use super::reader::JsonReader;
use super::scan::plain_until;
use crate::codec::DecodeError;
use crate::codec::reader::{CUT_SHORT, KEY_NOT_TEXT, Reader, Token, fail};
use std::borrow::Cow;

/// The beginning of a string that holds bytes: WAMP's rule is NUL, which JSON can only write escaped.
const NUL: &[u8; 6] = b"\\u0000";
/// The room for what follows the first escape of a string, so that short ones are allocated once.
const ROOM: usize = 32;
pub(super) const HALF: &str = "unpaired surrogate";
const BAD_BASE64: &str = "a string that starts with NUL must continue with base64";

/// The destination of unescaped text.
trait Sink {
    fn text(&mut self, text: &str);
    fn character(&mut self, character: char);
    /// Half of a surrogate pair.
    fn half(&mut self);
}

/// Text, unless there was half of a surrogate pair in it.
struct WholeText(Option<String>);

impl Sink for WholeText {
    fn text(&mut self, text: &str) {
        if let Some(whole) = &mut self.0 {
            whole.push_str(text);
        }
    }
    fn character(&mut self, character: char) {
        if let Some(whole) = &mut self.0 {
            whole.push(character);
        }
    }
    fn half(&mut self) {
        self.0 = None;
    }
}

/// For strings nobody wants.
struct Nowhere;

impl Sink for Nowhere {
    fn text(&mut self, _: &str) {}
    fn character(&mut self, _: char) {}
    fn half(&mut self) {}
}

/// The character that this letter stands for behind a backslash.
#[inline]
const fn escaped_character(letter: u8) -> Option<char> {
    Some(match letter {
        b'"' | b'\\' | b'/' => letter as char,
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        _ => return None,
    })
}

impl<'a> JsonReader<'a> {
    /// Returns whether the string whose opening quote was just consumed holds bytes.
    pub(super) fn at_nul(&self) -> bool {
        self.rest().first_chunk() == Some(NUL)
    }

    /// The next value, if it is a string without escapes; otherwise nothing is consumed.
    pub(in crate::codec) fn plain_string(&mut self) -> Option<&'a str> {
        self.space();
        if self.byte() != Some(b'"') {
            return None;
        }
        let from = self.offset() + 1;
        let until = plain_until(self.bytes(), from);
        if self.bytes().get(until) != Some(&b'"') {
            return None;
        }
        self.back_to(until + 1);
        Some(self.text_between(from, until))
    }

    /// The string whose opening quote was just consumed, as text or bytes.
    pub(super) fn string(&mut self) -> Result<Token<'a>, DecodeError> {
        if !self.at_nul() {
            return Ok(self.text()?.map_or(Token::Opaque(HALF), Token::Text));
        }
        let from = self.offset();
        self.bump(NUL.len());
        match self.text()?.and_then(|text| base64::decode(&text)) {
            Some(bytes) => Ok(Token::Binary(Cow::Owned(bytes))),
            None => fail(BAD_BASE64, from),
        }
    }

    pub(super) fn pass_string(&mut self) -> Result<(), DecodeError> {
        if !self.at_nul() {
            return self.pass_text();
        }
        let from = self.offset();
        self.bump(NUL.len());
        if self.text()?.is_some_and(|text| base64::check(&text)) { Ok(()) } else { fail(BAD_BASE64, from) }
    }

    /// Nothing if it is no text.
    pub(super) fn key_string(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        if self.at_nul() { self.fail(KEY_NOT_TEXT) } else { self.text() }
    }

    pub(super) fn pass_key_string(&mut self) -> Result<(), DecodeError> {
        if self.at_nul() { self.fail(KEY_NOT_TEXT) } else { self.pass_text() }
    }

    /// Up to and with the closing quote; borrowed if no escape is in between, nothing if it is no text.
    fn text(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let plain = self.plain();
        if self.byte() == Some(b'"') {
            self.bump(1);
            return Ok(Some(Cow::Borrowed(plain)));
        }
        let mut whole = String::with_capacity(plain.len() + ROOM);
        whole.push_str(plain);
        self.escaped_characters(&mut whole);
        let mut whole = WholeText(Some(whole));
        self.escaped(&mut whole)?;
        Ok(whole.0.map(Cow::Owned))
    }

    #[inline]
    fn pass_text(&mut self) -> Result<(), DecodeError> {
        let end = plain_until(self.bytes(), self.offset());
        self.back_to(end);
        if self.byte() != Some(b'"') {
            self.pass_escapes();
        }
        self.escaped(&mut Nowhere)
    }

    /// Passes escapes of characters, and what is between them.
    fn pass_escapes(&mut self) {
        let bytes = self.bytes();
        let mut at = self.offset();
        while let Some(b'\\') = bytes.get(at) {
            at += match bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                // No half of a surrogate pair.
                Some(b'u') => match bytes.get(at + 2..at + 6) {
                    Some(
                        [b'0'..=b'9' | b'a'..=b'c' | b'e'..=b'f' | b'A'..=b'C' | b'E'..=b'F', digits @ ..],
                    ) if digits.iter().all(u8::is_ascii_hexdigit) => 6,
                    _ => break,
                },
                _ => break,
            };
            if !matches!(bytes.get(at), Some(b'\\' | b'"')) {
                at = plain_until(bytes, at);
            }
        }
        self.back_to(at);
    }

    /// Takes characters behind a backslash, and what is between them, as long as they are plain.
    fn escaped_characters(&mut self, whole: &mut String) {
        let bytes = self.bytes();
        let mut at = self.offset();
        while let Some(b'\\') = bytes.get(at) {
            let Some(character) = bytes.get(at + 1).copied().and_then(escaped_character) else { break };
            whole.push(character);
            at += 2;
            if !matches!(bytes.get(at), Some(b'\\' | b'"')) {
                let until = plain_until(bytes, at);
                whole.push_str(self.text_between(at, until));
                at = until;
            }
        }
        self.back_to(at);
    }

    /// A run of characters that stand for themselves.
    fn plain(&mut self) -> &'a str {
        let from = self.offset();
        let until = plain_until(self.bytes(), from);
        self.bump(until - from);
        self.text_between(from, until)
    }

    fn escaped(&mut self, sink: &mut impl Sink) -> Result<(), DecodeError> {
        loop {
            match self.byte() {
                Some(b'"') => {
                    self.bump(1);
                    return Ok(());
                }
                Some(b'\\') => {
                    self.bump(1);
                    match self.escape()? {
                        Some(character) => sink.character(character),
                        None => sink.half(),
                    }
                    // Between two escapes there is often nothing.
                    if !matches!(self.byte(), Some(b'\\' | b'"')) {
                        sink.text(self.plain());
                    }
                }
                Some(_) => return self.fail("control characters in strings must be escaped"),
                None => return self.fail(CUT_SHORT),
            }
        }
    }

    /// The character an escape stands for, unless it is half of one; its backslash was consumed.
    fn escape(&mut self) -> Result<Option<char>, DecodeError> {
        let from = self.offset();
        let Some(letter) = self.byte() else { return self.fail(CUT_SHORT) };
        self.bump(1);
        match letter {
            b'u' => self.unicode(from),
            _ => match escaped_character(letter) {
                Some(character) => Ok(Some(character)),
                None => fail("unknown escape in a string", from),
            },
        }
    }

    fn unicode(&mut self, from: usize) -> Result<Option<char>, DecodeError> {
        let unit = self.hex()?;
        let mut code = unit;
        if (0xd800..=0xdbff).contains(&unit) && self.rest().starts_with(b"\\u") {
            let behind = self.offset();
            self.bump(2);
            let low = self.hex()?;
            if (0xdc00..=0xdfff).contains(&low) {
                code = 0x1_0000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
            } else {
                // No other half: the text behind it stands for itself.
                self.back_to(behind);
            }
        }
        // A code point that is not a character is a surrogate without its other half.
        match char::from_u32(code) {
            None if !self.halves() => fail(HALF, from),
            character => Ok(character),
        }
    }

    fn hex(&mut self) -> Result<u32, DecodeError> {
        let Some(digits) = self.rest().first_chunk::<4>() else { return self.fail(CUT_SHORT) };
        let unit = digits.iter().try_fold(0, |unit, digit| {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                b'A'..=b'F' => digit - b'A' + 10,
                _ => return None,
            };
            Some(unit << 4 | u32::from(value))
        });
        let Some(unit) = unit else { return self.fail("an escape needs four hexadecimal digits") };
        self.bump(4);
        Ok(unit)
    }
}
