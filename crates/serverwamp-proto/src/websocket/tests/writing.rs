//! Frames this side writes.

use bytes::Bytes;

use super::{Decoder, LIMIT, decode_in_pieces};
use crate::websocket::frame::{begin, begin_sized, finish, push, push_close};
use crate::websocket::{Event, Opcode, Role, extension, mask_frames};

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

#[test]
fn masked_frames_are_what_a_server_reads() {
    let texts = ["", "short", &"long and the same over and over; ".repeat(100)];
    let deflate = extension::negotiate([extension::OFFER]).unwrap();
    for deflate in [None, deflate] {
        let mut frames = Vec::new();
        texts.iter().for_each(|text| push(Opcode::Text, text.as_bytes(), &mut frames));
        push(Opcode::Ping, b"there?", &mut frames);
        let (mut masked, mut keys) = (Vec::new(), 0_u32);
        let mut key = || {
            keys += 1;
            keys.wrapping_mul(0x9e37_79b9).to_be_bytes()
        };
        // A few bytes at a time, as a connection does it.
        let mut taken = 0;
        while taken < frames.len() {
            taken += mask_frames(&frames[taken..], deflate, 1, &mut key, &mut masked);
        }
        assert_eq!(keys, 4, "a key for each frame");
        assert_eq!(masked.len() < frames.len(), deflate.is_some());
        let mut buffer = bytes::BytesMut::from(&masked[..]);
        let mut decoder = Decoder::new(Role::Server, 1 << 20).with_deflate(deflate.is_some());
        for text in texts {
            assert_eq!(decoder.decode(&mut buffer), Ok(Some(Event::Text(Bytes::from(text.to_owned())))));
        }
        assert_eq!(decoder.decode(&mut buffer), Ok(Some(Event::Ping(Bytes::from_static(b"there?")))));
        assert_eq!(decoder.decode(&mut buffer), Ok(None));
    }
}
