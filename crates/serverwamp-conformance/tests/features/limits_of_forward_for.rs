//! How much a caller or publisher may say of those on whose behalf it calls or publishes.

use serde_json::{Value, json};

use crate::counters::Counters;
use serverwamp_conformance::harness::{assert_like, join, server_with, shortened};

fn sessions(count: u64, authid: &str) -> Value {
    (1..=count).map(|session| json!({ "session": session, "authid": authid, "authrole": "r" })).collect()
}

#[test]
fn forward_for_beyond_its_limits_is_refused_and_counted() {
    let server = server_with(&["forward_for=2", "forward_for_bytes=10"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    for (list, refused) in [
        (sessions(3, "a"), Some("forward_for has 3 entries, 2 are allowed")),
        (sessions(2, "abcde"), Some("forward_for has 12 bytes of authids and roles, 10 are allowed")),
        (sessions(2, "abcd"), None),
        (json!([]), None),
    ] {
        let request = peer.next_request();
        peer.send(json!([16, request, { "acknowledge": true, "forward_for": list }, "com.a"]));
        let published = peer.receive();
        let request = peer.next_request();
        peer.send(json!([48, request, { "forward_for": list }, "com.nobody"]));
        let called = peer.receive();
        match refused {
            Some(text) => {
                for answer in [&published, &called] {
                    assert_like(
                        &json!([8, answer[1], "$id", {}, "wamp.error.invalid_argument"]),
                        &shortened(answer),
                    );
                    assert_eq!(answer[5][0], text);
                }
            }
            None => {
                assert_eq!(published[0], 17, "{published}");
                assert_eq!(called[4], "wamp.error.no_such_procedure", "{called}");
            }
        }
    }
    counters.expect(json!({ "forward_for_refused": 4 }));
}
