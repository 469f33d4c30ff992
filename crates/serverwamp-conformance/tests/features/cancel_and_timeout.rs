//! Cancel and timeout: a handler stops, and its caller gets exactly one answer.

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    Ending, NONE, assert_like, join, server, server_with, takes, until, value,
};

const CANCELED: &str = "wamp.error.canceled";
const TIMEOUT: &str = "wamp.error.timeout";

/// Starts a handler that runs until it is stopped, and waits until it runs.
#[track_caller]
fn start_watched(peer: &mut RawPeer, options: Value) -> u64 {
    let id = peer.start_call("waiting.watched", NONE, NONE, options);
    until(peer, "waiting.running", &json!(1));
    id
}

/// Requires that a moment of the server's passes without any message.
#[track_caller]
fn assert_quiet(peer: &mut RawPeer, millis: u64) {
    let id = peer.start_call("waiting.slow", json!([millis]), NONE, NONE);
    peer.expect(json!([50, id, {}, ["done"]]));
}

// CAN-08
#[test]
fn a_cancel_with_an_unknown_mode_breaks_the_protocol() {
    let server = server();
    for mode in [json!("abort"), json!(""), json!(1)] {
        let mut peer = join(&server, "realm1");
        let id = peer.start_call("waiting.watched", NONE, NONE, NONE);
        peer.send(json!([49, id, { "mode": mode }]));
        peer.expect_violation("CANCEL");
    }
}

// CAN-01, CAN-02, CAN-03, CAN-05, CAN-06, CAN-07
#[test]
fn every_mode_of_cancel_stops_the_handler_with_one_answer() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for options in
            [json!({ "mode": "skip" }), json!({ "mode": "kill" }), json!({ "mode": "killnowait" }), json!({})]
        {
            let id = start_watched(&mut peer, NONE);
            peer.send(json!([49, id, options]));
            peer.expect(json!([8, 48, id, {}, CANCELED]));
            until(&mut peer, "waiting.running", &json!(0));
            assert_quiet(&mut peer, 10);
        }
    }
}

// CAN-04
#[test]
fn a_handler_that_winds_up_answers_a_kill_itself() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("waiting.winds_up", NONE, NONE, NONE);
    peer.send(json!([49, id, { "mode": "kill" }]));
    peer.expect(json!([50, id, {}, ["wound up"]]));
    assert_quiet(&mut peer, 50);
}

// CAN-02, CAN-03, CAN-13
#[test]
fn a_handler_that_winds_up_is_not_waited_for_with_the_other_modes() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for mode in ["skip", "killnowait"] {
        let id = peer.start_call("waiting.winds_up", NONE, NONE, NONE);
        peer.send(json!([49, id, { "mode": mode }]));
        peer.expect(json!([8, 48, id, {}, CANCELED]));
        assert_quiet(&mut peer, 100);
    }
}

// CAN-19
#[test]
fn a_handler_that_does_not_wind_up_is_dropped_after_the_grace() {
    let server = server_with(&["grace_ms=200"]);
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("waiting.stubborn", NONE, NONE, NONE);
    until(&mut peer, "waiting.running", &json!(1));
    peer.send(json!([49, id, { "mode": "kill" }]));
    takes(150, 2000, || peer.expect(json!([8, 48, id, {}, CANCELED])));
    until(&mut peer, "waiting.running", &json!(0));
}

// CAN-11
#[test]
fn repeated_cancels_give_one_answer_and_may_escalate() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = start_watched(&mut peer, NONE);
    for _ in 0..3 {
        peer.send(json!([49, id, { "mode": "kill" }]));
    }
    peer.expect(json!([8, 48, id, {}, CANCELED]));
    assert_quiet(&mut peer, 10);
    let id = peer.start_call("waiting.stubborn", NONE, NONE, NONE);
    peer.send(json!([49, id, { "mode": "kill" }]));
    peer.send(json!([49, id, { "mode": "killnowait" }]));
    peer.expect(json!([8, 48, id, {}, CANCELED]));
    assert_quiet(&mut peer, 10);
}

// CAN-09, CAN-15
#[test]
fn a_cancel_of_nothing_is_passed_over_and_counts_no_request() {
    let server = server_with(&["strict_request_ids=1"]);
    let mut peer = join(&server, "realm1");
    peer.send(json!([48, 1, {}, "demo.add", [1, 2]]));
    peer.send(json!([49, 1, { "mode": "kill" }]));
    peer.send(json!([49, 4711, {}]));
    peer.send(json!([48, 2, {}, "demo.add", [3, 4]]));
    peer.expect(json!([50, 1, {}, [3]]));
    peer.expect(json!([50, 2, {}, [7]]));
    peer.expect_silence_until_fence();
}

// CAN-10
#[test]
fn a_cancel_reaches_calls_of_its_own_session_only() {
    let server = server();
    let mut one = join(&server, "realm1");
    let mut other = join(&server, "realm1");
    one.send(json!([48, 7, {}, "waiting.slow", [100]]));
    other.send(json!([49, 7, { "mode": "kill" }]));
    other.expect_silence_until_fence();
    one.expect(json!([50, 7, {}, ["done"]]));
}

// CAN-16
#[test]
fn a_cancel_stops_the_timer_too() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = start_watched(&mut peer, json!({ "timeout": 100 }));
    peer.send(json!([49, id, {}]));
    peer.expect(json!([8, 48, id, {}, CANCELED]));
    assert_quiet(&mut peer, 150);
}

// CAN-17, RPC-12
#[test]
fn a_cancel_that_races_the_result_gives_one_answer() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for round in 0..300 {
        let id = peer.start_call("waiting.slow", json!([1]), NONE, json!({ "timeout": 1 + round % 2 }));
        if round % 3 != 0 {
            let mode = ["skip", "kill", "killnowait"][round / 3 % 3];
            peer.send(json!([49, id, { "mode": mode }]));
        }
        let answer = peer.receive();
        let is_result = answer == json!([50, id, {}, ["done"]]);
        let is_error = [CANCELED, TIMEOUT].iter().any(|uri| answer == json!([8, 48, id, {}, uri]));
        assert!(is_result || is_error, "{answer}");
    }
    assert_quiet(&mut peer, 20);
}

// TMO-10
#[test]
fn a_timeout_that_is_no_number_of_milliseconds_breaks_the_protocol() {
    let server = server();
    for timeout in [json!(-1), json!("5"), json!(1.5), json!([1])] {
        let mut peer = join(&server, "realm1");
        peer.send(json!([48, 1, { "timeout": timeout }, "demo.add", [1, 2]]));
        peer.expect_violation("timeout");
    }
}

// TMO-01, TMO-13
#[test]
fn without_a_timeout_or_in_time_a_call_completes() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for options in [json!({}), json!({ "timeout": 0 }), json!({ "timeout": 2000 })] {
        let id = peer.start_call("waiting.slow", json!([150]), NONE, options);
        peer.expect(json!([50, id, {}, ["done"]]));
    }
    let id = peer.start_call("waiting.slow", json!([10]), NONE, json!({ "timeout": 60 }));
    peer.expect(json!([50, id, {}, ["done"]]));
    assert_quiet(&mut peer, 100);
}

// TMO-01, TMO-02, TMO-03, TMO-04
#[test]
fn a_timeout_stops_the_handler_with_one_answer() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let id = peer.start_call("waiting.watched", NONE, NONE, json!({ "timeout": 150 }));
        takes(100, 1500, || peer.expect(json!([8, 48, id, {}, TIMEOUT])));
        until(&mut peer, "waiting.running", &json!(0));
        assert_quiet(&mut peer, 20);
    }
}

// TMO-04
#[test]
fn a_timeout_does_not_wait_for_a_handler_that_winds_up() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("waiting.winds_up", NONE, NONE, json!({ "timeout": 30 }));
    peer.expect(json!([8, 48, id, {}, TIMEOUT]));
    assert_quiet(&mut peer, 100);
}

// TMO-08
#[test]
fn progress_starts_the_timeout_anew() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let options = json!({ "receive_progress": true, "timeout": 400 });
    let id = peer.start_call("progress.count", json!([6, 100]), NONE, options);
    for number in (1..=6).rev() {
        peer.expect(json!([50, id, { "progress": true }, [number]]));
    }
    peer.expect(json!([50, id, {}, ["liftoff"]]));
    let options = json!({ "receive_progress": true, "timeout": 100 });
    let id = peer.start_call("progress.count", json!([2, 10_000]), NONE, options);
    peer.expect(json!([50, id, { "progress": true }, [2]]));
    takes(50, 1500, || peer.expect(json!([8, 48, id, {}, TIMEOUT])));
    assert_quiet(&mut peer, 20);
}

#[test]
fn a_timeout_is_never_longer_than_the_server_allows() {
    let server = server_with(&["longest_call_timeout_ms=100"]);
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("waiting.watched", NONE, NONE, json!({ "timeout": 9_007_199_254_740_992_u64 }));
    takes(50, 1500, || peer.expect(json!([8, 48, id, {}, TIMEOUT])));
}

// TMO-11, CAN-18, PCR-10
#[test]
fn the_dealer_announces_what_it_can() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("realm1", json!({}));
    let features = json!({ "$has": {
        "call_canceling": true, "call_timeout": true, "progressive_call_results": true
    } });
    assert_like(&features, &welcome[2]["roles"]["dealer"]["features"]);
}

// CAN-18
#[test]
fn a_caller_that_announces_nothing_may_cancel() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("realm1", json!({ "roles": { "caller": {} } }));
    peer.welcomed(&welcome);
    let id = start_watched(&mut peer, NONE);
    peer.send(json!([49, id, { "mode": "kill" }]));
    peer.expect(json!([8, 48, id, {}, CANCELED]));
}

// RPC-25, CAN-12, TMO-13
#[test]
fn a_caller_that_leaves_stops_its_handlers() {
    let server = server();
    let mut other = join(&server, "realm1");
    let ways: [(&str, Ending); 5] = [
        ("GOODBYE", |mut peer| {
            peer.leave();
            Some(peer)
        }),
        ("ABORT", |mut peer| {
            peer.send(json!([3, {}, "wamp.close.normal"]));
            Some(peer)
        }),
        ("Close frame", |mut peer| {
            peer.close(1000);
            None
        }),
        ("lost TCP", |_| None),
        ("violation", |mut peer| {
            peer.send(json!([1, "realm1", {}]));
            Some(peer)
        }),
    ];
    for (way, leave) in ways {
        let mut peer = join(&server, "realm1");
        for options in [NONE, json!({ "timeout": 60_000 })] {
            peer.start_call("waiting.watched", NONE, NONE, options);
        }
        until(&mut other, "waiting.running", &json!(2));
        let kept = leave(peer);
        until(&mut other, "waiting.running", &json!(0));
        assert_eq!(value(&mut other, "sessions.count", NONE), 1, "after {way}");
        drop(kept);
    }
}
