//! What one connection has received and sent, counted while it does.
//!
//! Each counter has one writer at a time: the connection's own task for what it reads and for bytes, the holder of the outbox's
//! lock for messages that are pushed. So counting is a load and a store, without the lock of the bus, and whoever looks needs no
//! lock of the outbox. Lost events, which are few, are added by anybody.
//!
//! Invariant: whatever is counted is handed over once, by [`Outbox::hand_over`], to whoever adds it up.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Outbox;
use crate::base::locks::Mutex;
use crate::base::message_kind::{MessageDirection, MessageKind};

/// The counters of one connection.
#[derive(Debug)]
pub(super) struct Traffic {
    counts: [Count; MessageKind::COUNT],
    received_bytes: Count,
    sent_bytes: Count,
    events_without_room: AtomicU64,
    events_too_long: AtomicU64,
    /// What was handed over before, once something was.
    handed_over: Mutex<Option<Box<TrafficCounts>>>,
}

/// A counter with one writer at a time.
#[derive(Debug, Default)]
struct Count(AtomicU64);

/// Counted messages and bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TrafficCounts {
    pub(crate) messages: [u64; MessageKind::COUNT],
    pub(crate) received_bytes: u64,
    pub(crate) sent_bytes: u64,
    /// Events that found no room in the queue, or had to give way there.
    pub(crate) events_without_room: u64,
    /// Events that were longer than the peer accepts.
    pub(crate) events_too_long: u64,
}

impl Count {
    #[inline]
    fn add(&self, more: u64) {
        self.0.store(self.get().wrapping_add(more), Ordering::Relaxed);
    }

    #[inline]
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            counts: [const { Count(AtomicU64::new(0)) }; MessageKind::COUNT],
            received_bytes: Count::default(),
            sent_bytes: Count::default(),
            events_without_room: AtomicU64::new(0),
            events_too_long: AtomicU64::new(0),
            handed_over: Mutex::default(),
        }
    }
}

impl Traffic {
    fn now(&self) -> TrafficCounts {
        TrafficCounts {
            messages: std::array::from_fn(|kind| self.counts[kind].get()),
            received_bytes: self.received_bytes.get(),
            sent_bytes: self.sent_bytes.get(),
            events_without_room: self.events_without_room.load(Ordering::Relaxed),
            events_too_long: self.events_too_long.load(Ordering::Relaxed),
        }
    }

    /// Counts a message that is pushed; the outbox is locked.
    #[inline]
    pub(super) fn pushed(&self, kind: MessageKind) {
        self.counts[kind as usize].add(1);
    }

    /// Counts events that found no room. Anybody may be the one.
    pub(super) fn lost_for_room(&self, events: u64) {
        self.events_without_room.fetch_add(events, Ordering::Relaxed);
    }

    /// Counts an event that was too long. Anybody may be the one.
    pub(super) fn lost_for_length(&self) {
        self.events_too_long.fetch_add(1, Ordering::Relaxed);
    }
}

impl TrafficCounts {
    /// What was counted since `before`.
    fn since(&self, before: &Self) -> Self {
        let mut messages = self.messages;
        for (count, before) in messages.iter_mut().zip(&before.messages) {
            *count = count.wrapping_sub(*before);
        }
        Self {
            messages,
            received_bytes: self.received_bytes.wrapping_sub(before.received_bytes),
            sent_bytes: self.sent_bytes.wrapping_sub(before.sent_bytes),
            events_without_room: self.events_without_room.wrapping_sub(before.events_without_room),
            events_too_long: self.events_too_long.wrapping_sub(before.events_too_long),
        }
    }
}

impl Outbox {
    /// Counts a message that the connection has received. Its own task alone calls this.
    #[inline]
    pub(crate) fn count_received(&self, kind: MessageKind) {
        debug_assert!(
            matches!(kind.message().0, MessageDirection::Received) || kind == MessageKind::Other,
            "{kind:?} is not received"
        );
        self.0.traffic.counts[kind as usize].add(1);
    }

    /// Counts bytes that the connection has read. Its own task alone calls this.
    #[inline]
    pub(crate) fn count_received_bytes(&self, bytes: usize) {
        self.0.traffic.received_bytes.add(bytes as u64);
    }

    /// Counts bytes that the socket has accepted. The connection's own task alone calls this.
    #[inline]
    pub(crate) fn count_sent_bytes(&self, bytes: usize) {
        self.0.traffic.sent_bytes.add(bytes as u64);
    }

    /// What the connection has counted since it began. Nothing is handed over by that.
    pub(crate) fn traffic(&self) -> TrafficCounts {
        self.0.traffic.now()
    }

    /// Hands over what was counted since the last time.
    pub(crate) fn hand_over(&self, take: impl FnOnce(&TrafficCounts)) {
        let traffic = &self.0.traffic;
        let mut before = traffic.handed_over.lock().unwrap_or_else(PoisonError::into_inner);
        let now = traffic.now();
        match &mut *before {
            Some(before) => {
                take(&now.since(before));
                **before = now;
            }
            None => {
                take(&now);
                *before = Some(Box::new(now));
            }
        }
    }
}
