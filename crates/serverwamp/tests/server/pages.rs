//! A service of the program beside the server's own paths.

use super::client::{Http, Peer, request};
use axum::Router;
use axum::body::Bytes;
use axum::extract::Extension;
use axum::routing::{get, post};
use serverwamp::rt::{Runtime, Smol, Tokio};
use serverwamp::server::{BoundServer, ServeError};
use serverwamp::{Application, PeerAddress, Realm, Server};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

fn application(runtime: impl Runtime) -> Application {
    let realm = Realm::<()>::new("realm1").allow_anonymous("guest");
    Application::builder().runtime(runtime).realm(realm).build().unwrap()
}

/// A server in a thread of its own, until it is dropped or stopped.
struct Serving {
    address: SocketAddr,
    stop: Option<smol::channel::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

async fn serve(
    server: Server,
    address: smol::channel::Sender<SocketAddr>,
    stop: smol::channel::Receiver<()>,
) -> Result<(), ServeError> {
    let server: BoundServer = server.bind("127.0.0.1:0").await.unwrap();
    address.send(server.local_addr()).await.unwrap();
    server
        .serve(async {
            let _dropped = stop.recv().await;
        })
        .await
}

impl Serving {
    fn start(on_smol: bool, change: impl FnOnce(Server) -> Server) -> Self {
        let app = if on_smol { application(Smol) } else { application(Tokio) };
        let server = change(Server::new(app));
        let (stop, stopped) = smol::channel::bounded(1);
        let (tell, told) = smol::channel::bounded(1);
        let thread = std::thread::spawn(move || match on_smol {
            true => smol::block_on(serve(server, tell, stopped)),
            false => tokio::runtime::Runtime::new().unwrap().block_on(serve(server, tell, stopped)),
        });
        let address = smol::block_on(told.recv()).unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn stop(&mut self) {
        self.stop = None;
    }

    fn end(mut self) {
        self.stop();
        self.thread.take().unwrap().join().unwrap().unwrap();
    }
}

fn status(answer: &str) -> &str {
    answer.get(9..12).unwrap_or(answer)
}

/// Counts what it is asked, and answers with the body.
fn echo(asked: &Arc<AtomicU32>) -> Router {
    let asked = Arc::clone(asked);
    let answer = move |body: Bytes| async move {
        asked.fetch_add(1, Ordering::Relaxed);
        body
    };
    Router::new().route("/echo", post(answer))
}

#[test]
fn a_body_that_announces_too_much_is_refused_before_the_service() {
    let asked = Arc::new(AtomicU32::new(0));
    let server = Serving::start(false, |server| server.fallback_service(echo(&asked)).request_bytes(10));
    let post = |length: usize, body: &str| {
        let head = format!(
            "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}",
            server.address
        );
        Http::send(server.address, &head).answer()
    };
    let refused = post(11, "");
    assert_eq!(status(&refused), "413");
    assert!(
        refused.contains("connection: close") && refused.ends_with("the body has more than 10 bytes\n"),
        "{refused}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let answered = post(10, "0123456789");
    assert!(status(&answered) == "200" && answered.ends_with("0123456789"), "{answered}");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    server.end();
}

#[test]
fn a_body_that_does_not_say_how_long_it_is_is_cut_where_it_is_too_long() {
    let asked = Arc::new(AtomicU32::new(0));
    let server = Serving::start(true, |server| server.fallback_service(echo(&asked)).request_bytes(10));
    let post = |chunks: &str| {
        let head = format!(
            "POST /echo HTTP/1.1\r\nhost: {}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n{chunks}",
            server.address
        );
        Http::send(server.address, &head).answer()
    };
    // axum's way to say that a body could not be read.
    let refused = post("6\r\n012345\r\n5\r\n67890\r\n0\r\n\r\n");
    assert_eq!(status(&refused), "400", "{refused}");
    assert!(refused.contains("the body has more than 10 bytes"), "{refused}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    let answered = post("6\r\n012345\r\n4\r\n6789\r\n0\r\n\r\n");
    assert!(status(&answered) == "200" && answered.ends_with("0123456789"), "{answered}");
    server.end();
}

#[test]
fn a_body_that_takes_too_long_is_cut() {
    let asked = Arc::new(AtomicU32::new(0));
    let limit = Duration::from_millis(100);
    let server = Serving::start(false, |server| server.fallback_service(echo(&asked)).request_timeout(limit));
    let head = format!(
        "POST /echo HTTP/1.1\r\nhost: {}\r\ncontent-length: 10\r\nconnection: close\r\n\r\n01234",
        server.address
    );
    let refused = Http::send(server.address, &head).answer();
    assert_eq!(status(&refused), "400", "{refused}");
    assert!(refused.contains("the body took longer than 100ms"), "{refused}");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    server.end();
}

#[test]
fn the_paths_of_the_server_stay_its_own() {
    let theirs = || async { "theirs" };
    let pages =
        Router::new().route("/health", get(theirs)).route("/ws", get(theirs)).route("/lp/open", post(theirs));
    let server =
        Serving::start(false, |server| server.long_poll("/lp").fallback_service(pages.fallback(theirs)));
    for (method, path, expected) in [
        ("GET", "/health", "200"),
        ("GET", "/ws", "426"),
        ("POST", "/lp/open", "400"),
        ("POST", "/health", "405"),
    ] {
        let answer = request(server.address, method, path);
        assert!(!answer.contains("theirs"), "{path}: {answer}");
        assert_eq!(status(&answer), expected, "{path}: {answer}");
    }
    for path in ["/", "/healthy", "/ws/", "/lp", "/anything?else"] {
        let answer = request(server.address, "GET", path);
        assert!(status(&answer) == "200" && answer.ends_with("theirs"), "{path}: {answer}");
    }
    server.end();
}

#[test]
fn pages_and_sessions_share_a_port_on_every_runtime() {
    let address_of =
        |Extension(PeerAddress(address)): Extension<PeerAddress>| async move { address.ip().to_string() };
    for on_smol in [false, true] {
        let pages = Router::new().route("/", get(address_of));
        let server = Serving::start(on_smol, |server| server.fallback_service(pages));
        let answer = request(server.address, "GET", "/");
        assert!(status(&answer) == "200" && answer.ends_with("127.0.0.1"), "{answer}");
        assert_eq!(status(&request(server.address, "GET", "/missing")), "404");
        let mut peer = Peer::join(server.address);
        peer.say(r#"[48,1,{},"com.missing"]"#);
        assert!(peer.hear().unwrap().starts_with("[8,48,1,"));
        peer.say(r#"[6,{},"wamp.close.close_realm"]"#);
        assert!(peer.hear().unwrap().starts_with("[6,"));
        server.end();
    }
}

#[test]
fn a_service_that_fails_is_an_id() {
    let failing = tower::service_fn(|_| async {
        Err::<http::Response<axum::body::Body>, _>(std::io::Error::other("a secret"))
    });
    let server = Serving::start(false, |server| server.fallback_service(failing));
    let answer = request(server.address, "GET", "/");
    assert_eq!(status(&answer), "500", "{answer}");
    assert!(answer.contains("internal error, id ") && !answer.contains("secret"), "{answer}");
    server.end();
}

/// Answers when it is told to, and says that it was asked.
fn slow(asked: smol::channel::Sender<()>, go_on: smol::channel::Receiver<()>) -> Router {
    let answer = move || async move {
        asked.send(()).await.unwrap();
        let _closed = go_on.recv().await;
        Ok::<_, Infallible>("at last")
    };
    Router::new().route("/slow", get(answer))
}

#[test]
fn a_server_that_stops_lets_requests_be_answered() {
    for on_smol in [false, true] {
        let (asked, asks) = smol::channel::bounded(1);
        let (go_on, waits) = smol::channel::bounded(1);
        let mut server = Serving::start(on_smol, |server| server.fallback_service(slow(asked, waits)));
        // Kept alive by the client; it ends behind the answer nevertheless.
        let head = format!("GET /slow HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
        let waiting = Http::send(server.address, &head);
        smol::block_on(asks.recv()).unwrap();
        server.stop();
        // Nobody new is let in.
        while std::net::TcpStream::connect(server.address).is_ok() {
            std::thread::yield_now();
        }
        assert!(!server.thread.as_ref().unwrap().is_finished());
        drop(go_on);
        let answer = waiting.answer();
        assert!(status(&answer) == "200" && answer.ends_with("at last"), "{answer}");
        server.end();
    }
}

#[test]
fn a_server_that_stops_waits_for_requests_no_longer_than_it_says() {
    let (asked, asks) = smol::channel::bounded(1);
    let (_go_on, waits) = smol::channel::bounded(1);
    let limit = Duration::from_millis(100);
    let server = Serving::start(false, |server| server.fallback_service(slow(asked, waits)).drain(limit));
    let head = format!("GET /slow HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    let mut waiting = Http::send(server.address, &head);
    smol::block_on(asks.recv()).unwrap();
    server.end();
    let _gone = waiting.more("x");
    assert_eq!(waiting.answer(), "");
}

#[test]
fn settings_that_never_work_are_told_before_anything_is_served() {
    let pages = Router::<()>::new;
    let refusal = |change: fn(Server) -> Server| {
        let server = change(Server::new(application(Smol)).fallback_service(pages()));
        smol::block_on(server.bind("127.0.0.1:0")).unwrap_err().to_string()
    };
    let text = refusal(|server| server.request_timeout(Duration::ZERO));
    assert!(text.contains("`request_timeout` is 0"), "{text}");
    let text = refusal(|server| server.http(false));
    assert!(text.contains("`http` is switched off, and there is a `fallback_service`"), "{text}");
}
