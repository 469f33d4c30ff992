//! How many lines of one kind there may be, for those that the framework does not bound itself: the program's own, and those of
//! other crates.
//!
//! Invariant: of each kind, the lines that are admitted and the counts that are told together are the lines there were.

use super::line::{Line, Value};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tracing::callsite::Identifier;
use tracing::{Level, Metadata};

/// So many at once, and then one in a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    most: u32,
    every: Duration,
    left: u32,
    /// Since when the next one grows.
    since: Instant,
}

impl Pace {
    pub(crate) fn new(most: u32, every: Duration, now: Instant) -> Self {
        Self { most, every, left: most, since: now }
    }

    /// Errors of the framework have the same pace.
    pub(crate) fn of_errors(now: Instant) -> Self {
        Self::new(10, Duration::from_secs(1), now)
    }

    /// Takes one, if there is one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        while self.left < self.most && now.duration_since(self.since) >= self.every {
            self.left += 1;
            self.since += self.every;
        }
        if self.left == self.most {
            self.since = now;
        }
        let there = self.left > 0;
        self.left = self.left.saturating_sub(1);
        there
    }
}

/// The kinds of lines there have been: one for each place that writes one.
#[derive(Debug, Default)]
pub(super) struct Rates(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    all: HashMap<Identifier, Kind>,
    /// When somebody looked last for counts that are due.
    looked: Option<Instant>,
}

#[derive(Debug)]
struct Kind {
    metadata: &'static Metadata<'static>,
    pace: Pace,
    left_out: u64,
}

/// Lines that were left out.
#[derive(Debug)]
pub(super) struct LeftOut {
    metadata: &'static Metadata<'static>,
    count: u64,
}

impl Rates {
    /// Returns how many lines of this kind were left out before this one; `None` if this one is left out as well.
    pub(super) fn admit(&self, metadata: &'static Metadata<'static>, now: Instant) -> Option<u64> {
        let mut kinds = self.kinds();
        let kind = kinds.all.entry(metadata.callsite()).or_insert_with(|| Kind::new(metadata, now));
        if kind.pace.take(now) {
            return Some(std::mem::take(&mut kind.left_out));
        }
        kind.left_out += 1;
        None
    }

    /// The kinds that have left lines out and may say so, once a second.
    pub(super) fn due(&self, now: Instant) -> Vec<LeftOut> {
        let mut kinds = self.kinds();
        if kinds.looked.is_some_and(|looked| now.duration_since(looked) < Duration::from_secs(1)) {
            return Vec::new();
        }
        kinds.looked = Some(now);
        let owing = kinds.all.values_mut().filter(|kind| kind.left_out > 0);
        owing.filter_map(|kind| kind.pace.take(now).then(|| kind.tell())).collect()
    }

    /// All kinds that have left lines out, at the end.
    pub(super) fn all(&self) -> Vec<LeftOut> {
        let mut kinds = self.kinds();
        kinds.all.values_mut().filter(|kind| kind.left_out > 0).map(Kind::tell).collect()
    }

    fn kinds(&self) -> MutexGuard<'_, Kinds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LeftOut {
    /// The line that says so, as the framework has one about its lines.
    pub(super) fn line(&self) -> Line<'static> {
        Line {
            level: *self.metadata.level(),
            target: "serverwamp::log",
            message: "lines were left out".to_owned(),
            fields: vec![
                ("line", Value::Text(self.metadata.name().to_owned())),
                ("suppressed", Value::Unsigned(self.count)),
            ],
        }
    }
}

impl Kind {
    /// Warnings are about this process here, and not about peers as the framework's are: an operator who tries a second time has
    /// to see the second warning.
    fn new(metadata: &'static Metadata<'static>, now: Instant) -> Self {
        let pace = match *metadata.level() {
            Level::ERROR | Level::WARN => Pace::of_errors(now),
            Level::INFO => Pace::new(100, Duration::from_millis(100), now),
            _ => Pace::new(1000, Duration::from_millis(10), now),
        };
        Self { metadata, pace, left_out: 0 }
    }

    fn tell(&mut self) -> LeftOut {
        LeftOut { metadata: self.metadata, count: std::mem::take(&mut self.left_out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_are_there_at_once_and_then_one_each_second() {
        let start = Instant::now();
        let mut pace = Pace::of_errors(start);
        let mut taken = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..1000).filter(|_| pace.take(now)).count()
        };
        assert_eq!([taken(0), taken(0), taken(1), taken(1), taken(4), taken(1000)], [10, 0, 1, 0, 3, 10]);
    }

    #[test]
    fn every_line_is_admitted_or_counted() {
        let metadata = crate::logging::layer::tests::metadata();
        let rates = Rates::default();
        let start = Instant::now();
        let mut lines = 0;
        for millis in 0..5000_u64 {
            let told = rates.admit(metadata, start + Duration::from_millis(millis));
            lines += told.map_or(0, |before| before + 1);
        }
        assert!(rates.due(start + Duration::from_millis(4999)).is_empty(), "it is not its turn");
        let due = rates.due(start + Duration::from_secs(60));
        lines += due.iter().map(|left_out| left_out.count).sum::<u64>();
        assert_eq!((due.len(), lines), (1, 5000));
        assert!(
            rates.due(start + Duration::from_secs(120)).is_empty() && rates.all().is_empty(),
            "it is told once"
        );
    }
}
