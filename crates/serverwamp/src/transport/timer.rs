//! One lazy timer for all deadlines of a connection.
//!
//! Deadlines move with every message, the timer does not: it is armed for the earliest deadline it has seen, and when
//! it goes off the caller looks whether anything is really due. A busy connection so pays for a timer every few
//! seconds instead of with every message.
//!
//! Invariant: it never goes off later than the deadline it was last polled with.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use crate::rt::{BoxFuture, Runtime};

/// A timer that goes off no sooner than this from now is not asked whether it has gone off. No runtime's clock is off
/// by as much, and asking costs a look into memory that is cold when an event wakes a thousand idle connections.
const FAR: Duration = Duration::from_millis(250);

pub(super) struct Timer {
    runtime: Arc<dyn Runtime>,
    armed: Option<Armed>,
}

struct Armed {
    at: Instant,
    /// Before this time it is far from going off. Kept, because comparing two times costs a tenth of subtracting them.
    near: Instant,
    sleep: BoxFuture<'static, ()>,
    /// The waker of the task.
    waker: Waker,
}

impl Timer {
    pub(super) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, armed: None }
    }

    pub(super) fn now(&self) -> Instant {
        self.runtime.now()
    }

    /// Returns whether the timer went off, which has to happen by `deadline`; if not, it will wake `cx`.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, deadline: Instant, now: Instant) -> bool {
        let armed = match &mut self.armed {
            Some(armed) if armed.at <= deadline => {
                if now < armed.near && armed.waker.will_wake(cx.waker()) {
                    return false;
                }
                armed.waker.clone_from(cx.waker());
                armed
            }
            armed => armed.insert(Armed {
                at: deadline,
                near: deadline.checked_sub(FAR).unwrap_or(now),
                sleep: self.runtime.sleep_until(deadline),
                waker: cx.waker().clone(),
            }),
        };
        let fired = armed.sleep.as_mut().poll(cx).is_ready();
        if fired {
            self.armed = None;
        }
        fired
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("armed", &self.armed.as_ref().map(|armed| armed.at))
            .finish_non_exhaustive()
    }
}
