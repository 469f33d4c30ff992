//! Authorizers that are handlers of the application: what becomes of their answers, and of those that never come.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

use crate::counters::{Counters, expect_error};
use serverwamp_conformance::harness::{
    NONE, RUNTIMES, call, entries, join, join_with_ticket, server_with, until_noted, value,
};

const SOON: Duration = Duration::from_secs(5);

fn request(peer: &mut RawPeer, code: u64, options: Value, uri: &str) -> u64 {
    let id = peer.next_request();
    peer.send(json!([code, id, options, uri]));
    id
}

/// A session that reads what the fixture's handlers have noted.
fn witness(server: &ServerProcess) -> RawPeer {
    join(server, "lively")
}

#[test]
fn authz_04_an_error_a_panic_and_no_answer_deny_and_the_peer_reads_nothing_of_it() {
    for runtime in RUNTIMES {
        let server = server_with(&[runtime, "decision_timeout_ms=50"]);
        let mut counters = Counters::of(&server);
        let mut peer = join(&server, "authorized");
        for (uri, line) in [
            ("fails.p", "application, call of fails.p: wamp.error.not_authorized: the password"),
            ("panics.p", "a bug in an authorizer"),
            // Of the warnings of a kind one in a minute is written; the lines at DEBUG are all there.
            ("never.p", "application, call of never.p: no answer within 50ms"),
        ] {
            let answer = call(&mut peer, uri, NONE);
            assert_eq!(answer[4], "wamp.error.authorization_failed", "{answer}");
            assert_eq!(answer[5], json!([format!("no decision whether to call {uri:?}")]));
            server.wait_for_log(line, SOON);
        }
        let id = request(&mut peer, 32, json!({}), "fails.t");
        expect_error(&mut peer, 32, id, "wamp.error.authorization_failed");
        let id = request(&mut peer, 64, json!({}), "never.p");
        expect_error(&mut peer, 64, id, "wamp.error.authorization_failed");
        let id = request(&mut peer, 16, json!({ "acknowledge": true }), "panics.t");
        expect_error(&mut peer, 16, id, "wamp.error.authorization_failed");
        request(&mut peer, 16, json!({}), "fails.t");
        assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3, "what is allowed goes on");
        counters.expect(json!({ "authorizations_failed": 7, "panics": 2 }));
    }
}

#[test]
fn authz_10_ord_01_03_an_authorizer_that_takes_50_ms_keeps_events_and_calls_in_order() {
    for runtime in RUNTIMES {
        let server = server_with(&[runtime]);
        let mut callee = join(&server, "authorized");
        let subscriptions =
            ["slow", "quick"].map(|kind| callee.subscribe(kind, json!({ "match": "prefix" })));
        let mut registrations = Vec::new();
        for procedure in ["slow.p", "quick.p"] {
            let id = request(&mut callee, 64, json!({}), procedure);
            let answer = callee.expect(json!([65, id, "$id"]));
            registrations.push(answer[2].clone());
        }
        let mut peer = join(&server, "authorized");
        let place = |number: usize| usize::from(!number.is_multiple_of(3));
        let kind = |number: usize| ["slow", "quick"][place(number)];
        for number in 0..30 {
            let id = peer.next_request();
            let topic = format!("{}.{number}", kind(number));
            peer.send(json!([16, id, {}, topic, [number]]));
        }
        for number in 0..30 {
            let topic = format!("{}.{number}", kind(number));
            callee.expect(json!([36, subscriptions[place(number)], "$id", { "topic": topic }, [number]]));
        }
        for number in 0..30 {
            peer.start_call(&format!("{}.p", kind(number)), json!([number]), NONE, NONE);
        }
        for number in 0..30 {
            callee.expect(json!([68, "$id", registrations[place(number)], {}, [number]]));
        }
    }
}

#[test]
fn authz_10_the_question_of_a_session_that_leaves_is_dropped() {
    for runtime in RUNTIMES {
        let server = server_with(&[runtime, "decision_timeout_ms=3600000"]);
        let mut witness = witness(&server);
        let mut lost = join(&server, "authorized");
        request(&mut lost, 32, json!({}), "never.lost");
        until_noted(&mut witness, "asked guest subscribe never.lost");
        lost.vanish();
        until_noted(&mut witness, "authorizer left");
        let mut leaving = join(&server, "authorized");
        request(&mut leaving, 48, json!({}), "never.left");
        until_noted(&mut witness, "asked guest call never.left");
        leaving.leave();
        let left = |entries: &[String]| entries.iter().filter(|one| *one == "authorizer left").count();
        let deadline = Instant::now() + SOON;
        while left(&entries(&mut witness)) < 2 {
            assert!(Instant::now() < deadline, "the question goes on");
            std::thread::sleep(Duration::from_millis(2));
        }
        let mut counters = Counters::of(&server);
        counters.expect(json!({}));
    }
}

#[test]
fn decisions_are_kept_for_the_authid_and_forgotten_when_the_application_says_so() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut guest = join(&server, "authorized");
    let mut first = join_with_ticket(&server, "authorized", "joe");
    let mut second = join_with_ticket(&server, "authorized", "joe");
    let publish = |peer: &mut RawPeer| {
        let id = request(peer, 16, json!({ "acknowledge": true }), "kept.t");
        peer.expect(json!([17, id, "$id"]));
    };
    publish(&mut first);
    publish(&mut first);
    publish(&mut second);
    counters.expect_decisions(1, 2);
    publish(&mut guest);
    publish(&mut guest);
    counters.expect_decisions(2, 3);
    let mut forget = |whose: &str, name: &str| value(&mut guest, "demo.forget", json!([whose, name]));
    assert_eq!(forget("authid", "ann"), 0);
    assert_eq!(forget("authid", "joe"), 1);
    publish(&mut second);
    counters.expect_decisions(3, 3);
    assert_eq!(forget("authrole", "customer"), 1);
    publish(&mut second);
    counters.expect_decisions(4, 3);
    assert_eq!(forget("all", ""), 2);
    publish(&mut second);
    counters.expect_decisions(5, 3);
}

#[test]
fn no_decision_is_kept_where_the_limit_is_0() {
    for limit in ["cached_decisions=0", "cached_decision_time_ms=0"] {
        let server = server_with(&[limit]);
        let mut counters = Counters::of(&server);
        let mut peer = join(&server, "authorized");
        for _ in 0..2 {
            let id = request(&mut peer, 32, json!({}), "kept.t");
            peer.expect(json!([33, id, "$id"]));
        }
        counters.expect_decisions(2, 0);
    }
}

#[test]
fn why_says_that_the_authorizer_decides_and_asks_it_if_it_is_to() {
    let server = server_with(&[]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let id = peer.join("authorized");
    let mut why = |uri: &str| {
        let answer = call(&mut peer, "demo.why", json!([id, uri]));
        if answer[0] == 50 { answer[3].clone() } else { answer }
    };
    let rule = "role \"guest\": allow call of prefix \"demo.\"";
    assert_eq!(why("demo.add"), json!([rule, true, false, rule, true]));
    let rule = "role \"guest\": deny call, register, publish, subscribe of prefix \"denied.by.rule.\"";
    assert_eq!(why("denied.by.rule.p"), json!([rule, false, false, rule, false]));
    let decides = "role \"guest\": no rule names it, an authorizer of the application";
    let expected = |decided: &str, allowed: bool| {
        json!([format!("{decides} decides"), false, true, format!("{decides} {decided}"), allowed])
    };
    assert_eq!(why("allowed.p"), expected("allows it", true));
    assert_eq!(why("denied.p"), expected("denies it", false));
    let failed = why("fails.p");
    assert_eq!(failed[4], "wamp.error.authorization_failed", "{failed}");
}

#[test]
fn a_denial_of_an_authorizer_is_counted_and_logged() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "authorized");
    let id = request(&mut peer, 32, json!({ "match": "prefix" }), "denied.t");
    expect_error(&mut peer, 32, id, "wamp.error.not_authorized");
    let line = server.wait_for_log("a request is denied", SOON);
    for part in ["action=subscribe", "an authorizer of the application denies it"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    counters.expect(json!({ "requests_denied": 1 }));
}

#[test]
fn an_authorizer_may_withhold_retention() {
    let server = server_with(&[]);
    let mut peer = join(&server, "authorized");
    for (topic, retained) in [("modest.t", false), ("allowed.t", true)] {
        let id = request(&mut peer, 16, retained_for_all(), topic);
        peer.expect(json!([17, id, "$id"]));
        let subscription = peer.subscribe(topic, json!({ "get_retained": true }));
        if retained {
            peer.expect(json!([36, subscription, "$id", { "retained": true }]));
        }
        peer.expect_silence_until_fence();
    }
}

fn retained_for_all() -> Value {
    json!({ "acknowledge": true, "exclude_me": false, "retain": true })
}

#[test]
fn authz_10_requests_beyond_those_that_may_wait_are_refused_and_counted() {
    let server = server_with(&["undecided_requests=2"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "authorized");
    request(&mut peer, 48, json!({}), "never.p");
    request(&mut peer, 32, json!({}), "never.t");
    let id = request(&mut peer, 48, json!({}), "demo.add");
    expect_error(&mut peer, 48, id, "wamp.error.unavailable");
    request(&mut peer, 16, json!({}), "never.t");
    counters.expect(json!({ "undecided_requests_refused": 2 }));
}
