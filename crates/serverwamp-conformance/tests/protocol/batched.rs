//! BAT: several WAMP messages in one WebSocket message.

use serde_json::{Value, json};
use serverwamp_conformance::harness::{Witness, call, joined, publish, roles, server, telltale, violates};
use serverwamp_conformance::{DEADLINE, RawPeer, Serializer, Subprotocol};
use tungstenite::Message;

const BATCHED: [Subprotocol; 3] =
    [Subprotocol::JSON_BATCHED, Subprotocol::MSGPACK_BATCHED, Subprotocol::CBOR_BATCHED];

/// The separator of clients that read `\30` in the specification as octal.
const CAN: u8 = 0x18;

fn hello() -> Value {
    json!([1, "realm1", { "roles": roles() }])
}

#[test]
fn bat_01_each_batched_subprotocol_can_be_joined() {
    let server = server();
    for subprotocol in BATCHED {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        assert_eq!(peer.header("sec-websocket-protocol"), Some(subprotocol.name()));
        assert_eq!(call(&mut peer, "demo.add", json!([2, 3]))[3], json!([5]));
    }
}

#[test]
fn bat_02_json_messages_end_in_a_record_separator() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON_BATCHED);
    peer.send(hello());
    let welcome = peer.next_raw(DEADLINE).expect("WELCOME").into_data();
    assert_eq!(welcome.last(), Some(&0x1e));
    let calls: Vec<Value> = (1..=3).map(|id| json!([48, id, {}, "demo.add", [id, 0]])).collect();
    peer.send_batch(&calls);
    for id in 1..=3 {
        peer.expect(json!([50, id, {}, [id]]));
    }
}

#[test]
fn bat_02_who_writes_the_other_separator_is_answered_with_it() {
    let server = server();
    let octal = Subprotocol::JSON_BATCHED.with_separator(CAN);
    let mut peer = RawPeer::connect(server.url(), octal);
    peer.send(hello());
    let welcome = peer.next_raw(DEADLINE).expect("WELCOME").into_data();
    assert_eq!(welcome.last(), Some(&CAN), "{}", String::from_utf8_lossy(&welcome));
    let calls: Vec<Value> = (1..=3).map(|id| json!([48, id, {}, "demo.add", [id, 0]])).collect();
    peer.send_batch(&calls);
    for id in 1..=3 {
        peer.expect(json!([50, id, {}, [id]]));
    }
    // The separator is the one used first, whatever comes later; both are understood.
    peer.send_raw(Message::text("[48,4,{},\"result.one\"]\u{1e}[48,5,{},\"result.one\"]\u{18}"));
    peer.expect(json!([50, 4, {}, [42]]));
    peer.expect(json!([50, 5, {}, [42]]));
    peer.subscribe("a.b", Value::Null);
    publish(&mut joined(&server), "a.b", &json!("\u{18}\u{1e}"));
    peer.expect(json!([36, "$id", "$id", {}, ["\u{18}\u{1e}"]]));
    // An ABORT as the first answer has it too.
    let mut peer = RawPeer::connect(server.url(), octal);
    peer.send(json!([48, 1, {}, "demo.add"]));
    peer.expect_violation("CALL");
}

#[test]
fn bat_03_binary_messages_follow_their_length() {
    let server = server();
    for (subprotocol, call, answer) in [
        (
            Subprotocol::MSGPACK_BATCHED,
            &b"\x94\x30\x01\x80\xaaresult.one"[..],
            &b"\x94\x32\x01\x80\x91\x2a"[..],
        ),
        (
            Subprotocol::CBOR_BATCHED,
            b"\x84\x18\x30\x01\xa0\x6aresult.one",
            b"\x84\x18\x32\x01\xa0\x81\x18\x2a",
        ),
    ] {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let prefixed = |one: &[u8]| [&u32::try_from(one.len()).unwrap().to_be_bytes()[..], one].concat();
        peer.send_raw(Message::binary(prefixed(call)));
        let raw = peer.next_raw(DEADLINE).expect("an answer");
        assert_eq!(raw, Message::binary(prefixed(answer)), "{subprotocol}");
    }
}

#[test]
fn bat_04_a_single_message_is_a_batch_of_one() {
    let server = server();
    for subprotocol in BATCHED {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(hello());
        let raw = peer.next_raw(DEADLINE).expect("WELCOME");
        assert_eq!(raw.is_text(), subprotocol.serializer == Serializer::Json);
        assert_eq!(subprotocol.decode(&raw).map(|messages| messages.len()), Ok(1), "{subprotocol}");
    }
}

#[test]
fn bat_05_a_batch_without_messages_is_a_violation() {
    let server = server();
    let mut witness = Witness::new(&server);
    let empty = |text| if text { Message::text("") } else { Message::binary(Vec::new()) };
    for subprotocol in BATCHED {
        let empty = empty(subprotocol.serializer == Serializer::Json);
        let mut joined = RawPeer::joined(server.url(), subprotocol, "realm1");
        violates(&mut joined, &mut witness, empty.clone(), "");
        let mut first = RawPeer::connect(server.url(), subprotocol);
        violates(&mut first, &mut witness, empty, "");
    }
}

#[test]
fn bat_06_malformed_batches_are_violations() {
    let server = server();
    let mut witness = Witness::new(&server);
    let texts = [
        "[48,1,{},\"result.one\"]",
        "\u{1e}",
        "\u{18}",
        "[48,1,{},\"result.one\"]\u{1e}\u{1e}",
        "[48,1,{},\"result.one\"]\u{1e}[48,2,{},\"result.one\"]",
        "[48,1,{},\"result.one\"]\n",
    ];
    for text in texts {
        let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON_BATCHED, "realm1");
        peer.send_raw(Message::text(text));
        drop(peer.try_send(&[telltale()]));
        // Messages that were complete before the mistake may have been served.
        peer.find("ABORT", DEADLINE, |message| {
            message[0] == 3 && message[2] == "wamp.error.protocol_violation"
        });
        witness.saw_nothing();
    }
    let long: &[u8] = &[0, 0, 0, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    let zero: &[u8] = &[0, 0, 0, 0];
    for subprotocol in [Subprotocol::MSGPACK_BATCHED, Subprotocol::CBOR_BATCHED] {
        for bytes in [long, zero, &[0], &[0, 0], &[0, 0, 0], &[255; 4], &[255; 64]] {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            violates(&mut peer, &mut witness, Message::binary(bytes.to_vec()), "");
        }
        // One to three bytes left over after a whole message.
        for left_over in 1..4 {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            let whole = subprotocol.encode(&[json!([48, 1, {}, "result.one"])]).into_data();
            peer.send_raw(Message::binary([&whole[..], &vec![0; left_over]].concat()));
            peer.find("ABORT", DEADLINE, |message| message[0] == 3);
        }
    }
}

#[test]
fn bat_07_messages_of_a_batch_are_processed_in_order_and_none_after_a_violation() {
    let server = server();
    let mut witness = Witness::new(&server);
    for subprotocol in BATCHED {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let good = json!([48, 1, {}, "demo.add", [2, 3]]);
        let last = json!([48, 3, {}, "demo.add", [2, 3]]);
        // HELLO and what follows WELCOME may share a batch.
        peer.send_batch(&[hello(), good, json!([33, 2, 1]), telltale(), last]);
        peer.expect(json!([2, "$id", "$dict"]));
        peer.expect(json!([50, 1, {}, [5]]));
        peer.expect_violation("SUBSCRIBED");
        witness.saw_nothing();
    }
}

#[test]
fn bat_08_frames_of_the_wrong_kind_are_violations() {
    let server = server();
    let mut witness = Witness::new(&server);
    for subprotocol in BATCHED {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let right = subprotocol.encode(&[json!([48, 1, {}, "result.one"])]);
        let wrong = match right {
            Message::Text(text) => Message::binary(text.as_bytes().to_vec()),
            _ => Message::text("[48,1,{},\"result.one\"]\u{1e}"),
        };
        violates(&mut peer, &mut witness, wrong, "");
    }
}

#[test]
fn bat_09_messages_that_share_a_frame_keep_their_order() {
    let server = server();
    for subprotocol in BATCHED {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let subscription = peer.subscribe("a.b", Value::Null);
        let burst = call(&mut joined(&server), "publish.burst", json!(["a.b", 100, 3]));
        for number in 0..100 {
            peer.expect(json!([36, subscription, "$id", {}, [number, "xxx"]]));
        }
        assert_eq!(burst[3], json!([100]));
        peer.expect_silence_until_fence();
        let calls: Vec<Value> = (101..=200).map(|id| json!([48, id, {}, "demo.add", [id, 1]])).collect();
        peer.send_batch(&calls);
        for id in 101..=200 {
            peer.expect(json!([50, id, {}, [id + 1]]));
        }
    }
}

/// The number of messages in a batch.
fn count(subprotocol: Subprotocol, batch: &Message) -> usize {
    let bytes = batch.clone().into_data();
    if subprotocol.serializer == Serializer::Json {
        return bytes.iter().filter(|byte| **byte == 0x1e).count();
    }
    let mut rest = &bytes[..];
    let mut messages = 0;
    while let Some((length, behind)) = rest.split_first_chunk() {
        rest = &behind[u32::from_be_bytes(*length) as usize..];
        messages += 1;
    }
    messages
}

#[test]
fn bat_09_what_is_ready_at_the_same_time_shares_a_frame() {
    let server = server();
    for subprotocol in BATCHED {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.subscribe("a.b", Value::Null);
        // Answers to what came together share frames. A turn ends when its time is up, so a slow machine writes more of
        // them, but far fewer than there are answers.
        let calls: Vec<Value> = (101..=200).map(|id| json!([48, id, {}, "demo.add", [id, 1]])).collect();
        peer.send_batch(&calls);
        let (mut left, mut frames) = (100, 0);
        while left > 0 {
            let batch = peer.next_raw(DEADLINE).expect("an answer");
            left -= count(subprotocol, &batch);
            frames += 1;
        }
        assert!(frames <= 50, "{subprotocol}: {frames} frames for 100 answers");
        // Events that a handler publishes while nothing is written.
        peer.send(json!([48, 201, {}, "publish.burst", ["a.b", 10, 3]]));
        let batch = peer.next_raw(DEADLINE).expect("events");
        assert!(count(subprotocol, &batch) >= 10, "{subprotocol}");
    }
}
