//! The tokio runtime, the default.
#![expect(clippy::disallowed_methods, reason = "this is the one place that names the runtime")]

mod listeners;

use super::{BoxFuture, Runtime};
use ::tokio::runtime::Handle;
use std::future::Future;
use std::pin::pin;
use std::task::Context;
use std::time::Instant;

/// Spawns on the tokio runtime that is current where a connection is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

impl Runtime for Tokio {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(::tokio::spawn(task));
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(::tokio::time::sleep_until(deadline.into()))
    }

    fn wake_later(&self, cx: &mut Context<'_>) {
        // A task that wakes itself would run up to 60 times more before tokio looks at its sockets. This hands the waker
        // over at its first poll, to be woken after that.
        let _ = pin!(::tokio::task::yield_now()).poll(cx);
    }

    fn threads(&self) -> usize {
        Handle::try_current().map_or(1, |handle| handle.metrics().num_workers())
    }

    fn now(&self) -> Instant {
        // tokio's clock can be paused in tests; the standard one cannot.
        ::tokio::time::Instant::now().into_std()
    }
}
