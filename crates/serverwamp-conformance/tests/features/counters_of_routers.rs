//! What there may not be more of where clients register and ask the meta API, and how it is counted.

use serde_json::{Value, json};
use serverwamp_conformance::RawPeer;

use crate::counters::{Counters, expect_error};
use serverwamp_conformance::harness::{NONE, assert_error, assert_like, call, join, server_with, value};

#[test]
fn registrations_by_pattern_are_limited_and_those_beyond_are_counted() {
    let server = server_with(&["pattern_registrations=2"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    let register = |peer: &mut RawPeer, procedure: &str, kind: &str| {
        let id = peer.next_request();
        peer.send(json!([64, id, { "match": kind, "invoke": "first" }, procedure]));
        id
    };
    let first = register(&mut peer, "a.", "prefix");
    let answer = peer.receive();
    assert_like(&json!([65, first, "$id"]), &answer);
    let first = answer[2].clone();
    let second = register(&mut peer, "b..c", "wildcard");
    peer.expect(json!([65, second, "$id"]));
    for kind in ["prefix", "wildcard"] {
        let third = register(&mut peer, "c.", kind);
        expect_error(&mut peer, 64, third, "wamp.error.unavailable");
    }
    counters.expect(json!({ "pattern_registrations_refused": 2 }));
    // One that is held is no new one, an exact one is none of these, and one that is given up makes room.
    let again = register(&mut peer, "a.", "prefix");
    peer.expect(json!([65, again, first]));
    let exact = register(&mut peer, "c.c", "exact");
    peer.expect(json!([65, exact, "$id"]));
    let id = peer.next_request();
    peer.send(json!([66, id, first]));
    peer.expect(json!([67, id]));
    let third = register(&mut peer, "c.", "prefix");
    peer.expect(json!([65, third, "$id"]));
    counters.expect(json!({ "pattern_registrations_refused": 2 }));
}

#[test]
fn arguments_of_the_meta_api_are_limited_and_longer_ones_are_counted() {
    let server = server_with(&["meta_arguments=1000"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    // With its brackets and quotes it has exactly as many bytes as are allowed.
    let role = "x".repeat(1000 - 6);
    assert_eq!(value(&mut peer, "wamp.session.count", json!([[role]])), 0);
    counters.expect(json!({}));
    for procedure in
        ["wamp.session.count", "wamp.session.list", "wamp.registration.match", "wamp.subscription.get"]
    {
        let refused = call(&mut peer, procedure, json!([[format!("{role}x")]]));
        assert_error(&refused, "wamp.error.payload_size_exceeded", &["1000", "1001"]);
    }
    counters.expect(json!({ "meta_arguments_refused": 4 }));
    // Of these nothing is read, neither by position nor by name.
    let roles: Vec<String> = (0..50_000).map(|number| number.to_string()).collect();
    let names: Value =
        roles.iter().map(|name| (name.clone(), json!(0))).collect::<serde_json::Map<_, _>>().into();
    for procedure in ["wamp.session.count", "wamp.registration.lookup"] {
        let by_position = peer.call(procedure, json!([roles]), NONE, NONE);
        let by_name = peer.call(procedure, json!([]), names.clone(), NONE);
        for refused in [by_position, by_name] {
            assert_error(&refused, "wamp.error.payload_size_exceeded", &["1000"]);
        }
    }
    counters.expect(json!({ "meta_arguments_refused": 8 }));
    let testament = json!(["com.a", roles, {}]);
    assert_error(
        &peer.call("wamp.session.add_testament", testament, NONE, NONE),
        "wamp.error.payload_size_exceeded",
        &[],
    );
    assert_error(&peer.call("wamp.no.such", json!([roles]), NONE, NONE), "wamp.error.no_such_procedure", &[]);
    counters.expect(json!({ "meta_arguments_refused": 8, "testaments_refused": 1 }));
    assert_eq!(value(&mut peer, "wamp.session.count", json!([])), 1, "and the session goes on");
}

// PCR-11
#[test]
fn results_that_are_not_read_end_their_calls_and_are_counted() {
    const CALLS: u64 = 100;
    let server = server_with(&["outgoing_bytes=100000", "borrowed_bytes=0"]);
    let mut counters = Counters::of(&server);
    let (mut caller, mut callee) = (join(&server, "router"), join(&server, "router"));
    callee.register("a.procedure");
    for _ in 0..CALLS {
        caller.start_call("a.procedure", NONE, NONE, NONE);
    }
    for _ in 0..CALLS {
        let invocation = callee.receive();
        callee.send(json!([70, invocation[1], {}, ["x".repeat(50_000)]]));
    }
    callee.fence_dealer();
    let (mut results, mut errors) = (0, 0);
    while results + errors < CALLS {
        let answer = caller.receive();
        match answer[0].as_u64() {
            Some(50) => results += 1,
            _ => {
                assert_like(&json!([8, 48, "$id", {}, "wamp.error.network_failure", "$list"]), &answer);
                errors += 1;
            }
        }
    }
    assert!(results > 0 && errors > 0, "{results} results, {errors} errors");
    counters.expect_with_pauses(json!({ "results_unread": errors, "receivers_slow": 1 }));
    caller.fence_dealer();
}
