//! Passes what is in lists and dictionaries of JSON, without a call for each value.
//!
//! Invariant: what it accepts, refuses and says about it is what `more`, `pass` and `pass_key` do, value by value; what is
//! not plain is left to them.

use super::number::number_end;
use super::reader::JsonReader;
use super::scan::{plain_until, whole_numbers};
use crate::codec::reader::{CUT_SHORT, Frame, Passed, Reader};
use crate::codec::{DecodeError, MAX_DEPTH};

/// So many short numbers in a row, and more of them are looked for at once.
const ROW: usize = 4;

impl JsonReader<'_> {
    /// Passes what is left of a list or dictionary.
    pub(super) fn leave_frame(&mut self, frame: Frame) -> Result<(), DecodeError> {
        // Which of those that are open are dictionaries, the innermost one last.
        let (mut dicts, mut levels) = (u64::from(frame.dict), 1_u32);
        let mut first = frame.open;
        loop {
            let dict = dicts & 1 == 1;
            if !self.next(dict, first)? {
                self.ascend();
                levels -= 1;
                if levels == 0 {
                    return Ok(());
                }
                dicts >>= 1;
                first = false;
                continue;
            }
            first = false;
            if dict {
                if !self.pass_plain_key() {
                    self.pass_key()?;
                }
            } else if self.pass_plain() {
                continue;
            }
            if self.pass_empty() {
                continue;
            }
            let inner = match (self.byte(), self.depth() < MAX_DEPTH) {
                (Some(b'['), true) => self.descend(false),
                (Some(b'{'), true) => self.descend(true),
                _ => match self.pass()? {
                    Passed::Within(inner) => inner,
                    Passed::Scalar => continue,
                },
            };
            dicts = dicts << 1 | u64::from(inner.dict);
            levels += 1;
            first = true;
        }
    }

    /// As `more`, but that the level is not left.
    #[inline]
    fn next(&mut self, dict: bool, first: bool) -> Result<bool, DecodeError> {
        if !first && self.byte() == Some(b',') {
            self.bump(1);
            return Ok(true);
        }
        self.space();
        match (self.byte(), dict) {
            (Some(b']'), false) | (Some(b'}'), true) => {
                self.bump(1);
                Ok(false)
            }
            (Some(b','), _) if !first => {
                self.bump(1);
                Ok(true)
            }
            (Some(_), _) if first => Ok(true),
            (Some(_), false) => self.fail("expected `,` or `]`"),
            (Some(_), true) => self.fail("expected `,` or `}`"),
            (None, _) => self.fail(CUT_SHORT),
        }
    }

    /// Passes elements of a list that are plain strings or numbers, with commas right behind them, and then one
    /// more such element. Returns whether it did pass that one.
    #[inline]
    fn pass_plain(&mut self) -> bool {
        let bytes = self.bytes();
        let mut at = self.offset();
        let mut row = 0;
        loop {
            let end = match bytes.get(at) {
                Some(b'"') => match plain_until(bytes, at + 1) {
                    end if bytes.get(end) == Some(&b'"') => end + 1,
                    _ => break,
                },
                Some(b'-' | b'0'..=b'9') => match number_end(bytes, at) {
                    Some(end) => end,
                    None => break,
                },
                _ => break,
            };
            if bytes.get(end) != Some(&b',') {
                self.back_to(end);
                return true;
            }
            row = if end - at < 8 { row + 1 } else { 0 };
            at = end + 1;
            if row >= ROW && bytes.get(at).is_some_and(u8::is_ascii_digit) {
                row = 0;
                at = whole_numbers(bytes, at);
            }
        }
        self.back_to(at);
        false
    }

    /// Passes a key without escapes, with its colon right behind it.
    #[inline]
    fn pass_plain_key(&mut self) -> bool {
        let (bytes, at) = (self.bytes(), self.offset());
        if bytes.get(at) != Some(&b'"') {
            return false;
        }
        let end = plain_until(bytes, at + 1);
        if !matches!(bytes.get(end..), Some([b'"', b':', ..])) {
            return false;
        }
        self.back_to(end + 2);
        true
    }

    /// Passes a list or dictionary without anything in it, not even spaces.
    #[inline]
    fn pass_empty(&mut self) -> bool {
        let empty = matches!(self.rest(), [b'[', b']', ..] | [b'{', b'}', ..]);
        if !empty || self.depth() >= MAX_DEPTH {
            return false;
        }
        self.bump(2);
        true
    }
}
