//! ORD, SEC-04: what comes in which order, and that it comes to everybody.

use std::thread;

use crate::router::{Router, play, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// How many events a publisher sends in the tests of their order.
const EVENTS: u64 = 10_000;

#[test]
fn ord_01_events_of_one_publisher_keep_their_order_across_topics() {
    for subprotocol in Subprotocol::PLAIN {
        let router = Router::start(realms());
        let mut subscriber = RawPeer::joined(router.url(), subprotocol, "realm1");
        subscriber.subscribe("com.a", json!({}));
        subscriber.subscribe("com.b", json!({}));
        let all = subscriber.subscribe("com.", json!({ "match": "prefix" }));
        let mut publisher = RawPeer::joined(router.url(), subprotocol, "realm1");
        let sending = thread::spawn(move || {
            for number in 1..=EVENTS {
                let topic = if number % 2 == 0 { "com.a" } else { "com.b" };
                publisher.send(json!([16, number, {}, topic, [number]]));
            }
            publisher
        });
        let (mut exact, mut by_prefix) = (0, 0);
        for _ in 0..2 * EVENTS {
            let event = subscriber.receive();
            let seen = if event[1] == all { &mut by_prefix } else { &mut exact };
            *seen += 1;
            assert_eq!(event[4][0], *seen, "{event}");
        }
        assert_eq!((exact, by_prefix), (EVENTS, EVENTS));
        sending.join().unwrap();
    }
}

#[test]
fn ord_02_subscribed_comes_before_the_first_event() {
    let router = Router::start(realms());
    let mut publisher = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let mut subscriber = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let retained = json!([16, 1, { "acknowledge": true, "retain": true }, "com.t", [0]]);
    publisher.send(retained);
    publisher.expect(json!([17, 1, "$id"]));
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let publishing = thread::spawn(move || {
        let mut number = 1;
        while stopped.try_recv().is_err() {
            // Acknowledged, so that no more are under way than the subscriber can read between two rounds.
            number += 1;
            publisher.send(json!([16, number, { "acknowledge": true }, "com.t", [number]]));
            publisher.expect(json!([17, number, "$id"]));
        }
        publisher
    });
    for _ in 0..200 {
        let request = subscriber.next_request();
        subscriber.send(json!([32, request, { "get_retained": true }, "com.t"]));
        let answer = subscriber.expect(json!([33, request, "$id"]));
        let first = subscriber.receive();
        assert_eq!((&first[0], &first[1], &first[3]), (&json!(36), &answer[2], &json!({ "retained": true })));
        let request = subscriber.next_request();
        subscriber.send(json!([34, request, answer[2]]));
        while subscriber.receive() != json!([35, request]) {}
    }
    stop.send(()).unwrap();
    publishing.join().unwrap();
}

#[test]
fn ord_05_answers_belong_to_their_requests_in_whatever_order_they_come() {
    play(
        r#"
        callee joins
        callee > [64, 1, {}, "com.first"]
        callee < [65, 1, $first]
        callee > [64, 2, {}, "com.second"]
        callee < [65, 2, $second]
        caller joins
        caller > [48, 1, {}, "com.first"]
        caller > [48, 2, {}, "com.second"]
        callee < [68, 1, $first, {}]
        callee < [68, 2, $second, {}]
        callee > [70, 2, {}, ["second"]]
        caller < [50, 2, {}, ["second"]]
        callee > [70, 1, {}, ["first"]]
        caller < [50, 1, {}, ["first"]]
        caller > [32, 3, {}, "com.a"]
        caller > [64, 4, {}, "com.a"]
        caller > [32, 5, {}, "com.b"]
        caller > [64, 6, {}, "com.b"]
        caller < any of
            [33, 3, $a]
            [65, 4, _id]
            [33, 5, $b]
            [65, 6, _id]
        all different $a $b
    "#,
    );
}

#[test]
fn pci_10_a_call_that_is_refused_is_refused_once_however_much_input_follows() {
    play(
        r#"
        callee joins {"roles": {"callee": {}}}
        callee > [64, 1, {}, "com.plain"]
        callee < [65, 1, _id]
        alice joins
        alice > [48, 1, {"progress": true}, "com.unknown", [1]]
        alice > [48, 1, {"progress": true}, "com.unknown", [2]]
        alice > [48, 1, {}, "com.unknown", [3]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        alice silent
        alice > [48, 2, {"progress": true}, "com.plain"]
        alice > [48, 2, {}, "com.plain"]
        alice < [8, 48, 2, {}, "wamp.error.feature_not_supported", ...]
        alice silent
        alice > [48, 3, {"progress": true}, "wamp.session.count"]
        alice > [48, 3, {}, "wamp.session.count"]
        alice < [8, 48, 3, {}, "wamp.error.feature_not_supported", ...]
        alice silent
        bob joins app
        bob > [48, 1, {"progress": true}, "com.add", [1, 2]]
        bob > [48, 1, {}, "com.add", [1, 2]]
        bob < [8, 48, 1, {}, "wamp.error.feature_not_supported", ...]
        bob silent
    "#,
    );
}

#[test]
fn ord_08_a_publisher_may_hear_the_event_before_or_behind_published() {
    play(
        r#"
        alice joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice > [16, 2, {"acknowledge": true, "exclude_me": false}, "com.t", [1]]
        alice < any of
            [17, 2, $p]
            [36, $s, $p, {}, [1]]
        alice silent
    "#,
    );
}

#[test]
fn sec_04_every_subscriber_gets_every_event() {
    const SUBSCRIBERS: usize = 100;
    const EACH: u64 = 1000;
    let router = Router::start(realms());
    let tongues = Subprotocol::PLAIN.iter().cycle().take(SUBSCRIBERS);
    let subscribers: Vec<RawPeer> = tongues
        .map(|subprotocol| {
            let mut peer = RawPeer::joined(router.url(), *subprotocol, "realm1");
            peer.subscribe("com.t", json!({}));
            peer
        })
        .collect();
    let reading: Vec<_> = subscribers
        .into_iter()
        .map(|mut peer| {
            thread::spawn(move || {
                let numbers: Vec<Value> = (0..EACH).map(|_| peer.receive()[4][0].clone()).collect();
                peer.expect_silence_until_fence();
                numbers
            })
        })
        .collect();
    let mut publisher = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    for number in 1..=EACH {
        publisher.send(json!([16, number, { "acknowledge": true }, "com.t", [number]]));
        publisher.expect(json!([17, number, "$id"]));
    }
    let due: Vec<Value> = (1..=EACH).map(Value::from).collect();
    for reader in reading {
        assert_eq!(reader.join().unwrap(), due);
    }
}
