//! URI: which identifiers are legal where, and what becomes of those that are not.
//!
//! | rule | not here, because |
//! |---|---|
//! | URI-09 for procedures of clients, URI-11 | they need callees, and stand in the transcripts |

use serde_json::{Value, json};
use serverwamp_conformance::harness::{call, each_violates, joined, joined_in_each, publish, roles, server};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

/// Sends a request and requires this ERROR as the next message, whatever it says in words.
#[track_caller]
fn fails(peer: &mut RawPeer, code: u64, options: &Value, uri: &str, error: &str) {
    let request = peer.next_request();
    peer.send(json!([code, request, options, uri]));
    let answer = peer.receive();
    let start = json!([answer[0], answer[1], answer[2], answer[3], answer[4]]);
    assert_eq!(start, json!([8, code, request, {}, error]), "{}", peer.transcript());
}

/// Sends a request for each of these, and requires that the URI is refused and the session lives.
#[track_caller]
fn refused(peer: &mut RawPeer, uri: &str) {
    for (code, options) in
        [(16, json!({ "acknowledge": true })), (32, json!({})), (48, json!({})), (64, json!({}))]
    {
        fails(peer, code, &options, uri, "wamp.error.invalid_uri");
    }
}

/// A session in a realm where no handler refuses a pattern that covers its topic.
fn without_topic_handlers(server: &ServerProcess) -> RawPeer {
    RawPeer::joined(server.url(), Subprotocol::JSON, "serial")
}

#[track_caller]
fn subscribes(peer: &mut RawPeer, topic: &str, policy: &str) {
    let subscription = peer.subscribe(topic, json!({ "match": policy }));
    peer.unsubscribe(subscription);
}

#[track_caller]
fn subscribe_refused(peer: &mut RawPeer, topic: &str, policy: &str) {
    fails(peer, 32, &json!({ "match": policy }), topic, "wamp.error.invalid_uri");
}

#[test]
fn uri_01_uris_are_compared_code_point_by_code_point() {
    let server = server();
    let mut peer = joined(&server);
    let composed = peer.subscribe("com.\u{c4}pp", Value::Null);
    let lower = peer.subscribe("a.b", Value::Null);
    let upper = peer.subscribe("A.b", Value::Null);
    let percent = peer.subscribe("a.%62", Value::Null);
    assert!(lower != upper && lower != percent && composed != lower);
    for (topic, subscription) in
        [("com.\u{c4}pp", composed), ("A.b", upper), ("a.b", lower), ("a.%62", percent)]
    {
        // The decomposed form reaches nobody.
        publish(&mut peer, "com.A\u{308}pp", &json!("decomposed"));
        let publication = publish(&mut peer, topic, &json!(topic));
        peer.expect(json!([36, subscription, publication, {}, [topic]]));
    }
}

#[test]
fn uri_02_white_space_and_number_signs_are_refused() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        for uri in ["a b", "a#b", "a\tb", "a\n", " a", "a.\u{a0}b", "a.b\u{2003}"] {
            refused(&mut peer, uri);
        }
    }
}

#[test]
fn uri_03_exact_uris_have_no_empty_components() {
    let server = server();
    let mut peer = joined(&server);
    for uri in ["", "a..b", ".a", "a.", "."] {
        refused(&mut peer, uri);
    }
}

#[test]
fn uri_04_wildcard_patterns_have_empty_components_anywhere() {
    let server = server();
    let mut peer = without_topic_handlers(&server);
    for uri in ["com..x", ".a", "a.", "..", ".", "", "a.b"] {
        subscribes(&mut peer, uri, "wildcard");
    }
    for uri in ["a b..c", "..#"] {
        subscribe_refused(&mut peer, uri, "wildcard");
    }
}

#[test]
fn uri_05_prefixes_have_one_empty_component_at_the_end_at_most() {
    let server = server();
    let mut peer = without_topic_handlers(&server);
    for uri in ["a.b.", "a.b", ""] {
        subscribes(&mut peer, uri, "prefix");
    }
    for uri in ["a..b", "a..", ".a", "a b."] {
        subscribe_refused(&mut peer, uri, "prefix");
    }
}

#[test]
fn uri_06_a_strict_realm_takes_lower_case_digits_and_underscores_only() {
    let server = server();
    let mut strict = RawPeer::joined(server.url(), Subprotocol::JSON, "strict");
    let mut loose = joined(&server);
    for uri in ["com.my-app", "com.App", "com.\u{e4}", "a/b"] {
        refused(&mut strict, uri);
        subscribes(&mut loose, uri, "exact");
    }
    subscribes(&mut strict, "com.my_app.2", "exact");
    assert_eq!(call(&mut strict, "demo.add", json!([1, 2]))[3], json!([3]));
}

#[test]
fn uri_07_after_an_invalid_uri_the_session_goes_on() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        refused(&mut peer, "not a uri");
        peer.expect_silence_until_fence();
    }
}

#[test]
fn uri_07_uris_are_bounded_in_length_and_components() {
    let server = server();
    let mut peer = joined(&server);
    subscribes(&mut peer, &"a".repeat(1024), "exact");
    subscribes(&mut peer, &vec!["a"; 32].join("."), "exact");
    for uri in ["a".repeat(1025), "a".repeat(64 * 1024), vec!["a"; 33].join(".")] {
        refused(&mut peer, &uri);
    }
}

#[test]
fn uri_08_invalid_uris_where_no_error_can_answer() {
    let server = server();
    // A publication that wants no answer is dropped.
    let mut peer = without_topic_handlers(&server);
    let subscription = peer.subscribe("", json!({ "match": "prefix" }));
    let id = peer.next_request();
    peer.send(json!([16, id, {}, "a b"]));
    peer.expect_silence_until_fence();
    peer.unsubscribe(subscription);
    // A realm that is no URI ends the attempt.
    for realm in ["a b", "a#b", "a..b", "realm1\n"] {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1, realm, { "roles": roles() }]));
        peer.expect_abort("wamp.error.invalid_uri", "realm");
    }
    // So does a reason that is none.
    each_violates(&server, &[(json!([6, {}, "not a uri"]), "GOODBYE")]);
    // But ABORT is never answered, whatever its reason.
    let mut peer = joined(&server);
    peer.send(json!([3, {}, "not a uri"]));
    peer.expect_closed();
}

#[test]
fn uri_09_the_first_component_wamp_is_reserved() {
    let server = server();
    let mut peer = joined(&server);
    let subscription = peer.subscribe("wamp.foo", Value::Null);
    for (uri, error) in [
        ("wamp.foo", "wamp.error.invalid_uri"),
        ("wamp.session.on_join", "wamp.error.invalid_uri"),
        ("wamp", "wamp.error.invalid_uri"),
        ("wampx.foo", "wamp.error.not_authorized"),
        ("a.wamp", "wamp.error.not_authorized"),
    ] {
        for (code, options) in [(16, json!({ "acknowledge": true })), (64, json!({}))] {
            fails(&mut peer, code, &options, uri, error);
        }
    }
    let id = peer.next_request();
    peer.send(json!([16, id, { "exclude_me": false }, "wamp.foo"]));
    peer.expect_silence_until_fence();
    peer.unsubscribe(subscription);
}

#[test]
fn uri_10_reserved_uris_can_be_subscribed_to_and_called() {
    let server = server();
    let mut peer = joined(&server);
    subscribes(&mut peer, "wamp.session.on_join", "exact");
    subscribes(&mut peer, "wamp.session.", "prefix");
    subscribes(&mut peer, "wamp..on_join", "wildcard");
    let id = peer.start_call("wamp.no.such", Value::Null, Value::Null, Value::Null);
    peer.expect(json!([8, 48, id, {}, "wamp.error.no_such_procedure", "$list"]));
}

#[test]
fn uri_12_topics_and_procedures_are_tables_of_their_own() {
    let server = server();
    let mut peer = joined(&server);
    let subscription = peer.subscribe("demo.add", Value::Null);
    let id = peer.start_call("demo.add", json!([1, 2]), Value::Null, Value::Null);
    peer.expect(json!([50, id, {}, [3]]));
    let publication = publish(&mut peer, "demo.add", &json!("event"));
    peer.expect(json!([36, subscription, publication, {}, ["event"]]));
}

#[test]
fn uri_13_a_realm_is_a_uri_with_the_usual_syntax() {
    let server = server();
    for realm in ["com.x.realm", "Realm-1", "\u{e4}.\u{f6}"] {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1, realm, { "roles": roles() }]));
        peer.expect_abort("wamp.error.no_such_realm", realm);
    }
}
