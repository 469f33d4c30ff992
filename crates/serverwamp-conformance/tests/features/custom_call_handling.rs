//! Custom call handling: services in place of routes, and layers around routes and realms.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_error, assert_like, call, entries, join, server, takes, value,
};

const SOON: Duration = Duration::from_secs(5);

#[test]
fn a_layer_around_a_realm_stops_calls_of_known_and_unknown_procedures() {
    let server = server();
    for realm in ["layered", "replaced"] {
        let mut peer = join(&server, realm);
        for uri in ["forbidden.add", "forbidden.unknown"] {
            assert_error(&call(&mut peer, uri, json!([1])), "wamp.error.not_authorized", &["forbidden"]);
        }
    }
    // What the layer lets through comes to the routes, and to what they do not know.
    let mut peer = join(&server, "layered");
    assert_eq!(value(&mut peer, "plain.add", json!([1, 2])), 3);
    assert_error(&call(&mut peer, "plain.unknown", NONE), "wamp.error.no_such_procedure", &["plain.unknown"]);
    assert_error(&call(&mut peer, "not a uri", NONE), "wamp.error.invalid_uri", &["not a uri"]);
}

#[test]
fn a_service_takes_every_call_of_its_realm() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "replaced");
        assert_error(&peer.call("not a uri", NONE, NONE, NONE), "wamp.error.invalid_uri", &[]);
        for uri in ["anything.at.all", "math.add", "wamp.session.count"] {
            let answer = peer.call(uri, json!([1]), NONE, NONE);
            assert_like(&json!([50, "$id", {}, [uri, "from a service"]]), &answer);
        }
        // No meta API refuses this for its length.
        let answer = peer.call("wamp.session.count", json!(["x".repeat(200_000)]), NONE, NONE);
        assert_like(&json!([50, "$id", {}, ["wamp.session.count", "from a service"]]), &answer);
    }
}

#[test]
fn a_service_can_be_a_route() {
    let server = server();
    let mut peer = join(&server, "layered");
    assert_error(&call(&mut peer, "service.two", NONE), "wamp.error.no_such_procedure", &["service.two"]);
    for uri in ["service.one", "service.many.a", "service.many.b.c"] {
        assert_like(&json!([50, "$id", {}, [uri, "from a service"]]), &call(&mut peer, uri, NONE));
    }
}

#[test]
fn an_error_of_a_service_is_an_id_that_is_also_in_the_log() {
    let server = server();
    let mut peer = join(&server, "layered");
    let answer = call(&mut peer, "service.fails", NONE);
    assert_error(&answer, "wamp.error.runtime_error", &["internal error, id "]);
    assert!(!answer.to_string().contains("shadow"), "{answer}");
    let id = answer[5][0].as_str().unwrap_or_default().trim_start_matches("internal error, id ").to_owned();
    assert!(server.wait_for_log(&id, SOON).contains("/etc/shadow"));
}

#[test]
fn a_timeout_layer_ends_slow_calls() {
    let server = server();
    let mut peer = join(&server, "layered");
    let answer = takes(50, 1500, || call(&mut peer, "timed.slow", json!([10_000])));
    assert_error(&answer, "wamp.error.timeout", &["the procedure took too long"]);
    assert_eq!(value(&mut peer, "timed.slow", json!([1])), "done");
    peer.expect_silence_until_fence();
}

#[test]
fn a_concurrency_limit_that_sheds_load_refuses_across_sessions() {
    let server = server();
    let mut one = join(&server, "layered");
    let mut other = join(&server, "layered");
    let running = one.start_call("limited.slow", json!([60_000]), NONE, NONE);
    one.expect_silence_until_fence();
    for peer in [&mut one, &mut other] {
        let answer = call(peer, "limited.slow", json!([1]));
        assert_error(&answer, "wamp.error.unavailable", &["too many calls"]);
    }
    one.send(json!([49, running, { "mode": "kill" }]));
    one.expect(json!([8, 48, running, {}, "wamp.error.canceled"]));
    // The place of a canceled call is free again.
    let deadline = std::time::Instant::now() + SOON;
    while call(&mut other, "limited.slow", json!([1]))[0] != 50 {
        assert!(std::time::Instant::now() < deadline, "the canceled call still counts");
    }
}

#[test]
fn a_concurrency_limit_lets_calls_wait_and_other_procedures_pass() {
    let server = server();
    let mut peer = join(&server, "layered");
    let first = peer.start_call("queued.slow", json!([150]), NONE, NONE);
    let second = peer.start_call("queued.slow", json!([1]), NONE, NONE);
    let beside = peer.start_call("plain.add", json!([1, 2]), NONE, NONE);
    peer.expect(json!([50, beside, {}, [3]]));
    peer.expect(json!([50, first, {}, ["done"]]));
    peer.expect(json!([50, second, {}, ["done"]]));
    // One that waits in the layer can be canceled.
    let first = peer.start_call("queued.slow", json!([150]), NONE, NONE);
    let second = peer.start_call("queued.slow", json!([1]), NONE, NONE);
    peer.send(json!([49, second, { "mode": "kill" }]));
    peer.expect(json!([8, 48, second, {}, "wamp.error.canceled"]));
    peer.expect(json!([50, first, {}, ["done"]]));
    peer.expect_silence_until_fence();
}

#[test]
fn a_users_own_layer_sees_calls_and_replies() {
    let server = server();
    let mut peer = join(&server, "layered");
    value(&mut peer, "plain.add", json!([1]));
    assert!(entries(&mut peer).is_empty(), "the layer is around its own routes only");
    let wrong: Value = call(&mut peer, "own.add", json!(["x"]));
    assert_error(&wrong, "wamp.error.invalid_argument", &["`a`"]);
    assert_eq!(value(&mut peer, "own.add", json!([1, 2])), 3);
    assert_eq!(
        entries(&mut peer),
        ["layer sees own.add", "layer sees success: false", "layer sees own.add", "layer sees success: true"]
    );
}

#[test]
fn a_trace_layer_logs_every_call_with_its_outcome() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let session = peer.join("layered").to_string();
    value(&mut peer, "plain.add", json!([1]));
    assert_error(&call(&mut peer, "traced.add", json!(["x"])), "wamp.error.invalid_argument", &["`a`"]);
    let line = server.wait_for_log("call procedure=traced.add", SOON);
    assert!(line.contains(&session) && line.contains("wamp.error.invalid_argument"), "{line}");
    assert_eq!(value(&mut peer, "traced.add", json!([1, 2])), 3);
    // Calls and answers have lines of their own at this level; the layer's is the one that tells how long it took.
    let line = server.wait_for_log("request=3 elapsed=", SOON);
    assert!(line.ends_with("outcome=result"), "{line}");
    assert!(!server.log().contains("call procedure=plain.add"), "only what is wrapped is timed");
}
