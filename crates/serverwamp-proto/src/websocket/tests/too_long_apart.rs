//! Messages that are too long and are passed over, where they are compressed, or batches.

use bytes::Bytes;
use proptest::prelude::*;

use super::deflate::compressed;
use super::too_long::{MOST, decode, decode_batches, letters, told};
use super::{KEY, client_frame};
use crate::codec::Serializer;
use crate::message::HEAD;
use crate::websocket::batch::{Separator, push_record};
use crate::websocket::frame::push_masked;
use crate::websocket::{Event, Opcode};

/// These compressed bytes as a message in fragments, and an uncompressed and a compressed message behind it.
fn stream(opcode: Opcode, bytes: &[u8], fragment: usize) -> Vec<u8> {
    let mut stream = Vec::new();
    let count = bytes.chunks(fragment).count();
    for (part, number) in bytes.chunks(fragment).zip(1..) {
        let opcode = if number == 1 { opcode } else { Opcode::Continuation };
        push_masked(opcode, number == count, number == 1, KEY, part, &mut stream);
    }
    stream.extend(client_frame(Opcode::Text, true, b"next"));
    push_masked(Opcode::Text, true, true, KEY, &compressed(b"and the next one"), &mut stream);
    stream
}

fn next() -> [Event; 2] {
    [Event::Text(Bytes::from_static(b"next")), Event::Text(Bytes::from_static(b"and the next one"))]
}

/// Bytes that DEFLATE makes no shorter.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 88_172_645_463_325_252_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        b' ' + (state >> 32) as u8 % 96
    })
    .take(count)
    .collect()
}

#[test]
fn a_compressed_message_is_passed_over_and_what_follows_is_read() {
    for message in [letters(MOST), noise(MOST), letters(101), letters(MOST - 1)] {
        let bytes = compressed(&message);
        for fragment in [7, 50, 5000] {
            let stream = stream(Opcode::Text, &bytes, fragment);
            for piece in [1, 9, stream.len()] {
                let head = told(true, message.get(..HEAD).unwrap_or(&message));
                let expected = [vec![head], next().to_vec()].concat();
                assert_eq!(
                    decode(&stream, piece, message.len()),
                    (expected, None, 0),
                    "fragments of {fragment}, pieces of {piece}"
                );
                let (events, failure, _) = decode(&stream, piece, message.len() - 1);
                assert!(events.len() <= 1, "{events:?}");
                assert_eq!(failure.map(|failure| failure.code), Some(1009));
            }
        }
    }
}

#[test]
fn a_stream_that_its_sender_ended_is_passed_over_as_well() {
    let mut bytes = Vec::with_capacity(1000);
    let (message, level) = (letters(MOST), flate2::Compression::best());
    flate2::Compress::new(level, false)
        .compress_vec(&message, &mut bytes, flate2::FlushCompress::Finish)
        .unwrap();
    bytes.push(0);
    let expected = [vec![told(false, &message[..HEAD])], next().to_vec()].concat();
    for piece in [1, 5000] {
        assert_eq!(decode(&stream(Opcode::Binary, &bytes, 11), piece, MOST), (expected.clone(), None, 0));
    }
}

#[test]
fn a_bomb_is_refused_as_soon_as_it_is_more_than_may_be_passed_over() {
    let bomb = compressed(&vec![b'a'; 64 << 20]);
    let (events, failure, _) = decode(&stream(Opcode::Text, &bomb, 1000), 1 << 20, 1 << 20);
    assert_eq!(events, [told(true, &[b'a'; HEAD])]);
    assert_eq!(failure.map(|failure| failure.code), Some(1009));
    // Nor is there an end to what does not become longer: empty blocks, each of which is five bytes.
    let empty = [0, 0, 0, 0xff, 0xff].repeat(MOST);
    let (events, failure, _) = decode(&stream(Opcode::Text, &empty, 1), 1 << 20, MOST);
    assert_eq!((events, failure.map(|failure| failure.code)), (vec![], Some(1009)));
}

#[test]
fn what_is_no_deflate_data_is_a_failure_there_as_well() {
    let mut bytes = compressed(&noise(MOST));
    // Behind a whole block, one of a type that there is not.
    bytes.extend([0, 0, 0xff, 0xff, 0x07]);
    let (_, failure, left) = decode(&stream(Opcode::Binary, &bytes, 5000), 5000, 10 * MOST);
    assert_eq!((failure.map(|failure| failure.code), left), (Some(1007), 0));
}

/// A batch of these messages in each serializer, and what comes of it.
fn batches(messages: &[Vec<u8>]) -> Vec<(Serializer, Opcode, Vec<u8>, Vec<Event>)> {
    [Serializer::Json, Serializer::MessagePack, Serializer::Cbor]
        .map(|serializer| {
            let text = serializer == Serializer::Json;
            let mut batch = Vec::new();
            let mut events = Vec::new();
            for message in messages {
                push_record(serializer, message, &mut batch);
                events.push(if message.len() > 100 {
                    told(text, message.get(..HEAD).unwrap_or(message))
                } else {
                    let separator = text.then_some(Separator::Record);
                    Event::Record { text, message: Bytes::copy_from_slice(message), separator }
                });
            }
            (serializer, if text { Opcode::Text } else { Opcode::Binary }, batch, events)
        })
        .into()
}

#[test]
fn of_a_batch_only_what_is_too_long_is_passed_over() {
    let messages = [letters(3), letters(100), letters(101), letters(5), noise(800), letters(1), letters(1)];
    for (serializer, opcode, batch, mut events) in batches(&messages) {
        events.extend(next());
        let streams = [
            (stream(opcode, &compressed(&batch), 33), true),
            ([client_frame(opcode, true, &batch), stream(opcode, &[0], 1)].concat(), false),
        ];
        for (stream, is_compressed) in streams {
            let mut expected = events.clone();
            if !is_compressed {
                let empty = if opcode == Opcode::Text { Event::Text } else { Event::Binary };
                expected.insert(messages.len(), empty(Bytes::new()));
            }
            for piece in [1, 10, 700, stream.len()] {
                let found = decode_batches(&stream, piece, batch.len(), Some(serializer));
                assert_eq!(found, (expected.clone(), None, 0), "{serializer:?} {is_compressed} {piece}");
                let (_, failure, _) = decode_batches(&stream, piece, batch.len() - 1, Some(serializer));
                assert_eq!(failure.map(|failure| failure.code), Some(1009));
            }
        }
    }
}

#[test]
fn the_rules_of_batches_and_texts_hold_in_one_that_is_too_long() {
    let long = [letters(200), vec![0x1e]].concat();
    let cases: [(Serializer, Vec<u8>, usize, u16); 5] = [
        (Serializer::Json, [&long[..], b"[1]"].concat(), 1, 1002),
        (Serializer::Json, [&long[..], b"[1]\x1e\x1e"].concat(), 2, 1002),
        (Serializer::Json, [&long[..], b"\xff\x1e"].concat(), 1, 1007),
        (Serializer::Cbor, [&[0, 0, 0, 1, 7, 0, 0, 0, 201][..], &letters(200)].concat(), 1, 1002),
        (Serializer::MessagePack, [&[0, 0, 0, 0][..], &letters(200)].concat(), 0, 1002),
    ];
    for (serializer, batch, count, code) in cases {
        let opcode = if serializer == Serializer::Json { Opcode::Text } else { Opcode::Binary };
        for stream in [client_frame(opcode, true, &batch), stream(opcode, &compressed(&batch), 10)] {
            for piece in [1, 5000] {
                let (events, failure, left) = decode_batches(&stream, piece, MOST, Some(serializer));
                assert_eq!((events.len(), failure.map(|failure| failure.code), left), (count, Some(code), 0));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        flip in any::<prop::sample::Index>(),
        piece in 1_usize..50,
    ) {
        let mut deflated = compressed(&[&letters(700)[..], &bytes].concat());
        let at = flip.index(deflated.len());
        deflated[at] ^= 0x55;
        for batch in [None, Some(Serializer::Json), Some(Serializer::Cbor)] {
            decode_batches(&stream(Opcode::Binary, &deflated, 100), piece, MOST, batch);
            decode_batches(&stream(Opcode::Binary, &bytes, 100), piece, MOST, batch);
        }
    }
}
