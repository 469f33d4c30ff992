//! Peers that do not read: they cost others nothing, and what they lose they are told of, or lose the session.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::application_as_peer::Scene;
use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};

/// A payload of which a few fill what may wait for a peer (1 MiB in these tests) and what the network holds.
fn heavy() -> Value {
    json!("x".repeat(60_000))
}

/// A client that hears who leaves.
fn monitor(scene: &Scene) -> RawPeer {
    let mut monitor = scene.client(Subprotocol::JSON);
    monitor.subscribe("wamp.session.on_leave", json!({}));
    monitor
}

#[test]
fn rpc_24_a_callee_that_does_not_read_fails_its_calls_and_nobody_elses() {
    let scene = Scene::new();
    let (mut slow, _) = scene.callee(Subprotocol::JSON);
    let _guard = scene.realm.register("com.quick", || async { "at once" }).expect("nobody serves it");
    let mut caller = scene.client(Subprotocol::MSGPACK);
    let mut refused = None;
    for number in 1..=600_u64 {
        caller.send(json!([48, 2 * number, {}, "com.client", [heavy()]]));
        caller.send(json!([48, 2 * number + 1, {}, "com.quick"]));
        let mut answer = caller.receive();
        if answer[0] == 8 {
            assert_eq!((&answer[2], &answer[4]), (&json!(2 * number), &json!("wamp.error.network_failure")));
            refused = Some(number);
            answer = caller.receive();
        }
        // Whatever becomes of the slow one, the other is answered.
        assert_eq!(answer, json!([50, 2 * number + 1, {}, ["at once"]]));
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("600 calls of 60 kB do not fit into 1 MiB and the network's buffers");
    // The callee is still there, and serves what reached it. It reads first: nothing is read from a peer for which more
    // than a quarter of what may wait does.
    for invocation in 1..refused {
        let message = slow.receive();
        assert_eq!((&message[0], &message[1]), (&json!(68), &json!(invocation)));
    }
    for invocation in 1..refused {
        slow.send(json!([70, invocation, {}]));
        assert_eq!(caller.receive(), json!([50, 2 * invocation, {}]));
    }
    caller.send(json!([48, 5000, {}, "com.client", ["again"]]));
    let message = slow.receive();
    assert_eq!(message[4][0], "again");
}

#[test]
fn sec_05_a_subscriber_that_does_not_read_is_closed_and_the_others_miss_nothing() {
    const EVENTS: u64 = 400;
    let scene = Scene::new();
    let mut monitor = monitor(&scene);
    let mut slow = RawPeer::connect(scene.router.url(), Subprotocol::JSON);
    let session = slow.join("realm1");
    slow.subscribe("com.t", json!({}));
    let mut healthy = scene.client(Subprotocol::CBOR);
    let id = healthy.subscribe("com.t", json!({}));
    // Healthy is who reads: the publisher keeps no more than four events ahead of it.
    let (read, was_read) = std::sync::mpsc::channel();
    let reading = thread::spawn(move || {
        for number in 1..=EVENTS {
            let event = healthy.receive();
            assert_eq!((&event[1], &event[4][0]), (&json!(id), &json!(number)));
            read.send(()).expect("the publisher counts");
        }
    });
    let mut publisher = scene.client(Subprotocol::MSGPACK);
    for number in 1..=EVENTS {
        publisher.send(json!([16, number, { "acknowledge": true }, "com.t", [number, heavy()]]));
        assert_eq!(publisher.receive()[0], 17);
        if number > 4 {
            was_read.recv().expect("the healthy one reads");
        }
    }
    reading.join().unwrap();
    let left = monitor.find("on_leave", DEADLINE, |message| message[0] == 36 && message[4][0] == session);
    assert_eq!(left[4][0], session);
    // What it was sent before has no gaps.
    let mut last = 0;
    while let Arrival::Message(event) = slow.next(DEADLINE) {
        if event[0] == 36 {
            last += 1;
            assert_eq!(event[4][0], last);
        }
    }
    assert!(last < EVENTS, "it did not read, and yet got everything");
}

#[test]
fn pcr_11_a_caller_that_does_not_read_gets_results_without_a_gap_or_no_more() {
    let scene = Scene::new();
    let (mut callee, _) = scene.callee(Subprotocol::JSON);
    let mut caller = scene.client(Subprotocol::JSON);
    caller.send(json!([48, 1, { "receive_progress": true }, "com.client"]));
    assert_eq!(callee.receive()[0], 68);
    // The caller reads nothing; the callee learns that it has been given up.
    let mut sent = 0;
    loop {
        sent += 1;
        callee.send(json!([70, 1, { "progress": true }, [sent, heavy()]]));
        if let Arrival::Message(message) = callee.next(std::time::Duration::from_millis(1)) {
            assert_eq!(message, json!([69, 1, { "mode": "killnowait" }]));
            break;
        }
        assert!(sent < 5000, "300 MB wait for a caller that does not read");
    }
    let mut last = 0;
    while let Arrival::Message(result) = caller.next(DEADLINE) {
        if result[0] == 50 {
            last += 1;
            assert_eq!(result[3][0], last);
        }
    }
    assert!(last < sent);
    callee.fence_dealer();
}

#[test]
fn ord_07_no_event_comes_behind_unsubscribed() {
    let scene = Scene::new();
    let stop = Arc::new(AtomicBool::new(false));
    let publishers: Vec<_> = (0..2)
        .map(|_| {
            let (mut peer, stop) = (scene.client(Subprotocol::MSGPACK), Arc::clone(&stop));
            thread::spawn(move || {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    peer.send(json!([16, number, { "acknowledge": true }, "com.t", [number]]));
                    assert_eq!(peer.receive()[0], 17);
                }
            })
        })
        .collect();
    let mut subscriber = scene.client(Subprotocol::JSON);
    for round in 1..=300_u64 {
        let kind = if round % 2 == 0 { "exact" } else { "prefix" };
        subscriber.send(json!([32, 2 * round, { "match": kind }, "com.t"]));
        let subscribed = subscriber.receive();
        assert_eq!((&subscribed[0], &subscribed[1]), (&json!(33), &json!(2 * round)), "round {round}");
        let id = subscribed[2].clone();
        let first = subscriber.receive();
        assert_eq!((&first[0], &first[1]), (&json!(36), &id));
        subscriber.send(json!([34, 2 * round + 1, id]));
        loop {
            let message = subscriber.receive();
            if message[0] == 35 {
                assert_eq!(message[1], 2 * round + 1);
                break;
            }
            assert_eq!((&message[0], &message[1]), (&json!(36), &id));
        }
    }
    stop.store(true, Ordering::Relaxed);
    for publisher in publishers {
        publisher.join().unwrap();
    }
    subscriber.fence_broker();
}
