//! Each share of what is retained, used up: what the publisher is told, who gets the event, what is counted, and what makes
//! room again (checklist RET-01, RET-03, RET-14).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::{Carrier, DEADLINE, Places, RawPeer, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::{
    NONE, assert_error, assert_like, join, join_with_ticket, server_with, shortened,
};

/// A share of one event: how it is set, on which topics, whose it is, and its counter.
struct OfOne {
    argument: &'static str,
    topics: [&'static str; 2],
    whose: &'static str,
    counter: &'static str,
}

/// An event with what is kept of it takes more than half of 1000 bytes.
const SHARES: [OfOne; 6] = [
    OfOne {
        argument: "retained_events=1",
        topics: ["com.a", "com.b"],
        whose: "of this realm can be retained: the limit is 1 events and 67108864 bytes",
        counter: "retained_refused",
    },
    OfOne {
        argument: "retained_bytes=1000",
        topics: ["com.a", "com.b"],
        whose: "of this realm can be retained: the limit is 40000 events and 1000 bytes",
        counter: "retained_refused",
    },
    OfOne {
        argument: "retained_events_of_session=1",
        topics: ["com.a", "com.b"],
        whose: "of one session can be retained: the limit is 1 events and 16777216 bytes",
        counter: "retained_of_session_refused",
    },
    OfOne {
        argument: "retained_bytes_of_session=1000",
        topics: ["com.a", "com.b"],
        whose: "of one session can be retained: the limit is 10000 events and 1000 bytes",
        counter: "retained_of_session_refused",
    },
    OfOne {
        argument: "retained_events=40000",
        topics: ["topic.limited.a", "topic.limited.b"],
        whose: "of these topics can be retained: the limit is 1 events and 1048576 bytes",
        counter: "retained_of_topics_refused",
    },
    OfOne {
        argument: "retained_events=40000",
        topics: ["topic.narrow.a", "topic.narrow.b"],
        whose: "of these topics can be retained: the limit is 100 events and 1000 bytes",
        counter: "retained_of_topics_refused",
    },
];

/// Publishes what is to be retained, and gives the answer.
fn retain(peer: &mut RawPeer, topic: &str, args: Value) -> Value {
    let request = peer.next_request();
    peer.send(json!([16, request, { "acknowledge": true, "retain": true }, topic, args]));
    peer.receive()
}

/// The arguments of what a subscriber of the topic gets.
fn retained(peer: &mut RawPeer, topic: &str) -> Vec<Value> {
    let subscription = peer.subscribe(topic, json!({ "get_retained": true }));
    let request = peer.next_request();
    peer.send(json!([34, request, subscription]));
    let mut found = Vec::new();
    loop {
        match peer.receive() {
            event if event[0] == 36 => found.push(event[4].clone()),
            end => {
                assert_eq!(end, json!([35, request]));
                return found;
            }
        }
    }
}

/// What a caller of the procedure that removes is told.
fn remove(peer: &mut RawPeer, topic: &str, kind: &str) -> Value {
    peer.call("wamp.topic.remove_retained", json!([topic, { "match": kind }]), NONE, NONE)
}

#[test]
fn ret_01_one_past_each_share_is_refused_if_answered_and_otherwise_delivered_and_not_retained() {
    for OfOne { argument, topics: [first, second], whose, counter } in SHARES {
        let server = server_with(&[argument]);
        let mut counters = Counters::of(&server);
        let places = Places::at(server.url());
        let mut root = join_with_ticket(&server, "router", "joe");
        let mut refused = 0;
        for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
            let connect = || {
                let mut peer = carrier.connect(&places, Subprotocol::MSGPACK);
                peer.join("router");
                peer
            };
            let (mut listener, mut publisher) = (connect(), connect());
            let subscription = listener.subscribe(second, NONE);
            assert_eq!(retain(&mut publisher, first, json!([1]))[0], 17, "{whose}, {carrier:?}");
            let answer = retain(&mut publisher, second, json!([2]));
            assert_like(&json!([8, 16, "$id", {}, "wamp.error.unavailable"]), &shortened(&answer));
            assert!(answer[5][0].as_str().is_some_and(|text| text.contains(whose)), "{answer}");
            let request = publisher.next_request();
            publisher.send(json!([16, request, { "retain": true }, second, [3]]));
            // What was refused does not come.
            assert_eq!(listener.event(subscription, DEADLINE)[4], json!([3]), "{whose}, {carrier:?}");
            listener.unsubscribe(subscription);
            assert!(retained(&mut listener, second).is_empty(), "{whose}, {carrier:?}");
            assert_eq!(retained(&mut listener, first), [json!([1])], "{whose}, {carrier:?}");
            refused += 2;
            counters.expect(json!({ counter: refused }));
            // What replaces something needs no more than that had, and what is gone makes room.
            assert_eq!(retain(&mut publisher, first, json!([4]))[0], 17, "{whose}, {carrier:?}");
            assert_eq!(remove(&mut root, first, "exact")[3], json!([1]));
            assert_eq!(retain(&mut publisher, second, json!([5]))[0], 17, "{whose}, {carrier:?}");
            assert_eq!(retained(&mut listener, second), [json!([5])], "{whose}, {carrier:?}");
            assert_eq!(remove(&mut root, second, "exact")[3], json!([1]));
        }
        counters.expect(json!({ counter: refused }));
    }
}

#[test]
fn ret_01_of_no_events_none_is_retained_and_each_is_counted() {
    let server = server_with(&["retained_events=0"]);
    let mut counters = Counters::of(&server);
    let mut peer = join(&server, "router");
    assert_eq!(retain(&mut peer, "com.a", json!([1]))[4], "wamp.error.unavailable");
    let request = peer.next_request();
    peer.send(json!([16, request, { "acknowledge": true }, "com.a", [1]]));
    peer.expect(json!([17, request, "$id"]));
    counters.expect(json!({ "retained_refused": 1 }));
}

/// What a session has left behind counts for it, and not for who comes next.
#[test]
fn ret_03_what_a_session_left_behind_takes_of_the_realm_and_not_of_its_successor() {
    let server = server_with(&["retained_events=3", "retained_events_of_session=2"]);
    let mut counters = Counters::of(&server);
    let mut first = join(&server, "router");
    for (topic, code) in [("com.a", 17), ("com.b", 17), ("com.c", 8)] {
        assert_eq!(retain(&mut first, topic, json!([1]))[0], code, "{topic}");
    }
    counters.expect(json!({ "retained_of_session_refused": 1 }));
    first.leave();
    let mut second = join(&server, "router");
    assert_eq!(retain(&mut second, "com.c", json!([1]))[0], 17);
    assert_eq!(retain(&mut second, "com.d", json!([1]))[4], "wamp.error.unavailable");
    counters.expect(json!({ "retained_of_session_refused": 1, "retained_refused": 1 }));
}

#[test]
fn ret_14_an_empty_event_clears_its_topic_where_the_setting_says_so_and_makes_room() {
    let server = server_with(&["retained_events=1"]);
    let mut counters = Counters::of(&server);
    let places = Places::at(server.url());
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
        let [mut peer, mut listener] = [(); 2].map(|()| {
            let mut peer = carrier.connect(&places, Subprotocol::CBOR);
            peer.join("router");
            peer
        });
        // A full store does not keep anybody from emptying it.
        assert_eq!(retain(&mut peer, "topic.cleared.a", json!([1]))[0], 17);
        let request = peer.next_request();
        peer.send(json!([16, request, { "retain": true }, "topic.cleared.a"]));
        assert_eq!(retain(&mut peer, "topic.cleared.b", json!([2]))[0], 17, "{carrier:?}");
        assert!(retained(&mut listener, "topic.cleared.a").is_empty());
        // What is not there can be cleared as well, and leaves nothing.
        let request = peer.next_request();
        peer.send(json!([16, request, { "acknowledge": true, "retain": true }, "topic.cleared.c", []]));
        peer.expect(json!([17, request, "$id"]));
        // Nothing is cleared by one that is not to be retained, nor by one with keywords.
        let request = peer.next_request();
        peer.send(json!([16, request, {}, "topic.cleared.b"]));
        peer.fence_broker();
        assert_eq!(retained(&mut listener, "topic.cleared.b"), [json!([2])]);
        let request = peer.next_request();
        peer.send(json!([16, request, { "retain": true }, "topic.cleared.b", [], { "key": 1 }]));
        peer.fence_broker();
        assert_eq!(retained(&mut listener, "topic.cleared.b"), [json!([])]);
        let request = peer.next_request();
        peer.send(json!([16, request, { "retain": true }, "topic.cleared.b"]));
        peer.fence_broker();
        assert!(retained(&mut listener, "topic.cleared.b").is_empty());
    }
    counters.expect(json!({}));
}

#[test]
fn ret_14_administrators_remove_by_topic_and_by_pattern_and_nobody_else_does() {
    let server = server_with(&[]);
    let places = Places::at(server.url());
    let mut root = join_with_ticket(&server, "router", "joe");
    let mut listener = join(&server, "router");
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll] {
        let mut peer = carrier.connect(&places, Subprotocol::JSON);
        peer.join("router");
        let topics = ["com.a.x", "com.b.x", "com.b.y", "org.c"];
        for topic in topics {
            assert_eq!(retain(&mut peer, topic, json!([topic]))[0], 17);
        }
        for kind in ["exact", "prefix", "wildcard"] {
            assert_error(&remove(&mut peer, "com.a.x", kind), "wamp.error.not_authorized", &[]);
        }
        for topic in topics {
            assert_eq!(retained(&mut listener, topic), [json!([topic])], "nothing was removed");
        }
        assert_eq!(remove(&mut root, "com..x", "wildcard")[3], json!([2]));
        assert_eq!(remove(&mut root, "com.", "prefix")[3], json!([1]));
        assert_eq!(remove(&mut root, "org.c", "exact")[3], json!([1]));
        assert_eq!(remove(&mut root, "", "prefix")[3], json!([0]));
        for topic in topics {
            assert!(retained(&mut listener, topic).is_empty(), "{topic}");
        }
    }
}

#[test]
fn ret_01_an_event_is_retained_for_the_age_of_the_limits_unless_its_topic_has_another() {
    let server = server_with(&["retained_age_ms=300", "retained_events=2"]);
    let mut counters = Counters::of(&server);
    let [mut peer, mut listener] = [(); 2].map(|()| join(&server, "router"));
    let published = Instant::now();
    assert_eq!(retain(&mut peer, "com.a", json!([1]))[0], 17);
    assert_eq!(retain(&mut peer, "topic.kept.a", json!([2]))[0], 17);
    if retained(&mut listener, "com.a").is_empty() {
        assert!(published.elapsed() >= Duration::from_millis(300), "it is gone before its time");
    }
    while !retained(&mut listener, "com.a").is_empty() {
        assert!(published.elapsed() < DEADLINE, "it is there for ever");
    }
    assert!(published.elapsed() >= Duration::from_millis(300));
    assert_eq!(retained(&mut listener, "topic.kept.a"), [json!([2])]);
    // What is past its age takes no room.
    assert_eq!(retain(&mut peer, "com.b", json!([3]))[0], 17);
    counters.expect(json!({}));
}

/// Fills a share of 4 MiB again and again, and has it emptied each time.
#[test]
fn memory_returns_when_what_is_retained_is_removed() {
    let server = server_with(&["retained_bytes_of_session=4194304"]);
    let mut root = join_with_ticket(&server, "router", "joe");
    let mut fill = || {
        let mut peer = join(&server, "router");
        let letters = "x".repeat(50_000);
        let mut events = 0;
        while retain(&mut peer, &format!("com.{events}"), json!([letters]))[0] == 17 {
            events += 1;
        }
        assert!((80..=83).contains(&events), "{events} events of 50,000 bytes are within 4 MiB");
        let filled = server.resident_bytes();
        assert_eq!(remove(&mut root, "", "prefix")[3], json!([events]));
        filled
    };
    let first = fill();
    for _ in 0..5 {
        let later = fill();
        assert!(later < first + (3 << 20), "it takes {later} bytes, and took {first} the first time");
    }
}
