//! The tokio runtime, the default.
#![expect(clippy::disallowed_methods, reason = "this is the one place that names the runtime")]

#[cfg(feature = "server")]
mod listeners;
#[cfg(feature = "server")]
mod upgraded;

#[cfg(feature = "server")]
pub(crate) use upgraded::Handed;

#[cfg(feature = "server")]
use super::AnyListener;
use super::{AnyIo, BoxFuture, Runtime, Unavailable, UnknownHost, sockets};
use ::tokio::runtime::Handle;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::io;
use std::panic::catch_unwind;
#[cfg(unix)]
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::time::{Duration, Instant};

/// Spawns on the tokio runtime that is current where a connection is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

/// One tokio runtime, spawned on from wherever.
#[derive(Debug)]
struct Anchored(Handle);

impl Runtime for Anchored {
    /// A runtime that has been shut down drops the task.
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(self.0.spawn(task));
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Tokio.sleep_until(deadline)
    }
}

/// The advice if tokio is missing.
#[cfg(feature = "smol")]
const OUTSIDE: &str = "the application runs on tokio, and this is no task of a tokio runtime: for smol, pass \
    `.runtime(serverwamp::rt::Smol)` to `Application::builder()`; for tokio, start one, as `#[tokio::main]` does";
#[cfg(not(feature = "smol"))]
const OUTSIDE: &str = "the application runs on tokio, and this is no task of a tokio runtime: start one, as \
    `#[tokio::main]` does; for smol, enable the feature `smol` and pass `.runtime(serverwamp::rt::Smol)` to \
    `Application::builder()`; for another runtime, pass your own";
const WITHOUT_TIME: &str = "the application runs on a tokio runtime without timers: build it with `.enable_all()` or `.enable_time()`";
const WITHOUT_SOCKETS: &str = "the application runs on a tokio runtime without sockets: build it with `.enable_all()` or `.enable_io()`";

impl Runtime for Tokio {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        drop(::tokio::spawn(task));
    }

    fn try_spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        match Handle::try_current() {
            Ok(handle) => drop(handle.spawn(task)),
            Err(_) => return Err(task),
        }
        Ok(())
    }

    fn anchor(&self) -> Option<Arc<dyn Runtime>> {
        Some(Arc::new(Anchored(Handle::try_current().ok()?)))
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(::tokio::time::sleep_until(deadline.into()))
    }

    fn available(&self) -> Result<(), Unavailable> {
        if Handle::try_current().is_err() {
            return Err(Unavailable::new(OUTSIDE));
        }
        // There is no other way to ask for it.
        let timers = catch_unwind(|| drop(::tokio::time::sleep(Duration::ZERO)));
        timers.map_err(|_panic| Unavailable::new(WITHOUT_TIME))
    }

    fn wake_later(&self, cx: &mut Context<'_>) {
        // A task that wakes itself would run up to 60 times more before tokio looks at its sockets. This hands the waker
        // over at its first poll, to be woken after that.
        let _ = pin!(::tokio::task::yield_now()).poll(cx);
    }

    #[cfg(feature = "server")]
    fn listen(&self, socket: std::net::TcpListener) -> io::Result<AnyListener> {
        // Without a driver for sockets it panics, and there is no other way to ask.
        let listening = catch_unwind(|| ::tokio::net::TcpListener::from_std(socket));
        listening.map_err(|_panic| io::Error::other(WITHOUT_SOCKETS))?.map(AnyListener::new)
    }

    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        let host = host.to_owned();
        Box::pin(async move {
            let found = ::tokio::net::lookup_host((host.as_str(), port)).await;
            let addresses: Vec<_> = found.map_err(UnknownHost::error)?.collect();
            let stream = ::tokio::net::TcpStream::connect(&*addresses).await?;
            sockets::prepare(&stream, stream.peer_addr()?);
            Ok(AnyIo::new(TokioIo::new(stream)))
        })
    }

    #[cfg(unix)]
    fn connect_unix(&self, path: &Path) -> BoxFuture<'static, io::Result<AnyIo>> {
        let path = path.to_owned();
        Box::pin(async move { Ok(AnyIo::new(TokioIo::new(::tokio::net::UnixStream::connect(path).await?))) })
    }

    fn threads(&self) -> usize {
        Handle::try_current().map_or(1, |handle| handle.metrics().num_workers())
    }

    fn now(&self) -> Instant {
        // tokio's clock can be paused in tests; the standard one cannot.
        ::tokio::time::Instant::now().into_std()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Poll;
    use tokio::io::AsyncReadExt;

    /// How often a task that always has more to do runs before one that waits for a socket, in which the first finds
    /// something to write when it runs for the first time.
    async fn turns_before_the_reader(more: impl Fn(&mut Context<'_>) + Send + 'static) -> u32 {
        let listener = ::tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut writer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut reader, _) = listener.accept().await.unwrap();
        let turns = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&turns);
        let reading = ::tokio::spawn(async move {
            reader.read_u8().await.unwrap();
            counted.load(Ordering::Relaxed)
        });
        ::tokio::task::yield_now().await;
        let busy = ::tokio::spawn(std::future::poll_fn(move |cx| {
            if turns.fetch_add(1, Ordering::Relaxed) == 0 {
                writer.write_all(&[1]).unwrap();
            }
            more(cx);
            Poll::<()>::Pending
        }));
        let turns = reading.await.unwrap();
        busy.abort();
        turns
    }

    #[tokio::test]
    async fn a_task_that_always_has_more_to_do_runs_once_between_two_looks_at_the_sockets() {
        let at_once = turns_before_the_reader(|cx| cx.waker().wake_by_ref()).await;
        assert!(at_once > 10, "{at_once} turns: then tokio looks by itself, and there is no need for this");
        let later = turns_before_the_reader(|cx| Tokio.wake_later(cx)).await;
        assert!(later <= 3, "{later} turns");
    }

    #[test]
    fn a_runtime_says_what_it_lacks() {
        assert_eq!(Tokio.available(), Err(Unavailable::new(OUTSIDE)));
        let build = |time: bool| {
            let mut builder = ::tokio::runtime::Builder::new_current_thread();
            if time { builder.enable_time().build() } else { builder.build() }.unwrap()
        };
        assert_eq!(build(false).block_on(async { Tokio.available() }), Err(Unavailable::new(WITHOUT_TIME)));
        assert_eq!(build(true).block_on(async { Tokio.available() }), Ok(()));
    }

    #[test]
    fn outside_of_a_runtime_a_task_is_woken_at_once() {
        let woken = Arc::new(AtomicU32::new(0));
        struct Counts(Arc<AtomicU32>);
        impl std::task::Wake for Counts {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        let waker = Arc::new(Counts(Arc::clone(&woken))).into();
        Tokio.wake_later(&mut Context::from_waker(&waker));
        assert_eq!((woken.load(Ordering::Relaxed), Tokio.threads()), (1, 1));
    }
}
