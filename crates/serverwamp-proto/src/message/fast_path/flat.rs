//! Arguments that one look at each byte shows to be well formed: whole numbers and plain strings, side by side.

use crate::codec::Serializer;
use crate::codec::json::plain_ascii_until;

/// Digits that are below 2^64 whatever they are.
const MOST_DIGITS: usize = 18;

/// The arguments in `rest`, if they are a list of whole numbers and plain strings and the message ends with them: most
/// calls of a service have such. `None` says nothing about them.
#[inline]
pub(super) fn flat(serializer: Serializer, rest: &[u8]) -> Option<&[u8]> {
    match serializer {
        Serializer::Json => flat_json(rest),
        Serializer::MessagePack => flat_msgpack(rest),
        Serializer::Cbor => flat_cbor(rest),
    }
}

fn flat_json(rest: &[u8]) -> Option<&[u8]> {
    let list = rest.strip_prefix(b",[")?;
    let mut at = 0;
    loop {
        let from = at;
        match list.get(at)? {
            b'"' => {
                let text = list.get(at + 1..)?;
                let length = plain_ascii_until(text)?;
                if text.get(length) != Some(&b'"') {
                    return None;
                }
                at += length + 2;
            }
            first @ b'0'..=b'9' => {
                while list.get(at)?.is_ascii_digit() {
                    at += 1;
                }
                // Nothing but a lone zero starts with one.
                if (*first == b'0' && at > from + 1) || at > from + MOST_DIGITS {
                    return None;
                }
            }
            _ => return None,
        }
        match list.get(at)? {
            b',' => at += 1,
            // The list of arguments ends, and the message with it.
            b']' if list.len() == at + 2 && list.ends_with(b"]") => return rest.get(1..at + 3),
            _ => return None,
        }
    }
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
