//! Histories of more events than one turn looks at (checklist HIST-05, HIST-10, HIST-18).

use serde_json::{Value, json};
use serverwamp_conformance::{Carrier, Places, RawPeer, ServerProcess, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::{NONE, assert_error, server_with};

/// So many are kept by the fixture; a turn looks at 1,024.
const EVENTS: usize = 2000;

/// A server whose `topic.past.` is full, each event numbered, and on one of three topics.
fn filled() -> ServerProcess {
    let server = server_with(&[]);
    let mut publisher = RawPeer::joined(server.url(), Subprotocol::CBOR_BATCHED, "router");
    // The first hundred make room for others.
    for some in (0..EVENTS + 100).collect::<Vec<_>>().chunks(100) {
        let publish = |at: &usize| {
            let topic = if *at == 100 || *at == EVENTS + 99 { 9 } else { at % 2 };
            json!([16, at + 1, {}, format!("topic.past.{topic}"), [at]])
        };
        publisher.send_batch(&some.iter().map(publish).collect::<Vec<_>>());
    }
    publisher.fence_broker();
    server
}

fn get_events(peer: &mut RawPeer, filters: Value) -> Value {
    let options = json!({ "match": "prefix" });
    let found = peer.call("wamp.subscription.lookup", json!(["topic.past.", options]), NONE, NONE);
    peer.call("wamp.subscription.get_events", json!([found[3][0]]), filters, NONE)
}

/// The numbers of the events that come.
fn numbers(peer: &mut RawPeer, filters: Value) -> Vec<u64> {
    let answer = get_events(peer, filters);
    assert_eq!(answer[0], 50, "{answer}");
    let events = answer[3].as_array().into_iter().flatten();
    events.map(|event| event["args"][0].as_u64().expect("a number")).collect()
}

#[test]
fn hist_10_filters_that_look_at_more_than_a_turn_does_find_all_there_is() {
    let server = filled();
    let places = Places::at(server.url());
    let (first, last) = (100, EVENTS as u64 + 99);
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
        for subprotocol in carrier.subprotocols() {
            let mut peer = carrier.connect(&places, *subprotocol);
            peer.join("router");
            // The oldest and the newest one, with a whole turn of others in between.
            let seldom = json!({ "topic": "topic.past.9" });
            assert_eq!(numbers(&mut peer, seldom.clone()), [first, last], "{carrier:?} {subprotocol}");
            let mut backwards = seldom;
            backwards["reverse"] = json!(true);
            assert_eq!(numbers(&mut peer, backwards), [last, first]);
            assert!(numbers(&mut peer, json!({ "topic": "topic.past.8" })).is_empty());
            for limit in [1, 1023, 1024, 1025] {
                let part = numbers(&mut peer, json!({ "limit": limit }));
                assert_eq!(part, (first..first + limit).collect::<Vec<_>>(), "with limit {limit}");
            }
            let part = numbers(&mut peer, json!({ "limit": 1025, "reverse": true }));
            assert_eq!(part, (last - 1024..=last).rev().collect::<Vec<_>>());
        }
    }
}

/// A request that is answered in several turns is one of its session's calls, and ends with the session.
#[test]
fn hist_10_who_leaves_while_its_answer_is_made_leaves_nothing_behind() {
    let server = filled();
    let mut counters = Counters::of(&server);
    for _ in 0..20 {
        let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "router");
        let options = json!({ "match": "prefix" });
        let found = peer.call("wamp.subscription.lookup", json!(["topic.past.", options]), NONE, NONE);
        for _ in 0..50 {
            let filters = json!({ "topic": "topic.past.9" });
            peer.start_call("wamp.subscription.get_events", json!([found[3][0]]), filters, NONE);
        }
        peer.vanish();
    }
    counters.expect_in_flight(0);
    counters.expect_connections(1);
}

/// 4 MiB may wait for a peer, so an answer has 512 KiB at the most; the events have at least 64 bytes each.
#[test]
fn hist_18_an_answer_that_is_too_long_is_given_up_and_counted() {
    let server = server_with(&["outgoing_bytes=1000000"]);
    let mut counters = Counters::of(&server);
    let mut publisher = RawPeer::joined(server.url(), Subprotocol::CBOR_BATCHED, "router");
    let events: Vec<Value> = (0..1500).map(|at| json!([16, at + 1, {}, "topic.past.a", [at]])).collect();
    events.chunks(100).for_each(|some| publisher.send_batch(some));
    publisher.fence_broker();
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "router");
    let answer = get_events(&mut peer, json!({}));
    assert_error(&answer, "wamp.error.payload_size_exceeded", &["125000 bytes", "`limit`"]);
    counters.expect(json!({ "outgoing_messages_too_long": 1 }));
    assert_eq!(numbers(&mut peer, json!({ "limit": 500 })).len(), 500);
    counters.expect(json!({ "outgoing_messages_too_long": 1 }));
}
