//! Arguments that one look at each byte shows to be well formed: whole numbers and plain strings, side by side.

use crate::codec::Serializer;
use crate::codec::json::{leading_digits, plain_ascii_until, word_at};

/// Digits that are below 2^64 whatever they are.
const MOST_DIGITS: usize = 18;

/// The arguments in `frame` from `at` on, if they are a list of whole numbers and plain strings and the message ends with them:
/// most calls of a service have such. `None` says nothing about them.
#[inline]
pub(super) fn flat(serializer: Serializer, frame: &[u8], at: usize) -> Option<&[u8]> {
    match serializer {
        Serializer::Json => flat_json(frame, at),
        Serializer::MessagePack => flat_msgpack(frame.get(at..)?),
        Serializer::Cbor => flat_cbor(frame.get(at..)?),
    }
}

fn flat_json(frame: &[u8], start: usize) -> Option<&[u8]> {
    if !frame.get(start..)?.starts_with(b",[") {
        return None;
    }
    let mut at = start + 2;
    loop {
        let word = word_at(frame, at)?;
        let [first, ..] = word.to_le_bytes();
        let digits = leading_digits(word);
        let behind = match first {
            b'"' => {
                at = string_end(frame, at)?;
                *frame.get(at)?
            }
            // Nothing but a lone zero starts with one.
            b'0' if digits > 1 => return None,
            b'0'..=b'9' if digits < 8 => {
                at += digits;
                word.to_le_bytes()[digits]
            }
            b'1'..=b'9' => {
                at = number_end(frame, at)?;
                *frame.get(at)?
            }
            _ => return None,
        };
        match behind {
            b',' => at += 1,
            // The list of arguments ends, and the message with it.
            b']' if frame.len() == at + 2 && frame.ends_with(b"]") => return frame.get(start + 1..=at),
            _ => return None,
        }
    }
}

/// The end of the plain string that begins at `at`.
#[inline]
fn string_end(frame: &[u8], at: usize) -> Option<usize> {
    let text = frame.get(at + 1..)?;
    let length = plain_ascii_until(text)?;
    (text.get(length) == Some(&b'"')).then_some(at + length + 2)
}

/// The end of the number of many digits that begins at `at`.
fn number_end(frame: &[u8], at: usize) -> Option<usize> {
    let digits = frame.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits <= MOST_DIGITS).then_some(at + digits)
}

fn flat_msgpack(rest: &[u8]) -> Option<&[u8]> {
    let (count, mut list) = rest.split_first()?;
    // An empty list is normalised away by the general reader.
    for _ in 0..count.checked_sub(0x90).filter(|count| (1..=15).contains(count))? {
        list = match list {
            [0x00..=0x7f | 0xe0..=0xff, rest @ ..] | [0xcc | 0xd0, _, rest @ ..] => rest,
            [0xcd | 0xd1, _, _, rest @ ..] | [0xce | 0xd2, _, _, _, _, rest @ ..] => rest,
            [0xcb | 0xcf | 0xd3, _, _, _, _, _, _, _, _, rest @ ..] => rest,
            [length @ 0xa0..=0xbf, rest @ ..] => ascii(rest, usize::from(length & 0x1f))?,
            _ => return None,
        };
    }
    list.is_empty().then_some(rest)
}

fn flat_cbor(rest: &[u8]) -> Option<&[u8]> {
    let (count, mut list) = rest.split_first()?;
    for _ in 0..count.checked_sub(0x80).filter(|count| (1..=23).contains(count))? {
        list = match list {
            [0x00..=0x17 | 0x20..=0x37, rest @ ..] | [0x18 | 0x38, _, rest @ ..] => rest,
            [0x19 | 0x39, _, _, rest @ ..] | [0x1a | 0x3a, _, _, _, _, rest @ ..] => rest,
            [0x1b | 0x3b | 0xfb, _, _, _, _, _, _, _, _, rest @ ..] => rest,
            [length @ 0x60..=0x77, rest @ ..] => ascii(rest, usize::from(length & 0x1f))?,
            _ => return None,
        };
    }
    list.is_empty().then_some(rest)
}

/// The bytes after a text of `length` bytes, if that is ASCII.
fn ascii(bytes: &[u8], length: usize) -> Option<&[u8]> {
    let (text, rest) = bytes.split_at_checked(length)?;
    text.is_ascii().then_some(rest)
}
