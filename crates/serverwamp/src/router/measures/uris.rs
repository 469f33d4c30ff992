//! Counts of single procedures and topics: of those that the operator has named.

use super::durations::DurationCounts;
use super::statistics::UriStatistics;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::threads::{CacheLine, number_of_this_thread};
use serverwamp_proto::pattern::UriPattern;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// Threads that count for the same URI meanwhile do so in places of their own; further ones share them.
const PLACES: usize = 8;

/// The counts of one URI.
#[derive(Debug, Default)]
pub(crate) struct UriMeasures {
    places: [CacheLine<UriCounts>; PLACES],
    durations: DurationCounts,
}

#[derive(Debug, Default)]
struct UriCounts {
    results: AtomicU64,
    errors: AtomicU64,
    events: AtomicU64,
}

impl UriMeasures {
    fn here(&self) -> &UriCounts {
        &self.places[number_of_this_thread() % PLACES].0
    }

    /// Counts a call that was answered.
    pub(crate) fn answered(&self, with_result: bool) {
        let counts = self.here();
        let counter = if with_result { &counts.results } else { &counts.errors };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts events that were queued for subscribers.
    pub(crate) fn delivered(&self, events: usize) {
        self.here().events.fetch_add(events as u64, Ordering::Relaxed);
    }

    pub(super) fn took(&self, time: Duration) {
        self.durations.add(time);
    }

    fn read(&self, uri: &str) -> UriStatistics {
        let sum = |counter: fn(&UriCounts) -> &AtomicU64| {
            self.places.iter().map(|place| counter(&place.0).load(Ordering::Relaxed)).sum()
        };
        UriStatistics {
            uri: uri.to_owned(),
            results: sum(|counts| &counts.results),
            errors: sum(|counts| &counts.errors),
            events_delivered: sum(|counts| &counts.events),
            call_durations: self.durations.read(),
        }
    }
}

/// The URIs of a realm that are counted on their own.
#[derive(Debug)]
pub(super) struct MeasuredUris {
    wanted: Arc<[UriPattern]>,
    most: usize,
    table: Mutex<UriTable>,
}

#[derive(Debug, Default)]
struct UriTable {
    by_uri: BTreeMap<Box<str>, Arc<UriMeasures>>,
    /// Those beyond the limit have this in common.
    others: Option<Arc<UriMeasures>>,
}

impl MeasuredUris {
    pub(super) fn new(wanted: Arc<[UriPattern]>, most: usize) -> Self {
        Self { wanted, most, table: Mutex::default() }
    }

    fn table(&self) -> MutexGuard<'_, UriTable> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether any URI is counted on its own.
    pub(super) fn are_wanted(&self) -> bool {
        !self.wanted.is_empty()
    }

    /// The counts of what was registered or subscribed to as this, if the operator has named it.
    pub(super) fn of(&self, uri: &str) -> Option<Arc<UriMeasures>> {
        if !self.wanted.iter().any(|pattern| pattern.matches(uri)) {
            return None;
        }
        let mut table = self.table();
        if let Some(known) = table.by_uri.get(uri) {
            return Some(Arc::clone(known));
        }
        if table.by_uri.len() >= self.most {
            return Some(Arc::clone(table.others.get_or_insert_default()));
        }
        let measures = Arc::<UriMeasures>::default();
        table.by_uri.insert(uri.into(), Arc::clone(&measures));
        Some(measures)
    }

    pub(super) fn read(&self) -> Vec<UriStatistics> {
        let table = self.table();
        let named = table.by_uri.iter().map(|(uri, measures)| measures.read(uri));
        named.chain(table.others.iter().map(|others| others.read(UriStatistics::OTHERS))).collect()
    }
}
