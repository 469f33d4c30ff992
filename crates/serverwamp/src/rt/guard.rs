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
use std::path::Path;
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use arc_swap::ArcSwapOption;
use futures_util::FutureExt as _;

use super::{AnyIo, AnyListener, BoxFuture, Runtime, Unavailable, panics};
use crate::base::counters::Counters;
use crate::base::log::{Whose, flush, line};
use crate::base::statistics::Refusal;

/// A runtime all of whose tasks are guarded, and that threads of the application can spawn on which are not its own.
struct Guarded {
    runtime: Arc<dyn Runtime>,
    counters: Arc<Counters>,
    /// The runtime where a session was served last, if it matters where tasks are spawned.
    anchor: ArcSwapOption<Anchor>,
}

/// What [`Runtime::anchor`] returned.
struct Anchor(Arc<dyn Runtime>);

/// Guards all tasks that are spawned on `runtime`.
pub(crate) fn guard(runtime: Arc<dyn Runtime>, counters: Arc<Counters>) -> Arc<dyn Runtime> {
    Arc::new(Guarded { runtime, counters, anchor: ArcSwapOption::empty() })
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
    line!(ERROR, "internal", "a task panicked, and what it served has ended", panic = panics::text(panic); peer = peer, session = session);
}

impl Runtime for Guarded {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        if let Err(task) = self.try_spawn(task) {
            // It says what is missing in its own words.
            self.runtime.spawn(task);
        }
    }

    fn try_spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        let task = guarded(task, Arc::clone(&self.counters), Whose::default());
        self.runtime.try_spawn(Box::pin(task)).or_else(|task| match &*self.anchor.load() {
            Some(anchor) => anchor.0.try_spawn(task),
            None => Err(task),
        })
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        self.runtime.sleep_until(deadline)
    }

    /// Asked before sessions are served, so that what is done to them from elsewhere finds their runtime.
    fn available(&self) -> Result<(), Unavailable> {
        self.runtime.available()?;
        if let Some(anchor) = self.runtime.anchor() {
            self.anchor.store(Some(Arc::new(Anchor(anchor))));
        }
        Ok(())
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

    fn connect_unix(&self, path: &Path) -> BoxFuture<'static, io::Result<AnyIo>> {
        self.runtime.connect_unix(path)
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
