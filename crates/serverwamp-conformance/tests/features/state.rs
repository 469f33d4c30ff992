//! State: every kind of handler gets it. That a missing one does not compile is tested beside the library.

use serde_json::{Value, json};
use serverwamp_conformance::auth::sign_cra;
use serverwamp_conformance::{Connect, RawPeer, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_error, server, value};

/// Joins `stateful` in the way `act` does, and requires that the handlers on the way had the state.
#[track_caller]
fn joined(method: &str, kind: &str, act: impl FnOnce(&mut RawPeer) -> Value) -> RawPeer {
    let server = server();
    let mut connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    if method == "cookie" {
        connect = connect.header("Cookie", "sid=joe");
    }
    let mut peer = connect.open().expect("the server accepts");
    let welcome = act(&mut peer);
    peer.welcomed(&welcome);
    assert_eq!(welcome[2]["authmethod"], method);
    let expected = ["on_connect has the state", &format!("{kind} has the state"), "on_join has the state"];
    assert_eq!(value(&mut peer, "whole", NONE), json!(expected));
    assert_eq!(value(&mut peer, "part", NONE), json!(expected));
    let subscription = peer.subscribe("topic", NONE);
    assert_eq!(value(&mut peer, "part", NONE)[3], "topic has the state");
    peer.unsubscribe(subscription);
    // What a caller sends does not take the state's place.
    let answer = peer.call("whole", json!([["forged"]]), json!({ "state": ["forged"] }), NONE);
    assert_eq!(answer[3][0][0], "on_connect has the state");
    peer
}

#[test]
fn a_transport_authenticator_has_the_state() {
    joined("cookie", "transport", |peer| peer.hello("stateful", json!({})));
}

#[test]
fn a_ticket_authenticator_has_the_state() {
    joined("ticket", "ticket", |peer| peer.join_with_ticket("stateful", "joe", "secret!!!"));
}

#[test]
fn a_cra_authenticator_has_the_state() {
    joined("wampcra", "wampcra", |peer| {
        let challenge = peer.hello("stateful", json!({ "authmethods": ["wampcra"], "authid": "joe" }));
        peer.send(json!([5, sign_cra("secret1", &challenge[2]), {}]));
        peer.receive()
    });
}

#[test]
fn a_custom_authenticator_has_the_state() {
    joined("asking", "custom", |peer| {
        let challenge = peer.hello("stateful", json!({ "authmethods": ["asking"] }));
        assert_eq!(challenge, json!([4, "asking", { "question": "colour" }]));
        peer.send(json!([5, "blue", {}]));
        peer.receive()
    });
}

#[test]
fn all_realms_share_one_state() {
    let server = server();
    let mut one = RawPeer::joined(server.url(), Subprotocol::JSON, "lively");
    let mut other = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    value(&mut one, "life.entries", NONE);
    let entries = value(&mut other, "life.entries", NONE);
    assert!(entries.as_array().is_some_and(|entries| entries.contains(&json!("join before"))), "{entries}");
    assert_error(&other.call("whole", NONE, NONE, NONE), "wamp.error.no_such_procedure", &[]);
}
