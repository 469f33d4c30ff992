//! What a session may take of the server's time: how fast it may ask, how long it may be silent, how much it may say
//! before anybody knows who it is, and what all sessions may have together.

use std::time::{Duration, Instant};

use serde_json::json;
use serverwamp_conformance::{DEADLINE, RawPeer, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::{NONE, assert_error, call, join, server_with, takes, until, value};

const UNAVAILABLE: &str = "wamp.error.unavailable";

#[test]
fn a_message_before_the_session_is_open_may_be_as_long_as_its_limit_and_no_longer() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    let hello =
        |letters: usize| json!([1, "realm1", { "roles": { "caller": {} }, "x_more": "x".repeat(letters) }]);
    let mut refused = 0;
    for subprotocol in Subprotocol::PLAIN {
        // Beyond 255 letters the length of the string takes the same number of bytes.
        let overhead = subprotocol.encode(&[hello(700)]).len() - 700;
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(hello(1000 - overhead));
        let welcome = peer.receive();
        assert_eq!(welcome[0], 2, "{welcome}");
        peer.welcomed(&welcome);
        // Once it is open, the limit is that of every message.
        assert_eq!(call(&mut peer, "echo.payload", json!(["x".repeat(5000)]))[0], 50);
        // When it is over, that of strangers holds again.
        peer.leave();
        peer.send(hello(1001 - overhead));
        assert_eq!(peer.expect_violation("the limit of 1000"), Some(1009));
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(hello(1001 - overhead));
        assert_eq!(peer.expect_violation("the limit of 1000"), Some(1009));
        refused += 2;
        counters.expect(json!({ "hello_messages_too_long": refused }));
    }
}

#[test]
fn a_long_message_right_behind_hello_is_taken() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    // Both are there before the first is answered.
    peer.send(json!([1, "realm1", { "roles": { "caller": {} } }]));
    peer.send(json!([48, 1, {}, "echo.payload", ["x".repeat(5000)]]));
    peer.expect(json!([2, "$id", "$dict"]));
    peer.expect(json!([50, 1, {}, ["x".repeat(5000)]]));
}

#[test]
fn an_authenticate_that_is_too_long_is_refused() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let challenge = peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    assert_eq!(challenge[0], 4, "{challenge}");
    peer.send(json!([5, "x".repeat(1000), {}]));
    assert_eq!(peer.expect_violation("the limit of 1000"), Some(1009));
    counters.expect(json!({ "hello_messages_too_long": 1 }));
}

#[test]
fn who_asks_faster_than_the_limit_is_served_at_its_pace_and_loses_nothing() {
    let server = server_with(&["requests_per_second=50", "requests_burst=10"]);
    for subprotocol in [Subprotocol::JSON, Subprotocol::MSGPACK_BATCHED] {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let calls: Vec<_> = (1..=40).map(|id| json!([48, id, {}, "demo.add", [id, 1]])).collect();
        let started = Instant::now();
        match subprotocol == Subprotocol::JSON {
            true => calls.into_iter().for_each(|call| peer.send(call)),
            false => peer.send_batch(&calls),
        }
        // HELLO was the first of the ten.
        for id in 1..=40 {
            peer.expect(json!([50, id, {}, [id + 1]]));
        }
        let least = Duration::from_millis(20 * (40 - 9 - 1));
        assert!(started.elapsed() >= least, "{:?} is faster than allowed", started.elapsed());
    }
    // Pauses end, also for who has nothing more to ask; and they are counted.
    let mut other = join(&server, "realm1");
    assert_eq!(value(&mut other, "demo.add", json!([1, 2])), 3);
    let counted = value(&mut other, "statistics.all", NONE);
    // All thirty of the batch; of those that were sent one by one, those that a busy machine did not hold up by itself.
    assert!(counted["requests_delayed"].as_u64() > Some(30), "{counted}");
}

#[test]
fn a_burst_of_the_limit_is_served_at_once() {
    let server = server_with(&["requests_per_second=1", "requests_burst=30"]);
    let mut peer = join(&server, "realm1");
    // HELLO was the first.
    takes(0, 10_000, || {
        for _ in 0..29 {
            assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3);
        }
    });
}

#[test]
fn answers_of_a_callee_do_not_count_as_requests() {
    let server = server_with(&["requests_per_second=1", "requests_burst=60"]);
    let mut callee = join(&server, "router");
    let request = callee.next_request();
    callee.send(json!([64, request, {}, "com.echo"]));
    let registration = callee.receive()[2].clone();
    for _ in 0..3 {
        let mut caller = join(&server, "router");
        takes(0, 10_000, || {
            for _ in 0..50 {
                let call = caller.start_call("com.echo", NONE, NONE, NONE);
                let invocation = callee.receive();
                assert_eq!(invocation[2], registration);
                // Every second one as it is not written most.
                let options = if call.is_multiple_of(2) { json!({ "x_some": 1 }) } else { json!({}) };
                callee.send(json!([70, invocation[1], options]));
                caller.expect(json!([50, call, {}]));
            }
        });
    }
}

#[test]
fn a_session_that_is_silent_for_too_long_gets_goodbye() {
    let server = server_with(&["idle_ms=400", "ping_ms=100"]);
    let mut peer = join(&server, "realm1");
    peer.subscribe("a.topic", NONE);
    // Answering pings is not saying anything.
    takes(300, 3000, || {
        peer.expect(json!([6, { "message": "nothing was sent for 400ms" }, "wamp.close.timeout"]))
    });
    assert!(peer.transcript().contains("Ping"), "{}", peer.transcript());
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    peer.expect_closed();
    Counters::of(&server).expect(json!({ "idle_timeouts": 1 }));
}

#[test]
fn who_says_something_in_time_or_waits_for_an_answer_is_not_idle() {
    let server = server_with(&["idle_ms=1000"]);
    let mut waiting = join(&server, "realm1");
    let slow = waiting.start_call("waiting.slow", json!([2500]), NONE, NONE);
    let mut talking = join(&server, "realm1");
    for _ in 0..20 {
        assert_eq!(value(&mut talking, "waiting.slow", json!([100])), "done");
    }
    waiting.expect(json!([50, slow, {}, ["done"]]));
    drop(talking);
    waiting.expect(json!([6, "$dict", "wamp.close.timeout"]));
}

#[test]
fn a_callee_that_owes_an_answer_is_not_idle() {
    let server = server_with(&["idle_ms=400"]);
    let mut callee = join(&server, "router");
    let request = callee.next_request();
    callee.send(json!([64, request, {}, "com.slow"]));
    callee.receive();
    let mut caller = join(&server, "router");
    let call = caller.start_call("com.slow", NONE, NONE, NONE);
    let invocation = callee.receive()[1].clone();
    callee.expect_silence_for(Duration::from_millis(1200));
    callee.send(json!([70, invocation, {}]));
    caller.expect(json!([50, call, {}]));
    assert_eq!(callee.receive()[2], "wamp.close.timeout");
}

#[test]
fn calls_of_all_sessions_together_are_limited() {
    let server = server_with(&["calls_in_flight_in_all=4"]);
    let mut counters = Counters::of(&server);
    let mut peers = [join(&server, "realm1"), join(&server, "realm1")];
    for peer in [1, 1, 0] {
        peers[peer].start_call("waiting.watched", NONE, NONE, NONE);
    }
    // Who asks for this is within the limit, too.
    counters.expect_in_flight(3);
    peers[0].start_call("waiting.watched", NONE, NONE, NONE);
    // Nobody gets a fifth, neither who has two nor who has none.
    for peer in &mut peers {
        assert_error(&call(peer, "waiting.watched", NONE), UNAVAILABLE, &["4 calls of all sessions"]);
    }
    let mut third = join(&server, "realm1");
    assert_error(&call(&mut third, "waiting.slow", json!([1])), UNAVAILABLE, &["4 calls of all sessions"]);
    // What is answered at once is, whatever waits.
    assert_eq!(value(&mut third, "demo.add", json!([1, 2])), 3);
    let [first, mut second] = peers;
    drop(first);
    until_served(&mut third);
    // Two are free again, as soon as both calls of the one that left are over.
    counters.expect_in_flight(2);
    second.start_call("waiting.watched", NONE, NONE, NONE);
    second.start_call("waiting.watched", NONE, NONE, NONE);
    counters.expect_in_flight(4);
    assert_error(&call(&mut third, "waiting.slow", json!([1])), UNAVAILABLE, &["4 calls of all sessions"]);
    drop(second);
    until_served(&mut third);
    let counted = counters.all();
    assert!(counted["calls_in_all_refused"].as_u64() >= Some(4), "{counted:?}");
    assert_eq!(counted.get("calls_refused"), None);
}

/// Calls until there is room for a call that waits again.
#[track_caller]
fn until_served(peer: &mut RawPeer) {
    let deadline = Instant::now() + DEADLINE;
    while call(peer, "waiting.slow", json!([1]))[0] != 50 {
        assert!(Instant::now() < deadline, "there is no room for a call any more");
    }
}

#[test]
fn a_call_that_is_over_is_not_in_flight_however_it_ended() {
    let server = server_with(&["calls_in_flight_in_all=50"]);
    let mut counters = Counters::of(&server);
    let register = |procedure: &str| {
        let mut callee = join(&server, "router");
        let request = callee.next_request();
        callee.send(json!([64, request, {}, procedure]));
        callee.receive();
        callee
    };
    let mut callee = register("com.some");
    let mut caller = join(&server, "router");
    // Answered, canceled, timed out, left by its callee, left by its caller; and the same for those of the application.
    let call = caller.start_call("com.some", NONE, NONE, NONE);
    let invocation = callee.receive()[1].clone();
    callee.send(json!([70, invocation, {}]));
    caller.expect(json!([50, call, {}]));
    let call = caller.start_call("com.some", NONE, NONE, NONE);
    caller.send(json!([49, call, { "mode": "skip" }]));
    caller.expect(json!([8, 48, call, {}, "wamp.error.canceled"]));
    let call = caller.start_call("com.some", NONE, NONE, json!({ "timeout": 50 }));
    caller.expect(json!([8, 48, call, {}, "wamp.error.timeout"]));
    for _ in 0..10 {
        caller.start_call("com.some", NONE, NONE, NONE);
    }
    counters.expect_in_flight(10);
    drop(callee);
    counters.expect_in_flight(0);
    let _callee = register("com.other");
    for _ in 0..10 {
        caller.start_call("com.other", NONE, NONE, NONE);
    }
    counters.expect_in_flight(10);
    drop(caller);
    counters.expect_in_flight(0);

    let mut peer = join(&server, "realm1");
    peer.start_call("waiting.watched", NONE, NONE, json!({ "timeout": 50 }));
    let call = peer.start_call("waiting.watched", NONE, NONE, NONE);
    peer.send(json!([49, call, { "mode": "killnowait" }]));
    for _ in 0..10 {
        peer.start_call("waiting.watched", NONE, NONE, NONE);
    }
    counters.expect_in_flight(10);
    drop(peer);
    counters.expect_in_flight(0);
}

#[test]
fn calls_that_wait_for_their_turn_are_in_flight() {
    let server = server_with(&["calls_in_flight_in_all=3"]);
    let mut counters = Counters::of(&server);
    let mut serial = join(&server, "serial");
    serial.start_call("waiting.watched", NONE, NONE, NONE);
    serial.start_call("waiting.watched", NONE, NONE, NONE);
    counters.expect_in_flight(2);
    serial.start_call("waiting.watched", NONE, NONE, NONE);
    let fourth = serial.start_call("demo.add", json!([1, 2]), NONE, NONE);
    serial.expect(json!([8, 48, fourth, {}, UNAVAILABLE, "$list"]));
    drop(serial);
    until_served(&mut counters.0);
    counters.expect_in_flight(0);
    until(&mut join(&server, "realm1"), "waiting.running", &json!(0));
}
