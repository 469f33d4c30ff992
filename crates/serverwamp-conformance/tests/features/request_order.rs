//! Request order: calls of one session side by side, or one at a time where the realm asks for it.

use serde_json::json;
use serverwamp_conformance::Subprotocol;
use serverwamp_conformance::{RawPeer, ServerProcess};

use serverwamp_conformance::harness::{NONE, assert_error, join, server, server_with, takes, until, value};

fn serial(server: &ServerProcess) -> RawPeer {
    join(server, "serial")
}

#[test]
fn calls_run_side_by_side() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let slow = peer.start_call("waiting.slow", json!([100]), NONE, NONE);
        let middle = peer.start_call("waiting.slow", json!([30]), NONE, NONE);
        let fast = peer.start_call("math.add", json!([1]), NONE, NONE);
        peer.expect(json!([50, fast, {}, [6]]));
        peer.expect(json!([50, middle, {}, ["done"]]));
        peer.expect(json!([50, slow, {}, ["done"]]));
    }
    let mut peer = join(&server, "realm1");
    takes(100, 500, || {
        let calls: Vec<_> =
            (0..20).map(|_| peer.start_call("waiting.slow", json!([100]), NONE, NONE)).collect();
        calls.into_iter().for_each(|call| drop(peer.final_answer(call)));
    });
}

#[test]
fn calls_run_one_at_a_time_and_in_order_where_the_realm_says_so() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "serial");
        let mut calls = Vec::new();
        for millis in [60, 1, 30] {
            calls.push((peer.start_call("waiting.slow", json!([millis]), NONE, NONE), "done"));
            calls.push((peer.start_call("session.keep", json!(["done"]), NONE, NONE), "done"));
        }
        let mut first = true;
        for (call, result) in calls {
            // `session.keep` gives the value kept before: none the first time.
            let answer = peer.receive();
            assert_eq!(answer[1], call, "in the order of the calls: {answer}");
            let is_empty = answer == json!([50, call, {}]);
            assert!(answer == json!([50, call, {}, [result]]) || (first && is_empty), "{answer}");
            first &= !is_empty;
        }
    }
}

#[test]
fn only_one_handler_of_a_serial_session_runs() {
    let server = server();
    let mut peer = serial(&server);
    let mut watcher = join(&server, "realm1");
    let running: Vec<_> = (0..3).map(|_| peer.start_call("waiting.watched", NONE, NONE, NONE)).collect();
    until(&mut watcher, "waiting.running", &json!(1));
    for call in running {
        until(&mut watcher, "waiting.running", &json!(1));
        peer.send(json!([49, call, { "mode": "kill" }]));
        peer.expect(json!([8, 48, call, {}, "wamp.error.canceled"]));
    }
    until(&mut watcher, "waiting.running", &json!(0));
    assert_eq!(value(&mut peer, "math.add", json!([1])), 6);
}

#[test]
fn sessions_of_a_serial_realm_do_not_wait_for_each_other() {
    let server = server();
    let mut one = serial(&server);
    let mut other = serial(&server);
    let slow = one.start_call("waiting.slow", json!([200]), NONE, NONE);
    takes(0, 190, || assert_eq!(value(&mut other, "math.add", json!([1])), 6));
    one.expect(json!([50, slow, {}, ["done"]]));
}

#[test]
fn a_call_that_waits_for_its_turn_can_be_canceled() {
    let server = server();
    for mode in ["skip", "kill", "killnowait"] {
        let mut peer = serial(&server);
        let running = peer.start_call("waiting.slow", json!([150]), NONE, NONE);
        let waiting = peer.start_call("waiting.watched", NONE, NONE, NONE);
        let last = peer.start_call("math.add", json!([1]), NONE, NONE);
        peer.send(json!([49, waiting, { "mode": mode }]));
        peer.expect(json!([8, 48, waiting, {}, "wamp.error.canceled"]));
        peer.expect(json!([50, running, {}, ["done"]]));
        peer.expect(json!([50, last, {}, [6]]));
        peer.expect_silence_until_fence();
    }
}

// TMO-02: the time of a call runs from its receipt.
#[test]
fn a_call_that_waits_for_its_turn_can_time_out() {
    let server = server();
    let mut peer = serial(&server);
    let running = peer.start_call("waiting.slow", json!([400]), NONE, NONE);
    let waiting = peer.start_call("math.add", json!([1]), NONE, json!({ "timeout": 100 }));
    peer.expect(json!([8, 48, waiting, {}, "wamp.error.timeout"]));
    peer.expect(json!([50, running, {}, ["done"]]));
    peer.expect_silence_until_fence();
}

#[test]
fn a_panic_or_an_error_lets_the_next_call_run() {
    let server = server();
    let mut peer = serial(&server);
    for uri in ["error.panic", "error.panic_later", "error.plain"] {
        let failing = peer.start_call(uri, NONE, NONE, NONE);
        let next = peer.start_call("math.add", json!([1]), NONE, NONE);
        assert_eq!(peer.receive()[2], failing);
        peer.expect(json!([50, next, {}, [6]]));
    }
}

#[test]
fn calls_that_wait_count_as_in_flight() {
    let server = server_with(&["calls_in_flight=3"]);
    let mut peer = serial(&server);
    let calls: Vec<_> = (0..3).map(|_| peer.start_call("waiting.slow", json!([50]), NONE, NONE)).collect();
    let refused = peer.start_call("math.add", json!([1]), NONE, NONE);
    let answer = peer.receive();
    assert_eq!(answer[2], refused);
    assert_error(&answer, "wamp.error.unavailable", &["3 calls"]);
    for call in calls {
        peer.expect(json!([50, call, {}, ["done"]]));
    }
    assert_eq!(value(&mut peer, "math.add", json!([1])), 6);
}

#[test]
fn a_session_that_leaves_takes_its_waiting_calls_along() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let mut peer = serial(&server);
    peer.start_call("waiting.watched", NONE, NONE, NONE);
    peer.start_call("waiting.watched", NONE, NONE, NONE);
    until(&mut watcher, "waiting.running", &json!(1));
    peer.leave();
    until(&mut watcher, "waiting.running", &json!(0));
    peer.join("serial");
    assert_eq!(value(&mut peer, "math.add", json!([1])), 6);
    assert_eq!(value(&mut watcher, "waiting.running", NONE), 0);
}

#[test]
fn the_id_of_a_call_that_runs_or_waits_cannot_be_used_again() {
    let server = server();
    for realm in ["realm1", "serial"] {
        let mut peer = join(&server, realm);
        peer.send(json!([48, 1, {}, "waiting.watched"]));
        peer.send(json!([48, 2, {}, "waiting.watched"]));
        peer.send(json!([48, 2, {}, "math.add", [1]]));
        peer.expect_violation("#2");
    }
}

/// Its handler may still be winding up its work; the caller has its answer and may count on.
#[test]
fn the_id_of_a_call_that_was_answered_is_free() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for _ in 0..50 {
        peer.send(json!([48, 7, {}, "waiting.winds_up"]));
        peer.send(json!([49, 7, { "mode": "killnowait" }]));
        peer.expect(json!([8, 48, 7, {}, "wamp.error.canceled"]));
        peer.send(json!([48, 7, {}, "waiting.slow", [30]]));
        peer.expect(json!([50, 7, {}, ["done"]]));
    }
}
