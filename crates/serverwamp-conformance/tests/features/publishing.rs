//! Publishing: to a topic, to one session, to all but one; in every serializer.

use serde_json::{Value, json};
use serverwamp_conformance::serial::bytes;
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_error, assert_like, call, join, server, shortened, value,
};

/// A subscribed session for every subprotocol, with its own id and its subscription's.
fn subscribers(server: &ServerProcess, topic: &str) -> Vec<(RawPeer, u64, u64)> {
    let subscribe = |subprotocol| {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let session = peer.join("realm1");
        let subscription = peer.subscribe(topic, NONE);
        (peer, session, subscription)
    };
    Subprotocol::ALL.into_iter().map(subscribe).collect()
}

// PUB-01, PUB-02, PUB-03, PSUB-08
#[test]
fn sessions_cannot_publish() {
    let server = server();
    let mut other = join(&server, "realm1");
    other.subscribe("a.topic", NONE);
    let mut peer = join(&server, "realm1");
    for options in [json!({}), json!({ "acknowledge": false })] {
        for topic in ["a.topic", "not a topic"] {
            let id = peer.next_request();
            peer.send(json!([16, id, options, topic, [1]]));
            peer.expect_silence_until_fence();
        }
    }
    for (topic, uri) in [
        ("a.topic", "wamp.error.not_authorized"),
        ("not a topic", "wamp.error.invalid_uri"),
        ("a.", "wamp.error.invalid_uri"),
        ("wamp.session.on_join", "wamp.error.invalid_uri"),
    ] {
        let id = peer.next_request();
        peer.send(json!([16, id, { "acknowledge": true, "match": "prefix" }, topic, [1]]));
        assert_like(&json!([8, 16, id, {}, uri]), &shortened(&peer.receive()));
    }
    other.expect_silence_until_fence();
}

#[test]
fn a_topic_that_is_no_uri_cannot_be_published_to() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let answer = call(&mut peer, "publish.to", json!(["not a topic", 1]));
    assert_error(&answer, "wamp.error.invalid_uri", &["not a topic"]);
    let answer = call(&mut peer, "publish.to_me", json!(["not a topic", "x"]));
    assert_error(&answer, "wamp.error.invalid_uri", &["not a topic"]);
}

// PUB-05, PUB-07, PUB-08, SUB-04
#[test]
fn all_subscribers_get_one_event_with_the_same_publication_id() {
    let server = server();
    let mut all = subscribers(&server, "a.topic");
    assert!(all.iter().all(|(_, _, subscription)| *subscription == all[0].2), "they share a subscription");
    let mut publisher = join(&server, "realm1");
    let mut publications = Vec::new();
    for payload in [json!(1), json!("text"), json!({ "a": [null, 1.5, true] }), json!([])] {
        let publication = value(&mut publisher, "publish.to", json!(["a.topic", payload]));
        for (peer, _, subscription) in &mut all {
            peer.expect(json!([36, *subscription, publication, {}, [payload]]));
        }
        publications.push(publication);
    }
    publications.dedup();
    assert_eq!(publications.len(), 4, "each publication has an id of its own");
    for (peer, _, _) in &mut all {
        peer.expect_silence_until_fence();
    }
}

#[test]
fn bytes_reach_every_serializer_as_bytes() {
    let server = server();
    let mut all = subscribers(&server, "a.topic");
    for subprotocol in Subprotocol::PLAIN {
        let mut publisher = RawPeer::joined(server.url(), subprotocol, "realm1");
        let args = json!(["a.topic", bytes(b"\x00\x01\xff")]);
        let publication = publisher.call("publish.to", args, NONE, NONE)[3][0].clone();
        for (peer, _, subscription) in &mut all {
            peer.expect(json!([36, *subscription, publication, {}, [bytes(b"\x00\x01\xff")]]));
        }
    }
}

// PUB-09
#[test]
fn an_event_may_have_keywords() {
    let server = server();
    let mut all = subscribers(&server, "a.topic");
    let mut publisher = join(&server, "realm1");
    let publication = value(&mut publisher, "publish.keywords", json!(["a.topic"]));
    for (peer, _, subscription) in &mut all {
        peer.expect(json!([36, *subscription, publication, {}, [], { "key": 1 }]));
    }
}

#[test]
fn a_publisher_gets_its_own_event_unless_it_is_excluded() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let mut other = join(&server, "realm1");
    let subscription = peer.subscribe("a.topic", NONE);
    other.subscribe("a.topic", NONE);
    let publication = value(&mut peer, "publish.to_all_but", json!(["a.topic", "not me"]));
    other.expect(json!([36, subscription, publication, {}, ["not me"]]));
    peer.expect_silence_until_fence();
    let publication = value(&mut peer, "publish.to", json!(["a.topic", "me too"]));
    for peer in [&mut peer, &mut other] {
        peer.expect(json!([36, subscription, publication, {}, ["me too"]]));
    }
}

// BWL-05
#[test]
fn an_event_for_one_session_reaches_no_other() {
    let server = server();
    let mut all = subscribers(&server, "a.topic");
    let mut publisher = RawPeer::connect(server.url(), Subprotocol::JSON);
    let own = publisher.join("realm1");
    for chosen in 0..all.len() {
        let session = all[chosen].1;
        let args = json!([session, "a.topic", "for you"]);
        let publication = value(&mut publisher, "publish.to_session", args);
        for (index, (peer, _, subscription)) in all.iter_mut().enumerate() {
            if index == chosen {
                peer.expect(json!([36, *subscription, publication, {}, ["for you"]]));
            }
            peer.expect_silence_until_fence();
        }
    }
    // A session that is not subscribed, and one that is not there.
    for session in [own, 1] {
        value(&mut publisher, "publish.to_session", json!([session, "a.topic", "nobody"]));
    }
    publisher.expect_silence_until_fence();
    for (peer, _, _) in &mut all {
        peer.expect_silence_until_fence();
    }
}

#[test]
fn an_event_can_be_sent_on_all_subscriptions_of_the_caller() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let mut other = join(&server, "realm1");
    other.subscribe("a.topic", NONE);
    assert_eq!(value(&mut peer, "publish.to_me", json!(["a.topic", "x"])), 0);
    let exact = peer.subscribe("a.topic", NONE);
    let prefix = peer.subscribe("a.", json!({ "match": "prefix" }));
    let id = peer.start_call("publish.to_me", json!(["a.topic", "hello"]), NONE, NONE);
    peer.expect_in_any_order(&[
        json!([36, exact, "$id", {}, ["hello"]]),
        json!([36, prefix, "$id", { "topic": "a.topic" }, ["hello"]]),
        json!([50, id, {}, [2]]),
    ]);
    other.expect_silence_until_fence();
}

#[test]
fn events_of_one_publisher_arrive_in_their_order() {
    let server = server();
    let mut all = subscribers(&server, "a.topic");
    let mut publisher = join(&server, "realm1");
    assert_eq!(value(&mut publisher, "publish.burst", json!(["a.topic", 500, 10])), 500);
    for (peer, _, subscription) in &mut all {
        for number in 0..500 {
            peer.expect(json!([36, *subscription, "$id", {}, [number, "xxxxxxxxxx"]]));
        }
        peer.expect_silence_until_fence();
    }
}

/// SER-13: who can be told is told.
#[test]
fn a_payload_that_one_serializer_cannot_carry_reaches_the_others() {
    let server = server();
    let mut msgpack = RawPeer::joined(server.url(), Subprotocol::MSGPACK, "realm1");
    let mut json_peer = join(&server, "realm1");
    json_peer.subscribe("a.topic", NONE);
    let subscription = msgpack.subscribe("a.topic", NONE);
    msgpack.send(json!([48, 100, {}, "publish.not_a_number", ["a.topic"]]));
    // RawPeer cannot show a NaN as JSON, so the frame itself is looked at: it ends with a double.
    let event = msgpack.next_raw(serverwamp_conformance::DEADLINE).expect("the event arrives");
    assert_eq!(event.into_data().get(..2), Some(&[0x95, 36][..]), "an EVENT with arguments");
    assert_eq!(msgpack.receive()[0], 50);
    // The JSON subscriber was passed over, and the next one reaches all.
    let publication: Value = value(&mut json_peer, "publish.to", json!(["a.topic", 1]));
    json_peer.expect(json!([36, subscription, publication, {}, [1]]));
    msgpack.expect(json!([36, subscription, publication, {}, [1]]));
}
