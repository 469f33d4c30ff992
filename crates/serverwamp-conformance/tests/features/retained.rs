//! What is not retained because of a limit is counted, once and as nothing else.

use serde_json::{Value, json};
use serverwamp_conformance::RawPeer;

use crate::counters::Counters;
use serverwamp_conformance::harness::{join, server_with};

/// Publishes to topics `t.0`, `t.1` and so on what is to be retained; says how many were refused.
fn retain(peer: &mut RawPeer, times: usize, letters: usize, options: Value) -> usize {
    let mut options = options;
    options["acknowledge"] = json!(true);
    options["retain"] = json!(true);
    let mut refused = 0;
    for at in 0..times {
        let request = peer.next_request();
        peer.send(json!([16, request, options, format!("t.{at}"), ["x".repeat(letters)]]));
        refused += usize::from(peer.receive()[0] == 8);
    }
    refused
}

#[test]
fn what_a_realm_does_not_retain_is_counted_answered_or_not() {
    for (limit, counter) in [
        ("retained_events=3", "retained_refused"),
        ("retained_events_of_session=3", "retained_of_session_refused"),
    ] {
        let server = server_with(&[limit]);
        let mut counters = Counters::of(&server);
        let mut peer = join(&server, "router");
        assert_eq!(retain(&mut peer, 3, 10, json!({})), 0);
        counters.expect(json!({}));
        assert_eq!(retain(&mut peer, 5, 10, json!({})), 2);
        counters.expect(json!({ counter: 2 }));
        peer.send(json!([16, 100, { "retain": true }, "t.9"]));
        counters.expect(json!({ counter: 3 }));
    }
}

#[test]
fn bytes_are_counted_as_events_are_with_all_that_is_kept_of_them() {
    for (limit, counter) in [
        ("retained_bytes=100000", "retained_refused"),
        ("retained_bytes_of_session=100000", "retained_of_session_refused"),
    ] {
        let server = server_with(&[limit]);
        let mut counters = Counters::of(&server);
        let mut peer = join(&server, "router");
        assert_eq!(retain(&mut peer, 2, 45_000, json!({})), 0);
        assert_eq!(retain(&mut peer, 3, 45_000, json!({})), 1);
        counters.expect(json!({ counter: 1 }));
        // Long lists count as a long payload does.
        let server = server_with(&[limit]);
        let mut counters = Counters::of(&server);
        let mut peer = join(&server, "router");
        let names: Vec<String> = (0..3000).map(|number| format!("{number:011}")).collect();
        assert_eq!(retain(&mut peer, 2, 1, json!({ "exclude_authid": names })), 0);
        assert_eq!(retain(&mut peer, 3, 1, json!({ "exclude_authid": names })), 1);
        counters.expect(json!({ counter: 1 }));
    }
}

#[test]
fn what_topics_do_not_retain_and_lists_that_are_too_long_are_counted() {
    let server = server_with(&["receivers=10"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    for (topic, type_of_answer) in [("topic.limited.a", 17), ("topic.limited.b", 8)] {
        let request = peer.next_request();
        peer.send(json!([16, request, { "acknowledge": true, "retain": true }, topic]));
        assert_eq!(peer.receive()[0], type_of_answer);
    }
    counters.expect(json!({ "retained_of_topics_refused": 1 }));
    peer.send(json!([16, 100, { "exclude": (1..=10).collect::<Vec<_>>() }, "t"]));
    peer.send(json!([16, 101, { "exclude": (1..=11).collect::<Vec<_>>() }, "t"]));
    counters.expect(json!({ "retained_of_topics_refused": 1, "receivers_refused": 1 }));
}

/// Fills a store of 4 MiB, and says by how much the server's memory has grown.
fn growth(options: &Value, topic: impl Fn(usize) -> String) -> u64 {
    let all = ["retained_bytes=4194304", "retained_bytes_of_session=4194304", "retained_events=1000000"];
    let server = server_with(&[&all[..], &["retained_events_of_session=1000000"]].concat());
    let mut peer = join(&server, "router");
    // Something of the same kind first, so that buffers have their size.
    retain(&mut peer, 20, 1, options.clone());
    let before = server.resident_bytes();
    for at in 0.. {
        let request = peer.next_request();
        let mut options = options.clone();
        options["retain"] = json!(true);
        // Not every one is waited for.
        options["acknowledge"] = json!(at % 64 == 0);
        peer.send(json!([16, request, options, topic(at), [at]]));
        if at % 64 == 0 && peer.receive()[0] == 8 {
            break;
        }
    }
    server.resident_bytes().saturating_sub(before)
}

#[test]
fn the_memory_that_retained_events_take_is_that_which_is_counted() {
    let names: Vec<String> = (0..4000).map(|number| format!("{number:x}")).collect();
    for (what, options) in
        [("short events", json!({})), ("lists of names", json!({ "exclude_authid": names }))]
    {
        // Restricted ones are kept beside each other on one topic, up to sixteen.
        let growth = growth(&options, |at| format!("t.{}", at / 8));
        let mebibytes = growth >> 20;
        assert!((2..=6).contains(&mebibytes), "{what}: 4 MiB are counted, {mebibytes} are taken");
    }
}
