//! How long calls take, of some of them.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One call in so many is timed, on each connection. To look at the clock twice for each would cost more than a tenth of what a
/// call does. A prime number, so that it does not always meet the same one of calls that follow each other in a pattern.
pub const SAMPLED_CALLS: u32 = 61;

/// The upper bounds of all buckets but the last, in microseconds.
const BOUNDS: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000, 30_000_000,
];

/// The distribution of the time that calls took, from the receipt of CALL to their answer.
///
/// One call in [`SAMPLED_CALLS`] of each session is timed, and only if a procedure was found for it; so the count is not that of the calls.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallDurations {
    counts: [u64; BOUNDS.len() + 1],
    sum: Duration,
}

impl CallDurations {
    /// The upper bound of each bucket, and the number of calls in it that are in no bucket before. The last bucket has no bound.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let bounds = BOUNDS.iter().map(|micros| Some(Duration::from_micros(*micros))).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }

    /// The number of calls that were timed.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that these took together.
    pub const fn sum(&self) -> Duration {
        self.sum
    }
}

/// The same while it grows.
#[derive(Debug, Default)]
pub(super) struct DurationCounts {
    counts: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl DurationCounts {
    pub(super) fn add(&self, took: Duration) {
        let micros = took.as_micros();
        let bucket = BOUNDS.partition_point(|bound| u128::from(*bound) < micros);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> CallDurations {
        CallDurations {
            counts: std::array::from_fn(|bucket| self.counts[bucket].load(Ordering::Relaxed)),
            sum: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}

/// Chooses the calls of one session that are timed.
#[derive(Debug)]
pub(crate) struct CallSampler {
    /// The calls before the next that is timed.
    left: u32,
}

impl CallSampler {
    /// Begins somewhere in the row, so that of sessions with few calls some are timed as well.
    pub(crate) fn new(seed: u64) -> Self {
        let place = seed % u64::from(SAMPLED_CALLS);
        Self { left: u32::try_from(place).unwrap_or(0) }
    }

    /// A call: when it began, if it is one that is timed.
    #[inline]
    pub(crate) fn begin(&mut self, now: impl FnOnce() -> Instant) -> Option<Instant> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                None
            }
            None => {
                self.left = SAMPLED_CALLS - 1;
                Some(now())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_first_bucket_whose_bound_it_does_not_exceed() {
        let counts = DurationCounts::default();
        for micros in [0, 50, 51, 1_000, 1_001, 30_000_000, 30_000_001] {
            counts.add(Duration::from_micros(micros));
        }
        let read = counts.read();
        let filled: Vec<_> = read.buckets().filter(|(_, count)| *count > 0).collect();
        let micros = |micros| Some(Duration::from_micros(micros));
        let expected = [(micros(50), 2), (micros(100), 1), (micros(1_000), 1), (micros(2_500), 1)];
        assert_eq!(filled[..4], expected);
        assert_eq!(filled[4..], [(micros(30_000_000), 1), (None, 1)]);
        assert_eq!(read.count(), 7);
        assert_eq!(read.sum(), Duration::from_micros(60_002_103));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "any time will do")]
    fn one_call_in_so_many_is_timed_wherever_the_row_begins() {
        for seed in [0, 1, 60, 61, u64::MAX] {
            let mut sampler = CallSampler::new(seed);
            let timed = (0..SAMPLED_CALLS * 3).filter(|_| sampler.begin(Instant::now).is_some()).count();
            assert_eq!(timed, 3);
        }
    }
}
