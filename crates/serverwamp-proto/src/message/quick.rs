//! The beginning of the message a busy router reads most, read in one go: a CALL with empty options.
//!
//! Only the plainest form is taken: no spaces, the shortest type code, a procedure without escapes. Everything else,
//! and every fault, is left to the general reader, so what is accepted and what is said about the rest does not depend
//! on this file. The payload is read by the general reader in any case.

use std::borrow::Cow;

use bytes::Bytes;

use super::options::CallOptions;
use super::rpc::Call;
use super::wire::{Element, Elements};
use crate::codec::json::small_integer;
use crate::codec::{ListReader, Serializer};
use crate::id::RequestId;
use crate::payload::Payload;

/// What stands before the payload of a CALL.
#[derive(Debug, PartialEq)]
struct Prefix<'a> {
    request: u64,
    procedure: &'a str,
    /// Where the rest begins.
    at: usize,
    /// How many elements it has, where the serializer announces that.
    left: usize,
}

/// The CALL in `frame`, if it begins in the plainest way.
#[inline]
pub(crate) fn call<'a>(serializer: Serializer, frame: &'a Bytes) -> Option<Call<'a>> {
    let prefix = match serializer {
        Serializer::Json => json(frame),
        Serializer::MessagePack => msgpack(frame),
        Serializer::Cbor => cbor(frame),
    }?;
    let request = RequestId::new(prefix.request)?;
    let procedure = Cow::Borrowed(prefix.procedure);
    let rest = frame.get(prefix.at..)?;
    let flat = match serializer {
        Serializer::Json => flat_json(rest),
        Serializer::MessagePack => flat_msgpack(rest),
        Serializer::Cbor => flat_cbor(rest),
    };
    if let Some(args) = flat.filter(|_| prefix.left <= 1) {
        let payload = Payload { serializer, args: frame.slice_ref(args), kwargs: Bytes::new() };
        return Some(Call { request, options: CallOptions::default(), procedure, payload });
    }
    let list = ListReader::resume(serializer, frame, prefix.at, prefix.left)?;
    let elements = Elements::resume(serializer, frame, list, "CALL", 4..=6, 4, request);
    let payload = elements.complete(|elements| Payload::read(elements, "")).ok()?;
    Some(Call { request, options: CallOptions::default(), procedure, payload })
}

/// The arguments, if they are a list of whole numbers and plain strings and the message ends with them: most calls of
/// a service have such, and one look at each byte is enough to know that they are well formed.
fn flat_json(rest: &[u8]) -> Option<&[u8]> {
    let list = rest.strip_prefix(b",[")?;
    let mut at = 0;
    loop {
        let element = list.get(at..)?;
        at += match element.first()? {
            b'"' => {
                let text = element.get(1..)?;
                let length = text.iter().position(|byte| !is_plain(*byte))?;
                (text.get(length) == Some(&b'"')).then_some(length + 2)?
            }
            b'0'..=b'9' => small_integer(element)?.1,
            _ => return None,
        };
        match list.get(at..)? {
            [b',', ..] => at += 1,
            // The list of arguments ends, and the message with it.
            b"]]" => return rest.get(1..at + 3),
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

/// What follows a text of `length` bytes, if it is ASCII.
fn ascii(bytes: &[u8], length: usize) -> Option<&[u8]> {
    let (text, rest) = bytes.split_at_checked(length)?;
    text.is_ascii().then_some(rest)
}

fn json(frame: &[u8]) -> Option<Prefix<'_>> {
    let rest = frame.strip_prefix(b"[48,")?;
    // 15 digits stay below 2^53 whatever they are, and a zero is no id.
    let digits = rest.iter().take(16).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || digits > 15 || rest.first() == Some(&b'0') {
        return None;
    }
    let (number, rest) = rest.split_at_checked(digits)?;
    let request = number.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    let rest = rest.strip_prefix(b",{},\"")?;
    let length = rest.iter().position(|byte| !is_plain(*byte))?;
    let (procedure, rest) = rest.split_at_checked(length)?;
    let rest = rest.strip_prefix(b"\"")?;
    let procedure = str::from_utf8(procedure).ok()?;
    Some(Prefix { request, procedure, at: frame.len() - rest.len(), left: 0 })
}

/// Printable ASCII that means itself within a JSON string.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

fn msgpack(frame: &[u8]) -> Option<Prefix<'_>> {
    let (list, rest) = frame.split_first()?;
    let left = usize::from(list.checked_sub(0x94)?);
    let rest = rest.strip_prefix(&[48]).filter(|_| left <= 2)?;
    let (request, rest) = match rest {
        [id @ 1..=0x7f, rest @ ..] => (u64::from(*id), rest),
        [0xcc, id, rest @ ..] => (u64::from(*id), rest),
        [0xcd, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0xce, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (length, rest) = match rest.strip_prefix(&[0x80])? {
        [length @ 0xa0..=0xbf, rest @ ..] => (length & 0x1f, rest),
        [0xd9, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    let (procedure, rest) = rest.split_at_checked(usize::from(length))?;
    let procedure = str::from_utf8(procedure).ok()?;
    Some(Prefix { request, procedure, at: frame.len() - rest.len(), left })
}

fn cbor(frame: &[u8]) -> Option<Prefix<'_>> {
    let (list, rest) = frame.split_first()?;
    let left = usize::from(list.checked_sub(0x84)?);
    let rest = rest.strip_prefix(&[0x18, 48]).filter(|_| left <= 2)?;
    let (request, rest) = match rest {
        [id @ 1..=0x17, rest @ ..] => (u64::from(*id), rest),
        [0x18, id, rest @ ..] => (u64::from(*id), rest),
        [0x19, a, b, rest @ ..] => (u64::from(u16::from_be_bytes([*a, *b])), rest),
        [0x1a, a, b, c, d, rest @ ..] => (u64::from(u32::from_be_bytes([*a, *b, *c, *d])), rest),
        _ => return None,
    };
    let (length, rest) = match rest.strip_prefix(&[0xa0])? {
        [length @ 0x60..=0x77, rest @ ..] => (length & 0x1f, rest),
        [0x78, length, rest @ ..] => (*length, rest),
        _ => return None,
    };
    let (procedure, rest) = rest.split_at_checked(usize::from(length))?;
    let procedure = str::from_utf8(procedure).ok()?;
    Some(Prefix { request, procedure, at: frame.len() - rest.len(), left })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{Value, to_writer};
    use crate::message::Message;

    /// The same frame, read without this file.
    fn read_generally(serializer: Serializer, frame: &Bytes) -> Result<Call<'_>, crate::message::Violation> {
        let (code, elements) = Elements::open(serializer, frame)?;
        assert_eq!(code, 48);
        elements.message("CALL", 4..=6)
    }

    fn payloads() -> Vec<Vec<Value>> {
        let nested = Value::List(vec![Value::Null, true.into(), Value::List(vec![(-1).into()])]);
        let flat = Value::List(vec![
            0.into(),
            7.into(),
            1_000_000.into(),
            u64::MAX.into(),
            "text".into(),
            "".into(),
        ]);
        let odd = Value::List(vec![1.5.into(), (-7).into(), i64::MIN.into(), "\u{e4}\n".into(), "\0".into()]);
        let mut keywords = crate::codec::Dict::new();
        keywords.insert("key", 1);
        vec![
            vec![],
            vec![Value::List(vec![])],
            vec![Value::List(vec![1.into(), "x".into()])],
            vec![nested],
            vec![flat.clone()],
            vec![odd],
            vec![flat, Value::Dict(keywords)],
        ]
    }

    fn frames(serializer: Serializer) -> Vec<Bytes> {
        let mut frames = Vec::new();
        for request in [1, 9, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, 1 << 53] {
            for procedure in ["a", "demo.add", "com.example.a_rather_long_uri.beyond.the.short.form", ""] {
                let call: Vec<Value> = vec![
                    48_u64.into(),
                    u64::into(request),
                    Value::Dict(crate::codec::Dict::new()),
                    procedure.into(),
                ];
                for payload in payloads() {
                    let call: Vec<Value> = call.iter().cloned().chain(payload).collect();
                    let mut frame = Vec::new();
                    to_writer(serializer, &call, &mut frame).unwrap();
                    frames.push(frame.into());
                }
            }
        }
        frames
    }

    #[test]
    fn what_is_read_quickly_is_read_the_same() {
        for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
            let mut quick = 0;
            for frame in frames(serializer) {
                let expected = read_generally(serializer, &frame).unwrap();
                if let Some(call) = call(serializer, &frame) {
                    quick += 1;
                    assert_eq!(format!("{call:?}"), format!("{expected:?}"));
                }
            }
            assert!(quick > 60, "{serializer:?}: only {quick} frames were read quickly");
        }
    }

    #[test]
    fn every_cut_and_every_changed_byte_gives_the_same_result() {
        for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
            for frame in frames(serializer).into_iter().step_by(5) {
                for at in 0..frame.len() {
                    let mut changed = frame.to_vec();
                    for byte in [0, 1, b'0', b'"', b'\\', b' ', 0x7f, 0x80, 0xa0, 0xff] {
                        changed[at] = byte;
                        agree(serializer, &Bytes::copy_from_slice(&changed));
                    }
                    agree(serializer, &frame.slice(..at));
                }
            }
        }
    }

    /// With the quick reader and without it the same comes out.
    fn agree(serializer: Serializer, frame: &Bytes) {
        let Some(quick) = call(serializer, frame) else { return };
        let general = read_generally(serializer, frame).unwrap();
        assert_eq!(format!("{quick:?}"), format!("{general:?}"), "{serializer:?} {frame:?}");
        assert!(matches!(Message::decode(serializer, frame), Ok(Message::Call(_))));
    }
}
