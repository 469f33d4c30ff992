//! SES-01 to SES-13 and SES-24 to SES-29: how sessions begin, and what they are.
//!
//! | rule | not here, because |
//! |---|---|
//! | SES-25 `wamp.session.list`, SES-29 `wamp.session.on_join` | there is no meta API yet; lifecycle handlers stand in |

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    call, each_violates, each_violates_at_first, joined, publish, roles, server, server_with, sessions,
    wait_for_sessions,
};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, RawTcp, Serializer, ServerProcess, Subprotocol};

fn connect(server: &ServerProcess) -> RawPeer {
    RawPeer::connect(server.url(), Subprotocol::JSON)
}

#[test]
fn ses_01_the_first_message_is_hello() {
    each_violates_at_first(
        &server(),
        &[
            (json!([32, 1, {}, "a"]), "SUBSCRIBE"),
            (json!([48, 1, {}, "demo.add", [1, 2]]), "CALL"),
            (json!([16, 1, {}, "a"]), "PUBLISH"),
            (json!([5, "x", {}]), "AUTHENTICATE"),
            (json!([49, 1, {}]), "CANCEL"),
            (json!([300, {}]), ""),
            (json!("HELLO"), ""),
        ],
    );
}

#[test]
fn ses_02_the_answer_to_hello_is_one_welcome() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(json!([1, "realm1", { "roles": roles() }]));
        peer.expect(json!([2, "$id", "$dict"]));
        peer.expect_silence_until_fence();
    }
}

#[test]
fn ses_03_every_session_has_an_id_of_its_own() {
    let server = server();
    let mut first = connect(&server);
    let mut second = connect(&server);
    assert_ne!(first.join("realm1"), second.join("realm1"));
}

#[test]
fn ses_04_welcome_announces_broker_and_dealer() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let welcome = peer.hello("realm1", json!({}));
        let role = json!({ "features": "$dict" });
        let wanted = json!({ "$has": { "roles": { "broker": role, "dealer": role } } });
        assert!(serverwamp_conformance::matches(&wanted, &welcome[2]), "{welcome}");
    }
}

#[test]
fn ses_06_hello_names_at_least_one_role() {
    each_violates_at_first(
        &server(),
        &[
            (json!([1, "realm1", {}]), "roles"),
            (json!([1, "realm1", { "roles": {} }]), "roles"),
            (json!([1, "realm1", { "roles": null }]), "roles"),
            (json!([1, "realm1", { "roles": [] }]), "roles"),
            (json!([1, "realm1", { "roles": { "publisher": 1 } }]), "roles"),
            (json!([1, "realm1", { "roles": { "observer": {} } }]), "roles"),
        ],
    );
}

#[test]
fn ses_07_unknown_roles_are_ignored_beside_a_known_one() {
    let server = server();
    let mut peer = connect(&server);
    let welcome =
        peer.hello("realm1", json!({ "roles": { "publisher": {}, "observer": { "x": 1 }, "old": 7 } }));
    peer.welcomed(&welcome);
}

#[test]
fn ses_08_roles_are_no_permissions() {
    let server = server();
    let mut peer = connect(&server);
    peer.send(json!([1, "realm1", { "roles": { "publisher": {} } }]));
    peer.expect(json!([2, "$id", "$dict"]));
    peer.subscribe("a.b", Value::Null);
    assert_eq!(call(&mut peer, "demo.add", json!([1, 2]))[3], json!([3]));
}

#[test]
fn ses_09_both_sides_may_name_their_program() {
    let server = server();
    let mut peer = connect(&server);
    let welcome = peer.hello("realm1", json!({ "agent": "test/1.0 (ä)" }));
    peer.welcomed(&welcome);
    let agent = welcome[2]["agent"].as_str().expect("the server names its program");
    assert!(agent.starts_with("serverwamp/"), "{agent}");
}

#[test]
fn ses_10_an_unknown_realm_is_refused_or_leads_to_the_default_realm() {
    let server = server();
    let mut peer = connect(&server);
    peer.send(json!([1, "nope", { "roles": roles() }]));
    peer.expect_abort("wamp.error.no_such_realm", "nope");

    let server = server_with(&["default_realm=1"]);
    let mut peer = connect(&server);
    let welcome = peer.hello("nope", json!({}));
    peer.welcomed(&welcome);
    assert_eq!(welcome[2]["realm"], "realm1", "the client learns where it is");
    assert_eq!(sessions(&mut peer), 1);
    let mut peer = connect(&server);
    let welcome = peer.hello("secure", json!({}));
    assert_eq!(welcome[2], "wamp.error.no_matching_auth_method", "a known realm stays what it is");
}

#[test]
fn ses_11_no_realm_is_no_realm() {
    let server = server();
    for realm in [json!(null), json!("")] {
        let mut peer = connect(&server);
        peer.send(json!([1, realm, { "roles": roles() }]));
        peer.expect_abort("wamp.error.no_such_realm", "");
    }
    each_violates_at_first(
        &server,
        &[
            (json!([1, 5, { "roles": roles() }]), "Realm"),
            (json!([1, ["realm1"], { "roles": roles() }]), "Realm"),
            (json!([1, true, { "roles": roles() }]), "Realm"),
        ],
    );
}

#[test]
fn ses_12_second_hello_is_a_violation() {
    let server = server();
    each_violates(
        &server,
        &[
            (json!([1, "realm1", { "roles": roles() }]), "HELLO"),
            (json!([1, "no.such.realm", { "roles": roles() }]), "HELLO"),
        ],
    );
    let mut peer = joined(&server);
    wait_for_sessions(&mut peer, 1);
}

#[test]
fn ses_13_abort_says_what_is_wrong_in_words_and_in_a_uri() {
    let server = server();
    let attempts = [
        json!([1, "nope", { "roles": roles() }]),
        json!([1, "a b", { "roles": roles() }]),
        json!([1, "closed", { "roles": roles() }]),
        json!([1, "secure", { "roles": roles(), "authmethods": ["scram"] }]),
        json!([32, 1, {}, "a"]),
        json!([]),
    ];
    for subprotocol in Subprotocol::PLAIN {
        for attempt in &attempts {
            let mut peer = RawPeer::connect(server.url(), subprotocol);
            peer.send(attempt.clone());
            let abort = peer.expect(json!([3, { "message": "$string" }, "$string"]));
            assert!(abort[2].as_str().is_some_and(|reason| reason.starts_with("wamp.error.")), "{abort}");
            assert!(abort[1]["message"].as_str().is_some_and(|text| text.len() > 5), "{abort}");
            peer.expect_closed();
        }
    }
}

#[test]
fn ses_24_nothing_crosses_from_realm_to_realm() {
    let server = server();
    let mut here = joined(&server);
    let mut there = RawPeer::joined(server.url(), Subprotocol::JSON, "strict");
    let on_this_side = here.subscribe("a.b", Value::Null);
    let on_that_side = there.subscribe("a.b", Value::Null);
    let publication = publish(&mut here, "a.b", &json!("here"));
    here.expect(json!([36, on_this_side, publication, {}, ["here"]]));
    let publication = publish(&mut there, "a.b", &json!("there"));
    there.expect(json!([36, on_that_side, publication, {}, ["there"]]));
    here.expect_silence_until_fence();
    let mut secure = connect(&server);
    secure.join_with_ticket("secure", "joe", "secret!!!");
    assert_eq!(call(&mut secure, "identity.level", json!([]))[3], json!([3]));
    assert_eq!(call(&mut there, "identity.level", json!([]))[4], "wamp.error.no_such_procedure");
    assert_eq!((sessions(&mut here), sessions(&mut there)), (1, 1));
    // An id that is good in one realm means nothing in the other.
    let foreign = here.subscribe("only.here", Value::Null);
    there.send(json!([34, 900, foreign]));
    there.expect(json!([8, 34, 900, {}, "wamp.error.no_such_subscription", "$list"]));
}

#[test]
fn ses_25_one_principal_may_have_several_sessions() {
    let server = server();
    let mut ids = Vec::new();
    let mut peers = [connect(&server), connect(&server)];
    for peer in &mut peers {
        let welcome = peer.join_with_ticket("secure", "joe", "secret!!!");
        ids.push(peer.welcomed(&welcome));
        assert_eq!((&welcome[2]["authid"], &welcome[2]["realm"]), (&json!("joe"), &json!("secure")));
    }
    assert_ne!(ids[0], ids[1]);
    for (peer, id) in peers.iter_mut().zip(ids) {
        let info = call(peer, "session.info", json!([]));
        assert_eq!((&info[4]["id"], &info[4]["authid"]), (&json!(id), &json!("joe")), "{info}");
    }
}

#[test]
fn ses_26_after_goodbye_the_transport_takes_a_new_hello() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let first = peer.join("realm1");
        let old = peer.subscribe("a.b", Value::Null);
        call(&mut peer, "session.keep", json!(["kept"]));
        peer.leave();
        let second = peer.join("realm1");
        assert_ne!(first, second);
        // Nothing of the first session is left in the second.
        peer.send(json!([34, 1, old]));
        peer.expect(json!([8, 34, 1, {}, "wamp.error.no_such_subscription", "$list"]));
        publish(&mut peer, "a.b", &json!(1));
        assert_eq!(call(&mut peer, "session.kept", json!([]))[4], "wamp.error.runtime_error");
        peer.leave();
        // And authentication starts afresh.
        let welcome = peer.join_with_ticket("secure", "joe", "secret!!!");
        peer.welcomed(&welcome);
        peer.leave();
        let welcome = peer.join_with_ticket("secure", "joe", "secret!!!");
        peer.welcomed(&welcome);
        peer.leave();
        assert_eq!(peer.close(1000), Some(1000));
    }
}

#[test]
fn ses_27_who_says_nothing_is_closed() {
    let server = server_with(&["hello_timeout_ms=300", "authenticate_timeout_ms=400"]);
    let started = Instant::now();
    let mut silent = connect(&server);
    silent.expect_abort("wamp.error.protocol_violation", "HELLO");
    assert!(started.elapsed() >= Duration::from_millis(300));

    let mut left = joined(&server);
    left.leave();
    left.expect_abort("wamp.error.protocol_violation", "HELLO");

    let mut challenged = connect(&server);
    let challenge = challenged.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    assert_eq!(challenge[0], 4);
    let started = Instant::now();
    challenged.expect(json!([3, "$dict", "$string"]));
    challenged.expect_closed();
    assert!((300..3000).contains(&started.elapsed().as_millis()));

    let mut joined = joined(&server);
    assert_eq!(joined.next(Duration::from_millis(600)), Arrival::Nothing, "a session may be silent");
    joined.expect_silence_until_fence();
}

/// HELLO and another message in one TCP segment.
fn two_at_once(server: &ServerProcess, hello: &Value, next: &Value) -> RawTcp {
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    let both = [hello, next].map(|message| frame(true, 1, &Serializer::Json.encode(message))).concat();
    tcp.write(&both);
    tcp
}

#[test]
fn ses_28_requests_right_behind_hello_are_served_after_welcome() {
    let server = server();
    // In the first realm the decision is made at once, in the second other tasks have their say first.
    for realm in ["realm1", "lively"] {
        let hello = json!([1, realm, { "roles": roles() }]);
        let mut tcp = two_at_once(&server, &hello, &json!([32, 1, {}, "a.b"]));
        let mut text = String::new();
        while !text.contains("[33,1,") {
            let more = tcp.read(DEADLINE).expect("WELCOME and SUBSCRIBED");
            assert!(!more.is_empty(), "closed after {text}");
            text += &String::from_utf8_lossy(&more);
        }
        assert!(text.find("[2,") < text.find("[33,1,"), "{text}");
    }

    let hello = json!([1, "secure", { "roles": roles(), "authmethods": ["ticket"], "authid": "joe" }]);
    let mut tcp = two_at_once(&server, &hello, &json!([32, 1, {}, "a.b"]));
    let all = tcp.read_to_end(DEADLINE).expect("the server closes");
    let text = String::from_utf8_lossy(&all);
    let (challenge, abort) = (text.find("[4,\"ticket\""), text.find("wamp.error.protocol_violation"));
    assert!(challenge.is_some() && challenge < abort, "{text}");
}

#[test]
fn ses_29_nobody_learns_of_a_session_that_did_not_come_about() {
    let server = server();
    for (authid, ticket) in [("joe", "wrong"), ("nobody", "secret!!!"), ("banned", "secret!!!")] {
        let mut peer = connect(&server);
        let answer = peer.join_with_ticket("lively", authid, ticket);
        assert_eq!(answer[0], 3, "{answer}");
        peer.expect_closed();
    }
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "lively");
    let entries = call(&mut peer, "life.entries", json!([]));
    let joins =
        entries[3][0].as_array().expect("a list").iter().filter(|entry| *entry == "join before").count();
    assert_eq!(joins, 1, "{entries}");
}
