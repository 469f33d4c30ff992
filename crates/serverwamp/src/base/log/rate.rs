//! The rate of each kind of line, and the count of suppressed lines.
//!
//! A kind begins with a store of lines; each takes one, and the store fills up again with time (a token bucket, kept as the
//! one moment at which it will be full). It is for the whole process, as the log is. Who is flooded with lines sees neither
//! them nor the others; so what is beyond is counted, and the count stands in the next line of that kind, as `suppressed`.
//! If none comes, [`tell_left_out`] logs it by itself.
//!
//! Invariant: the lines of a kind that are logged and the counts that are told together are the lines there were.

use std::sync::OnceLock;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tracing::Level;

use crate::base::locks::Mutex;

/// One kind of line.
#[derive(Debug)]
pub(crate) struct LineKind {
    level: Level,
    text: &'static str,
    /// The time from one line to the next when the store is used up.
    spacing: Duration,
    /// The number of lines that may be logged at once.
    burst: u32,
    /// When the store is full again, in nanoseconds since [`BEGINNING`].
    full_at: AtomicU64,
    left_out: AtomicU64,
    /// Whether it is among the [`KNOWN`], as everybody is who has left something out.
    known: AtomicBool,
}

/// The number of lines that were suppressed before this one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Suppressed(u64);

/// The moment all others are measured from: that of the first line.
static BEGINNING: OnceLock<Instant> = OnceLock::new();

/// The kinds that have ever left something out.
static KNOWN: Mutex<Vec<&'static LineKind>> = Mutex::new(Vec::new());

/// The number of kinds that have not reported it.
static OWING: AtomicUsize = AtomicUsize::new(0);

/// When the last look was taken for such, in nanoseconds since [`BEGINNING`]; one a second is enough.
static LOOKED: AtomicU64 = AtomicU64::new(0);

/// Lines that were left out because of their rate.
const LEFT_OUT: &str = "lines were left out";

impl LineKind {
    /// A kind at this level. Warnings are about what peers do, who can do it as often as they like: one is logged in each
    /// minute. Of errors, which are the application's, ten are logged at once and then one each second, of what is logged at
    /// INFO a hundred and ten each second, below that a thousand and a hundred each second.
    pub(crate) const fn new(level: Level, text: &'static str) -> Self {
        let (burst, spacing) = match level {
            Level::ERROR => (10, Duration::from_secs(1)),
            Level::WARN => (1, Duration::from_secs(60)),
            Level::INFO => (100, Duration::from_millis(100)),
            _ => (1000, Duration::from_millis(10)),
        };
        Self {
            level,
            text,
            spacing,
            burst,
            full_at: AtomicU64::new(0),
            left_out: AtomicU64::new(0),
            known: AtomicBool::new(false),
        }
    }

    /// A kind at INFO of which every line is logged: what administrators do, who are trusted and few.
    pub(crate) const fn unlimited(text: &'static str) -> Self {
        Self { spacing: Duration::ZERO, ..Self::new(Level::INFO, text) }
    }

    /// Returns whether a line of this kind may be logged `now`. If not, it is counted.
    pub(crate) fn admit(&'static self, now: Instant) -> Option<Suppressed> {
        if self.take(now) {
            let left_out = self.left_out.swap(0, Ordering::AcqRel);
            if left_out > 0 {
                OWING.fetch_sub(1, Ordering::Relaxed);
            }
            return Some(Suppressed(left_out));
        }
        if !self.known.swap(true, Ordering::Relaxed) {
            KNOWN.lock().unwrap_or_else(PoisonError::into_inner).push(self);
        }
        if self.left_out.fetch_add(1, Ordering::AcqRel) == 0 {
            OWING.fetch_add(1, Ordering::Relaxed);
        }
        None
    }

    /// Takes a line from the store, if there is one.
    fn take(&self, now: Instant) -> bool {
        if self.spacing.is_zero() {
            return true;
        }
        let now = since_beginning(now);
        let spacing = nanoseconds(self.spacing);
        let next = |full_at: u64| {
            let next = full_at.max(now) + spacing;
            (next - now <= spacing * u64::from(self.burst)).then_some(next)
        };
        self.full_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }

    fn tell(&'static self, left_out: u64) {
        let (line, suppressed) = (self.text, left_out);
        match self.level {
            Level::ERROR => tracing::error!(target: "serverwamp::log", line, suppressed, "{LEFT_OUT}"),
            Level::WARN => tracing::warn!(target: "serverwamp::log", line, suppressed, "{LEFT_OUT}"),
            Level::INFO => tracing::info!(target: "serverwamp::log", line, suppressed, "{LEFT_OUT}"),
            Level::DEBUG => tracing::debug!(target: "serverwamp::log", line, suppressed, "{LEFT_OUT}"),
            Level::TRACE => tracing::trace!(target: "serverwamp::log", line, suppressed, "{LEFT_OUT}"),
        }
    }
}

impl Suppressed {
    /// The field of a line; lines that follow no other have none.
    pub(crate) fn told(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

/// The time by which lines are spaced: the log is the process's, and no application's runtime is. Never for deadlines.
#[expect(clippy::disallowed_methods, reason = "there is one log, and a runtime for each application")]
pub(crate) fn clock() -> Instant {
    Instant::now()
}

fn since_beginning(now: Instant) -> u64 {
    let beginning = *BEGINNING.get_or_init(|| now);
    nanoseconds(now.saturating_duration_since(beginning))
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 2).min(u64::MAX / 2)
}

/// Reports the suppressed lines of kinds that may be logged again and have not been.
#[inline]
pub(super) fn tell_left_out() {
    if OWING.load(Ordering::Relaxed) > 0 {
        tell_if_due(clock());
    }
}

#[cold]
fn tell_if_due(now: Instant) {
    let at = since_beginning(now);
    let due = |looked: u64| (at >= looked + nanoseconds(Duration::from_secs(1))).then_some(at);
    if LOOKED.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok() {
        tell(|kind| kind.take(now));
    }
}

/// Reports the suppressed lines of all kinds, at the end.
pub(crate) fn tell_all_left_out() {
    tell(|_| true);
}

#[cold]
fn tell(is_due: impl Fn(&LineKind) -> bool) {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for kind in known {
        if kind.left_out.load(Ordering::Relaxed) == 0 || !is_due(kind) {
            continue;
        }
        let left_out = kind.left_out.swap(0, Ordering::AcqRel);
        if left_out > 0 {
            OWING.fetch_sub(1, Ordering::Relaxed);
            kind.tell(left_out);
        }
    }
}

/// The number of suppressed lines with this text that were not reported.
#[cfg(test)]
pub(super) fn owed(text: &str) -> u64 {
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let of_text = known.iter().filter(|kind| kind.text == text);
    of_text.map(|kind| kind.left_out.load(Ordering::Relaxed)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_used_up_and_fills_again_and_every_line_is_logged_or_counted() {
        static KIND: LineKind = LineKind::new(Level::ERROR, "something happens");
        let start = clock();
        BEGINNING.get_or_init(|| start);
        let at = |millis| KIND.admit(start + Duration::from_millis(millis)).map(|Suppressed(count)| count);
        for _ in 0..10 {
            assert_eq!(at(0), Some(0));
        }
        for _ in 0..5000 {
            assert_eq!(at(0), None);
        }
        assert_eq!(at(999), None);
        assert_eq!(at(1000), Some(5001));
        assert_eq!(at(1001), None);
        assert_eq!(at(2000), Some(1));
        // After a long time there is as much in the store as in the beginning, and no more.
        let logged = (0..100).filter(|_| at(1_000_000).is_some()).count();
        assert_eq!(logged, 10);
        // A clock that goes back changes nothing.
        assert_eq!(at(0), None);
    }

    #[test]
    fn of_warnings_of_one_kind_one_is_logged_in_each_minute() {
        static KIND: LineKind = LineKind::new(Level::WARN, "somebody_refused");
        let start = clock();
        BEGINNING.get_or_init(|| start);
        // A thousand each second, for five minutes.
        let at = |millis| KIND.admit(start + Duration::from_millis(millis)).map(|Suppressed(count)| count);
        let logged: Vec<u64> = (0..300_001).filter_map(at).collect();
        assert_eq!(logged, [0, 59_999, 59_999, 59_999, 59_999, 59_999], "what was left out is told");
    }

    #[test]
    fn of_many_threads_every_line_is_logged_or_counted() {
        static KIND: LineKind = LineKind::new(Level::ERROR, "something happens");
        let now = clock();
        let counted = std::thread::scope(|scope| {
            let threads = (0..4).map(|_| {
                scope.spawn(|| {
                    let admitted = (0..10_000).filter_map(|_| KIND.admit(now));
                    admitted.map(|Suppressed(before)| 1 + before).sum::<u64>()
                })
            });
            let threads: Vec<_> = threads.collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u64>()
        });
        assert_eq!(counted + KIND.left_out.load(Ordering::Relaxed), 40_000);
    }
}
