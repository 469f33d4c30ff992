//! The past events of one subscription, and what can be asked about them.
//!
//! Events stand in the order in which the broker received them; the oldest makes room for a new one. That order is the
//! only one: times need not grow, and publication ids are random. Spec: advanced, "Event History".

mod cursor;
mod query;

use std::collections::VecDeque;
use std::sync::Arc;

pub use cursor::HistoryCursor;
pub use query::HistoryQuery;

use crate::id::PublicationId;
use crate::timestamp::Timestamp;

/// The last events of one subscription; `E` is what is kept of each beside what it is found by.
#[derive(Clone, Debug)]
pub struct History<E> {
    capacity: usize,
    /// The most bytes of memory, and the bytes that an event takes.
    most_bytes: usize,
    size_of: fn(&E) -> usize,
    bytes: usize,
    /// The number of removed events, which is the number of the oldest event present.
    gone: u64,
    entries: VecDeque<HistoryEntry<E>>,
}

/// One past event.
#[derive(Clone, Debug)]
pub struct HistoryEntry<E> {
    /// The publication it came from.
    pub publication: PublicationId,
    /// When the broker received it.
    pub timestamp: Timestamp,
    /// The topic published to, also where the subscription is for that topic alone.
    pub topic: Arc<str>,
    /// The rest.
    pub event: E,
}

impl<E> History<E> {
    /// The overhead of the history for each event: its place in a queue that grows by doubling.
    pub const OVERHEAD: usize = 2 * size_of::<HistoryEntry<E>>();

    /// No events, and room for that many. Memory is taken as events come.
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, most_bytes: usize::MAX, size_of: |_| 0, bytes: 0, gone: 0, entries: VecDeque::new() }
    }

    /// The same, with room for that many bytes of memory as well. `size_of` says how many an event takes, its topic
    /// included.
    #[must_use]
    pub const fn within(mut self, bytes: usize, size_of: fn(&E) -> usize) -> Self {
        self.most_bytes = bytes;
        self.size_of = size_of;
        self
    }

    /// Adds the newest event; the oldest go if there is no room. One that would not even fit alone is not kept, and
    /// nothing goes for it.
    pub fn push(&mut self, publication: PublicationId, timestamp: Timestamp, topic: Arc<str>, event: E) {
        let size = (self.size_of)(&event).saturating_add(Self::OVERHEAD);
        if self.capacity == 0 || size > self.most_bytes {
            return;
        }
        while self.entries.len() >= self.capacity || self.bytes > self.most_bytes - size {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= (self.size_of)(&oldest.event) + Self::OVERHEAD;
            self.gone += 1;
        }
        self.bytes += size;
        self.entries.push_back(HistoryEntry { publication, timestamp, topic, event });
    }

    /// Keeps at most so many events and bytes from now on, and returns those that are too many, the oldest first.
    pub fn limit(&mut self, capacity: usize, most_bytes: usize) -> Vec<HistoryEntry<E>> {
        (self.capacity, self.most_bytes) = (capacity, most_bytes);
        let mut gone = Vec::new();
        while self.entries.len() > self.capacity || self.bytes > self.most_bytes {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= (self.size_of)(&oldest.event) + Self::OVERHEAD;
            self.gone += 1;
            gone.push(oldest);
        }
        gone
    }

    /// All events, the oldest first.
    pub fn into_entries(self) -> Vec<HistoryEntry<E>> {
        self.entries.into()
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The bytes of memory that they take.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The events that pass all filters and that the caller is `permitted` to see, in the order asked for.
    pub fn read(&self, query: &HistoryQuery, permitted: impl Fn(&E) -> bool) -> Vec<&HistoryEntry<E>> {
        let mut cursor = self.cursor(query.clone());
        let mut found = Vec::new();
        self.advance(&mut cursor, usize::MAX, permitted, |entry| found.push(entry));
        found
    }
}

#[cfg(test)]
mod tests;
