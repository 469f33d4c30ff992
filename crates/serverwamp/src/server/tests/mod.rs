//! Tests of a whole server in memory.
#![expect(clippy::disallowed_methods, reason = "tests run on tokio")]

mod idle;
mod shutdown;

use std::future::{Future, IntoFuture as _};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use hyper_util::rt::TokioIo;
use serverwamp_proto::codec::Serializer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::oneshot;
use tower_service::Service as _;

use super::{Incoming, Server};
use crate::server::memory::{MemoryError, Pipe, pipe};
use crate::{Application, Realm};

const FOREVER: Duration = Duration::MAX;

/// An application that has all the time in the world.
fn patient() -> Application {
    Application::builder()
        .realm(Realm::new("realm1").allow_anonymous("guest"))
        .limits(|limits| {
            limits.hello_timeout = FOREVER;
            limits.authenticate_timeout = FOREVER;
            limits.goodbye_timeout = FOREVER;
            limits.grace = FOREVER;
            limits.longest_call_timeout = FOREVER;
        })
        .long_poll(|config| (config.idle_timeout, config.receive_timeout) = (FOREVER, FOREVER))
        .build()
        .unwrap()
}

/// A server on the other ends of these pipes, and what makes it stop.
fn serve<const N: usize>() -> ([TokioIo<Pipe>; N], oneshot::Sender<()>, impl Future<Output = ()>) {
    let pipes: [_; N] = std::array::from_fn(|_| pipe(64 * 1024));
    let (here, there): (Vec<_>, Vec<_>) = pipes.into_iter().unzip();
    let address: Option<SocketAddr> = None;
    let connections = stream::iter(there).map(move |io| Ok((io, address)));
    let (stop, stopped) = oneshot::channel();
    let server = Server::new(patient()).long_poll("/lp").handshake_timeout(FOREVER).drain(FOREVER);
    let serving = tokio::spawn(server.serve(Incoming::new(connections), async { drop(stopped.await) }));
    let here: Vec<_> = here.into_iter().map(TokioIo::new).collect();
    (here.try_into().unwrap(), stop, async { serving.await.unwrap().unwrap() })
}

/// Posts over a connection that is kept, and gives the answer's status and body.
async fn post(io: &mut TokioIo<Pipe>, path: &str, body: &str) -> (String, String) {
    let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    io.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    loop {
        if let Some((head, body)) = answer.split_once("\r\n\r\n") {
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            if length.is_none_or(|length| body.len() == length.parse::<usize>().unwrap()) {
                return (answer[9..12].to_owned(), body.to_owned());
            }
        }
        let mut chunk = [0; 4096];
        let read = io.read(&mut chunk).await.unwrap();
        assert!(read > 0, "the end after {answer:?}");
        answer.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
    }
}

#[tokio::test]
async fn durations_that_never_pass_end_nothing_and_break_nothing() {
    let ([mut raw, mut http], stop, serving) = serve();
    raw.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
    let mut answer = [0; 4];
    raw.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0x7f, 0xb1, 0, 0]);

    let (status, opened) = post(&mut http, "/lp/open", r#"{"protocols":["wamp.2.json"]}"#).await;
    assert_eq!(status, "200", "{opened}");
    let id = opened.split('"').nth(7).unwrap();
    let hello = r#"[1,"realm1",{"roles":{"caller":{}}}]"#;
    assert_eq!(post(&mut http, &format!("/lp/{id}/send"), hello).await.0, "204");
    let (status, welcome) = post(&mut http, &format!("/lp/{id}/receive"), "").await;
    assert!(status == "200" && welcome.starts_with("[2,"), "{welcome}");

    stop.send(()).unwrap();
    let (_, goodbye) = post(&mut http, &format!("/lp/{id}/receive"), "").await;
    assert!(goodbye.starts_with("[6,"), "{goodbye}");
    assert_eq!(post(&mut http, &format!("/lp/{id}/close"), "").await.0, "204");
    drop(raw);
    serving.await;
}

#[test]
fn outside_of_its_runtime_an_application_refuses_and_does_not_panic() {
    let app = patient();
    let request = || {
        let request = http::Request::post("/open").header("host", "localhost");
        request.body(http_body_util::Full::<bytes::Bytes>::default()).unwrap()
    };
    let answered = futures_executor::block_on(app.websocket().call(request())).unwrap();
    assert_eq!(answered.status(), 500);
    let answered = futures_executor::block_on(app.long_polling().call(request())).unwrap();
    assert_eq!(answered.status(), 500);
    let mut peer = app.connect(Serializer::Json);
    assert_eq!(futures_executor::block_on(peer.receive()), Err(MemoryError::Closed));
    futures_executor::block_on(app.shutdown(FOREVER));
}

#[tokio::test]
async fn a_server_that_can_never_work_says_all_that_is_wrong() {
    let nobody = || Incoming::new(stream::pending::<std::io::Result<(Pipe, Option<SocketAddr>)>>());
    let server =
        Server::new(patient()).http(false).rawsocket(false).path("ws").handshake_timeout(Duration::ZERO);
    let error = server.serve(nobody(), std::future::pending()).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.problems().count(), 3, "{text}");
    for part in ["`handshake_timeout` is 0", "both switched off", "write \"/ws\""] {
        assert!(text.contains(part), "{text}");
    }
    let only_one = Server::new(patient()).long_poll("lp").serve(nobody(), std::future::pending()).await;
    let text = only_one.unwrap_err().to_string();
    assert_eq!(
        text,
        "the server cannot serve: `long_poll` is \"lp\", which is not an HTTP path: write \"/lp\""
    );
}

#[test]
fn outside_of_a_runtime_nothing_is_spawned_and_nothing_panics() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let app = patient();
    let peer = runtime.block_on(async {
        let mut peer = app.connect(Serializer::Json);
        peer.send(r#"[1,"realm1",{"roles":{"caller":{}}}]"#).await.unwrap();
        assert!(peer.receive().await.unwrap().starts_with(b"[2,"));
        peer
    });
    let realm = app.realm("realm1").unwrap();
    let session = realm.sessions().pop().unwrap();
    let (sender, receiver) = oneshot::channel::<()>();
    session.spawn(async move { sender.send(()).unwrap_or_default() });
    assert!(futures_executor::block_on(receiver).is_err(), "the task is dropped");
    let call = realm.call::<(), _>("no.such", ()).timeout(Duration::from_secs(1));
    let error = futures_executor::block_on(call.into_future()).unwrap_err();
    assert_eq!(error.uri(), "wamp.error.unavailable");
    assert!(error.message().unwrap().contains("`#[tokio::main]`"), "{error}");
    let error = futures_executor::block_on(realm.call::<(), _>("no.such", ()).into_future()).unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_procedure");
    // Where there is one, they work.
    let (sender, receiver) = oneshot::channel();
    runtime.block_on(async {
        session.spawn(async move { sender.send(()).unwrap() });
        receiver.await.unwrap();
        drop(peer);
    });
}
