//! Messages that are too long and are passed over.

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::super::frame::push_masked;
use super::super::{Decoder, Event, Failure, Opcode, Role, TooLong};
use super::{KEY, client_frame};
use crate::codec::Serializer;
use crate::message::HEAD;

pub(super) const MOST: usize = 1000;

fn decoder() -> Decoder {
    Decoder::new(Role::Server, 100).with_deflate(true)
}

/// Decodes and passes over messages of up to `most` bytes; the last value is the number of bytes left undecoded.
pub(super) fn decode(bytes: &[u8], piece: usize, most: usize) -> (Vec<Event>, Option<Failure>, usize) {
    decode_batches(bytes, piece, most, None)
}

/// The same where messages are batches.
pub(super) fn decode_batches(
    bytes: &[u8],
    piece: usize,
    most: usize,
    batch: Option<Serializer>,
) -> (Vec<Event>, Option<Failure>, usize) {
    let (mut decoder, mut buf, mut events) = (decoder(), BytesMut::new(), Vec::new());
    for piece in bytes.chunks(piece.max(1)) {
        buf.extend_from_slice(piece);
        loop {
            match decoder.decode(&mut buf) {
                Ok(Some(Event::Passing(_))) => {}
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(failure) if failure.code == 1009 && decoder.pass_over(most, batch) => {}
                Err(failure) => return (events, Some(failure), buf.len()),
            }
        }
    }
    (events, None, buf.len())
}

pub(super) fn told(text: bool, head: &[u8]) -> Event {
    let failure = Failure { code: 1009, reason: "message is longer than 100 bytes".into() };
    Event::TooLong(Box::new(TooLong { text, head: Bytes::copy_from_slice(head), failure }))
}

pub(super) fn letters(count: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(count).collect()
}

#[test]
fn a_message_of_up_to_so_many_bytes_is_passed_over_and_the_next_one_is_read() {
    let message = letters(MOST);
    let mut stream = client_frame(Opcode::Text, true, &message);
    stream.extend(client_frame(Opcode::Text, true, b"next"));
    let next = Event::Text(Bytes::from_static(b"next"));
    for piece in [1, 7, 64, stream.len()] {
        let expected = (vec![told(true, &message[..HEAD]), next.clone()], None, 0);
        assert_eq!(decode(&stream, piece, MOST), expected, "in pieces of {piece}");
    }
    let (events, failure, _) = decode(&stream, stream.len(), MOST - 1);
    assert_eq!((events.len(), failure.map(|failure| failure.code)), (0, Some(1009)));
}

#[test]
fn the_beginning_comes_as_soon_as_it_is_there_and_nothing_more_is_kept() {
    let stream = client_frame(Opcode::Binary, true, &letters(MOST));
    let (mut decoder, mut buf) = (decoder(), BytesMut::from(&stream[..stream.len() - MOST]));
    assert_eq!(decoder.decode(&mut buf).unwrap_err().code, 1009);
    assert!(decoder.pass_over(MOST, None));
    let payload = &stream[stream.len() - MOST..];
    buf.extend_from_slice(&payload[..HEAD - 1]);
    assert_eq!(decoder.decode(&mut buf), Ok(None));
    buf.extend_from_slice(&payload[HEAD - 1..HEAD]);
    assert_eq!(decoder.decode(&mut buf), Ok(Some(told(false, &letters(HEAD)))));
    for byte in &payload[HEAD..] {
        buf.extend_from_slice(&[*byte]);
        assert_eq!((decoder.decode(&mut buf), buf.len()), (Ok(None), 0));
    }
    buf.extend_from_slice(&client_frame(Opcode::Binary, true, b"next"));
    assert_eq!(decoder.decode(&mut buf), Ok(Some(Event::Binary(Bytes::from_static(b"next")))));
}

#[test]
fn fragments_count_together_and_control_frames_between_them_are_heard() {
    let parts = [letters(90), letters(30), letters(600)];
    let mut stream = client_frame(Opcode::Text, false, &parts[0]);
    stream.extend(client_frame(Opcode::Continuation, false, &parts[1]));
    stream.extend(client_frame(Opcode::Ping, true, b"alive?"));
    stream.extend(client_frame(Opcode::Continuation, true, &parts[2]));
    stream.extend(client_frame(Opcode::Text, true, b"next"));
    let head = &parts.concat()[..HEAD];
    let expected = vec![
        Event::Ping(Bytes::from_static(b"alive?")),
        told(true, head),
        Event::Text(Bytes::from_static(b"next")),
    ];
    for piece in [1, 11, stream.len()] {
        assert_eq!(decode(&stream, piece, 720), (expected.clone(), None, 0), "in pieces of {piece}");
        let (events, failure, left) = decode(&stream, piece, 719);
        let code = failure.map(|failure| failure.code);
        assert_eq!((events.len(), code, left), (1, Some(1009), 0), "in pieces of {piece}");
    }
}

#[test]
fn a_message_shorter_than_the_beginning_is_all_of_it() {
    let mut stream = client_frame(Opcode::Text, false, &letters(60));
    stream.extend(client_frame(Opcode::Continuation, true, &letters(41)));
    let head = [letters(60), letters(41)].concat();
    assert_eq!(decode(&stream, 5, MOST), (vec![told(true, &head)], None, 0));
}

#[test]
fn the_rules_of_frames_hold_within_a_message_that_is_passed_over() {
    let first = client_frame(Opcode::Text, false, &letters(200));
    let close = client_frame(Opcode::Close, true, &[0x03, 0xe8]);
    let (events, failure, left) = decode(&[&first[..], &close, b"more"].concat(), 9, MOST);
    assert_eq!(events, [Event::Close { code: Some(1000), reason: String::new() }]);
    assert_eq!((failure, left), (None, 0));
    let mut compressed = Vec::new();
    push_masked(Opcode::Continuation, true, true, KEY, b"x", &mut compressed);
    let wrong = [client_frame(Opcode::Text, true, b"x"), compressed, vec![0x80, 0x00], vec![0x83, 0x80]];
    for wrong in wrong {
        let (events, failure, left) = decode(&[&first[..], &wrong].concat(), 9, MOST);
        let code = failure.map(|failure| failure.code);
        assert_eq!((events.len(), code, left), (0, Some(1002), 0), "{wrong:x?}");
    }
}

#[test]
fn what_is_not_passed_over_has_ended() {
    let mut stream = client_frame(Opcode::Text, true, &letters(300));
    stream.extend(client_frame(Opcode::Text, true, b"next"));
    let (mut decoder, mut buf) = (decoder(), BytesMut::from(&stream[..]));
    assert!(!decoder.pass_over(MOST, None), "nothing has failed");
    let (mut decoder, _) = (self::decoder(), decoder);
    assert_eq!(decoder.decode(&mut buf).unwrap_err().code, 1009);
    assert_eq!((decoder.decode(&mut buf), buf.len()), (Ok(None), 0));
    assert!(!decoder.pass_over(MOST, None), "it is too late");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), piece in 1_usize..20) {
        let stream = [client_frame(Opcode::Text, false, &letters(200)), bytes].concat();
        decode(&stream, piece, MOST);
    }
}
