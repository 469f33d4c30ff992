//! Lists and dictionaries are passed over quickly. The oracle passes them over value by value: same verdict, same text, same
//! place.

use crate::codec::DecodeError;
use crate::codec::cbor::CborReader;
use crate::codec::json::JsonReader;
use crate::codec::msgpack::MsgPackReader;
use crate::codec::reader::{Frame, Passed, Reader};
use proptest::collection::vec;
use proptest::prelude::*;

fn leave_one_by_one<'a, R: Reader<'a>>(reader: &mut R, mut frame: Frame) -> Result<(), DecodeError> {
    while reader.more(&mut frame)? {
        if frame.dict {
            reader.pass_key()?;
        }
        if let Passed::Within(inner) = reader.pass()? {
            leave_one_by_one(reader, inner)?;
        }
    }
    Ok(())
}

/// The verdict on one value, and where it ends; the value behind it shows whether the depth is right.
fn verdict<'a, R: Reader<'a>>(
    bytes: &'a [u8],
    leave: impl Fn(&mut R, Frame) -> Result<(), DecodeError>,
) -> Result<usize, (String, usize)> {
    let said = |error: DecodeError| (error.reason.into_owned(), error.offset);
    let mut reader = R::new(bytes).map_err(said)?;
    if let Passed::Within(frame) = reader.pass().map_err(said)? {
        leave(&mut reader, frame).map_err(said)?;
    }
    let end = reader.offset();
    match reader.pass().map_err(said)? {
        Passed::Within(frame) => leave(&mut reader, frame).map_err(said).map(|()| reader.offset()),
        Passed::Scalar => Ok(end),
    }
}

fn agrees<'a, R: Reader<'a>>(bytes: &'a [u8]) -> Result<(), TestCaseError> {
    let (quick, slow) = (verdict::<R>(bytes, R::leave), verdict::<R>(bytes, leave_one_by_one));
    prop_assert_eq!(quick, slow, "{}", bytes.escape_ascii());
    Ok(())
}

/// Pieces of which well-formed and nearly well-formed bytes consist.
fn pieces(pieces: Vec<&'static [u8]>) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(pieces);
    let many = prop_oneof![4 => Just(1_usize), 1 => 30..70_usize];
    vec((piece, many), 0..24)
        .prop_map(|all| all.into_iter().flat_map(|(one, times)| one.repeat(times)).collect())
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    pieces(vec![
        b"[",
        b"]",
        b"{",
        b"}",
        b",",
        b":",
        b" ",
        b"0",
        b"01",
        b"-",
        b"-1",
        b"1.",
        b"1.5",
        b"1e",
        b"2E+7",
        b"12,",
        b"7,",
        b"\"\"",
        b"\"a\":",
        b"\"a\"",
        b"\"",
        b"\"\\n\"",
        b"\"\\n\\\"x\\\\\"",
        b"\\",
        b"\"\\u0041\"",
        b"\"\\ud83d\"",
        b"\"\\ud83d\\ude00\"",
        b"\"\\ud\"",
        b"\"\\u0000YQ==\"",
        b"\"\\u0000YR==\"",
        b"\"\\x\"",
        b"null",
        b"true",
        b"false",
        b"nul",
        b"\"\xc3\xa4\"",
        b"\x01",
        b"\"\x01\"",
        b"[]",
        b"{}",
        b"[0]",
        b"\"k\":[],",
        b"\"k\":0,",
        b"123456789012345678901,",
    ])
}

fn msgpack() -> impl Strategy<Value = Vec<u8>> {
    pieces(vec![
        b"\x00",
        b"\x7f",
        b"\xe0",
        b"\xc0",
        b"\xc1",
        b"\xc2",
        b"\x80",
        b"\x81",
        b"\x82",
        b"\x8f",
        b"\x90",
        b"\x91",
        b"\x92",
        b"\x9f",
        b"\xa0",
        b"\xa1x",
        b"\xa1\xff",
        b"\xa2\xc3\xa4",
        b"\xa9123456789",
        b"\xbf",
        b"\xc4\x00",
        b"\xc4\x02ab",
        b"\xc4\xff",
        b"\xc5\x00\x01x",
        b"\xc7\x01\x05x",
        b"\xca",
        b"\xcb12345678",
        b"\xcc\x01",
        b"\xcd12",
        b"\xd4\x00\x00",
        b"\xd6",
        b"\xd8",
        b"\xd9\x00",
        b"\xd9\x01\xff",
        b"\xd9\x46",
        b"\xdc\x00\x02",
        b"\xdd\x00\x00\x00\x40",
        b"\xde\x00\x20",
        b"\xdf\x00\x00\x00\x01",
        b"\xdf\xff\xff\xff\xff",
    ])
}

fn cbor() -> impl Strategy<Value = Vec<u8>> {
    pieces(vec![
        b"\x00",
        b"\x17",
        b"\x18\x01",
        b"\x19",
        b"\x1b12345678",
        b"\x1c",
        b"\x1f",
        b"\x20",
        b"\x38\x01",
        b"\x40",
        b"\x41x",
        b"\x57",
        b"\x58\x00",
        b"\x58\x46",
        b"\x59\x00\x01x",
        b"\x5f",
        b"\x60",
        b"\x61x",
        b"\x61\xff",
        b"\x62\xc3\xa4",
        b"\x78\x00",
        b"\x78\x01\xff",
        b"\x7f",
        b"\xff",
        b"\x80",
        b"\x81",
        b"\x82",
        b"\x97",
        b"\x98\x40",
        b"\x9f",
        b"\xa0",
        b"\xa1",
        b"\xa2",
        b"\xb7",
        b"\xb8\x20",
        b"\xbf",
        b"\xc1",
        b"\xc2\x41\x01",
        b"\xd7",
        b"\xd8\x09",
        b"\xe0",
        b"\xf4",
        b"\xf6",
        b"\xf7",
        b"\xf8\x01",
        b"\xf8\x20",
        b"\xf9\x00\x00",
        b"\xfb12345678",
        b"\xfc",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn json_is_passed_as_it_is_value_by_value(bytes in json()) {
        agrees::<JsonReader<'_>>(&bytes)?;
        agrees::<JsonReader<'_>>(&[b"[", &bytes[..]].concat())?;
    }

    #[test]
    fn msgpack_is_passed_as_it_is_value_by_value(bytes in prop_oneof![msgpack(), vec(any::<u8>(), 0..60)]) {
        agrees::<MsgPackReader<'_>>(&bytes)?;
        agrees::<MsgPackReader<'_>>(&[b"\xdc\x00\x80", &bytes[..]].concat())?;
    }

    #[test]
    fn cbor_is_passed_as_it_is_value_by_value(bytes in prop_oneof![cbor(), vec(any::<u8>(), 0..60)]) {
        agrees::<CborReader<'_>>(&bytes)?;
        agrees::<CborReader<'_>>(&[b"\x9f", &bytes[..]].concat())?;
        agrees::<CborReader<'_>>(&[b"\xbf", &bytes[..]].concat())?;
    }
}
