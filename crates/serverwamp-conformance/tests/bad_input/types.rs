//! Messages that are well-formed and wrong: an element of each type in each place, and every code there is.

use serde_json::{Value, json};
use serverwamp_conformance::harness::{Scene, refused};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// Every message a client may send in a session, with all its elements.
fn messages() -> Vec<Vec<Value>> {
    let all = json!([
        [16, 1, {}, "a.b", [1], { "k": 1 }],
        [32, 1, {}, "a.b"],
        [34, 1, 1],
        [48, 1, {}, "result.one", [1], { "k": 1 }],
        [49, 1, {}],
        [64, 1, {}, "a.b"],
        [66, 1, 1],
        [70, 1, {}, [1], { "k": 1 }],
        [8, 68, 1, {}, "a.b", [1], { "k": 1 }],
        [6, {}, "wamp.close.close_realm"],
        [3, {}, "com.x.abort", [1], { "k": 1 }],
    ]);
    all.as_array()
        .expect("a list")
        .iter()
        .map(|message| message.as_array().expect("a list").clone())
        .collect()
}

/// One value of each type.
fn values() -> [Value; 8] {
    [json!(null), json!(true), json!(7), json!(-7), json!(1.5), json!("text"), json!([1]), json!({ "k": 1 })]
}

/// Returns whether a value of this type may stand where the other one stands.
fn fits(value: &Value, place: &Value, is_payload: bool) -> bool {
    match place {
        Value::Number(_) => value.is_u64(),
        Value::String(_) => value.is_string(),
        Value::Array(_) => value.is_array() || value.is_null(),
        Value::Object(_) => value.is_object() || is_payload && value.is_null(),
        _ => false,
    }
}

#[test]
fn an_element_of_another_type_is_refused_in_every_place_of_every_message() {
    let mut scene = Scene::new();
    let mut tried = 0;
    for subprotocol in Subprotocol::PLAIN {
        for message in messages() {
            for place in 1..message.len() {
                let is_payload = place >= 4 && message[place].is_object();
                for value in values().iter().filter(|value| !fits(value, &message[place], is_payload)) {
                    let mut bad = message.clone();
                    bad[place] = value.clone();
                    // A keyword dict that is no dict, behind arguments, is wrong as well; nothing else is changed.
                    let mut peer = scene.joined(subprotocol);
                    let frame = subprotocol.encode(&[Value::Array(bad)]);
                    assert_eq!(refused(&mut peer, frame), Some(1002));
                    tried += 1;
                }
            }
        }
        scene.neighbour_is_served();
    }
    assert!(tried > 700, "only {tried} messages were tried");
    scene.unharmed();
}

#[test]
fn hello_and_authenticate_of_other_types_are_refused() {
    let mut scene = Scene::new();
    let roles = json!({ "caller": {} });
    let mut bad = Vec::new();
    for value in values() {
        if !value.is_object() {
            bad.push(json!([1, "realm1", value]));
            bad.push(json!([1, "realm1", { "roles": value }]));
            bad.push(json!([1, "realm1", { "roles": { "caller": value } }]));
        }
        if !value.is_string() && !value.is_null() {
            bad.push(json!([1, value, { "roles": roles }]));
            bad.push(json!([1, "realm1", { "roles": roles, "agent": value }]));
            bad.push(json!([1, "realm1", { "roles": roles, "authid": value }]));
            bad.push(json!([1, "realm1", { "roles": roles, "authmethods": [value] }]));
        }
        if !value.is_array() && !value.is_null() {
            bad.push(json!([1, "realm1", { "roles": roles, "authmethods": value }]));
        }
        if !value.is_object() && !value.is_null() {
            bad.push(json!([1, "realm1", { "roles": roles, "authextra": value }]));
        }
    }
    for subprotocol in Subprotocol::PLAIN {
        for message in &bad {
            let mut peer = RawPeer::connect(scene.url(), subprotocol);
            refused(&mut peer, subprotocol.encode(std::slice::from_ref(message)));
        }
        for answer in
            [json!([5]), json!([5, 7, {}]), json!([5, null, {}]), json!([5, "x", []]), json!([5, "x", {}, 1])]
        {
            let mut peer = RawPeer::connect(scene.url(), subprotocol);
            peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
            refused(&mut peer, subprotocol.encode(&[answer]));
        }
    }
    scene.unharmed();
}

#[test]
fn every_code_that_no_client_may_send_is_refused() {
    let mut scene = Scene::new();
    let allowed = [3, 6, 16, 32, 34, 48, 49, 64, 66];
    for code in (0..=300).chain([337, 1023, 1024, 65_535, 1 << 31, 1 << 32, (1 << 32) + 48, u64::MAX]) {
        if allowed.contains(&code) {
            continue;
        }
        let subprotocol = Subprotocol::PLAIN[usize::try_from(code % 3).expect("below 3")];
        let message = json!([code, 1, {}, "result.one"]);
        refused(&mut scene.joined(subprotocol), subprotocol.encode(std::slice::from_ref(&message)));
        if code != 1 {
            let mut stranger = RawPeer::connect(scene.url(), subprotocol);
            refused(&mut stranger, subprotocol.encode(&[message]));
        }
    }
    scene.unharmed();
}
