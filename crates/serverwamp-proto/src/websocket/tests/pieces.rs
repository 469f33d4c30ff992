//! Batches that are taken apart as they arrive.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::codec::Serializer;
use crate::message::HEAD;
use crate::websocket::batch::{BatchError, Piece, Pieces, Records, push_record};

const ALL: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

/// Decodes a batch that arrives in pieces of `size` bytes and whose messages may have `limit` bytes.
fn take_apart(
    serializer: Serializer,
    limit: usize,
    size: usize,
    batch: &[u8],
) -> (Vec<Piece>, Result<(), BatchError>) {
    let (mut pieces, mut out) = (Pieces::new(serializer, limit), Vec::new());
    for bytes in batch.chunks(size) {
        let mut bytes = Bytes::copy_from_slice(bytes);
        loop {
            match pieces.next(&mut bytes) {
                Ok(Some(piece)) => out.push(piece),
                Ok(None) => break,
                Err(error) => return (out, Err(error)),
            }
        }
        assert!(bytes.is_empty());
    }
    (out, pieces.finish())
}

fn batch_of(serializer: Serializer, messages: &[Vec<u8>]) -> Vec<u8> {
    let mut batch = Vec::new();
    for message in messages {
        push_record(serializer, message, &mut batch);
    }
    batch
}

proptest! {
    #[test]
    fn messages_within_the_limit_come_whole_and_others_by_their_beginning(
        messages in vec(prop_oneof![vec(0x20u8.., 1..12), vec(0x20u8.., 1..1200)], 1..8),
        size in prop_oneof![1usize..20, 500usize..3000],
        limit in prop_oneof![1usize..20, 400usize..1200],
    ) {
        for serializer in ALL {
            let (pieces, end) = take_apart(serializer, limit, size, &batch_of(serializer, &messages));
            let found: Vec<(bool, Bytes)> = pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Message(message, separator) => {
                        assert_eq!(separator.is_some(), serializer == Serializer::Json);
                        (false, message)
                    }
                    Piece::TooLong(head) => (true, head),
                })
                .collect();
            let expected: Vec<(bool, Bytes)> = messages
                .iter()
                .map(|message| {
                    let too_long = message.len() > limit;
                    let end = if too_long { message.len().min(HEAD) } else { message.len() };
                    (too_long, Bytes::copy_from_slice(&message[..end]))
                })
                .collect();
            prop_assert_eq!((found, end), (expected, Ok(())));
        }
    }

    #[test]
    fn any_bytes_come_to_what_they_do_as_a_whole(
        batch in vec(prop_oneof![Just(0), Just(1), Just(0x1e), any::<u8>()], 0..60),
        size in 1usize..20,
    ) {
        for serializer in ALL {
            let mut whole: Vec<_> = Records::new(serializer, Bytes::copy_from_slice(&batch)).collect();
            let end = whole.pop_if(|last| last.is_err()).map_or(Ok(()), |last| last.map(drop));
            let (pieces, found) = take_apart(serializer, usize::MAX, size, &batch);
            // One whose rest is missing is no message yet, nor is its length known to be none.
            let messages: Vec<_> = pieces
                .into_iter()
                .map(|piece| match piece {
                    Piece::Message(message, _) => Ok(message),
                    Piece::TooLong(_) => unreachable!("nothing is too long"),
                })
                .collect();
            prop_assert_eq!((messages, found), (whole, end));
        }
    }
}

#[test]
fn what_is_missing_behind_a_message_that_is_too_long_is_missed() {
    let head = |bytes: &'static [u8]| vec![Piece::TooLong(Bytes::from_static(bytes))];
    let unterminated = take_apart(Serializer::Json, 2, 100, b"[1]");
    assert_eq!(unterminated, (vec![], Err(BatchError::Unterminated)));
    let long = vec![b'x'; HEAD + 1];
    let (pieces, end) = take_apart(Serializer::Json, 2, 100, &long);
    assert_eq!((pieces.len(), end), (1, Err(BatchError::Unterminated)));
    for size in [1, 100] {
        assert_eq!(take_apart(Serializer::Cbor, 2, size, b"\0\0\0\x03abc"), (head(b"abc"), Ok(())));
        assert_eq!(take_apart(Serializer::Json, 2, size, b"abc\x1e"), (head(b"abc"), Ok(())));
        assert_eq!(
            take_apart(Serializer::Cbor, 2, size, b"\0\0\0\x04abc"),
            (vec![], Err(BatchError::Truncated))
        );
    }
}
