//! Properties of the serializers for all bytes and values, with serde_json, rmpv and ciborium as oracles.
//!
//! Covers SER-01 to SER-05, SER-08, SER-11 and SER-14 of the checklist beyond the tables in the crate.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails; clippy.toml sees test functions only")]

use proptest::collection::vec;
use proptest::prelude::*;
use serverwamp_proto::codec::{
    Dict, DictReader, Kind, ListReader, Serializer, Value, from_slice, to_writer, transcode,
};
use serverwamp_proto::payload::{Part, Payload};

const ALL: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

fn written(serializer: Serializer, value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    to_writer(serializer, value, &mut out).unwrap();
    out
}

fn read(serializer: Serializer, bytes: &[u8]) -> Result<Value, String> {
    from_slice(serializer, bytes).map_err(|error| error.to_string())
}

/// Text that all three serializers can hold: none that starts with NUL (SER-09).
fn text() -> impl Strategy<Value = String> {
    "[a-c\"\\\\/\n\u{1}\u{7f}éß€😀][\\x00-\\x7fé€😀]{0,40}|"
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-300i64..300).prop_map(Value::from),
        proptest::num::f64::NORMAL.prop_map(Value::from),
        (-1000i32..1000).prop_map(|n| Value::from(f64::from(n) / 4.0)),
        text().prop_map(Value::from),
        vec(any::<u8>(), 0..40).prop_map(Value::Binary),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..20).prop_map(Value::List),
            vec((text(), inner), 0..20).prop_map(|entries| Value::Dict(entries.into_iter().collect())),
        ]
    })
}

/// Bytes that are nearly an encoded value.
fn nearly(serializer: Serializer) -> impl Strategy<Value = Vec<u8>> {
    let value = value().prop_map(move |value| written(serializer, &value));
    (value, vec((any::<prop::sample::Index>(), any::<u8>()), 0..3)).prop_map(|(mut bytes, changes)| {
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes
    })
}

/// Reads a list element by element; the last result says whether all of it was well formed.
fn walk(serializer: Serializer, bytes: &[u8]) -> Result<usize, String> {
    let mut list = ListReader::open(serializer, bytes).map_err(|error| error.to_string())?;
    let mut count = 0;
    loop {
        let kind = list.peek();
        if kind == Ok(None) {
            list.finish().map_err(|error| error.to_string())?;
            return Ok(count);
        }
        let raw = list.raw().map_err(|error| error.to_string())?;
        count += 1;
        if kind == Ok(Some(Kind::Dict)) {
            let mut dict = DictReader::open(serializer, raw).unwrap();
            while let Ok(Some(_)) = dict.key() {
                let _ = dict.peek();
            }
        }
    }
}

/// Everything that reads bytes, for its panics.
fn read_in_every_way(serializer: Serializer, bytes: &[u8]) {
    let _ = read(serializer, bytes);
    let _ = walk(serializer, bytes);
    for to in ALL {
        let mut out = Vec::new();
        let _ = transcode(serializer, bytes, to, &mut out);
    }
    let payload = Payload::of_parts(serializer, Part::copied(bytes), Part::copied(bytes));
    let args_only = Payload { kwargs: Part::new(), ..payload.clone() };
    for payload in [payload, args_only] {
        let _ = payload.bind::<(Value, Option<Value>)>();
        let _ = payload.bind::<Dict>();
        let _ = payload.bind::<std::net::IpAddr>();
        let _ = payload.arg::<Vec<u8>>();
    }
}

proptest! {
    #[test]
    fn a_value_survives_every_serializer_and_every_way_between_them(value in value()) {
        for from in ALL {
            let bytes = written(from, &value);
            prop_assert_eq!(read(from, &bytes), Ok(value.clone()));
            for to in ALL {
                let mut out = Vec::new();
                transcode(from, &bytes, to, &mut out).unwrap();
                prop_assert_eq!(out, written(to, &value));
            }
        }
    }

    #[test]
    fn no_part_of_a_list_is_a_list(value in value()) {
        for serializer in ALL {
            let bytes = written(serializer, &Value::List(vec![value.clone()]));
            prop_assert_eq!(walk(serializer, &bytes), Ok(1));
            for len in 0..bytes.len() {
                prop_assert!(read(serializer, &bytes[..len]).is_err());
                prop_assert!(walk(serializer, &bytes[..len]).is_err());
            }
        }
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
        for serializer in ALL {
            read_in_every_way(serializer, &bytes);
        }
    }

    #[test]
    fn no_damaged_bytes_make_a_reader_panic(
        json in nearly(Serializer::Json),
        msgpack in nearly(Serializer::MessagePack),
        cbor in nearly(Serializer::Cbor),
    ) {
        for (serializer, bytes) in ALL.into_iter().zip([json, msgpack, cbor]) {
            read_in_every_way(serializer, &bytes);
            // The same within a list, so that the walkers get to see it.
            let prefix: &[u8] = if serializer == Serializer::Cbor { &[0x81] } else { &[0x91] };
            if serializer != Serializer::Json {
                read_in_every_way(serializer, &[prefix, &bytes].concat());
            }
        }
    }

    /// Handing a payload out as raw bytes must not let anything through that reading it would refuse, but for a number that
    /// the reader's type has not.
    #[test]
    fn ser_08_passing_and_reading_accept_the_same_json(bytes in nearly(Serializer::Json)) {
        let list = [b"[", &bytes[..], b"]"].concat();
        let (passed, read) = (walk(Serializer::Json, &list), read(Serializer::Json, &list));
        match read {
            Err(error) if error.contains("number out of range") || error.contains("more than 128 bits") => {}
            read => prop_assert_eq!(passed.is_ok(), read.is_ok()),
        }
    }

    #[test]
    fn what_is_read_can_be_passed(
        msgpack in nearly(Serializer::MessagePack),
        cbor in nearly(Serializer::Cbor),
    ) {
        for (serializer, one, bytes) in
            [(Serializer::MessagePack, 0x91u8, msgpack), (Serializer::Cbor, 0x81, cbor)]
        {
            let list = [&[one], &bytes[..]].concat();
            if read(serializer, &list).is_ok() {
                prop_assert_eq!(walk(serializer, &list), Ok(1));
            }
        }
    }
}

// ---- oracles -------------------------------------------------------------------------------------------------------

/// serde_json's floats may be off in their last bit.
fn same_number(ours: f64, theirs: f64) -> bool {
    (ours - theirs).abs() <= ours.abs() * 1e-14
}

fn same_json(ours: &Value, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as Json;
    match (ours, theirs) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(ours), Json::Bool(theirs)) => ours == theirs,
        // It reads -0 as a float.
        (Value::Integer(0), Json::Number(theirs)) => theirs.as_f64() == Some(0.0),
        (Value::Integer(ours), Json::Number(theirs)) => theirs.as_i64() == Some(*ours),
        (Value::Unsigned(ours), Json::Number(theirs)) => theirs.as_u64() == Some(*ours),
        (Value::Wide(ours), Json::Number(theirs)) => same_number(*ours as f64, theirs.as_f64().unwrap()),
        (Value::Float(ours), Json::Number(theirs)) => {
            theirs.is_f64() && same_number(*ours, theirs.as_f64().unwrap())
        }
        (Value::Text(ours), Json::String(theirs)) => ours == theirs,
        (Value::Binary(_), Json::String(theirs)) => theirs.starts_with('\0'),
        (Value::List(ours), Json::Array(theirs)) => {
            ours.len() == theirs.len()
                && ours.iter().zip(theirs).all(|(ours, theirs)| same_json(ours, theirs))
        }
        (Value::Dict(ours), Json::Object(theirs)) => ours
            .iter()
            .all(|(key, _)| theirs.get(key).is_some_and(|theirs| same_json(ours.get(key).unwrap(), theirs))),
        _ => false,
    }
}

fn from_rmpv(value: rmpv::Value) -> Value {
    match value {
        rmpv::Value::Nil => Value::Null,
        rmpv::Value::Boolean(value) => Value::from(value),
        rmpv::Value::Integer(value) => match (value.as_i64(), value.as_u64()) {
            (Some(value), _) => Value::from(value),
            (_, value) => Value::from(value.unwrap()),
        },
        rmpv::Value::F32(value) => Value::from(value),
        rmpv::Value::F64(value) => Value::from(value),
        rmpv::Value::String(value) => Value::from(value.into_str().expect("we check UTF-8")),
        rmpv::Value::Binary(value) => Value::Binary(value),
        rmpv::Value::Array(values) => Value::List(values.into_iter().map(from_rmpv).collect()),
        rmpv::Value::Map(entries) => {
            let name = |key: rmpv::Value| key.as_str().expect("we take strings only").to_owned();
            Value::Dict(entries.into_iter().map(|(key, value)| (name(key), from_rmpv(value))).collect())
        }
        rmpv::Value::Ext(..) => panic!("we take no extensions"),
    }
}

fn to_rmpv(value: &Value) -> rmpv::Value {
    match value {
        Value::Null => rmpv::Value::Nil,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Unsigned(value) => (*value).into(),
        Value::Wide(value) => (*value as f64).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Binary(value) => value.as_slice().into(),
        Value::List(values) => rmpv::Value::Array(values.iter().map(to_rmpv).collect()),
        Value::Dict(dict) => {
            rmpv::Value::Map(dict.iter().map(|(key, value)| (key.into(), to_rmpv(value))).collect())
        }
    }
}

fn from_ciborium(value: ciborium::Value) -> Value {
    use ciborium::Value as Cbor;
    match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::from(value),
        Cbor::Integer(value) => match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Value::from(value),
            (_, Ok(value)) => Value::from(value),
            _ => Value::from(i128::from(value)),
        },
        Cbor::Float(value) => Value::from(value),
        Cbor::Text(value) => Value::from(value),
        Cbor::Bytes(value) => Value::Binary(value),
        Cbor::Array(values) => Value::List(values.into_iter().map(from_ciborium).collect()),
        Cbor::Map(entries) => {
            let name = |key| match from_ciborium(key) {
                Value::Text(name) => name,
                other => panic!("we take strings only, not {other:?}"),
            };
            Value::Dict(entries.into_iter().map(|(key, value)| (name(key), from_ciborium(value))).collect())
        }
        Cbor::Tag(_, value) => from_ciborium(*value),
        other => panic!("we read no {other:?}"),
    }
}

fn to_ciborium(value: &Value) -> ciborium::Value {
    use ciborium::Value as Cbor;
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Unsigned(value) => (*value).into(),
        Value::Wide(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::Binary(value) => value.as_slice().into(),
        Value::List(values) => Cbor::Array(values.iter().map(to_ciborium).collect()),
        Value::Dict(dict) => {
            Cbor::Map(dict.iter().map(|(key, value)| (key.into(), to_ciborium(value))).collect())
        }
    }
}

/// Dictionaries of the oracles lose or keep keys that come twice; both ways of ours are put into one form.
fn settled(value: Value) -> Value {
    match value {
        Value::List(values) => Value::List(values.into_iter().map(settled).collect()),
        Value::Dict(dict) => {
            Value::Dict(dict.into_iter().map(|(key, value)| (key, settled(value))).collect())
        }
        scalar => scalar,
    }
}

/// NaNs are equal in this form, and the signs of zeros are seen.
fn shown(value: Value) -> String {
    format!("{:?}", settled(value))
}

proptest! {
    #[test]
    fn ser_02_serde_json_reads_what_we_write(value in value()) {
        let theirs: serde_json::Value = serde_json::from_slice(&written(Serializer::Json, &value)).unwrap();
        prop_assert!(same_json(&value, &theirs), "{:?} {}", value, theirs);
        // And the other way round, with spaces and its own idea of escapes.
        let pretty = serde_json::to_vec_pretty(&theirs).unwrap();
        prop_assert!(same_json(&read(Serializer::Json, &pretty).unwrap(), &theirs));
    }

    #[test]
    fn ser_02_we_are_exactly_as_strict_as_serde_json(
        text in "([\\[\\]{}:, \"]|[-+0-9.eE]{1,6}|null|true|false|\"[a-c]{0,2}\"|\"\\\\[\"/bfnrtux\\\\]\"|\"\\\\ud8[0-9a-f]{2}(\\\\ud[c-f][0-9a-f]{2})?\"){0,8}"
    ) {
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match read(Serializer::Json, text.as_bytes()) {
            Ok(ours) => {
                prop_assert!(theirs.is_ok(), "only we read {}", text);
                prop_assert!(same_json(&ours, &theirs.unwrap()), "{}", text);
            }
            Err(error) => prop_assert!(theirs.is_err(), "only they read {}: {}", text, error),
        }
    }

    #[test]
    fn serde_json_reads_all_damaged_json_that_we_read(bytes in nearly(Serializer::Json)) {
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
        match read(Serializer::Json, &bytes) {
            Ok(ours) => prop_assert!(same_json(&ours, &theirs.unwrap())),
            // Bytes are our own matter.
            Err(error) => prop_assert!(
                theirs.is_err() || error.contains("NUL") || error.contains("keys must be strings"),
                "{}", error
            ),
        }
    }

    #[test]
    fn ser_03_rmpv_and_we_read_each_other(value in value()) {
        let bytes = written(Serializer::MessagePack, &value);
        let theirs = rmpv::decode::read_value(&mut &bytes[..]).unwrap();
        prop_assert_eq!(&from_rmpv(theirs), &value);
        let mut bytes = Vec::new();
        rmpv::encode::write_value(&mut bytes, &to_rmpv(&value)).unwrap();
        // It writes the shortest forms too, so the bytes are the same.
        prop_assert_eq!(bytes, written(Serializer::MessagePack, &value));
    }

    #[test]
    fn rmpv_reads_all_damaged_messagepack_that_we_read(bytes in nearly(Serializer::MessagePack)) {
        if let Ok(ours) = read(Serializer::MessagePack, &bytes) {
            let mut rest = &bytes[..];
            let theirs = rmpv::decode::read_value(&mut rest).unwrap();
            prop_assert!(rest.is_empty());
            prop_assert_eq!(shown(ours), shown(from_rmpv(theirs)));
        }
    }

    #[test]
    fn ser_04_ciborium_and_we_read_each_other(value in value()) {
        let bytes = written(Serializer::Cbor, &value);
        let theirs: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
        prop_assert_eq!(&from_ciborium(theirs), &value);
        let mut bytes = Vec::new();
        ciborium::into_writer(&to_ciborium(&value), &mut bytes).unwrap();
        // Its floats come in half and single precision where that is exact.
        prop_assert_eq!(read(Serializer::Cbor, &bytes), Ok(value));
    }

    #[test]
    fn ciborium_reads_all_damaged_cbor_that_we_read(bytes in nearly(Serializer::Cbor)) {
        if let Ok(ours) = read(Serializer::Cbor, &bytes) {
            let theirs: ciborium::Value = ciborium::from_reader(&bytes[..]).unwrap();
            // It makes numbers out of tagged bytes; where such a tag may be, only acceptance is compared.
            let tags = |byte: &u8| matches!(byte, 0xc2..=0xc5 | 0xd8..=0xdb);
            if !bytes.iter().any(tags) {
                prop_assert_eq!(shown(ours), shown(from_ciborium(theirs)));
            }
        }
    }

    #[test]
    fn ser_04_half_floats_are_what_ciborium_says(bits in any::<u16>()) {
        let [high, low] = bits.to_be_bytes();
        let theirs: f64 = ciborium::from_reader(&[0xf9, high, low][..]).unwrap();
        let ours: f64 = from_slice(Serializer::Cbor, &[0xf9, high, low]).unwrap();
        prop_assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
