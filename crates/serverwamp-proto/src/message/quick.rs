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
    let list = ListReader::resume(serializer, frame, prefix.at, prefix.left)?;
    let elements = Elements::resume(serializer, frame, list, "CALL", 4..=6, 4, request);
    let payload = elements.complete(|elements| Payload::read(elements, "")).ok()?;
    let procedure = Cow::Borrowed(prefix.procedure);
    Some(Call { request, options: CallOptions::default(), procedure, payload })
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
                for payload in
                    [vec![], vec![Value::List(vec![])], vec![Value::List(vec![1.into(), "x".into()])]]
                {
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
