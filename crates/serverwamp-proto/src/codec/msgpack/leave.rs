//! Passes what is in lists and dictionaries of MessagePack: a million values in about a millisecond, whatever they are.
//!
//! Invariant: what it accepts, refuses and says about it is what `pass` and `pass_key` do, value by value; all that is not
//! plain is left to them.

use super::reader::MsgPackReader;
use crate::codec::cursor::{Cursor, is_text, run_of};
use crate::codec::marks::{EMPTY, SHORT, SHORT_TEXT, TEXT};
use crate::codec::reader::{Frame, KEY_NOT_SCALAR, Passed, Reader, TOO_DEEP, TOO_LONG, fail};
use crate::codec::{DecodeError, MAX_DEPTH};

/// The length of each value that its first byte determines, with marks; 0 for all others.
const LENGTHS: [u8; 256] = {
    let mut lengths = [0; 256];
    let mut marker = 0;
    while marker < 256 {
        lengths[marker] = match marker {
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 1,
            0x80 | 0x90 => EMPTY | 1,
            0xa0..=0xbf => TEXT | (1 + (marker as u8 & 0x1f)),
            0xc4 => SHORT,
            0xd9 => SHORT_TEXT,
            0xcc | 0xd0 => 2,
            0xcd | 0xd1 => 3,
            0xca | 0xce | 0xd2 => 5,
            0xcb | 0xcf | 0xd3 => 9,
            0xd4 => 3,
            0xd5 => 4,
            0xd6 => 6,
            0xd7 => 10,
            0xd8 => 18,
            _ => 0,
        };
        marker += 1;
    }
    lengths
};

/// Returns whether a value is this byte alone, where lists may be values as well.
#[inline]
const fn is_single(byte: u8, may_be_list: bool) -> bool {
    // 0x80 to 0xdf begin something longer, but for empty texts, null and the booleans.
    let scalar = (byte.wrapping_sub(0x80) >= 0x60) | (byte == 0xa0) | (byte == 0xc0) | (byte & 0xfe == 0xc2);
    scalar | (may_be_list & (byte & 0xef == 0x80))
}

/// The length of the value that `bytes` begin with, if that is plain and complete.
#[inline]
fn plain(bytes: &[u8], may_descend: bool) -> Option<usize> {
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
        _ if entry & EMPTY != 0 => return may_descend.then_some(1),
        _ => (1, usize::from(entry & !TEXT)),
    };
    is_text(bytes, from, length).then_some(length)
}

/// Passes plain values of which `left` are to come, and says how many are left.
///
/// Those of a dictionary are its keys and values in turn, and a key is no list.
#[inline]
fn plain_values(at: &mut Cursor<'_>, mut left: u32, dict: bool, may_descend: bool) -> u32 {
    let bytes = at.rest();
    let mut passed = 0;
    let mut single = 0;
    while left > 0 {
        let Some(rest) = bytes.get(passed..) else { break };
        let Some(length) = plain(rest, may_descend && !(dict && left.is_multiple_of(2))) else { break };
        passed += length;
        left -= 1;
        single = if length == 1 { single + 1 } else { 0 };
        if single == 8 {
            single = 0;
            let rest = bytes.get(passed..).unwrap_or_default();
            let run = run_of(rest, left, |byte| is_single(byte, may_descend && !dict));
            passed += run as usize;
            left -= run;
        }
    }
    at.bump(passed);
    left
}

/// The number of values still to come.
fn values(frame: &Frame) -> Option<u32> {
    u32::try_from(frame.left).ok()?.checked_mul(if frame.dict { 2 } else { 1 })
}

impl MsgPackReader<'_> {
    /// Passes what is left of a list or dictionary.
    pub(super) fn leave_frame(&mut self, frame: Frame) -> Result<(), DecodeError> {
        // The number of values left in each enclosing one, and whether it is a dictionary, the innermost last.
        let (mut around, mut levels) = ([0_u32; MAX_DEPTH], 0_usize);
        let mut dicts = u64::from(frame.dict);
        // No message has as many bytes.
        let Some(mut left) = values(&frame) else { return self.fail(TOO_LONG) };
        loop {
            let dict = dicts & 1 == 1;
            left = plain_values(&mut self.at, left, dict, self.depth < MAX_DEPTH);
            if left == 0 {
                self.depth = self.depth.saturating_sub(1);
                let Some(outer) = levels.checked_sub(1) else { return Ok(()) };
                levels = outer;
                left = around.get(levels).copied().unwrap_or_default();
                dicts >>= 1;
                continue;
            }
            let from = self.at.offset();
            let is_key = dict && left.is_multiple_of(2);
            left -= 1;
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
            let (Some(place), Some(many)) = (around.get_mut(levels), values(&inner)) else {
                return fail(TOO_DEEP, from);
            };
            *place = left;
            (levels, left) = (levels + 1, many);
            dicts = dicts << 1 | u64::from(inner.dict);
        }
    }

    /// Begins a list or dictionary of few values, which tells their number in its first byte.
    #[inline]
    fn descend_short(&mut self) -> Option<Frame> {
        let (marker, rest) = self.at.rest().split_first()?;
        let (dict, each) = match marker {
            0x80..=0x8f => (true, 2),
            0x90..=0x9f => (false, 1),
            _ => return None,
        };
        let left = usize::from(marker & 0x0f);
        if left * each > rest.len() || self.depth >= MAX_DEPTH {
            return None;
        }
        self.at.bump(1);
        self.depth += 1;
        Some(Frame { left, open: false, dict })
    }
}
