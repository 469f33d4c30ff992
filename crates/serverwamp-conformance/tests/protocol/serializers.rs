//! SER: JSON, MessagePack and CBOR, and what passes between them.
//!
//! | rule | not here, because |
//! |---|---|
//! | SER-12 | it is about speed |
//! | SER-14 | the tests of bad input have it |

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, binary_message, call, joined, joined_in_each, list, server, violates,
};
use serverwamp_conformance::serial::bytes;
use serverwamp_conformance::{DEADLINE, RawPeer, Serializer, ServerProcess, Subprotocol};
use tungstenite::Message;

fn peer(server: &ServerProcess, subprotocol: Subprotocol) -> RawPeer {
    RawPeer::joined(server.url(), subprotocol, "realm1")
}

/// The payload of the next WebSocket message.
fn next_bytes(peer: &mut RawPeer) -> Vec<u8> {
    peer.next_raw(DEADLINE).expect("an answer").into_data().to_vec()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn ser_01_a_session_can_be_joined_over_each_serializer() {
    let server = server();
    for mut peer in Subprotocol::ALL.map(|subprotocol| peer(&server, subprotocol)) {
        assert_eq!(call(&mut peer, "demo.add", json!([2, 3]))[3], json!([5]));
    }
}

#[test]
fn ser_02_json_is_utf_8_without_a_mark() {
    let server = server();
    let mut witness = Witness::new(&server);
    let mark = Message::text("\u{feff}[48,1,{},\"demo.add\",[1,2]]");
    violates(&mut joined(&server), &mut witness, mark, "");
    // White space around tokens and escapes of every kind are JSON.
    let mut peer = joined(&server);
    peer.send_raw(Message::text("\r\n\t [ 48 , 1 , { } , \"demo\\u002eadd\" , [ 1 , 2 ] ] \n"));
    peer.expect(json!([50, 1, {}, [3]]));
    peer.send_raw(Message::text(r#"[48,2,{},"echo.payload",["\ud83d\ude00\/\b\f\n\r\t\"\\ä"]]"#));
    peer.expect(json!([50, 2, {}, ["\u{1F600}/\u{8}\u{c}\n\r\t\"\\ä"]]));
}

#[test]
fn ser_03_messagepack_tells_text_from_bytes() {
    let server = server();
    let mut sender = peer(&server, Subprotocol::MSGPACK);
    let mut receiver = peer(&server, Subprotocol::MSGPACK);
    receiver.subscribe("a.b", Value::Null);
    let payload = json!({ "text": "abc", "bytes": bytes(b"abc") });
    serverwamp_conformance::harness::publish(&mut sender, "a.b", &payload);
    let event = receiver.expect(json!([36, "$id", "$id", {}, [payload]]));
    assert_eq!(event[4][0]["bytes"], bytes(b"abc"));
    // The receiver's library would take the old raw type for text; the marker itself says `bin 8`.
    let id = sender.start_call("echo.payload", json!([bytes(b"abc")]), Value::Null, Value::Null);
    assert!(contains(&next_bytes(&mut sender), &[0xc4, 3, b'a', b'b', b'c']), "call {id}");
    // Where text is due, bytes are no text.
    let mut witness = Witness::new(&server);
    let as_topic = list(0x94, &[&[32], &[1], &[0x80], &[0xc4, 3, b'a', b'.', b'b']]);
    let as_key = list(0x94, &[&[32], &[1], &[0x81, 0xc4, 1, b'x', 1], &[0xa3, b'a', b'.', b'b']]);
    for bad in [as_topic, as_key] {
        let mut violator = peer(&server, Subprotocol::MSGPACK);
        violates(&mut violator, &mut witness, binary_message(&bad), "");
    }
}

#[test]
fn ser_04_cbor_may_be_of_indefinite_length_and_any_width() {
    let server = server();
    let mut peer = peer(&server, Subprotocol::CBOR);
    // An indefinite list with an indefinite dict and text in chunks.
    peer.send_raw(binary_message(&[
        0x9f, 0x18, 32, 1, 0xbf, 0xff, 0x7f, 0x61, b'a', 0x62, b'.', b'b', 0xff, 0xff,
    ]));
    peer.expect(json!([33, 1, "$id"]));
    // Widths wider than they need be, and an indefinite list of arguments.
    let add = [0x68, b'd', b'e', b'm', b'o', b'.', b'a', b'd', b'd'];
    let wide = list(
        0x85,
        &[&[0x1a, 0, 0, 0, 48], &[0x1b, 0, 0, 0, 0, 0, 0, 0, 2], &[0xa0], &add, &[0x9f, 0x19, 0, 2, 3, 0xff]],
    );
    peer.send_raw(binary_message(&wide));
    peer.expect(json!([50, 2, {}, [5]]));
    // Bytes in chunks, half and single floats, and a tag, all inside a payload: the values come back.
    let echo = b"\x6cecho.payload";
    let payload =
        [0x85, 0x5f, 0x41, 1, 0x42, 2, 3, 0xff, 0xf9, 0x3e, 0, 0xfa, 0x3f, 0xc0, 0, 0, 0xc1, 0x05, 0x20];
    peer.send_raw(binary_message(&list(0x85, &[&[0x18, 48], &[3], &[0xa0], echo, &payload])));
    let answer = peer.receive();
    let tagged = answer[3][3].get("$value").unwrap_or(&answer[3][3]);
    assert_eq!((&answer[0], &answer[1]), (&json!(50), &json!(3)));
    assert_eq!(
        (&answer[3][0], &answer[3][1], &answer[3][2], tagged, &answer[3][4]),
        (&bytes(&[1, 2, 3]), &json!(1.5), &json!(1.5), &json!(5), &json!(-1))
    );
}

#[test]
fn ser_05_integers_of_every_width_are_integers_and_floats_are_none() {
    let server = server();
    let topic = [0xa3, b'a', b'.', b'b'];
    let widths = |number: u8| {
        [
            vec![number],
            vec![0xcc, number],
            vec![0xcd, 0, number],
            vec![0xce, 0, 0, 0, number],
            vec![0xcf, 0, 0, 0, 0, 0, 0, 0, number],
            vec![0xd0, number],
            vec![0xd1, 0, number],
            vec![0xd2, 0, 0, 0, number],
            vec![0xd3, 0, 0, 0, 0, 0, 0, 0, number],
        ]
    };
    let mut subscriber = peer(&server, Subprotocol::MSGPACK);
    for (code, id) in widths(32).iter().zip(widths(7)) {
        subscriber.send_raw(binary_message(&list(0x94, &[code, &id, &[0x80], &topic])));
        subscriber.expect(json!([33, 7, "$id"]));
    }
    let mut witness = Witness::new(&server);
    let single = [0xca, 0x3f, 0x80, 0, 0];
    let double = [0xcb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0];
    for bad in
        [list(0x94, &[&[32], &single, &[0x80], &topic]), list(0x94, &[&[32], &double, &[0x80], &topic])]
    {
        violates(&mut peer(&server, Subprotocol::MSGPACK), &mut witness, binary_message(&bad), "");
    }
    let topic = [0x63, b'a', b'.', b'b'];
    let (half, double) = ([0xf9, 0x3c, 0], [0xfb, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0]);
    for bad in [
        list(0x84, &[&[0x18, 32], &half, &[0xa0], &topic]),
        list(0x84, &[&[0x18, 32], &double, &[0xa0], &topic]),
    ] {
        violates(&mut peer(&server, Subprotocol::CBOR), &mut witness, binary_message(&bad), "");
    }
}

#[test]
fn ser_06_and_07_bytes_pass_between_all_serializers_at_any_depth() {
    let server = server();
    let known = b"\x10\xe3\xff\x90\x53\x07\x5c\x52\x6f\x5f\xc0\x6d\x4f\xe3\x7c\xdb";
    let hundred: Vec<u8> = (0..100).collect();
    let payload =
        json!([bytes(known), { "in": [{ "dict": bytes(&hundred) }] }, bytes(&[]), bytes(&[0, 1, 2, 3])]);
    let mut receivers = joined_in_each(&server);
    for receiver in &mut receivers {
        receiver.subscribe("a.b", Value::Null);
    }
    for mut sender in joined_in_each(&server) {
        serverwamp_conformance::harness::publish(&mut sender, "a.b", &payload);
        for receiver in &mut receivers {
            receiver.expect(json!([36, "$id", "$id", {}, [payload]]));
        }
    }
    // As JSON has it, letter by letter: standard alphabet, padding, no line breaks.
    let mut sender = peer(&server, Subprotocol::MSGPACK);
    let mut reader = joined(&server);
    reader.subscribe("a.c", Value::Null);
    serverwamp_conformance::harness::publish(
        &mut sender,
        "a.c",
        &json!([bytes(known), bytes(&[0, 1, 2, 3])]),
    );
    let text = String::from_utf8(next_bytes(&mut reader)).expect("JSON is UTF-8");
    assert!(text.contains(r#"["\u0000EOP/kFMHXFJvX8BtT+N82w==","\u0000AAECAw=="]"#), "{text}");
}

#[test]
fn ser_08_only_strings_that_start_with_nul_are_bytes_and_what_follows_is_base64() {
    let server = server();
    let mut caller = joined(&server);
    let mut receiver = peer(&server, Subprotocol::CBOR);
    receiver.subscribe("a.b", Value::Null);
    serverwamp_conformance::harness::publish(&mut caller, "a.b", &json!(["AAEC", "a\0AAEC", "\0"]));
    receiver.expect(json!([36, "$id", "$id", {}, [["AAEC", "a\0AAEC", bytes(&[])]]]));
    receiver.expect_silence_until_fence();
    let mut witness = Witness::new(&server);
    for wrong in [r"\u0000!!!", r"\u0000AAE", r"\u0000AAEC\n", r"\u0000A", r"\u0000AA==AA=="] {
        let text = format!(r#"[48,1,{{}},"result.one",["{wrong}"]]"#);
        violates(&mut joined(&server), &mut witness, Message::text(text), "base64");
    }
}

#[test]
fn ser_09_text_that_starts_with_nul_reaches_those_who_can_read_it_and_harms_nobody() {
    let server = server();
    // These tests' serializers write such a string as bytes, so this one is written by hand: "\0abc".
    let topic = b"\xa3a.b";
    let text = b"\xa4\0abc";
    let send = list(0x95, &[&[48], &[1], &[0x80], b"\xaapublish.to", &list(0x92, &[topic, text])]);
    let mut native = peer(&server, Subprotocol::MSGPACK);
    native.subscribe("a.b", Value::Null);
    let mut reader = joined(&server);
    reader.subscribe("a.b", Value::Null);
    let mut sender = peer(&server, Subprotocol::MSGPACK);
    sender.send_raw(binary_message(&send));
    sender.expect(json!([50, 1, {}, ["$id"]]));
    assert!(contains(&next_bytes(&mut native), text), "the same serializer has no difficulty");
    // In JSON it would mean bytes, and what follows is no base64: a reader would refuse the message, and be gone.
    reader.expect_silence_until_fence();
    let publication = serverwamp_conformance::harness::publish(&mut sender, "a.b", &json!("fine"));
    reader.expect(json!([36, "$id", publication, {}, ["fine"]]));
}

#[test]
fn ser_10_bytes_are_no_keys_and_no_uris() {
    let server = server();
    let mut witness = Witness::new(&server);
    for bad in [
        json!([16, 1, { "\0YQ==": 1 }, "a"]),
        json!([32, 1, {}, "\0YQ=="]),
        json!([1, "\0YQ==", { "roles": {} }]),
    ] {
        let text = String::from_utf8(Serializer::Json.encode(&bad)).expect("JSON is UTF-8");
        violates(&mut joined(&server), &mut witness, Message::text(text), "");
    }
    // Other serializers could say it, and with a topic, an option or an error's URI it would reach readers of JSON, who
    // could not read the message: nobody may throw them out like that.
    let topic = list(0x94, &[&[16], &[1], &[0x80], b"\xa4\0!!!"]);
    let plain_topic = b"\xa3a.b";
    let key_id = [&b"\x82\xaappt_scheme\xa6x_mine\xa9ppt_keyid"[..], b"\xa4\0!!!"].concat();
    let option = list(0x95, &[&[16], &[1], &key_id, plain_topic, &[0x91, 1]]);
    let error = list(0x95, &[&[8], &[68], &[1], &[0x80], b"\xa4\0!!!"]);
    let key = list(0x94, &[&[16], &[1], b"\x81\xa4\0!!!\x01", plain_topic]);
    for bad in [topic, option, key, error] {
        let mut sender = peer(&server, Subprotocol::MSGPACK);
        violates(&mut sender, &mut witness, binary_message(&bad), "NUL");
    }
}

#[test]
fn ser_11_integers_keep_all_their_64_bits() {
    let server = server();
    let numbers = json!([
        1_u64 << 53,
        (1_u64 << 53) + 1,
        i64::MAX,
        u64::MAX,
        i64::MIN,
        i64::from(i32::MIN) - 1,
        0,
        -1,
        -32,
        -33,
        127,
        128,
        255,
        256,
        65535,
        65536,
        u32::MAX,
        1_u64 << 32,
    ]);
    let mut receivers = joined_in_each(&server);
    for receiver in &mut receivers {
        receiver.subscribe("a.b", Value::Null);
    }
    for mut sender in joined_in_each(&server) {
        let id = sender.start_call("echo.payload", numbers.clone(), Value::Null, Value::Null);
        sender.expect(json!([50, id, {}, numbers]));
        let id = sender.start_call("echo.bytes", json!([numbers]), Value::Null, Value::Null);
        let echoed = sender.receive();
        assert_eq!(
            (&echoed[1], &echoed[3]),
            (&json!(id), &json!([numbers])),
            "by way of a value in the handler"
        );
        serverwamp_conformance::harness::publish(&mut sender, "a.b", &numbers);
        for receiver in &mut receivers {
            receiver.expect(json!([36, "$id", "$id", {}, [numbers]]));
        }
    }
}

#[test]
fn ser_13_a_result_that_json_cannot_say_is_an_error_for_the_caller() {
    let server = server();
    let mut caller = joined(&server);
    let answer = call(&mut caller, "result.not_a_number", json!([]));
    assert_eq!((&answer[0], &answer[4]), (&json!(8), &json!("wamp.error.invalid_payload")), "{answer}");
    caller.expect_silence_until_fence();
    for (subprotocol, marker) in [(Subprotocol::MSGPACK, 0xca..=0xcb), (Subprotocol::CBOR, 0xf9..=0xfb)] {
        let mut caller = peer(&server, subprotocol);
        caller.start_call("result.not_a_number", Value::Null, Value::Null, Value::Null);
        let bytes = next_bytes(&mut caller);
        assert!(bytes.iter().any(|byte| marker.contains(byte)), "a float in {bytes:02x?}");
        caller.expect_silence_until_fence();
    }
}

#[test]
fn ser_13_an_event_that_json_cannot_say_reaches_the_others_and_harms_nobody() {
    let server = server();
    let mut reader = joined(&server);
    reader.subscribe("a.b", Value::Null);
    let mut native = peer(&server, Subprotocol::MSGPACK);
    native.subscribe("a.b", Value::Null);
    let mut sender = peer(&server, Subprotocol::MSGPACK);
    let not_a_number: &[u8] = &[0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0];
    let infinity: &[u8] = &[0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0];
    for value in [not_a_number, infinity] {
        sender.send_raw(binary_message(&publication_of(value)));
        sender.expect(json!([50, 1, {}, ["$id"]]));
        assert!(contains(&next_bytes(&mut native), value), "the same serializer has no difficulty");
    }
    // With nobody who could be told, the publisher learns why.
    native.leave();
    sender.send_raw(binary_message(&publication_of(not_a_number)));
    sender.expect(json!([8, 48, 1, {}, "wamp.error.invalid_payload", "$list"]));
    serverwamp_conformance::harness::publish(&mut sender, "a.b", &json!("fine"));
    reader.expect(json!([36, "$id", "$id", {}, ["fine"]]));
}

/// A call that publishes a MessagePack value on `a.b`.
fn publication_of(value: &[u8]) -> Vec<u8> {
    list(0x95, &[&[48], &[1], &[0x80], b"\xaapublish.to", &list(0x92, &[b"\xa3a.b", value])])
}

#[test]
fn ser_13_values_of_messagepack_that_json_has_not_harm_nobody() {
    let server = server();
    let mut reader = joined(&server);
    reader.subscribe("a.b", Value::Null);
    let mut sender = peer(&server, Subprotocol::MSGPACK);
    let odd_key: &[u8] = &[0x81, 1, 2];
    let extension: &[u8] = &[0xd5, 42, 1, 2];
    for value in [odd_key, extension] {
        sender.send_raw(binary_message(&publication_of(value)));
        let answer = sender.receive();
        assert!(answer[0] == 50 || answer[0] == 8 && answer[1] == 48, "{answer}");
        sender.expect_silence_until_fence();
    }
    // After any of these, the receiver can read all it gets, and stays connected.
    let publication = serverwamp_conformance::harness::publish(&mut sender, "a.b", &json!("fine"));
    reader.find("the last event", DEADLINE, |message| message[2] == publication);
}

/// wampy sends `undefined` for options that were not given; it must be as good as leaving them out.
#[test]
fn ser_undefined_and_null_in_place_of_an_option_are_none() {
    let server = server();
    let undefined: [(Subprotocol, u8, &[u8]); 4] = [
        (Subprotocol::MSGPACK, 0x94, &[0xd4, 0, 0]),
        (Subprotocol::MSGPACK, 0x94, &[0xc0]),
        (Subprotocol::CBOR, 0x84, &[0xf7]),
        (Subprotocol::CBOR, 0x84, &[0xf6]),
    ];
    for (subprotocol, head, value) in undefined {
        let text = |text: &str| subprotocol.serializer.encode(&json!(text));
        let number = |number: u64| subprotocol.serializer.encode(&json!(number));
        let dict = |key: &str| [&[if head == 0x94 { 0x81 } else { 0xa1 }][..], &text(key), value].concat();
        let mut peer = peer(&server, subprotocol);
        let subscribe = list(head, &[&number(32), &number(1), &dict("match"), &text("a.b")]);
        peer.send_raw(binary_message(&subscribe));
        let subscription = peer.expect(json!([33, 1, "$id"]))[2].clone();
        for key in ["receive_progress", "timeout", "disclose_me", "ppt_scheme", "progress"] {
            let call = list(head, &[&number(48), &number(2), &dict(key), &text("result.one")]);
            peer.send_raw(binary_message(&call));
            peer.expect(json!([50, 2, {}, [42]]));
        }
        // It is an exact subscription.
        let mut publisher = joined(&server);
        serverwamp_conformance::harness::publish(&mut publisher, "a.b.c", &json!("not for us"));
        serverwamp_conformance::harness::publish(&mut publisher, "a.b", &json!("for us"));
        peer.expect(json!([36, subscription, "$id", {}, ["for us"]]));
    }
    let mut peer = joined(&server);
    peer.send(json!([32, 1, { "match": null, "get_retained": null }, "a.b"]));
    peer.expect(json!([33, 1, "$id"]));
    peer.send(json!([48, 2, { "timeout": null, "receive_progress": null }, "result.one"]));
    peer.expect(json!([50, 2, {}, [42]]));
}
