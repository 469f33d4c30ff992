//! Panics that stay where they are: whatever the framework spawns is guarded, so that a panic in what serves one connection
//! ends that connection and nothing else, on every runtime.
//!
//! tokio and smol catch the panics of tasks themselves, and say nothing of them in the log. Another runtime may run tasks on
//! the thread that accepts connections, and a panic would end it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::TcpListener;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use futures_util::FutureExt as _;

use super::{AnyIo, AnyListener, BoxFuture, Runtime, Unavailable};
use crate::base::counters::Counters;
use crate::base::log::{Whose, flush, line};
use crate::base::statistics::Refusal;

/// A runtime all of whose tasks are guarded.
struct Guarded {
    runtime: Arc<dyn Runtime>,
    counters: Arc<Counters>,
}

/// Guards all tasks that are spawned on `runtime`.
pub(crate) fn guard(runtime: Arc<dyn Runtime>, counters: Arc<Counters>) -> Arc<dyn Runtime> {
    Arc::new(Guarded { runtime, counters })
}

/// Runs `task`; its panic is its end, counted and logged with who is served.
pub(crate) fn guarded(
    task: impl Future<Output = ()> + Send,
    counters: Arc<Counters>,
    whose: impl Into<Whose>,
) -> impl Future<Output = ()> + Send {
    let whose = whose.into();
    AssertUnwindSafe(task).catch_unwind().map(move |end| {
        if let Err(panic) = end {
            report(&counters, whose, panic.as_ref());
            flush();
        }
    })
}

/// Counts a panic, and logs it with who was served.
pub(crate) fn report(counters: &Counters, Whose { peer, session }: Whose, panic: &(dyn Any + Send)) {
    counters.count(Refusal::Panic, 1);
    line!(ERROR, "internal", "a task panicked, and what it served has ended", panic = text(panic); peer = peer, session = session);
}

/// The message of a panic.
pub(crate) fn text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no text)")
}

impl Runtime for Guarded {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.runtime.spawn(Box::pin(guarded(task, Arc::clone(&self.counters), Whose::default())));
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        self.runtime.sleep_until(deadline)
    }

    fn available(&self) -> Result<(), Unavailable> {
        self.runtime.available()
    }

    fn wake_later(&self, cx: &mut Context<'_>) {
        self.runtime.wake_later(cx);
    }

    fn threads(&self) -> usize {
        self.runtime.threads()
    }

    fn listen(&self, socket: TcpListener) -> io::Result<AnyListener> {
        self.runtime.listen(socket)
    }

    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        self.runtime.connect(host, port)
    }

    fn now(&self) -> Instant {
        self.runtime.now()
    }
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.runtime.fmt(f)
    }
}
