//! The outbox by itself.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use serverwamp_proto::codec::Serializer;

use super::overflow_at_random::framed;
use super::*;
use crate::transport::{Class, PushError, WrittenBytes, infallible};

fn taken(outbox: &Outbox) -> Vec<u8> {
    let mut bytes = Vec::new();
    outbox.take(&mut bytes);
    outbox.wrote(bytes.len());
    bytes
}

#[test]
fn messages_stand_behind_each_other_as_frames() {
    let outbox = Outbox::new(Framing::plain(None), bounds(1000, Overflow::default()));
    outbox.push(Class::Required, infallible(|out| out.extend_from_slice(b"ab"))).unwrap();
    outbox.push_encoded(b"c").unwrap();
    outbox.push_as(Opcode::Text, b"d").unwrap();
    assert_eq!(outbox.queued(), 10);
    assert_eq!(taken(&outbox), b"\x82\x02ab\x82\x01c\x81\x01d");
    assert_eq!(outbox.queued(), 0);
}

#[test]
fn a_message_that_cannot_be_encoded_leaves_nothing_behind() {
    for batch in [None, Some(Serializer::Cbor), Some(Serializer::Json)] {
        let framing =
            Framing::WebSocket { kind: Some(Opcode::Binary), batch, deflate: None, role: Role::Server };
        let outbox = Outbox::new(framing, bounds(1000, Overflow::default()));
        let fail = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"half");
            Err("no")
        };
        assert_eq!(outbox.push(Class::Required, fail), Err(PushError::Encode("no")));
        assert_eq!(taken(&outbox), b"");
        outbox.push_encoded(b"a").unwrap();
        assert_eq!(outbox.push(Class::Required, fail), Err(PushError::Encode("no")));
        let panic =
            AssertUnwindSafe(|| outbox.push(Class::Required, infallible(|_| panic!("expected by the test"))));
        assert!(catch_unwind(panic).is_err());
        outbox.push_encoded(b"b").unwrap();

        let expected = Outbox::new(framing, bounds(1000, Overflow::default()));
        expected.push_encoded(b"a").unwrap();
        expected.push_encoded(b"b").unwrap();
        assert_eq!(outbox.queued(), expected.queued());
        assert_eq!(taken(&outbox), taken(&expected));
    }
}

#[test]
fn an_event_that_is_framed_once_is_queued_as_any_other() {
    let of = |kind, batch| Framing::WebSocket { kind, batch, deflate: None, role: Role::Server };
    let framings = [
        of(None, None),
        of(Some(Opcode::Text), None),
        of(Some(Opcode::Binary), Some(Serializer::MessagePack)),
        of(Some(Opcode::Text), Some(Serializer::Json)),
        Framing::RawSocket { serializer: Serializer::Json, takes: 70_000 },
    ];
    let limits = [bounds(80_000, Overflow::DropOldestEvent), bounds(300_000, Overflow::DropNewestEvent)];
    for (framing, limits) in framings.into_iter().flat_map(|framing| limits.map(|limits| (framing, limits))) {
        // Of both kinds, and of all lengths of a header; the longest is in the way of the next.
        for kind in [Opcode::Text, Opcode::Binary] {
            let (outbox, expected) = (Outbox::new(framing, limits), Outbox::new(framing, limits));
            for length in [0, 1, 125, 126, 60_000, 65_535, 65_536, 65_537, 1] {
                let event = vec![b'x'; length];
                let pushed = outbox.push_framed_event(&framed(kind, &event), None);
                assert_eq!(pushed, expected.push_event(&event, None), "{framing:?} {length}");
                assert_eq!(outbox.queued(), expected.queued(), "{framing:?} {length}");
                assert_eq!(outbox.traffic(), expected.traffic(), "{framing:?} {length}");
            }
            assert_eq!(outbox.events_lost(), expected.events_lost());
            assert_eq!(taken(&outbox), taken(&expected), "{framing:?}");
        }
    }
}

#[test]
fn the_limit_is_kept_to_the_byte() {
    let outbox = Outbox::new(Framing::plain(None), bounds(12, Overflow::default()));
    outbox.push_encoded(b"1234").unwrap();
    outbox.push_encoded(b"1234").unwrap();
    assert_eq!(outbox.queued(), 12);
    assert_eq!(outbox.push_encoded(b""), Err(PushError::Closed));
    assert!(outbox.is_closed() && outbox.overflowed());
}

#[test]
fn other_bounds_hold_from_now_on_to_the_byte() {
    let outbox = Outbox::new(Framing::plain(None), bounds(100, Overflow::default()));
    outbox.push_encoded(&[0; 4]).unwrap();
    outbox.resize(&bounds(100, Overflow::default()).at_most(Some(12)));
    assert_eq!(outbox.limit(), 12);
    assert!(!outbox.has_room(), "a quarter of 12 waits");
    assert_eq!(outbox.push(Class::Answer, infallible(|out| out.extend([0; 13]))), Err(PushError::TooLong));
    outbox.push_encoded(&[0; 4]).unwrap();
    outbox.resize(&bounds(100, Overflow::default()).at_most(None));
    assert!(outbox.has_room());
    outbox.push_encoded(&[0; 86]).unwrap();
    assert_eq!((outbox.limit(), outbox.queued()), (100, 100));
    outbox.resize(&bounds(100, Overflow::default()).at_most(Some(50)));
    assert_eq!(outbox.push_encoded(b""), Err(PushError::Closed));
    assert!(outbox.overflowed());
}

#[test]
fn taken_bytes_count_until_they_are_written() {
    let outbox = Outbox::new(Framing::plain(None), bounds(100, Overflow::default()));
    outbox.push_encoded(&[0; 48]).unwrap();
    let mut bytes = Vec::new();
    assert!(matches!(outbox.take(&mut bytes), WrittenBytes::Bytes));
    assert_eq!((bytes.len(), outbox.queued()), (50, 50));
    outbox.push_encoded(&[0; 48]).unwrap();
    outbox.wrote(30);
    assert_eq!(outbox.queued(), 70);
    assert!(!outbox.has_room());
    outbox.wrote(20);
    outbox.wrote(30);
    assert!(outbox.has_room());
}

#[test]
fn pushes_of_many_threads_are_all_there_and_whole() {
    let outbox = Outbox::new(Framing::plain(None), bounds(1 << 20, Overflow::default()));
    let threads: Vec<_> = (0..4u8)
        .map(|name| {
            let outbox = outbox.clone();
            thread::spawn(move || (0..1000).for_each(|_| outbox.push_encoded(&[name; 7]).unwrap()))
        })
        .collect();
    let mut received = Vec::new();
    while received.len() < 4 * 1000 * 9 {
        received.extend(taken(&outbox));
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(outbox.queued(), 0);
    for frame in received.chunks(9) {
        assert_eq!(frame[..2], [0x82, 7]);
        assert!(frame[2..].iter().all(|byte| *byte == frame[2]));
    }
}
