//! A runtime that serverwamp knows nothing of: a thread pool of the crate `futures`, with the timers and sockets of
//! `async-io`. All it takes is one small trait, and a stream of connections.
//!
//! ```text
//! cargo run -p serverwamp --example another_runtime
//! ```

use async_io::{Async, Timer};
use futures_executor::{ThreadPool, block_on};
use futures_util::StreamExt as _;
use serverwamp::extract::Args;
use serverwamp::io::FuturesIo;
use serverwamp::rt::{BoxFuture, Runtime};
use serverwamp::server::{Incoming, Server};
use serverwamp::{Application, Realm, RouteSet};
use std::error::Error;
use std::net::TcpListener;
use std::time::Instant;

/// Spawning and sleeping: nothing else is asked of a runtime.
#[derive(Debug)]
struct PoolAndTimers(ThreadPool);

#[cfg_attr(
    feature = "smol",
    expect(clippy::disallowed_methods, reason = "this is a runtime; whoever uses one asks it")
)]
impl Runtime for PoolAndTimers {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn_ok(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            Timer::at(deadline).await;
        })
    }
}

async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

fn main() -> Result<(), Box<dyn Error>> {
    let app = Application::builder()
        .runtime(PoolAndTimers(ThreadPool::new()?))
        .realm(
            Realm::new("realm1").allow_anonymous("guest").routes(RouteSet::new().procedure("math.add", add)),
        )
        .build()?;
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 8080))?;
    println!("ws://{}/ws", listener.get_ref().local_addr()?);
    let connections = listener.incoming().map(|accepted| {
        let stream = accepted?;
        let address = stream.get_ref().peer_addr()?;
        Ok((FuturesIo::new(stream), Some(address)))
    });
    block_on(Server::new(app).serve(Incoming::new(connections), std::future::pending()))?;
    Ok(())
}
