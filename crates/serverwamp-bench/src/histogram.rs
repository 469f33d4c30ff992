//! Latencies, counted in buckets that are at most 1/64 wide.

/// Buckets per power of two.
const FINE: u32 = 64;

#[derive(Clone, Debug)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    longest: u64,
}

impl Histogram {
    pub(crate) fn new() -> Self {
        Self { buckets: Vec::new(), count: 0, longest: 0 }
    }

    /// Counts `nanos` as often as `times`.
    pub(crate) fn add(&mut self, nanos: u64, times: u64) {
        let bucket = bucket(nanos);
        if bucket >= self.buckets.len() {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += times;
        self.count += times;
        self.longest = self.longest.max(nanos);
    }

    pub(crate) const fn longest(&self) -> u64 {
        self.longest
    }

    /// What the share `share` of all values does not exceed.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let mut left = (self.count as f64 * share).ceil() as u64;
        for (bucket, count) in self.buckets.iter().enumerate() {
            if left <= *count {
                return upper_end(bucket).min(self.longest);
            }
            left -= count;
        }
        self.longest
    }
}

/// Values below `FINE` have a bucket each, and every power of two from there on has `FINE`.
fn bucket(value: u64) -> usize {
    let fine = u64::from(FINE);
    if value < fine {
        return value as usize;
    }
    let power = value.ilog2() - FINE.ilog2();
    ((u64::from(power) + 1) * fine + (value >> power) - fine) as usize
}

fn upper_end(bucket: usize) -> u64 {
    let (bucket, fine) = (bucket as u64, u64::from(FINE));
    if bucket < fine {
        return bucket;
    }
    let power = bucket / fine - 1;
    ((bucket % fine + fine + 1) << power) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_bucket_that_ends_behind_it() {
        for value in (0..5000).chain([1 << 20, (1 << 30) + 12345, u64::from(u32::MAX)]) {
            let bucket = bucket(value);
            assert!(upper_end(bucket) >= value, "{value}");
            assert!(bucket == 0 || upper_end(bucket - 1) < value, "{value}");
            assert!((upper_end(bucket) - value) as f64 <= value as f64 / 64.0, "{value}");
        }
    }

    #[test]
    fn quantiles_are_found() {
        let mut all = Histogram::new();
        (1..=1000).for_each(|n| all.add(n, 1));
        assert_eq!(all.longest(), 1000);
        assert!((495..=510).contains(&all.quantile(0.5)), "{}", all.quantile(0.5));
        assert!((985..=1000).contains(&all.quantile(0.99)));
    }
}
