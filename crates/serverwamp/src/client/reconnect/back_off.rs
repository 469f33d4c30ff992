//! The times between attempts to connect.

use std::time::Duration;

/// The times between attempts: a random part of a limit that doubles with each attempt.
#[derive(Debug)]
pub(super) struct BackOff {
    first: Duration,
    most: Duration,
    attempts: u32,
    /// The limit of the last time.
    limit: Duration,
}

impl BackOff {
    pub(super) const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, attempts: 0, limit: Duration::ZERO }
    }

    /// The number of attempts since the last session that lasted.
    pub(super) const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The time before the next attempt.
    pub(super) fn next(&mut self) -> Duration {
        self.limit = self.first.saturating_mul(2_u32.saturating_pow(self.attempts)).min(self.most);
        self.attempts = self.attempts.saturating_add(1);
        random_part(self.limit)
    }

    /// A session has lasted for so long. Only one that lasted longer than a wait before it may have been lets the times begin anew:
    /// otherwise a router that ends every session at once would be asked without end.
    pub(super) fn had_session(&mut self, lasted: Duration) {
        if lasted > self.limit {
            self.attempts = 0;
        }
    }
}

/// A random time between none and all of `limit`. Clients that lost the same router come back spread over all of it.
fn random_part(limit: Duration) -> Duration {
    let random = getrandom::u64().expect("the operating system has random numbers");
    // All 53 bits of a fraction below 1.
    let fraction = (random >> 11) as f64 / (1_u64 << 53) as f64;
    limit.mul_f64(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(30);

    #[test]
    fn the_limit_doubles_up_to_the_most() {
        let mut back_off = BackOff::new(FIRST, MOST);
        let limits: Vec<Duration> = (0..12)
            .map(|_| {
                let wait = back_off.next();
                assert!(wait <= back_off.limit);
                back_off.limit
            })
            .collect();
        assert_eq!(limits[..4], [100, 200, 400, 800].map(Duration::from_millis));
        assert_eq!(limits[8..], [Duration::from_millis(25_600), MOST, MOST, MOST]);
        back_off.attempts = u32::MAX;
        back_off.next();
        assert_eq!((back_off.limit, back_off.attempts()), (MOST, u32::MAX));
    }

    #[test]
    fn times_are_spread_over_the_whole_limit() {
        let waits: Vec<Duration> = (0..1000).map(|_| random_part(MOST)).collect();
        for part in 0..10 {
            let within = |wait: &&Duration| **wait >= MOST / 10 * part && **wait < MOST / 10 * (part + 1);
            let count = waits.iter().filter(within).count();
            assert!((40..250).contains(&count), "{count} of 1000 in tenth {part}");
        }
    }

    #[test]
    fn a_session_that_ends_at_once_does_not_begin_anew() {
        let mut back_off = BackOff::new(FIRST, MOST);
        for _ in 0..3 {
            back_off.next();
            back_off.had_session(Duration::from_millis(50));
        }
        assert_eq!(back_off.attempts(), 3);
        back_off.had_session(Duration::from_secs(1));
        assert_eq!(back_off.attempts(), 0);
    }
}
