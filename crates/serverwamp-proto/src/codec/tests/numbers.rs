//! Numbers that not every serializer has: each arrives as itself or not at all (checklist SER-11, SER-13).

use super::{ALL, unhex, well_formed};
use crate::codec::{Kind, ListReader, MAX_DEPTH, Serializer, Value, from_slice, to_writer, transcode};

const TOO_MANY: &str = "a number of more than 1024 digits cannot be carried to another serializer";
const NO_DOUBLE: &str =
    "a number that neither 64 bits nor a double hold exactly cannot be written in MessagePack";
const NO_NUMBER: &str = "a CBOR tag marks this as a number, but it is not one";

fn carried(from: Serializer, bytes: &[u8], to: Serializer) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    transcode(from, bytes, to, &mut out).map_err(|error| error.reason.into_owned())?;
    assert_eq!(well_formed(to, &out), Ok(()));
    Ok(out)
}

fn to_json(cbor: &str) -> Result<String, String> {
    carried(Serializer::Cbor, &unhex(cbor), Serializer::Json).map(|text| String::from_utf8(text).unwrap())
}

fn to_msgpack(cbor: &str) -> Result<Vec<u8>, String> {
    carried(Serializer::Cbor, &unhex(cbor), Serializer::MessagePack)
}

fn from_json(text: &str, to: Serializer) -> Result<Vec<u8>, String> {
    carried(Serializer::Json, text.as_bytes(), to)
}

fn double(value: f64) -> Result<Vec<u8>, String> {
    Ok([&[0xcb][..], &value.to_be_bytes()].concat())
}

fn no_double() -> Result<Vec<u8>, String> {
    Err(NO_DOUBLE.to_owned())
}

#[test]
fn ser_11_bignums_become_integers_of_json_and_come_back() {
    for (cbor, json) in [
        ("c2 49 01 0000000000000000", "18446744073709551616"),
        ("c3 49 01 0000000000000000", "-18446744073709551617"),
        ("3b ffffffffffffffff", "-18446744073709551616"),
        ("3b 8000000000000000", "-9223372036854775809"),
        ("c2 50 ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455"),
        ("c2 51 01 00000000000000000000000000000000", "340282366920938463463374607431768211456"),
        ("c3 51 01 00000000000000000000000000000000", "-340282366920938463463374607431768211457"),
    ] {
        assert_eq!(to_json(cbor).as_deref(), Ok(json), "{cbor}");
        assert_eq!(from_json(json, Serializer::Cbor), Ok(unhex(cbor)), "{json}");
    }
    // Other ways to write the same numbers: with zeros in front, in chunks, below other tags, for small ones.
    for (cbor, json) in [
        ("c2 4b 0000 01 0000000000000000", "18446744073709551616"),
        ("c2 5f 41 01 48 0000000000000000 ff", "18446744073709551616"),
        ("d9 d9f7 c2 49 01 0000000000000000", "18446744073709551616"),
        ("c2 41 07", "7"),
        ("c2 40", "0"),
        ("c3 40", "-1"),
        ("c3 48 7fffffffffffffff", "-9223372036854775808"),
        ("c2 48 ffffffffffffffff", "18446744073709551615"),
    ] {
        assert_eq!(to_json(cbor).as_deref(), Ok(json), "{cbor}");
        let expected = from_json(json, Serializer::MessagePack);
        assert_eq!(to_msgpack(cbor), expected, "{cbor}");
    }
}

#[test]
fn ser_11_messagepack_gets_the_double_that_is_the_number_or_nothing() {
    for (json, expected) in [
        ("18446744073709551615", Ok(unhex("cf ffffffffffffffff"))),
        ("18446744073709551616", double(18_446_744_073_709_551_616.0)),
        ("18446744073709551617", no_double()),
        ("100000000000000000000", double(1e20)),
        ("-100000000000000000000", double(-1e20)),
        ("-9223372036854775808", Ok(unhex("d3 8000000000000000"))),
        ("-9223372036854775809", no_double()),
        ("590295810358705700000", no_double()),
    ] {
        assert_eq!(from_json(json, Serializer::MessagePack), expected, "{json}");
    }
    let highest = format!("{:.0}", f64::MAX);
    assert_eq!(from_json(&highest, Serializer::MessagePack), double(f64::MAX));
    let too_high = format!("1{}", "0".repeat(309));
    assert_eq!(from_json(&too_high, Serializer::MessagePack), no_double());
    for (cbor, expected) in [
        // 19.99, 1.5, 500 and 5 × 10^22, the largest power of ten that is a double, then no longer.
        ("c4 82 21 19 07cf", no_double()),
        ("c4 82 20 0f", double(1.5)),
        ("c4 82 02 05", double(500.0)),
        ("c4 82 16 01", double(1e22)),
        ("c4 82 17 01", no_double()),
        ("c4 82 20 2e", double(-1.5)),
        ("c4 82 1a 7fffffff 00", double(0.0)),
        // 1.5, 2^1023, 2^1024, 2^-1074, 2^-1075, and 3 × 2^-1, as RFC 8949 has it.
        ("c5 82 20 03", double(1.5)),
        ("c5 82 19 03ff 01", double(2f64.powi(1023))),
        ("c5 82 19 0400 01", no_double()),
        ("c5 82 39 0431 01", double(f64::from_bits(1))),
        ("c5 82 39 0432 01", no_double()),
        ("c5 82 39 0432 02", double(f64::from_bits(1))),
        ("c5 82 00 1b 0020000000000001", no_double()),
        ("c5 82 00 1b 0020000000000002", double(9_007_199_254_740_994.0)),
    ] {
        assert_eq!(to_msgpack(cbor), expected, "{cbor}");
    }
}

#[test]
fn ser_11_fractions_of_cbor_become_numbers_of_json_that_are_no_integers() {
    for (cbor, json) in [
        ("c4 82 21 19 07cf", "1999e-2"),
        ("c4 82 21 39 07ce", "-1999e-2"),
        ("c4 82 21 19 07c6", "1990e-2"),
        ("c4 82 00 19 07cf", "1999e0"),
        ("c4 82 02 05", "5e2"),
        ("c4 9f 21 19 07cf ff", "1999e-2"),
        ("c4 82 21 c2 49 01 0000000000000000", "18446744073709551616e-2"),
        ("c4 82 21 c3 49 01 0000000000000000", "-18446744073709551617e-2"),
        ("c4 82 1b ffffffffffffffff 00", "0e0"),
        ("c4 82 19 03ff 01", "1e1023"),
        ("c5 82 20 03", "15e-1"),
        ("c5 82 0a 01", "1024e0"),
        ("c5 82 21 04", "1e0"),
        ("c5 82 20 22", "-15e-1"),
        ("c5 82 38 40 01", "271050543121376108501863200217485427856445312500000e-65"),
    ] {
        let json = if json.len() > 30 { "2710505431213761085018632002174854278564453125e-65" } else { json };
        assert_eq!(to_json(cbor).as_deref(), Ok(json), "{cbor}");
    }
}

#[test]
fn ser_14_few_bytes_do_not_become_many_digits() {
    for cbor in [
        "c5 82 1a 7fffffff 01",
        "c5 82 3a 7fffffff 01",
        "c5 82 1b ffffffffffffffff 01",
        "c5 82 3b ffffffffffffffff 01",
        "c5 82 19 0d4a 01",
        "c4 82 1a 7fffffff 01",
        "c4 82 19 0400 01",
        "c4 82 39 0500 01",
        "c4 82 3b ffffffffffffffff 01",
    ] {
        assert_eq!(to_json(cbor), Err(TOO_MANY.into()), "{cbor}");
        assert_eq!(to_msgpack(cbor), no_double(), "{cbor}");
    }
    let bignum = |octets: usize| format!("c2 59 {octets:04x} {}", "ff".repeat(octets));
    assert_eq!(to_json(&bignum(425)).unwrap().len(), 1024);
    for octets in [426, 427, 60_000] {
        assert_eq!(to_json(&bignum(octets)), Err(TOO_MANY.into()), "{octets}");
    }
    let digits = |count: usize| "7".repeat(count);
    assert!(from_json(&digits(1024), Serializer::Cbor).is_ok());
    assert_eq!(from_json(&digits(1025), Serializer::Cbor), Err(TOO_MANY.into()));
    assert_eq!(from_json(&digits(100_000), Serializer::Cbor), Err(TOO_MANY.into()));
    // Many of them: seven bytes each would become a thousand.
    let many = |count: usize, one: &str| format!("9a {count:08x} {}", one.repeat(count));
    let long = "c5 82 19 0d00 01";
    let fitting = to_json(&many(60, long)).unwrap();
    assert!(fitting.len() > 60_000 && fitting.len() < 70_000);
    let error = to_json(&many(1000, long)).unwrap_err();
    assert_eq!(error, "the bigfloats have too many digits to be carried to another serializer");
    assert!(to_json(&many(20_000, "c5 82 20 03")).is_ok(), "as many usual ones as one likes");
}

#[test]
fn a_number_that_is_none_goes_to_cbor_only() {
    for cbor in [
        "c2 01",
        "c2 f6",
        "c3 61 61",
        "c2 c2 41 01",
        "c2 d8 18 41 01",
        "c4 41 01",
        "c4 80",
        "c4 81 01",
        "c4 83 01 02 03",
        "c4 82 61 61 01",
        "c4 82 01 f9 3c00",
        "c4 82 c2 41 01 01",
        "c5 9f 01 02 03 ff",
        "c5 9f 01 ff",
        "c5 a1 01 02",
    ] {
        assert_eq!(to_json(cbor), Err(NO_NUMBER.into()), "{cbor}");
        assert_eq!(to_msgpack(cbor), Err(NO_NUMBER.into()), "{cbor}");
        assert_eq!(carried(Serializer::Cbor, &unhex(cbor), Serializer::Cbor), Ok(unhex(cbor)));
        let error = from_slice::<Value>(Serializer::Cbor, &unhex(cbor)).unwrap_err();
        assert_eq!(error.reason, NO_NUMBER, "{cbor}");
        // The value behind it is read all the same.
        let list = unhex(&format!("82 {cbor} 07"));
        let seen = from_slice::<(serde::de::IgnoredAny, u8)>(Serializer::Cbor, &list).unwrap();
        assert_eq!(seen.1, 7, "{cbor}");
    }
    for cbor in ["c2", "c2 49 01", "c4 82 01", "c4 9f 01 02", "c5 82 fc 01", "c2 5f 41 01"] {
        assert_eq!(
            to_json(cbor).unwrap_err(),
            well_formed(Serializer::Cbor, &unhex(cbor)).unwrap_err().to_string()
        );
    }
    // A list too deep for passing is too deep for reading.
    let deep = |tail: &str| unhex(&format!("{} {tail}", "81".repeat(MAX_DEPTH)));
    assert!(well_formed(Serializer::Cbor, &deep("c4 82 21 01")).is_err());
    assert!(carried(Serializer::Cbor, &deep("c4 82 21 01"), Serializer::Json).is_err());
}

#[test]
fn numbers_beyond_doubles_are_numbers_of_json_all_the_same() {
    for text in ["1e400", "-1e400", "1e99999999999999999999", &"9".repeat(400), &"9".repeat(2000)] {
        assert_eq!(well_formed(Serializer::Json, text.as_bytes()), Ok(()), "{text}");
        assert_eq!(from_json(text, Serializer::Json), Ok(text.as_bytes().to_vec()), "{text}");
        assert!(from_json(text, Serializer::MessagePack).is_err(), "{text}");
        assert!(from_slice::<f64>(Serializer::Json, text.as_bytes()).is_err(), "{text}");
        assert!(from_slice::<Value>(Serializer::Json, text.as_bytes()).is_err(), "{text}");
    }
    for to in [Serializer::MessagePack, Serializer::Cbor] {
        assert_eq!(from_json("[1e400]", to), Err("number out of range".into()));
    }
    // A fraction is the nearest double to any reader, and nothing else has it.
    assert_eq!(from_json("0.1", Serializer::MessagePack), double(0.1));
    assert_eq!(from_json("1e-400", Serializer::MessagePack), double(0.0));
    assert_eq!(from_json("-0", Serializer::MessagePack), Ok(vec![0]));
    assert_eq!(from_json("-0.0", Serializer::MessagePack), double(-0.0));
}

#[test]
fn ser_11_single_and_half_floats_keep_their_value() {
    for (from, hex, json) in [
        (Serializer::MessagePack, "ca 3dcccccd", "0.10000000149011612"),
        (Serializer::Cbor, "fa 3dcccccd", "0.10000000149011612"),
        (Serializer::Cbor, "f9 3e00", "1.5"),
        (Serializer::MessagePack, "ca 80000000", "-0.0"),
    ] {
        let text = carried(from, &unhex(hex), Serializer::Json).unwrap();
        assert_eq!(text, json.as_bytes());
        for to in [Serializer::MessagePack, Serializer::Cbor] {
            let there = carried(Serializer::Json, &text, to).unwrap();
            assert_eq!(carried(to, &there, Serializer::Json), Ok(text.clone()));
        }
    }
}

#[test]
fn types_get_the_number_they_ask_for_or_an_error() {
    let number = "18446744073709551616";
    for (serializer, bytes) in [
        (Serializer::Json, number.as_bytes().to_vec()),
        (Serializer::Cbor, unhex("c2 49 01 0000000000000000")),
    ] {
        assert_eq!(from_slice::<i128>(serializer, &bytes), Ok(1 << 64));
        assert_eq!(from_slice::<u128>(serializer, &bytes), Ok(1 << 64));
        assert_eq!(from_slice::<f64>(serializer, &bytes), Ok(2f64.powi(64)));
        let value = Value::Wide(1 << 64);
        assert_eq!(from_slice::<Value>(serializer, &bytes).as_ref(), Ok(&value));
        assert_eq!(Value::from(1i128 << 64), value);
        let mut out = Vec::new();
        to_writer(serializer, &value, &mut out).unwrap();
        assert_eq!(out, bytes);
        let error = from_slice::<u64>(serializer, &bytes).unwrap_err();
        assert!(error.reason.contains("18446744073709551616"), "{error}");
        assert!(from_slice::<String>(serializer, &bytes).is_err());
    }
    // To the last of 128 bits, and not beyond.
    let most = u128::MAX.to_string();
    assert_eq!(from_slice::<u128>(Serializer::Json, most.as_bytes()), Ok(u128::MAX));
    let least = i128::MIN.to_string();
    assert_eq!(from_slice::<i128>(Serializer::Json, least.as_bytes()), Ok(i128::MIN));
    assert_eq!(from_slice::<Value>(Serializer::Json, least.as_bytes()), Ok(Value::Wide(i128::MIN)));
    for beyond in [most, "340282366920938463463374607431768211456".to_owned()] {
        let error = from_slice::<Value>(Serializer::Json, beyond.as_bytes()).unwrap_err();
        assert!(error.reason.contains("integer of more than 128 bits"), "{error}");
    }
    // A decimal fraction is what JSON's is: a float.
    for (cbor, expected) in [("c4 82 21 19 07cf", 19.99), ("c5 82 20 03", 1.5), ("c4 82 00 05", 5.0)] {
        assert_eq!(from_slice::<f64>(Serializer::Cbor, &unhex(cbor)), Ok(expected));
        assert_eq!(from_slice::<Value>(Serializer::Cbor, &unhex(cbor)), Ok(Value::Float(expected)));
        assert!(from_slice::<i64>(Serializer::Cbor, &unhex(cbor)).is_err());
    }
}

#[test]
fn written_integers_of_128_bits_are_read_back_where_they_exist() {
    for value in [i128::MIN, i128::MAX, i128::from(i64::MIN) - 1, 1 << 64, -(1 << 64) - 1] {
        for serializer in [Serializer::Json, Serializer::Cbor] {
            let mut out = Vec::new();
            to_writer(serializer, &value, &mut out).unwrap();
            assert_eq!(from_slice::<i128>(serializer, &out), Ok(value));
        }
    }
    let mut out = Vec::new();
    to_writer(Serializer::Cbor, &u128::MAX, &mut out).unwrap();
    assert_eq!(out, unhex("c2 50 ffffffffffffffffffffffffffffffff"));
    assert!(to_writer(Serializer::MessagePack, &i128::MAX, &mut out).is_err());
}

#[test]
fn a_number_is_seen_for_what_it_is_without_reading_it() {
    let kind =
        |serializer, bytes: &[u8]| ListReader::open(serializer, bytes).unwrap().peek().unwrap().unwrap();
    assert_eq!(kind(Serializer::Json, b"[18446744073709551616]"), Kind::Integer);
    assert_eq!(kind(Serializer::Json, b"[1e400]"), Kind::Float);
    assert_eq!(kind(Serializer::Cbor, &unhex("81 c2 49 01 0000000000000000")), Kind::Integer);
    assert_eq!(kind(Serializer::Cbor, &unhex("81 c4 82 21 19 07cf")), Kind::Float);
    // No id, and no list of arguments.
    for bytes in [&b"[18446744073709551616]"[..], b"[-18446744073709551616]"] {
        let error = ListReader::open(Serializer::Json, bytes).unwrap().unsigned().unwrap_err();
        assert_eq!(error.reason, "expected an integer, got an integer of more than 64 bits");
    }
}

#[test]
fn ser_13_a_timestamp_of_messagepack_is_a_time_elsewhere() {
    let carry = |hex: &str, to| carried(Serializer::MessagePack, &unhex(hex), to);
    for (hex, text) in [
        ("d6 ff 00000000", "1970-01-01T00:00:00Z"),
        ("d6 ff ffffffff", "2106-02-07T06:28:15Z"),
        // 448 milliseconds, and one nanosecond.
        ("d7 ff 6acfc000 53a70539", "2014-06-22T16:32:57.448Z"),
        ("d7 ff 00000004 53a70539", "2014-06-22T16:32:57.000000001Z"),
        ("c7 0c ff 00000000 ffffffffffffffff", "1969-12-31T23:59:59Z"),
        ("c8 000c ff 3b9ac9ff 0000003afff4417f", "9999-12-31T23:59:59.999999999Z"),
    ] {
        assert_eq!(carry(hex, Serializer::Json), Ok(format!("\"{text}\"").into_bytes()), "{hex}");
        let mut tagged = vec![0xc0];
        to_writer(Serializer::Cbor, text, &mut tagged).unwrap();
        assert_eq!(carry(hex, Serializer::Cbor), Ok(tagged), "{hex}");
        assert_eq!(from_slice::<String>(Serializer::MessagePack, &unhex(hex)).as_deref(), Ok(text));
        assert_eq!(carry(hex, Serializer::MessagePack), Ok(unhex(hex)));
        // It is no text where WAMP wants one.
        let list = unhex(&format!("91 {hex}"));
        assert!(ListReader::open(Serializer::MessagePack, &list).unwrap().text().is_err());
        let key = unhex(&format!("81 {hex} 01"));
        assert!(carried(Serializer::MessagePack, &key, Serializer::Json).is_err());
    }
    for none in [
        "d7 ff ee6b2800 00000000",
        "c7 0c ff 00000000 7fffffffffffffff",
        "c7 0c ff 00000000 8000000000000000",
        "c7 0c ff 00000000 0000003afff44180",
        "d5 ff 0000",
        "c7 00 ff",
    ] {
        for to in [Serializer::Json, Serializer::Cbor] {
            let reason = "a MessagePack timestamp that is no time of the years 0 to 9999";
            assert_eq!(carry(none, to), Err(reason.into()), "{none}");
        }
    }
    // The other way they lose their tag and stay what they are: a text, a number of seconds.
    assert_eq!(to_json("82 c0 64 31393730 c1 1a 53a70539").as_deref(), Ok(r#"["1970",1403454777]"#));
}

#[test]
fn what_every_serializer_has_is_the_same_in_all() {
    for text in ["0", "-1", "1.5", "18446744073709551615", "-9223372036854775808", "1e300"] {
        let value: Value = from_slice(Serializer::Json, text.as_bytes()).unwrap();
        for from in ALL {
            let mut bytes = Vec::new();
            to_writer(from, &value, &mut bytes).unwrap();
            assert_eq!(from_slice::<Value>(from, &bytes).as_ref(), Ok(&value), "{text}");
        }
    }
}
