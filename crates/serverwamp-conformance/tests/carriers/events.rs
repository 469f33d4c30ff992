//! Events between clients.

use serde_json::{Value, json};
use serverwamp_conformance::DEADLINE;

use crate::place::At;
use serverwamp_conformance::harness::NONE;

/// The number of events that a batch takes where there are batches.
const BATCH: usize = 50;

/// A topic reaches those who named it, its beginning, or its shape.
pub(crate) fn subscribe_by_every_kind_of_matching(at: At<'_>) {
    let mut subscriber = at.join("router");
    let mut publisher = at.join("router");
    let exact = subscriber.subscribe("com.example.a.news", NONE);
    let prefix = subscriber.subscribe("com.example", json!({ "match": "prefix" }));
    let wildcard = subscriber.subscribe("com..a.news", json!({ "match": "wildcard" }));

    let topic = "com.example.a.news";
    let id = publisher.publish(topic, json!([1]), json!({ "k": "v" }));
    subscriber.expect_in_any_order(&[
        json!([36, exact, id, {}, [1], { "k": "v" }]),
        json!([36, prefix, id, { "topic": topic }, [1], { "k": "v" }]),
        json!([36, wildcard, id, { "topic": topic }, [1], { "k": "v" }]),
    ]);
    let topic = "com.other.a.news";
    let id = publisher.publish(topic, json!([2]), NONE);
    subscriber.expect(json!([36, wildcard, id, { "topic": topic }, [2]]));
    publisher.publish("org.example.a.news", json!([3]), NONE);
    subscriber.expect_silence_until_fence();
    publisher.expect_silence_until_fence();
}

/// Behind UNSUBSCRIBED there are no events.
pub(crate) fn unsubscribe(at: At<'_>) {
    let mut subscriber = at.join("router");
    let mut publisher = at.join("router");
    let subscription = subscriber.subscribe("com.example.brief", NONE);
    publisher.publish("com.example.brief", json!(["before"]), NONE);
    assert_eq!(subscriber.event(subscription, DEADLINE)[4], json!(["before"]));
    subscriber.unsubscribe(subscription);
    publisher.publish("com.example.brief", json!(["after"]), NONE);
    subscriber.expect_silence_until_fence();
}

/// A thousand events come once each, in the order they were published in (checklist ORD-01).
pub(crate) fn publish_a_thousand_events(at: At<'_>) {
    let mut subscriber = at.join("router");
    let mut publisher = at.join("router");
    let subscription = subscriber.subscribe("com.example.many", NONE);
    let events: Vec<Value> = (0..1000)
        .map(|number| json!([16, publisher.next_request(), {}, "com.example.many", [number]]))
        .collect();
    for batch in events.chunks(if at.subprotocol.batched { BATCH } else { 1 }) {
        publisher.send_batch(batch);
    }
    for number in 0..1000 {
        subscriber.expect(json!([36, subscription, "$id", {}, [number]]));
    }
    publisher.expect_silence_until_fence();
    subscriber.expect_silence_until_fence();
}
