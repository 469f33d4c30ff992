//! Frames of a well-behaved client.

use bytes::{Bytes, BytesMut};

use super::{LIMIT, client_frame, decode, decode_in_pieces, server};
use crate::websocket::{Decoder, Event, Opcode, Role, frame};

#[test]
fn the_examples_of_the_rfc_decode() {
    // RFC 6455, section 5.7.
    let masked_hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(&masked_hello), (vec![Event::Text(Bytes::from_static(b"Hello"))], None));
    let masked_pong = [0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(decode(&masked_pong), (vec![Event::Pong(Bytes::from_static(b"Hello"))], None));

    let client = Decoder::new(Role::Client, LIMIT);
    let fragments =
        [0x01, 0x03, 0x48, 0x65, 0x6c, 0x80, 0x02, 0x6c, 0x6f, 0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];
    let expected = vec![Event::Text(Bytes::from_static(b"Hello")), Event::Ping(Bytes::from_static(b"Hello"))];
    assert_eq!(decode_in_pieces(client, &fragments, 16), (expected, None));
}

#[test]
fn every_length_class_decodes() {
    for len in [0, 1, 7, 8, 9, 125, 126, 127, 128, 65535, 65536, LIMIT] {
        let payload: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let (events, failure) = decode(&client_frame(Opcode::Binary, true, &payload));
        assert_eq!((events, failure), (vec![Event::Binary(payload.into())], None), "length {len}");
    }
}

#[test]
fn fragments_become_one_message_and_pings_may_come_between_them() {
    let mut stream = client_frame(Opcode::Text, false, "gr\u{fc}".as_bytes().split_at(3).0);
    stream.extend(client_frame(Opcode::Ping, true, b"are you there"));
    // The rest of the two-byte character comes in the next fragment.
    stream.extend(client_frame(Opcode::Continuation, false, &"\u{fc}".as_bytes()[1..]));
    stream.extend(client_frame(Opcode::Continuation, true, b"n"));
    stream.extend(client_frame(Opcode::Binary, true, b"next"));
    let expected = vec![
        Event::Ping(Bytes::from_static(b"are you there")),
        Event::Text("gr\u{fc}n".into()),
        Event::Binary(Bytes::from_static(b"next")),
    ];
    assert_eq!(decode(&stream), (expected.clone(), None));
    assert_eq!(decode_in_pieces(server(), &stream, 1), (expected, None));
}

#[test]
fn a_close_ends_the_stream_whatever_follows() {
    let mut stream = client_frame(Opcode::Close, true, b"\x03\xe8bye");
    stream.extend(client_frame(Opcode::Text, true, b"late"));
    stream.extend([0xff; 100]);
    assert_eq!(decode(&stream), (vec![Event::Close { code: Some(1000), reason: "bye".into() }], None));
    let empty = client_frame(Opcode::Close, true, b"");
    assert_eq!(decode(&empty), (vec![Event::Close { code: None, reason: String::new() }], None));
}

#[test]
fn an_unfragmented_message_is_not_copied() {
    let mut buf = BytesMut::from(&client_frame(Opcode::Binary, true, &[7; 1000])[..]);
    let place = buf[8..].as_ptr();
    let Ok(Some(Event::Binary(message))) = server().decode(&mut buf) else { panic!("no message") };
    assert_eq!(message.as_ptr(), place);
}

#[test]
fn announced_bytes_are_not_reserved() {
    let mut decoder = Decoder::new(Role::Server, usize::MAX);
    let mut buf = BytesMut::with_capacity(64);
    buf.extend_from_slice(&[0x82, 0xff, 0, 0, 0, 0x40, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    buf.extend_from_slice(&[8; 16]);
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    assert!(buf.capacity() <= 64, "{}", buf.capacity());
}

#[test]
fn empty_fragments_are_unlimited_and_cost_nothing() {
    let mut decoder = server();
    let mut buf = BytesMut::with_capacity(4096);
    buf.extend_from_slice(&client_frame(Opcode::Text, false, b""));
    let fragment = client_frame(Opcode::Continuation, false, b"");
    for _ in 0..400_000 {
        assert_eq!(decoder.decode(&mut buf), Ok(None));
        assert!(buf.is_empty());
        buf.extend_from_slice(&fragment);
    }
    assert!(buf.capacity() <= 4096, "{}", buf.capacity());
    buf.extend_from_slice(&client_frame(Opcode::Continuation, true, b"end"));
    assert_eq!(decoder.decode(&mut buf), Ok(Some(Event::Text(Bytes::from_static(b"end")))));
}

#[test]
fn the_limit_counts_all_fragments() {
    let half = vec![b'x'; LIMIT / 2];
    let mut stream = client_frame(Opcode::Text, false, &half);
    stream.extend(client_frame(Opcode::Continuation, true, &half));
    let (events, failure) = decode(&stream);
    assert_eq!((events.len(), failure), (1, None));

    let mut stream = client_frame(Opcode::Text, false, &half);
    stream.extend(client_frame(Opcode::Continuation, false, &half));
    stream.extend(client_frame(Opcode::Continuation, false, b"x"));
    assert_eq!(decode(&stream).1.map(|failure| failure.code), Some(1009));
}

#[test]
fn frames_of_the_server_are_read_in_the_client_role() {
    let mut stream = Vec::new();
    frame::push(Opcode::Text, b"hi", &mut stream);
    frame::push_close(Some(1001), "going away", &mut stream);
    let expected = vec![
        Event::Text(Bytes::from_static(b"hi")),
        Event::Close { code: Some(1001), reason: "going away".into() },
    ];
    assert_eq!(decode_in_pieces(Decoder::new(Role::Client, LIMIT), &stream, 3), (expected, None));
}
