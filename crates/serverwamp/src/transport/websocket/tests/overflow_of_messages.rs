//! Messages that are too many for the outbox, however short they are (checklist SEC-05).

use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::batch::Records;

use super::overflow::{POLICIES, messages, of_messages, taken};
use super::*;
use crate::transport::{Class, PushError, WrittenBytes, infallible};

/// The messages in what was taken, batched or not.
fn records(serializer: Option<Serializer>, bytes: &[u8]) -> Vec<Bytes> {
    match serializer {
        None => messages(bytes),
        Some(serializer) => messages(bytes)
            .into_iter()
            .flat_map(|batch| Records::new(serializer, batch).map(Result::unwrap))
            .collect(),
    }
}

#[test]
fn as_many_messages_wait_as_the_limit_says_and_one_more_ends_the_connection() {
    for serializer in [None, Some(Serializer::MessagePack)] {
        for overflow in POLICIES {
            let outbox = of_messages(serializer, 16, overflow);
            (0..16).for_each(|_| outbox.push_encoded(b"r").unwrap());
            assert_eq!(outbox.push_encoded(b"r"), Err(PushError::Closed), "{overflow:?}");
            assert!(outbox.overflowed());
        }
    }
}

#[test]
fn events_beyond_the_limit_end_the_connection_or_are_lost_as_the_policy_says() {
    for serializer in [None, Some(Serializer::MessagePack)] {
        let events = |overflow: Overflow, fitting: u8| {
            let outbox = of_messages(serializer, 16, overflow);
            (0..fitting).for_each(|number| outbox.push_event(&[number], None).unwrap());
            outbox
        };
        let outbox = events(Overflow::CloseSession, 16);
        assert_eq!(outbox.push_event(b"e", None), Err(PushError::Closed));
        assert!(outbox.overflowed());

        // An eighth is for messages that are no events.
        let outbox = events(Overflow::DropNewestEvent, 14);
        assert_eq!(outbox.push_event(b"e", None), Err(PushError::Full));
        (0..2).for_each(|_| outbox.push_encoded(b"r").unwrap());
        assert_eq!(outbox.events_lost(), 1);
        assert_eq!(records(serializer, &taken(&outbox)).len(), 16);
        assert!(taken(&outbox).is_empty());
        outbox.push_event(b"e", None).unwrap();

        // A quarter goes at once; with batches, the whole batch.
        let outbox = events(Overflow::DropOldestEvent, 16);
        outbox.push_event(&[16], None).unwrap();
        let left: Vec<u8> = records(serializer, &taken(&outbox)).iter().map(|event| event[0]).collect();
        let expected: Vec<u8> = if serializer.is_none() { (4..=16).collect() } else { vec![16] };
        assert_eq!(left, expected);
        assert_eq!(outbox.events_lost(), 17 - u64::try_from(left.len()).unwrap());
    }
}

#[test]
fn events_give_way_to_messages_that_are_none() {
    for serializer in [None, Some(Serializer::Cbor)] {
        let outbox = of_messages(serializer, 8, Overflow::DropOldestEvent);
        outbox.push_event(b"e", None).unwrap();
        (0..7).for_each(|_| outbox.push_encoded(b"r").unwrap());
        outbox.push_encoded(b"last").unwrap();
        assert_eq!(outbox.events_lost(), 1);
        // There is no event left that could.
        assert_eq!(outbox.push_event(b"e", None), Err(PushError::Full));
        let mut expected = vec![&b"r"[..]; 7];
        expected.push(b"last");
        assert_eq!(records(serializer, &taken(&outbox)), expected);
    }
}

// RPC-24
#[test]
fn a_refusable_message_is_refused_early() {
    for overflow in POLICIES {
        let outbox = of_messages(None, 16, overflow);
        (0..14).for_each(|_| outbox.push(Class::Refusable, infallible(|out| out.push(1))).unwrap());
        assert_eq!(outbox.push(Class::Refusable, infallible(|out| out.push(1))), Err(PushError::Full));
        assert!(!outbox.is_closed());
    }
}

#[test]
fn messages_count_until_they_are_written() {
    let outbox = of_messages(None, 16, Overflow::DropNewestEvent);
    (0..10).for_each(|_| outbox.push_encoded(b"r").unwrap());
    let mut writing = Vec::new();
    assert!(matches!(outbox.take(&mut writing), WrittenBytes::Bytes));
    (0..4).for_each(|_| outbox.push_event(b"e", None).unwrap());
    assert_eq!(outbox.push_event(b"e", None), Err(PushError::Full));
    // A part of it is not all of it.
    outbox.wrote(writing.len() - 1);
    assert_eq!(outbox.push_event(b"e", None), Err(PushError::Full));
    outbox.wrote(1);
    writing.clear();
    assert!(matches!(outbox.take(&mut writing), WrittenBytes::Bytes));
    (0..10).for_each(|_| outbox.push_event(b"e", None).unwrap());
    assert_eq!(outbox.push_event(b"e", None), Err(PushError::Full));
    outbox.wrote(writing.len());
    writing.clear();
    outbox.take(&mut writing);
    outbox.wrote(writing.len());
    writing.clear();
    assert!(matches!(outbox.take(&mut writing), WrittenBytes::Nothing));
    (0..14).for_each(|_| outbox.push_event(b"e", None).unwrap());
}

#[tokio::test]
async fn who_waits_for_room_is_woken_when_a_quarter_is_left() {
    for limit in [1, 16] {
        let outbox = of_messages(None, limit, Overflow::CloseSession);
        assert!(outbox.has_room());
        (0..limit).for_each(|_| outbox.push_encoded(b"r").unwrap());
        assert!(!outbox.has_room());
        let waiting = outbox.clone();
        let task = tokio::spawn(async move { waiting.room().await });
        tokio::task::yield_now().await;
        let mut writing = Vec::new();
        outbox.take(&mut writing);
        outbox.wrote(writing.len());
        assert!(!outbox.has_room(), "nobody knows yet that all of it is written");
        writing.clear();
        assert!(matches!(outbox.take(&mut writing), WrittenBytes::Nothing));
        assert!(outbox.has_room());
        tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    }
}
