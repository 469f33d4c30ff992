//! Retained events that are more than wait for a subscriber at once: they go out as it takes them (RET-04, RET-09, ORD-02).

use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, RawPeer, Subprotocol};
use std::collections::BTreeSet;

/// 4 MiB may wait for a peer. These are 4.5, and more than are queued in any one turn.
const EVENTS: u64 = 9000;
const LETTERS: usize = 460;

/// A router whose `realm1` retains one event of each topic `a.0`, `a.1` and so on.
fn router() -> (Router, RawPeer) {
    let router = Router::start(realms());
    let mut publisher = RawPeer::joined(router.url(), Subprotocol::JSON_BATCHED, "realm1");
    let letters = "x".repeat(LETTERS);
    let all: Vec<u64> = (0..EVENTS).collect();
    for some in all.chunks(100) {
        let publications: Vec<Value> = some
            .iter()
            .map(|at| json!([16, at + 1, { "retain": true }, topic(*at), [at, letters]]))
            .collect();
        publisher.send_batch(&publications);
    }
    let _published = publish(&mut publisher, "b", 0);
    (router, publisher)
}

fn topic(number: u64) -> String {
    format!("a.{number}")
}

/// Publishes something that is not retained, and waits for PUBLISHED: what was published before is published then.
fn publish(publisher: &mut RawPeer, topic: &str, number: u64) -> Value {
    let request = EVENTS + 1000 + number;
    publisher.send(json!([16, request, { "acknowledge": true }, topic, [number, "live"]]));
    publisher.expect(json!([17, request, "$id"]))
}

fn subscribe(peer: &mut RawPeer, options: Value) -> u64 {
    let request = peer.next_request();
    peer.send(json!([32, request, options, "a."]));
    peer.expect(json!([33, request, "$id"]))[2].as_u64().expect("it is an id")
}

fn asks() -> Value {
    json!({ "match": "prefix", "get_retained": true })
}

// RET-04, RET-09
#[test]
fn ret_09_more_than_may_wait_for_a_subscriber_goes_out_as_it_takes_it_in_the_order_of_publication() {
    let (router, _publisher) = router();
    for subprotocol in [Subprotocol::JSON, Subprotocol::MSGPACK, Subprotocol::CBOR_BATCHED] {
        let mut peer = RawPeer::joined(router.url(), subprotocol, "realm1");
        let subscription = subscribe(&mut peer, asks());
        for number in 0..EVENTS {
            let event = peer.event(subscription, DEADLINE);
            assert_eq!(event[3], json!({ "retained": true, "topic": topic(number) }));
            assert_eq!(event[4][0], number);
        }
        // And then nothing.
        peer.expect_silence_until_fence();
    }
}

// RET-04, RET-05, ORD-02
#[test]
fn ord_02_what_is_retained_of_a_topic_comes_before_anything_newer_of_it() {
    let (router, mut publisher) = router();
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let subscription = subscribe(&mut peer, asks());
    // Nothing is read, so most of what is retained has not been queued yet. Some of it is replaced.
    let last = EVENTS - 1;
    for (number, at) in [last, 4000, last, 8000].into_iter().enumerate() {
        publish(&mut publisher, &topic(at), number as u64);
    }
    let request = EVENTS + 2000;
    publisher.send(json!([16, request, { "acknowledge": true, "retain": true }, topic(8500), ["new"]]));
    publisher.expect(json!([17, request, "$id"]));
    let mut retained = BTreeSet::new();
    let mut live = Vec::new();
    while retained.len() < EVENTS as usize - 1 || live.len() < 5 {
        let event = peer.event(subscription, DEADLINE);
        let topic = event[3]["topic"].as_str().expect("it has a topic").to_owned();
        match event[3]["retained"].as_bool() {
            Some(true) => assert!(retained.insert(topic.clone()), "{topic} comes twice"),
            _ => {
                let is_replaced = event[4] == json!(["new"]);
                assert!(
                    is_replaced || retained.contains(&topic),
                    "{topic} comes before what is retained of it"
                );
                live.push(topic);
            }
        }
    }
    assert_eq!(live, [topic(last), topic(4000), topic(last), topic(8000), topic(8500)]);
    assert!(!retained.contains(&topic(8500)), "what was replaced is gone");
    peer.expect_silence_until_fence();
}

// ORD-07
#[test]
fn ord_07_unsubscribing_ends_what_is_still_to_come() {
    let (router, mut publisher) = router();
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let subscription = subscribe(&mut peer, asks());
    let request = peer.next_request();
    peer.send(json!([34, request, subscription]));
    let mut events = 0;
    while peer.receive() != json!([35, request]) {
        events += 1;
    }
    assert!(events < EVENTS, "all {events} were queued at once");
    publish(&mut publisher, &topic(0), 0);
    peer.expect_silence_until_fence();
    // Who comes back gets all of it, from the beginning.
    let subscription = subscribe(&mut peer, asks());
    for number in 0..EVENTS {
        assert_eq!(peer.event(subscription, DEADLINE)[4][0], number);
    }
}

// RET-10
#[test]
fn ret_10_who_asks_again_before_it_has_all_gets_all_of_it_from_then_on() {
    let (router, _publisher) = router();
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let subscription = subscribe(&mut peer, asks());
    let request = peer.next_request();
    peer.send(json!([32, request, asks(), "a."]));
    while peer.receive() != json!([33, request, subscription]) {}
    for number in 0..EVENTS {
        assert_eq!(peer.event(subscription, DEADLINE)[4][0], number);
    }
    peer.expect_silence_until_fence();
}

fn say_goodbye(mut peer: RawPeer) {
    peer.send(json!([6, {}, "wamp.close.close_realm"]));
    while peer.receive()[0] != 6 {}
}

#[test]
fn who_leaves_before_it_has_all_leaves_nothing_behind() {
    let (router, mut publisher) = router();
    for leave in [RawPeer::vanish as fn(RawPeer), say_goodbye] {
        let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
        subscribe(&mut peer, asks());
        leave(peer);
    }
    // Whoever publishes finds nobody who is behind, and a newcomer gets what there is.
    publish(&mut publisher, &topic(1), 0);
    let mut peer = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let subscription = subscribe(&mut peer, asks());
    assert_eq!(peer.event(subscription, DEADLINE)[4][0], 0);
}
