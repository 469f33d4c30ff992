//! Events that do not fit into the outbox, in sequences that look random and from many threads (checklist SEC-05).

use std::collections::VecDeque;
use std::thread;

use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::batch::Records;

use super::overflow::{POLICIES, batched, messages, plain, taken};
use super::*;
use crate::transport::{Class, FramedEvent, PushError, infallible};

/// Numbers that look random and are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// An event of this payload, of whose length not much was known.
pub(super) fn framed(kind: Opcode, payload: &[u8]) -> FramedEvent {
    let encode = |out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Some(())
    };
    FramedEvent::new(kind, 64, encode).unwrap()
}

/// The expected behaviour of the outbox, one frame at a time.
struct Model {
    limit: usize,
    messages: usize,
    overflow: Overflow,
    waiting: VecDeque<(bool, Vec<u8>)>,
    writing: usize,
    /// Messages in what is being written.
    writing_messages: usize,
    lost: u64,
    closed: bool,
}

impl Model {
    fn queued(&self) -> usize {
        self.writing + self.waiting.iter().map(|(_, frame)| frame.len()).sum::<usize>()
    }

    fn push(&mut self, event: bool, refusable: bool, payload: &[u8]) -> Result<(), PushError> {
        if self.closed {
            return Err(PushError::Closed);
        }
        let newest = event && self.overflow == Overflow::DropNewestEvent;
        let bound = |limit: usize| if refusable || newest { limit - limit / 8 } else { limit };
        let mut frame = Vec::new();
        serverwamp_proto::websocket::frame::push(Opcode::Binary, payload, &mut frame);
        let excess = (self.queued() + frame.len()).saturating_sub(bound(self.limit));
        let messages = self.writing_messages + self.waiting.len() + 1;
        let many = messages.saturating_sub(bound(self.messages));
        let events = || self.waiting.iter().filter(|(event, _)| *event).map(|(_, frame)| frame.len());
        let full = excess > 0 || many > 0;
        let room = excess <= events().sum() && many <= events().count();
        if full && self.overflow == Overflow::DropOldestEvent && room {
            // A quarter of what there is too much of.
            let least = if excess > 0 { excess.max(self.limit / 4) } else { 0 };
            let fewest = if many > 0 { many.max(self.messages / 4) } else { 0 };
            let (mut freed, mut removed) = (0, 0);
            while freed < least || removed < fewest {
                let Some(oldest) = self.waiting.iter().position(|(event, _)| *event) else { break };
                freed += self.waiting.remove(oldest).unwrap().1.len();
                removed += 1;
                self.lost += 1;
            }
        } else if full && refusable {
            return Err(PushError::Full);
        } else if full && event && self.overflow != Overflow::CloseSession {
            self.lost += 1;
            return Err(PushError::Full);
        } else if full {
            self.closed = true;
            return Err(PushError::Closed);
        }
        self.waiting.push_back((event, frame));
        Ok(())
    }
}

#[test]
fn any_sequence_of_pushes_and_writes_does_what_a_simple_model_does() {
    let mut random = Random(7);
    let (mut lost, mut closed) = ([0; 3], [0; 3]);
    for round in 0..600 {
        let (limit, overflow) = (100 + random.below(3000), POLICIES[round % 3]);
        // Sometimes the one limit is met first, sometimes the other.
        let messages = 20 + random.below(120);
        let framing = Framing::plain(None);
        let outbox = Outbox::new(framing, OutboxBounds { messages, ..bounds(limit, overflow) });
        let mut model = Model {
            limit,
            messages,
            overflow,
            waiting: VecDeque::new(),
            writing: 0,
            writing_messages: 0,
            lost: 0,
            closed: false,
        };
        let mut writing = Vec::new();
        for number in 0..200u8 {
            let longest = if random.below(10) == 0 { limit / 2 } else { 60 };
            let payload = vec![number; random.below(longest)];
            match random.below(16) {
                0 => {
                    outbox.take(&mut writing);
                    outbox.wrote(model.writing);
                    model.writing_messages = model.waiting.len();
                    let expected: Vec<u8> = model.waiting.drain(..).flat_map(|(_, frame)| frame).collect();
                    assert_eq!(writing, expected, "round {round}");
                    model.writing = expected.len();
                    writing.clear();
                }
                1..3 => {
                    let pushed = outbox.push_encoded(&payload).map_err(|_| PushError::Closed);
                    assert_eq!(pushed, model.push(false, false, &payload), "round {round}");
                }
                3 => {
                    let pushed =
                        outbox.push(Class::Refusable, infallible(|out| out.extend_from_slice(&payload)));
                    assert_eq!(pushed, model.push(false, true, &payload), "round {round}");
                }
                _ => {
                    let pushed = match number % 2 {
                        0 => outbox.push_event(&payload, None),
                        _ => outbox.push_framed_event(&framed(Opcode::Binary, &payload), None),
                    };
                    assert_eq!(pushed, model.push(true, false, &payload), "round {round}");
                }
            }
            assert_eq!(outbox.events_lost(), model.lost, "round {round}");
            assert_eq!(outbox.is_closed(), model.closed, "round {round}");
            if model.closed {
                closed[round % 3] += 1;
                break;
            }
            assert_eq!(outbox.queued(), model.queued(), "round {round}");
        }
        lost[round % 3] += model.lost;
    }
    assert!(lost[0] == 0 && lost[1] > 1000 && lost[2] > 1000, "{lost:?}: the test has tested nothing");
    assert!(closed.iter().all(|closed| *closed > 0) && closed[2] < 100, "{closed:?}");
}

#[test]
fn batches_lose_events_only_and_as_many_as_are_counted() {
    let mut random = Random(11);
    for round in 0..150 {
        let (limit, overflow) = (50_000 + random.below(50_000), POLICIES[1 + round % 2]);
        let serializer = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor][round % 3];
        let outbox = batched(serializer, limit, overflow);
        let (mut received, mut sent) = (Vec::new(), Vec::new());
        let mut take = |outbox: &Outbox| {
            for batch in messages(&taken(outbox)) {
                received.extend(Records::new(serializer, batch).map(Result::unwrap));
            }
            assert_eq!(outbox.queued(), 0);
        };
        for number in 0..1000u32 {
            let event = random.below(8) > 0;
            let message = format!(
                "{} {number} {}",
                if event { 'e' } else { 'r' },
                "x".repeat(random.below(if event { 800 } else { 40 }))
            );
            match event {
                true if number % 2 == 0 => {
                    let event = framed(outbox.framing().kind(), message.as_bytes());
                    assert_ne!(outbox.push_framed_event(&event, None), Err(PushError::Closed));
                }
                true => assert_ne!(outbox.push_event(message.as_bytes(), None), Err(PushError::Closed)),
                false => assert_eq!(outbox.push_encoded(message.as_bytes()), Ok(()), "round {round}"),
            }
            assert!(outbox.queued() <= limit + 6);
            sent.push(Bytes::from(message));
            // Seldom enough for losses, often enough for everything that is no event to fit.
            if number % 400 == 399 {
                take(&outbox);
            }
        }
        take(&outbox);
        let mut rest = sent.iter();
        for message in &received {
            assert!(rest.any(|sent| sent == message), "round {round}: {message:?} is new or out of order");
        }
        let others = |messages: &[Bytes]| messages.iter().filter(|message| message[0] == b'r').count();
        assert_eq!(others(&received), others(&sent), "round {round}");
        let lost = u64::try_from(sent.len() - received.len()).unwrap();
        assert!(lost > 0, "round {round}");
        assert_eq!(outbox.events_lost(), lost, "round {round}");
        if overflow == Overflow::DropOldestEvent {
            assert_eq!(received.last(), sent.last(), "the newest is there");
        }
    }
}

#[test]
fn events_of_many_threads_are_there_or_counted() {
    for overflow in [Overflow::DropNewestEvent, Overflow::DropOldestEvent] {
        let outbox = plain(2000, overflow);
        let threads: Vec<_> = (0..4u8)
            .map(|name| {
                let outbox = outbox.clone();
                thread::spawn(move || {
                    for _ in 0..5000 {
                        assert_ne!(outbox.push_event(&[name; 7], None), Err(PushError::Closed));
                    }
                })
            })
            .collect();
        let mut received = Vec::new();
        while !threads.iter().all(thread::JoinHandle::is_finished) {
            received.extend(taken(&outbox));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        received.extend(taken(&outbox));
        assert_eq!((outbox.queued(), outbox.is_closed()), (0, false));
        let received = messages(&received);
        assert!(received.iter().all(|event| event.len() == 7 && event.iter().all(|byte| *byte == event[0])));
        assert_eq!(u64::try_from(received.len()).unwrap() + outbox.events_lost(), 20_000);
    }
}
