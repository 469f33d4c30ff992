//! Authentication by WAMP-SCRAM: both dialects, both key derivations, and everything that can be wrong.

use serde_json::{Value, json};
use serverwamp_conformance::scram::{NONCE, ScramUser};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

use crate::authentication::{DENIED, connect};
use serverwamp_conformance::harness::{assert_like, server};

fn details(method: &str, authid: &str) -> Value {
    json!({ "authmethods": [method], "authid": authid, "authextra": { "nonce": NONCE } })
}

/// A change of `Signature` and `Extra` in AUTHENTICATE.
type Change<'c> = &'c dyn Fn(&mut String, &mut Value);

/// HELLO, to which the answer is a CHALLENGE.
#[track_caller]
fn challenged(peer: &mut RawPeer, method: &str, authid: &str) -> Value {
    let challenge = peer.hello("proofs", details(method, authid));
    assert_eq!((&challenge[0], &challenge[1]), (&json!(4), &json!(method)), "{challenge}");
    challenge[2].clone()
}

/// The whole of ABORT, and the end of the connection.
#[track_caller]
fn refused(peer: &mut RawPeer, answer: &Value, scram: &str) {
    assert_eq!(*answer, json!([3, { "message": "authentication denied", "scram": scram }, DENIED]));
    peer.expect_closed();
}

// SCR-01, SCR-05, SCR-11, SCR-14, SCR-18, AUTH-07
#[test]
fn scr_01_scr_11_scr_14_who_knows_the_password_gets_in_by_both_names_and_both_key_derivations() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        for (method, authid, kdf, memory) in [
            ("wamp-scram", "user", "pbkdf2", Value::Null),
            ("wamp-scram", "anna", "argon2id13", json!(64)),
            ("scram", "user", "pbkdf2", Value::Null),
            ("scram", "anna", "argon2id-13", json!(64)),
        ] {
            let mut peer = RawPeer::connect(server.url(), subprotocol);
            let challenge = challenged(&mut peer, method, authid);
            let text = challenge["nonce"].as_str().expect("a nonce");
            assert!(text.len() > NONCE.len() + 20 && text.starts_with(NONCE), "{text}");
            let expected = json!({ "nonce": "$string", "salt": "$string", "kdf": kdf, "iterations": "$int" });
            let mut expected = expected;
            // Autobahn takes no null.
            if method == "wamp-scram" || !memory.is_null() {
                expected["memory"] = memory;
            }
            assert_like(&expected, &challenge);
            let user = ScramUser { autobahn: method == "scram", ..ScramUser::new(authid, "pencil") };
            let answer = user.answer(&challenge);
            peer.send(json!([5, answer.signature, answer.extra]));
            let welcome = peer.receive();
            peer.welcomed(&welcome);
            let mut authextra = json!({ "verifier": answer.verifier });
            if method == "scram" {
                authextra["scram_server_signature"] = answer.verifier.into();
            }
            let expected = json!({ "$has": {
                "authid": authid, "authrole": "customer", "authmethod": method, "authprovider": "fixture",
                "authextra": authextra
            } });
            assert_like(&expected, &welcome[2]);
        }
    }
}

// SCR-01
#[test]
fn scr_01_a_client_of_the_specification_may_use_the_other_name() {
    let server = server();
    let mut peer = connect(&server);
    let challenge = challenged(&mut peer, "scram", "user");
    let answer = ScramUser::new("user", "pencil").answer(&challenge);
    peer.send(json!([5, answer.signature, answer.extra]));
    assert_eq!(peer.receive()[0], 2);
    // The other way round, what is signed says less than the specification demands.
    let mut peer = connect(&server);
    let challenge = challenged(&mut peer, "wamp-scram", "user");
    let user = ScramUser { autobahn: true, ..ScramUser::new("user", "pencil") };
    peer.send(json!([5, user.answer(&challenge).signature, { "nonce": challenge["nonce"] }]));
    let answer = peer.receive();
    refused(&mut peer, &answer, "invalid-proof");
}

// SCR-09, SCR-13
#[test]
fn scr_09_scr_13_names_are_prepared_and_escaped() {
    let server = server();
    for (sent, prepared) in
        [("a=,b", "a=,b"), ("us\u{ad}er", "user"), ("a\u{a0}b", "a b"), ("\u{ff55}ser", "user")]
    {
        let mut peer = connect(&server);
        let challenge = challenged(&mut peer, "wamp-scram", sent);
        let answer = ScramUser::new(prepared, "pencil").answer(&challenge);
        peer.send(json!([5, answer.signature, answer.extra]));
        let welcome = peer.receive();
        assert_eq!(welcome[2]["authid"], prepared, "{sent:?}: {welcome}");
    }
    for prohibited in ["", "\u{7}", "\u{627}1"] {
        let mut peer = connect(&server);
        let answer = peer.hello("proofs", details("wamp-scram", prohibited));
        refused(&mut peer, &answer, "invalid-username-encoding");
    }
}

// SCR-02, SCR-03, SCR-15, SCR-16, AUTH-12
#[test]
fn scr_02_scr_03_scr_15_scr_16_malformed_hellos_are_aborted() {
    let server = server();
    let without_authid = json!({ "authmethods": ["wamp-scram"], "authextra": { "nonce": NONCE } });
    let mut peer = connect(&server);
    let answer = peer.hello("proofs", without_authid);
    assert_eq!(answer, json!([3, { "message": "authentication denied" }, DENIED]));
    for (authextra, scram) in [
        (json!({}), "invalid-encoding"),
        (json!({ "nonce": null }), "invalid-encoding"),
        (json!({ "nonce": 5 }), "invalid-encoding"),
        (json!({ "nonce": "" }), "invalid-encoding"),
        (json!({ "nonce": "!!!" }), "invalid-encoding"),
        (json!({ "nonce": NONCE.trim_end_matches('=') }), "invalid-encoding"),
        (json!({ "nonce": format!("{NONCE}\n") }), "invalid-encoding"),
        (json!({ "nonce": "A".repeat(260) }), "invalid-encoding"),
        (json!({ "nonce": NONCE, "channel_binding": 1 }), "invalid-encoding"),
        (json!({ "nonce": NONCE, "channel_binding": "" }), "unsupported-channel-binding-type"),
        (json!({ "nonce": NONCE, "channel_binding": "foo" }), "unsupported-channel-binding-type"),
        (json!({ "nonce": NONCE, "channel_binding": "tls-unique" }), "unsupported-channel-binding-type"),
        (
            json!({ "nonce": NONCE, "channel_binding": "tls-server-end-point" }),
            "unsupported-channel-binding-type",
        ),
        // There is no TLS.
        (json!({ "nonce": NONCE, "channel_binding": "tls-exporter" }), "unsupported-channel-binding-type"),
    ] {
        for authid in ["user", "nobody"] {
            let mut peer = connect(&server);
            let details = json!({ "authmethods": ["wamp-scram"], "authid": authid, "authextra": authextra });
            let answer = peer.hello("proofs", details);
            refused(&mut peer, &answer, scram);
        }
    }
    let mut peer = connect(&server);
    let answer = peer.hello("bound", details("wamp-scram", "user"));
    refused(&mut peer, &answer, "server-does-support-channel-binding");
}

// SCR-07, SCR-08, SCR-12, SCR-15, AUTH-08
#[test]
fn scr_07_scr_08_scr_12_whatever_is_wrong_in_authenticate_it_is_aborted() {
    let server = server();
    let changes: [(Change<'_>, &str); 10] = [
        (&|signature, _| signature.clear(), "invalid-encoding"),
        (&|signature, _| signature.push('\n'), "invalid-encoding"),
        (&|signature, _| signature.truncate(43), "invalid-encoding"),
        (&|signature, _| *signature = "A".repeat(43) + "=", "invalid-proof"),
        (&|_, extra| extra["nonce"] = json!(NONCE), "other-error"),
        (&|_, extra| extra["nonce"] = Value::Null, "invalid-encoding"),
        (&|_, extra| extra["cbind_data"] = json!(NONCE), "channel-bindings-dont-match"),
        (&|_, extra| extra["cbind_data"] = json!("?"), "invalid-encoding"),
        (&|_, extra| extra["channel_binding"] = json!("tls-exporter"), "channel-bindings-dont-match"),
        (&|_, extra| extra["channel_binding"] = json!([]), "invalid-encoding"),
    ];
    for (change, scram) in changes {
        for authid in ["user", "nobody"] {
            let mut peer = connect(&server);
            let challenge = challenged(&mut peer, "wamp-scram", authid);
            let mut answer = ScramUser::new(authid, "pencil").answer(&challenge);
            change(&mut answer.signature, &mut answer.extra);
            peer.send(json!([5, answer.signature, answer.extra]));
            let answer = peer.receive();
            refused(&mut peer, &answer, scram);
        }
    }
    let mut peer = connect(&server);
    let challenge = challenged(&mut peer, "wamp-scram", "user");
    let answer = ScramUser::new("user", "eraser").answer(&challenge);
    peer.send(json!([5, answer.signature, answer.extra]));
    let answer = peer.receive();
    refused(&mut peer, &answer, "invalid-proof");
}

// SCR-04, SCR-06, AUTH-10
#[test]
fn scr_04_scr_06_unknown_users_look_like_known_ones_and_their_salts_do_not_change() {
    let server = server();
    let challenge = |authid: &str| challenged(&mut connect(&server), "wamp-scram", authid);
    let form = |challenge: &Value| {
        let salt = challenge["salt"].as_str().map(str::len);
        (challenge["kdf"].clone(), challenge["iterations"].clone(), challenge["memory"].clone(), salt)
    };
    let known = [form(&challenge("user")), form(&challenge("anna"))];
    let mut met = Vec::new();
    for number in 0..12 {
        let authid = format!("nobody{number}");
        let (one, other) = (challenge(&authid), challenge(&authid));
        assert_eq!(one["salt"], other["salt"]);
        assert_eq!(form(&one), form(&other));
        assert_ne!(one["nonce"], other["nonce"]);
        assert!(known.contains(&form(&one)), "{one}");
        met.push(form(&one));
    }
    assert!(known.iter().all(|form| met.contains(form)), "each form is met: {met:?}");
    assert_ne!(challenge("user")["salt"], challenge("anna")["salt"]);
}

// AUTH-18
#[test]
fn auth_18_an_answer_to_an_old_scram_challenge_is_worth_nothing() {
    let server = server();
    let mut peer = connect(&server);
    let challenge = challenged(&mut peer, "wamp-scram", "user");
    let answer = ScramUser::new("user", "pencil").answer(&challenge);
    peer.send(json!([5, answer.signature, answer.extra]));
    assert_eq!(peer.receive()[0], 2);
    let mut other = connect(&server);
    challenged(&mut other, "wamp-scram", "user");
    other.send(json!([5, answer.signature, answer.extra]));
    let answer = other.receive();
    refused(&mut other, &answer, "other-error");
}

// AUTH-09
#[test]
fn auth_09_a_crash_of_the_handler_is_a_failed_authentication() {
    let server: ServerProcess = server();
    let answer = connect(&server).hello("proofs", details("wamp-scram", "crash"));
    assert_eq!(answer[2], "wamp.error.authentication_failed");
}
