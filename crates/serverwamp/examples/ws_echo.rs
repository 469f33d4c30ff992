//! A WebSocket echo server, for conformance suites and load generators. Run with
//! `cargo run --release -p serverwamp --example ws_echo -- 127.0.0.1:9001`.
#![expect(clippy::disallowed_methods, reason = "a program chooses its runtime")]

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serverwamp::rt::{Runtime, Tokio};
use serverwamp::websocket::{WebSocketConfig, echo};
use tokio::net::TcpListener;

// One thread: what is measured is the cost per message, not the number of processors.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let mut config = WebSocketConfig::default();
    config.deflate = true;
    config.max_message = 64 * 1024 * 1024;
    config.max_queued = 256 * 1024 * 1024;
    let config = Arc::new(config);
    let runtime: Arc<dyn Runtime> = Arc::new(Tokio);

    let listener = TcpListener::bind(&address).await?;
    println!("echo on ws://{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (config, runtime) = (Arc::clone(&config), Arc::clone(&runtime));
        let service = service_fn(move |request| {
            let answer = echo(request, &config, &runtime);
            async move { Ok::<_, Infallible>(answer) }
        });
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away is no matter of ours.
            let _ = connection.with_upgrades().await;
        });
    }
}
