//! Panics below the framework, in a listener and in the byte streams of connections: each ends what it belongs to and nothing
//! else, on every runtime.

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};
use serverwamp::extract::Args;
use serverwamp::io::FuturesIo;
use serverwamp::rt::{BoxFuture, Runtime, Smol, Tokio};
use serverwamp::server::Listener;
use serverwamp::{Application, Realm, RouteSet, Server};
use serverwamp_conformance::{DEADLINE, RawPeer, RawSocket, Stream, Subprotocol};
use smol::io::{AsyncRead, AsyncWrite};
use smol::{Async, Executor, Timer};

/// What makes a connection panic the next time it is read, for each that was accepted.
type Breaks = Arc<Mutex<Vec<Arc<AtomicBool>>>>;

/// A listener whose first attempt to accept a connection panics, and so does the first read of its first connection.
struct Fragile {
    listener: Async<TcpListener>,
    attempts: usize,
    breaks: Breaks,
}

/// A connection that panics when it is told to.
struct FragileIo {
    stream: Async<TcpStream>,
    broken: Arc<AtomicBool>,
}

impl Listener for Fragile {
    type Io = FuturesIo<FragileIo>;

    async fn accept(&mut self) -> io::Result<(Self::Io, Option<SocketAddr>)> {
        self.attempts += 1;
        assert!(self.attempts > 1, "the listener breaks");
        let (stream, address) = self.listener.accept().await?;
        let mut breaks = self.breaks.lock().expect("nobody panics with the lock");
        let broken = Arc::new(AtomicBool::new(breaks.is_empty()));
        breaks.push(Arc::clone(&broken));
        Ok((FuturesIo::new(FragileIo { stream, broken }), Some(address)))
    }
}

impl AsyncRead for FragileIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!self.broken.load(Ordering::Relaxed), "the connection breaks");
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for FragileIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

/// A runtime that catches no panics: one thread runs all tasks, and what ends it ends all.
#[derive(Clone, Debug, Default)]
struct OneThread(Arc<Executor<'static>>);

impl Runtime for OneThread {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn(task).detach();
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

fn application(runtime: impl Runtime) -> Application {
    let realm =
        Realm::new("realm1").allow_anonymous("guest").routes(RouteSet::new().procedure("demo.add", add));
    Application::builder().runtime(runtime).realm(realm).build().expect("an application")
}

fn panics(app: &Application) -> u64 {
    app.statistics().iter().find(|(name, _)| *name == "panics").expect("the counter").1
}

/// A peer may see the end of its connection before it is counted.
#[track_caller]
fn until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "it does not come about");
        thread::yield_now();
    }
}

/// Serves with `run`, breaks what can break, and requires that everybody else is served.
fn outlives_panics(runtime: impl Runtime, run: impl FnOnce(BoxFuture<'static, ()>) + Send + 'static) {
    let app = application(runtime);
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a free port");
    let address = listener.get_ref().local_addr().expect("an address");
    let breaks = Breaks::default();
    let fragile = Fragile { listener, attempts: 0, breaks: Arc::clone(&breaks) };
    let server = Server::new(app.clone());
    thread::spawn(move || {
        run(Box::pin(async move { server.serve(fragile, pending()).await.expect("it serves") }))
    });
    let url = format!("ws://{address}/ws");
    let joined = || RawPeer::joined(&url, Subprotocol::JSON, "realm1");
    let asked = |peer: &mut RawPeer| {
        assert_eq!(peer.call("demo.add", json!([1, 2]), Value::Null, Value::Null)[3], json!([3]));
    };

    let mut first = TcpStream::connect(address).expect("a connection");
    first.set_read_timeout(Some(DEADLINE)).expect("a deadline");
    let read = io::Read::read(&mut first, &mut [0]).expect("an end without an error");
    assert_eq!(read, 0, "the connection has ended");
    until(|| panics(&app) == 2);

    let mut neighbour = joined();
    asked(&mut neighbour);
    let by_websocket = joined();
    let by_rawsocket = RawSocket::over(Stream::tcp(&address.to_string())).peer(Subprotocol::JSON);
    for mut victim in [by_websocket, by_rawsocket] {
        if app.statistics().sessions == 1 {
            victim.join("realm1");
        }
        assert_eq!(app.statistics().sessions, 2);
        asked(&mut victim);
        let before = panics(&app);
        let number = usize::try_from(before).expect("a few");
        let broken = Arc::clone(&breaks.lock().expect("nobody panics with the lock")[number]);
        broken.store(true, Ordering::Relaxed);
        victim.send(json!([48, 2, {}, "demo.add", [1, 2]]));
        victim.expect_closed();
        until(|| (panics(&app), app.statistics().sessions) == (before + 1, 1));
    }
    asked(&mut neighbour);
    asked(&mut joined());
}

#[test]
fn panics_end_one_connection_on_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    outlives_panics(Tokio, move |serving| runtime.block_on(serving));
}

#[test]
fn panics_end_one_connection_on_smol() {
    outlives_panics(Smol, smol::block_on);
}

#[test]
fn panics_end_one_connection_on_a_runtime_that_catches_none() {
    let runtime = OneThread::default();
    let executor = Arc::clone(&runtime.0);
    outlives_panics(runtime, move |serving| smol::block_on(executor.run(serving)));
}

#[test]
fn without_its_runtime_a_server_says_what_to_add() {
    smol::block_on(async {
        let listener = smol::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let error = Server::new(application(Tokio)).serve(listener, pending()).await.unwrap_err();
        assert!(error.to_string().contains("pass `.runtime(serverwamp::rt::Smol)`"), "{error}");
    });
}
