//! Every rule a client can break, with the close code it is told.

use super::{KEY, LIMIT, client_frame, decode, decode_in_pieces, server};
use crate::websocket::{Decoder, Event, Opcode, Role, is_sendable_code};

/// A header with this first byte and these length bytes, masked, and no payload.
fn header(first: u8, length: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    bytes.extend_from_slice(length);
    bytes[1] |= 0x80;
    bytes.extend_from_slice(&KEY);
    bytes
}

fn close_frame(payload: &[u8]) -> Vec<u8> {
    client_frame(Opcode::Close, true, payload)
}

#[test]
fn every_violation_has_its_close_code() {
    let text = |fin, payload: &[u8]| client_frame(Opcode::Text, fin, payload);
    let more = |fin, payload: &[u8]| client_frame(Opcode::Continuation, fin, payload);
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("RSV1 without compression", header(0xc1, &[0]), 1002),
        ("RSV2", header(0xa1, &[0]), 1002),
        ("RSV3", header(0x91, &[0]), 1002),
        ("opcode 3", header(0x83, &[0]), 1002),
        ("opcode 7", header(0x87, &[0]), 1002),
        ("opcode 11", header(0x8b, &[0]), 1002),
        ("opcode 15", header(0x8f, &[0]), 1002),
        ("not masked", vec![0x81, 0x01, b'x'], 1002),
        ("16-bit length of 125", header(0x82, &[126, 0, 125]), 1002),
        ("64-bit length of 65535", header(0x82, &[127, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), 1002),
        ("64-bit length with its highest bit", header(0x82, &[127, 0x80, 0, 0, 0, 0, 0, 0, 0]), 1002),
        ("ping of 126 bytes", header(0x89, &[126, 0, 126]), 1002),
        ("close of 126 bytes", header(0x88, &[126, 0, 126]), 1002),
        ("fragmented ping", header(0x09, &[0]), 1002),
        ("fragmented close", header(0x08, &[0]), 1002),
        ("continuation of nothing", more(true, b"x"), 1002),
        ("fragment of nothing", more(false, b"x"), 1002),
        ("text inside a message", [text(false, b"a"), text(true, b"b")].concat(), 1002),
        ("close of one byte", close_frame(b"\x03"), 1002),
        ("close code 0", close_frame(&[0, 0]), 1002),
        ("close code 999", close_frame(&999u16.to_be_bytes()), 1002),
        ("close code 1004", close_frame(&1004u16.to_be_bytes()), 1002),
        ("close code 1005", close_frame(&1005u16.to_be_bytes()), 1002),
        ("close code 1006", close_frame(&1006u16.to_be_bytes()), 1002),
        ("close code 1015", close_frame(&1015u16.to_be_bytes()), 1002),
        ("close code 2999", close_frame(&2999u16.to_be_bytes()), 1002),
        ("close code 5000", close_frame(&5000u16.to_be_bytes()), 1002),
        ("close reason not UTF-8", close_frame(b"\x03\xe8\xff"), 1007),
        ("text not UTF-8", text(true, b"a\xffb"), 1007),
        ("text ends inside a character", text(true, b"\xe2\x82"), 1007),
        ("surrogate", text(true, b"\xed\xa0\x80"), 1007),
        ("beyond Unicode", text(true, b"\xf4\x90\x80\x80"), 1007),
        ("overlong", text(true, b"\xc0\xaf"), 1007),
        ("message ends inside a character", [text(false, b"\xe2"), more(true, b"\x82")].concat(), 1007),
        ("second fragment not UTF-8", [text(false, b"\xe2"), more(false, b"x")].concat(), 1007),
        ("longer than the limit", header(0x82, &[127, 0, 0, 0, 0, 0, 1, 0x86, 0xa1]), 1009),
        ("1 GiB announced", header(0x82, &[127, 0, 0, 0, 0, 0x40, 0, 0, 0]), 1009),
        ("2^63 - 1 announced", header(0x82, &[127, 0x7f, 255, 255, 255, 255, 255, 255, 255]), 1009),
    ];
    for (name, bytes, code) in cases {
        let (events, failure) = decode(&bytes);
        assert_eq!((events, failure.map(|failure| failure.code)), (vec![], Some(code)), "{name}");
        let bytewise = decode_in_pieces(server(), &bytes, 1).1;
        assert_eq!(bytewise.map(|failure| failure.code), Some(code), "{name}, byte by byte");
    }
}

#[test]
fn what_came_before_a_violation_is_delivered() {
    let mut stream = client_frame(Opcode::Text, false, b"a");
    stream.extend(client_frame(Opcode::Continuation, true, b"b"));
    stream.extend(client_frame(Opcode::Continuation, true, b"c"));
    let (events, failure) = decode(&stream);
    assert_eq!(events, [Event::Text("ab".into())]);
    assert_eq!(failure.map(|failure| failure.code), Some(1002));
}

#[test]
fn a_masked_frame_of_a_server_is_refused() {
    let bytes = client_frame(Opcode::Text, true, b"x");
    let failure = decode_in_pieces(Decoder::new(Role::Client, LIMIT), &bytes, 100).1;
    assert_eq!(failure.map(|failure| failure.code), Some(1002));
}

#[test]
fn text_that_cannot_become_utf8_fails_before_its_frame_is_complete() {
    for (name, start) in [("whole", 0x81), ("fragment", 0x01)] {
        // A frame of 1000 bytes of which only the first few arrive.
        let mut bytes = vec![start, 0xfe, 0x03, 0xe8, 0, 0, 0, 0];
        bytes.extend_from_slice("\u{3ba}\u{1f79}\u{3c3}".as_bytes());
        bytes.extend_from_slice(b"\xf4");
        assert_eq!(decode(&bytes), (vec![], None), "{name}: still possible");
        bytes.extend_from_slice(b"\x90");
        assert_eq!(decode(&bytes).1.map(|failure| failure.code), Some(1007), "{name}: impossible");
        assert_eq!(decode_in_pieces(server(), &bytes, 1).1.map(|failure| failure.code), Some(1007), "{name}");
    }
}

#[test]
fn nothing_is_decoded_after_a_failure() {
    let mut decoder = server();
    let mut buf = bytes::BytesMut::from(&[0xf1, 0x80][..]);
    assert!(decoder.decode(&mut buf).is_err());
    buf.extend_from_slice(&client_frame(Opcode::Text, true, b"x"));
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    assert!(buf.is_empty());
}

#[test]
fn every_sendable_close_code_is_accepted() {
    for code in 0..=u16::MAX {
        let (events, failure) = decode(&close_frame(&code.to_be_bytes()));
        assert_eq!(
            (events.len(), failure.is_none()),
            (usize::from(is_sendable_code(code)), is_sendable_code(code))
        );
    }
}
