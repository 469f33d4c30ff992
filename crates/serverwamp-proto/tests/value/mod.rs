//! Frames and plain values, turned into each other by other people's libraries: an oracle independent of our codec.
//!
//! A byte string is written as WAMP's JSON writes it: text that starts with NUL, then base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};
use serverwamp_proto::codec::Serializer;

/// The serializers every test runs under.
pub(crate) const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

/// Encodes a value.
pub(crate) fn to_frame(serializer: Serializer, value: &Value) -> Bytes {
    let mut out = Vec::new();
    match serializer {
        Serializer::Json => out = serde_json::to_vec(value).unwrap(),
        Serializer::MessagePack => rmpv::encode::write_value(&mut out, &to_rmpv(value)).unwrap(),
        Serializer::Cbor => ciborium::into_writer(&to_cbor(value), &mut out).unwrap(),
    }
    out.into()
}

/// Decodes a frame; nothing may trail.
pub(crate) fn to_value(serializer: Serializer, frame: &[u8]) -> Value {
    match serializer {
        Serializer::Json => serde_json::from_slice(frame).unwrap(),
        Serializer::MessagePack => {
            let mut rest = frame;
            let value = rmpv::decode::read_value(&mut rest).unwrap();
            assert!(rest.is_empty());
            from_rmpv(&value)
        }
        Serializer::Cbor => {
            let mut rest = frame;
            let value: ciborium::Value = ciborium::from_reader(&mut rest).unwrap();
            assert!(rest.is_empty());
            from_cbor(&value)
        }
    }
}

fn binary_of(text: &str) -> Option<Vec<u8>> {
    Some(STANDARD.decode(text.strip_prefix('\0')?).unwrap())
}

fn text_of(binary: &[u8]) -> Value {
    Value::String(format!("\0{}", STANDARD.encode(binary)))
}

fn to_rmpv(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (_, Some(number)) => number.into(),
            _ => number.as_f64().unwrap().into(),
        },
        Value::String(text) => match binary_of(text) {
            Some(binary) => rmpv::Value::Binary(binary),
            None => text.as_str().into(),
        },
        Value::Array(values) => rmpv::Value::Array(values.iter().map(to_rmpv).collect()),
        Value::Object(entries) => rmpv::Value::Map(
            entries.iter().map(|(key, value)| (key.as_str().into(), to_rmpv(value))).collect(),
        ),
    }
}

fn from_rmpv(value: &rmpv::Value) -> Value {
    match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(value) => (*value).into(),
        rmpv::Value::Integer(number) => {
            number.as_u64().map(Value::from).or_else(|| number.as_i64().map(Value::from)).unwrap()
        }
        rmpv::Value::F32(number) => f64::from(*number).into(),
        rmpv::Value::F64(number) => (*number).into(),
        rmpv::Value::String(text) => text.as_str().unwrap().into(),
        rmpv::Value::Binary(binary) => text_of(binary),
        rmpv::Value::Array(values) => values.iter().map(from_rmpv).collect(),
        rmpv::Value::Map(entries) => {
            let entry = |(key, value): &(rmpv::Value, rmpv::Value)| {
                (key.as_str().unwrap().to_owned(), from_rmpv(value))
            };
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        rmpv::Value::Ext(..) => panic!("no test sends extension types"),
    }
}

fn to_cbor(value: &Value) -> ciborium::Value {
    match value {
        Value::String(text) => match binary_of(text) {
            Some(binary) => ciborium::Value::Bytes(binary),
            None => text.as_str().into(),
        },
        Value::Array(values) => ciborium::Value::Array(values.iter().map(to_cbor).collect()),
        Value::Object(entries) => ciborium::Value::Map(
            entries.iter().map(|(key, value)| (key.as_str().into(), to_cbor(value))).collect(),
        ),
        scalar => ciborium::Value::serialized(scalar).unwrap(),
    }
}

fn from_cbor(value: &ciborium::Value) -> Value {
    match value {
        ciborium::Value::Bytes(binary) => text_of(binary),
        ciborium::Value::Array(values) => values.iter().map(from_cbor).collect(),
        ciborium::Value::Map(entries) => {
            let entry = |(key, value): &(ciborium::Value, ciborium::Value)| {
                (key.as_text().unwrap().to_owned(), from_cbor(value))
            };
            Value::Object(entries.iter().map(entry).collect::<Map<_, _>>())
        }
        scalar => scalar.deserialized().unwrap(),
    }
}
