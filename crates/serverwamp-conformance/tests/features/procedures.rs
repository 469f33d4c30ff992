//! Procedures: exact, prefix, wildcard and regular-expression routes, merged and nested; and unknown ones.

use serde_json::json;
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    NONE, assert_error, assert_like, call, join, server, server_with, shortened, value,
};

// RPC-06, RPC-22
#[test]
fn an_unknown_procedure_is_refused_by_name() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for uri in ["com.none", "wamp.foo", "math", "math.add.more", "Math.Add"] {
            let answer = peer.call(uri, json!([1, 2]), NONE, NONE);
            assert_error(&answer, "wamp.error.no_such_procedure", &[uri]);
        }
        assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3, "the session goes on");
    }
}

// URI-02
#[test]
fn a_procedure_that_is_no_uri_is_refused_and_says_why() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for (uri, why) in
        [("", "empty"), ("a b", "' '"), ("a#b", "'#'"), ("a..b", "empty"), (".a", "empty"), ("a.", "empty")]
    {
        let answer = call(&mut peer, uri, NONE);
        assert_error(&answer, "wamp.error.invalid_uri", &[&format!("{uri:?}"), why]);
    }
}

#[test]
fn a_strict_realm_refuses_what_a_loose_one_only_does_not_know() {
    let server = server();
    let mut strict = join(&server, "strict");
    assert_error(&call(&mut strict, "Math.add", NONE), "wamp.error.invalid_uri", &["'M'"]);
    assert_eq!(value(&mut strict, "math.add", json!([1])), 6);
    let mut loose = join(&server, "realm1");
    assert_error(&call(&mut loose, "Math.add", NONE), "wamp.error.no_such_procedure", &[]);
}

#[test]
fn uris_beyond_the_limits_are_refused() {
    let server = server_with(&["uri_bytes=40", "uri_components=4"]);
    let mut peer = join(&server, "realm1");
    assert_error(&call(&mut peer, &"a".repeat(40), NONE), "wamp.error.no_such_procedure", &[]);
    assert_error(&call(&mut peer, &"a".repeat(41), NONE), "wamp.error.invalid_uri", &["40 bytes"]);
    assert_error(&call(&mut peer, "a.b.c.d", NONE), "wamp.error.no_such_procedure", &[]);
    assert_error(&call(&mut peer, "a.b.c.d.e", NONE), "wamp.error.invalid_uri", &["4 components"]);
    // Escaped it would be six times as long.
    let answer = call(&mut peer, &"\u{9b}".repeat(100_000), NONE);
    assert_error(&answer, "wamp.error.invalid_uri", &["..."]);
    assert!(answer.to_string().len() < 4000, "what is too long is not sent back");
}

#[test]
fn a_realms_name_that_is_too_long_is_not_sent_back() {
    let server = server();
    for name in ["x".repeat(30_000), " ".repeat(30_000)] {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.send(json!([1, name, { "roles": { "caller": {} } }]));
        let abort = peer.receive();
        assert_eq!(abort[0], 3, "{abort}");
        assert!(abort.to_string().len() < 4000, "{abort}");
    }
}

#[test]
fn sessions_cannot_register_procedures() {
    let server = server();
    let mut peer = join(&server, "realm1");
    peer.send(json!([64, 1, {}, "my.procedure"]));
    assert_like(&json!([8, 64, 1, {}, "wamp.error.not_authorized"]), &shortened(&peer.receive()));
    // RPC-22
    peer.send(json!([64, 2, {}, "wamp.foo"]));
    assert_like(&json!([8, 64, 2, {}, "wamp.error.invalid_uri"]), &shortened(&peer.receive()));
    // RPC-04
    peer.send(json!([66, 3, 4711]));
    assert_like(&json!([8, 66, 3, {}, "wamp.error.no_such_registration"]), &shortened(&peer.receive()));
    assert_error(&call(&mut peer, "my.procedure", NONE), "wamp.error.no_such_procedure", &[]);
}

#[test]
fn merged_and_nested_routes_are_reached() {
    let server = server();
    let mut peer = join(&server, "realm1");
    assert_error(&call(&mut peer, "users.list", NONE), "wamp.error.no_such_procedure", &[]);
    assert_eq!(value(&mut peer, "admin.users.list", NONE), json!(["ada", "joe"]));
    assert_eq!(value(&mut peer, "result.one", NONE), 42);
    assert_eq!(value(&mut peer, "progress.requested", NONE), false);
}

#[test]
fn the_most_specific_route_is_taken() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for (uri, expected) in [
        ("docs.raw.exact", json!(["the exact route"])),
        ("docs.raw.other", json!(["docs.raw.other", ["other"]])),
        ("docs.raw.title", json!(["docs.raw.title", ["title"]])),
        ("docs.seven", json!(["the shorter prefix"])),
        ("docs.seven.title", json!(["the shorter prefix"])),
    ] {
        assert_like(&json!([50, "$id", {}, expected]), &call(&mut peer, uri, NONE));
    }
}

#[test]
fn pattern_routes_know_what_was_called_and_what_varied() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for (uri, captures) in [
        ("docs.raw.a.b", json!(["a.b"])),
        ("calc.add12", json!(["add", "12"])),
        ("shelf.7.title", json!(["7"])),
        ("nested.abc", json!(["abc"])),
    ] {
        assert_like(&json!([50, "$id", {}, [uri, captures]]), &call(&mut peer, uri, NONE));
    }
}

#[test]
fn a_wildcard_matches_one_component_and_no_more() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for uri in ["shelf.title", "shelf.1.2.title", "shelf.1.titles"] {
        assert_error(&call(&mut peer, uri, NONE), "wamp.error.no_such_procedure", &[uri]);
    }
}

#[test]
fn a_regular_expression_has_to_match_the_whole_uri() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for uri in ["calc.add", "calc.12", "xcalc.add12", "calc.add12x", "calcXadd12", "nested.abc.d", "abc"] {
        assert_error(&call(&mut peer, uri, NONE), "wamp.error.no_such_procedure", &[uri]);
    }
}
