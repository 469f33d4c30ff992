//! Batches of WAMP messages in one WebSocket message.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;

use crate::codec::Serializer;
use crate::websocket::batch::{BatchError, Records, push_record};

fn split(serializer: Serializer, batch: &[u8]) -> Vec<Result<Bytes, BatchError>> {
    Records::new(serializer, Bytes::copy_from_slice(batch)).collect()
}

fn ok(message: &'static [u8]) -> Result<Bytes, BatchError> {
    Ok(Bytes::from_static(message))
}

#[test]
fn json_messages_are_each_followed_by_a_separator() {
    let mut batch = Vec::new();
    push_record(Serializer::Json, b"[1]", &mut batch);
    assert_eq!(batch, b"[1]\x1e");
    push_record(Serializer::Json, b"[2]", &mut batch);
    assert_eq!(split(Serializer::Json, &batch), [ok(b"[1]"), ok(b"[2]")]);
    // Some peers read the specification's `\30` as octal.
    assert_eq!(split(Serializer::Json, b"[1]\x18[2]\x18"), [ok(b"[1]"), ok(b"[2]")]);
}

#[test]
fn binary_messages_are_each_preceded_by_their_length() {
    for serializer in [Serializer::MessagePack, Serializer::Cbor] {
        let mut batch = Vec::new();
        push_record(serializer, b"abc", &mut batch);
        assert_eq!(batch, b"\0\0\0\x03abc");
        push_record(serializer, b"d", &mut batch);
        assert_eq!(split(serializer, &batch), [ok(b"abc"), ok(b"d")]);
    }
}

#[test]
fn malformed_batches_fail_after_their_good_messages() {
    use BatchError::{EmptyMessage, NoMessages, Truncated, Unterminated};
    assert_eq!(split(Serializer::Json, b""), [Err(NoMessages)]);
    assert_eq!(split(Serializer::Cbor, b""), [Err(NoMessages)]);
    assert_eq!(split(Serializer::Json, b"[1]"), [Err(Unterminated)]);
    assert_eq!(split(Serializer::Json, b"[1]\x1e[2]"), [ok(b"[1]"), Err(Unterminated)]);
    assert_eq!(split(Serializer::Json, b"[1]\x1e\x1e[2]\x1e"), [ok(b"[1]"), Err(EmptyMessage)]);
    let msgpack = Serializer::MessagePack;
    assert_eq!(split(msgpack, b"\0\0\0\x64abcdefghij"), [Err(Truncated)]);
    assert_eq!(split(msgpack, b"\xff\xff\xff\xffab"), [Err(Truncated)]);
    assert_eq!(split(msgpack, b"\0\0\0\x01a\0\0\0"), [ok(b"a"), Err(Truncated)]);
    assert_eq!(split(msgpack, b"\0\0\0\0\0\0\0\x01a"), [Err(EmptyMessage)]);
}

proptest! {
    #[test]
    fn what_is_put_together_comes_apart(messages in vec(vec(0x20u8.., 1..100), 1..20)) {
        for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
            let mut batch = Vec::new();
            for message in &messages {
                push_record(serializer, message, &mut batch);
            }
            let records: Result<Vec<Bytes>, _> = split(serializer, &batch).into_iter().collect();
            prop_assert_eq!(records, Ok(messages.iter().map(|message| Bytes::copy_from_slice(message)).collect()));
        }
    }
}
