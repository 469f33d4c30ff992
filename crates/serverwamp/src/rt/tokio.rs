//! The tokio runtime: the one place of the framework where tokio may be named.
//!
//! Invariant: time is tokio's time, so that a test may pause it.

use std::time::Instant;

use super::{BoxFuture, Runtime};

/// Spawns on, and sleeps with, the tokio runtime that is current where it is used.
#[derive(Clone, Copy, Debug)]
pub struct Tokio;

impl Runtime for Tokio {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        tokio::spawn(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep_until(deadline.into()))
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}
