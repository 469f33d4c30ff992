//! The envelope walkers and the writer, over all three serializers.

use super::reader::TOO_LONG;
use super::{DecodeError, DictReader, Kind, ListReader, MAX_DEPTH, Serializer, Value, Writer, from_slice};

mod binary;
mod halves;
mod json;
mod leave;
mod numbers;
mod serde;
mod transcode;
mod value;

const ALL: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

fn write(serializer: Serializer, body: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    body(&mut Writer::new(serializer, &mut out));
    out
}

/// `[48, 7, {"timeout": 10, "x": [1, {"y": null}], "z": true}, "a.b", <bytes 1 2 3>, [1, "é\n"]]`
fn call(serializer: Serializer) -> Vec<u8> {
    write(serializer, |w| {
        w.list(6);
        w.unsigned(48);
        w.unsigned(7);
        w.dict(3);
        w.key("timeout");
        w.signed(10);
        w.key("x");
        w.list(2);
        w.unsigned(1);
        w.dict(1);
        w.key("y");
        w.null();
        w.end();
        w.end();
        w.key("z");
        w.boolean(true);
        w.end();
        w.text("a.b");
        w.binary(&[1, 2, 3]);
        w.list(2);
        w.signed(-1);
        w.text("é\n");
        w.end();
        w.end();
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// Checks that `bytes` hold one well-formed value and nothing else.
fn well_formed(serializer: Serializer, bytes: &[u8]) -> Result<(), DecodeError> {
    let mut reader = super::reader::AnyReader::open(serializer, bytes)?;
    reader.raw()?;
    reader.finish()
}

#[test]
fn ser_01_ser_12_an_envelope_is_walked_and_its_payload_handed_out_untouched() {
    for serializer in ALL {
        let bytes = call(serializer);
        let mut list = ListReader::open(serializer, &bytes).unwrap();
        assert_eq!(list.peek(), Ok(Some(Kind::Integer)));
        assert_eq!(list.unsigned(), Ok(48));
        assert_eq!(list.unsigned(), Ok(7));
        assert_eq!(list.peek(), Ok(Some(Kind::Dict)));
        let options = list.raw().unwrap();
        assert_eq!(list.text().unwrap(), "a.b");
        assert_eq!(list.peek(), Ok(Some(Kind::Binary)));
        assert_eq!(list.binary().unwrap(), &[1, 2, 3][..]);
        assert_eq!(list.peek(), Ok(Some(Kind::List)));
        let args = list.raw().unwrap();
        assert_eq!(list.peek(), Ok(None));
        assert_eq!(list.peek(), Ok(None));
        assert!(list.unsigned().is_err());
        list.finish().unwrap();

        let mut args = ListReader::open(serializer, args).unwrap();
        assert_eq!(args.unsigned().unwrap_err().reason, "expected an unsigned integer, got a negative one");
        assert_eq!(args.text().unwrap(), "é\n");
        args.finish().unwrap();

        let mut dict = DictReader::open(serializer, options).unwrap();
        assert_eq!(dict.key().unwrap().as_deref(), Some("timeout"));
        assert_eq!(dict.peek(), Ok(Kind::Integer));
        assert_eq!(dict.unsigned(), Ok(10));
        assert_eq!(dict.key().unwrap().as_deref(), Some("x"));
        // Its value is not asked for and passed over.
        assert_eq!(dict.key().unwrap().as_deref(), Some("z"));
        assert_eq!(dict.boolean(), Ok(true));
        assert_eq!(dict.key(), Ok(None));
        assert_eq!(dict.key(), Ok(None));
    }
}

#[test]
fn the_writer_writes_the_shortest_form() {
    assert_eq!(
        String::from_utf8(call(Serializer::Json)).unwrap(),
        r#"[48,7,{"timeout":10,"x":[1,{"y":null}],"z":true},"a.b","\u0000AQID",[-1,"é\n"]]"#
    );
    assert_eq!(
        call(Serializer::MessagePack),
        unhex(
            "96 30 07 83 a774696d656f7574 0a a178 92 01 81 a179 c0 a17a c3 a3612e62 c403010203 92 ff a3c3a90a"
        )
    );
    assert_eq!(
        call(Serializer::Cbor),
        unhex(
            "86 1830 07 a3 6774696d656f7574 0a 6178 82 01 a1 6179 f6 617a f5 63612e62 43010203 82 20 63c3a90a"
        )
    );
}

#[test]
fn every_truncation_and_every_trailing_byte_is_refused() {
    for serializer in ALL {
        let bytes = call(serializer);
        assert_eq!(well_formed(serializer, &bytes), Ok(()));
        for len in 0..bytes.len() {
            assert!(well_formed(serializer, &bytes[..len]).is_err(), "{serializer:?} cut to {len}");
        }
        for trailing in [b'0', b'[', b',', 0x80, 0xff] {
            let longer = [&bytes[..], &[trailing]].concat();
            assert!(well_formed(serializer, &longer).is_err(), "{serializer:?} and {trailing:#x}");
        }
    }
}

fn nested(serializer: Serializer, levels: usize) -> Vec<u8> {
    match serializer {
        Serializer::Json => [vec![b'['; levels], vec![b']'; levels]].concat(),
        Serializer::MessagePack => [vec![0x91; levels - 1], vec![0x90]].concat(),
        Serializer::Cbor => [vec![0x81; levels - 1], vec![0x80]].concat(),
    }
}

#[test]
fn ser_14_sixty_four_levels_and_no_more() {
    for serializer in ALL {
        assert_eq!(well_formed(serializer, &nested(serializer, MAX_DEPTH)), Ok(()));
        let list = nested(serializer, MAX_DEPTH);
        assert!(ListReader::open(serializer, &list).unwrap().raw().is_ok());
        for levels in [MAX_DEPTH + 1, 100_000] {
            let bytes = nested(serializer, levels);
            assert_eq!(well_formed(serializer, &bytes).unwrap_err().reason, "nested too deeply");
            let mut list = ListReader::open(serializer, &bytes).unwrap();
            assert_eq!(list.raw().unwrap_err().reason, "nested too deeply");
        }
    }
    // Tags count, in chains and in front of lists.
    for tags in [MAX_DEPTH + 1, 100_000] {
        let bytes = [vec![0xc1; tags], vec![0x00]].concat();
        assert_eq!(well_formed(Serializer::Cbor, &bytes).unwrap_err().reason, "nested too deeply");
    }
    assert_eq!(well_formed(Serializer::Cbor, &[vec![0xc1; MAX_DEPTH], vec![0x00]].concat()), Ok(()));
}

#[test]
fn ser_14_an_announced_length_is_not_believed() {
    // One and the same check stands before every allocation; were it not there, these would ask for up to 2^63 bytes.
    for hex in [
        "dd ffffffff",
        "df ffffffff",
        "c6 ffffffff",
        "db ffffffff",
        "c9 ffffffff 00",
        "dc ffff c0",
        "df 00000001 c0",
    ] {
        assert_eq!(well_formed(Serializer::MessagePack, &unhex(hex)).unwrap_err().reason, TOO_LONG, "{hex}");
    }
    for major in [0x40u8, 0x60, 0x80, 0xa0] {
        for argument in ["1a ffffffff", "1b 8000000000000000", "1b ffffffffffffffff", "19 0100"] {
            let mut bytes = unhex(argument);
            bytes[0] |= major;
            bytes.extend([0; 20]);
            assert_eq!(
                well_formed(Serializer::Cbor, &bytes).unwrap_err().reason,
                TOO_LONG,
                "{major:x} {argument}"
            );
            assert!(from_slice::<Value>(Serializer::Cbor, &bytes).is_err());
        }
    }
}

#[test]
fn id_01_ser_05_ids_come_in_any_width_but_not_as_floats() {
    let largest = 1u64 << 53;
    let table: [(Serializer, &[u8], u64); 9] = [
        (Serializer::Json, b"[9007199254740992]", largest),
        (Serializer::Json, b"[ 1 ]", 1),
        (Serializer::Json, b"[-0]", 0),
        (Serializer::MessagePack, &unhex("91 cf 0020000000000000"), largest),
        (Serializer::MessagePack, &unhex("91 cf 0000000000000001"), 1),
        (Serializer::MessagePack, &unhex("91 d3 0000000000000001"), 1),
        (Serializer::Cbor, &unhex("81 1b 0020000000000000"), largest),
        (Serializer::Cbor, &unhex("81 1b 0000000000000001"), 1),
        (Serializer::Cbor, &unhex("9f 18 01 ff"), 1),
    ];
    for (serializer, bytes, expected) in table {
        let mut list = ListReader::open(serializer, bytes).unwrap();
        assert_eq!(list.peek(), Ok(Some(Kind::Integer)));
        assert_eq!(list.unsigned(), Ok(expected));
        list.finish().unwrap();
    }
    let floats: [(Serializer, &[u8]); 5] = [
        (Serializer::Json, b"[1.0]"),
        (Serializer::Json, b"[1e0]"),
        (Serializer::MessagePack, &unhex("91 ca 3f800000")),
        (Serializer::Cbor, &unhex("81 f9 3c00")),
        (Serializer::Cbor, &unhex("81 fb 3ff0000000000000")),
    ];
    for (serializer, bytes) in floats {
        let mut list = ListReader::open(serializer, bytes).unwrap();
        assert_eq!(list.peek(), Ok(Some(Kind::Float)));
        assert_eq!(list.unsigned().unwrap_err().reason, "expected an integer, got a float");
    }
}

#[test]
fn msg_02_types_are_not_coerced() {
    for serializer in ALL {
        let bytes = write(serializer, |w| {
            w.list(4);
            w.unsigned(1);
            w.text("1");
            w.binary(b"1");
            w.null();
            w.end();
        });
        let list = || ListReader::open(serializer, &bytes).unwrap();
        // An integer is not a boolean (MSG-04).
        assert_eq!(list().boolean().unwrap_err().reason, "expected a boolean, got an integer");
        assert_eq!(list().text().unwrap_err().reason, "expected a string, got an integer");
        let second = || {
            let mut list = list();
            list.raw().unwrap();
            list
        };
        assert_eq!(second().unsigned().unwrap_err().reason, "expected an integer, got a string");
        assert_eq!(second().binary().unwrap_err().reason, "expected a byte string, got a string");
        let mut third = second();
        third.raw().unwrap();
        // Bytes are not text (SER-03, SER-10).
        assert_eq!(third.text().unwrap_err().reason, "expected a string, got a byte string");
        assert_eq!(third.peek(), Ok(Some(Kind::Null)));
        assert_eq!(third.boolean().unwrap_err().reason, "expected a boolean, got null");
        assert_eq!(
            DictReader::open(serializer, &bytes).unwrap_err().reason,
            "expected a dictionary, got a list"
        );
    }
}

#[test]
fn a_list_reader_stops_where_the_list_stops() {
    for serializer in ALL {
        let bytes = write(serializer, |w| {
            w.list(1);
            w.unsigned(1);
            w.end();
        });
        let list = ListReader::open(serializer, &bytes).unwrap();
        assert_eq!(list.finish().unwrap_err().reason, "unexpected further element");
        let longer = [&bytes[..], b"1"].concat();
        let mut list = ListReader::open(serializer, &longer).unwrap();
        assert_eq!(list.unsigned(), Ok(1));
        assert_eq!(list.finish().unwrap_err().reason, "trailing bytes");
    }
}

#[test]
fn msg_05_a_dictionary_reader_wants_strings_as_keys() {
    let tables: [(Serializer, &[&str]); 2] = [
        (Serializer::MessagePack, &["81 01 02", "81 c4 01 61 02", "81 c0 02", "81 c3 02", "81 80 02"]),
        (Serializer::Cbor, &["a1 01 02", "a1 41 61 02", "a1 f6 02", "bf 01 02 ff", "a1 a0 02"]),
    ];
    for (serializer, dicts) in tables {
        for hex in dicts {
            let bytes = unhex(hex);
            let mut dict = DictReader::open(serializer, &bytes).unwrap();
            assert_eq!(dict.key().unwrap_err().reason, "dictionary keys must be strings", "{hex}");
        }
    }
    // SER-10: bytes in the form of JSON are no key.
    let mut dict = DictReader::open(Serializer::Json, br#"{"\u0000YQ==":1}"#).unwrap();
    assert_eq!(dict.key().unwrap_err().reason, "dictionary keys must be strings");
}

#[test]
fn misuse_of_a_dictionary_reader_is_an_error() {
    let mut dict = DictReader::open(Serializer::Json, br#"{"a":1}"#).unwrap();
    assert_eq!(dict.unsigned().unwrap_err().reason, "no key was read before the value");
    dict.key().unwrap();
    dict.unsigned().unwrap();
    assert!(dict.unsigned().is_err());
    assert_eq!(dict.key(), Ok(None));
    assert!(dict.peek().is_err());
}
