//! A call and an event over every carrier, with every subprotocol, on every runtime.

use crate::support::{Authority, Directory, application, realm, serve, serve_secured, serve_unix};
use async_io::{Async, Timer};
use futures_executor::{ThreadPool, block_on};
use serverwamp::client::{Client, ClientBuilder, ClientTls};
use serverwamp::io::FuturesIo;
use serverwamp::rt::{AnyIo, BoxFuture, Runtime, Smol};
use serverwamp::tls::TlsConfig;
use serverwamp::websocket::Subprotocol;
use std::future::IntoFuture;
use std::io;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::time::Instant;

/// The addresses of one application, and whom its certificate was signed by.
struct Places {
    addresses: Vec<String>,
    tls: ClientTls,
    _files: Directory,
    _server: tokio::runtime::Runtime,
}

impl Places {
    /// TLS is set where it is spoken: elsewhere the setting is refused.
    fn connect(&self, address: &str) -> ClientBuilder {
        let connecting = Client::connect(address);
        if ["wss:", "rss:", "https:"].iter().any(|scheme| address.starts_with(scheme)) {
            return connecting.tls(self.tls.clone());
        }
        connecting
    }
}

fn places() -> Places {
    let server = tokio::runtime::Runtime::new().unwrap();
    let files = Directory::new();
    let authority = Authority::new();
    let (certificate, key) = authority.issue(&files, "localhost", |_| {});
    let tls = TlsConfig::from_files(certificate, key).build().unwrap();
    let app = application(realm().allow_anonymous("guest"));
    let socket = files.path("router.sock");
    let addresses = server.block_on(async {
        let plain = serve(app.clone()).await;
        let port = serve_secured(app.clone(), tls).await.port();
        serve_unix(app, &socket);
        vec![
            format!("ws://{plain}/ws"),
            format!("rs://{plain}"),
            format!("tcp://{plain}"),
            format!("http://{plain}/lp"),
            format!("https://localhost:{port}/lp"),
            format!("wss://localhost:{port}/ws"),
            format!("rss://localhost:{port}"),
            format!("unix://{}", socket.display()),
            format!("ws+unix://{}:/ws", socket.display()),
        ]
    });
    let tls = ClientTls::new().authorities(authority.file(&files));
    Places { addresses, tls, _files: files, _server: server }
}

/// Joins, calls, subscribes, publishes and leaves.
async fn converse(builder: ClientBuilder) {
    let client = builder.realm("realm1").await.unwrap();
    assert_eq!((client.realm(), &*client.authrole()), ("realm1", "guest"));
    let sum: i64 = client.call("math.add", (2, 3)).await.unwrap();
    assert_eq!(sum, 5);
    let mut events = client.subscribe("news.today").await.unwrap();
    let long = "compressible and long; ".repeat(200);
    client.publication("news.today").include_me().send((1, &long)).await.unwrap();
    let event = events.recv().await.unwrap();
    assert_eq!(event.bind::<(i64, String)>().unwrap(), (1, long));
    client.leave().await;
}

#[test]
fn every_carrier_serves_on_tokio() {
    let places = places();
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        for address in &places.addresses {
            converse(places.connect(address)).await;
        }
    });
}

#[test]
fn every_carrier_serves_on_smol() {
    let places = places();
    smol::block_on(async {
        for address in &places.addresses {
            converse(places.connect(address).runtime(Smol)).await;
        }
    });
}

#[test]
fn every_subprotocol_is_spoken_and_compressed_if_both_sides_want_it() {
    let server = tokio::runtime::Runtime::new().unwrap();
    let app = serverwamp::Application::builder()
        .realm(realm().allow_anonymous("guest"))
        .websocket(|config| config.deflate = true)
        .build()
        .unwrap();
    server.block_on(async {
        let address = serve(app).await;
        for subprotocol in Subprotocol::ALL {
            let connect = || Client::connect(format!("ws://{address}/ws")).subprotocols([subprotocol]);
            converse(connect()).await;
            converse(connect().compress()).await;
            converse(Client::connect(format!("http://{address}/lp")).subprotocols([subprotocol])).await;
            if !subprotocol.batched {
                converse(Client::connect(format!("rs://{address}")).serializer(subprotocol.serializer)).await;
            }
        }
    });
}

/// A runtime of one's own: threads of the crate `futures`, timers and sockets of `async-io`.
#[derive(Debug)]
struct Own(ThreadPool);

impl Runtime for Own {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.0.spawn_ok(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            Timer::at(deadline).await;
        })
    }

    fn connect(&self, host: &str, port: u16) -> BoxFuture<'static, io::Result<AnyIo>> {
        let found = (host, port).to_socket_addrs();
        Box::pin(async move {
            let address = found?.next().ok_or(io::ErrorKind::NotFound)?;
            Ok(AnyIo::new(FuturesIo::new(Async::<std::net::TcpStream>::connect(address).await?)))
        })
    }

    fn connect_unix(&self, path: &Path) -> BoxFuture<'static, io::Result<AnyIo>> {
        let path = path.to_owned();
        Box::pin(async move {
            Ok(AnyIo::new(FuturesIo::new(Async::<std::os::unix::net::UnixStream>::connect(path).await?)))
        })
    }
}

#[test]
fn every_carrier_serves_on_a_runtime_of_ones_own() {
    let places = places();
    let pool = ThreadPool::new().unwrap();
    block_on(async {
        for address in &places.addresses {
            converse(places.connect(address).runtime(Own(pool.clone()))).await;
        }
    });
}

/// A runtime that spawns and sleeps, and has no sockets.
#[derive(Debug)]
struct WithoutSockets;

impl Runtime for WithoutSockets {
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        Smol.spawn(task);
    }

    fn sleep_until(&self, deadline: Instant) -> BoxFuture<'static, ()> {
        Smol.sleep_until(deadline)
    }
}

#[test]
fn a_runtime_without_sockets_says_what_it_lacks() {
    for (address, method) in
        [("ws://localhost:1/ws", "`Runtime::connect`"), ("unix:///x", "`Runtime::connect_unix`")]
    {
        let connecting = Client::connect(address).realm("realm1").runtime(WithoutSockets).into_future();
        let error = smol::block_on(connecting).unwrap_err();
        assert!(error.to_string().contains(method), "{error}");
    }
    let error =
        smol::block_on(Client::connect("ws://localhost:1").realm("realm1").into_future()).unwrap_err();
    assert!(matches!(error, serverwamp::client::ClientError::Runtime(_)), "{error}");
}
