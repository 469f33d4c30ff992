//! Topics: handlers before, during and after a subscription; exact, prefix and wildcard subscriptions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_like, call, entries, join, server, server_with, shortened, until_noted, value,
};

const SOON: Duration = Duration::from_secs(5);

/// Subscribes, and gives the whole ERROR.
#[track_caller]
fn refused(peer: &mut RawPeer, topic: &str, options: Value, uri: &str) -> Value {
    let id = peer.next_request();
    peer.send(json!([32, id, options, topic]));
    let answer = peer.receive();
    assert_like(&json!([8, 32, id, {}, uri]), &shortened(&answer));
    answer
}

// SUB-09
#[test]
fn a_handler_may_refuse_a_subscription() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let answer = refused(&mut peer, "topic.refused", json!({}), "com.example.refused");
        assert_eq!(answer[5], json!(["not you"]));
        let answer = refused(&mut peer, "topic.refused_asking", json!({}), "com.example.refused");
        assert_eq!(answer[5], json!(["topic.refused_asking"]));
        refused(&mut peer, "topic.dropped", json!({}), "wamp.error.not_authorized");
        refused(&mut peer, "topic.dropped_early", json!({}), "wamp.error.not_authorized");
        refused(&mut peer, "topic.extractor_refuses", json!({}), "wamp.error.not_authorized");
        refused(&mut peer, "area.closed.weather", json!({}), "wamp.error.not_authorized");
        // A refused subscription gets nothing, and can be asked for again.
        value(&mut peer, "publish.to", json!(["topic.refused", 1]));
        refused(&mut peer, "topic.refused", json!({}), "com.example.refused");
        peer.expect_silence_until_fence();
    }
}

#[test]
fn a_panic_in_a_handler_refuses_with_an_id_that_is_in_the_log() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for topic in ["topic.panics", "topic.panics_asking"] {
        let answer = refused(&mut peer, topic, json!({}), "wamp.error.runtime_error");
        let text = answer[5][0].as_str().unwrap_or_default();
        let id = text.strip_prefix("internal error, id ").expect("the peer gets the id");
        assert!(server.wait_for_log(id, SOON).contains("a bug in a topic handler"));
    }
    assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3, "the session goes on");
}

#[test]
fn a_panic_after_accepting_leaves_the_subscription_alone() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let subscription = peer.subscribe("topic.panics_later", NONE);
    peer.expect(json!([36, subscription, "$id", {}, ["before the panic"]]));
    server.wait_for_log("a bug in a topic handler, later", SOON);
    value(&mut peer, "publish.to", json!(["topic.panics_later", 1]));
    peer.expect(json!([36, subscription, "$id", {}, [1]]));
    peer.unsubscribe(subscription);
}

// URI-02
#[test]
fn a_topic_that_is_no_uri_is_refused() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for topic in ["", "a b", "a..b", "a."] {
        refused(&mut peer, topic, json!({}), "wamp.error.invalid_uri");
    }
    refused(&mut peer, "a..b", json!({ "match": "prefix" }), "wamp.error.invalid_uri");
    peer.subscribe("a.", json!({ "match": "prefix" }));
    peer.subscribe("a..b", json!({ "match": "wildcard" }));
}

// PSUB-01
#[test]
fn an_unknown_way_to_match_breaks_the_protocol() {
    let server = server();
    let mut peer = join(&server, "realm1");
    peer.send(json!([32, 1, { "match": "suffix" }, "a.b"]));
    peer.expect_violation("match");
}

// SUB-01, SUB-06
#[test]
fn a_handler_runs_before_after_and_at_the_end_of_a_subscription() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let subscription = peer.subscribe("topic.life", NONE);
    peer.expect(json!([36, subscription, "$id", {}, ["welcome"]]));
    assert_eq!(entries(&mut peer), ["topic before", "topic accepted"]);
    peer.unsubscribe(subscription);
    let entries = until_noted(&mut peer, "topic unsubscribed");
    assert_eq!(entries, ["topic before", "topic accepted", "topic after", "topic unsubscribed"]);
    value(&mut peer, "publish.to", json!(["topic.life", 1]));
    peer.expect_silence_until_fence();
}

// SUB-05
#[test]
fn a_subscription_ends_with_its_session_however_that_ends() {
    let server = server();
    for lost in [false, true] {
        let mut other = join(&server, "realm1");
        let seen = entries(&mut other).len();
        let mut peer = join(&server, "realm1");
        let subscription = peer.subscribe("topic.life", NONE);
        peer.expect(json!([36, subscription, "$id", {}, ["welcome"]]));
        if lost {
            drop(peer);
        } else {
            peer.leave();
        }
        let expected = ["topic before", "topic accepted", "topic after", "topic with its session"];
        loop {
            let entries = entries(&mut other);
            if entries.len() == seen + expected.len() {
                assert_eq!(entries[seen..], expected);
                break;
            }
            assert!(entries.len() < seen + expected.len(), "{entries:?}");
        }
    }
}

#[test]
fn a_guard_is_held_until_the_subscription_ends() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let subscription = peer.subscribe("topic.held", NONE);
    assert_eq!(entries(&mut peer), ["held entered"]);
    peer.unsubscribe(subscription);
    until_noted(&mut peer, "held left");
}

#[test]
fn a_stream_is_sent_to_its_subscriber_alone() {
    let server = server();
    let mut other = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    let theirs = other.subscribe("topic.ticks", NONE);
    for number in 0..3 {
        other.expect(json!([36, theirs, "$id", {}, [number]]));
    }
    let subscription = peer.subscribe("topic.ticks", NONE);
    for number in 0..3 {
        peer.expect(json!([36, subscription, "$id", {}, [number]]));
    }
    other.expect_silence_until_fence();
    peer.expect_silence_until_fence();
}

// SUB-10
#[test]
fn no_event_comes_before_its_subscribed_while_others_publish() {
    const TOPICS: [&str; 3] = ["topic.admitted", "topic.held", "a.plain.topic"];
    let server = server();
    let mut publisher = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    let enough = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&enough);
    let publishing = std::thread::spawn(move || {
        for topic in TOPICS.into_iter().cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
            value(&mut publisher, "publish.burst", json!([topic, 100, 10]));
        }
    });
    let (mut events, mut rounds) = (0, 0);
    while rounds < 60 || events < 100 {
        events += subscribe_and_leave(&mut peer, TOPICS[rounds % 3]);
        rounds += 1;
        assert!(rounds < 5000, "events and subscriptions never meet: {events}");
    }
    enough.store(true, Ordering::Relaxed);
    publishing.join().expect("the publisher was served all the time");
}

/// SUBSCRIBED comes first, UNSUBSCRIBED last, and between them only events of the subscription, in their order. Says
/// how many.
#[track_caller]
fn subscribe_and_leave(peer: &mut RawPeer, topic: &str) -> usize {
    let id = peer.next_request();
    peer.send(json!([32, id, {}, topic]));
    let subscribed = peer.expect(json!([33, id, "$id"]));
    let id = peer.next_request();
    peer.send(json!([34, id, subscribed[2]]));
    let mut numbers = Vec::new();
    loop {
        let message = peer.receive();
        if message == json!([35, id]) {
            break;
        }
        assert_like(&json!([36, subscribed[2], "$id", {}, ["$int", "$string"]]), &message);
        numbers.push(message[4][0].as_u64().unwrap_or_default());
    }
    let in_order = numbers.windows(2).all(|pair| pair[1] == (pair[0] + 1) % 100);
    assert!(in_order, "{numbers:?}");
    peer.fence_broker();
    numbers.len()
}

// SUB-02, SUB-03, SUB-07
#[test]
fn a_second_subscribe_gets_the_same_id_and_one_unsubscribe_ends_both() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let subscription = peer.subscribe("topic.held", NONE);
    assert_eq!(peer.subscribe("topic.held", json!({ "match": "exact" })), subscription);
    assert_eq!(entries(&mut peer), ["held entered"], "the handler runs once");
    let publication = value(&mut peer, "publish.to", json!(["topic.held", 1]));
    peer.expect(json!([36, subscription, publication, {}, [1]]));
    peer.unsubscribe(subscription);
    value(&mut peer, "publish.to", json!(["topic.held", 2]));
    let id = peer.next_request();
    peer.send(json!([34, id, subscription]));
    assert_like(&json!([8, 34, id, {}, "wamp.error.no_such_subscription"]), &shortened(&peer.receive()));
    assert_eq!(until_noted(&mut peer, "held left").len(), 2);
}

#[test]
fn two_subscribes_while_the_handler_decides_get_one_decision() {
    let server = server();
    let mut peer = join(&server, "realm1");
    peer.send(json!([32, 1, {}, "topic.slow"]));
    peer.send(json!([32, 2, {}, "topic.slow"]));
    let first = peer.expect(json!([33, 1, "$id"]));
    peer.expect(json!([33, 2, first[2]]));
    assert_eq!(entries(&mut peer), ["slow topic asked"], "the handler was asked once");
    let publication = value(&mut peer, "publish.to", json!(["topic.slow", 1]));
    peer.expect(json!([36, first[2], publication, {}, [1]]));
    peer.expect_silence_until_fence();
}

#[test]
fn a_session_that_leaves_while_the_handler_decides_is_not_subscribed() {
    let server = server();
    let mut other = join(&server, "realm1");
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.join("realm1");
    peer.send(json!([32, 1, {}, "topic.slow"]));
    until_noted(&mut other, "slow topic asked");
    peer.leave();
    peer.join("realm1");
    call(&mut other, "waiting.slow", json!([250]));
    value(&mut other, "publish.to", json!(["topic.slow", 1]));
    peer.expect_silence_until_fence();
}

// SUB-07, SUB-08
#[test]
fn only_ones_own_subscription_can_be_ended() {
    let server = server();
    let mut one = join(&server, "realm1");
    let mut other = join(&server, "realm1");
    let subscription = one.subscribe("a.topic", NONE);
    for id in [subscription, 4711] {
        let request = other.next_request();
        other.send(json!([34, request, id]));
        let answer = shortened(&other.receive());
        assert_like(&json!([8, 34, request, {}, "wamp.error.no_such_subscription"]), &answer);
    }
    let publication = value(&mut other, "publish.to", json!(["a.topic", 1]));
    one.expect(json!([36, subscription, publication, {}, [1]]));
}

// PSUB-02, PSUB-03, PSUB-04, PSUB-06, PSUB-07
#[test]
fn exact_prefix_and_wildcard_subscriptions_get_their_events() {
    let server = server_with(&[]);
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let exact = peer.subscribe("shop.new.items", NONE);
        let prefix = peer.subscribe("shop.new", json!({ "match": "prefix" }));
        let wildcard = peer.subscribe("shop..items", json!({ "match": "wildcard" }));
        assert!(exact != prefix && prefix != wildcard && exact != wildcard, "each has an id of its own");
        let publication = value(&mut peer, "publish.to", json!(["shop.new.items", 1]));
        peer.expect_in_any_order(&[
            json!([36, exact, publication, {}, [1]]),
            json!([36, prefix, publication, { "topic": "shop.new.items" }, [1]]),
            json!([36, wildcard, publication, { "topic": "shop.new.items" }, [1]]),
        ]);
        // A prefix is a prefix of the text; a wildcard stands for one component.
        for topic in ["shop.news", "shop.new", "shop.new.a.b"] {
            let publication = value(&mut peer, "publish.to", json!([topic, 2]));
            peer.expect(json!([36, prefix, publication, { "topic": topic }, [2]]));
        }
        let publication = value(&mut peer, "publish.to", json!(["shop.old.items", 3]));
        peer.expect(json!([36, wildcard, publication, { "topic": "shop.old.items" }, [3]]));
        for topic in ["shop.ne", "shop.items", "shop.a.b.items", "shops.a.items"] {
            value(&mut peer, "publish.to", json!([topic, 4]));
        }
        peer.expect_silence_until_fence();
    }
}

#[test]
fn a_handler_of_several_topics_knows_which_one_it_is() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let news = peer.subscribe("area.news.sport", NONE);
    peer.expect(json!([36, news, "$id", {}, ["hello", ["sport"]]]));
    let weather = peer.subscribe("area.berlin.weather", NONE);
    peer.expect(json!([36, weather, "$id", {}, ["hello", ["berlin"]]]));
}

#[test]
fn a_pattern_subscription_asks_every_handler_it_can_reach() {
    let server = server();
    let mut peer = join(&server, "realm1");
    // It would hear of area.closed.weather, whose handler refuses.
    refused(&mut peer, "area", json!({ "match": "prefix" }), "wamp.error.not_authorized");
    refused(&mut peer, "area..weather", json!({ "match": "wildcard" }), "wamp.error.not_authorized");
    let subscription = peer.subscribe("area.news.sp", json!({ "match": "prefix" }));
    peer.find("the handler's word", SOON, |message| message[0] == 36 && message[1] == subscription);
    // PSUB-05: its parts cannot be taken out of it.
    peer.send(json!([34, 4, "area.news.sport"]));
    peer.expect_violation("UNSUBSCRIBE");
}

// PSUB-09
#[test]
fn the_broker_announces_what_it_can() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("realm1", json!({}));
    let features = json!({ "$has": { "pattern_based_subscription": true } });
    assert_like(&features, &welcome[2]["roles"]["broker"]["features"]);
}
