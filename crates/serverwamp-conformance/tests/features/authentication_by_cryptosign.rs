//! Authentication by WAMP-cryptosign, and everything that can be wrong.

use serde_json::{Value, json};
use serverwamp_conformance::cryptosign::{is_signed, public_key, sign};
use serverwamp_conformance::{RawPeer, Subprotocol};

use crate::authentication::{DENIED, connect};
use serverwamp_conformance::harness::{assert_like, server};

/// HELLO with a key, and more in `authextra`.
fn details(number: u8, authid: Option<&str>, more: Value) -> Value {
    let mut authextra = json!({ "pubkey": public_key(number) });
    for (key, value) in more.as_object().into_iter().flatten() {
        authextra[key] = value.clone();
    }
    let mut details = json!({ "authmethods": ["cryptosign"], "authextra": authextra });
    if let Some(authid) = authid {
        details["authid"] = authid.into();
    }
    details
}

fn text(challenge: &Value) -> &str {
    challenge[2]["challenge"].as_str().expect("a challenge")
}

#[track_caller]
fn refused(peer: &mut RawPeer, answer: &Value) {
    assert_eq!(*answer, json!([3, { "message": "authentication denied" }, DENIED]));
    peer.expect_closed();
}

// CSG-01, CSG-02, CSG-03, CSG-05, CSG-06, CSG-17, AUTH-07
#[test]
fn csg_01_csg_03_csg_05_csg_06_csg_17_who_has_the_key_gets_in_with_its_owners_authid() {
    let server = server();
    let mut challenges = Vec::new();
    for subprotocol in Subprotocol::PLAIN {
        for (number, authid, assigned) in
            [(1, None, "joe"), (1, Some("joe"), "joe"), (1, Some(""), "joe"), (2, Some("ann"), "ann")]
        {
            let mut peer = RawPeer::connect(server.url(), subprotocol);
            let challenge = peer.hello("proofs", details(number, authid, json!({})));
            assert_like(
                &json!([4, "cryptosign", { "challenge": "$string", "channel_binding": null }]),
                &challenge,
            );
            assert_eq!(text(&challenge).len(), 64);
            assert!(text(&challenge).bytes().all(|digit| digit.is_ascii_hexdigit()));
            challenges.push(text(&challenge).to_owned());
            peer.send(json!([5, sign(number, text(&challenge), None), {}]));
            let welcome = peer.receive();
            peer.welcomed(&welcome);
            let expected = json!({ "$has": {
                "authid": assigned, "authrole": "device", "authmethod": "cryptosign", "authprovider": "fixture"
            } });
            assert_like(&expected, &welcome[2]);
        }
    }
    let count = challenges.len();
    challenges.sort();
    challenges.dedup();
    assert_eq!(challenges.len(), count, "a challenge came twice");
}

// CSG-04, AUTH-10
#[test]
fn csg_04_a_key_of_nobody_and_one_of_somebody_else_end_as_a_wrong_signature_does() {
    let server = server();
    let talk = |number: u8, signs: u8, authid: Option<&str>| {
        let mut peer = connect(&server);
        let challenge = peer.hello("proofs", details(number, authid, json!({})));
        assert_like(
            &json!([4, "cryptosign", { "challenge": "$string", "channel_binding": null }]),
            &challenge,
        );
        peer.send(json!([5, sign(signs, text(&challenge), None), {}]));
        let answer = peer.receive();
        refused(&mut peer, &answer);
    };
    talk(4, 4, None);
    talk(4, 4, Some("joe"));
    talk(1, 1, Some("ann"));
    talk(2, 2, Some("joe"));
    talk(2, 2, None);
    talk(1, 2, Some("joe"));
}

// CSG-02, CSG-09
#[test]
fn csg_02_csg_09_malformed_extras_are_aborted() {
    let server = server();
    let right = public_key(1);
    for more in [
        json!({ "pubkey": null }),
        json!({ "pubkey": 5 }),
        json!({ "pubkey": "" }),
        json!({ "pubkey": right[2..] }),
        json!({ "pubkey": format!("{right}00") }),
        json!({ "pubkey": "g".repeat(64) }),
        json!({ "pubkey": "0".repeat(64) }),
        json!({ "pubkey": format!("02{}", "0".repeat(62)) }),
        json!({ "channel_binding": "foo" }),
        json!({ "channel_binding": "" }),
        json!({ "channel_binding": 1 }),
        json!({ "challenge": "ab" }),
        json!({ "challenge": "g".repeat(64) }),
        json!({ "challenge": [] }),
    ] {
        let mut peer = connect(&server);
        let answer = peer.hello("proofs", details(1, Some("joe"), more));
        refused(&mut peer, &answer);
    }
    let mut peer = connect(&server);
    let answer = peer.hello("proofs", json!({ "authmethods": ["cryptosign"], "authid": "joe" }));
    refused(&mut peer, &answer);
}

// CSG-07, CSG-08, AUTH-18
#[test]
fn csg_07_csg_08_only_the_signature_of_this_challenge_with_this_key_counts() {
    let server = server();
    let old = {
        let mut peer = connect(&server);
        let challenge = peer.hello("proofs", details(1, None, json!({})));
        let signature = sign(1, text(&challenge), None);
        peer.send(json!([5, signature, {}]));
        assert_eq!(peer.receive()[0], 2);
        signature
    };
    let wrong: [&dyn Fn(&str) -> String; 11] = [
        &|_| String::new(),
        &|_| "!!!".to_owned(),
        &|_| old.clone(),
        &|_| sign(1, &"00".repeat(32), None),
        // The message of this challenge behind the signature of another one.
        &|challenge| old[..128].to_owned() + challenge,
        &|challenge| sign(2, challenge, None),
        &|challenge| sign(1, challenge, None)[..128].to_owned(),
        &|challenge| sign(1, challenge, None)[..190].to_owned(),
        &|challenge| sign(1, challenge, None) + "00",
        &|challenge| sign(1, challenge, None).replace(['a', '0'], "g"),
        &|challenge| sign(1, challenge, Some([1; 32])),
    ];
    for sign in wrong {
        let mut peer = connect(&server);
        let challenge = peer.hello("proofs", details(1, None, json!({})));
        peer.send(json!([5, sign(text(&challenge)), {}]));
        let answer = peer.receive();
        refused(&mut peer, &answer);
    }
    let mut peer = connect(&server);
    let challenge = peer.hello("proofs", details(1, None, json!({ "pubkey": public_key(1).to_uppercase() })));
    peer.send(json!([5, sign(1, text(&challenge), None).to_uppercase(), {}]));
    assert_eq!(peer.receive()[0], 2, "hex is hex in any case");
}

// CSG-11, CSG-12
#[test]
fn csg_11_csg_12_without_tls_the_exchange_goes_on_without_a_binding_and_challenge_says_so() {
    let server = server();
    for binding in ["tls-unique", "tls-exporter"] {
        let mut peer = connect(&server);
        let challenge = peer.hello("proofs", details(1, None, json!({ "channel_binding": binding })));
        assert_eq!(challenge[2]["channel_binding"], Value::Null);
        peer.send(json!([5, sign(1, text(&challenge), None), {}]));
        assert_eq!(peer.receive()[0], 2);
        // Unless the realm demands one.
        let mut peer = connect(&server);
        let answer = peer.hello("bound", details(1, None, json!({ "channel_binding": binding })));
        refused(&mut peer, &answer);
    }
    let mut peer = connect(&server);
    let answer = peer.hello("bound", details(1, None, json!({})));
    refused(&mut peer, &answer);
}

// CSG-13, CSG-14
#[test]
fn csg_13_csg_14_the_router_signs_what_the_client_sends_if_it_has_a_key() {
    let server = server();
    let theirs = "1f".repeat(32);
    for (realm, more) in [
        ("proofs", json!({ "challenge": theirs })),
        ("proofs", json!({ "challenge": theirs.to_uppercase() })),
        ("proofs", json!({ "challenge": null })),
        ("unix", json!({ "challenge": theirs })),
    ] {
        let mut peer = connect(&server);
        let challenge = peer.hello(realm, details(1, None, more.clone()));
        let extra = &challenge[2];
        if realm == "proofs" && !more["challenge"].is_null() {
            assert_eq!(extra["pubkey"], public_key(9));
            let signature = extra["signature"].as_str().expect("a signature");
            assert!(is_signed(&public_key(9), signature, &theirs, None), "{extra}");
        } else {
            assert!(extra.get("signature").is_none() && extra.get("pubkey").is_none(), "{extra}");
        }
        peer.send(json!([5, sign(1, text(&challenge), None), {}]));
        assert_eq!(peer.receive()[0], 2);
    }
}

// CSG-15, CSG-16
#[test]
fn csg_15_csg_16_trustroots_certificates_and_attestation_change_nothing() {
    let server = server();
    let mut peer = connect(&server);
    let more = json!({
        "trustroot": "0x72b3486d38E9f49215b487CeAaDF27D6acf22115", "certificates": [[1, {}, "x"]], "attest": [0]
    });
    let challenge = peer.hello("proofs", details(1, None, more));
    assert!(challenge[2].get("attest").is_none());
    peer.send(json!([5, sign(1, text(&challenge), None), { "quote": "x", "measurement": {} }]));
    assert_eq!(peer.receive()[0], 2);
}

// AUTH-09
#[test]
fn auth_09_a_crash_of_the_handler_of_keys_is_a_failed_authentication() {
    let server = server();
    let answer = connect(&server).hello("proofs", details(3, None, json!({})));
    assert_eq!(answer[2], "wamp.error.authentication_failed");
}
