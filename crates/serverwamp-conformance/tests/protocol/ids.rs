//! ID: identifiers, their range and their scopes.
//!
//! | rule | not here, because |
//! |---|---|
//! | ID-03 for the meta session | it stands in the transcripts |
//! | ID-05 | a router sends no INVOCATION while clients cannot register |
//! | ID-07 for PUBLISHED, UNREGISTERED, INTERRUPT | clients can neither publish nor register here |

use std::collections::BTreeSet;

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, call, each_violates, joined, joined_in_each, publish, server, server_with, violates,
};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};
use tungstenite::Message;

const LARGEST: u64 = 1 << 53;

#[test]
fn id_01_ids_are_integers_from_1_to_2_to_the_53rd() {
    let server = server();
    let beyond = LARGEST + 1;
    each_violates(
        &server,
        &[
            (json!([32, 0, {}, "a.b"]), "Request"),
            (json!([32, beyond, {}, "a.b"]), "Request"),
            (json!([32, u64::MAX, {}, "a.b"]), "Request"),
            (json!([32, -1, {}, "a.b"]), "Request"),
            (json!([32, 1.0, {}, "a.b"]), "Request"),
            (json!([32, null, {}, "a.b"]), "Request"),
            (json!([48, 0, {}, "demo.add", [1, 2]]), "Request"),
            (json!([48, 1.5, {}, "demo.add", [1, 2]]), "Request"),
            (json!([16, 0, {}, "a.b"]), "Request"),
            (json!([34, 1, 0]), "Subscription"),
            (json!([34, 1, -7]), "Subscription"),
            (json!([34, 1, beyond]), "Subscription"),
            (json!([34, 1, 2.0]), "Subscription"),
            (json!([66, 1, 0]), "Registration"),
            (json!([66, 1, 2.0]), "Registration"),
            (json!([49, 0, {}]), "Request"),
            (json!([64, beyond, {}, "a.b"]), "Request"),
        ],
    );
    let mut peer = joined(&server);
    peer.send(json!([48, LARGEST, {}, "demo.add", [1, 2]]));
    peer.expect(json!([50, LARGEST, {}, [3]]));
    peer.send_raw(Message::text(r#"[48,18446744073709551616,{},"demo.add",[1,2]]"#));
    peer.expect_violation("Request");
}

/// wampy sends ids that it has read from MessagePack as floats; a float is no id.
#[test]
fn id_01_floats_are_no_ids_in_binary_serializers_either() {
    let server = server();
    let mut witness = Witness::new(&server);
    for code in [34, 66] {
        for (subprotocol, head, float) in
            [(Subprotocol::MSGPACK, 0x93, 0xcb), (Subprotocol::CBOR, 0x83, 0xfb)]
        {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            let subscription = peer.subscribe("a.b", Value::Null);
            let code = subprotocol.serializer.encode(&json!(code));
            let mut bytes = [&[head][..], &code, &[2, float]].concat();
            bytes.extend((subscription as f64).to_be_bytes());
            violates(&mut peer, &mut witness, Message::binary(bytes), "");
        }
    }
}

/// So that clients whose numbers are floats beyond 2^31 or 2^32 never meet one.
#[test]
fn id_04_subscription_ids_are_small_and_stable() {
    let server = server();
    let mut seen = BTreeSet::new();
    let mut peers = joined_in_each(&server);
    for peer in &mut peers {
        for topic in ["a.b", "a.c", "a.d"] {
            let first = peer.subscribe(topic, Value::Null);
            assert_eq!(peer.subscribe(topic, Value::Null), first, "a second SUBSCRIBE of {topic}");
            assert!((1..1 << 20).contains(&first), "{first}");
            seen.insert((topic, first));
        }
    }
    assert_eq!(seen.len(), 3, "the same topic has the same id for everybody: {seen:?}");
}

/// Requires that these look drawn at random from the whole range.
fn check_random(ids: &[u64]) {
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "an id came twice");
    assert!(ids.iter().all(|id| (1..=LARGEST).contains(id)));
    assert!(!ids.is_sorted() && !ids.iter().rev().is_sorted());
    let mut high = [0_u32; 16];
    for id in ids {
        high[usize::try_from((id - 1) >> 49).expect("four bits")] += 1;
    }
    // Chi square with 15 degrees of freedom is above 60 once in several million runs.
    let due = ids.len() as f64 / 16.0;
    let chi: f64 = high.iter().map(|count| (f64::from(*count) - due).powi(2) / due).sum();
    assert!(chi < 60.0, "{high:?}");
    let low: u64 = ids.iter().map(|id| id & 1).sum();
    assert!(
        (ids.len() as u64 * 2 / 5..ids.len() as u64 * 3 / 5).contains(&low),
        "{low} of {} are odd",
        ids.len()
    );
}

#[test]
fn id_02_session_and_publication_ids_are_random_over_the_whole_range() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let sessions: Vec<u64> = (0..1000)
        .map(|_| {
            let id = peer.join("realm1");
            peer.leave();
            id
        })
        .collect();
    check_random(&sessions);
    peer.join("realm1");
    let subscription = peer.subscribe("a.b", Value::Null);
    call(&mut peer, "publish.burst", json!(["a.b", 1000, 0]));
    let publications: Vec<u64> = (0..1000)
        .map(|number| {
            let event = peer.expect(json!([36, subscription, "$id", {}, [number, ""]]));
            event[2].as_u64().expect("an id")
        })
        .collect();
    check_random(&publications);
}

#[test]
fn id_06_request_ids_count_up_when_the_server_insists() {
    let server = server_with(&["strict_request_ids=1"]);
    let mut peer = joined(&server);
    peer.send(json!([32, 1, {}, "a.b"]));
    peer.expect(json!([33, 1, "$id"]));
    peer.send(json!([16, 2, {}, "a.b"]));
    peer.send(json!([48, 3, {}, "demo.add", [1, 2]]));
    peer.expect(json!([50, 3, {}, [3]]));
    peer.send(json!([64, 4, {}, "a.b"]));
    peer.expect(json!([8, 64, 4, {}, "wamp.error.not_authorized", "$list"]));
    peer.send(json!([66, 5, 7]));
    peer.expect(json!([8, 66, 5, {}, "wamp.error.no_such_registration", "$list"]));
    // CANCEL names a call and is no request of its own.
    peer.send(json!([49, 3, {}]));
    peer.send(json!([34, 6, LARGEST]));
    peer.expect(json!([8, 34, 6, {}, "wamp.error.no_such_subscription", "$list"]));

    for wrong in [1, 3, LARGEST] {
        for code in [16, 32, 48, 64] {
            let mut peer = joined(&server);
            peer.send(json!([48, 1, {}, "result.nothing"]));
            peer.expect(json!([50, 1, {}]));
            peer.send(json!([code, wrong, {}, "a.b"]));
            peer.expect_violation("");
        }
        for code in [34, 66] {
            let mut peer = joined(&server);
            peer.send(json!([48, 1, {}, "result.nothing"]));
            peer.expect(json!([50, 1, {}]));
            peer.send(json!([code, wrong, 1]));
            peer.expect_violation("");
        }
    }
    let mut peer = joined(&server);
    peer.send(json!([48, 2, {}, "result.nothing"]));
    peer.expect_violation("");
}

#[test]
fn id_06_request_ids_of_old_clients_may_be_in_any_order() {
    let server = server();
    let mut peer = joined(&server);
    for id in [7, 3, 3, LARGEST, 1] {
        peer.send(json!([48, id, {}, "result.one"]));
        peer.expect(json!([50, id, {}, [42]]));
    }
}

#[test]
fn id_07_answers_carry_the_id_of_their_request() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        peer.send(json!([32, 11, {}, "a.b"]));
        let answer = peer.expect(json!([33, 11, "$id"]));
        peer.send(json!([34, 12, answer[2]]));
        peer.expect(json!([35, 12]));
        peer.send(json!([48, 13, {}, "result.one"]));
        peer.expect(json!([50, 13, {}, [42]]));
        peer.send(json!([48, 14, {}, "error.plain"]));
        peer.expect(json!([8, 48, 14, {}, "com.example.plain"]));
        peer.send(json!([48, 15, {}, "waiting.watched"]));
        peer.send(json!([49, 15, { "mode": "killnowait" }]));
        peer.expect(json!([8, 48, 15, {}, "wamp.error.canceled"]));
        peer.send(json!([34, 16, answer[2]]));
        peer.expect(json!([8, 34, 16, {}, "wamp.error.no_such_subscription", "$list"]));
    }
}

#[test]
fn id_08_request_ids_belong_to_their_session() {
    let server: ServerProcess = server();
    let (mut first, mut second) = (joined(&server), joined(&server));
    first.send(json!([48, 1, {}, "waiting.slow", [100]]));
    second.send(json!([48, 1, {}, "result.one"]));
    second.expect(json!([50, 1, {}, [42]]));
    // Canceling one's own call with that id leaves the other session's call alone.
    second.send(json!([49, 1, { "mode": "kill" }]));
    second.expect_silence_until_fence();
    first.expect(json!([50, 1, {}, ["done"]]));
}

#[test]
fn id_09_the_counter_restarts_with_a_new_session_on_the_same_transport() {
    let server = server_with(&["strict_request_ids=1"]);
    let mut peer = joined(&server);
    for _ in 0..2 {
        for id in 1..=3 {
            peer.send(json!([48, id, {}, "result.one"]));
            peer.expect(json!([50, id, {}, [42]]));
        }
        peer.leave();
        peer.join("realm1");
    }
}

#[test]
fn id_10_one_publication_has_one_id_for_all_who_receive_it() {
    let server = server();
    let mut peers = joined_in_each(&server);
    let mut subscriptions = Vec::new();
    for peer in &mut peers {
        subscriptions.push([
            peer.subscribe("one.two.three", Value::Null),
            peer.subscribe("one.two", json!({ "match": "prefix" })),
            peer.subscribe("one..three", json!({ "match": "wildcard" })),
        ]);
    }
    let mut publisher = joined(&server);
    let publication = publish(&mut publisher, "one.two.three", &json!("x"));
    for (peer, [exact, prefix, wildcard]) in peers.iter_mut().zip(subscriptions) {
        assert!(exact != prefix && exact != wildcard && prefix != wildcard);
        peer.expect_in_any_order(&[
            json!([36, exact, publication, {}, ["x"]]),
            json!([36, prefix, publication, { "topic": "one.two.three" }, ["x"]]),
            json!([36, wildcard, publication, { "topic": "one.two.three" }, ["x"]]),
        ]);
        peer.expect_silence_until_fence();
    }
}
