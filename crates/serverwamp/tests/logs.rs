//! What stands in the log of a program that uses the framework, line by line. All tests of this file share one log, as all
//! that happens in a process does.
#![cfg(feature = "tokio")]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp::auth::{Principal, Ticket, ticket};
use serverwamp::extract::{Args, Identity};
use serverwamp::{Application, Realm, RouteSet, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The one of this process.
    fn get() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::DEBUG);
            subscriber.with_ansi(false).without_time().with_writer(log.clone()).init();
            log
        })
    }

    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        let text = std::str::from_utf8(&bytes).expect("the log is text");
        text.lines().map(|line| line.trim_start().to_owned()).collect()
    }

    /// Waits for the line that has all these parts.
    async fn line(&self, parts: &[&str]) -> String {
        for _ in 0..1000 {
            let lines = self.lines();
            if let Some(line) = lines.iter().find(|line| parts.iter().all(|part| line.contains(part))) {
                return line.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no line has {parts:?}:\n{}", self.lines().join("\n"));
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

async fn serve(app: &Application) -> SocketAddr {
    Log::get();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(Server::new(app.clone()).serve(listener, std::future::pending()));
    address
}

/// A client that speaks RawSocket and JSON.
struct Peer(TcpStream);

impl Peer {
    async fn connect(server: SocketAddr) -> Self {
        let mut stream = TcpStream::connect(server).await.unwrap();
        stream.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
        stream.read_exact(&mut [0; 4]).await.unwrap();
        Self(stream)
    }

    /// A client that is in the realm, and its session's id.
    async fn join(server: SocketAddr, realm: &str) -> (Self, u64) {
        let mut peer = Self::connect(server).await;
        let details =
            json!({ "agent": "test\u{1b}[2J\nmade up", "roles": { "subscriber": {}, "caller": {} } });
        peer.send(json!([1, realm, details])).await;
        let welcome = peer.receive().await;
        assert_eq!(welcome[0], 2, "{welcome}");
        let session = welcome[1].as_u64().unwrap();
        (peer, session)
    }

    async fn send(&mut self, message: Value) {
        let bytes = message.to_string().into_bytes();
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&length[..], &bytes].concat()).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).await.unwrap();
        let mut bytes = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut bytes).await.unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn address(&self) -> String {
        self.0.local_addr().unwrap().to_string()
    }
}

fn application(realm: &'static str) -> Application {
    let routes = RouteSet::new().procedure("math.add", |Args((a, b)): Args<(i64, i64)>| async move { a + b });
    let routes = routes.open_topic("com.example.nan");
    let realm = Realm::new(realm).allow_anonymous("guest").routes(routes);
    Application::builder().realm(realm).build().unwrap()
}

#[tokio::test]
async fn who_joins_and_who_leaves_is_told_with_all_that_is_known_of_it() {
    let server = serve(&application("joins")).await;
    let (mut peer, session) = Peer::join(server, "joins").await;
    let (address, session) = (peer.address(), format!("session={session}"));
    let joined = Log::get().line(&["a session has joined", &session]).await;
    assert!(joined.starts_with("INFO serverwamp::session: a session has joined realm=joins "), "{joined}");
    for part in [
        "authrole=guest authmethod=anonymous transport=RawSocket serializer=Json",
        r#"agent="test\u{1b}[2J\nmade up""#,
        &format!("peer={address}"),
    ] {
        assert!(joined.contains(part), "{part}: {joined}");
    }
    peer.send(json!([6, {}, "com.example.bye"])).await;
    let left = Log::get().line(&["a session has left", &session]).await;
    assert!(left.starts_with("INFO serverwamp::session: "), "{left}");
    assert!(left.contains(r#"reason="the peer sent GOODBYE (com.example.bye)""#), "{left}");
    assert!(left.contains(&format!("peer={address}")), "{left}");
}

#[tokio::test]
async fn calls_are_told_at_debug_and_what_a_caller_made_up_stays_within_its_quotes() {
    let server = serve(&application("calls")).await;
    let (mut peer, session) = Peer::join(server, "calls").await;
    let session = format!("session={session}");
    peer.send(json!([48, 1, {}, "math.add", [1, 2]])).await;
    peer.send(json!([48, 2, {}, "nothing\u{1b}[2J\u{7}"])).await;
    for call in [1, 2] {
        let answer = peer.receive().await;
        assert!(
            [50, 8].contains(&answer[0].as_u64().unwrap()) && answer.to_string().contains(&call.to_string())
        );
    }
    let log = Log::get();
    let call = log.line(&[": a call ", &session, "request=1"]).await;
    assert_eq!(call, format!("DEBUG serverwamp::call: a call {session} request=1 procedure=math.add"));
    log.line(&["a call is answered", &session, "request=1 outcome=result"]).await;
    log.line(&[": a call ", &session, r#"request=2 procedure="nothing\u{1b}[2J\u{7}""#]).await;
    let answered = log.line(&["a call is answered", &session, "request=2 outcome="]).await;
    assert!(answered.contains("outcome=wamp.error.") && answered.contains(" error=\""), "{answered}");
    assert!(!answered.contains('\u{1b}'), "{answered}");
}

#[tokio::test]
async fn what_a_callee_answers_in_place_of_a_result_is_told_with_its_text() {
    let realm = Realm::router("errors").allow_anonymous("guest");
    let server = serve(&Application::builder().realm(realm).build().unwrap()).await;
    let (mut callee, _) = Peer::join(server, "errors").await;
    let (mut caller, session) = Peer::join(server, "errors").await;
    callee.send(json!([64, 1, {}, "com.example.fail"])).await;
    assert_eq!(callee.receive().await[0], 65);
    for (call, args, told) in [
        (1, json!(["it is late\n"]), r#"outcome=com.example.no error="it is late\n""#),
        (2, json!([7]), "outcome=com.example.no"),
    ] {
        caller.send(json!([48, call, {}, "com.example.fail"])).await;
        let invocation = callee.receive().await;
        callee.send(json!([8, 68, invocation[1], {}, "com.example.no", args])).await;
        assert_eq!(caller.receive().await[0], 8);
        let parts = ["a call is answered", &format!("session={session}"), &format!("request={call} ")];
        let line = Log::get().line(&parts).await;
        assert!(line.ends_with(told), "{line}");
    }
}

#[tokio::test]
async fn a_session_without_the_identity_that_a_handler_takes_is_told_with_what_to_do() {
    let routes =
        RouteSet::new().procedure("who.am.i", |who: Identity<String>| async move { who.to_string() });
    let realm = Realm::new("identities").allow_anonymous("guest").routes(routes);
    let server = serve(&Application::builder().realm(realm).build().unwrap()).await;
    let (mut peer, session) = Peer::join(server, "identities").await;
    peer.send(json!([48, 1, {}, "who.am.i"])).await;
    assert_eq!(peer.receive().await[4], "wamp.error.not_authorized");
    let line = Log::get().line(&["WARN serverwamp::session: a session has no identity"]).await;
    for part in ["`Principal::identity`", "identity=alloc::string::String", &format!("session={session}")] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[tokio::test]
async fn whoever_is_refused_is_told_with_its_address_and_the_reason() {
    let app = Application::builder().realm(Realm::new("refusals").authenticator(ticket(deny))).build();
    let server = serve(&app.unwrap()).await;
    let log = Log::get();
    // Over HTTP, an origin.
    let mut stream = TcpStream::connect(server).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {server}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nOrigin: https://evil.example\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let why = "origin https://evil.example is not allowed";
    let peer = format!("peer={}", stream.local_addr().unwrap());
    let line = log.line(&["reason=http_requests_refused", why, &peer]).await;
    assert!(line.starts_with("WARN serverwamp::refused: refused "), "{line}");
    // A login, and a message.
    for (messages, reason, why) in [
        (
            json!([[1, "refusals", { "roles": { "caller": {} }, "authmethods": ["ticket"], "authid": "joe\n" }], [5, "x", {}]]),
            "sessions_refused",
            r"authid joe\n, method ticket, step AUTHENTICATE 1: wamp.error.authentication_denied",
        ),
        (json!([[48, 1, {}, "math.add"]]), "protocol_violations", "CALL"),
    ] {
        let mut peer = Peer::connect(server).await;
        for message in messages.as_array().unwrap() {
            peer.send(message.clone()).await;
            peer.receive().await;
        }
        let parts = [&*format!("reason={reason}"), &format!("peer={}", peer.address())];
        let line = log.line(&parts).await;
        assert!(line.contains(why), "{why}: {line}");
    }
    each_login_that_fails_is_a_line(server).await;
}

async fn deny(_: Ticket) -> Option<Principal> {
    None
}

/// At DEBUG; at WARN there is one in a minute, so this comes behind the test that reads that one.
async fn each_login_that_fails_is_a_line(server: SocketAddr) {
    let log = Log::get();
    let hello = |realm: &str, methods: &[&str], authid: &str| json!([1, realm, { "roles": { "caller": {} }, "authmethods": methods, "authid": authid }]);
    for number in 0..20 {
        let mut peer = Peer::connect(server).await;
        peer.send(hello("refusals", &["ticket"], &format!("guess {number}\n\u{1b}[2J"))).await;
        assert_eq!(peer.receive().await[0], 4);
        peer.send(json!([5, "hunter2", {}])).await;
        assert_eq!(peer.receive().await[2], "wamp.error.authentication_denied");
        let line = log.line(&[r"a login has failed", &format!("peer={}", peer.address())]).await;
        let who = format!(r#"realm=refusals authid="guess {number}\n\u{{1b}}[2J" authmethod=ticket"#);
        let begins = format!("DEBUG serverwamp::auth: a login has failed {who} step=\"AUTHENTICATE 1\" why=");
        assert!(line.starts_with(&begins) && line.contains(" session="), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
    for (realm, methods, told) in [
        ("refusals", &["wampcra"][..], r#"realm=refusals authid="xxx"#),
        ("no login here", &["ticket"], r#"realm="no login here" authid="xxx"#),
    ] {
        let mut peer = Peer::connect(server).await;
        peer.send(hello(realm, methods, &"x".repeat(2000))).await;
        assert_eq!(peer.receive().await[0], 3);
        let line = log.line(&["a login has failed", &format!("peer={}", peer.address())]).await;
        assert!(line.contains(told) && line.contains(r#"authmethod="(none)" step=HELLO why="#), "{line}");
        assert!(line.len() < 2000, "an authid is cut: {line}");
    }
}

#[tokio::test]
async fn who_does_not_read_is_told_when_it_is_disconnected() {
    let routes = RouteSet::new().open_topic("com.example.flood");
    let realm = Realm::new("slow").allow_anonymous("guest").routes(routes);
    let app = Application::builder().realm(realm).limits(|limits| limits.outgoing_bytes = 1 << 20).build();
    let app = app.unwrap();
    let server = serve(&app).await;
    let (mut peer, session) = Peer::join(server, "slow").await;
    peer.send(json!([32, 1, {}, "com.example.flood"])).await;
    assert_eq!(peer.receive().await[0], 33);
    let realm = app.realm("slow").unwrap();
    let long = "x".repeat(1 << 18);
    let (log, session) = (Log::get(), format!("session={session}"));
    let gone = |lines: &[String]| {
        lines.iter().any(|line| line.contains("slow_consumers") && line.contains(&session))
    };
    for _ in 0..1000 {
        realm.publish("com.example.flood", &long).unwrap();
        tokio::task::yield_now().await;
        if gone(&log.lines()) {
            break;
        }
    }
    let line = log.line(&["WARN serverwamp::refused: refused reason=slow_consumers", &session]).await;
    assert!(line.contains("1048576 bytes") && line.contains(&format!("peer={}", peer.address())), "{line}");
    log.line(&["a session has left", &session, r#"reason="the peer did not read""#]).await;
}

#[tokio::test]
async fn of_20_000_publications_of_nan_there_are_a_few_lines_that_count_all() {
    const TEXT: &str = "a payload cannot be encoded";
    const HOW_MANY: u64 = 20_000;
    let app = application("nan");
    let server = serve(&app).await;
    let (mut peer, _) = Peer::join(server, "nan").await;
    peer.send(json!([32, 1, {}, "com.example.nan"])).await;
    assert_eq!(peer.receive().await[0], 33);
    let realm = app.realm("nan").unwrap();
    // From now on it is known which serializer events are needed in.
    realm.publish("com.example.nan", 0.0).unwrap();
    for _ in 0..HOW_MANY {
        realm.publish("com.example.nan", f64::NAN).unwrap_err();
    }
    drop(peer);
    app.shutdown(Duration::from_secs(5)).await;
    let lines: Vec<String> = Log::get().lines().into_iter().filter(|line| line.contains(TEXT)).collect();
    // Ten at once, one more in each second that it took, and the rest at the end.
    assert!((11..60).contains(&lines.len()), "{} lines", lines.len());
    let suppressed = lines.iter().filter_map(|line| line.split_once("suppressed=")?.1.parse::<u64>().ok());
    let logged = lines.iter().filter(|line| !line.contains("lines were left out")).count() as u64;
    assert_eq!(logged + suppressed.sum::<u64>(), HOW_MANY, "{lines:#?}");
}

#[tokio::test]
async fn a_publication_that_nobody_can_ever_hear_is_logged_once_for_each_topic() {
    const TEXT: &str = "the application publishes to a topic that nobody can subscribe to";
    let routes = RouteSet::new().open_topic("unheard.open");
    let realm = Realm::new("unheard").allow_anonymous("guest").routes(routes);
    let app = Application::builder().realm(realm).build().unwrap();
    let log = Log::get();
    let realm = app.realm("unheard").unwrap();
    let own = realm.subscribe("unheard.own").unwrap();
    for topic in ["unheard.open", "unheard.own", "unheard.closed", "unheard.closed", "unheard.more"] {
        realm.publish(topic, 1).unwrap();
    }
    let line = log.line(&[TEXT, "realm=unheard topic=unheard.more"]).await;
    assert!(line.contains("RouteSet::open_topic"), "{line}");
    let told =
        |topic: &str| log.lines().iter().filter(|line| line.contains(TEXT) && line.contains(topic)).count();
    assert_eq!(
        [told("unheard.open"), told("unheard.own"), told("unheard.closed"), told("unheard.more")],
        [0, 0, 1, 1]
    );
    drop(own);
    for number in 0..200 {
        realm.publish(&format!("unheard.many.{number}"), 1).unwrap();
    }
    assert!(told("unheard.many.") <= 64, "each realm has its bound");
}

#[tokio::test]
async fn what_a_handler_of_events_cannot_take_is_logged_with_its_topic() {
    let realm = Realm::<()>::router("handled").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().unwrap();
    let log = Log::get();
    let handler = |Args((number,)): Args<(i64,)>| async move { assert!(number > 0, "number {number}") };
    let _handled = app.realm("handled").unwrap().subscribe_with("handled.topic", handler).unwrap();
    let client = app.join("handled").await.unwrap();
    client.publish("handled.topic", "text").await.unwrap();
    client.publish("handled.topic", 0).await.unwrap();
    let line =
        log.line(&["WARN serverwamp::event: a handler did not take an event topic=handled.topic"]).await;
    assert!(line.contains("wamp.error.invalid_argument"), "{line}");
    log.line(&[
        "ERROR serverwamp::internal: a handler of events panicked",
        "topic=handled.topic",
        "number 0",
    ])
    .await;
}
