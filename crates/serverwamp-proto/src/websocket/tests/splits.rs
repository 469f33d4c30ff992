//! Properties: how the network cuts the stream into pieces changes nothing, and no bytes cause a panic.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Decoder, LIMIT, decode, decode_in_pieces, server};
use crate::websocket::frame::push_masked;
use crate::websocket::{Failure, Opcode, Role};

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..20),
        "\\PC{0,40}".prop_map(String::into_bytes),
        vec(any::<u8>(), 120..130),
        Just(vec![b'a'; 70_000]),
    ]
}

/// A stream of frames that is legal often enough to be interesting.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let opcode = prop_oneof![
        4 => Just(Opcode::Continuation),
        4 => Just(Opcode::Text),
        3 => Just(Opcode::Binary),
        2 => Just(Opcode::Ping),
        1 => Just(Opcode::Pong),
        1 => Just(Opcode::Close),
    ];
    let frame = (opcode, prop::bool::weighted(0.7), any::<[u8; 4]>(), payload());
    vec(frame, 1..12).prop_map(|frames| {
        let mut out = Vec::new();
        let mut open = false;
        for (mut opcode, mut fin, key, mut payload) in frames {
            if opcode.is_control() {
                fin = true;
                payload.truncate(125);
            } else {
                if open {
                    opcode = Opcode::Continuation;
                } else if opcode == Opcode::Continuation {
                    opcode = Opcode::Text;
                }
                open = !fin;
            }
            push_masked(opcode, fin, false, key, &payload, &mut out);
        }
        out
    })
}

proptest! {
    #[test]
    fn any_split_gives_the_same_events(stream in stream(), piece in 1usize..300) {
        prop_assert_eq!(decode_in_pieces(server(), &stream, piece), decode(&stream));
    }

    #[test]
    fn any_bytes_in_any_split_give_the_same_events(bytes in vec(any::<u8>(), 0..200), piece in 1usize..20) {
        prop_assert_eq!(decode_in_pieces(server(), &bytes, piece), decode(&bytes));
    }

    #[test]
    fn compressed_garbage_in_any_split_gives_the_same_events(
        bytes in vec(any::<u8>(), 0..300),
        text in any::<bool>(),
        piece in 1usize..50,
    ) {
        let mut frame = Vec::new();
        let opcode = if text { Opcode::Text } else { Opcode::Binary };
        push_masked(opcode, true, true, [1, 2, 3, 4], &bytes, &mut frame);
        let deflating = || Decoder::new(Role::Server, LIMIT).with_deflate(true);
        let (events, failure) = decode_in_pieces(deflating(), &frame, frame.len());
        let in_pieces = decode_in_pieces(deflating(), &frame, piece);
        // Of several things wrong with a message, the split may decide which is named, but not of which kind.
        let code = |failure: Option<Failure>| failure.map(|failure| failure.code);
        prop_assert_eq!((in_pieces.0, code(in_pieces.1)), (events, code(failure)));
    }
}
