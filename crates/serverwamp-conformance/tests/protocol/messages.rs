//! MSG: how messages are built, and what becomes of those that are not.
//!
//! | rule | not here, because |
//! |---|---|
//! | MSG-07 for UNREGISTER, YIELD; MSG-09, MSG-10 for INVOCATION, YIELD | clients cannot register here |
//! | MSG-08 for EVENT | a router receives none |
//! | MSG-13 | the other groups send and receive each of these messages |

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, call, each_violates, joined, joined_in_each, publish, roles, server, violates,
};
use serverwamp_conformance::{RawPeer, Serializer, Subprotocol};
use tungstenite::Message;

#[test]
fn msg_01_a_message_is_a_list_that_starts_with_its_code() {
    let server = server();
    let mut witness = Witness::new(&server);
    let bad = [
        json!([]),
        json!({}),
        json!("x"),
        json!(7),
        json!(null),
        json!([null]),
        json!([[48]]),
        json!(["1", "realm1", {}]),
        json!(["48", 1, {}, "demo.add", [1, 2]]),
        json!([48]),
    ];
    for subprotocol in Subprotocol::PLAIN {
        for message in &bad {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            let frame = subprotocol.encode(std::slice::from_ref(message));
            violates(&mut peer, &mut witness, frame, "");
        }
    }
}

#[test]
fn msg_02_wrong_element_types_are_refused_and_never_coerced() {
    each_violates(
        &server(),
        &[
            (json!([32, 1, [], "a.b"]), "Options"),
            (json!([32, "1", {}, "a.b"]), "Request"),
            (json!([32, 1, {}, 5]), "Topic"),
            (json!([32, 1, {}, null]), "Topic"),
            (json!([34, 1, "2"]), "Subscription"),
            (json!([16, 1, {}, "a.b", { "k": 1 }]), ""),
            (json!([16, 1, {}, ["a.b"]]), "Topic"),
            (json!([48, 1, {}, "a.b", [], []]), ""),
            (json!([48, 1, {}, "a.b", "text"]), ""),
            (json!([48, 1, "{}", "a.b"]), "Options"),
            (json!([48, true, {}, "a.b"]), "Request"),
            (json!([49, 1, "skip"]), "Options"),
            (json!([64, 1, {}, {}]), "Procedure"),
            (json!([66, 1, [1]]), "Registration"),
            (json!([70, 1, [], []]), "Options"),
            (json!([6, "bye", "wamp.close.close_realm"]), "Details"),
            (json!([6, {}, 5]), "Reason"),
            (json!([8, "68", 1, {}, "a.b"]), ""),
        ],
    );
}

#[test]
fn msg_03_too_few_and_too_many_elements_are_refused() {
    each_violates(
        &server(),
        &[
            (json!([1, "realm1"]), "HELLO"),
            (json!([3, {}]), "ABORT"),
            (json!([5, "x"]), "AUTHENTICATE"),
            (json!([6, {}]), "GOODBYE"),
            (json!([6, {}, "a.b", 1]), "GOODBYE"),
            (json!([8, 68, 1, {}]), "ERROR"),
            (json!([16, 1, {}]), "PUBLISH"),
            (json!([16, 1, {}, "a.b", [], {}, 0]), "PUBLISH"),
            (json!([32, 1, {}]), "SUBSCRIBE"),
            (json!([32, 1, {}, "a.b", 1]), "SUBSCRIBE"),
            (json!([34, 1]), "UNSUBSCRIBE"),
            (json!([48, 1, {}]), "CALL"),
            (json!([48, 1, {}, "p", [], {}, 0]), "CALL"),
            (json!([49, 1]), "CANCEL"),
            (json!([49, 1, {}, 0]), "CANCEL"),
            (json!([64, 1, {}]), "REGISTER"),
            (json!([64, 1, {}, "a.b", 1]), "REGISTER"),
            (json!([66, 1]), "UNREGISTER"),
            (json!([70, 1]), "YIELD"),
            (json!([70, 1, {}, [], {}, 0]), "YIELD"),
        ],
    );
}

#[test]
fn msg_04_integers_are_not_booleans_in_either_direction() {
    let server = server();
    each_violates(
        &server,
        &[
            (json!([16, 1, { "acknowledge": 1 }, "a.b"]), "acknowledge"),
            (json!([16, 1, { "exclude_me": 0 }, "a.b"]), "exclude_me"),
            (json!([48, 1, { "receive_progress": 1 }, "progress.requested"]), "receive_progress"),
            (json!([64, 1, { "disclose_caller": 1 }, "a.b"]), "disclose_caller"),
        ],
    );
    for mut peer in joined_in_each(&server) {
        let (progress, _) = peer.call_with_progress("progress.count", json!([2, 0]), Value::Null);
        for result in progress {
            assert_eq!(result[2], json!({ "progress": true }), "{}", peer.subprotocol());
        }
        let mut fresh = RawPeer::connect(server.url(), peer.subprotocol());
        let welcome = fresh.hello("realm1", json!({}));
        for role in ["broker", "dealer"] {
            for (feature, value) in welcome[2]["roles"][role]["features"].as_object().expect("features") {
                assert_eq!(value, &json!(true), "{feature} of {role} in {}", peer.subprotocol());
            }
        }
    }
}

#[test]
fn msg_05_keys_are_strings() {
    let server = server();
    let mut witness = Witness::new(&server);
    // [32, 1, {1: 2}, "a"]
    for (subprotocol, bytes) in [
        (Subprotocol::MSGPACK, &[0x94, 32, 1, 0x81, 1, 2, 0xa1, b'a'][..]),
        (Subprotocol::CBOR, &[0x84, 0x18, 32, 1, 0xa1, 1, 2, 0x61, b'a'][..]),
    ] {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        violates(&mut peer, &mut witness, Message::binary(bytes.to_vec()), "");
    }
    // A key that comes twice leaves the choice of one of its values; the session lives on.
    let mut peer = joined(&server);
    peer.send_raw(Message::text(r#"[32,1,{"match":"exact","match":"prefix"},"a.b"]"#));
    peer.expect(json!([33, 1, "$id"]));
    peer.send_raw(Message::text(r#"[48,2,{},"result.one",[],{"a":1,"a":2}]"#));
    peer.expect(json!([50, 2, {}, [42]]));
}

/// Keys as the specification wants them: predefined ones, or with an underscore in front.
fn is_key(key: &str) -> bool {
    let (first, rest) = key.split_at_checked(1).unwrap_or(("", key));
    let first_is_right = first == "_" || first.bytes().all(|byte| byte.is_ascii_lowercase());
    let others = rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    first_is_right && others && key.len() >= 3 + usize::from(first == "_")
}

#[track_caller]
fn check_keys(details: &Value) {
    for (key, value) in details.as_object().expect("Details and Options are dicts") {
        assert!(is_key(key), "{key:?} in {details}");
        if value.is_object() {
            check_keys(value);
        }
    }
}

#[test]
fn msg_06_keys_that_the_server_sends_are_spelled_as_the_specification_says() {
    assert!(is_key("message") && is_key("_abc") && !is_key("x_cb-a") && !is_key("ab") && !is_key("_ab"));
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let mut messages = vec![peer.hello("realm1", json!({}))];
    peer.subscribe("free.", json!({ "match": "prefix" }));
    publish(&mut peer, "free.x", &json!(1));
    messages.push(peer.receive());
    let (progress, answer) = peer.call_with_progress("progress.count", json!([1, 0]), Value::Null);
    messages.extend(progress);
    messages.push(answer);
    peer.send(json!([6, {}, "wamp.close.close_realm"]));
    messages.push(peer.receive());
    messages.push(peer.hello("nowhere.at.all", json!({})));
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    messages.push(peer.hello("secure", json!({ "authmethods": ["wampcra"], "authid": "anna" })));
    let codes: Vec<_> = messages.iter().map(|message| message[0].as_u64().expect("a code")).collect();
    assert_eq!(codes, [2, 36, 50, 50, 6, 3, 4]);
    for message in messages {
        let details = message.as_array().expect("a list").iter().find(|element| element.is_object());
        check_keys(details.expect("each of these has a dict"));
    }
}

#[test]
fn msg_07_unknown_attributes_are_ignored() {
    let server = server();
    let unknown = json!({ "_foo_bar": 1, "bogus": { "x": [1] }, "x_old": null });
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let feature = json!({ "features": { "bogus": true, "_other": [1] }, "bogus": 1 });
        let mut details = unknown.clone();
        details["roles"] = json!({ "caller": feature, "subscriber": feature });
        let welcome = peer.hello("realm1", details);
        peer.welcomed(&welcome);
        peer.send(json!([32, 1, unknown, "a.b"]));
        peer.expect(json!([33, 1, "$id"]));
        peer.send(json!([48, 2, unknown, "demo.add", [2, 3]]));
        peer.expect(json!([50, 2, {}, [5]]));
        peer.send(json!([49, 2, unknown]));
        let mut acknowledged = unknown.clone();
        acknowledged["acknowledge"] = json!(true);
        peer.send(json!([16, 3, acknowledged, "a.b"]));
        peer.expect(json!([8, 16, 3, {}, "wamp.error.not_authorized", "$list"]));
        peer.send(json!([64, 4, unknown, "a.b"]));
        peer.expect(json!([8, 64, 4, {}, "wamp.error.not_authorized", "$list"]));
        peer.send(json!([6, unknown, "wamp.close.close_realm"]));
        peer.expect(json!([6, "$dict", "wamp.close.goodbye_and_out"]));
    }
}

#[test]
fn msg_08_known_attributes_of_the_wrong_type_or_value_are_refused() {
    let of_publish = [
        ("acknowledge", json!("yes")),
        ("exclude_me", json!("no")),
        ("disclose_me", json!(1)),
        ("retain", json!([])),
        ("exclude", json!("x")),
        ("exclude", json!(["x"])),
        ("exclude_authid", json!([1])),
        ("exclude_authrole", json!("x")),
        ("eligible", json!({})),
        ("eligible", json!([0])),
        ("eligible_authid", json!("x")),
        ("eligible_authrole", json!([true])),
        ("ppt_scheme", json!(1)),
        ("rkey", json!(1)),
    ];
    let mut bad: Vec<(Value, &str)> =
        of_publish.iter().map(|(key, value)| (json!([16, 1, { *key: value }, "a.b"]), *key)).collect();
    bad.extend([
        (json!([32, 1, { "match": "foo" }, "a.b"]), "match"),
        (json!([32, 1, { "match": 1 }, "a.b"]), "match"),
        (json!([32, 1, { "get_retained": "x" }, "a.b"]), "get_retained"),
        (json!([48, 1, { "timeout": "1" }, "a.b"]), "timeout"),
        (json!([48, 1, { "timeout": -1 }, "a.b"]), "timeout"),
        (json!([48, 1, { "timeout": 1.5 }, "a.b"]), "timeout"),
        (json!([48, 1, { "disclose_me": "x" }, "a.b"]), "disclose_me"),
        (json!([49, 1, { "mode": "gently" }]), "mode"),
        (json!([49, 1, { "mode": 1 }]), "mode"),
        (json!([64, 1, { "invoke": 7 }, "a.b"]), "invoke"),
        (json!([64, 1, { "invoke": "some" }, "a.b"]), "invoke"),
        (json!([64, 1, { "match": [] }, "a.b"]), "match"),
        (json!([6, { "message": 5 }, "wamp.close.close_realm"]), "message"),
    ]);
    each_violates(&server(), &bad);
}

#[test]
fn msg_09_keyword_arguments_come_after_a_list_that_may_be_empty() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        peer.subscribe("a.b", Value::Null);
        let answer = call(&mut peer, "publish.keywords", json!(["a.b"]));
        peer.expect(json!([36, "$id", answer[3][0], {}, [], { "key": 1 }]));
        let id = peer.start_call("result.keywords", Value::Null, Value::Null, Value::Null);
        peer.expect(json!([50, id, {}, [], { "a": 1, "b": 2 }]));
    }
}

#[test]
fn msg_10_empty_payloads_are_left_out() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let id = peer.start_call("result.nothing", Value::Null, Value::Null, Value::Null);
        peer.expect(json!([50, id, {}]));
        let id = peer.start_call("echo.payload", json!([]), json!({}), Value::Null);
        peer.expect(json!([50, id, {}]));
        let id = peer.start_call("echo.payload", json!([1]), json!({}), Value::Null);
        peer.expect(json!([50, id, {}, [1]]));
        let id = peer.start_call("error.plain", Value::Null, Value::Null, Value::Null);
        peer.expect(json!([8, 48, id, {}, "com.example.plain"]));
    }
}

#[test]
fn msg_11_payloads_may_hold_anything() {
    let server = server();
    let args = json!([
        null, true, false, 0, -1, 1.5, -0.25, 1e300, "", "ä\u{1F600}\n\"\\\u{7f}", [], {}, [[]], { "": {} },
        { "nested": [{ "deep": [null, { "x": -9_007_199_254_740_992_i64 }] }] },
    ]);
    let kwargs = json!({ "null": null, "list": [1, [2]], "dict": { "k": "v" }, "Größe": 1 });
    for from in Subprotocol::PLAIN {
        let mut caller = RawPeer::joined(server.url(), from, "realm1");
        let id = caller.start_call("echo.payload", args.clone(), kwargs.clone(), Value::Null);
        caller.expect(json!([50, id, {}, args, kwargs]));
        for to in Subprotocol::PLAIN {
            let mut subscriber = RawPeer::joined(server.url(), to, "realm1");
            let subscription = subscriber.subscribe("any.thing", Value::Null);
            let publication = publish(&mut caller, "any.thing", &args);
            subscriber.expect(json!([36, subscription, publication, {}, [args]]));
        }
    }
}

#[test]
fn msg_12_codes_that_nobody_knows_are_refused() {
    let mut bad: Vec<(Value, &str)> =
        [json!([300, {}]), json!([255]), json!([255, 1]), json!([0]), json!([-1, {}])]
            .into_iter()
            .map(|message| (message, ""))
            .collect();
    bad.push((json!([1.0, "realm1", {}]), ""));
    bad.push((json!([48.0, 1, {}, "demo.add", [1, 2]]), ""));
    for code in [7, 9, 15, 18, 31, 37, 47, 51, 63, 71, 256, 337, 1023, 1024] {
        bad.push((json!([code, 1, {}, "a.b"]), ""));
    }
    each_violates(&server(), &bad);
}

#[test]
fn msg_14_null_in_place_of_arguments_is_none() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        peer.send(json!([48, 1, {}, "echo.payload", null, { "k": 1 }]));
        peer.expect(json!([50, 1, {}, [], { "k": 1 }]));
        peer.send(json!([48, 2, {}, "echo.payload", [1], null]));
        peer.expect(json!([50, 2, {}, [1]]));
        peer.send(json!([48, 3, {}, "echo.payload", null, null]));
        peer.expect(json!([50, 3, {}]));
    }
}

#[test]
fn msg_15_details_are_always_there() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let subscription = peer.subscribe("a.b", Value::Null);
        publish(&mut peer, "a.b", &json!(1));
        peer.expect(json!([36, subscription, "$id", {}, [1]]));
        let id = peer.start_call("result.one", Value::Null, Value::Null, Value::Null);
        peer.expect(json!([50, id, {}, [42]]));
        let id = peer.start_call("no.such.procedure", Value::Null, Value::Null, Value::Null);
        let error = peer.receive();
        assert_eq!(
            (&error[2], &error[3], &error[4]),
            (&json!(id), &json!({}), &json!("wamp.error.no_such_procedure"))
        );
        peer.leave();
    }
    let mut peer = RawPeer::connect(server.url(), Subprotocol::CBOR);
    peer.send(json!([1, "no.such.realm", { "roles": roles() }]));
    peer.expect(json!([3, "$dict", "wamp.error.no_such_realm"]));
    // The smallest message there is, byte for byte: nothing is in place of what is empty.
    let mut peer = joined(&server);
    peer.send(json!([48, 1, {}, "result.nothing"]));
    let raw = peer.next_raw(serverwamp_conformance::DEADLINE).expect("an answer");
    assert_eq!(Serializer::Json.decode(&raw.into_data()), Ok(json!([50, 1, {}])));
}
