//! Authentication by WAMP-CRA, plain and salted.

use serde_json::{Value, json};
use serverwamp_conformance::auth::sign_cra;
use serverwamp_conformance::{RawPeer, Subprotocol};

use crate::authentication::{DENIED, connect, conversation};
use serverwamp_conformance::harness::{NONE, assert_like, server, value};

// AUTH-10
#[test]
fn an_unknown_authid_and_a_wrong_signature_look_the_same() {
    let server = server();
    let talk = |realm: &str, authid: &str| {
        let details = json!({ "authmethods": ["wampcra"], "authid": authid });
        conversation(connect(&server), realm, details, &|challenge| sign_cra("wrong", &challenge[2]))
    };
    assert_eq!(talk("secure", "peter"), talk("secure", "nobod"));
    // Where users have salts, a user who does not exist has one too, and always the same.
    let (known, unknown) = (talk("salted", "anna"), talk("salted", "nemo"));
    assert_eq!(unknown, talk("salted", "nemo"));
    let extra = |seen: &[Value]| seen[0][2].clone();
    assert_ne!(extra(&known)["salt"], extra(&unknown)["salt"]);
    assert_ne!(extra(&talk("salted", "memo"))["salt"], extra(&unknown)["salt"]);
    let without_salt = |mut seen: Vec<Value>| {
        assert!(seen[0][2]["salt"].as_str().is_some_and(|salt| !salt.is_empty()));
        seen[0][2]["salt"] = NONE;
        seen
    };
    assert_eq!(without_salt(known), without_salt(unknown));
}

// AUTH-03, CRA-11
#[test]
fn a_wrong_signature_is_denied() {
    let server = server();
    let wrong: [&dyn Fn(&Value) -> String; 6] = [
        &|_| String::new(),
        &|_| "!!!".to_owned(),
        &|_| "c2lnbmF0dXJl".to_owned(),
        &|extra| sign_cra("secret2", extra),
        &|extra| sign_cra("secret1", extra) + "=",
        &|extra| sign_cra("secret1", extra).to_lowercase(),
    ];
    for sign in wrong {
        let mut peer = connect(&server);
        let challenge = peer.hello("secure", json!({ "authmethods": ["wampcra"], "authid": "peter" }));
        peer.send(json!([5, sign(&challenge[2]), {}]));
        assert_eq!(peer.receive(), json!([3, { "message": "authentication denied" }, DENIED]));
        peer.expect_closed();
    }
}

// AUTH-03, CRA-02, CRA-03, CRA-04, CRA-05, CRA-06, CRA-10
#[test]
fn a_signature_with_the_secret_gets_in() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let challenge = peer.hello("secure", json!({ "authmethods": ["wampcra"], "authid": "peter" }));
        assert_like(&json!([4, "wampcra", { "challenge": "$string" }]), &challenge);
        let text = challenge[2]["challenge"].as_str().unwrap_or_default();
        let inner: Value = serde_json::from_str(text).expect("a challenge is JSON");
        let expected = json!({
            "authid": "peter", "authrole": "$string", "authmethod": "wampcra", "authprovider": "$string",
            "nonce": "$string", "timestamp": "$contains:T", "session": "$id"
        });
        assert_like(&expected, &inner);
        peer.send(json!([5, sign_cra("secret1", &challenge[2]), {}]));
        let welcome = peer.receive();
        assert_eq!(peer.welcomed(&welcome), inner["session"].as_u64().unwrap_or(0));
        let expected = json!({ "$has": {
            "authid": "peter", "authrole": "customer", "authmethod": "wampcra", "authprovider": "fixture"
        } });
        assert_like(&expected, &welcome[2]);
        assert_eq!(value(&mut peer, "identity.level", NONE), 4);
    }
}

// CRA-02, CRA-07, CRA-08, CRA-12
#[test]
fn a_signature_with_a_salted_secret_gets_in() {
    let server = server();
    for (realm, salt, iterations, keylen, level) in
        [("secure", "salt123", 1000, 32, 4), ("salted", "a salt of anna", 100, 16, 7)]
    {
        let mut peer = connect(&server);
        let challenge = peer.hello(realm, json!({ "authmethods": ["wampcra"], "authid": "anna" }));
        let expected =
            json!({ "challenge": "$string", "salt": salt, "iterations": iterations, "keylen": keylen });
        assert_like(&json!([4, "wampcra", expected]), &challenge);
        peer.send(json!([5, sign_cra("secret1", &challenge[2]), {}]));
        let welcome = peer.receive();
        peer.welcomed(&welcome);
        assert_eq!(value(&mut peer, "identity.level", NONE), level);
        // The password itself does not sign.
        let mut peer = connect(&server);
        let challenge = peer.hello(realm, json!({ "authmethods": ["wampcra"], "authid": "anna" }));
        let unsalted = json!({ "challenge": challenge[2]["challenge"] });
        peer.send(json!([5, sign_cra("secret1", &unsalted), {}]));
        assert_eq!(peer.receive()[2], DENIED);
    }
}

// CRA-09
#[test]
fn an_answer_to_an_old_challenge_is_worth_nothing() {
    let server = server();
    let hello = || json!({ "authmethods": ["wampcra"], "authid": "peter" });
    let mut peer = connect(&server);
    let challenge = peer.hello("secure", hello());
    let signature = sign_cra("secret1", &challenge[2]);
    peer.send(json!([5, signature, {}]));
    assert_eq!(peer.receive()[0], 2);
    peer.leave();
    // Neither on the same transport nor on another.
    peer.hello("secure", hello());
    peer.send(json!([5, signature, {}]));
    assert_eq!(peer.receive()[2], DENIED);
    let mut other = connect(&server);
    let again = other.hello("secure", hello());
    assert_ne!(again[2], challenge[2]);
    other.send(json!([5, signature, {}]));
    assert_eq!(other.receive()[2], DENIED);
}
