//! Panics on the standard error, at a rate: each call of a handler with a bug is one, and peers choose how many they are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of panics that are printed at once.
const AT_ONCE: u32 = 10;
/// And then one in this time, as of the log's lines about errors.
const EVERY: Duration = Duration::from_secs(1);

/// Prints panics at most at that rate from now on. Suppressed ones are counted in the log, where each handler that
/// panicked has a line of its own.
pub(crate) fn bound() {
    let told = std::panic::take_hook();
    let pace = Mutex::new(Pace::new(Instant::now()));
    std::panic::set_hook(Box::new(move |panic| {
        // The lock is given back before anything is written: what writes may panic.
        let may = pace.lock().unwrap_or_else(PoisonError::into_inner).may_tell(Instant::now());
        if may {
            told(panic);
        }
    }));
}

#[derive(Debug)]
struct Pace {
    left: u32,
    /// Since when the next one grows.
    since: Instant,
}

impl Pace {
    fn new(now: Instant) -> Self {
        Self { left: AT_ONCE, since: now }
    }

    fn may_tell(&mut self, now: Instant) -> bool {
        while self.left < AT_ONCE && now.duration_since(self.since) >= EVERY {
            self.left += 1;
            self.since += EVERY;
        }
        if self.left == AT_ONCE {
            self.since = now;
        }
        let may = self.left > 0;
        self.left = self.left.saturating_sub(1);
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_panics_are_told_at_once_and_then_one_each_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut told = |seconds| {
            let now = start + Duration::from_secs(seconds);
            (0..1000).filter(|_| pace.may_tell(now)).count()
        };
        assert_eq!([told(0), told(0), told(1), told(1), told(4), told(1000)], [10, 0, 1, 0, 3, 10]);
    }
}
