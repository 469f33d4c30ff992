//! Authentication: who gets in, who does not, and that a refusal tells nothing.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::peer::Arrival;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, ServerProcess, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_like, join_with_ticket, server, server_with, takes, value,
};

pub(crate) const DENIED: &str = "wamp.error.authentication_denied";
const FAILED: &str = "wamp.error.authentication_failed";

pub(crate) fn connect(server: &ServerProcess) -> RawPeer {
    RawPeer::connect(server.url(), Subprotocol::JSON)
}

pub(crate) fn with_cookie(server: &ServerProcess, cookie: &str) -> RawPeer {
    let connect = Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    connect.header("Cookie", cookie).open().expect("the server accepts")
}

/// Everything a peer gets until the connection ends, without what is different in every conversation.
pub(crate) fn conversation(
    mut peer: RawPeer,
    realm: &str,
    details: Value,
    answer: &dyn Fn(&Value) -> String,
) -> Vec<Value> {
    let mut seen = vec![peer.hello(realm, details)];
    loop {
        if seen.last().is_some_and(|last| last[0] == 4) {
            let signature = answer(&seen[seen.len() - 1]);
            peer.send(json!([5, signature, {}]));
        }
        match peer.next(DEADLINE) {
            Arrival::Message(message) => seen.push(message),
            Arrival::Closed(code) => {
                seen.push(json!({ "closed": code }));
                break;
            }
            Arrival::Nothing => panic!("no end: {seen:?}"),
        }
    }
    for message in &mut seen {
        if let Some(challenge) = message.get_mut(2).and_then(|extra| extra.get_mut("challenge")) {
            let text = challenge.as_str().expect("a challenge is a text");
            let mut inner: Value = serde_json::from_str(text).expect("a challenge is JSON");
            for key in ["authid", "nonce", "session", "timestamp"] {
                assert!(inner[key] != NONE, "{key} is missing in {text}");
                // Whoever looks at the text's length learns nothing either.
                let kind = if inner[key].is_string() { "a text" } else { "a number" };
                inner[key] =
                    json!([kind, if key == "session" { 0 } else { inner[key].as_str().map_or(0, str::len) }]);
            }
            *challenge = inner;
        }
    }
    seen
}

// AUTH-05

#[test]
fn a_realm_without_any_way_in_lets_nobody_in() {
    let server = server();
    for details in [
        json!({}),
        json!({ "authmethods": [] }),
        json!({ "authmethods": ["anonymous"] }),
        json!({ "authmethods": ["ticket", "wampcra", "anonymous", "transport"], "authid": "joe" }),
    ] {
        let mut peer = connect(&server);
        let abort = peer.hello("closed", details);
        assert_like(&json!([3, "$dict", "wamp.error.no_matching_auth_method"]), &abort);
        peer.expect_closed();
    }
}

// AUTH-05, AUTH-06

#[test]
fn a_realm_without_anonymous_lets_no_anonymous_in() {
    let server = server();
    for methods in [json!([]), json!(["anonymous"]), json!(["foo", "anonymous"]), json!(["transport"])] {
        let mut peer = connect(&server);
        let abort = peer.hello("secure", json!({ "authmethods": methods }));
        assert_like(&json!([3, { "message": "$string" }, "wamp.error.no_matching_auth_method"]), &abort);
        peer.expect_closed();
    }
}

// AUTH-05, AUTH-16

#[test]
fn an_anonymous_peer_is_not_who_it_says() {
    let server = server();
    let mut authids = Vec::new();
    for details in
        [json!({}), json!({ "authmethods": ["anonymous"] }), json!({ "authmethods": ["foo", "anonymous"] })]
    {
        let mut details = details;
        details["authid"] = json!("admin");
        details["authrole"] = json!("admin");
        let mut peer = connect(&server);
        let welcome = peer.hello("realm1", details);
        peer.welcomed(&welcome);
        let expected =
            json!({ "$has": { "authmethod": "anonymous", "authrole": "guest", "authprovider": "static" } });
        assert_like(&expected, &welcome[2]);
        authids.push(welcome[2]["authid"].as_str().expect("an authid").to_owned());
    }
    authids.sort();
    authids.dedup();
    assert!(authids.len() == 3 && !authids.contains(&"admin".to_owned()), "{authids:?}");
}

// AUTH-04

#[test]
fn the_first_method_both_know_is_taken_in_the_clients_order() {
    let server = server();
    for (methods, method) in [
        (json!(["foo", "ticket", "wampcra"]), "ticket"),
        (json!(["wampcra", "ticket"]), "wampcra"),
        (json!(["anonymous", "ticket"]), "ticket"),
    ] {
        let mut peer = connect(&server);
        let challenge = peer.hello("secure", json!({ "authmethods": methods, "authid": "peter" }));
        assert_like(&json!([4, method, "$dict"]), &challenge);
    }
}

// TKT-04, TKT-06, AUTH-03, AUTH-08

#[test]
fn a_wrong_ticket_is_denied() {
    let server = server();
    for ticket in ["", "secret", "secret!!! ", "Secret!!!", "secret!!!\u{0}", "sécret!!!"] {
        let mut peer = connect(&server);
        let abort = peer.join_with_ticket("secure", "joe", ticket);
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
        peer.expect_closed();
    }
}

// AUTH-12, TKT-01, CRA-01

#[test]
fn an_authid_has_to_be_named_where_the_method_needs_one() {
    let server = server();
    for method in ["ticket", "wampcra"] {
        let mut peer = connect(&server);
        let abort = peer.hello("secure", json!({ "authmethods": [method] }));
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
        peer.expect_closed();
    }
}

// TKT-02, TKT-03, TKT-04, AUTH-03, AUTH-07

#[test]
fn a_right_ticket_gets_in() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let challenge = peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        assert_eq!(challenge, json!([4, "ticket", {}]));
        peer.send(json!([5, "secret!!!", { "x": 1 }]));
        let welcome = peer.receive();
        peer.welcomed(&welcome);
        let expected = json!({ "$has": {
            "authid": "joe", "authrole": "customer", "authmethod": "ticket", "authprovider": "fixture"
        } });
        assert_like(&expected, &welcome[2]);
        assert_eq!(value(&mut peer, "identity.level", NONE), 3);
    }
}

// AUTH-10, TKT-05

#[test]
fn an_unknown_authid_and_a_wrong_ticket_look_the_same() {
    let server = server();
    let talk = |authid: &str| {
        let details = json!({ "authmethods": ["ticket"], "authid": authid });
        conversation(connect(&server), "secure", details, &|_| "wrong".to_owned())
    };
    assert_eq!(talk("joe"), talk("nobody"));
    assert_eq!(talk("joe").len(), 3, "CHALLENGE, ABORT, the end");
}

// AUTH-14

#[test]
fn a_custom_authenticator_may_challenge_several_times() {
    let server = server();
    for (first, second, gets_in) in
        [("blue", "dog", false), ("red", "cat", false), ("", "", false), ("blue", "cat", true)]
    {
        let mut peer = connect(&server);
        let challenge = peer.hello("questions", json!({ "authmethods": ["questions"], "authid": "ada" }));
        assert_eq!(challenge, json!([4, "questions", { "question": "colour" }]));
        peer.send(json!([5, first, {}]));
        peer.expect(json!([4, "questions", { "question": "animal" }]));
        peer.send(json!([5, second, {}]));
        let answer = peer.receive();
        if gets_in {
            peer.welcomed(&answer);
            let expected = json!({ "$has": { "authid": "ada", "authrole": "quizzed", "authmethod": "questions",
                    "authextra": { "animal": "cat", "colour": "blue" } } });
            assert_like(&expected, &answer[2]);
            assert_eq!(value(&mut peer, "identity.level", NONE), 6);
        } else {
            assert_eq!(answer, json!([3, { "message": "authentication denied" }, DENIED]));
            peer.expect_closed();
        }
    }
}

// AUTH-09

#[test]
fn a_crash_of_an_authenticator_is_a_failed_authentication() {
    let server = server();
    let details = |method: &str| json!({ "authmethods": [method], "authid": "crash" });
    let crashes = [
        conversation(connect(&server), "secure", details("ticket"), &|_| "secret!!!".to_owned()),
        conversation(connect(&server), "secure", details("wampcra"), &|_| String::new()),
        conversation(connect(&server), "questions", details("crash"), &|_| String::new()),
        conversation(with_cookie(&server, "sid=crash"), "cookies", json!({}), &|_| String::new()),
    ];
    for seen in crashes {
        let abort = &seen[seen.len() - 2];
        assert_like(&json!([3, { "message": "$contains:internal error, id " }, FAILED]), abort);
        assert!(!abort.to_string().contains("bug"), "{abort}");
        let text = abort[1]["message"].as_str().unwrap_or_default();
        let id = text.trim_start_matches("internal error, id ");
        assert!(server.wait_for_log(id, Duration::from_secs(5)).contains("a bug in an authenticator"));
    }
    join_with_ticket(&server, "secure", "joe");
}

// AUTH-09

#[test]
fn an_internal_error_of_an_authenticator_stays_internal() {
    let server = server();
    let mut peer = connect(&server);
    let abort = peer.join_with_ticket("secure", "broken", "secret!!!");
    assert_like(&json!([3, { "message": "$contains:internal error, id " }, FAILED]), &abort);
    let text = abort[1]["message"].as_str().unwrap_or_default();
    assert!(!text.contains("db.internal"), "{text}");
    let id = text.trim_start_matches("internal error, id ");
    assert!(server.wait_for_log(id, Duration::from_secs(5)).contains("db.internal is down"));
}

// AUTH-02, AUTH-15

#[test]
fn only_authenticate_answers_a_challenge() {
    let server = server();
    for message in [
        json!([48, 1, {}, "identity.level"]),
        json!([1, "secure", { "roles": { "caller": {} } }]),
        json!([5, 42, {}]),
        json!([5, "x", []]),
        json!([6, {}, "wamp.close.normal"]),
    ] {
        let mut peer = connect(&server);
        peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        peer.send(message);
        peer.expect_violation("");
    }
    let mut peer = connect(&server);
    peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    peer.send(json!([3, {}, "wamp.error.cannot_authenticate"]));
    peer.expect_closed();
    // Nobody asked for it.
    for realm in ["secure", "realm1"] {
        let mut peer = connect(&server);
        if realm == "realm1" {
            peer.join(realm);
        }
        peer.send(json!([5, "secret!!!", {}]));
        peer.expect_violation("AUTHENTICATE");
    }
}

// AUTH-13

#[test]
fn a_challenge_has_to_be_answered_in_time() {
    let server = server_with(&["authenticate_timeout_ms=200"]);
    for (realm, method) in [("secure", "ticket"), ("secure", "wampcra"), ("questions", "questions")] {
        let mut peer = connect(&server);
        peer.hello(realm, json!({ "authmethods": [method], "authid": "joe" }));
        takes(100, 2000, || peer.expect_abort(FAILED, "200ms"));
    }
    // An authenticator that never decides is no better.
    let mut peer = connect(&server);
    peer.send(json!([1, "questions", { "roles": { "caller": {} }, "authmethods": ["sleepy"] }]));
    takes(100, 2000, || peer.expect_abort(FAILED, "200ms"));
    // Who is in stays in.
    let mut peer = join_with_ticket(&server, "secure", "joe");
    peer.call("waiting.slow", json!([300]), NONE, NONE);
    assert_eq!(value(&mut peer, "identity.level", NONE), 3);
}
