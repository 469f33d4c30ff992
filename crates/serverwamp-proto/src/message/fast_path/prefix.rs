//! The part before the payload of a CALL, a RESULT, a YIELD or a PUBLISH in its plainest form.

use crate::codec::Serializer;
use crate::codec::is_text;
use crate::codec::json::{plain_ascii_until, up_to_eight_digits};

/// The type codes of the messages that are read quickly. Readers take theirs as a constant, so that each message has
/// readers of its own that look for nothing else.
pub(super) const PUBLISH: u8 = 16;
pub(super) const CALL: u8 = 48;
pub(super) const RESULT: u8 = 50;
pub(super) const YIELD: u8 = 70;

/// The part before the payload.
#[derive(Debug, PartialEq)]
pub(super) struct Prefix<'a> {
    pub(super) request: u64,
    /// Whether the only option is there that a PUBLISH may have.
    pub(super) acknowledge: bool,
    /// The procedure or the topic, which is UTF-8; a RESULT and a YIELD have neither.
    pub(super) uri: &'a [u8],
    /// The offset of the rest.
    pub(super) at: usize,
    /// The number of elements, if the serializer announces it.
    pub(super) left: usize,
}

/// Returns whether a procedure or a topic stands before the payload.
const fn has_uri(code: u8) -> bool {
    !matches!(code, RESULT | YIELD)
}

/// The number of elements before the payload.
pub(super) const fn elements(code: u8) -> usize {
    if has_uri(code) { 4 } else { 3 }
}

/// The beginning of `frame`, if it is that of such a message. `None` says nothing about the frame.
#[inline]
pub(super) fn prefix<const CODE: u8>(serializer: Serializer, frame: &[u8]) -> Option<Prefix<'_>> {
    match serializer {
        Serializer::Json => json::<CODE>(frame),
        Serializer::MessagePack => msgpack::<CODE>(frame),
        Serializer::Cbor => cbor::<CODE>(frame),
    }
}

fn json<const CODE: u8>(frame: &[u8]) -> Option<Prefix<'_>> {
    let rest = frame.strip_prefix(&[b'[', b'0' + CODE / 10, b'0' + CODE % 10, b','])?;
    let (request, rest) = id(rest)?;
    let (acknowledge, rest) = options::<CODE>(rest, b",{}", b",{\"acknowledge\":true}")?;
    if !has_uri(CODE) {
        return Some(Prefix { request, acknowledge, uri: b"", at: frame.len() - rest.len(), left: 0 });
    }
    let rest = rest.strip_prefix(b",\"")?;
    let (uri, rest) = rest.split_at_checked(plain_ascii_until(rest)?)?;
    let rest = rest.strip_prefix(b"\"")?;
    Some(Prefix { request, acknowledge, uri, at: frame.len() - rest.len(), left: 0 })
}

/// An id of at most 15 digits, which stays below 2^53 whatever they are, and what is behind it. None begins with a zero.
#[inline]
fn id(bytes: &[u8]) -> Option<(u64, &[u8])> {
    if bytes.first() == Some(&b'0') {
        return None;
    }
    let Some((mut id, mut digits)) = up_to_eight_digits(bytes) else { return short_id(bytes) };
    if digits == 8 {
        let rest = bytes.get(8..)?;
        let more = rest.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        id = rest.iter().take(more).fold(id, next_digit);
        digits += more;
    }
    (1..=15).contains(&digits).then_some((id, bytes.get(digits..)?))
}

/// The same in the last seven bytes of a message.
#[cold]
fn short_id(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = bytes.split_at_checked(digits)?;
    (digits > 0).then_some((number.iter().fold(0, next_digit), rest))
}

/// The number that has one digit more; there are at most 16 of them.
const fn next_digit(number: u64, digit: &u8) -> u64 {
    number.wrapping_mul(10).wrapping_add((*digit & 0x0f) as u64)
}

fn msgpack<const CODE: u8>(frame: &[u8]) -> Option<Prefix<'_>> {
    let (list, rest) = frame.split_first()?;
    let left = left::<CODE>(list.checked_sub(0x90)?)?;
    let (request, rest) = match rest.strip_prefix(&[CODE])? {
        [id @ 1..=0x7f, rest @ ..] => (u64::from(*id), rest),
        [0xcc, id, rest @ ..] => (u64::from(*id), rest),
        [0xcd, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0xce, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (acknowledge, rest) = options::<CODE>(rest, b"\x80", b"\x81\xabacknowledge\xc3")?;
    let (length, rest) = match rest {
        _ if !has_uri(CODE) => (0, rest),
        [length @ 0xa0..=0xbf, rest @ ..] => (length & 0x1f, rest),
        [0xd9, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    let (uri, rest) = rest.split_at_checked(usize::from(length))?;
    let at = frame.len() - rest.len();
    // JSON could not pass on what starts with NUL; the general reader refuses it.
    if uri.first() == Some(&0) || !is_text(frame, at - uri.len(), at) {
        return None;
    }
    Some(Prefix { request, acknowledge, uri, at, left })
}

fn cbor<const CODE: u8>(frame: &[u8]) -> Option<Prefix<'_>> {
    let (list, rest) = frame.split_first()?;
    let left = left::<CODE>(list.checked_sub(0x80)?)?;
    let rest = if CODE < 24 { rest.strip_prefix(&[CODE]) } else { rest.strip_prefix(&[0x18, CODE]) }?;
    let (request, rest) = match rest {
        [id @ 1..=0x17, rest @ ..] => (u64::from(*id), rest),
        [0x18, id, rest @ ..] => (u64::from(*id), rest),
        [0x19, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0x1a, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (acknowledge, rest) = options::<CODE>(rest, b"\xa0", b"\xa1\x6backnowledge\xf5")?;
    let (length, rest) = match rest {
        _ if !has_uri(CODE) => (0, rest),
        [length @ 0x60..=0x77, rest @ ..] => (length & 0x1f, rest),
        [0x78, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    let (uri, rest) = rest.split_at_checked(usize::from(length))?;
    let at = frame.len() - rest.len();
    // JSON could not pass on what starts with NUL; the general reader refuses it.
    if uri.first() == Some(&0) || !is_text(frame, at - uri.len(), at) {
        return None;
    }
    Some(Prefix { request, acknowledge, uri, at, left })
}

/// The number of elements of a list of `length` after the prefix: at most the two of a payload.
#[inline]
fn left<const CODE: u8>(length: u8) -> Option<usize> {
    usize::from(length).checked_sub(elements(CODE)).filter(|left| *left <= 2)
}

/// Passes `empty` options, or those of a PUBLISH that asks to be acknowledged and for nothing else.
#[inline]
fn options<'a, const CODE: u8>(rest: &'a [u8], empty: &[u8], acknowledge: &[u8]) -> Option<(bool, &'a [u8])> {
    match rest.strip_prefix(empty) {
        Some(rest) => Some((false, rest)),
        None if CODE == PUBLISH => Some((true, rest.strip_prefix(acknowledge)?)),
        None => None,
    }
}
