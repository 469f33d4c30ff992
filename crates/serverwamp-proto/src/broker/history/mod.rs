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
    /// No events, and room for that many. Memory is taken as events come.
    pub const fn new(capacity: usize) -> Self {
        Self { capacity, entries: VecDeque::new() }
    }

    /// Adds the newest event; the oldest goes if there is no room.
    pub fn push(&mut self, publication: PublicationId, timestamp: Timestamp, topic: Arc<str>, event: E) {
        if self.capacity == 0 {
            return;
        }
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        self.entries.push_back(HistoryEntry { publication, timestamp, topic, event });
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.entries.len()
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
