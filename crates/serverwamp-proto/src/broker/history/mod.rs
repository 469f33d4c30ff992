//! The past events of one subscription, and what can be asked about them.
//!
//! Events stand in the order in which the broker received them; the oldest makes room for a new one. That order is the
//! only one: times need not grow, and publication ids are random. Spec: advanced, "Event History".
//!
//! What is not there is remembered as far as it can be asked for: that the oldest events have gone, and where events came that are
//! not kept. So an answer says whether something may be missing from it. Invariant: it says so whenever something is.

mod cursor;
mod query;

use std::collections::VecDeque;
use std::sync::Arc;

pub use cursor::HistoryCursor;
pub use query::HistoryQuery;

use crate::id::{EpochId, PublicationId};
use crate::timestamp::Timestamp;

/// The beginning of a history.
#[derive(Clone, Copy, Debug)]
pub struct HistoryBeginning {
    /// A random id, by which whoever has read the history knows that it is still the same one.
    pub epoch: EpochId,
    /// When it was empty; what was published before is not in it.
    pub at: Timestamp,
}

/// The last events of one subscription; `E` is what is kept of each beside what it is found by.
#[derive(Clone, Debug)]
pub struct History<E> {
    beginning: HistoryBeginning,
    capacity: usize,
    /// The most bytes of memory, and the bytes that an event takes.
    most_bytes: usize,
    size_of: fn(&E) -> usize,
    bytes: usize,
    /// The number of removed events, which is the number of the oldest event present.
    gone: u64,
    /// The least and the greatest time of the removed events.
    gone_times: Option<(Timestamp, Timestamp)>,
    entries: VecDeque<HistoryEntry<E>>,
    /// Events that are not kept came after the newest one.
    missing_last: bool,
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
    /// Events that are not kept came right before it.
    missing_before: bool,
}

impl<E> History<E> {
    /// The overhead of the history for each event: its place in a queue that grows by doubling.
    pub const OVERHEAD: usize = 2 * size_of::<HistoryEntry<E>>();

    /// No events, and room for that many. Memory is taken as events come.
    pub const fn new(capacity: usize, beginning: HistoryBeginning) -> Self {
        Self {
            beginning,
            capacity,
            most_bytes: usize::MAX,
            size_of: |_| 0,
            bytes: 0,
            gone: 0,
            gone_times: None,
            entries: VecDeque::new(),
            missing_last: false,
        }
    }

    /// Which history it is.
    pub const fn epoch(&self) -> EpochId {
        self.beginning.epoch
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
            return self.pass_over();
        }
        while self.entries.len() >= self.capacity || self.bytes > self.most_bytes - size {
            if self.forget_oldest().is_none() {
                break;
            }
        }
        self.bytes += size;
        let missing_before = std::mem::take(&mut self.missing_last);
        self.entries.push_back(HistoryEntry { publication, timestamp, topic, event, missing_before });
    }

    /// An event came that is not kept.
    pub const fn pass_over(&mut self) {
        self.missing_last = true;
    }

    fn forget_oldest(&mut self) -> Option<HistoryEntry<E>> {
        let oldest = self.entries.pop_front()?;
        self.bytes -= (self.size_of)(&oldest.event) + Self::OVERHEAD;
        self.gone += 1;
        let time = oldest.timestamp;
        let (first, last) = self.gone_times.unwrap_or((time, time));
        self.gone_times = Some((first.min(time), last.max(time)));
        Some(oldest)
    }

    /// Keeps at most so many events and bytes from now on, and returns those that are too many, the oldest first.
    pub fn limit(&mut self, capacity: usize, most_bytes: usize) -> Vec<HistoryEntry<E>> {
        (self.capacity, self.most_bytes) = (capacity, most_bytes);
        let mut gone = Vec::new();
        while self.entries.len() > self.capacity || self.bytes > self.most_bytes {
            let Some(oldest) = self.forget_oldest() else { break };
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
