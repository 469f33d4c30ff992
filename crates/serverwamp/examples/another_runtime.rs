//! A runtime that serverwamp knows nothing of: a thread pool of the crate `futures`, with the timers and sockets of
//! `async-io`. All it takes is one small trait, and a stream of connections.
//!
//! ```text
//! cargo run -p serverwamp --example another_runtime
//! ```

use async_io::{Async, Timer};
use futures_executor::{ThreadPool, block_on};
use futures_util::stream;
use serverwamp::extract::Args;
use serverwamp::io::FuturesIo;
use serverwamp::rt::{BoxFuture, Runtime};
use serverwamp::server::{AnyListener, Incoming, Server};
use serverwamp::{Application, Realm, RouteSet};
use std::error::Error;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Instant;

/// Spawning and sleeping are all that has to be there; listening is what `Server::bind` asks for.
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

    /// Sockets as a stream of connections; without this, `Server::serve` takes the stream, and `Server::bind` does not work.
    fn listen(&self, socket: TcpListener) -> io::Result<AnyListener> {
        let listener = Arc::new(Async::new(socket)?);
        let connections = stream::unfold(listener, |listener| async {
            let accepted = listener.accept().await;
            let connection = accepted.map(|(stream, address)| (FuturesIo::new(stream), Some(address)));
            Some((connection, listener))
        });
        Ok(AnyListener::new(Incoming::new(connections)))
    }
}

async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

fn application() -> Result<Application, Box<dyn Error>> {
    let app = Application::builder()
        .runtime(PoolAndTimers(ThreadPool::new()?))
        .realm(
            Realm::new("realm1").allow_anonymous("guest").routes(RouteSet::new().procedure("math.add", add)),
        )
        .build()?;
    Ok(app)
}

fn main() -> Result<(), Box<dyn Error>> {
    let app = application()?;
    block_on(async {
        let server = Server::new(app).bind("127.0.0.1:8080").await?;
        println!("ws://{}/ws", server.local_addr());
        server.run().await?;
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_runs_on_the_same_runtime() {
        let sum = block_on(async {
            let client = application().unwrap().join("realm1").await.unwrap();
            client.call::<i64, _>("math.add", (2, 3)).await
        });
        assert_eq!(sum.unwrap(), 5);
    }
}
