//! The guide for those who come from Python's serverwamp: its Rust does what it says.

use crate::from_python_program::application;
use crate::{blocks, document};
use serde_json::{Value, json};
use serverwamp::Server;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, Subprotocol, difference};

const GUIDE: &str = "docs/from-python-serverwamp.md";

/// Serves the guide's program on smol, at a port of its own, as long as the process lives.
fn serve(with_default_realm: bool) -> String {
    let app = application(with_default_realm).expect("the guide's program is put together rightly");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/ws", listener.local_addr().expect("it is bound"));
    let listener = smol::net::TcpListener::from(smol::Async::new(listener).expect("a socket"));
    std::thread::spawn(move || {
        smol::block_on(Server::new(app).serve(listener, std::future::pending::<()>()))
    });
    url
}

fn joined(url: &str, realm: &str) -> RawPeer {
    RawPeer::joined(url, Subprotocol::JSON, realm)
}

#[track_caller]
fn expect(peer: &mut RawPeer, procedure: &str, args: Value, expected: &Value) {
    let answer = peer.call(procedure, args, Value::Null, Value::Null);
    let found = difference(expected, &answer);
    assert!(found.is_empty(), "{procedure}: {found:?}");
}

fn refused(url: &str, realm: &str, reason: &str) {
    let mut peer = RawPeer::connect(url, Subprotocol::JSON);
    peer.send(json!([1, realm, { "roles": { "caller": {} } }]));
    peer.expect(json!([3, "$dict", reason]));
}

#[test]
fn every_block_of_rust_in_the_guide_is_compiled_and_served() {
    let program = include_str!("from_python_program.rs");
    let guide = document(GUIDE);
    let rust = blocks(&guide, "```rust");
    assert!(rust.len() >= 8, "the guide shows Rust");
    for block in rust {
        assert!(
            program.contains(&block),
            "this is in {GUIDE} and not in the program that is tested:\n{block}"
        );
    }
    assert!(blocks(&guide, "```python").len() >= 8, "the guide shows the Python beside it");
}

#[test]
fn each_realm_lets_in_whom_the_guide_says() {
    let url = serve(false);
    joined(&url, "guests");
    for realm in ["customers", "admins", "questions"] {
        refused(&url, realm, "$contains:wamp.error.");
    }
    refused(&url, "elsewhere", "wamp.error.no_such_realm");
    let customer = Connect::to(&url).subprotocol(Subprotocol::JSON).header("Cookie", "customer=7");
    let mut customer = customer.open().expect("a page of the shop");
    customer.join("customers");
    expect(&mut customer, "my_number", json!([]), &json!([50, "$id", {}, [7]]));
    let mut admin = RawPeer::connect(&url, Subprotocol::JSON);
    admin.join_with_ticket("admins", "root", "a long secret");
    joined(&serve(true), "elsewhere");
}

#[test]
fn a_dialogue_decides_who_is_let_in() {
    let url = serve(false);
    for (answer, welcome) in [("blue", true), ("red", false)] {
        let mut peer = RawPeer::connect(&url, Subprotocol::JSON);
        let hello = json!({ "roles": { "caller": {} }, "authid": "arthur", "authmethods": ["questions"] });
        peer.send(json!([1, "questions", hello]));
        peer.expect(json!([4, "questions", { "question": "colour" }]));
        peer.send(json!([5, answer, {}]));
        let expected = if welcome { json!([2, "$id", "$dict"]) } else { json!([3, "$dict", "$string"]) };
        peer.expect(expected);
    }
}

#[test]
fn a_session_is_counted_as_long_as_it_lasts_and_keeps_what_it_is_given() {
    let url = serve(false);
    let mut admin = RawPeer::connect(&url, Subprotocol::JSON);
    admin.join_with_ticket("admins", "root", "a long secret");
    expect(&mut admin, "sessions.active", json!([]), &json!([50, "$id", {}, [0]]));
    let customer = Connect::to(&url).subprotocol(Subprotocol::JSON).header("Cookie", "customer=7");
    let mut customer = customer.open().expect("a page of the shop");
    customer.join("customers");
    expect(&mut customer, "my_name", json!([]), &json!([8, 48, "$id", {}, "$string", "$list"]));
    expect(&mut customer, "set_my_name", json!(["Jeff"]), &json!([50, "$id", {}]));
    expect(&mut customer, "my_name", json!([]), &json!([50, "$id", {}, ["Jeff"]]));
    expect(&mut admin, "sessions.active", json!([]), &json!([50, "$id", {}, [1]]));
    customer.leave();
    // The handler goes on behind GOODBYE, on a task of its own.
    let left = std::time::Instant::now();
    while admin.call("sessions.active", json!([]), Value::Null, Value::Null)[3] != json!([0]) {
        assert!(left.elapsed() < DEADLINE, "the session that has left is counted still");
    }
}

#[test]
fn lists_and_maps_are_one_positional_result_unless_they_are_said_to_be_more() {
    let mut guest = joined(&serve(false), "guests");
    let three = json!(["Peanut Butter", "Jelly", "Bread"]);
    expect(&mut guest, "snacks", json!([]), &json!([50, "$id", {}, three]));
    expect(&mut guest, "a_list", json!([]), &json!([50, "$id", {}, [three]]));
    expect(&mut guest, "a_map", json!([]), &json!([50, "$id", {}, [{ "gregorian": 2020 }]]));
    expect(&mut guest, "year", json!([]), &json!([50, "$id", {}, [], { "gregorian": 2020, "zodiac": "鼠" }]));
}

#[test]
fn a_text_is_no_number() {
    let mut guest = joined(&serve(false), "guests");
    for args in [json!(["2"]), json!([2.5]), json!([true]), json!([])] {
        expect(
            &mut guest,
            "count",
            args,
            &json!([8, 48, "$id", {}, "wamp.error.invalid_argument", ["$string"]]),
        );
    }
    expect(&mut guest, "count", json!([2]), &json!([50, "$id", {}, ["1 2 "]]));
    expect(&mut guest, "count", json!([1, "!"]), &json!([50, "$id", {}, ["1! "]]));
}

#[test]
fn progress_goes_to_callers_that_ask_for_it() {
    let mut guest = joined(&serve(false), "guests");
    expect(&mut guest, "add_stuff", json!([1, 2]), &json!([50, "$id", {}, [3.0]]));
    let (progress, last) = guest.call_with_progress("add_stuff", json!([1, 2]), Value::Null);
    assert_eq!(progress.len(), 2, "{progress:?}");
    assert_eq!(last[3], json!([3.0]));
    expect(
        &mut guest,
        "add_stuff",
        json!([1, "x"]),
        &json!([8, 48, "$id", {}, "wamp.error.invalid_argument", ["$string"]]),
    );
}

#[test]
fn a_service_takes_every_call_of_its_realm() {
    let mut peer = joined(&serve(false), "custom");
    expect(&mut peer, "add_stuff", json!([1, 2]), &json!([50, "$id", {}, [3.0]]));
    expect(
        &mut peer,
        "add_stuff",
        json!(["x"]),
        &json!([8, 48, "$id", {}, "wamp.error.invalid_argument", ["Numbers only!"]]),
    );
    expect(&mut peer, "anything", json!([]), &json!([8, 48, "$id", {}, "myapp.custom_error"]));
}

#[test]
fn a_subscription_handler_sends_its_first_event_behind_subscribed() {
    let mut guest = joined(&serve(false), "guests");
    let subscription = guest.subscribe("updates", Value::Null);
    let event = guest.event(subscription, DEADLINE);
    assert_eq!(event[4], json!(["welcome"]), "{event}");
    guest.unsubscribe(subscription);
}
