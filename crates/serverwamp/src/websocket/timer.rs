//! One lazy timer for all deadlines of a connection.
//!
//! Deadlines move with every message, the timer does not: it is armed for the earliest deadline it has seen, and when
//! it goes off the caller looks whether anything is really due. A busy connection so pays for a timer every few
//! seconds instead of with every message.
//!
//! Invariant: it never goes off later than the deadline it was last polled with.

use std::fmt;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

use crate::rt::{BoxFuture, Runtime};

/// Longer than any connection lives, and short enough for every clock and runtime.
const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

pub(super) struct Timer {
    runtime: Arc<dyn Runtime>,
    armed: Option<(Instant, BoxFuture<'static, ()>)>,
}

impl Timer {
    pub(super) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, armed: None }
    }

    pub(super) fn now(&self) -> Instant {
        self.runtime.now()
    }

    /// Whether the timer went off, which has to happen by `deadline`; if not, it will wake `cx`.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant) -> bool {
        let (_, sleep) = match &mut self.armed {
            Some(armed) if armed.0 <= deadline => armed,
            armed => armed.insert((deadline, self.runtime.sleep_until(deadline))),
        };
        let fired = sleep.as_mut().poll(cx).is_ready();
        if fired {
            self.armed = None;
        }
        fired
    }
}

/// When `duration` has passed since `start`. Durations too long for the clock, such as `Duration::MAX`, never pass.
pub(super) fn after(start: Instant, duration: Duration) -> Instant {
    start.checked_add(duration.min(NEVER)).unwrap_or(start)
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("armed", &self.armed.as_ref().map(|armed| armed.0))
            .finish_non_exhaustive()
    }
}
