//! What permissions deny, and topics that are closed: each is counted, and the log says which rule it was.

use std::time::Duration;

use serde_json::json;
use serverwamp_conformance::RawPeer;

use crate::counters::{Counters, expect_error};
use serverwamp_conformance::harness::{NONE, join, server, value};

const SOON: Duration = Duration::from_secs(5);

fn denied(peer: &mut RawPeer, code: u64, options: serde_json::Value, uri: &str) {
    let id = peer.next_request();
    peer.send(json!([code, id, options, uri]));
    expect_error(peer, code, id, "wamp.error.not_authorized");
}

// AUTHZ-03
#[test]
fn what_no_permission_allows_is_refused_counted_and_logged_with_its_rule() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "permitted");
    denied(&mut peer, 48, json!({}), "demo.denied");
    let line = server.wait_for_log("a request is denied", SOON);
    for part in ["DEBUG", "authrole=guest", "action=call", "uri=demo.denied", "deny call of demo.denied"] {
        assert!(line.contains(part), "{part} in {line}");
    }
    denied(&mut peer, 64, json!({}), "demo.add");
    let line = server.wait_for_log("action=register", SOON);
    assert!(line.contains("no rule names it"), "{line}");
    denied(&mut peer, 32, json!({ "match": "prefix" }), "topic.");
    let line = server.wait_for_log("action=subscribe", SOON);
    assert!(line.contains(r#"uri="prefix \"topic.\"""#), "{line}");
    // Nobody is answered, and it is counted all the same.
    let id = peer.next_request();
    peer.send(json!([16, id, {}, "topic.one"]));
    counters.expect(json!({ "requests_denied": 4 }));
    assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3, "what is allowed goes on");
    peer.subscribe("topic.one", NONE);
    counters.expect(json!({ "requests_denied": 4 }));
}

// SUB-09
#[test]
fn a_topic_that_nobody_opened_is_refused_counted_and_logged_with_what_to_write() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "layered");
    let id = peer.next_request();
    peer.send(json!([32, id, {}, "a.topic"]));
    expect_error(&mut peer, 32, id, "wamp.error.invalid_uri");
    let line = server.wait_for_log("closed_topics_refused", SOON);
    assert!(line.contains("nobody opened a.topic") && line.contains("RouteSet::open_topic"), "{line}");
    counters.expect(json!({ "closed_topics_refused": 1 }));
}
