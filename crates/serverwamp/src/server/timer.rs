//! The application's runtime as hyper's timer.

use crate::base::locks::Mutex;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};

use crate::rt::{BoxFuture, Runtime, after};

/// Keeps hyper's deadlines.
#[derive(Clone, Debug)]
pub(super) struct HttpTimer(pub(super) Arc<dyn Runtime>);

impl Timer for HttpTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(after(self.0.now(), duration))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(HttpSleep(Mutex::new(self.0.sleep_until(deadline))))
    }

    fn now(&self) -> Instant {
        self.0.now()
    }
}

/// A future that hyper wants to be `Sync`; nobody ever waits for the lock, because only `poll` takes it, exclusively.
struct HttpSleep(Mutex<BoxFuture<'static, ()>>);

impl Future for HttpSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

impl Sleep for HttpSleep {}

impl fmt::Debug for HttpSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HttpSleep")
    }
}
