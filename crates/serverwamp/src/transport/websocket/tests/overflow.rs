//! Events that do not fit into the outbox, under every policy (checklist SEC-05, RPC-24).

use std::sync::atomic::{AtomicUsize, Ordering};

use serverwamp_proto::codec::Serializer;

use super::*;
use crate::transport::{Class, PushError, WrittenBytes, infallible};

pub(super) const POLICIES: [Overflow; 3] =
    [Overflow::CloseSession, Overflow::DropNewestEvent, Overflow::DropOldestEvent];

pub(super) fn plain(limit: usize, overflow: Overflow) -> Outbox {
    Outbox::new(Framing::plain(None), bounds(limit, overflow))
}

pub(super) fn batched(serializer: Serializer, limit: usize, overflow: Overflow) -> Outbox {
    let framing = Framing::WebSocket {
        kind: Some(Opcode::Binary),
        batch: Some(serializer),
        deflate: None,
        role: Role::Server,
    };
    Outbox::new(framing, bounds(limit, overflow))
}

pub(super) fn taken(outbox: &Outbox) -> Vec<u8> {
    let mut bytes = Vec::new();
    outbox.take(&mut bytes);
    outbox.wrote(bytes.len());
    bytes
}

/// One that has room for so many messages, however long they are.
pub(super) fn of_messages(serializer: Option<Serializer>, messages: usize, overflow: Overflow) -> Outbox {
    let framing = Framing::WebSocket {
        kind: Some(Opcode::Binary),
        batch: serializer,
        deflate: None,
        role: Role::Server,
    };
    Outbox::new(framing, OutboxBounds { messages, ..bounds(1 << 20, overflow) })
}

/// The payloads of frames.
pub(super) fn messages(bytes: &[u8]) -> Vec<Bytes> {
    let mut decoder = Decoder::new(Role::Client, 1 << 24);
    let mut bytes = BytesMut::from(bytes);
    let mut messages = Vec::new();
    while let Some(event) = decoder.decode(&mut bytes).unwrap() {
        let Event::Binary(message) = event else { continue };
        messages.push(message);
    }
    assert!(bytes.is_empty(), "half a frame");
    messages
}

#[test]
fn an_event_that_does_not_fit_closes_the_session_by_default() {
    let outbox = plain(12, Overflow::default());
    outbox.push_event(b"1234", None).unwrap();
    outbox.push_event(b"1234", None).unwrap();
    assert_eq!(outbox.push_event(b"", None), Err(PushError::Closed));
    assert!(outbox.is_closed() && outbox.overflowed());
    assert_eq!(outbox.events_lost(), 0);
}

#[test]
fn the_newest_event_is_dropped_and_counted_and_leaves_an_eighth_to_others() {
    let outbox = plain(80, Overflow::DropNewestEvent);
    for _ in 0..7 {
        outbox.push_event(b"12345678", None).unwrap();
    }
    assert_eq!(outbox.queued(), 70);
    assert_eq!(outbox.push_event(b"", None), Err(PushError::Full));
    assert_eq!(outbox.push_event(b"12345678", None), Err(PushError::Full));
    assert_eq!((outbox.events_lost(), outbox.queued()), (2, 70));
    outbox.push_encoded(b"a result").unwrap();
    assert_eq!(messages(&taken(&outbox)).last().unwrap(), "a result");
    // And when there is room again, events come again.
    outbox.push_event(b"later", None).unwrap();
    assert_eq!(messages(&taken(&outbox)), ["later"]);
}

#[test]
fn the_oldest_events_are_dropped_and_everything_else_keeps_its_order() {
    let outbox = plain(80, Overflow::DropOldestEvent);
    for message in ["e1", "r1", "e2", "e3", "r2", "e4", "e5", "r3"] {
        let message = format!("{message}______");
        match message.as_bytes()[0] {
            b'e' => outbox.push_event(message.as_bytes(), None).unwrap(),
            _ => outbox.push_encoded(message.as_bytes()).unwrap(),
        }
    }
    assert_eq!(outbox.queued(), 80);
    // A quarter goes at once, so two events and not one.
    outbox.push_event(b"e6______", None).unwrap();
    assert_eq!((outbox.events_lost(), outbox.queued()), (2, 70));
    let left = messages(&taken(&outbox));
    let left: Vec<_> = left.iter().map(|message| &message[..2]).collect();
    assert_eq!(left, [b"r1", b"e3", b"r2", b"e4", b"e5", b"r3", b"e6"]);
    assert_eq!(outbox.queued(), 0);
}

// PCR-11
#[test]
fn what_is_no_event_is_never_dropped_but_ends_the_connection() {
    for overflow in POLICIES {
        let outbox = plain(40, overflow);
        outbox.push_encoded(b"12345678").unwrap();
        outbox.push_event(b"12345678", None).unwrap();
        outbox.push_encoded(b"12345678").unwrap();
        outbox.push_encoded(b"12345678").unwrap();
        let evicts = overflow == Overflow::DropOldestEvent;
        // An event gives way if it may; then there is nothing more that could.
        assert_eq!(outbox.push_encoded(b"87654321"), if evicts { Ok(()) } else { Err(PushError::Closed) });
        assert_eq!(outbox.events_lost(), u64::from(evicts));
        assert_eq!(outbox.push_encoded(b""), Err(PushError::Closed));
        assert!(outbox.overflowed());
    }
}

#[test]
fn an_event_that_cannot_fit_drives_nothing_out() {
    let outbox = plain(100, Overflow::DropOldestEvent);
    outbox.push_encoded(&[1; 48]).unwrap();
    outbox.push_event(&[2; 28], None).unwrap();
    assert_eq!(outbox.push_event(&[3; 50], None), Err(PushError::Full));
    assert_eq!((outbox.events_lost(), outbox.queued()), (1, 80));
    assert_eq!(messages(&taken(&outbox)), [vec![1; 48], vec![2; 28]]);
}

#[test]
fn events_that_are_being_written_stay() {
    let outbox = plain(100, Overflow::DropOldestEvent);
    outbox.push_event(&[1; 78], None).unwrap();
    let mut writing = Vec::new();
    assert!(matches!(outbox.take(&mut writing), WrittenBytes::Bytes));
    assert_eq!(outbox.push_event(&[2; 28], None), Err(PushError::Full));
    outbox.push_event(&[3; 18], None).unwrap();
    outbox.push_event(&[4; 18], None).unwrap();
    assert_eq!((outbox.events_lost(), outbox.queued()), (2, 100));
    assert_eq!(messages(&writing), [vec![1; 78]]);
    outbox.wrote(writing.len());
    assert_eq!(messages(&taken(&outbox)), [vec![4; 18]]);
    assert_eq!(outbox.queued(), 0);
}

// RPC-24
#[test]
fn a_refusable_message_is_refused_early_and_ends_nothing() {
    for overflow in POLICIES {
        let outbox = plain(80, overflow);
        for _ in 0..7 {
            outbox.push(Class::Refusable, infallible(|out| out.extend_from_slice(b"12345678"))).unwrap();
        }
        assert_eq!(outbox.push(Class::Refusable, infallible(|_| ())), Err(PushError::Full));
        assert_eq!((outbox.queued(), outbox.events_lost(), outbox.is_closed()), (70, 0, false));
        outbox.push_encoded(b"a result").unwrap();
        assert_eq!(messages(&taken(&outbox)).len(), 8);
        outbox.push(Class::Refusable, infallible(|out| out.push(1))).unwrap();
        outbox.close(1000, "");
        assert_eq!(outbox.push(Class::Refusable, infallible(|out| out.push(1))), Err(PushError::Closed));
    }
}

#[test]
fn a_refused_message_leaves_no_batch_behind() {
    for overflow in POLICIES {
        let outbox = batched(Serializer::Cbor, 40, overflow);
        assert_eq!(
            outbox.push(Class::Refusable, infallible(|out| out.extend_from_slice(&[1; 50]))),
            Err(PushError::Full)
        );
        assert_eq!((outbox.queued(), taken(&outbox)), (0, vec![]));
        outbox.push(Class::Refusable, infallible(|out| out.extend_from_slice(b"abc"))).unwrap();
        assert_eq!(
            outbox.push(Class::Refusable, infallible(|out| out.extend_from_slice(&[1; 50]))),
            Err(PushError::Full)
        );
        assert_eq!(taken(&outbox), b"\x82\x07\0\0\0\x03abc");
        assert_eq!(outbox.queued(), 0);
    }
}

#[test]
fn places_of_events_are_kept_only_where_they_may_be_removed() {
    for overflow in POLICIES {
        let outbox = plain(1 << 20, overflow);
        (0..10_000).for_each(|_| outbox.push_event(b"event", None).unwrap());
        let mut bytes = Vec::new();
        outbox.take(&mut bytes);
        outbox.wrote(bytes.len());
        let places = outbox.memory();
        assert!(if overflow == Overflow::DropOldestEvent { places <= 1 << 15 } else { places == 0 });
        outbox.trim();
        assert_eq!(outbox.memory(), 0);
    }
}

#[tokio::test]
async fn who_waits_for_room_is_woken_when_events_make_it() {
    let outbox = plain(100, Overflow::DropOldestEvent);
    outbox.push_event(&[1; 90], None).unwrap();
    let waiting = outbox.clone();
    let task = tokio::spawn(async move { waiting.room().await });
    tokio::task::yield_now().await;
    assert!(!task.is_finished());
    // The only event goes, and what takes its place is short.
    outbox.push_event(&[2; 15], None).unwrap();
    tokio::time::timeout(Duration::from_secs(5), task).await.unwrap().unwrap();
    assert_eq!(outbox.events_lost(), 1);
}

#[test]
fn the_first_loss_wakes_the_connection_so_that_it_is_said() {
    struct Wakes(AtomicUsize);
    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    for overflow in [Overflow::DropNewestEvent, Overflow::DropOldestEvent] {
        let wakes = Arc::new(Wakes(AtomicUsize::new(0)));
        let outbox = plain(100, overflow);
        outbox.register(&Waker::from(Arc::clone(&wakes)));
        outbox.attend();
        (0..4).for_each(|_| outbox.push_event(&[0; 20], None).unwrap());
        assert_eq!(wakes.0.swap(0, Ordering::SeqCst), 1, "so that it measures how much is read");
        outbox.register(&Waker::from(Arc::clone(&wakes)));
        let _ = outbox.push_event(&[0; 20], None);
        let _ = outbox.push_event(&[0; 20], None);
        outbox.register(&Waker::from(Arc::clone(&wakes)));
        for _ in 0..9 {
            let _ = outbox.push_event(&[0; 20], None);
        }
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "{overflow:?}");
        assert!(outbox.events_lost() > 1);
    }
}
