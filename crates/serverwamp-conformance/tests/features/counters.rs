//! Every refusal is counted, once, under its own name, and as nothing else.

use std::io::Write as _;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, RawTcp, ServerProcess, Stream, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_error, call, join, server_with, until, value};

/// A session that asks for the counters.
pub(crate) struct Counters(pub(crate) RawPeer);

impl Counters {
    pub(crate) fn of(server: &ServerProcess) -> Self {
        Self(join(server, "realm1"))
    }

    /// The same of a server that believes a PROXY header of whoever asks.
    pub(crate) fn of_proxied(server: &ServerProcess, header: &[u8]) -> Self {
        let mut stream = Stream::tcp(server.address());
        stream.write_all(header).expect("sent");
        let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
        let mut peer = connect.open_on(stream).expect("the server accepts");
        peer.join("realm1");
        Self(peer)
    }

    /// Waits until the refusals are these, and no others.
    #[track_caller]
    pub(crate) fn expect(&mut self, refusals: Value) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let counted = self.refusals();
            if counted == refusals {
                return;
            }
            assert!(Instant::now() < deadline, "counted is {counted} and not {refusals}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// The same, and that senders have paused.
    #[track_caller]
    pub(crate) fn expect_with_pauses(&mut self, mut refusals: Value) {
        refusals["senders_paused"] = self.all().get("senders_paused").cloned().expect("there were pauses");
        self.expect(refusals);
    }

    /// Waits until so many connections are open, this one among them.
    #[track_caller]
    pub(crate) fn expect_connections(&mut self, connections: usize) {
        self.expect_count("connections", connections);
    }

    /// Waits until so many calls are in flight.
    #[track_caller]
    pub(crate) fn expect_in_flight(&mut self, calls: usize) {
        self.expect_count("calls_in_flight", calls);
    }

    /// Waits until authorizers have been asked so often, and spared that so often by a decision that was kept.
    #[track_caller]
    pub(crate) fn expect_decisions(&mut self, asked: usize, reused: usize) {
        self.expect_count("authorizers_asked", asked);
        self.expect_count("decisions_reused", reused);
    }

    #[track_caller]
    fn expect_count(&mut self, name: &str, expected: usize) {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            // What is not there is zero.
            let count = self.all().get(name).cloned().unwrap_or_else(|| json!(0));
            if count == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{name} is {count} and not {expected}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    #[track_caller]
    fn refusals(&mut self) -> Value {
        let mut all = self.all();
        for life in [
            "connections",
            "connections_accepted",
            "sessions",
            "sessions_established",
            "calls_in_flight",
            "authorizers_asked",
            "decisions_reused",
            "borrowed_bytes",
            "borrowed_bytes_most",
        ] {
            all.remove(life);
        }
        Value::Object(all)
    }

    #[track_caller]
    pub(crate) fn all(&mut self) -> Map<String, Value> {
        match value(&mut self.0, "statistics.all", NONE) {
            Value::Object(all) => all,
            other => panic!("{other} are no counters"),
        }
    }
}

#[test]
fn connections_and_sessions_are_counted_as_long_as_they_last_and_for_ever() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let alive = |connections: usize, accepted: usize, sessions: usize, established: usize| {
        json!({ "connections": connections, "connections_accepted": accepted,
            "sessions": sessions, "sessions_established": established })
    };
    assert_eq!(Value::Object(counters.all()), alive(1, 1, 1, 1));
    let mut peer = join(&server, "realm1");
    assert_eq!(Value::Object(counters.all()), alive(2, 2, 2, 2));
    peer.leave();
    assert_eq!(Value::Object(counters.all()), alive(2, 2, 1, 2));
    peer.join("realm1");
    assert_eq!(Value::Object(counters.all()), alive(2, 2, 2, 3));
    drop(peer);
    until(&mut counters.0, "sessions.count", &json!(1));
    while counters.all()["connections"] != 1 {}
    assert_eq!(Value::Object(counters.all()), alive(1, 2, 1, 3));
    let text = value(&mut counters.0, "statistics.text", NONE);
    assert_eq!(text, "connections 1\nconnections_accepted 2\nsessions 1\nsessions_established 3");
}

#[test]
fn violations_and_messages_that_are_too_long_are_counted_apart() {
    let server = server_with(&["max_message=2000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    peer.send(json!([48, 1]));
    peer.expect_violation("CALL");
    counters.expect(json!({ "protocol_violations": 1 }));
    // The transport's own rules are rules, too.
    RawTcp::upgraded(server.url(), Subprotocol::JSON).write(&frame(true, 2, b"[]"));
    counters.expect(json!({ "protocol_violations": 2 }));
    let mut peer = join(&server, "realm1");
    peer.send(json!([48, 1, {}, "echo.payload", ["x".repeat(2000)]]));
    assert_eq!(peer.expect_violation("the limit of 2000"), Some(1009));
    counters.expect(json!({ "protocol_violations": 2, "messages_too_long": 1 }));
}

#[test]
fn who_is_gone_or_does_not_read_is_counted() {
    let server = server_with(&["ping_ms=200"]);
    let mut counters = Counters::of(&server);
    let _silent = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    counters.expect(json!({ "ping_timeouts": 1 }));

    let server = server_with(&["write_timeout_ms=300"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    peer.start_call("progress.flood", json!([1_000_000, 10_000]), NONE, json!({ "receive_progress": true }));
    counters.expect(json!({ "write_timeouts": 1 }));

    // 4 MiB may wait, but no more than 50 messages.
    for limit in ["outgoing_bytes=100000", "outgoing_messages=50"] {
        let server = server_with(&[limit]);
        let mut counters = Counters::of(&server);
        let mut slow = join(&server, "realm1");
        slow.subscribe("a.topic", NONE);
        let before = server.resident_bytes();
        while value(&mut counters.0, "sessions.count", NONE) == 2 {
            value(&mut counters.0, "publish.burst", json!(["a.topic", 20, 4000]));
        }
        // As long as the system's buffers take something, there may be several pauses.
        counters.expect_with_pauses(json!({ "slow_consumers": 1, "receivers_slow": 1 }));
        assert!(server.resident_bytes() < before + (4 << 20), "with {limit} more waits than may");
    }
}

#[test]
fn who_does_not_answer_goodbye_and_what_does_not_finish_are_counted() {
    let server = server_with(&["goodbye_timeout_ms=200", "grace_ms=200"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    call(&mut peer, "session.close", NONE);
    peer.expect(json!([6, { "message": "asked for" }, "com.example.bye"]));
    counters.expect(json!({ "goodbye_timeouts": 1 }));
    let mut stubborn = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = stubborn.join_with_ticket("lively", "stubborn", "secret!!!");
    stubborn.welcomed(&welcome);
    stubborn.leave();
    counters.expect(json!({ "goodbye_timeouts": 1, "handlers_dropped": 1 }));
}

// SEC-05
#[test]
fn every_event_that_is_lost_is_counted_also_when_its_session_is_over() {
    let server = server_with(&["outgoing_bytes=100000", "overflow=drop_newest_event"]);
    let mut counters = Counters::of(&server);
    let mut slow = join(&server, "realm1");
    slow.subscribe("a.topic", NONE);
    while value(&mut counters.0, "sessions.events_lost", NONE) == 0 {
        value(&mut counters.0, "publish.burst", json!(["a.topic", 20, 4000]));
    }
    value(&mut counters.0, "publish.burst", json!(["a.topic", 20, 4000]));
    let lost = value(&mut counters.0, "sessions.events_lost", NONE);
    drop(slow);
    until(&mut counters.0, "sessions.count", &json!(1));
    counters.expect_with_pauses(json!({ "events_lost": lost, "receivers_slow": 1 }));

    // One that is too long for anybody is lost as well.
    let server = server_with(&["outgoing_message_bytes=4000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    let subscription = peer.subscribe("a.topic", NONE);
    value(&mut counters.0, "publish.burst", json!(["a.topic", 2, 4000]));
    value(&mut counters.0, "publish.burst", json!(["a.topic", 1, 100]));
    assert_eq!(peer.event(subscription, DEADLINE)[4][1].as_str().map(str::len), Some(100));
    counters.expect(json!({ "events_lost": 2 }));
}

// RAW-16
#[test]
fn an_answer_that_is_too_long_for_its_caller_is_counted() {
    let server = server_with(&["outgoing_message_bytes=4000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    let answer = call(&mut peer, "echo.payload", json!(["x".repeat(5000)]));
    assert_error(&answer, "wamp.error.payload_size_exceeded", &["longer"]);
    counters.expect(json!({ "outgoing_messages_too_long": 1 }));
}

/// An ERROR for this request with this error.
#[track_caller]
pub(crate) fn expect_error(peer: &mut RawPeer, code: u64, request: u64, error: &str) {
    peer.expect(json!([8, code, request, {}, error, "$list"]));
}

#[test]
fn what_a_session_may_not_have_more_of_is_counted() {
    let server =
        server_with(&["calls_in_flight=1", "subscriptions=2", "pattern_subscriptions=1", "uri_bytes=40"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    peer.start_call("waiting.watched", NONE, NONE, NONE);
    until(&mut counters.0, "waiting.running", &json!(1));
    let call = peer.start_call("demo.add", json!([1, 2]), NONE, NONE);
    expect_error(&mut peer, 48, call, "wamp.error.unavailable");
    counters.expect(json!({ "calls_refused": 1 }));

    let subscribe = |peer: &mut RawPeer, topic: &str, options: Value| {
        let id = peer.next_request();
        peer.send(json!([32, id, options, topic]));
        id
    };
    peer.subscribe("a.", json!({ "match": "prefix" }));
    let pattern = subscribe(&mut peer, "b.", json!({ "match": "prefix" }));
    expect_error(&mut peer, 32, pattern, "wamp.error.unavailable");
    counters.expect(json!({ "calls_refused": 1, "pattern_subscriptions_refused": 1 }));
    peer.subscribe("a.a", NONE);
    let third = subscribe(&mut peer, "a.b", json!({}));
    expect_error(&mut peer, 32, third, "wamp.error.unavailable");
    let long = subscribe(&mut peer, &"x".repeat(41), json!({}));
    expect_error(&mut peer, 32, long, "wamp.error.invalid_uri");
    // That one is no URI at all is nobody's limit.
    let not = subscribe(&mut peer, "a..b", json!({}));
    expect_error(&mut peer, 32, not, "wamp.error.invalid_uri");
    counters.expect(json!({ "calls_refused": 1, "pattern_subscriptions_refused": 1,
        "subscriptions_refused": 1, "uris_refused": 1 }));
}

#[test]
fn registrations_are_limited_and_those_beyond_are_counted() {
    let server = server_with(&["registrations=2"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    let register = |peer: &mut RawPeer, procedure: &str| {
        let id = peer.next_request();
        peer.send(json!([64, id, {}, procedure]));
        id
    };
    for procedure in ["com.one", "com.two"] {
        let request = register(&mut peer, procedure);
        peer.expect(json!([65, request, "$id"]));
    }
    let third = register(&mut peer, "com.three");
    expect_error(&mut peer, 64, third, "wamp.error.unavailable");
    counters.expect(json!({ "registrations_refused": 1 }));
    // Another session has its own.
    let mut other = join(&server, "router");
    let request = register(&mut other, "com.three");
    other.expect(json!([65, request, "$id"]));
}

#[test]
fn calls_that_wait_for_one_callee_are_limited_and_those_beyond_are_counted() {
    let server = server_with(&["invocations_in_flight=2"]);
    let mut counters = Counters::of(&server);
    let mut callee = join(&server, "router");
    let request = callee.next_request();
    callee.send(json!([64, request, {}, "com.slow"]));
    let registration = callee.receive()[2].clone();
    let mut caller = join(&server, "router");
    let calls: Vec<_> = (0..3).map(|_| caller.start_call("com.slow", NONE, NONE, NONE)).collect();
    expect_error(&mut caller, 48, calls[2], "wamp.error.network_failure");
    counters.expect(json!({ "invocations_refused": 1 }));
    // What is answered makes room.
    callee.expect(json!([68, 1, registration, {}]));
    callee.send(json!([70, 1, {}]));
    caller.expect(json!([50, calls[0], {}]));
    let fourth = caller.start_call("com.slow", NONE, NONE, NONE);
    callee.expect(json!([68, 2, registration, {}]));
    callee.expect(json!([68, 3, registration, {}]));
    callee.send(json!([70, 3, {}]));
    caller.expect(json!([50, fourth, {}]));
    counters.expect(json!({ "invocations_refused": 1 }));
}

#[test]
fn testaments_are_limited_and_those_beyond_are_counted() {
    // Each may have a third of the 9000 bytes.
    let server = server_with(&["testaments=3", "outgoing_bytes=9000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    let leave = |peer: &mut RawPeer, letters: usize| {
        peer.call("wamp.session.add_testament", json!(["com.gone", ["x".repeat(letters)], {}]), NONE, NONE)
    };
    assert_error(&leave(&mut peer, 3000), "wamp.error.payload_size_exceeded", &["3000 bytes"]);
    counters.expect(json!({ "testaments_refused": 1 }));
    for _ in 0..3 {
        assert_eq!(leave(&mut peer, 100)[0], 50);
    }
    assert_error(&leave(&mut peer, 1), "wamp.error.unavailable", &["3 testaments"]);
    counters.expect(json!({ "testaments_refused": 2 }));
}

#[test]
fn inputs_that_come_faster_than_they_are_taken_end_their_call_and_are_counted() {
    let server = server_with(&["outgoing_bytes=100000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "realm1");
    let call = peer.next_request();
    let input = json!([48, call, { "progress": true }, "input.never_taken", ["x".repeat(30_000)]]);
    for _ in 0..5 {
        peer.send(input.clone());
    }
    expect_error(&mut peer, 48, call, "wamp.error.network_failure");
    counters.expect(json!({ "call_inputs_refused": 1 }));
}
