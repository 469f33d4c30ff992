//! Frames this side writes.

use bytes::Bytes;

use super::{Decoder, LIMIT, decode_in_pieces};
use crate::websocket::frame::{begin, begin_sized, finish, push, push_close};
use crate::websocket::{Event, Opcode, Role};

#[test]
fn a_message_written_in_place_equals_one_written_at_once() {
    for len in [0, 1, 125, 126, 127, 65535, 65536, 70_000] {
        for expected in [0, 125, 126, 65535, 65536, len] {
            let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
            let mut at_once = b"before".to_vec();
            push(Opcode::Binary, &payload, &mut at_once);
            let mut in_place = b"before".to_vec();
            let mark = begin_sized(&mut in_place, expected);
            assert_eq!(mark.start(), 6);
            in_place.extend_from_slice(&payload);
            finish(&mut in_place, mark, Opcode::Binary, false);
            assert_eq!(in_place, at_once, "length {len}, expected {expected}");
        }
    }
}

#[test]
fn the_first_byte_says_what_the_frame_is() {
    let mut out = Vec::new();
    let mark = begin(&mut out);
    out.push(b'x');
    finish(&mut out, mark, Opcode::Text, true);
    assert_eq!(out, [0xc1, 1, b'x']);
    out.clear();
    push(Opcode::Pong, b"", &mut out);
    push_close(None, "not sent without a code", &mut out);
    assert_eq!(out, [0x8a, 0, 0x88, 0]);
}

#[test]
fn a_long_close_reason_is_cut_between_characters() {
    let mut out = Vec::new();
    push_close(Some(1002), &"\u{20ac}".repeat(50), &mut out);
    let (events, failure) = decode_in_pieces(Decoder::new(Role::Client, LIMIT), &out, 500);
    let expected = Event::Close { code: Some(1002), reason: "\u{20ac}".repeat(41) };
    assert_eq!((events, failure), (vec![expected], None));
}

#[test]
fn frames_follow_each_other() {
    let mut out = Vec::new();
    push(Opcode::Text, b"a", &mut out);
    push(Opcode::Ping, b"b", &mut out);
    let (events, _) = decode_in_pieces(Decoder::new(Role::Client, LIMIT), &out, 1);
    assert_eq!(events, [Event::Text(Bytes::from_static(b"a")), Event::Ping(Bytes::from_static(b"b"))]);
}
