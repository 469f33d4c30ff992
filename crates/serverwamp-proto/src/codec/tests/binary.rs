//! MessagePack and CBOR: every form a peer may choose, and those it may not.

use super::{unhex, well_formed};
use crate::codec::{Dict, Kind, ListReader, Serializer, Value, from_slice, to_writer, transcode};

fn read(serializer: Serializer, hex: &str) -> Result<Value, String> {
    from_slice(serializer, &unhex(hex)).map_err(|error| error.reason.into_owned())
}

fn written<T: serde::Serialize + ?Sized>(serializer: Serializer, value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    to_writer(serializer, value, &mut out).unwrap();
    out
}

fn accepts(serializer: Serializer, table: &[(&str, Value)]) {
    for (hex, expected) in table {
        assert_eq!(read(serializer, hex).as_ref(), Ok(expected), "{hex}");
        assert_eq!(well_formed(serializer, &unhex(hex)), Ok(()), "{hex}");
        let listed = unhex(&format!("{} {hex}", if serializer == Serializer::Cbor { "81" } else { "91" }));
        let kind = ListReader::open(serializer, &listed).unwrap().peek().unwrap().unwrap();
        let expected = match expected {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Boolean,
            Value::Integer(_) | Value::Unsigned(_) | Value::Wide(_) => Kind::Integer,
            Value::Float(_) => Kind::Float,
            Value::Text(_) => Kind::Text,
            Value::Binary(_) => Kind::Binary,
            Value::List(_) => Kind::List,
            Value::Dict(_) => Kind::Dict,
        };
        assert_eq!(kind, expected, "{hex}");
    }
}

fn dict(key: &str, value: i64) -> Value {
    Value::Dict(Dict::from_iter([(key, value)]))
}

#[test]
fn ser_03_ser_05_every_form_of_messagepack() {
    let text = |len: usize| Value::Text("a".repeat(len));
    accepts(
        Serializer::MessagePack,
        &[
            ("7f", 127.into()),
            ("e0", (-32).into()),
            ("ff", (-1).into()),
            ("cc 01", 1.into()),
            ("cd 0001", 1.into()),
            ("ce 00000001", 1.into()),
            ("cf ffffffffffffffff", u64::MAX.into()),
            ("d0 80", (-128).into()),
            ("d1 8000", (-32768).into()),
            ("d2 80000000", i64::from(i32::MIN).into()),
            ("d3 8000000000000000", i64::MIN.into()),
            ("d0 05", 5.into()),
            ("ca 3fc00000", 1.5.into()),
            ("cb 3ff8000000000000", 1.5.into()),
            ("c0", Value::Null),
            ("c2", false.into()),
            ("c3", true.into()),
            ("a0", text(0)),
            ("a1 61", text(1)),
            ("d9 01 61", text(1)),
            ("da 0001 61", text(1)),
            ("db 00000001 61", text(1)),
            ("c4 01 61", Value::Binary(b"a".to_vec())),
            ("c5 0001 61", Value::Binary(b"a".to_vec())),
            ("c6 00000001 61", Value::Binary(b"a".to_vec())),
            ("90", Value::List(vec![])),
            ("91 01", vec![1].into()),
            ("dc 0001 01", vec![1].into()),
            ("dd 00000001 01", vec![1].into()),
            ("80", Value::Dict(Dict::new())),
            ("81 a1 61 01", dict("a", 1)),
            ("de 0001 a1 61 01", dict("a", 1)),
            ("df 00000001 a1 61 01", dict("a", 1)),
        ],
    );
}

#[test]
fn messagepack_that_is_none_is_refused() {
    for (hex, reason) in [
        ("", "unexpected end of input"),
        ("c1", "0xc1 is not a MessagePack type"),
        ("91 c1", "0xc1 is not a MessagePack type"),
        ("a1 ff", "text is not valid UTF-8"),
        ("81 a1 ff 01", "text is not valid UTF-8"),
        ("cd 00", "unexpected end of input"),
        ("a2 61", "announced length exceeds the input"),
        ("01 01", "trailing bytes"),
        ("81 90 01", "dictionary keys must not be lists or dictionaries"),
    ] {
        assert_eq!(well_formed(Serializer::MessagePack, &unhex(hex)).unwrap_err().reason, reason, "{hex}");
        assert!(read(Serializer::MessagePack, hex).is_err(), "{hex}");
    }
}

#[test]
fn ser_13_what_only_messagepack_has_is_carried_but_not_understood() {
    for hex in [
        "d4 01 00",
        "d5 01 0000",
        "d6 01 00000000",
        "d7 01 0000000000000000",
        "c7 00 01",
        "c8 0001 01 00",
        "c9 00000001 01 00",
        "d8 01 00000000000000000000000000000000",
    ] {
        let bytes = unhex(hex);
        let list = unhex(&format!("91 {hex}"));
        let mut reader = ListReader::open(Serializer::MessagePack, &list).unwrap();
        assert_eq!(reader.peek().unwrap_err().reason, "extension types cannot be read");
        assert_eq!(reader.raw().unwrap(), bytes, "{hex}");
        reader.finish().unwrap();
        let error = from_slice::<Value>(Serializer::MessagePack, &bytes).unwrap_err();
        assert_eq!(error.reason, "invalid type: extension type, expected any value");
        // Bytes, least of all.
        assert!(from_slice::<Vec<u8>>(Serializer::MessagePack, &bytes).is_err());
        for to in [Serializer::Json, Serializer::Cbor] {
            let mut out = b"kept".to_vec();
            transcode(Serializer::MessagePack, &list, to, &mut out).unwrap_err();
            assert_eq!(out, b"kept");
        }
    }
}

#[test]
fn ser_04_ser_05_every_form_of_cbor() {
    let text = |text: &str| Value::from(text);
    accepts(
        Serializer::Cbor,
        &[
            ("17", 23.into()),
            ("18 01", 1.into()),
            ("19 0001", 1.into()),
            ("1a 00000001", 1.into()),
            ("1b 0000000000000001", 1.into()),
            ("1b ffffffffffffffff", u64::MAX.into()),
            ("20", (-1).into()),
            ("38 ff", (-256).into()),
            ("3b 7fffffffffffffff", i64::MIN.into()),
            ("f9 3e00", 1.5.into()),
            ("f9 0001", 2f64.powi(-24).into()),
            ("f9 03ff", (1023.0 * 2f64.powi(-24)).into()),
            ("f9 0400", 2f64.powi(-14).into()),
            ("f9 7bff", 65504.0.into()),
            ("f9 c400", (-4.0).into()),
            ("f9 7c00", f64::INFINITY.into()),
            ("f9 fc00", f64::NEG_INFINITY.into()),
            ("fa 3fc00000", 1.5.into()),
            ("fb 3ff8000000000000", 1.5.into()),
            ("f4", false.into()),
            ("f5", true.into()),
            ("f6", Value::Null),
            ("f7", Value::Null),
            ("61 61", text("a")),
            ("78 01 61", text("a")),
            ("7f ff", text("")),
            ("7f 61 61 60 62 c3a9 ff", text("aé")),
            ("41 61", Value::Binary(b"a".to_vec())),
            ("5f 41 61 41 62 ff", Value::Binary(b"ab".to_vec())),
            ("9f 01 02 ff", vec![1, 2].into()),
            ("9f ff", Value::List(vec![])),
            ("9b 0000000000000001 01", vec![1].into()),
            ("bf 61 61 01 ff", dict("a", 1)),
            ("bf ff", Value::Dict(Dict::new())),
            (
                "9f 9f ff bf 7f 61 61 ff 80 ff ff",
                Value::List(vec![
                    Value::List(vec![]),
                    Value::Dict(Dict::from_iter([("a", Value::List(vec![]))])),
                ]),
            ),
            ("c0 61 61", text("a")),
            ("c2 42 0100", 256.into()),
            ("3b ffffffffffffffff", Value::Wide(-(1 << 64))),
            ("c2 49 01 0000000000000000", Value::Wide(1 << 64)),
            ("c4 82 21 19 07cf", 19.99.into()),
            ("d8 20 d9 d9f7 61 61", text("a")),
            ("c1 f6", Value::Null),
            ("a1 c0 61 61 c1 01", dict("a", 1)),
        ],
    );
    assert!(matches!(read(Serializer::Cbor, "f9 7e00"), Ok(Value::Float(nan)) if nan.is_nan()));
    assert_eq!(from_slice(Serializer::Cbor, &unhex("3b ffffffffffffffff")), Ok(-(1i128 << 64)));
}

#[test]
fn ser_04_the_indefinite_envelope_of_the_checklist() {
    let bytes = unhex("9f 18 20 01 a0 63 612e62 ff");
    let mut list = ListReader::open(Serializer::Cbor, &bytes).unwrap();
    assert_eq!((list.unsigned(), list.unsigned()), (Ok(32), Ok(1)));
    assert_eq!(list.raw().unwrap(), [0xa0]);
    assert_eq!(list.text().unwrap(), "a.b");
    list.finish().unwrap();
}

#[test]
fn cbor_that_is_none_is_refused() {
    for (hex, reason) in [
        ("", "unexpected end of input"),
        ("1c", "not a CBOR item"),
        ("1f", "not a CBOR item"),
        ("3f", "not a CBOR item"),
        ("5e", "not a CBOR item"),
        ("df 01", "not a CBOR item"),
        ("fc", "not a CBOR item"),
        ("f8 1f", "not a CBOR item"),
        ("ff", "a break without an open list, dictionary or string"),
        ("81 ff", "a break without an open list, dictionary or string"),
        ("bf 61 61 ff", "a break without an open list, dictionary or string"),
        ("9f c0 ff", "a break without an open list, dictionary or string"),
        ("7f 41 61 ff", "a chunked string must consist of chunks of its own type"),
        ("7f 7f 61 61 ff ff", "a chunked string must consist of chunks of its own type"),
        ("7f c0 61 61 ff", "a chunked string must consist of chunks of its own type"),
        ("5f 61 61 ff", "a chunked string must consist of chunks of its own type"),
        // A character may not be split over two chunks.
        ("7f 61 c3 61 a9 ff", "text is not valid UTF-8"),
        ("61 ff", "text is not valid UTF-8"),
        ("7f 61 61", "unexpected end of input"),
        ("9f 01", "unexpected end of input"),
        ("c0", "unexpected end of input"),
        ("19 01", "unexpected end of input"),
        ("62 61", "announced length exceeds the input"),
        ("01 01", "trailing bytes"),
        ("a1 80 01", "dictionary keys must not be lists or dictionaries"),
    ] {
        assert_eq!(well_formed(Serializer::Cbor, &unhex(hex)).unwrap_err().reason, reason, "{hex}");
        assert!(read(Serializer::Cbor, hex).is_err(), "{hex}");
    }
}

#[test]
fn unassigned_simple_values_are_carried_but_not_understood() {
    for hex in ["e0", "f3", "f8 20", "f8 ff"] {
        assert_eq!(well_formed(Serializer::Cbor, &unhex(hex)), Ok(()), "{hex}");
        assert!(read(Serializer::Cbor, hex).is_err(), "{hex}");
        let list = unhex(&format!("81 {hex}"));
        assert!(ListReader::open(Serializer::Cbor, &list).unwrap().peek().is_err());
    }
}

#[test]
fn integers_lengths_and_headers_are_written_in_their_shortest_form() {
    for (value, msgpack, cbor) in [
        (0i64, "00", "00"),
        (23, "17", "17"),
        (24, "18", "1818"),
        (127, "7f", "187f"),
        (128, "cc80", "1880"),
        (255, "ccff", "18ff"),
        (256, "cd0100", "190100"),
        (65535, "cdffff", "19ffff"),
        (65536, "ce00010000", "1a00010000"),
        (0xffff_ffff, "ceffffffff", "1affffffff"),
        (0x1_0000_0000, "cf0000000100000000", "1b0000000100000000"),
        (i64::MAX, "cf7fffffffffffffff", "1b7fffffffffffffff"),
        (-1, "ff", "20"),
        (-24, "e8", "37"),
        (-25, "e7", "3818"),
        (-32, "e0", "381f"),
        (-33, "d0df", "3820"),
        (-128, "d080", "387f"),
        (-129, "d1ff7f", "3880"),
        (-32768, "d18000", "397fff"),
        (-32769, "d2ffff7fff", "398000"),
        (i64::from(i32::MIN), "d280000000", "3a7fffffff"),
        (i64::from(i32::MIN) - 1, "d3ffffffff7fffffff", "3a80000000"),
        (i64::MIN, "d38000000000000000", "3b7fffffffffffffff"),
    ] {
        assert_eq!(written(Serializer::MessagePack, &value), unhex(msgpack), "{value}");
        assert_eq!(written(Serializer::Cbor, &value), unhex(cbor), "{value}");
    }
    for (len, list, dict, text, binary) in [
        (15usize, "9f", "8f", "af", "c40f"),
        (16, "dc0010", "de0010", "b0", "c410"),
        (31, "dc001f", "de001f", "bf", "c41f"),
        (32, "dc0020", "de0020", "d920", "c420"),
        (255, "dc00ff", "de00ff", "d9ff", "c4ff"),
        (256, "dc0100", "de0100", "da0100", "c50100"),
        (65535, "dcffff", "deffff", "daffff", "c5ffff"),
        (65536, "dd00010000", "df00010000", "db00010000", "c600010000"),
    ] {
        let starts = |bytes: Vec<u8>, hex: &str, rest: usize| {
            assert!(bytes.starts_with(&unhex(hex)), "{hex}");
            assert_eq!(bytes.len(), unhex(hex).len() + rest, "{hex}");
        };
        starts(written(Serializer::MessagePack, &vec![(); len]), list, len);
        starts(written(Serializer::MessagePack, &"a".repeat(len)), text, len);
        starts(written(Serializer::MessagePack, &Value::Binary(vec![0; len])), binary, len);
        let map: std::collections::BTreeMap<String, ()> = (0..len).map(|n| (format!("{n:05}"), ())).collect();
        starts(written(Serializer::MessagePack, &map), dict, len * 7);
    }
    assert_eq!(written(Serializer::MessagePack, &1.5f32), unhex("ca3fc00000"));
    assert_eq!(written(Serializer::MessagePack, &1.5f64), unhex("cb3ff8000000000000"));
    assert_eq!(written(Serializer::Cbor, &1.5f32), unhex("fa3fc00000"));
    assert_eq!(written(Serializer::Cbor, &1.5f64), unhex("fb3ff8000000000000"));
}
