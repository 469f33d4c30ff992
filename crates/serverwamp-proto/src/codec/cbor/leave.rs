//! Passes what is in lists and dictionaries of CBOR: a million values in about a millisecond, whatever they are.
//!
//! Invariant: what it accepts, refuses and says about it is what `pass` and `pass_key` do, value by value; all that is not
//! plain is left to them.

use super::reader::{BREAK, CborReader};
use crate::codec::cursor::{Cursor, is_text, run_of};
use crate::codec::marks::{EMPTY, SHORT, SHORT_TEXT, TEXT};
use crate::codec::reader::{Frame, KEY_NOT_SCALAR, Passed, Reader, TOO_DEEP, TOO_LONG, fail};
use crate::codec::{DecodeError, MAX_DEPTH};

/// Marks a tag of one byte.
const TAG: u8 = 0xfd;
/// Marks what begins a string in chunks.
const CHUNKED: u8 = 0xfc;

/// The length of each value that its first byte determines, with marks; 0 for all others.
const LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut initial = 0;
    while initial < 256 {
        lengths[initial] = match initial {
            0x00..=0x17 | 0x20..=0x37 | 0xe0..=0xf7 => 1,
            0x18 | 0x38 => 2,
            0x19 | 0x39 | 0xf9 => 3,
            0x1a | 0x3a | 0xfa => 5,
            0x1b | 0x3b | 0xfb => 9,
            0x40..=0x57 => 1 + (initial as u8 & 0x1f),
            0x58 => SHORT,
            0x60..=0x77 => TEXT | (1 + (initial as u8 & 0x1f)),
            0x78 => SHORT_TEXT,
            0x80 | 0xa0 => EMPTY | 1,
            0xc0..=0xd7 => TAG,
            0x5f | 0x7f => CHUNKED,
            _ => 0,
        };
        initial += 1;
    }
    lengths
};

/// Returns whether a value is this byte alone, where lists may be values as well.
#[inline]
const fn is_single(byte: u8, may_be_list: bool) -> bool {
    // Small integers, simple values, empty strings of bytes and text.
    let scalar = ((byte & 0xdf) < 0x18) | (byte.wrapping_sub(0xe0) < 0x18) | (byte & 0xdf == 0x40);
    scalar | (may_be_list & (byte & 0xdf == 0x80))
}

/// The length of the value that `bytes` begin with, if that is plain and complete.
#[inline]
fn plain(bytes: &[u8], depth: usize, is_key: bool) -> Option<usize> {
    let entry = LENGTHS[usize::from(*bytes.first()?)];
    if entry < EMPTY {
        return (entry > 0 && usize::from(entry) <= bytes.len()).then_some(usize::from(entry));
    }
    let (from, length) = match entry {
        SHORT => {
            let length = 2 + usize::from(*bytes.get(1)?);
            return (length <= bytes.len()).then_some(length);
        }
        SHORT_TEXT => (2, 2 + usize::from(*bytes.get(1)?)),
        TAG => return tagged(bytes, depth, is_key),
        CHUNKED => return chunked(bytes),
        _ if entry & EMPTY != 0 => return (depth < MAX_DEPTH && !is_key).then_some(1),
        _ => (1, usize::from(entry & !TEXT)),
    };
    is_text(bytes, from, length).then_some(length)
}

/// The same behind tags, each of which counts as a level.
fn tagged(bytes: &[u8], depth: usize, is_key: bool) -> Option<usize> {
    let tags = bytes.iter().take_while(|byte| LENGTHS[usize::from(**byte)] == TAG).count();
    if depth + tags > MAX_DEPTH {
        return None;
    }
    plain(bytes.get(tags..)?, depth, is_key).map(|length| tags + length)
}

/// The same for strings in chunks that are all plain.
fn chunked(bytes: &[u8]) -> Option<usize> {
    let major = bytes.first()? >> 5;
    let mut at = 1;
    loop {
        let rest = bytes.get(at..)?;
        let initial = *rest.first()?;
        if initial == BREAK {
            return Some(at + 1);
        }
        // Not in chunks itself.
        if initial >> 5 != major || LENGTHS[usize::from(initial)] == CHUNKED {
            return None;
        }
        at += plain(rest, 0, true)?;
    }
}

/// A list or dictionary that is being passed.
#[derive(Clone, Copy)]
struct OpenLevel {
    /// Values still to come. Where a break ends them only whether they are even counts.
    left: u32,
    open: bool,
    dict: bool,
}

impl OpenLevel {
    fn of(frame: &Frame) -> Option<Self> {
        let left = u32::try_from(frame.left).ok()?.checked_mul(if frame.dict { 2 } else { 1 })?;
        Some(Self { left: if frame.open { OPEN } else { left }, open: frame.open, dict: frame.dict })
    }

    /// Returns whether a key is next, if it is a dictionary.
    const fn is_before_key(&self) -> bool {
        self.dict && self.left.is_multiple_of(2)
    }

    /// Passes plain values.
    #[inline]
    fn pass_plain(&mut self, at: &mut Cursor<'_>, depth: usize) {
        let bytes = at.rest();
        let (mut passed, mut single) = (0, 0);
        while self.left > 0 {
            let Some(rest) = bytes.get(passed..) else { break };
            let Some(length) = plain(rest, depth, self.is_before_key()) else { break };
            passed += length;
            self.left -= 1;
            single = if length == 1 { single + 1 } else { 0 };
            if single == 8 {
                single = 0;
                let may_be_list = depth < MAX_DEPTH && !self.dict;
                let rest = bytes.get(passed..).unwrap_or_default();
                let run = run_of(rest, self.left, |byte| is_single(byte, may_be_list));
                passed += run as usize;
                self.left -= run;
            }
        }
        at.bump(passed);
    }
}

/// More values than there are bytes, and an even number of them.
const OPEN: u32 = u32::MAX - 1;

impl CborReader<'_> {
    /// Passes what is left of a list or dictionary.
    pub(super) fn leave_frame(&mut self, frame: Frame) -> Result<(), DecodeError> {
        // No message has as many bytes.
        let Some(mut level) = OpenLevel::of(&frame) else { return self.fail(TOO_LONG) };
        let (mut around, mut levels) = ([level; MAX_DEPTH], 0_usize);
        loop {
            level.pass_plain(&mut self.at, self.depth);
            let ends = match level.open {
                // Where a value is due, a break is refused below.
                true => (!level.dict || level.is_before_key()) && self.at.peek()? == BREAK,
                false => level.left == 0,
            };
            if ends {
                self.at.bump(usize::from(level.open));
                self.depth = self.depth.saturating_sub(1);
                let Some(outer) = levels.checked_sub(1) else { return Ok(()) };
                levels = outer;
                level = around.get(levels).copied().unwrap_or(level);
                continue;
            }
            let from = self.at.offset();
            let is_key = level.is_before_key();
            level.left -= 1;
            let inner = match self.descend_short() {
                Some(frame) => frame,
                None => match self.pass()? {
                    Passed::Scalar => continue,
                    Passed::Within(frame) => frame,
                },
            };
            if is_key {
                return fail(KEY_NOT_SCALAR, from);
            }
            let (Some(place), Some(inner)) = (around.get_mut(levels), OpenLevel::of(&inner)) else {
                return fail(TOO_DEEP, from);
            };
            *place = level;
            (levels, level) = (levels + 1, inner);
        }
    }

    /// Begins a list or dictionary of few values, which tells their number in its first byte, or of those up to a break.
    #[inline]
    fn descend_short(&mut self) -> Option<Frame> {
        let (initial, rest) = self.at.rest().split_first()?;
        let (dict, each) = match initial {
            0x80..=0x97 | 0x9f => (false, 1),
            0xa0..=0xb7 | 0xbf => (true, 2),
            _ => return None,
        };
        let open = initial & 0x1f == 0x1f;
        let left = if open { 0 } else { usize::from(initial & 0x1f) };
        if left * each > rest.len() || self.depth >= MAX_DEPTH {
            return None;
        }
        self.at.bump(1);
        self.depth += 1;
        Some(Frame { left, open, dict })
    }
}
