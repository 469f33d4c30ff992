//! Messages that are broken: cut short, damaged, of the wrong kind, before and after HELLO.

use serde_json::{Value, json};
use serverwamp_conformance::harness::{Scene, hello, raw_message, refused};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Serializer, Subprotocol};
use tungstenite::Message;

fn call() -> Value {
    json!([48, 1, { "timeout": 500 }, "echo.payload", [1, "two", null, true, 2.5, ["x"]], { "key": { "k": -1 } }])
}

/// Malformed beyond doubt, by serializer.
fn malformed() -> Vec<(Subprotocol, Vec<u8>)> {
    let json = [
        "[",
        "[1",
        "[1,\"realm1\"",
        "{",
        "\"",
        "[1,\"realm1\",{\"roles\":{]",
        "tru",
        "[1}",
        "[48,1,{},\"\\u12\"]",
        "\\",
        "[1e]",
        "[-]",
        "[.5]",
        "[1 2]",
        "[\"\t\"]",
        "[48,1,{},\"a\"]x",
        "'",
        "/**/[1]",
        "[0x30,1]",
        "[48,1,{1:2},\"a\"]",
        "\u{1f4a9}",
    ];
    let msgpack: [&[u8]; 13] = [
        &[0xc1],
        &[0x91],
        &[0x91, 0xc1],
        &[0xd9],
        &[0xda, 0],
        &[0x93, 1, 0xa6, b'r'],
        &[0x92, 0x30, 0xd9, 0xff, b'a'],
        &[0x94, 0x30, 1, 0x80, 0xa2, 0xff, 0xfe],
        &[0x94, 0x30, 1, 0x81, 0xa1, b'a'],
        &[0xdc, 0, 4, 0x30],
        &[0x80],
        &[0xc0],
        &[0x95, 0x30, 1, 0x80, 0xa1, b'a', 0xc7, 5, 1],
    ];
    let cbor: [&[u8]; 14] = [
        &[0xff],
        &[0x81],
        &[0x9f],
        &[0x1c],
        &[0x81, 0x1d],
        &[0x84, 0x18, 0x30, 1, 0xbf, 0x61, b'a', 0xff, 0x61, b'a'],
        &[0x84, 0x18, 0x30, 1, 0xa0, 0x62, 0xff, 0xfe],
        &[0x84, 0x18, 0x30, 1, 0xa0, 0x7f, 0x41, b'a', 0xff],
        &[0x84, 0x18, 0x30, 1, 0xa0, 0x7f, 0x7f, 0xff, 0xff],
        &[0x84, 0x18, 0x30, 1, 0xff, 0x61, b'a'],
        &[0xa0],
        &[0xf6],
        &[0xf8, 0x10],
        &[0x85, 0x18, 0x30, 1, 0xa0, 0x61, b'a', 0xc0],
    ];
    let text = json.iter().map(|text| (Subprotocol::JSON, text.as_bytes().to_vec()));
    let binary = msgpack.iter().map(|bytes| (Subprotocol::MSGPACK, bytes.to_vec()));
    text.chain(binary).chain(cbor.iter().map(|bytes| (Subprotocol::CBOR, bytes.to_vec()))).collect()
}

#[test]
fn malformed_messages_are_refused_before_and_after_hello() {
    let mut scene = Scene::new();
    for (subprotocol, bytes) in malformed() {
        let bad = raw_message(subprotocol, &bytes);
        let mut stranger = RawPeer::connect(scene.url(), subprotocol);
        assert_eq!(refused(&mut stranger, bad.clone()), Some(1002));
        let mut member = scene.joined(subprotocol);
        assert_eq!(refused(&mut member, bad), Some(1002));
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn malformed_messages_are_refused_while_a_challenge_is_open() {
    let mut scene = Scene::new();
    for (subprotocol, bytes) in malformed() {
        let mut peer = RawPeer::connect(scene.url(), subprotocol);
        let challenge = peer.hello("secure", json!({ "authmethods": ["wampcra"], "authid": "peter" }));
        assert_eq!(challenge[0], 4);
        refused(&mut peer, raw_message(subprotocol, &bytes));
    }
    scene.unharmed();
}

#[test]
fn messages_cut_short_at_any_byte_are_refused() {
    let mut scene = Scene::new();
    for subprotocol in Subprotocol::PLAIN {
        let whole = subprotocol.serializer.encode(&call());
        for length in 0..whole.len() {
            refused(&mut scene.joined(subprotocol), raw_message(subprotocol, &whole[..length]));
        }
        let whole = subprotocol.serializer.encode(&hello());
        for length in 0..whole.len() {
            refused(
                &mut RawPeer::connect(scene.url(), subprotocol),
                raw_message(subprotocol, &whole[..length]),
            );
        }
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

#[test]
fn batches_cut_short_at_any_byte_are_refused() {
    let mut scene = Scene::new();
    for subprotocol in [Subprotocol::JSON_BATCHED, Subprotocol::MSGPACK_BATCHED, Subprotocol::CBOR_BATCHED] {
        let whole = subprotocol.encode(&[call()]).into_data();
        for length in 0..whole.len() {
            refused(&mut scene.joined(subprotocol), raw_message(subprotocol, &whole[..length]));
        }
    }
    scene.unharmed();
}

/// A message with a damaged byte is always answered: by a result, an error, or a refusal. Only one that has become another
/// message without an answer may pass in silence; the fence behind it finds that out.
#[test]
fn messages_with_a_damaged_byte_are_answered_or_refused() {
    let mut scene = Scene::new();
    for subprotocol in Subprotocol::PLAIN {
        let whole = subprotocol.serializer.encode(&call());
        for at in 0..whole.len() {
            for damage in [0x00, 0x7f, 0x80, 0xff] {
                let mut bytes = whole.clone();
                if bytes[at] == damage || subprotocol == Subprotocol::JSON && damage >= 0x80 {
                    continue;
                }
                bytes[at] = damage;
                let mut peer = scene.joined(subprotocol);
                peer.send_raw(raw_message(subprotocol, &bytes));
                drop(peer.try_send(&[json!([48, 77_777, {}, "result.one"])]));
                answered(&mut peer, &bytes);
            }
        }
        scene.neighbour_is_served();
    }
    scene.unharmed();
}

/// Reads on until the fence is answered or the connection has ended after an ABORT.
#[track_caller]
fn answered(peer: &mut RawPeer, bytes: &[u8]) {
    loop {
        // A payload may have become what the libraries of these tests cannot say; so only raw frames are looked at.
        let Some(message) = peer.next_raw(DEADLINE) else {
            panic!("no answer and no ABORT to {bytes:02x?}\n{}", peer.transcript());
        };
        let Ok(messages) = peer.subprotocol().decode(&message) else { continue };
        for message in messages {
            if message[0] == 3 {
                assert_eq!(message[2], "wamp.error.protocol_violation");
                return;
            }
            if message[1] == 77_777 {
                return;
            }
        }
    }
}

#[test]
fn messages_of_the_wrong_kind_are_refused() {
    let mut scene = Scene::new();
    for subprotocol in Subprotocol::ALL {
        for joined in [false, true] {
            let message = if joined { call() } else { hello() };
            let right = subprotocol.encode(&[message]).into_data();
            let wrong = match subprotocol.serializer {
                Serializer::Json => Message::binary(right),
                _ => Message::text("[48,1,{},\"result.one\"]"),
            };
            let mut peer =
                if joined { scene.joined(subprotocol) } else { RawPeer::connect(scene.url(), subprotocol) };
            assert_eq!(refused(&mut peer, wrong), Some(1002), "{subprotocol}");
        }
    }
    scene.unharmed();
}

#[test]
fn messages_in_another_serializer_are_refused() {
    let mut scene = Scene::new();
    for mine in Subprotocol::PLAIN {
        for other in Subprotocol::PLAIN.into_iter().filter(|other| *other != mine) {
            let bytes = other.serializer.encode(&call());
            if mine == Subprotocol::JSON && std::str::from_utf8(&bytes).is_err() {
                // Not even text: the WebSocket itself refuses that.
                continue;
            }
            refused(&mut scene.joined(mine), raw_message(mine, &bytes));
        }
    }
    scene.unharmed();
}

#[test]
fn empty_messages_are_refused() {
    let mut scene = Scene::new();
    for subprotocol in Subprotocol::ALL {
        refused(&mut scene.joined(subprotocol), raw_message(subprotocol, &[]));
        refused(&mut RawPeer::connect(scene.url(), subprotocol), raw_message(subprotocol, &[]));
    }
    scene.unharmed();
}

#[test]
fn a_violator_is_told_why_in_few_words() {
    let scene = Scene::new();
    // However long what it sent was.
    let long = "x".repeat(500_000);
    for bad in
        [json!([long]), json!([48, 1, { "timeout": long }, "a"]), json!([32, 1, { "match": long }, "a"])]
    {
        let mut peer = scene.joined(Subprotocol::JSON);
        peer.send(bad);
        let Arrival::Message(abort) = peer.next(DEADLINE) else { panic!("no ABORT") };
        let words = abort[1]["message"].as_str().expect("a text");
        assert!((10..500).contains(&words.len()), "{} letters: {words:.200}", words.len());
    }
}
