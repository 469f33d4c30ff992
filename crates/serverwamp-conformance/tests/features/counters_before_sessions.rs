//! What is refused before there is a session is counted, once, under its own name.

use serde_json::{Value, json};
use serverwamp_conformance::tcp;
use serverwamp_conformance::{
    Connect, DEADLINE, LongPoll, RawPeer, RawSocket, RawTcp, ServerProcess, Stream, Subprotocol,
};

use crate::counters::Counters;
use serverwamp_conformance::harness::server_with;

#[test]
fn who_is_too_slow_before_there_is_a_session_is_counted() {
    let server = server_with(&["hello_timeout_ms=200", "authenticate_timeout_ms=200", "handshake_ms=200"]);
    let mut counters = Counters::of(&server);
    RawPeer::connect(server.url(), Subprotocol::JSON).expect_violation("HELLO");
    counters.expect(json!({ "hello_timeouts": 1 }));
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    peer.expect_abort("wamp.error.authentication_failed", "200ms");
    counters.expect(json!({ "hello_timeouts": 1, "authenticate_timeouts": 1 }));
    // One says nothing, one says half of what it wants.
    RawTcp::open(server.url()).read_to_end(DEADLINE).expect("the connection ends");
    let mut half = RawTcp::open(server.url());
    half.write(&tcp::handshake(server.url(), Subprotocol::JSON)[..20]);
    half.read_to_end(DEADLINE).expect("the connection ends");
    counters.expect(json!({ "hello_timeouts": 1, "authenticate_timeouts": 1, "handshake_timeouts": 2 }));
    // A connection that is kept for a next request is ended when none comes, and that is all.
    let mut kept = RawTcp::open(server.url());
    kept.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let answer = kept.read_to_end(DEADLINE).expect("the connection ends");
    assert!(answer.starts_with(b"HTTP/1.1 200 "), "{}", answer.escape_ascii());
    counters.expect(json!({ "hello_timeouts": 1, "authenticate_timeouts": 1, "handshake_timeouts": 2 }));
}

#[test]
fn who_is_not_let_in_is_counted() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let strangers = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    strangers.header("Origin", "http://elsewhere.example").open().map(drop).expect_err("a foreign page");
    counters.expect(json!({ "http_requests_refused": 1 }));
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let answer = peer.hello("nowhere", json!({}));
    assert_eq!(answer[2], "wamp.error.no_such_realm");
    counters.expect(json!({ "http_requests_refused": 1, "sessions_refused": 1 }));
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let answer = peer.join_with_ticket("secure", "joe", "not the ticket");
    assert_eq!(answer[0], 3, "{answer}");
    counters.expect(json!({ "http_requests_refused": 1, "sessions_refused": 2 }));
    let mut lost = RawTcp::open(server.url());
    let handshake =
        String::from_utf8(tcp::handshake(server.url(), Subprotocol::JSON)).expect("a head is text");
    lost.write(
        handshake
            .replacen("/ws ", "/socket ", 1)
            .replacen("Connection: ", "Connection: close, ", 1)
            .as_bytes(),
    );
    let answer = lost.read_to_end(DEADLINE).expect("the connection ends");
    assert!(answer.starts_with(b"HTTP/1.1 404 "), "{}", answer.escape_ascii());
    counters.expect(json!({ "http_requests_refused": 2, "sessions_refused": 2 }));
}

#[test]
fn who_finds_no_place_for_a_realm_of_a_template_is_counted() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut first = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = first.join_with_ticket("tenant.one", "joe", "secret!!!");
    assert_eq!((&welcome[0], &welcome[2]["realm"]), (&json!(2), &json!("tenant.one")));
    let mut second = RawPeer::connect(server.url(), Subprotocol::JSON);
    let abort = second.join_with_ticket("tenant.two", "joe", "secret!!!");
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.unavailable")));
    counters.expect(json!({ "realms_refused": 1 }));
}

#[test]
fn handshakes_that_are_refused_are_counted() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    // A serializer that nobody knows.
    let mut raw = RawSocket::over(Stream::tcp(server.address()));
    raw.write(&[0x7f, 0xf9, 0, 0]);
    assert_eq!(raw.read_octets(4), Some(vec![0x7f, 0x10, 0, 0]));
    // The server waits for its end a moment, so that the refusal arrives.
    drop(raw);
    counters.expect(json!({ "handshakes_refused": 1 }));
    // No HTTP.
    let mut tcp = RawTcp::open(server.url());
    tcp.write(b"HELO example.com\r\n\r\n");
    tcp.read_to_end(DEADLINE).expect("the connection ends");
    counters.expect(json!({ "handshakes_refused": 2 }));
    // Who leaves is not refused.
    RawTcp::open(server.url()).write(b"GE");
    counters.expect_connections(1);
    counters.expect(json!({ "handshakes_refused": 2 }));
}

/// An HTTP POST by hand.
fn post(server: &ServerProcess, path: &str, body: &str) -> String {
    let mut tcp = RawTcp::open(server.url());
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    tcp.write(format!("{head}{body}").as_bytes());
    String::from_utf8_lossy(&tcp.read_to_end(DEADLINE).expect("an answer")).into_owned()
}

// LP-10
#[test]
fn what_long_polling_refuses_and_ends_is_counted() {
    let server = server_with(&["idle_timeout_ms=1000", "max_message=2000"]);
    let mut counters = Counters::of(&server);
    let open = |protocol: &str| post(&server, "/lp/open", &json!({ "protocols": [protocol] }).to_string());
    assert!(open("wamp.3.json").starts_with("HTTP/1.1 400"));
    counters.expect(json!({ "http_requests_refused": 1 }));
    let answer = open("wamp.2.json");
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer has a body");
    let body: Value = serde_json::from_str(body).expect("the body is JSON");
    let transport = body["transport"].as_str().expect("a transport has a name");
    let answer = post(&server, &format!("/lp/{transport}/send"), &"x".repeat(2001));
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    counters.expect(json!({ "http_requests_refused": 1, "messages_too_long": 1 }));
    counters.expect(json!({ "http_requests_refused": 1, "messages_too_long": 1, "long_poll_timeouts": 1 }));
}

// LP-07
#[test]
fn what_is_no_message_over_long_polling_is_counted_once() {
    let server = server_with(&["drain_ms=100"]);
    let mut counters = Counters::of(&server);
    let address = Connect::to(server.url()).address().to_owned();
    for (counted, subprotocol) in [(1, Subprotocol::JSON), (2, Subprotocol::CBOR_BATCHED)] {
        let mut transport = LongPoll::open(&address, "/lp", subprotocol);
        assert_eq!(transport.post("send", b"nonsense").status, 400);
        counters.expect(json!({ "protocol_violations": counted }));
        transport.vanish();
    }
}
