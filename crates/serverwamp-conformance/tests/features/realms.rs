//! Realms: several, each with its own everything; a default realm, switched on or off.

use serde_json::json;
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_error, call, entries, join, keywords, server, server_with, value,
};

// SES-10, AUTH-11
#[test]
fn an_unknown_realm_is_refused_where_there_is_no_default() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        peer.send(json!([1, "nowhere", { "roles": { "caller": {} } }]));
        peer.expect_abort("wamp.error.no_such_realm", "nowhere");
    }
}

// SES-11
#[test]
fn an_unknown_realm_joins_the_default_realm_where_that_is_allowed() {
    let server = server_with(&["default_realm=1"]);
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.hello("nowhere", json!({}));
    peer.welcomed(&welcome);
    assert_eq!(welcome[2]["realm"], "realm1", "WELCOME says which realm it is");
    assert_eq!(keywords(&mut peer, "session.info")["realm"], "realm1");
    // A realm that exists is never replaced by the default one.
    let mut serial = join(&server, "serial");
    assert_eq!(keywords(&mut serial, "session.info")["realm"], "serial");
}

// URI-08
#[test]
fn a_realm_that_is_no_uri_is_refused_with_a_default_realm_too() {
    let server = server_with(&["default_realm=1"]);
    for realm in ["a realm", "a..b", "#"] {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1, realm, { "roles": { "caller": {} } }]));
        peer.expect_abort("wamp.error.invalid_uri", realm);
    }
}

#[test]
fn each_realm_has_its_own_procedures() {
    let server = server();
    let mut realm1 = join(&server, "realm1");
    let mut serial = join(&server, "serial");
    let refused = call(&mut serial, "publish.to", json!(["a.topic", 1]));
    assert_error(&refused, "wamp.error.no_such_procedure", &["publish.to"]);
    assert!(value(&mut realm1, "publish.to", json!(["a.topic", 1])).is_u64());
    assert_eq!(value(&mut serial, "demo.add", json!([2, 3])), 5);
}

#[test]
fn each_realm_has_its_own_topics_and_sessions() {
    let server = server();
    let mut here = join(&server, "realm1");
    let mut there = join(&server, "serial");
    let subscription = here.subscribe("a.topic", NONE);
    there.subscribe("a.topic", NONE);
    assert_eq!(value(&mut here, "sessions.count", NONE), 1);
    let publication = value(&mut here, "publish.to", json!(["a.topic", "news"]));
    here.expect(json!([36, subscription, publication, {}, ["news"]]));
    there.expect_silence_until_fence();
}

// AUTH-01
#[test]
fn each_realm_has_its_own_authenticators() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.send(json!([1, "secure", { "roles": { "caller": {} } }]));
    peer.expect_abort("wamp.error.no_matching_auth_method", "it accepts: ticket, wampcra");
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let challenge = peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    assert_eq!(challenge, json!([4, "ticket", {}]));
    join(&server, "realm1");
}

#[test]
fn each_realm_has_its_own_lifecycle() {
    let server = server();
    let mut realm1 = join(&server, "realm1");
    assert!(entries(&mut realm1).is_empty(), "nobody has been in the realm that is watched");
    join(&server, "lively");
    assert!(entries(&mut realm1).contains(&"join before".to_owned()));
}

#[test]
fn a_session_may_go_from_one_realm_to_another() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let first = peer.join("realm1");
    peer.subscribe("a.topic", NONE);
    peer.leave();
    let second = peer.join("serial");
    assert_ne!(first, second);
    assert_eq!(keywords(&mut peer, "session.info")["realm"], "serial");
    let mut other = join(&server, "realm1");
    value(&mut other, "publish.to", json!(["a.topic", 1]));
    peer.expect_silence_until_fence();
}
