//! The smol runtime: its global executor, its timers, its sockets.
#![expect(clippy::disallowed_methods, reason = "this is one of the places that name a runtime")]

#[cfg(feature = "server")]
mod listeners;

#[cfg(feature = "server")]
use super::AnyListener;
use super::{AnyIo, BoxFuture, Runtime, UnknownHost, sockets};
use crate::base::io::FuturesIo;
use std::io;
#[cfg(unix)]
use std::path::Path;
use std::sync::LazyLock;
use std::task::Context;
use std::time::Instant;

/// Spawns on smol's global executor, which runs on as many threads as the environment's `SMOL_THREADS` says, by default
/// on one.
///
/// ```no_run
/// use serverwamp::rt::Smol;
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let realm = serverwamp::Realm::new("realm1").allow_anonymous("guest");
/// let app = serverwamp::Application::builder().runtime(Smol).realm(realm).build()?;
/// smol::block_on(async {
///     serverwamp::Server::new(app).bind("127.0.0.1:8080").await?.run().await?;
///     Ok(())
/// })
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

impl Runtime for Smol {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        ::smol::spawn(task).detach();
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            ::smol::Timer::at(deadline).await;
        })
    }

    fn wake_later(&self, cx: &mut Context<'_>) {
        // The executor's thread looks at the sockets only once in 200 tasks that are ready, and the thread that looks at
        // them otherwise rests for longer and longer while it believes that the executor's does. So this one looks now: a
        // future that is not ready at its first poll, and has been woken, makes it do so.
        ::smol::block_on(::smol::future::yield_now());
        cx.waker().wake_by_ref();
    }

    #[cfg(feature = "server")]
    fn listen(&self, socket: std::net::TcpListener) -> io::Result<AnyListener> {
        ::smol::net::TcpListener::try_from(socket).map(AnyListener::new)
    }

    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        let host = host.to_owned();
        Box::pin(async move {
            let found = ::smol::net::resolve((host.as_str(), port)).await;
            let addresses = found.map_err(UnknownHost::error)?;
            let stream = ::smol::net::TcpStream::connect(&*addresses).await?;
            sockets::prepare(&stream, stream.peer_addr()?);
            Ok(AnyIo::new(FuturesIo::new(stream)))
        })
    }

    #[cfg(unix)]
    fn connect_unix(&self, path: &Path) -> BoxFuture<'static, io::Result<AnyIo>> {
        let path = path.to_owned();
        Box::pin(async move {
            Ok(AnyIo::new(FuturesIo::new(::smol::net::unix::UnixStream::connect(path).await?)))
        })
    }

    fn threads(&self) -> usize {
        // As the global executor itself finds it out.
        static THREADS: LazyLock<usize> = LazyLock::new(|| {
            std::env::var("SMOL_THREADS").ok().and_then(|threads| threads.parse().ok()).unwrap_or(1)
        });
        *THREADS
    }
}
