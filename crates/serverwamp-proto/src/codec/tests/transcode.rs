//! Payloads carried from one serializer to another.

use super::{ALL, nested, unhex};
use crate::codec::{MAX_DEPTH, Serializer, Value, from_slice, to_writer, transcode};

fn carried(from: Serializer, bytes: &[u8], to: Serializer) -> Result<Vec<u8>, String> {
    let mut out = b"kept".to_vec();
    let result = transcode(from, bytes, to, &mut out).map_err(|error| error.reason.into_owned());
    let rest = out.strip_prefix(b"kept").expect("what was there stays there").to_vec();
    if result.is_err() {
        assert_eq!(rest, b"", "nothing is written on an error");
    }
    result.map(|()| rest)
}

#[test]
fn msg_11_ser_11_every_payload_survives_every_pair_of_serializers() {
    let value = Value::Dict(
        [
            ("z", Value::from(vec![Value::Null, 1.5.into(), (-1).into(), true.into(), "é\"\n".into()])),
            ("a", Value::Binary(vec![0, 1, 2, 255])),
            ("m", Value::from(vec![1u64 << 53, (1 << 63) - 1, u64::MAX])),
            ("min", Value::from(i64::MIN)),
            ("empty", Value::from(vec![Value::List(vec![]), Value::Dict(crate::codec::Dict::new())])),
            ("long", Value::from((0..300).collect::<Vec<i32>>())),
            ("float", Value::from(1.0)),
        ]
        .into_iter()
        .collect(),
    );
    for from in ALL {
        let mut bytes = Vec::new();
        to_writer(from, &value, &mut bytes).unwrap();
        assert_eq!(from_slice::<Value>(from, &bytes), Ok(value.clone()));
        for to in ALL {
            let mut expected = Vec::new();
            to_writer(to, &value, &mut expected).unwrap();
            // Byte for byte, so order, widths and the lengths patched in afterwards are right as well.
            assert_eq!(carried(from, &bytes, to), Ok(expected), "{from:?} to {to:?}");
        }
    }
}

#[test]
fn ser_06_bytes_of_the_checklist() {
    let bytes = unhex("c4 10 10e3ff9053075c526f5fc06d4fe37cdb");
    let json = br#""\u0000EOP/kFMHXFJvX8BtT+N82w==""#;
    assert_eq!(carried(Serializer::MessagePack, &bytes, Serializer::Json), Ok(json.to_vec()));
    assert_eq!(carried(Serializer::Json, json, Serializer::MessagePack), Ok(bytes));
}

#[test]
fn ser_09_text_that_starts_with_nul_cannot_be_carried_to_json() {
    // The second would be read as bytes; the first would make the whole message unreadable.
    for bytes in [unhex("a4 00 616263"), unhex("92 01 a5 00 59513d3d")] {
        let error = carried(Serializer::MessagePack, &bytes, Serializer::Json).unwrap_err();
        assert_eq!(error, "text that starts with NUL cannot be written in JSON, where it means bytes");
    }
    let elsewhere = unhex("a3 61 00 62");
    assert_eq!(carried(Serializer::MessagePack, &elsewhere, Serializer::Json), Ok(br#""a\u0000b""#.to_vec()));
    let mut out = Vec::new();
    assert!(to_writer(Serializer::Json, &"\0", &mut out).is_err() && out.is_empty());
    assert!(to_writer(Serializer::Cbor, &"\0", &mut out).is_ok());
    let error = carried(Serializer::MessagePack, &unhex("81 a2 00 61 01"), Serializer::Json).unwrap_err();
    assert_eq!(error, "a dictionary key that starts with NUL cannot be written in JSON");
}

#[test]
fn ser_13_what_json_cannot_hold_is_refused() {
    let finite = "JSON cannot hold a float that is infinite or not a number";
    let key = "dictionary keys must be strings";
    for (from, hex, reason) in [
        (Serializer::MessagePack, "91 cb 7ff8000000000000", finite),
        (Serializer::MessagePack, "91 ca 7f800000", finite),
        (Serializer::MessagePack, "92 00 81 01 02", key),
        (Serializer::MessagePack, "81 c0 02", key),
        (Serializer::MessagePack, "81 c4 01 61 02", key),
        (Serializer::Cbor, "f9 7c00", finite),
        (Serializer::Cbor, "81 f9 7e00", finite),
        (Serializer::Cbor, "a1 01 02", key),
        (Serializer::Cbor, "81 e0", "an extension type cannot be carried to another serializer"),
    ] {
        assert_eq!(carried(from, &unhex(hex), Serializer::Json), Err(reason.into()), "{hex}");
    }
    // Between the other two such keys and floats are carried.
    let dict = unhex("82 01 02 c4 01 61 cb 7ff0000000000000");
    assert_eq!(
        carried(Serializer::MessagePack, &dict, Serializer::Cbor),
        Ok(unhex("a2 01 02 41 61 fb 7ff0000000000000"))
    );
    assert_eq!(carried(Serializer::Cbor, &unhex("a1 20 f6"), Serializer::MessagePack), Ok(unhex("81 ff c0")));
}

#[test]
fn ser_04_tags_are_dropped_and_their_values_kept() {
    assert_eq!(
        carried(Serializer::Cbor, &unhex("82 c0 61 61 d8 17 42 0100"), Serializer::MessagePack),
        Ok(unhex("92 a1 61 c4 02 0100"))
    );
    assert_eq!(
        carried(Serializer::Cbor, &unhex("9f 7f 61 61 ff f7 ff"), Serializer::Json),
        Ok(br#"["a",null]"#.to_vec())
    );
}

#[test]
fn ser_14_depth_and_rubbish_are_refused() {
    for from in ALL {
        for to in ALL {
            assert!(carried(from, &nested(from, MAX_DEPTH), to).is_ok());
            let error = carried(from, &nested(from, MAX_DEPTH + 1), to).unwrap_err();
            assert!(error.starts_with("nested too deeply"), "{error}");
            assert!(carried(from, b"", to).is_err());
            assert!(carried(from, &[nested(from, 3), vec![b'1']].concat(), to).is_err());
        }
    }
}
