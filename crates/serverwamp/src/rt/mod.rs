//! The interface of the framework to an async runtime.
//!
//! Nothing outside this folder names a runtime: a new one is one type that implements [`Runtime`].

use serverwamp_proto::timestamp::Timestamp;
use std::borrow::Cow;
use std::fmt;
use std::future::Future;
#[cfg(feature = "server")]
use std::future::poll_fn;
use std::io;
use std::num::NonZero;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
#[cfg(feature = "server")]
use std::task::Poll;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) mod any;
#[cfg(feature = "server")]
pub(crate) mod any_listener;
#[cfg(feature = "server")]
pub(crate) mod guard;
#[cfg(feature = "server")]
pub(crate) mod listener;
pub(crate) mod panics;
#[cfg(feature = "smol")]
mod smol;
#[cfg(any(feature = "tokio", feature = "smol"))]
mod sockets;
#[cfg(feature = "tokio")]
mod tokio;
mod unknown_host;
pub use self::any::AnyIo;
#[cfg(feature = "server")]
pub use self::any_listener::AnyListener;
#[cfg(feature = "smol")]
pub use self::smol::Smol;
#[cfg(all(feature = "server", feature = "tokio"))]
pub(crate) use self::tokio::Handed;
#[cfg(feature = "tokio")]
pub use self::tokio::Tokio;
pub use self::unknown_host::UnknownHost;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Spawning and time, the two things an async runtime does for the framework.
///
/// [`Tokio`] and [`Smol`] are there; another one is this trait, implemented outside of this crate, and passed to
/// [`ApplicationBuilder::runtime`](crate::ApplicationBuilder::runtime). Its sockets reach a [`Server`](crate::Server) as a
/// stream of connections, [`Incoming`](crate::server::Incoming). The example `another_runtime` does both.
pub trait Runtime: Send + Sync + fmt::Debug + 'static {
    /// Runs `task` to its end, independent of the caller.
    fn spawn(&self, task: BoxFuture<'static, ()>);

    /// As [`spawn`](Self::spawn), but gives the task back where it cannot be spawned. By default it can be everywhere.
    ///
    /// A runtime whose `spawn` panics on threads that are not its own says so here, without a panic.
    ///
    /// # Errors
    /// The task itself.
    fn try_spawn(&self, task: BoxFuture<'static, ()>) -> Result<(), BoxFuture<'static, ()>> {
        self.spawn(task);
        Ok(())
    }

    /// This runtime as it is current where this is called, to spawn from threads that are not its own. `None` where it is not
    /// current, and by default: then [`spawn`](Self::spawn) works everywhere.
    fn anchor(&self) -> Option<Arc<dyn Runtime>> {
        None
    }

    /// Completes at `deadline`, or at once when that is past.
    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()>;

    /// Whether tasks can be spawned and deadlines awaited where this is called. By default they can be.
    ///
    /// [`Server::serve`](crate::Server::serve) asks for it before anything else, and so do requests that open transports and
    /// [`Application::connect`](crate::Application::connect). A runtime whose `spawn` or `sleep_until` panics outside of it
    /// says so here.
    ///
    /// # Errors
    /// Why not, and what to add.
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    /// Wakes the task of `cx`, which has more to do, when all others have had their turn, among them those who wait for
    /// sockets that have become ready meanwhile.
    ///
    /// Connections whose peers send without end ask for this after each of their turns, and so does who wakes the many
    /// subscribers of an event. By default its task is woken at once; a
    /// runtime that looks at its sockets only now and then while tasks are ready to run should wake it after the next look,
    /// or all other connections wait until then.
    fn wake_later(&self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }

    /// The number of tasks that can run at the same time. So many connections whose peers send without end take their turns beside
    /// each other, others after them. By default as many as there are processors.
    fn threads(&self) -> usize {
        std::thread::available_parallelism().map_or(1, NonZero::get)
    }

    /// Makes a [`Listener`](crate::server::Listener) of a socket that listens and does not block.
    ///
    /// [`Server::bind`](crate::Server::bind) asks for it, and nothing else does. By default there is none. It is there with the feature
    /// `server` alone.
    ///
    /// # Errors
    /// When the runtime has no sockets, or the system refuses.
    #[cfg(feature = "server")]
    fn listen(&self, socket: std::net::TcpListener) -> io::Result<AnyListener> {
        drop(socket);
        let text = "this runtime makes no listener of a socket: implement `Runtime::listen`, or hand the connections to \
             `Server::serve`";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    /// Connects to a TCP port of another host, whose name is looked up.
    ///
    /// Clients of other routers use it, and authenticators that ask a web server; nothing else does. By default it fails.
    ///
    /// # Errors
    /// When the runtime has no sockets, the name is unknown ([`UnknownHost::error`]), or nobody answers.
    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        let text = format!(
            "this runtime makes no connections, so {host}:{port} cannot be reached: implement `Runtime::connect`"
        );
        Box::pin(async { Err(io::Error::new(io::ErrorKind::Unsupported, text)) })
    }

    /// Connects to a Unix socket of this machine.
    ///
    /// Clients of routers use it, and nothing else does. By default it fails.
    ///
    /// # Errors
    /// When the runtime or the system has no such sockets, or nobody listens at this one.
    fn connect_unix(&self, path: &Path) -> BoxFuture<'static, io::Result<AnyIo>> {
        let text = format!(
            "this runtime makes no connections to Unix sockets, so {} cannot be reached: implement `Runtime::connect_unix`",
            path.display()
        );
        Box::pin(async { Err(io::Error::new(io::ErrorKind::Unsupported, text)) })
    }

    /// The current time.
    #[expect(clippy::disallowed_methods, reason = "everybody else asks here")]
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Why a runtime can do nothing for the framework where it was asked, in words that say what to add.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(Cow<'static, str>);

impl Unavailable {
    /// With this text.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }
}

/// Longer than any connection lives, and short enough for every clock and runtime.
pub(crate) const NEVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// When `duration` has passed since `start`. Durations too long for the clock, such as `Duration::MAX`, never pass.
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    start.checked_add(duration.min(NEVER)).unwrap_or(start)
}

/// Ends the turn of the task that awaits this, so that others have theirs.
#[cfg(feature = "server")]
pub(crate) async fn next_turn(runtime: &dyn Runtime) {
    let mut later = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut later, true) {
            return Poll::Ready(());
        }
        runtime.wake_later(cx);
        Poll::Pending
    })
    .await;
}

/// The time of day: for people and for the meta API, never for deadlines.
pub(crate) fn wall_clock() -> Timestamp {
    Timestamp::from_unix(since_1970())
}

/// The time of day as a duration since the beginning of 1970, as tokens count it.
#[expect(clippy::disallowed_methods, reason = "everybody else asks here")]
pub(crate) fn since_1970() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The runtime of an application that has not been given one.
#[cfg(feature = "server")]
pub(crate) fn default_runtime() -> Option<Arc<dyn Runtime>> {
    #[cfg(feature = "tokio")]
    {
        Some(Arc::new(Tokio))
    }
    #[cfg(all(feature = "smol", not(feature = "tokio")))]
    {
        Some(Arc::new(Smol))
    }
    #[cfg(not(any(feature = "tokio", feature = "smol")))]
    {
        None
    }
}
