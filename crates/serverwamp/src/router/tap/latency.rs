//! The distribution of the durations of calls, for percentiles.
//!
//! Invariant: a duration is in a bucket whose bounds are less than a fifth apart, so a percentile is at most a tenth off.

use std::time::Duration;

/// The buckets of each doubling.
const PARTS: u64 = 4;

/// Durations from a microsecond to more than an hour; longer ones are in the last bucket.
const BUCKETS: usize = 32 * PARTS as usize;

/// How many calls took how long.
#[derive(Clone, Debug)]
pub(super) struct LatencyCounts {
    counts: Box<[u32; BUCKETS]>,
    total: u64,
}

impl Default for LatencyCounts {
    fn default() -> Self {
        Self { counts: Box::new([0; BUCKETS]), total: 0 }
    }
}

impl LatencyCounts {
    pub(super) fn add(&mut self, took: Duration) {
        let count = &mut self.counts[bucket(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))];
        *count = count.saturating_add(1);
        self.total += 1;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(other.counts.iter()) {
            *count = count.saturating_add(*more);
        }
        self.total += other.total;
    }

    /// The duration that `percent` of the calls did not exceed; `None` without calls.
    pub(super) fn percentile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.total * percent).div_ceil(100).max(1);
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += u64::from(*count);
            if below >= rank {
                return Some(Duration::from_micros(middle(bucket)));
            }
        }
        None
    }
}

/// The bucket of a duration: below [`PARTS`] one for each microsecond, then [`PARTS`] for each doubling.
fn bucket(micros: u64) -> usize {
    let Some(doublings) = micros.checked_ilog2().filter(|_| micros >= PARTS) else {
        return usize::try_from(micros).unwrap_or(0);
    };
    let part = (micros >> (doublings - PARTS.ilog2())) - PARTS;
    let bucket = u64::from(doublings - PARTS.ilog2() + 1) * PARTS + part;
    usize::try_from(bucket).unwrap_or(usize::MAX).min(BUCKETS - 1)
}

/// The middle of a bucket, in microseconds.
const fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    if bucket < PARTS {
        return bucket;
    }
    let width = 1 << (bucket / PARTS - 1);
    (PARTS + bucket % PARTS) * width + width / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_tenth_off_at_most() {
        for micros in (0..5_000).chain([1 << 20, (1 << 30) + 7, 3_600_000_000]) {
            let mut counts = LatencyCounts::default();
            counts.add(Duration::from_micros(micros));
            let found = counts.percentile(50).unwrap().as_micros();
            let off = found.abs_diff(u128::from(micros));
            assert!(off * 8 <= u128::from(micros), "{micros} is {found}");
        }
    }

    #[test]
    fn percentiles_are_of_all_calls_that_were_merged() {
        let (mut some, mut others) = (LatencyCounts::default(), LatencyCounts::default());
        assert_eq!(some.percentile(50), None);
        (0..98).for_each(|_| some.add(Duration::from_micros(2)));
        (0..2).for_each(|_| others.add(Duration::from_secs(1 << 20)));
        some.merge(&others);
        assert_eq!(some.percentile(50), Some(Duration::from_micros(2)));
        assert!(some.percentile(99).unwrap() > Duration::from_secs(3600));
    }
}
