//! The raw clients that the other tests use, against a small server made of another WebSocket library: what their methods
//! accept and, above all, what they do not.

mod answering_server;

use std::time::Duration;

use answering_server::{Reply, Server, fails};
use serde_json::{Value, json};
use serverwamp_conformance::tcp::{disconnect_at_every_byte, frame, handshake};
use serverwamp_conformance::{Arrival, Connect, RawPeer, RawTcp, Subprotocol, serial};
use tungstenite::Message;

fn echo(message: Value) -> Vec<Reply> {
    vec![Reply::Say(message)]
}

#[test]
fn every_subprotocol_is_negotiated_and_carries_messages() {
    let server = Server::start(echo);
    let message = json!([48, 1, { "a": true }, "ä.b", [null, -1, 1.5, u64::MAX, serial::bytes(&[0, 9])], {}]);
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        assert_eq!(peer.header("sec-websocket-protocol"), Some(subprotocol.name()));
        peer.send(message.clone());
        peer.expect(message.clone());
        if subprotocol.batched {
            let batch: Vec<Value> = (1..=3).map(|id| json!([48, id, {}, "a"])).collect();
            peer.send_batch(&batch);
            for message in batch {
                peer.expect(message);
            }
        }
    }
}

#[test]
fn handshakes_carry_what_the_test_wants() {
    let server = Server::start(echo);
    let connect = Connect::to(server.url())
        .subprotocols(&["foo", "wamp.2.cbor", "wamp.2.json"])
        .header("Cookie", "user=joe")
        .header("Origin", "https://example.com")
        .path("/ws?token=1");
    let peer = connect.open().expect("the server knows CBOR");
    assert_eq!(peer.subprotocol(), Subprotocol::CBOR);
    let seen = peer.header("x-seen").expect("the server says what it saw");
    assert_eq!(seen, "/ws?token=1 user=joe https://example.com");
    assert!(
        String::from_utf8(connect.without("Origin").header("Host", "x").request())
            .unwrap()
            .contains("Host: x")
    );
}

#[test]
fn a_refused_handshake_is_an_answer() {
    let server = Server::start(echo);
    let refusal =
        Connect::to(server.url()).subprotocols(&["wamp.1"]).open().expect_err("no such subprotocol");
    assert_eq!((refusal.status, refusal.body.as_str()), (400, "no common subprotocol"));
    assert_eq!(refusal.header("content-length"), Some("21"));
    let said = fails(|| RawPeer::connect(&server.url().replace("/ws", "/refuse"), Subprotocol::JSON));
    assert!(said.contains("refuses wamp.2.json"), "{said}");
}

#[test]
fn another_message_than_the_one_due_fails_with_the_difference_and_the_conversation() {
    let server = Server::start(echo);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::MSGPACK);
    peer.send(json!([50, 1, {}, [5]]));
    let said = fails(|| peer.expect(json!([50, 1, {}, [6]])));
    assert!(said.contains("$[3][0]: expected 6, received 5"), "{said}");
    assert!(said.contains("→ [50,1,{},[5]]\n  ← [50,1,{},[5]]"), "{said}");
    assert_eq!(peer.next(Duration::from_millis(20)), Arrival::Nothing);
}

#[test]
fn messages_in_any_order_are_each_due_once() {
    let server = Server::start(echo);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON_BATCHED);
    peer.send_batch(&[json!([1]), json!([2])]);
    peer.expect_in_any_order(&[json!([2]), json!([1])]);
    peer.send_batch(&[json!([1]), json!([1])]);
    let said = fails(|| peer.expect_in_any_order(&[json!([2]), json!([1])]));
    assert!(said.contains("[1] came"), "{said}");
}

#[test]
fn frames_a_subprotocol_does_not_allow_fail() {
    for raw in [Message::binary(b"[1]".to_vec()), Message::text("[1"), Message::text("[1][2]")] {
        let server = Server::start(move |_| vec![Reply::Raw(raw.clone())]);
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1]));
        let said = fails(|| peer.receive());
        assert!(said.contains("what is no message"), "{said}");
    }
}

#[test]
fn a_violation_is_an_abort_and_an_end() {
    let abort =
        |message: &str| Reply::Say(json!([3, { "message": message }, "wamp.error.protocol_violation"]));
    let other = || Reply::Say(json!([3, {}, "wamp.error.no_such_realm"]));
    let answers: [(&str, Vec<Reply>, bool); 5] = [
        ("both", vec![abort("HELLO twice"), Reply::Close(1002)], true),
        ("another reason", vec![other(), Reply::Close(1002)], false),
        ("another message", vec![abort("something else"), Reply::Close(1002)], false),
        ("no ABORT", vec![Reply::Close(1002)], false),
        ("a message after it", vec![abort("HELLO twice"), Reply::Say(json!([1])), Reply::Close(1002)], false),
    ];
    for (what, answer, holds) in answers {
        let server = Server::start(move |_| answer.clone());
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1, "realm1", {}]));
        if holds {
            assert_eq!(peer.expect_violation("HELLO"), Some(1002), "{what}");
        } else {
            fails(|| peer.expect_violation("HELLO"));
        }
    }
}

#[test]
fn the_end_of_a_connection_is_told_apart_from_silence() {
    let server = Server::start(|message| match message[0].as_u64() {
        Some(1) => vec![Reply::Close(1001)],
        Some(2) => vec![Reply::Vanish],
        Some(3) => vec![Reply::CloseAndStay],
        _ => vec![],
    });
    let connect = || RawPeer::connect(server.url(), Subprotocol::CBOR);
    let soon = Duration::from_millis(100);

    let mut peer = connect();
    peer.send(json!([1]));
    assert_eq!(peer.expect_closed(), Some(1001));

    let mut peer = connect();
    peer.send(json!([2]));
    assert_eq!(peer.expect_closed(), None);
    let said = fails(|| peer.receive());
    assert!(said.contains("the server closed"), "{said}");

    let mut peer = connect();
    let said = fails(|| peer.expect_closed_within(soon));
    assert!(said.contains("the connection is open"), "{said}");
    peer.expect_silence_for(soon);
    assert_eq!(peer.close(1000), Some(1000));

    let mut peer = connect();
    peer.send(json!([3]));
    let said = fails(|| peer.expect_closed_within(soon));
    assert!(said.contains("Close frame: Some(1000)"), "{said}");
}

#[test]
fn a_fence_lets_nothing_else_pass() {
    let answer = |message: &Value| match message[0].as_u64() {
        Some(34) => json!([8, 34, message[1], {}, "wamp.error.no_such_subscription"]),
        _ => json!([8, 48, message[1], {}, "wamp.error.no_such_procedure", ["no such procedure"]]),
    };
    let quiet = Server::start(move |message| vec![Reply::Say(answer(&message))]);
    let mut peer = RawPeer::connect(quiet.url(), Subprotocol::JSON);
    peer.expect_silence_until_fence();
    peer.expect_silence_until_fence();
    assert!(peer.transcript().contains("→ [48,4,{},\"wamp.test.fence\"]"), "{}", peer.transcript());

    let noisy =
        Server::start(move |message| vec![Reply::Say(json!([36, 1, 2, {}])), Reply::Say(answer(&message))]);
    let mut peer = RawPeer::connect(noisy.url(), Subprotocol::JSON);
    let said = fails(|| peer.expect_silence_until_fence());
    assert!(said.contains("received [36,1,2,{}]"), "{said}");
}

#[test]
fn requests_find_their_answers_among_other_messages() {
    let server = Server::start(|message| {
        let id = message[1].clone();
        match message[0].as_u64() {
            Some(1) => vec![Reply::Say(json!([2, 7, { "roles": {} }]))],
            Some(32) => vec![Reply::Say(json!([33, id, 4])), Reply::Say(json!([36, 4, 1, {}]))],
            Some(34) => vec![Reply::Say(json!([36, 4, 2, {}])), Reply::Say(json!([35, id]))],
            Some(48) => vec![
                Reply::Say(json!([36, 4, 3, {}])),
                Reply::Say(json!([50, id, { "progress": true }, [1]])),
                Reply::Say(json!([50, id.as_u64().unwrap() + 1, {}])),
                Reply::Say(json!([50, id, {}, message[4]])),
            ],
            _ => vec![],
        }
    });
    let mut peer = RawPeer::joined(server.url(), Subprotocol::MSGPACK_BATCHED, "realm1");
    let subscription = peer.subscribe("a.b", Value::Null);
    peer.expect(json!([36, 4, 1, {}]));
    assert_eq!(peer.call("a", json!([1]), Value::Null, Value::Null), json!([50, 2, {}, [1]]));
    assert_eq!(peer.event(subscription, Duration::from_secs(1)), json!([36, 4, 3, {}]));
    peer.expect(json!([50, 2, { "progress": true }, [1]]));
    peer.expect(json!([50, 3, {}]));
    let (progress, answer) = peer.call_with_progress("a", json!([2]), Value::Null);
    assert_eq!((progress.len(), answer), (1, json!([50, 3, {}, [2]])));
    peer.unsubscribe(subscription);
    for message in [json!([36, 4, 3, {}]), json!([50, 4, {}]), json!([36, 4, 2, {}])] {
        peer.expect(message);
    }
    // Ids written by hand and ids that are given go on from each other.
    peer.send(json!([48, 5, {}, "a", []]));
    assert_eq!(peer.next_request(), 6);
}

#[test]
fn bytes_can_be_sent_that_no_library_would_send() {
    let server = Server::start(echo);
    let hello = handshake(server.url(), Subprotocol::JSON);
    assert_eq!(disconnect_at_every_byte(server.url(), &hello), hello.len() + 1);

    let mut tcp = RawTcp::open(server.url());
    assert_eq!(tcp.write_slowly(&hello[..20], Duration::from_millis(1)), 20);
    tcp.write(&hello[20..]);
    assert!(tcp.read(Duration::from_secs(5)).expect("an answer").starts_with(b"HTTP/1.1 101 "));

    // This library takes a handshake in more than 64 pieces for an attack.
    let mut tcp = RawTcp::open(server.url());
    assert!(tcp.write_slowly(&hello, Duration::from_millis(1)) < hello.len());

    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&frame(false, 1, b"[1"));
    tcp.write(&frame(true, 9, b"ping"));
    tcp.write(&frame(true, 0, b",2]"));
    assert_eq!(tcp.read(Duration::from_secs(5)).as_deref(), Some(&b"\x8a\x04ping"[..]));
    assert_eq!(tcp.read(Duration::from_secs(5)).as_deref(), Some(&b"\x81\x05[1,2]"[..]));
    assert_eq!(tcp.read(Duration::from_millis(20)), None);
    tcp.finish_writing();
    assert_eq!(tcp.read_to_end(Duration::from_secs(5)).as_deref(), Some(&b""[..]));
}
