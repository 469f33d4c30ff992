//! The smol runtime: its global executor, its timers, its sockets.
#![expect(clippy::disallowed_methods, reason = "this is one of the places that name a runtime")]

mod listeners;

use super::{BoxFuture, Runtime};
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
///     let listener = smol::net::TcpListener::bind("127.0.0.1:8080").await?;
///     serverwamp::Server::new(app).serve(listener, std::future::pending()).await;
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
}
