//! Which method is taken: the client's list, the realm's order, names, and two methods in a row.

use serde_json::{Value, json};
use serverwamp_conformance::ServerProcess;
use serverwamp_conformance::auth::sign_cra;

use super::authentication::{DENIED, connect, with_cookie};
use serverwamp_conformance::harness::{NONE, assert_like, server, value};

const NO_METHOD: &str = "wamp.error.no_matching_auth_method";

/// WELCOME, or what came in its place.
fn answer(server: &ServerProcess, realm: &str, cookie: &str, details: Value) -> Value {
    with_cookie(server, cookie).hello(realm, details)
}

// AUTH-04, AUTH-05, AUTH-17

#[test]
fn auth_04_transport_methods_obey_the_clients_list() {
    let server = server();
    // Without a list what the transport knows is enough.
    for details in
        [json!({}), json!({ "authmethods": [] }), json!({ "authmethods": ["foo", "cookie", "ticket"] })]
    {
        let mut peer = with_cookie(&server, "sid=joe");
        let welcome = peer.hello("cookies", details);
        peer.welcomed(&welcome);
        let expected = json!({ "$has": { "authid": "joe", "authrole": "browser", "authmethod": "cookie" } });
        assert_like(&expected, &welcome[2]);
        assert_eq!(value(&mut peer, "identity.level", NONE), 5);
    }
    // The client's order decides.
    let details = json!({ "authmethods": ["ticket", "cookie"], "authid": "joe" });
    assert_eq!(answer(&server, "cookies", "sid=joe", details), json!([4, "ticket", {}]));
    // A list without the method does without it, even if the cookie is banned.
    for cookie in ["sid=joe", "sid=banned"] {
        let details = json!({ "authmethods": ["ticket"], "authid": "joe" });
        assert_eq!(answer(&server, "cookies", cookie, details), json!([4, "ticket", {}]));
        let abort = answer(&server, "cookies", cookie, json!({ "authmethods": ["transport", "anonymous"] }));
        assert_eq!(abort[2], NO_METHOD);
    }
    let abort = answer(&server, "cookies", "sid=banned", json!({}));
    assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
}

// AUTH-04, AUTH-06

#[test]
fn auth_06_a_cookie_that_proves_nobody_leaves_the_peer_to_the_next_method_and_it_is_told_which_there_are() {
    let server = server();
    for list in [json!([]), json!(["cookie"]), json!(["cookie", "cookie", "wampcra"])] {
        let abort =
            answer(&server, "cookies", "sid=stranger", json!({ "authmethods": list, "authid": "joe" }));
        assert_like(&json!([3, { "message": "$contains:it accepts: ticket, cookie" }, NO_METHOD]), &abort);
        let text = abort[1]["message"].as_str().unwrap_or_default();
        assert!(text.starts_with("this connection is not logged in") && !text.contains("stranger"), "{text}");
    }
    let details = json!({ "authmethods": ["cookie", "ticket"], "authid": "joe" });
    assert_eq!(answer(&server, "cookies", "sid=stranger", details), json!([4, "ticket", {}]));
    // A realm that looks at no transport has nothing to say of a login.
    let mut peer = connect(&server);
    let abort = peer.hello("secure", json!({ "authmethods": ["scram"] }));
    assert_like(
        &json!([3, { "message": "the realm accepts none of the offered authentication methods (scram); it accepts: \
            ticket, wampcra" }, NO_METHOD]),
        &abort,
    );
}

// AUTH-04, AUTH-07

#[test]
fn auth_07_challenge_and_welcome_have_the_name_that_the_client_used() {
    let server = server();
    for name in ["token", "ticket"] {
        let mut peer = connect(&server);
        let details = json!({ "authmethods": [name], "authid": "joe" });
        assert_eq!(peer.hello("cookies", details), json!([4, name, {}]));
        peer.send(json!([5, "secret!!!", {}]));
        let welcome = peer.receive();
        assert_eq!(welcome[2]["authmethod"], name);
    }
}

// AUTH-04

#[test]
fn auth_04_a_realm_may_prefer_its_own_order() {
    let server = server();
    let list = json!({ "authmethods": ["anonymous", "cookie", "token"], "authid": "joe" });
    assert_eq!(answer(&server, "preferring", "sid=joe", list), json!([4, "token", {}]));
    let list = json!({ "authmethods": ["anonymous", "cookie"], "authid": "joe" });
    assert_eq!(answer(&server, "preferring", "sid=joe", list.clone())[2]["authmethod"], "cookie");
    assert_eq!(answer(&server, "preferring", "sid=stranger", list)[2]["authmethod"], "anonymous");
    assert_eq!(answer(&server, "preferring", "sid=joe", json!({}))[2]["authmethod"], "cookie");
    assert_eq!(answer(&server, "preferring", "sid=stranger", json!({}))[2]["authmethod"], "anonymous");
}

// AUTH-14

#[test]
fn auth_14_two_methods_in_a_row_prove_one_authid() {
    let server = server();
    let ticket = |cookie: &str, authid: &str, ticket: &str| {
        let mut peer = with_cookie(&server, cookie);
        let details = json!({ "authmethods": ["ticket", "cookie"], "authid": authid });
        assert_eq!(peer.hello("both", details), json!([4, "ticket", {}]));
        peer.send(json!([5, ticket, {}]));
        peer.receive()
    };
    let welcome = ticket("sid=joe", "joe", "secret!!!");
    let expected = json!({ "$has": { "authid": "joe", "authrole": "customer", "authmethod": "ticket" } });
    assert_like(&expected, &welcome[2]);
    // Both are right, and prove two people.
    let denied = json!([3, { "message": "authentication denied" }, DENIED]);
    assert_eq!(ticket("sid=joe", "clumsy", "secret!!!"), denied);
    assert_eq!(ticket("sid=joe", "joe", "wrong"), denied);
    // Neither is enough, and a list with one of them does not open the way.
    for (cookie, list) in [
        ("sid=joe", json!(["cookie"])),
        ("sid=joe", json!(["ticket"])),
        ("sid=joe", json!([])),
        ("sid=stranger", json!(["cookie", "ticket"])),
    ] {
        let abort = answer(&server, "both", cookie, json!({ "authmethods": list, "authid": "joe" }));
        assert_like(
            &json!([3, { "message": "$contains:it accepts: cookie and then ticket, wampcra and then questions" }, NO_METHOD]),
            &abort,
        );
    }
}

// AUTH-14, AUTH-18, CRA-09

#[test]
fn auth_14_challenges_of_two_methods_come_one_after_the_other_and_the_first_failure_ends_it() {
    let server = server();
    let begin = || {
        let mut peer = connect(&server);
        let challenge =
            peer.hello("both", json!({ "authmethods": ["questions", "wampcra"], "authid": "peter" }));
        assert_like(&json!([4, "wampcra", { "challenge": "$string" }]), &challenge);
        (peer, sign_cra("secret1", &challenge[2]))
    };
    let (mut peer, signature) = begin();
    peer.send(json!([5, signature, {}]));
    peer.expect(json!([4, "questions", { "question": "colour" }]));
    peer.send(json!([5, "blue", {}]));
    peer.expect(json!([4, "questions", { "question": "animal" }]));
    peer.send(json!([5, "cat", {}]));
    let welcome = peer.receive();
    peer.welcomed(&welcome);
    let expected = json!({ "$has": { "authid": "peter", "authrole": "quizzed", "authmethod": "questions" } });
    assert_like(&expected, &welcome[2]);
    // What opened one session opens no other.
    let (mut peer, _) = begin();
    peer.send(json!([5, signature, {}]));
    peer.expect_abort(DENIED, "authentication denied");
}
