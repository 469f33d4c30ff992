//! The WebSocket below HTTP servers that are not ours: whether its socket sends small frames at once.

#![expect(clippy::disallowed_methods, reason = "the server under test is axum's, on tokio")]

use crate::{Application, Realm};
use axum::Router;
use axum::serve::Listener;
use socket2::SockRef;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// Accepts as the listener does and keeps a second handle on each socket, which shares its options.
struct Watched {
    listener: TcpListener,
    seen: UnboundedSender<socket2::Socket>,
}

impl Listener for Watched {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (TcpStream, SocketAddr) {
        let (stream, address) = self.listener.accept().await.unwrap();
        self.seen.send(SockRef::from(&stream).try_clone().unwrap()).unwrap();
        (stream, address)
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

fn app() -> Application {
    Application::builder().realm(Realm::new("realm1").allow_anonymous("guest")).build().unwrap()
}

/// HELLO in the same packet as the request, so that the HTTP server reads it, and has to hand it over.
async fn join(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let hello = br#"[1,"realm1",{"roles":{"subscriber":{}}}]"#;
    let mut sent = b"GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
        .to_vec();
    sent.extend([0x81, 0x80 | u8::try_from(hello.len()).unwrap(), 0, 0, 0, 0]);
    sent.extend_from_slice(hello);
    stream.write_all(&sent).await.unwrap();
    let mut answer = Vec::new();
    while !String::from_utf8_lossy(&answer).contains("\"guest\"") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
    stream
}

#[tokio::test]
async fn under_axum_serve_a_websocket_sends_small_frames_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (seen, mut sockets) = unbounded_channel();
    let listener = Watched { listener, seen };
    let http = Router::new().route_service("/ws", app().websocket());
    let server = tokio::spawn(async move { axum::serve(listener, http).await });
    let _peer = join(address).await;
    assert!(sockets.recv().await.unwrap().tcp_nodelay().unwrap());
    server.abort();
}

#[tokio::test]
async fn under_hyper_alone_it_does_so_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        tell.send(SockRef::from(&stream).try_clone().unwrap()).unwrap();
        let websocket = hyper_util::service::TowerToHyperService::new(app().websocket());
        let io = hyper_util::rt::TokioIo::new(stream);
        hyper::server::conn::http1::Builder::new().serve_connection(io, websocket).with_upgrades().await
    });
    let _peer = join(address).await;
    assert!(told.await.unwrap().tcp_nodelay().unwrap());
    server.abort();
}
