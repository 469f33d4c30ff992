//! Long-polling of a client: what it asks, what ends it, and answers that are none.

use crate::support::{application, realm, serve};
use serverwamp::client::{Client, ClientBuilder, ClientError, SessionEnd};
use serverwamp::{Application, Realm, Serializer};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

/// A request: its path, its headers in small letters, its body.
#[derive(Clone, Debug)]
struct Asked {
    path: String,
    headers: String,
    body: String,
}

/// A web server that answers with whole responses, and remembers what it was asked. `None` never answers.
struct Web {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Web {
    async fn serve(answer: impl Fn(&Asked) -> Option<String> + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::default());
        let log: Arc<Mutex<Vec<Asked>>> = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), answer.clone());
                tokio::spawn(async move {
                    let mut stream = BufReader::new(stream);
                    while let Some(request) = read(&mut stream).await {
                        log.lock().unwrap().push(request.clone());
                        let Some(text) = answer(&request) else { return std::future::pending().await };
                        stream.write_all(text.as_bytes()).await.unwrap();
                        if text.contains("connection: close") {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn connect(&self) -> ClientBuilder {
        Client::connect(format!("http://{}/lp", self.address)).realm("realm1").serializer(Serializer::Json)
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(stream: &mut BufReader<tokio::net::TcpStream>) -> Option<Asked> {
    let mut first = String::new();
    stream.read_line(&mut first).await.ok().filter(|read| *read > 0)?;
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") && headers != "\r\n" {
        stream.read_line(&mut headers).await.ok().filter(|read| *read > 0)?;
    }
    let headers = headers.to_ascii_lowercase();
    let length = headers.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
    let mut body = vec![0; length.trim().parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    let path = first.split(' ').nth(1).unwrap().to_owned();
    Some(Asked { path, headers, body: String::from_utf8(body).unwrap() })
}

fn answer(status: &str, headers: &str, body: &str) -> Option<String> {
    Some(format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n{body}", body.len()))
}

const OPENED: &str = r#"{"protocol":"wamp.2.json","transport":"abc-123"}"#;
const WELCOME: &str = r#"[2,7,{"roles":{"broker":{},"dealer":{}}}]"#;

async fn refused(builder: ClientBuilder) -> String {
    let error = builder.await.unwrap_err();
    assert!(matches!(error, ClientError::LongPoll { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn requests_carry_headers_and_the_cookies_of_the_balancer() {
    let web = Web::serve(|asked| match &*asked.path {
        "/lp/open?key=1" => answer("200 OK", "set-cookie: node=a; path=/\r\nset-cookie: more=b\r\n", OPENED),
        "/lp/abc-123/receive?key=1" => answer("200 OK", "", WELCOME),
        _ => answer("202 Accepted", "", ""),
    })
    .await;
    let address = format!("http://{}/lp/?key=1", web.address);
    let connecting = Client::connect(address).realm("realm1").serializer(Serializer::Json);
    let connecting =
        connecting.header("cookie", "session=s").header("x-key", "k").origin("https://example.com");
    let client = connecting.await.unwrap();
    assert_eq!(client.session_id().map(|id| id.get()), Some(7));
    let asked = web.asked();
    assert_eq!(asked[0].body, r#"{"protocols":["wamp.2.json"]}"#);
    let hello = asked.iter().find(|asked| asked.path == "/lp/abc-123/send?key=1").unwrap();
    assert!(
        hello.body.starts_with(r#"[1,"realm1",{"#)
            && hello.headers.contains("content-type: application/json")
    );
    for (index, asked) in asked.iter().enumerate() {
        for header in ["x-key: k\r\n", "origin: https://example.com\r\n", "host: 127.0.0.1:"] {
            assert!(asked.headers.contains(header), "{asked:?}");
        }
        let cookies =
            if index == 0 { "cookie: session=s\r\n" } else { "cookie: session=s; node=a; more=b\r\n" };
        assert!(asked.headers.contains(cookies), "{asked:?}");
    }
}

#[tokio::test]
async fn a_connection_that_ends_between_two_requests_is_made_anew() {
    let welcomes = Arc::new(Mutex::new(vec![WELCOME]));
    let web = Web::serve(move |asked| match &*asked.path {
        "/lp/open" => answer("200 OK", "connection: close\r\n", OPENED),
        "/lp/abc-123/receive" => {
            let next = welcomes.lock().unwrap().pop();
            next.and_then(|text| answer("200 OK", "connection: close\r\n", text))
        }
        _ => answer("204 No Content", "connection: close\r\n", ""),
    })
    .await;
    let client = web.connect().await.unwrap();
    for _ in 0..3 {
        client.publication("com.topic").send_unacknowledged(()).await.unwrap();
    }
    drop(client);
    while !web.asked().iter().any(|asked| asked.path == "/lp/abc-123/close") {
        tokio::task::yield_now().await;
    }
    let bodies =
        web.asked().into_iter().filter(|asked| asked.path.ends_with("/send")).map(|asked| asked.body);
    let codes: Vec<String> = bodies.map(|body| body.split(',').next().unwrap().to_owned()).collect();
    assert_eq!(codes, ["[1", "[16", "[16", "[16", "[6"]);
}

#[tokio::test]
async fn what_is_no_long_polling_says_what_to_check() {
    for (status, headers, body, why) in [
        ("404 Not Found", "", "no such page\n", "check the path, as in http://HOST:PORT/lp (no such page)"),
        ("404 Not Found", "", "<html>", "check the path"),
        ("302 Found", "location: /elsewhere\r\n", "", "redirects are not followed"),
        ("403 Forbidden", "", "", "add `.origin(..)`"),
        (
            "400 Bad Request",
            "",
            "no common protocol. Server supports: wamp.2.cbor",
            "Server supports: wamp.2.cbor",
        ),
        ("200 OK", "", "hello", "something else than long-polling answers"),
        ("200 OK", "", r#"{"protocol":"wamp.2.cbor","transport":"a"}"#, "which was not offered"),
        ("200 OK", "", r#"{"protocol":"wamp.2.json","transport":"../a"}"#, "cannot be a part of a path"),
    ] {
        let web = Web::serve(move |_| answer(status, headers, body)).await;
        let error = refused(web.connect()).await;
        assert!(error.contains(why) && error.contains("no long-polling at http://127.0.0.1:"), "{error}");
    }
    let raw = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = raw.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = raw.accept().await {
            stream.write_all(b"SSH-2.0-no web server\r\n").await.unwrap();
        }
    });
    let error = refused(Client::connect(format!("http://{address}/lp")).realm("realm1")).await;
    assert!(error.contains("whether HTTP is spoken there"), "{error}");
}

#[tokio::test]
async fn a_transport_that_the_router_ends_or_refuses_ends_the_session() {
    for (status, receive) in [("404 Not Found", false), ("404 Not Found", true), ("500 Oh No", false)] {
        let welcomes = Arc::new(Mutex::new(vec![WELCOME]));
        let web = Web::serve(move |asked| match &*asked.path {
            "/lp/open" => answer("200 OK", "", OPENED),
            "/lp/abc-123/receive" => {
                let welcome = welcomes.lock().unwrap().pop();
                match welcome {
                    Some(text) => answer("200 OK", "", text),
                    None if receive => answer(status, "", ""),
                    None => None,
                }
            }
            _ if asked.body.starts_with("[16") => answer(status, "", ""),
            _ => answer("204 No Content", "", ""),
        })
        .await;
        let client = web.connect().await.unwrap();
        if !receive {
            client.publication("com.topic").send_unacknowledged(()).await.unwrap();
        }
        assert!(matches!(client.closed().await, SessionEnd::Lost(_)), "{status}");
    }
}

/// How a session ends whose second `receive` is answered with this.
async fn received(answered: String) -> SessionEnd {
    let answers = Arc::new(Mutex::new(vec![answered, answer("200 OK", "", WELCOME).unwrap()]));
    let web = Web::serve(move |asked| match &*asked.path {
        "/lp/open" => answer("200 OK", "", OPENED),
        "/lp/abc-123/receive" => answers.lock().unwrap().pop(),
        _ => answer("204 No Content", "", ""),
    })
    .await;
    let client = web.connect().max_message(64 * 1024).await.unwrap();
    tokio::time::timeout(std::time::Duration::from_secs(10), client.closed()).await.unwrap()
}

#[tokio::test]
async fn a_router_that_stops_while_somebody_joins_is_given_up() {
    for stops in ["/lp/open", "/lp/abc-123/receive", "/lp/abc-123/send"] {
        let web = Web::serve(move |asked| match &*asked.path {
            path if path == stops => None,
            "/lp/open" => answer("200 OK", "", OPENED),
            "/lp/abc-123/receive" => None,
            _ => answer("204 No Content", "", ""),
        })
        .await;
        let error = web.connect().timeout(std::time::Duration::from_millis(300)).await.unwrap_err();
        let expected = match stops {
            "/lp/open" => matches!(error, ClientError::Late { .. }),
            _ => matches!(error, ClientError::Timeout(_)),
        };
        assert!(expected, "{stops}: {error}");
    }
}

#[tokio::test]
async fn answers_that_are_none_end_the_session_and_say_why() {
    let long = "a".repeat(200_000);
    for (answered, why) in [
        (answer("500 Oh No", "", "").unwrap(), "the answer to `receive` is 500"),
        (answer("404 Not Found", "", "").unwrap(), "the router has ended the long-polling transport"),
        // A body of a gigabyte that never comes is read up to the longest message.
        (
            format!("HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n{long}"),
            "frame of 65537 bytes exceeds the limit of 65536, which `ClientBuilder::max_message` sets",
        ),
        (format!("HTTP/1.1 200 OK\r\nx-long: {long}\r\n\r\n"), "the connection was lost"),
        ("SSH-2.0-nonsense\r\n\r\n".to_owned(), "the connection was lost"),
    ] {
        let SessionEnd::Lost(text) = received(answered).await else { panic!("{why}") };
        assert!(text.contains(why), "{text}");
    }
    let SessionEnd::Violation(text) = received(answer("200 OK", "", "nonsense").unwrap()).await else {
        panic!("it is no message")
    };
    assert!(text.contains("not a message"), "{text}");
}

#[tokio::test]
async fn a_message_that_is_too_long_ends_the_session_with_the_name_of_the_setting() {
    let address = serve(application(realm().allow_anonymous("guest"))).await;
    let client =
        Client::connect(format!("http://{address}/lp")).realm("realm1").max_message(4096).await.unwrap();
    let mut events = client.subscribe("news.today").await.unwrap();
    client.publication("news.today").include_me().send_unacknowledged("x".repeat(10_000)).await.unwrap();
    let SessionEnd::Lost(why) = client.closed().await else { panic!("it is lost") };
    assert!(why.contains("ClientBuilder::max_message"), "{why}");
    assert!(events.recv().await.is_none());
}

#[tokio::test]
async fn a_result_that_is_too_long_ends_its_call_alone() {
    let realm = Realm::<()>::router("realm1").allow_anonymous("guest");
    let address = serve(Application::builder().realm(realm).build().unwrap()).await;
    for subprotocol in ["wamp.2.msgpack", "wamp.2.msgpack.batched"] {
        let subprotocol = serverwamp::websocket::Subprotocol::parse(subprotocol);
        let polling =
            Client::connect(format!("http://{address}/lp")).realm("realm1").subprotocols(subprotocol);
        let callee = polling.await.unwrap();
        let _long = callee.register("com.long", || async { "x".repeat(2 << 20) }).await.unwrap();
        let _short = callee.register("com.short", || async { 5 }).await.unwrap();
        let caller = Client::connect(format!("ws://{address}/ws")).realm("realm1").await.unwrap();
        let error = caller.call::<(), _>("com.long", ()).await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.payload_size_exceeded", "{error}");
        assert_eq!(caller.call::<i64, _>("com.short", ()).await.unwrap(), 5);
        assert!(callee.is_open());
    }
}

#[tokio::test]
async fn settings_of_a_websocket_do_not_apply() {
    let error = Client::connect("http://127.0.0.1:1/lp").realm("realm1").compress().await.unwrap_err();
    assert!(error.to_string().contains("long-polling, which does not compress"), "{error}");
}
