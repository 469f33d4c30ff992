//! Retained events that are more than wait for a subscriber at once: they go out as it takes them (RET-04, RET-09, ORD-02).

use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp::memory::MemoryPeer;
use serverwamp::{Application, Limits, Overflow, Realm};
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

/// Where events may be lost, somebody who does not read is not remembered 1,024 events that came ahead of their turn: it gets
/// no more of what is retained. With one less it gets all.
#[test]
fn ret_09_who_may_lose_events_and_does_not_read_gets_no_more_once_too_many_came_ahead() {
    const TOPICS: usize = 3000;
    for (ahead, comes) in [(1023, true), (1024, false)] {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let _inside = runtime.enter();
        let limits = |limits: &mut Limits| {
            limits.outgoing_bytes = 200_000;
            limits.overflow = Overflow::DropNewestEvent;
        };
        let realm = Realm::router("realm1").allow_anonymous("guest");
        let app =
            Application::builder().limits(limits).realm(realm).build().expect("nothing is wrong with it");
        let realm = app.realm("realm1").expect("it is there");
        let letters = "x".repeat(200);
        for at in 0..TOPICS {
            realm.publication(format!("a.{at}")).retain().send(&*letters).expect("there is room");
        }
        let mut peer = app.connect(serverwamp::Serializer::Json);
        let send = |peer: &mut MemoryPeer, message: Value| {
            let message = message.to_string().into_bytes();
            runtime.block_on(peer.send(message)).expect("it is taken");
        };
        let receive = |peer: &mut MemoryPeer| -> Value {
            let message = runtime.block_on(peer.receive()).expect("a message");
            serde_json::from_slice(&message).expect("JSON")
        };
        send(&mut peer, json!([1, "realm1", { "roles": { "subscriber": {}, "caller": {} } }]));
        assert_eq!(receive(&mut peer)[0], 2);
        send(&mut peer, json!([32, 1, asks(), "a."]));
        assert_eq!(receive(&mut peer)[0], 33);
        // So many of another topic that there is no room any more, then of those whose retained event comes last.
        for _ in 0..2000 {
            realm.publish("a.other", &*letters).expect("published");
        }
        for at in TOPICS - ahead..TOPICS {
            realm.publish(&topic(at as u64), "new").expect("published");
        }
        let mut before = BTreeSet::new();
        for round in 0..300 {
            send(&mut peer, json!([48, round + 2, {}, "wamp.session.count"]));
            loop {
                let message = receive(&mut peer);
                if message[0] == 50 {
                    break;
                }
                if message[3]["retained"] == true {
                    let is_later = round > 0;
                    assert!(comes || !is_later, "what was given up comes: {message}");
                    before.insert(message[3]["topic"].as_str().expect("a topic").to_owned());
                }
            }
        }
        let others = (0..TOPICS - ahead).filter(|at| before.contains(&format!("a.{at}"))).count();
        assert_eq!(others == TOPICS - ahead, comes, "{others} came where {ahead} came ahead");
    }
}
