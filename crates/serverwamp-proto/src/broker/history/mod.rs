//! The past events of one subscription, and what can be asked about them.
//!
//! Events stand in the order in which the broker received them; the oldest makes room for a new one. That order is the
//! only one: times need not grow, and publication ids are random. Spec: advanced, "Event History".

mod query;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

pub use query::HistoryQuery;

use crate::id::PublicationId;
use crate::timestamp::Timestamp;

/// The last events of one subscription; `E` is what is kept of each beside what it is found by.
#[derive(Clone, Debug)]
pub struct History<E> {
    capacity: usize,
    /// How many bytes of memory there may be, and how many an event takes.
    most_bytes: usize,
    size_of: fn(&E) -> usize,
    bytes: usize,
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
    /// What the history takes for one event, whatever the event is: its place in a queue that grows by doubling.
    pub const OVERHEAD: usize = 2 * size_of::<HistoryEntry<E>>();

    /// No events, and room for that many. Memory is taken as events come.
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, most_bytes: usize::MAX, size_of: |_| 0, bytes: 0, entries: VecDeque::new() }
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
        }
        self.bytes += size;
        self.entries.push_back(HistoryEntry { publication, timestamp, topic, event });
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many bytes of memory they take.
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The events that pass all filters and that who asks is `permitted` to see, in the order asked for.
    pub fn read(&self, query: &HistoryQuery, permitted: impl Fn(&E) -> bool) -> Vec<&HistoryEntry<E>> {
        let Some(range) = self.positions(query) else { return Vec::new() };
        let found = self.entries.range(range).filter(|entry| query.accepts(entry) && permitted(&entry.event));
        let limit = query.limit.unwrap_or(usize::MAX);
        if query.reverse { found.rev().take(limit).collect() } else { found.take(limit).collect() }
    }

    /// Which places the publications of the query leave; none if one of them is not in the store, or if they cross.
    fn positions(&self, query: &HistoryQuery) -> Option<Range<usize>> {
        let place = |id: Option<PublicationId>| {
            id.map(|id| self.entries.iter().position(|entry| entry.publication == id).ok_or(NotStored))
                .transpose()
        };
        let from = place(query.from_publication).ok()?;
        let after = place(query.after_publication).ok()?;
        let before = place(query.before_publication).ok()?;
        let until = place(query.until_publication).ok()?;
        let start = from.unwrap_or(0).max(after.map_or(0, |place| place + 1));
        let all = self.entries.len();
        let end = before.unwrap_or(all).min(until.map_or(all, |place| place + 1));
        (start <= end).then_some(start..end)
    }
}

/// A publication that the history does not have, or no longer: nobody can say what lies behind it.
struct NotStored;

#[cfg(test)]
mod tests;
