//! What a client that polls may make the server keep, before WELCOME, in its session, and behind its end (checklist
//! LP-07, LP-10).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, Http, LongPoll, RawTcp, ServerProcess, Stream, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::server_with;

fn open(server: &ServerProcess) -> LongPoll {
    LongPoll::open(server.address(), "/lp", Subprotocol::JSON)
}

/// A message of this many bytes, of which some are blanks.
fn padded(message: &Value, length: usize) -> Vec<u8> {
    let mut bytes = message.to_string().into_bytes();
    bytes.resize(length, b' ');
    bytes
}

fn hello() -> Value {
    json!([1, "realm1", { "roles": { "caller": {} } }])
}

/// The message of one `receive`.
#[track_caller]
fn hear(transport: &mut LongPoll) -> Value {
    let answer = transport.receive(DEADLINE).expect("the connection stays").expect("an answer in time");
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

/// Begins to send a body of `length` bytes, and lets its last `missing` ones wait.
fn begin(server: &ServerProcess, transport: &LongPoll, length: usize, missing: usize) -> RawTcp {
    let mut tcp = RawTcp::open(server.url());
    let path = transport.path();
    let head = format!("POST {path}/send HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    tcp.write(head.as_bytes());
    tcp.write(&vec![b' '; length - missing]);
    tcp
}

/// The same with a body whose length is not said, and of which so many bytes come.
fn begin_chunk(server: &ServerProcess, transport: &LongPoll, length: usize) -> RawTcp {
    let mut tcp = RawTcp::open(server.url());
    let path = transport.path();
    let head = format!("POST {path}/send HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    tcp.write(format!("{head}{length:x}\r\n{}\r\n", " ".repeat(length)).as_bytes());
    tcp
}

#[test]
fn before_welcome_a_body_may_be_as_long_as_a_hello_and_is_not_collected_beyond() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    let mut transport = open(&server);
    // One that says how long it is gets its answer before it is sent.
    let mut tcp = begin(&server, &transport, 1001, 1001);
    let answer = String::from_utf8(tcp.read(DEADLINE).expect("an answer")).expect("text");
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("1000 bytes"), "{answer}");
    counters.expect(json!({ "hello_messages_too_long": 1 }));
    // One that does not, as soon as it is too long.
    let mut tcp = begin_chunk(&server, &transport, 1001);
    let answer = String::from_utf8(tcp.read(DEADLINE).expect("an answer")).expect("text");
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    counters.expect(json!({ "hello_messages_too_long": 2 }));
    // The transport is there still, and takes a HELLO of that length.
    assert_eq!(transport.post("send", &padded(&hello(), 1000)).status, 204);
    assert_eq!(hear(&mut transport)[0], 2);
    // From then on, the limit is that of every message.
    let call = json!([48, 1, {}, "math.add", [1, 2]]);
    assert_eq!(transport.post("send", &padded(&call, 5000)).status, 204);
    assert_eq!(hear(&mut transport), json!([50, 1, {}, [3]]));
    counters.expect(json!({ "hello_messages_too_long": 2 }));
}

#[test]
fn the_bodies_of_one_transport_that_are_not_there_yet_share_the_bytes_of_one() {
    let server = server_with(&["hello_bytes=1000", "max_message=2000"]);
    let mut counters = Counters::of(&server);
    for (in_session, length, counter) in
        [(false, 1000, "hello_messages_too_long"), (true, 2000, "messages_too_long")]
    {
        let transport = || {
            let mut transport = open(&server);
            if in_session {
                assert_eq!(transport.post("send", hello().to_string().as_bytes()).status, 204);
                assert_eq!(hear(&mut transport)[0], 2);
            }
            transport
        };
        let full = transport();
        // One byte more than there may be: whichever is read last is refused.
        let mut both = [begin(&server, &full, length, 1), begin_chunk(&server, &full, 2)];
        let deadline = Instant::now() + DEADLINE;
        let answer = loop {
            if let Some(answer) = both.iter_mut().find_map(|tcp| tcp.read(Duration::from_millis(10))) {
                break String::from_utf8(answer).expect("text");
            }
            assert!(Instant::now() < deadline, "{length} bytes are collected and do not count");
        };
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert_eq!(counters.all()[counter], 1);
        // As many as there may be: both are waited for.
        let just_full = transport();
        let mut both = [begin(&server, &just_full, length, 1), begin_chunk(&server, &just_full, 1)];
        assert!(both.iter_mut().all(|tcp| tcp.read(Duration::from_millis(100)).is_none()));
    }
}

#[test]
fn requests_to_a_transport_whose_session_is_over_do_not_keep_it() {
    let server = server_with(&["idle_timeout_ms=500"]);
    let mut counters = Counters::of(&server);
    let mut transport = open(&server);
    assert_eq!(transport.post("send", b"nonsense").status, 400);
    let mut over = false;
    // Its client does not ask what has become of it, and sends more.
    let deadline = Instant::now() + DEADLINE;
    while counters.all().get("long_poll_timeouts").is_none() {
        assert!(Instant::now() < deadline, "the transport is kept");
        over |= transport.post("send", b"[]").status == 404;
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(over, "its requests are answered 404");
}

#[test]
fn a_transport_counts_as_a_connection_until_nothing_of_it_is_left() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut transport = open(&server);
    assert_eq!(transport.post("send", b"nonsense").status, 400);
    // This session, two connections of the client, and what it may still ask for.
    counters.expect_connections(4);
    assert_eq!(hear(&mut transport)[0], 3);
    let over = transport.receive(DEADLINE).expect("the connection stays").expect("an answer");
    assert_eq!(over.status, 404);
    counters.expect_connections(3);
}

#[test]
fn one_connection_opens_as_many_transports_as_the_limit_and_each_that_ends_makes_room() {
    let server = server_with(&["transports_per_connection=3"]);
    let mut counters = Counters::of(&server);
    let mut http = Http::over(Stream::tcp(server.address()));
    let mut open = || http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#);
    let transports = [open(), open(), open()].map(|opened| opened.json()["transport"].clone());
    let refused = open();
    assert_eq!(refused.status, 503, "{refused:?}");
    assert!(refused.header("retry-after").is_some());
    counters.expect(json!({ "transports_refused": 1 }));
    let id = transports[0].as_str().expect("an id");
    assert_eq!(http.post(&format!("/lp/{id}/close"), b"").status, 204);
    // This session, two transports, and their connection.
    counters.expect_connections(4);
    assert_eq!(http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 200);
    // Others have their own.
    let mut other = Http::over(Stream::tcp(server.address()));
    assert_eq!(other.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 200);
}

#[test]
fn transports_without_a_hello_count_among_connections_without_a_session_and_sessions_do_not() {
    let server = server_with(&["unauthenticated=4", "unauthenticated_per_address=4"]);
    let mut counters = Counters::of(&server);
    for _ in 0..3 {
        let mut transport = open(&server);
        assert_eq!(transport.post("send", hello().to_string().as_bytes()).status, 204);
        assert_eq!(hear(&mut transport)[0], 2);
        // From the first request of the session on, its connections do not count either.
        for id in 1..=2 {
            let call = json!([48, id, {}, "math.add", [1, 2]]).to_string();
            assert_eq!(transport.post("send", call.as_bytes()).status, 204);
            assert_eq!(hear(&mut transport)[0], 50);
        }
        std::mem::forget(transport);
    }
    counters.expect(json!({}));
    let mut http = Http::over(Stream::tcp(server.address()));
    for _ in 0..3 {
        assert_eq!(http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 200);
    }
    assert_eq!(http.post("/lp/open", br#"{"protocols":["wamp.2.json"]}"#).status, 503);
    counters.expect(json!({ "unauthenticated_refused": 1 }));
}
