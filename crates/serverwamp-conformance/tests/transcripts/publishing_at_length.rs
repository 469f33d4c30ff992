//! The application publishes more than may wait for anybody, and waits for those who read.

use std::thread;

use crate::application_as_peer::Scene;
use serde_json::json;
use serverwamp::extract::Arg;
use serverwamp::{RealmHandle, WampError};
use serverwamp_conformance::{Arrival, DEADLINE, Subprotocol};

/// 64 KiB each, 32 MiB in all: 32 times as much as may wait, and more than may be borrowed.
const EVENTS: u64 = 512;
const BYTES: usize = 64 << 10;

#[test]
fn who_reads_gets_all_that_is_published_and_waited_for() {
    let scene = Scene::new();
    let mut subscriber = scene.client(Subprotocol::CBOR);
    let id = subscriber.subscribe("com.t", json!({}));
    let reading = thread::spawn(move || {
        for number in 0..EVENTS {
            let event = subscriber.receive();
            assert_eq!((&event[1], &event[4][0]), (&json!(id), &json!(number)));
        }
    });
    scene.runtime.block_on(async {
        for number in 0..EVENTS {
            scene.realm.publish_and_wait("com.t", (number, "x".repeat(BYTES))).await.expect("published");
        }
    });
    reading.join().expect("the subscriber has all of it");
}

#[test]
fn who_does_not_read_is_waited_for_once_and_then_closed() {
    let scene = Scene::new();
    let mut slow = scene.client(Subprotocol::JSON);
    slow.subscribe("com.t", json!({}));
    scene.runtime.block_on(async {
        for number in 0..EVENTS {
            let publication = scene.realm.publication("com.t").send_and_wait((number, "x".repeat(BYTES)));
            publication.await.expect("published");
        }
    });
    let mut events = 0;
    loop {
        match slow.next(DEADLINE) {
            Arrival::Message(event) if event[0] == 36 => {
                assert_eq!(event[4][0], events, "no gap before the end");
                events += 1;
            }
            Arrival::Closed(_) => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(events < EVENTS);
}

#[test]
fn what_cannot_be_published_is_not_waited_for() {
    let scene = Scene::new();
    let refused = scene.runtime.block_on(scene.realm.publish_and_wait("not a uri", 1));
    assert_eq!(refused.expect_err("that is no topic").uri(), "wamp.error.invalid_uri");
}

/// It waits in a handler as well, whose future the application's runtime may move.
#[test]
fn a_handler_publishes_and_waits() {
    let scene = Scene::new();
    let replay = |Arg(lines): Arg<u64>, realm: RealmHandle| async move {
        for line in 0..lines {
            realm.publish_and_wait("com.lines", (line, "x".repeat(BYTES))).await?;
        }
        Ok::<_, WampError>(lines)
    };
    let _guard = scene.realm.register("com.replay", replay).expect("nobody serves it");
    let mut client = scene.client(Subprotocol::MSGPACK);
    let id = client.subscribe("com.lines", json!({}));
    client.send(json!([48, 100, {}, "com.replay", [EVENTS]]));
    for number in 0..EVENTS {
        let event = client.receive();
        assert_eq!((&event[0], &event[1], &event[4][0]), (&json!(36), &json!(id), &json!(number)));
    }
    assert_eq!(client.receive(), json!([50, 100, {}, [EVENTS]]));
}
