//! Limits: each at its limit and one past it; and peers that do not read, do not speak, do not answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::peer::Arrival;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, RawTcp, ServerProcess, Subprotocol, tcp};

use serverwamp_conformance::harness::{
    NONE, assert_error, assert_like, call, join, server, server_with, shortened, takes, until, value,
};

const UNAVAILABLE: &str = "wamp.error.unavailable";

// AUTH-13, SES
#[test]
fn hello_has_to_come_in_time() {
    let server = server_with(&["hello_timeout_ms=200"]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    takes(100, 2000, || peer.expect_violation("200ms"));
    // Also after GOODBYE; a session that is there is not asked for HELLO.
    let mut peer = join(&server, "realm1");
    peer.call("waiting.slow", json!([300]), NONE, NONE);
    peer.leave();
    takes(100, 2000, || peer.expect_violation("HELLO"));
}

#[test]
fn an_http_request_has_to_come_in_time() {
    let server = server_with(&["handshake_ms=200"]);
    let handshake = tcp::handshake(server.url(), Subprotocol::JSON);
    for bytes in [0, handshake.len() / 2] {
        let mut tcp = RawTcp::open(server.url());
        tcp.write(&handshake[..bytes]);
        let answer = takes(100, 2000, || tcp.read_to_end(DEADLINE)).expect("the connection ends");
        // Who has said nothing may not have meant HTTP.
        let expected: &[u8] = if bytes == 0 { b"" } else { b"HTTP/1.1 408 " };
        assert_eq!(answer.is_empty(), bytes == 0, "{answer:?}");
        assert!(answer.starts_with(expected), "{answer:?}");
    }
}

#[test]
fn authentication_has_to_end_in_time() {
    let server = server_with(&["authenticate_timeout_ms=200"]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    takes(100, 2000, || peer.expect_abort("wamp.error.authentication_failed", "200ms"));
}

// WS-07
#[test]
fn a_message_may_be_as_long_as_the_limit_and_no_longer() {
    let server = server_with(&["max_message=2000"]);
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let message = |length: usize| json!([48, 1, {}, "echo.payload", ["x".repeat(length)]]);
        let overhead = subprotocol.encode(&[message(1500)]).len() - 1500;
        let fitting = message(2000 - overhead);
        assert_eq!(subprotocol.encode(std::slice::from_ref(&fitting)).len(), 2000);
        peer.send(fitting);
        peer.expect(json!([50, 1, {}, ["x".repeat(2000 - overhead)]]));
        let too_long = message(2001 - overhead);
        peer.send(too_long);
        assert_eq!(end_of(&mut peer), Some(1009));
    }
}

/// The close code, whatever is said before.
#[track_caller]
fn end_of(peer: &mut RawPeer) -> Option<u16> {
    loop {
        match peer.next(DEADLINE) {
            Arrival::Message(message) => assert_eq!(message[0], 3, "only ABORT may come: {message}"),
            Arrival::Closed(code) => return code,
            Arrival::Nothing => panic!("the connection stays open\n{}", peer.transcript()),
        }
    }
}

#[test]
fn a_message_in_fragments_is_no_longer_either() {
    let server = server_with(&["max_message=2000"]);
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&tcp::frame(false, 1, &[b'['; 1500]));
    tcp.write(&tcp::frame(false, 0, &[b'['; 501]));
    let end = tcp.read_to_end(DEADLINE).expect("the connection ends");
    assert!(closes_with(&end, 1009), "{end:?}");
    // A length prefix alone is refused before what it announces.
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&[0x81, 0xff, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
    let end = tcp.read_to_end(DEADLINE).expect("the connection ends");
    assert!(closes_with(&end, 1009), "{end:?}");
}

/// Whether the last frame is a Close frame with this code.
fn closes_with(end: &[u8], code: u16) -> bool {
    end.windows(4).any(|frame| frame[0] == 0x88 && frame[2..4] == code.to_be_bytes())
}

/// Sends one compressed message, and gives what comes until the end.
#[track_caller]
fn end_after_compressed(server: &ServerProcess, payload: &[u8]) -> Vec<u8> {
    let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    let connect = connect.header("Sec-WebSocket-Extensions", "permessage-deflate");
    let mut tcp = RawTcp::open(server.url());
    tcp.write(&connect.request());
    let head = tcp.read(DEADLINE).expect("an answer");
    assert!(head.starts_with(b"HTTP/1.1 101"), "{head:?}");
    let mut frame = tcp::frame(true, 1, payload);
    frame[0] |= 0x40;
    tcp.write(&frame);
    tcp.read_to_end(DEADLINE).expect("the connection ends")
}

#[test]
fn a_compressed_message_counts_with_the_length_it_has_in_the_end() {
    // `#$%..Z` over and over, 2000 bytes in all, compressed to 77: no message, but a text.
    let mut text = b"RV\x51\x55\x53\xd7\xd0\xd4\xd2\xd6\xd1\xd5\xd3\x37\x30\x34\x32\x36\x31\x35\x33\xb7\xb0\xb4\xb2\
        \xb6\xb1\xb5\xb3\x77\x70\x74\x72\x76\x71\x75\x73\xf7\xf0\xf4\xf2\xf6\xf1\xf5\xf3\x0f\x08\x0c\x0a\x0e\
        \x09\x0d\x0b\x8f\x88\x8c\x52\x1e\xd5\x37\xaa\x6f\x54\xdf\xa8\xbe\x51\x7d\xa3\xfa\x46\xf5\x0d\x1a\x7d\0"
        .to_vec();
    text.push(0);
    for (limit, code) in [(2000, 1002), (1999, 1009)] {
        let server = server_with(&[&format!("max_message={limit}")]);
        let end = end_after_compressed(&server, &text);
        assert!(closes_with(&end, code), "{code} with {limit}: {end:?}");
    }
}

#[test]
fn a_compressed_message_may_expand_as_far_as_its_limit_allows() {
    // 100 000 blanks, compressed to 115 bytes.
    let mut blanks = b"\xec\xc1\x31\x01\0\0\0\xc2\xa0\x2a\xeb\x9f\xd2\x1a\x1e\x40\x01".to_vec();
    blanks.resize(113, 0);
    blanks.extend([0xaf, 0x06]);
    // It is no message of WAMP, which is found only in what has been decompressed.
    for (limit, code) in [(100_000, 1002), (99_999, 1009)] {
        let end = end_after_compressed(&server_with(&[&format!("hello_bytes={limit}")]), &blanks);
        assert!(closes_with(&end, code), "{code} with {limit}: {end:?}");
    }
}

#[test]
fn nesting_may_be_as_deep_as_was_set() {
    let server = server_with(&["nesting=8"]);
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({ "in": inner }));
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        // Shallow arguments are read in another way than deep ones, and requests with options in a third.
        let answer = peer.call("echo.payload", json!([1]), NONE, NONE);
        assert_like(&json!([50, "$id", {}, [1]]), &answer);
        let answer = peer.call("echo.payload", json!([nested(6)]), NONE, NONE);
        assert_like(&json!([50, "$id", {}, [nested(6)]]), &answer);
        let options = json!({ "timeout": 60_000 });
        let answer = peer.call("echo.payload", json!([nested(6)]), NONE, options.clone());
        assert_like(&json!([50, "$id", {}, [nested(6)]]), &answer);
        for options in [NONE, options] {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            peer.start_call("echo.payload", json!([nested(7)]), NONE, options);
            peer.expect_violation("");
        }
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.send(json!([48, 1, { "_mine": nested(7) }, "echo.payload"]));
        peer.expect_violation("");
    }
}

#[test]
fn nesting_may_be_as_deep_as_the_limit_and_no_deeper() {
    let server = server();
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    for subprotocol in Subprotocol::PLAIN {
        // The message is a level, its arguments are another.
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let answer = peer.call("echo.payload", json!([nested(62)]), NONE, NONE);
        assert_like(&json!([50, "$id", {}, [nested(62)]]), &answer);
        peer.send(json!([48, 2, {}, "echo.payload", [nested(63)]]));
        peer.expect_violation("");
    }
    // Far beyond it costs nothing.
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&tcp::frame(true, 1, "[".repeat(500_000).as_bytes()));
    tcp.read_to_end(DEADLINE).expect("the connection ends");
    join(&server, "realm1");
}

#[test]
fn calls_in_flight_are_limited() {
    let server = server_with(&["calls_in_flight=3"]);
    let mut other = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    let calls: Vec<_> = (0..3).map(|_| peer.start_call("waiting.watched", NONE, NONE, NONE)).collect();
    until(&mut other, "waiting.running", &json!(3));
    assert_error(&call(&mut peer, "waiting.watched", NONE), UNAVAILABLE, &["3 calls"]);
    assert_error(&call(&mut peer, "demo.add", json!([1, 2])), UNAVAILABLE, &["3 calls"]);
    // Other sessions have their own, and a call that is over counts no more.
    assert_eq!(value(&mut other, "demo.add", json!([1, 2])), 3);
    peer.send(json!([49, calls[0], { "mode": "kill" }]));
    peer.expect(json!([8, 48, calls[0], {}, "wamp.error.canceled"]));
    until(&mut other, "waiting.running", &json!(2));
    let mut answer = call(&mut peer, "demo.add", json!([1, 2]));
    for _ in 0..100 {
        if answer[0] == 50 {
            break;
        }
        answer = call(&mut peer, "demo.add", json!([1, 2]));
    }
    assert_eq!(answer[3], json!([3]));
}

#[test]
fn a_call_that_is_answered_is_not_in_flight() {
    let server = server_with(&["calls_in_flight=1"]);
    let mut peer = join(&server, "realm1");
    for _ in 0..300 {
        // The caller has the answer, so the call is over for it.
        assert_eq!(value(&mut peer, "waiting.slow", json!([1])), "done");
    }
}

#[test]
fn subscriptions_are_limited() {
    let server = server_with(&["subscriptions=3", "pattern_subscriptions=1"]);
    let mut peer = join(&server, "realm1");
    let refused = |peer: &mut RawPeer, topic: &str, options: Value| {
        let id = peer.next_request();
        peer.send(json!([32, id, options, topic]));
        let answer = peer.receive();
        assert_like(&json!([8, 32, id, {}, UNAVAILABLE]), &shortened(&answer));
        answer[5][0].as_str().unwrap_or_default().to_owned()
    };
    let first = peer.subscribe("a.a", NONE);
    let prefix = peer.subscribe("a.", json!({ "match": "prefix" }));
    assert!(refused(&mut peer, "b.", json!({ "match": "prefix" })).contains('1'));
    assert!(refused(&mut peer, "b..c", json!({ "match": "wildcard" })).contains('1'));
    peer.subscribe("a.b", NONE);
    assert!(refused(&mut peer, "a.c", json!({})).contains('3'));
    // One that is held is no new one, and one that is given up makes room.
    assert_eq!(peer.subscribe("a.a", NONE), first);
    peer.unsubscribe(prefix);
    peer.subscribe("b..c", json!({ "match": "wildcard" }));
    assert!(refused(&mut peer, "a.c", json!({})).contains('3'));
    let mut other = join(&server, "realm1");
    other.subscribe("a.c", NONE);
}

#[test]
fn subscriptions_that_are_being_decided_count() {
    let server = server_with(&["subscriptions=1"]);
    let mut peer = join(&server, "realm1");
    peer.send(json!([32, 1, {}, "topic.slow"]));
    peer.send(json!([32, 2, {}, "a.topic"]));
    assert_like(&json!([8, 32, 2, {}, UNAVAILABLE]), &shortened(&peer.receive()));
    peer.expect(json!([33, 1, "$id"]));
}

// SEC-05
#[test]
fn a_subscriber_that_does_not_read_is_closed_and_its_memory_is_bounded() {
    let server = server_with(&["outgoing_bytes=1000000"]);
    let mut other = join(&server, "realm1");
    let reading = other.subscribe("a.topic", NONE);
    let mut slow = join(&server, "realm1");
    slow.subscribe("a.topic", NONE);
    let before = server.resident_bytes();
    let mut most = 0;
    let mut published = 0;
    while value(&mut other, "sessions.count", NONE) == 2 {
        assert!(published < 100_000_000, "the server queues {published} bytes for a peer that does not read");
        other.start_call("publish.burst", json!(["a.topic", 20, 10_000]), NONE, NONE);
        for number in 0..20 {
            let event = other.event(reading, DEADLINE);
            assert_eq!(event[4][0], number, "who reads gets everything");
        }
        other.receive();
        published += 200_000;
        most = most.max(server.resident_bytes().saturating_sub(before));
    }
    assert!(most < 8 << 20, "the server holds {most} bytes more");
    // What it gets in the end is whole messages, then the end.
    loop {
        match slow.next(DEADLINE) {
            Arrival::Message(message) => assert!(message[0] == 36 || message[0] == 3, "{message}"),
            Arrival::Closed(_) => break,
            Arrival::Nothing => panic!("the connection is open"),
        }
    }
}

#[test]
fn a_caller_that_does_not_read_for_long_is_closed() {
    let server = server_with(&["write_timeout_ms=500"]);
    let mut other = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    peer.start_call("progress.flood", json!([1_000_000, 10_000]), NONE, json!({ "receive_progress": true }));
    assert_eq!(value(&mut other, "sessions.count", NONE), 2);
    takes(300, 5000, || until(&mut other, "sessions.count", &json!(1)));
    drop(peer);
}

#[test]
fn a_peer_that_asks_without_listening_is_not_read_on() {
    let server = server_with(&["outgoing_bytes=1000000"]);
    let mut other = join(&server, "realm1");
    let before = server.resident_bytes();
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&tcp::frame(true, 1, b"[1,\"realm1\",{\"roles\":{\"caller\":{}}}]"));
    let ask = json!([48, 1, {}, "echo.payload", ["x".repeat(50_000)]]).to_string();
    let ask = tcp::frame(true, 1, ask.as_bytes());
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let writer = std::thread::spawn(move || {
        while tcp.try_write(&ask).is_ok() {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    });
    // Writing stalls when the server reads no more.
    let (mut most, mut still, mut last) = (0, 0, 0);
    while still < 20 {
        assert_eq!(value(&mut other, "waiting.slow", json!([10])), "done", "others are served");
        most = most.max(server.resident_bytes().saturating_sub(before));
        let now = sent.load(Ordering::Relaxed);
        assert!(now < 2000, "100 MB were taken from a peer that reads nothing");
        still = if now == last && now > 0 { still + 1 } else { 0 };
        last = now;
    }
    assert!(!writer.is_finished(), "it is not closed yet, only not read");
    assert!(most < 12 << 20, "the server holds {most} bytes more");
    drop(server);
    writer.join().expect("the writer ends with the server");
}

// WS-11
#[test]
fn a_silent_peer_is_pinged_and_given_up() {
    let server = server_with(&["ping_ms=200"]);
    // One that answers stays: the client library does so while it is asked for messages.
    let mut peer = join(&server, "realm1");
    peer.expect_silence_for(Duration::from_millis(1000));
    assert!(peer.transcript().contains("Ping"), "{}", peer.transcript());
    assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3);
    // One that does not is closed.
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    let end = takes(300, 3000, || tcp.read_to_end(DEADLINE)).expect("the connection ends");
    assert!(end.starts_with(&[0x89]), "a ping comes first: {end:?}");
}

// ID
#[test]
fn request_ids_have_to_count_up_where_the_server_is_strict() {
    let server = server_with(&["strict_request_ids=1"]);
    for second in [1, 3, 4711] {
        let mut peer = join(&server, "realm1");
        peer.send(json!([48, 1, {}, "demo.add", [1, 2]]));
        peer.expect(json!([50, 1, {}, [3]]));
        peer.send(json!([48, second, {}, "demo.add", [1, 2]]));
        peer.expect_violation("CALL");
    }
    let server = self::server();
    let mut peer = join(&server, "realm1");
    for id in [7, 3, 4711] {
        peer.send(json!([48, id, {}, "demo.add", [1, 2]]));
        peer.expect(json!([50, id, {}, [3]]));
    }
}

#[test]
fn a_flood_of_calls_leaves_other_sessions_alone() {
    let server = server();
    let mut other = join(&server, "realm1");
    let mut flood = RawPeer::joined(server.url(), Subprotocol::JSON_BATCHED, "realm1");
    let batch: Vec<Value> = (1..=5000).map(|id| json!([48, id, {}, "waiting.watched"])).collect();
    flood.send_batch(&batch);
    takes(0, 3000, || assert_eq!(value(&mut other, "demo.add", json!([1, 2])), 3));
    // As many as are allowed run, the others are refused.
    for _ in 0..5000 - 1024 {
        assert_error(&flood.receive(), UNAVAILABLE, &["1024 calls"]);
    }
    until(&mut other, "waiting.running", &json!(1024));
    drop(flood);
    until(&mut other, "waiting.running", &json!(0));
}

#[test]
fn connections_that_end_leave_nothing_behind() {
    let server = server_with(&["hello_timeout_ms=300", "handshake_ms=300"]);
    let mut other = join(&server, "realm1");
    let before = server.open_files();
    for round in 0..100 {
        match round % 5 {
            0 => drop(RawTcp::open(server.url())),
            1 => drop(RawPeer::connect(server.url(), Subprotocol::CBOR)),
            2 => drop(join(&server, "realm1")),
            3 => join(&server, "realm1").leave(),
            _ => {
                let mut peer = join(&server, "realm1");
                peer.subscribe("topic.held", NONE);
                peer.start_call("waiting.watched", NONE, NONE, json!({ "timeout": 60_000 }));
            }
        }
    }
    until(&mut other, "sessions.count", &json!(1));
    until(&mut other, "waiting.running", &json!(0));
    for _ in 0..200 {
        if server.open_files() <= before {
            return;
        }
        value(&mut other, "waiting.slow", json!([10]));
    }
    panic!("{} files were open, and {} are", before, server.open_files());
}
