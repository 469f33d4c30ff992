//! What stands before the payload of a CALL, a YIELD or a PUBLISH in its plainest form.

use crate::codec::Serializer;

/// What stands before the payload.
#[derive(Debug, PartialEq)]
pub(super) struct Prefix<'a> {
    pub(super) form: Form,
    pub(super) request: u64,
    /// The procedure or the topic; a YIELD has neither.
    pub(super) uri: &'a str,
    /// Where the rest begins.
    pub(super) at: usize,
    /// How many elements it has, where the serializer announces that.
    pub(super) left: usize,
}

/// Which message it is, and with which options.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Form {
    Call,
    Yield,
    Publish { acknowledge: bool },
}

impl Form {
    const fn of(code: u8) -> Option<Self> {
        match code {
            48 => Some(Self::Call),
            70 => Some(Self::Yield),
            16 => Some(Self::Publish { acknowledge: false }),
            _ => None,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Call => "CALL",
            Self::Yield => "YIELD",
            Self::Publish { .. } => "PUBLISH",
        }
    }

    /// How many elements stand before the payload.
    pub(super) const fn elements(self) -> usize {
        if matches!(self, Self::Yield) { 3 } else { 4 }
    }

    /// Reads the options: `empty` ones, or those of a PUBLISH that asks for an answer and for nothing else.
    #[inline]
    fn options<'a>(self, rest: &'a [u8], empty: &[u8], acknowledge: &[u8]) -> Option<(Self, &'a [u8])> {
        if let Some(rest) = rest.strip_prefix(empty) {
            return Some((self, rest));
        }
        let rest = rest.strip_prefix(acknowledge).filter(|_| matches!(self, Self::Publish { .. }))?;
        Some((Self::Publish { acknowledge: true }, rest))
    }
}

/// The beginning of `frame`, if it is that of such a message. `None` says nothing about the frame.
#[inline]
pub(super) fn prefix(serializer: Serializer, frame: &[u8]) -> Option<Prefix<'_>> {
    match serializer {
        Serializer::Json => json(frame),
        Serializer::MessagePack => msgpack(frame),
        Serializer::Cbor => cbor(frame),
    }
}

fn json(frame: &[u8]) -> Option<Prefix<'_>> {
    let [b'[', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b',', rest @ ..] = frame else { return None };
    let form = Form::of((tens - b'0') * 10 + (ones - b'0'))?;
    // 15 digits stay below 2^53 whatever they are, and a zero is no id.
    let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 15 || rest.first() == Some(&b'0') {
        return None;
    }
    let (number, rest) = rest.split_at_checked(digits)?;
    let request = number.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    let (form, rest) = form.options(rest, b",{}", b",{\"acknowledge\":true}")?;
    if form == Form::Yield {
        return Some(Prefix { form, request, uri: "", at: frame.len() - rest.len(), left: 0 });
    }
    let rest = rest.strip_prefix(b",\"")?;
    let length = rest.iter().position(|byte| !is_plain(*byte))?;
    let (uri, rest) = rest.split_at_checked(length)?;
    let rest = rest.strip_prefix(b"\"")?;
    let uri = str::from_utf8(uri).ok()?;
    Some(Prefix { form, request, uri, at: frame.len() - rest.len(), left: 0 })
}

/// Printable ASCII that means itself within a JSON string.
pub(super) const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

fn msgpack(frame: &[u8]) -> Option<Prefix<'_>> {
    let [list @ 0x90..=0x9f, code, rest @ ..] = frame else { return None };
    let form = Form::of(*code)?;
    let left = left(form, list & 0x0f)?;
    let (request, rest) = match rest {
        [id @ 1..=0x7f, rest @ ..] => (u64::from(*id), rest),
        [0xcc, id, rest @ ..] => (u64::from(*id), rest),
        [0xcd, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0xce, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (form, rest) = form.options(rest, b"\x80", b"\x81\xabacknowledge\xc3")?;
    let (length, rest) = match rest {
        _ if form == Form::Yield => (0, rest),
        [length @ 0xa0..=0xbf, rest @ ..] => (length & 0x1f, rest),
        [0xd9, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    text(frame, form, request, length, rest, left)
}

fn cbor(frame: &[u8]) -> Option<Prefix<'_>> {
    let (list, code, rest) = match frame {
        [list @ 0x80..=0x97, 0x18, code @ 0x18..=0xff, rest @ ..] => (list, code, rest),
        [list @ 0x80..=0x97, code @ 0..=0x17, rest @ ..] => (list, code, rest),
        _ => return None,
    };
    let form = Form::of(*code)?;
    let left = left(form, list & 0x1f)?;
    let (request, rest) = match rest {
        [id @ 1..=0x17, rest @ ..] => (u64::from(*id), rest),
        [0x18, id, rest @ ..] => (u64::from(*id), rest),
        [0x19, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0x1a, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (form, rest) = form.options(rest, b"\xa0", b"\xa1\x6backnowledge\xf5")?;
    let (length, rest) = match rest {
        _ if form == Form::Yield => (0, rest),
        [length @ 0x60..=0x77, rest @ ..] => (length & 0x1f, rest),
        [0x78, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    text(frame, form, request, length, rest, left)
}

/// How many elements of a list of `length` follow the prefix: at the most the two of a payload.
fn left(form: Form, length: u8) -> Option<usize> {
    usize::from(length).checked_sub(form.elements()).filter(|left| *left <= 2)
}

/// The prefix that ends with a URI of `length` bytes, which `rest` begins with.
#[inline]
fn text<'a>(
    frame: &'a [u8],
    form: Form,
    request: u64,
    length: u8,
    rest: &'a [u8],
    left: usize,
) -> Option<Prefix<'a>> {
    let (uri, rest) = rest.split_at_checked(usize::from(length))?;
    let uri = str::from_utf8(uri).ok()?;
    Some(Prefix { form, request, uri, at: frame.len() - rest.len(), left })
}
