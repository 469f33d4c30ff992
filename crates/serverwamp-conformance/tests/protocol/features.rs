//! FEAT: the features that WELCOME announces work, and no others, in the realm of an application.
//!
//! The features that a router's realm announces are tested by the transcripts, where clients are callees and publishers.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{joined, joined_in_each, publish, roles, server};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// Every feature that is announced, and the test that shows that it works.
const PROOFS: [(&str, &str, fn()); 6] = [
    ("broker", "pattern_based_subscription", feat_01_pattern_based_subscription_works),
    ("broker", "event_retention", feat_01_event_retention_works),
    ("dealer", "progressive_call_invocations", feat_01_progressive_call_invocations_work),
    ("dealer", "progressive_call_results", feat_01_progressive_call_results_work),
    ("dealer", "call_canceling", feat_01_call_canceling_works),
    ("dealer", "call_timeout", feat_01_call_timeout_works),
];

/// Announced features as `(role, feature)`.
fn announced(welcome: &Value) -> BTreeSet<(&str, &str)> {
    let roles = welcome[2]["roles"].as_object().expect("roles is a dict");
    let all = roles.iter().flat_map(|(role, about)| {
        let features = about["features"].as_object().into_iter().flatten();
        features.filter(|(_, value)| *value == &json!(true)).map(|(name, _)| (role.as_str(), name.as_str()))
    });
    all.collect()
}

/// Checklist SES-05 as well: features stand in the nested dictionary, and nowhere else.
#[test]
fn feat_01_and_02_exactly_what_works_is_announced() {
    let server = server();
    let proven: BTreeSet<_> = PROOFS.iter().map(|(role, feature, _)| (*role, *feature)).collect();
    for subprotocol in Subprotocol::ALL {
        for realm in ["realm1", "strict", "serial"] {
            let mut peer = RawPeer::connect(server.url(), subprotocol);
            let welcome = peer.hello(realm, json!({}));
            assert_eq!(announced(&welcome), proven, "{realm} over {subprotocol}");
        }
    }
}

#[test]
fn feat_01_pattern_based_subscription_works() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let prefix = peer.subscribe("com.a", json!({ "match": "prefix" }));
        let wildcard = peer.subscribe("com..z", json!({ "match": "wildcard" }));
        for (topic, matched) in
            [("com.abc", vec![prefix]), ("com.b.z", vec![wildcard]), ("com.a.z", vec![prefix, wildcard])]
        {
            let publication = publish(&mut peer, topic, &json!(1));
            let events = matched.into_iter().map(|id| json!([36, id, publication, { "topic": topic }, [1]]));
            peer.expect_in_any_order(&events.collect::<Vec<_>>());
        }
        publish(&mut peer, "com.b", &json!(1));
        peer.expect_silence_until_fence();
    }
}

#[test]
fn feat_01_event_retention_works() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let publication =
            serverwamp_conformance::harness::call(&mut peer, "publish.retained", json!(["com.kept", "old"]))
                [3][0]
                .clone();
        let kept = peer.subscribe("com.kept", json!({ "get_retained": true }));
        peer.expect(json!([36, kept, publication, { "retained": true }, ["old"]]));
        let later = publish(&mut peer, "com.kept", &json!("new"));
        peer.expect(json!([36, kept, later, {}, ["new"]]));
    }
}

#[test]
fn feat_01_progressive_call_invocations_work() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let options = json!({ "progress": true, "receive_progress": true });
        let id = peer.start_call("input.sum", json!([1]), Value::Null, options);
        peer.expect(json!([50, id, { "progress": true }, [1]]));
        peer.send(json!([48, id, { "progress": true }, "input.sum", [10]]));
        peer.expect(json!([50, id, { "progress": true }, [11]]));
        peer.send(json!([48, id, {}, "input.sum", [100]]));
        peer.expect(json!([50, id, { "progress": true }, [111]]));
        peer.expect(json!([50, id, {}, [111]]));
        // A procedure that takes one input says so (checklist PCI-06).
        let id = peer.start_call("demo.add", json!([1, 2]), Value::Null, json!({ "progress": true }));
        peer.expect(json!([8, 48, id, {}, "wamp.error.feature_not_supported", "$list"]));
        // Input after an answer is ignored (checklist PCI-10).
        let id = peer.start_call("input.sum", json!(["no number"]), Value::Null, json!({ "progress": true }));
        peer.expect(json!([8, 48, id, {}, "wamp.error.invalid_argument", "$list"]));
        peer.send(json!([48, id, { "progress": true }, "input.sum", [1]]));
        peer.send(json!([48, id, {}, "input.sum", [1]]));
        peer.expect_silence_until_fence();
    }
}

#[test]
fn feat_01_progressive_call_results_work() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let (progress, answer) = peer.call_with_progress("progress.count", json!([3, 1]), Value::Null);
        let numbers: Vec<_> = progress.iter().map(|result| result[3][0].clone()).collect();
        assert_eq!(numbers, [3, 2, 1]);
        assert_eq!(answer[3], json!(["liftoff"]));
        // A caller that did not ask for progress gets the final result alone.
        let id = peer.start_call("progress.count", json!([3, 1]), Value::Null, Value::Null);
        peer.expect(json!([50, id, {}, ["liftoff"]]));
    }
}

#[test]
fn feat_01_call_canceling_works() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        for mode in ["skip", "kill", "killnowait"] {
            let id = peer.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
            peer.send(json!([49, id, { "mode": mode }]));
            peer.expect(json!([8, 48, id, {}, "wamp.error.canceled"]));
            let deadline = Instant::now() + Duration::from_secs(5);
            while serverwamp_conformance::harness::call(&mut peer, "waiting.running", json!([]))[3][0] != 0 {
                assert!(Instant::now() < deadline, "the handler goes on after {mode}");
            }
        }
    }
}

#[test]
fn feat_01_call_timeout_works() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let started = Instant::now();
        let id = peer.start_call("waiting.watched", Value::Null, Value::Null, json!({ "timeout": 100 }));
        let error = peer.receive();
        assert_eq!((&error[0], &error[2]), (&json!(8), &json!(id)));
        assert!(
            ["wamp.error.timeout", "wamp.error.canceled"].contains(&error[4].as_str().unwrap_or("")),
            "{error}"
        );
        assert!((100..3000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
        // Zero is for ever.
        let id = peer.start_call("waiting.slow", json!([50]), Value::Null, json!({ "timeout": 0 }));
        peer.expect(json!([50, id, {}, ["done"]]));
    }
}

#[test]
fn feat_03_the_session_meta_api_is_on_both_roles_or_on_neither() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("realm1", json!({}));
    let all = announced(&welcome);
    assert_eq!(all.contains(&("broker", "session_meta_api")), all.contains(&("dealer", "session_meta_api")));
}

#[test]
fn feat_04_progressive_calls_come_with_canceling() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("realm1", json!({}));
    let all = announced(&welcome);
    assert!(all.contains(&("dealer", "progressive_call_results")), "or this test shows nothing");
    assert!(all.contains(&("dealer", "call_canceling")));
}

#[test]
fn feat_05_only_true_announces_a_feature_and_anything_else_does_no_harm() {
    let server = server();
    for value in [json!(1), json!("true"), json!(false), json!(null), json!([]), json!({ "a": 1 })] {
        for subprotocol in Subprotocol::PLAIN {
            let mut peer = RawPeer::connect(server.url(), subprotocol);
            let mut announcing = roles();
            for role in ["caller", "callee", "subscriber", "publisher"] {
                announcing[role] =
                    json!({ "features": { "call_canceling": value, "progressive_call_results": value } });
            }
            let welcome = peer.hello("realm1", json!({ "roles": announcing }));
            peer.welcomed(&welcome);
            assert_eq!(
                serverwamp_conformance::harness::call(&mut peer, "demo.add", json!([1, 2]))[3],
                json!([3])
            );
        }
    }
    // Features that are no dict are none.
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer
        .hello("realm1", json!({ "roles": { "caller": { "features": [] }, "callee": { "features": 1 } } }));
    peer.welcomed(&welcome);
    drop(joined(&server));
}
