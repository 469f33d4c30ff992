//! How long the lists of a publication may be that say who receives it: by default 8,192 entries in 144 KiB, in all lists
//! together.

use serde_json::{Value, json};
use serverwamp_conformance::{Carrier, DEADLINE, Places, RawPeer, ServerProcess};

use crate::counters::Counters;
use serverwamp_conformance::harness::{assert_error, assert_like, join, server_with, shortened};

const MOST: usize = 8192;

const MOST_BYTES: usize = 144 << 10;

/// What one publication with these lists comes to.
fn publish(peer: &mut RawPeer, lists: &Value) -> Value {
    let mut options = lists.clone();
    options["acknowledge"] = json!(true);
    let request = peer.next_request();
    peer.send(json!([16, request, options, "com.a"]));
    peer.receive()
}

fn ids(count: usize) -> Value {
    json!((1..=count).collect::<Vec<_>>())
}

fn names(count: usize) -> Value {
    json!((0..count).map(|number| format!("{number:x}")).collect::<Vec<_>>())
}

/// Runs a test with a session of every transport and serializer.
fn on_every_transport(server: &ServerProcess, mut test: impl FnMut(RawPeer, Carrier)) {
    let places = Places::at(server.url());
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
        for subprotocol in carrier.subprotocols() {
            let mut peer = carrier.connect(&places, *subprotocol);
            peer.join("router");
            test(peer, carrier);
        }
    }
}

#[test]
fn bwl_01_lists_of_8192_entries_are_taken_and_of_one_more_refused_on_every_transport() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    on_every_transport(&server, |mut peer, carrier| {
        for kind in ["exclude", "eligible"] {
            assert_eq!(publish(&mut peer, &json!({ kind: ids(MOST) }))[0], 17, "{carrier:?} {kind}");
            let answer = publish(&mut peer, &json!({ kind: ids(MOST + 1) }));
            assert_like(&json!([8, 16, "$id", {}, "wamp.error.invalid_argument"]), &shortened(&answer));
            let text = answer[5][0].as_str().unwrap_or_default();
            assert!(text.contains("8193 entries") && text.contains("8192 are allowed"), "{answer}");
            refused += 1;
        }
        counters.expect(json!({ "receivers_refused": refused }));
    });
}

#[test]
fn bwl_01_the_entries_of_all_six_lists_count_together() {
    let server = server_with(&["receivers=60"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    let lists = |last: usize| {
        json!({
            "exclude": ids(10), "exclude_authid": names(10), "exclude_authrole": names(10),
            "eligible": ids(10), "eligible_authid": names(10), "eligible_authrole": names(last),
        })
    };
    assert_eq!(publish(&mut peer, &lists(10))[0], 17);
    assert_eq!(publish(&mut peer, &lists(11))[0], 8);
    counters.expect(json!({ "receivers_refused": 1 }));
    for kind in
        ["exclude", "exclude_authid", "exclude_authrole", "eligible", "eligible_authid", "eligible_authrole"]
    {
        let list = if kind.len() < 9 { ids(61) } else { names(61) };
        assert_eq!(publish(&mut peer, &json!({ kind: list }))[0], 8, "{kind}");
    }
    counters.expect(json!({ "receivers_refused": 7 }));
}

/// However long a list is, its publisher is told so and keeps its session, if the list stands behind what asks for the answer.
#[test]
fn bwl_01_lists_that_are_not_read_to_their_end_are_refused_like_others() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    on_every_transport(&server, |mut peer, carrier| {
        for kind in ["exclude", "eligible_authid"] {
            let list = if kind == "exclude" { ids(60_000) } else { names(60_000) };
            let answer = publish(&mut peer, &json!({ kind: list }));
            assert_like(&json!([8, 16, "$id", {}, "wamp.error.invalid_argument"]), &shortened(&answer));
            assert!(answer[5][0].as_str().unwrap_or_default().contains("8193 entries"), "{answer}");
            refused += 1;
        }
        assert_eq!(publish(&mut peer, &json!({}))[0], 17, "{carrier:?}");
        // Nobody knows whether it waits for an answer.
        peer.send(json!([16, 9, { "eligible_authid": names(60_000) }, "com.a"]));
        peer.expect_violation("more than 8192 entries");
        counters.expect(json!({ "receivers_refused": refused, "protocol_violations": refused / 2 }));
    });
}

/// So many names of this length.
fn long_names(count: usize, length: usize) -> Value {
    json!(vec!["x".repeat(length); count])
}

fn assert_too_long(answer: &Value, most: usize) {
    assert_like(&json!([8, 16, "$id", {}, "wamp.error.invalid_argument"]), &shortened(answer));
    let text = answer[5][0].as_str().unwrap_or_default();
    assert!(text.contains(&format!("more than the {most} bytes")), "{answer}");
}

#[test]
fn bwl_01_lists_of_long_names_are_refused_as_those_of_many_on_every_transport() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    on_every_transport(&server, |mut peer, carrier| {
        for kind in ["exclude_authid", "eligible_authrole"] {
            let taken = publish(&mut peer, &json!({ kind: long_names(560, 250) }));
            assert_eq!(taken[0], 17, "{carrier:?} {kind}: {}", shortened(&taken));
            for names in [long_names(1000, 270), long_names(8000, 100), long_names(1, 900_000)] {
                let answer = publish(&mut peer, &json!({ kind: names }));
                assert_too_long(&answer, MOST_BYTES);
                refused += 1;
            }
        }
        counters.expect(json!({ "receivers_refused": refused }));
    });
}

#[test]
fn bwl_01_lists_of_144_kib_are_taken_and_of_one_byte_more_refused() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    // Each has two quotes and a comma, but for the last one of each list.
    let lists = |last: usize| {
        let mut eligible = vec!["x".repeat(253); 288];
        eligible[287] = "x".repeat(last);
        json!({ "exclude_authid": long_names(288, 253), "eligible_authid": eligible })
    };
    let most = 253 + 2;
    let bytes = |lists: &Value| {
        let in_brackets = |list| lists[list].to_string().len() - 2;
        in_brackets("exclude_authid") + in_brackets("eligible_authid")
    };
    assert_eq!((bytes(&lists(most)), bytes(&lists(most + 1))), (MOST_BYTES, MOST_BYTES + 1));
    assert_eq!(publish(&mut peer, &lists(most))[0], 17);
    let answer = publish(&mut peer, &lists(most + 1));
    assert_too_long(&answer, MOST_BYTES);
    counters.expect(json!({ "receivers_refused": 1 }));
}

/// Nobody is told, so nobody must have it; a testament is refused when it is made.
#[test]
fn bwl_01_long_lists_are_refused_without_acknowledge_and_in_testaments_as_well() {
    let server = server_with(&["receivers_bytes=100"]);
    let mut counters = Counters::of(&server);
    let mut listener = join(&server, "router");
    let subscription = listener.subscribe("com.a", Value::Null);
    let mut peer = join(&server, "router");
    // 101 and 100 bytes.
    for (length, number) in [(99, 1), (98, 2)] {
        let request = peer.next_request();
        let options = json!({ "exclude_authid": long_names(1, length), "retain": true });
        peer.send(json!([16, request, options, "com.a", [number]]));
    }
    assert_eq!(listener.event(subscription, DEADLINE)[4], json!([2]), "the first event that comes");
    counters.expect(json!({ "receivers_refused": 1 }));
    let testament = |length| json!({ "publish_options": { "exclude_authid": long_names(1, length) } });
    let mut leave = |length| {
        peer.call("wamp.session.add_testament", json!(["com.a", [3], {}]), testament(length), Value::Null)
    };
    assert_eq!(leave(98)[0], 50);
    assert_error(&leave(99), "wamp.error.invalid_argument", &["more than the 100 bytes"]);
    counters.expect(json!({ "receivers_refused": 2 }));
    drop(peer);
    assert_eq!(listener.event(subscription, DEADLINE)[4], json!([3]));
    listener.expect_silence_until_fence();
}

/// Nobody is told, so nobody must have it.
#[test]
fn bwl_01_without_acknowledge_such_a_publication_is_dropped_and_counted() {
    let server = server_with(&["receivers=3"]);
    let mut counters = Counters::of(&server);
    let mut listener = join(&server, "router");
    let subscription = listener.subscribe("com.a", Value::Null);
    let mut peer = join(&server, "router");
    for (count, number) in [(4, 1), (3, 2)] {
        let request = peer.next_request();
        peer.send(json!([16, request, { "exclude": ids(count), "retain": true }, "com.a", [number]]));
    }
    let event = listener.event(subscription, DEADLINE);
    assert_eq!(event[4], json!([2]), "the first event that comes");
    counters.expect(json!({ "receivers_refused": 1 }));
    // What would be refused of a testament at the end of its session is refused now.
    let testament = |count| json!({ "publish_options": { "exclude": ids(count) } });
    let mut leave = |count| {
        peer.call("wamp.session.add_testament", json!(["com.a", [3], {}]), testament(count), Value::Null)
    };
    assert_eq!(leave(3)[0], 50);
    assert_error(&leave(4), "wamp.error.invalid_argument", &["4 entries"]);
    counters.expect(json!({ "receivers_refused": 2 }));
    drop(peer);
    assert_eq!(listener.event(subscription, DEADLINE)[4], json!([3]));
    listener.expect_silence_until_fence();
}
