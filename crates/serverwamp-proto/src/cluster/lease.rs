//! A lease in the store, as its holder may count on it.

use std::time::Duration;

/// A moment on two clocks of one machine, each from a start of its own.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Moment {
    /// What a monotonic clock says; it may stand still while the machine sleeps.
    pub monotonic: Duration,
    /// What the wall clock says; somebody may set it.
    pub wall: Duration,
}

impl Moment {
    /// The time since an earlier moment: what the clock says that saw more of it.
    pub fn since(self, earlier: Self) -> Duration {
        let monotonic = self.monotonic.saturating_sub(earlier.monotonic);
        monotonic.max(self.wall.saturating_sub(earlier.wall))
    }
}

/// A lease that its holder renews. Its end here is never later than its end in the store.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    lasts: Duration,
    /// When the request was sent that was granted last.
    asked: Option<Moment>,
}

impl Lease {
    /// A lease that nobody has granted. In the store it lasts `ttl`; here less, by `margin`, for clocks of different speed.
    pub fn new(ttl: Duration, margin: Duration) -> Self {
        Self { lasts: ttl.saturating_sub(margin), asked: None }
    }

    /// The store has granted it; `asked` is from before the request was sent.
    pub fn granted(&mut self, asked: Moment) {
        self.asked = Some(asked);
    }

    /// It is given up, or has been lost to another one.
    pub fn end(&mut self) {
        self.asked = None;
    }

    /// Returns whether the holder may still count on it.
    pub fn holds(&self, now: Moment) -> bool {
        self.asked.is_some_and(|asked| now.since(asked) < self.lasts)
    }
}
