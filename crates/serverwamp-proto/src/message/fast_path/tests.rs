//! The fast path compared with the general reader.

use super::*;
use crate::codec::{Dict, Value, to_writer};
use crate::message::{Bounds, Violation};

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

/// The same frame, read without this folder.
fn read_generally(serializer: Serializer, frame: &Bytes) -> Result<Message<'_>, Violation> {
    let (code, elements) = Elements::open(serializer, frame, Bounds::NONE)?;
    match code {
        16 => elements.message("PUBLISH", 4..=6).map(Message::Publish),
        48 => elements.message("CALL", 4..=6).map(Message::Call),
        50 => elements.message("RESULT", 3..=5).map(Message::Result),
        70 => elements.message("YIELD", 3..=5).map(Message::Yield),
        other => Err(Violation::new(format!("type code {other}"))),
    }
}

fn payloads() -> Vec<Vec<Value>> {
    let nested = Value::List(vec![Value::Null, true.into(), Value::List(vec![(-1).into()])]);
    let flat =
        Value::List(vec![0.into(), 7.into(), 1_000_000.into(), u64::MAX.into(), "text".into(), "".into()]);
    let odd = Value::List(vec![1.5.into(), (-7).into(), i64::MIN.into(), "\u{e4}\n".into(), "a\0".into()]);
    let mut keywords = Dict::new();
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

const IDS: [u64; 12] = [1, 9, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, 1 << 53];

/// The id and the elements before the payload, of every message that has a fast path.
fn beginnings() -> Vec<(u64, Vec<Value>)> {
    let none = || Value::Dict(Dict::new());
    let mut acknowledge = Dict::new();
    acknowledge.insert("acknowledge", true);
    let mut beginnings = Vec::new();
    for id in IDS {
        for code in [50_u64, 70] {
            beginnings.push((id, vec![code.into(), id.into(), none()]));
        }
        for uri in ["a", "demo.add", "com.example.a_rather_long_uri.beyond.the.short.form", ""] {
            for (code, options) in [(48_u64, none()), (16, none()), (16, acknowledge.clone().into())] {
                beginnings.push((id, vec![code.into(), id.into(), options, uri.into()]));
            }
        }
    }
    beginnings
}

/// The same with every payload.
fn messages() -> Vec<(u64, Vec<Value>)> {
    let mut messages = Vec::new();
    for (id, beginning) in beginnings() {
        for payload in payloads() {
            messages.push((id, beginning.iter().cloned().chain(payload).collect()));
        }
    }
    messages
}

fn encode(serializer: Serializer, message: &[Value]) -> Bytes {
    let mut frame = Vec::new();
    to_writer(serializer, message, &mut frame).unwrap();
    frame.into()
}

/// With the quick readers and without them the same comes out; whether it was quick.
fn agree(serializer: Serializer, frame: &Bytes) -> bool {
    let result = quick_result(serializer, frame, &Bounds::NONE).map(Message::Result);
    let request = || quick_request(serializer, frame, &Bounds::NONE).map(Message::from);
    if let Some(short) = short_request(serializer, frame) {
        let quick = request().expect("what is short is quick");
        assert_eq!(format!("{:?}", Message::from(short)), format!("{quick:?}"), "{serializer:?} {frame:?}");
    }
    let Some(quick) = result.or_else(request) else { return false };
    let general = read_generally(serializer, frame)
        .unwrap_or_else(|violation| panic!("{serializer:?} {frame:?}: {violation}"));
    assert_eq!(format!("{quick:?}"), format!("{general:?}"), "{serializer:?} {frame:?}");
    let decoded = Message::decode(serializer, frame).unwrap();
    assert_eq!(format!("{decoded:?}"), format!("{general:?}"), "{serializer:?} {frame:?}");
    true
}

#[test]
fn what_is_read_quickly_is_read_the_same() {
    for serializer in SERIALIZERS {
        for (id, message) in messages() {
            let frame = encode(serializer, &message);
            read_generally(serializer, &frame).unwrap();
            // JSON is quick up to 15 digits, the others up to 32 bits.
            let plain = if serializer == Serializer::Json { id < 1 << 53 } else { id < 1 << 32 };
            assert_eq!(agree(serializer, &frame), plain, "{serializer:?} {frame:?}");
        }
    }
}

#[test]
fn every_cut_and_every_changed_byte_gives_the_same_result() {
    for serializer in SERIALIZERS {
        for (_, message) in messages().into_iter().step_by(5) {
            let frame = encode(serializer, &message);
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

/// Each byte before the payload takes every value: other type codes, lengths and kinds among them.
#[test]
fn every_byte_of_a_beginning_may_be_any_byte() {
    let mut keywords = Dict::new();
    keywords.insert("k", 1);
    let payload = [Value::List(vec![1.into()]), keywords.into()];
    for serializer in SERIALIZERS {
        for (_, beginning) in beginnings().into_iter().step_by(7) {
            for elements in 0..=payload.len() {
                let message: Vec<_> =
                    beginning.iter().cloned().chain(payload[..elements].iter().cloned()).collect();
                let frame = encode(serializer, &message);
                for at in 0..frame.len().min(16) {
                    let mut changed = frame.to_vec();
                    for byte in 0..=u8::MAX {
                        changed[at] = byte;
                        agree(serializer, &Bytes::copy_from_slice(&changed));
                    }
                }
            }
        }
    }
}

/// Lists that announce an element more or less than they have, and options that are not of this message.
#[test]
fn only_the_plainest_form_is_quick() {
    let texts: [(Serializer, &[u8]); 16] = [
        (Serializer::Json, b"[70,1,{\"acknowledge\":true}]"),
        (Serializer::Json, b"[48,1,{\"acknowledge\":true},\"a\"]"),
        (Serializer::Json, b"[16,1,{\"acknowledge\":false},\"a\"]"),
        (Serializer::Json, b"[16,1,{\"acknowledge\":true,\"retain\":true},\"a\"]"),
        (Serializer::Json, b"[70,1,{},\"a\"]"),
        (Serializer::Json, b"[70,1,{},[],{},1]"),
        (Serializer::Json, b"[16,01,{},\"a\"]"),
        (Serializer::Json, b"[49,1,{}]"),
        (Serializer::MessagePack, b"\x93\x10\x01\x80"),
        (Serializer::MessagePack, b"\x93\x46\x01\x81\xabacknowledge\xc3"),
        (Serializer::MessagePack, b"\x94\x30\x01\x80\xa1a\x91\x01"),
        (Serializer::MessagePack, b"\x96\x46\x01\x80\x90\x80\x01"),
        (Serializer::Cbor, b"\x83\x10\x01\xa0"),
        (Serializer::Cbor, b"\x84\x18\x30\x01\xa0\x61a\x81\x01"),
        (Serializer::Cbor, b"\x84\x18\x10\x01\xa0\x61a"),
        (Serializer::Cbor, b"\x83\x18\x46\x01\xa1\x6backnowledge\xf5"),
    ];
    for (serializer, frame) in texts {
        let frame = Bytes::from_static(frame);
        assert!(quick_request(serializer, &frame, &Bounds::NONE).is_none(), "{serializer:?} {frame:?}");
    }
}
