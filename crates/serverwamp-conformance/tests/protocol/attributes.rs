//! How many attributes options and details may have, and how long they may be: 256, and 64 KiB without lists of receivers, in
//! every message and on every carrier.

use serde_json::{Map, Value, json};
use serverwamp_conformance::{Carrier, Places, RawPeer};

use serverwamp_conformance::harness::{joined, server};

const MOST: usize = 256;

const CARRIERS: [Carrier; 3] = [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll];

/// A dictionary of so many attributes, these among them.
fn attributes(count: usize, known: &Value) -> Value {
    let mut all: Map<String, Value> = known.as_object().cloned().unwrap_or_default();
    (all.len()..count).for_each(|number| drop(all.insert(format!("x_{number}"), json!(number))));
    assert_eq!(all.len(), count);
    Value::Object(all)
}

fn hello(count: usize) -> Value {
    let roles = json!({ "roles": { "caller": {}, "callee": {}, "publisher": {}, "subscriber": {} } });
    json!([1, "router", attributes(count, &roles)])
}

fn with_each_carrier(mut test: impl FnMut(&dyn Fn() -> RawPeer)) {
    let server = server();
    let places = Places::at(server.url());
    for carrier in CARRIERS {
        for subprotocol in carrier.subprotocols() {
            test(&|| carrier.connect(&places, *subprotocol));
        }
    }
    assert!(joined(&server).call("result.one", Value::Null, Value::Null, Value::Null)[0] == 50);
}

#[test]
fn msg_07_256_attributes_are_read_in_every_message() {
    with_each_carrier(|connect| {
        let mut peer = connect();
        peer.send(hello(MOST));
        assert_eq!(peer.receive()[0], 2);
        peer.send(json!([32, 1, attributes(MOST, &json!({ "match": "prefix" })), "com."]));
        let subscription = peer.expect(json!([33, 1, "$id"]))[2].clone();
        let options = json!({ "acknowledge": true, "exclude_me": false, "retain": true });
        peer.send(json!([16, 2, attributes(MOST, &options), "com.a", [1]]));
        let event = [peer.receive(), peer.receive()].into_iter().find(|message| message[0] == 36);
        assert_eq!(event.expect("an event comes")[1], subscription);
        peer.send(json!([64, 3, attributes(MOST, &json!({ "invoke": "first" })), "com.p"]));
        peer.expect(json!([65, 3, "$id"]));
        peer.send(json!([48, 4, attributes(MOST, &json!({})), "com.p", [2]]));
        let invocation = peer.expect(json!([68, "$id", "$id", "$dict", [2]]))[1].clone();
        peer.send(json!([70, invocation, attributes(MOST, &json!({})), [3]]));
        peer.expect(json!([50, 4, {}, [3]]));
        peer.send(json!([48, 5, {}, "com.p"]));
        let invocation = peer.receive()[1].clone();
        peer.send(json!([8, 68, invocation, attributes(MOST, &json!({})), "com.e"]));
        peer.expect(json!([8, 48, 5, {}, "com.e"]));
        peer.send(json!([49, 5, attributes(MOST, &json!({}))]));
        peer.send(json!([6, attributes(MOST, &json!({})), "wamp.close.close_realm"]));
        peer.expect(json!([6, "$dict", "wamp.close.goodbye_and_out"]));
    });
}

#[test]
fn msg_07_257_attributes_are_a_violation_in_every_message() {
    let many = || attributes(MOST + 1, &json!({}));
    let messages = [
        json!([32, 1, many(), "com.a"]),
        json!([16, 1, many(), "com.a"]),
        json!([16, 1, many(), "com.a", [1]]),
        json!([64, 1, many(), "com.p"]),
        json!([48, 1, many(), "com.p"]),
        json!([48, 1, many(), "com.p", [1], {}]),
        json!([49, 1, many()]),
        json!([70, 1, many()]),
        json!([70, 1, many(), [1]]),
        json!([8, 68, 1, many(), "com.e"]),
        json!([6, many(), "wamp.close.close_realm"]),
    ];
    with_each_carrier(|connect| {
        let mut stranger = connect();
        stranger.send(hello(MOST + 1));
        stranger.expect_violation("more than 256 attributes");
        for message in &messages {
            let mut peer = connect();
            peer.join("router");
            peer.send(message.clone());
            peer.expect_violation("more than 256 attributes");
        }
    });
}

#[test]
fn msg_07_more_than_64_kib_of_attributes_are_a_violation_in_every_message() {
    const LONGEST: usize = 64 << 10;
    let of = |length: usize| json!({ "x_y": "z".repeat(length) });
    with_each_carrier(|connect| {
        let messages = |options: Value| {
            [
                json!([32, 1, options, "com.a"]),
                json!([16, 2, options, "com.a", [1]]),
                json!([64, 3, options, "com.p"]),
                json!([48, 4, options, "result.one"]),
                json!([49, 4, options]),
            ]
        };
        let mut peer = connect();
        peer.join("router");
        for (message, answer) in
            messages(of(LONGEST - 64)).into_iter().zip([Some(33), None, Some(65), Some(8), None])
        {
            peer.send(message);
            if let Some(code) = answer {
                assert_eq!(peer.receive()[0], code);
            }
        }
        for message in messages(of(LONGEST)) {
            let mut peer = connect();
            peer.join("router");
            peer.send(message);
            peer.expect_violation("more than 65536 bytes");
        }
    });
}
