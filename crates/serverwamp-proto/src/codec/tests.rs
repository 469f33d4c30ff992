//! The envelope walkers and the writer, over all three serializers.

use super::{DecodeError, DictReader, Kind, ListReader, MAX_DEPTH, Serializer, Writer};

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
