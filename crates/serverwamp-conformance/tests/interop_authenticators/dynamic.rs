//! Procedures of Autobahn|Python decide, as they do for Crossbar.io.

use serde_json::{Value, json};
use serverwamp_conformance::cryptosign::{public_key, sign};
use serverwamp_conformance::harness::assert_like;
use serverwamp_conformance::scram::{NONCE, ScramUser};
use serverwamp_conformance::{Connect, ServerProcess, Subprotocol};

use super::workshop::Workshop;
use super::{DENIED, FAILED, connect, server, until};

#[test]
fn an_authenticator_for_crossbar_decides() {
    let Some(workshop) = Workshop::open() else { return };
    let server = server(&[]);
    // Nobody is there yet.
    let abort = connect(&server).join_with_ticket("dynamic", "joe", "secret!!!");
    assert_eq!(abort[2], FAILED);
    let mut script = workshop.script("authenticator.py");
    let (_authenticator, _) =
        workshop.start(script.args([server.url(), "backend", "authenticator", "of the backend"]));
    let welcome = connect(&server).join_with_ticket("dynamic", "joe", "secret!!!");
    let expected = json!({ "$has": { "authid": "joe", "authrole": "member", "authmethod": "ticket", "authprovider": "dynamic" } });
    assert_like(&expected, &welcome[2]);
    for (authid, secret) in [("peter", "secret1"), ("anna", "secret2")] {
        let welcome = connect(&server).join_with_cra("dynamic", authid, secret);
        assert_like(&json!({ "$has": { "authid": authid, "authmethod": "wampcra" } }), &welcome[2]);
    }
    let open = Connect::to(server.url()).subprotocol(Subprotocol::JSON).header("X-Session", "7").open();
    let welcome = open.expect("the server accepts").hello("dynamic", json!({}));
    assert_like(&json!({ "$has": { "authid": "seven", "authmethod": "header" } }), &welcome[2]);
    for (authid, reason) in
        [("joe", DENIED), ("nobody", DENIED), ("bug", FAILED), ("unclear", FAILED), ("slow", FAILED)]
    {
        let abort = connect(&server).join_with_ticket("dynamic", authid, "wrong");
        assert_eq!((abort[0].as_u64(), abort[2].as_str()), (Some(3), Some(reason)), "{authid}: {abort}");
    }
    // Unknown and known look the same.
    for authid in ["peter", "nobody"] {
        let abort = connect(&server).join_with_cra("dynamic", authid, "wrong");
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
    }
}

/// A session that a procedure let in does not decide about others.
#[test]
fn who_was_let_in_by_a_procedure_is_not_asked() {
    let Some(workshop) = Workshop::open() else { return };
    let server = server(&[]);
    let mut script = workshop.script("authenticator.py");
    let (_first, _) =
        workshop.start(script.args([server.url(), "backend", "authenticator", "of the backend"]));
    let mut script = workshop.script("authenticator.py");
    let (_second, _) = workshop.start(script.args([server.url(), "dynamic", "joe", "secret!!!"]));
    let abort = connect(&server).join_with_ticket("circular", "joe", "secret!!!");
    assert_eq!(abort[2], FAILED);
    until("a line in the log", || server.stderr().contains("itself let in by a procedure").then_some(()));
    assert_eq!(connect(&server).join_with_ticket("dynamic", "joe", "secret!!!")[0], 2);
}

/// CHALLENGE's extra, or the ABORT in its place.
fn hello(
    server: &ServerProcess,
    method: &str,
    authid: Option<&str>,
    authextra: Value,
) -> (serverwamp_conformance::RawPeer, Value) {
    let mut peer = connect(server);
    let mut details = json!({ "authmethods": [method], "authextra": authextra });
    if let Some(authid) = authid {
        details["authid"] = authid.into();
    }
    let answer = peer.hello("dynamic", details);
    (peer, answer)
}

/// Verifiers that Autobahn has derived, public keys, and peers that prove nothing.
#[test]
fn an_authenticator_for_crossbar_knows_verifiers_and_keys() {
    let Some(workshop) = Workshop::open() else { return };
    let server = server(&[]);
    let mut script = workshop.script("authenticator.py");
    let (_authenticator, _) =
        workshop.start(script.args([server.url(), "backend", "authenticator", "of the backend"]));
    let denied = json!([3, { "message": "authentication denied" }, DENIED]);

    let scram = |authid: &str, password: &str| {
        let (mut peer, challenge) = hello(&server, "scram", Some(authid), json!({ "nonce": NONCE }));
        assert_eq!(challenge[0], 4, "{challenge}");
        let user = ScramUser { autobahn: true, ..ScramUser::new(authid, password) };
        let answer = user.answer(&challenge[2]);
        peer.send(json!([5, answer.signature, answer.extra]));
        let end = peer.receive();
        (end, answer.verifier)
    };
    let (welcome, verifier) = scram("carol", "pencil");
    let expected = json!({ "$has": { "authid": "carol", "authrole": "member", "authmethod": "scram", "authprovider": "dynamic" } });
    assert_like(&expected, &welcome[2]);
    assert_eq!(welcome[2]["authextra"]["scram_server_signature"], json!(verifier));
    for (authid, password) in [("carol", "eraser"), ("nobody", "pencil")] {
        let (abort, _) = scram(authid, password);
        let invalid = json!([3, { "message": "authentication denied", "scram": "invalid-proof" }, DENIED]);
        assert_eq!(abort, invalid, "{authid}");
    }
    // An answer without a verifier is the procedure's own fault.
    let (_, abort) = hello(&server, "scram", Some("peter"), json!({ "nonce": NONCE }));
    assert_eq!(abort[2], FAILED);

    let cryptosign = |authid: Option<&str>, number: u8| {
        let (mut peer, challenge) =
            hello(&server, "cryptosign", authid, json!({ "pubkey": public_key(number) }));
        assert_eq!(challenge[0], 4, "{challenge}");
        let text = challenge[2]["challenge"].as_str().expect("a text");
        peer.send(json!([5, sign(number, text, None), {}]));
        peer.receive()
    };
    for authid in [Some("device"), None] {
        let expected =
            json!({ "$has": { "authid": "device", "authrole": "machine", "authmethod": "cryptosign" } });
        assert_like(&expected, &cryptosign(authid, 1)[2]);
    }
    for (authid, number) in [(Some("device"), 2), (None, 3), (Some("nobody"), 1)] {
        assert_eq!(cryptosign(authid, number), denied, "{authid:?} {number}");
    }

    // Anonymous: whatever HELLO says of an authid, the procedure is told another one.
    let (_, welcome) = hello(&server, "anonymous", Some("admin"), json!({ "app": "demo" }));
    let expected =
        json!({ "$has": { "authrole": "visitor", "authmethod": "anonymous", "authprovider": "dynamic" } });
    assert_like(&expected, &welcome[2]);
    let authid = welcome[2]["authid"].as_str().expect("a text");
    assert!((10..=14).contains(&authid.len()) && authid != "admin", "{welcome}");
    let (_, abort) = hello(&server, "anonymous", None, json!({}));
    assert_eq!(abort, denied);
}
