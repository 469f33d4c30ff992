//! Arguments: by position, by name, mixed, defaults, optional; and every way to get them wrong.

use serde_json::{Value, json};
use serverwamp_conformance::serial::bytes;
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_error, assert_like, join, keywords, server};

const INVALID: &str = "wamp.error.invalid_argument";

/// Calls over every serializer, and requires a refusal with all these parts in its text.
#[track_caller]
fn refused(calls: &[(&str, Value, Value, &[&str])]) {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for (uri, args, kwargs, parts) in calls {
            let answer = peer.call(uri, args.clone(), kwargs.clone(), NONE);
            assert_error(&answer, INVALID, parts);
        }
        assert_eq!(peer.call("math.add", json!([1, 2]), NONE, NONE)[3], json!([3]), "the session goes on");
    }
}

/// Calls over every serializer, and requires this one result.
#[track_caller]
fn accepted(calls: &[(&str, Value, Value, Value)]) {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for (uri, args, kwargs, result) in calls {
            let answer = peer.call(uri, args.clone(), kwargs.clone(), NONE);
            assert_like(&json!([50, "$id", {}, [result]]), &answer);
        }
    }
}

#[test]
fn a_missing_argument_is_named() {
    refused(&[
        ("math.add", NONE, NONE, &["`a`", "missing"]),
        ("math.add", json!([]), NONE, &["`a`", "missing"]),
        ("math.add", NONE, json!({ "b": 2 }), &["`a`", "missing"]),
        ("docs.find", NONE, json!({ "id": 1 }), &["`title`", "missing"]),
        ("demo.add", json!([1]), NONE, &["2 positional arguments", "got 1"]),
        ("demo.add", NONE, NONE, &["2 positional arguments", "got 0"]),
        ("docs.put", NONE, NONE, &["1 positional argument", "got 0"]),
    ]);
}

#[test]
fn a_wrong_argument_is_named_with_what_was_expected_and_what_came() {
    refused(&[
        ("math.add", json!(["one"]), NONE, &["`a`", "i64", "\"one\""]),
        ("math.add", json!([1, "two"]), NONE, &["`b`", "i64", "\"two\""]),
        ("math.add", NONE, json!({ "a": [1] }), &["`a`", "i64", "sequence"]),
        ("math.add", json!([1]), json!({ "b": 1.5 }), &["`b`", "i64", "1.5"]),
        ("math.add", json!([null]), NONE, &["`a`", "i64"]),
        ("math.add", json!([1, 2, true]), NONE, &["`c`", "i64", "true"]),
        ("demo.add", json!([1, "two"]), NONE, &["argument 2", "i64", "\"two\""]),
        ("math.sum", json!([1, 2, "three"]), NONE, &["argument 3", "i64", "\"three\""]),
        ("docs.find", NONE, json!({ "id": -1, "title": "" }), &["`id`", "u64", "-1"]),
        ("docs.put", json!([7]), NONE, &["Doc", "7"]),
        ("docs.put", json!([{ "id": 1, "title": 2 }]), NONE, &["string", "2"]),
        // Optional is not "anything goes".
        ("optional.arg", json!(["x"]), NONE, &["i64", "\"x\""]),
        ("optional.arg", json!([1, 2]), NONE, &["1 positional argument", "got 2"]),
        ("optional.arg", NONE, json!({ "a": 1 }), &["positional arguments only"]),
    ]);
}

#[test]
fn too_many_arguments_are_counted() {
    refused(&[
        ("math.add", json!([1, 2, 3, 4]), NONE, &["at most 3", "got 4"]),
        ("demo.add", json!([1, 2, 3]), NONE, &["2 positional arguments", "got 3"]),
        ("docs.put", json!([{ "id": 1, "title": "a" }, 2]), NONE, &["1 positional argument", "got 2"]),
        ("takes.nothing", json!([1]), NONE, &["no arguments"]),
        ("takes.nothing", NONE, json!({ "a": 1 }), &["no arguments"]),
    ]);
}

#[test]
fn an_argument_given_by_position_and_by_name_is_named() {
    refused(&[
        ("math.add", json!([1]), json!({ "a": 1 }), &["`a`", "both by position and by name"]),
        ("math.add", json!([1, 2]), json!({ "c": 3, "b": 2 }), &["`b`", "both by position and by name"]),
    ]);
}

#[test]
fn arguments_of_the_kind_that_is_not_taken_are_refused() {
    refused(&[
        ("demo.add", json!([1, 2]), json!({ "x": 1 }), &["positional arguments only"]),
        ("docs.find", json!([1, "title"]), NONE, &["keyword arguments only"]),
        ("docs.put", NONE, json!({ "id": 1, "title": "a" }), &["positional"]),
    ]);
}

#[test]
fn a_dictionary_in_place_of_keywords_gets_a_hint() {
    refused(&[("math.add", json!([{ "a": 1 }]), NONE, &["`a`", "i64", "dictionary", "Arg<"])]);
}

#[test]
fn arguments_come_by_position_by_name_and_mixed() {
    accepted(&[
        ("math.add", json!([1, 2, 3]), NONE, json!(6)),
        ("math.add", NONE, json!({ "c": 3, "a": 1, "b": 2 }), json!(6)),
        ("math.add", json!([1]), json!({ "c": 3, "b": 2 }), json!(6)),
        ("math.add", json!([1, 2]), json!({ "c": 3 }), json!(6)),
        ("demo.add", json!([20, 22]), NONE, json!(42)),
        ("math.sum", json!([1, 2, 3, 4]), NONE, json!(10)),
        ("math.sum", NONE, NONE, json!(0)),
        ("docs.put", json!([{ "id": 1, "title": "one" }]), NONE, json!("one")),
        ("docs.find", NONE, json!({ "id": 9, "title": "nine" }), json!(9)),
        ("demo.add", json!([-9_007_199_254_740_992_i64, 1]), NONE, json!(-9_007_199_254_740_991_i64)),
    ]);
}

#[test]
fn defaults_and_optional_arguments_may_be_left_out() {
    accepted(&[
        ("math.add", json!([1]), NONE, json!(6)),
        ("math.add", json!([1]), json!({ "c": 3 }), json!(9)),
        ("math.add", json!([1, 2, null]), NONE, json!(3)),
        ("math.add", NONE, json!({ "a": 1 }), json!(6)),
        ("optional.arg", json!([7]), NONE, json!(7)),
    ]);
    let server = server();
    let mut peer = join(&server, "realm1");
    for args in [NONE, json!([]), json!([null])] {
        assert_like(&json!([50, "$id", {}]), &peer.call("optional.arg", args, NONE, NONE));
    }
    assert_like(&json!([50, "$id", {}]), &peer.call("takes.nothing", NONE, NONE, NONE));
    assert_like(&json!([50, "$id", {}]), &peer.call("takes.nothing", json!([]), json!({}), NONE));
}

// RPC-20
#[test]
fn a_payload_passes_unchanged_in_every_serializer() {
    let server = server();
    let args = json!([
        null,
        true,
        -1,
        1.5,
        "ä\u{1f600}\u{0}",
        [[], {}],
        bytes(b"\x00\xff"),
        9_007_199_254_740_992_u64
    ]);
    let kwargs = json!({ "a": { "b": [1, { "c": null }] }, "key with blank": "x" });
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for (args, kwargs, expected) in [
            (NONE, NONE, json!([50, "$id", {}])),
            (args.clone(), NONE, json!([50, "$id", {}, args])),
            (NONE, kwargs.clone(), json!([50, "$id", {}, [], kwargs])),
            (args.clone(), kwargs.clone(), json!([50, "$id", {}, args, kwargs])),
        ] {
            assert_like(&expected, &peer.call("echo.payload", args, kwargs, NONE));
        }
        let echoed = peer.call("echo.bytes", json!([bytes(b"\x01\x02")]), NONE, NONE);
        assert_like(&json!([50, "$id", {}, [bytes(b"\x01\x02")]]), &echoed);
    }
}

#[test]
fn a_caller_cannot_give_what_the_server_injects() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let own = keywords(&mut peer, "session.info");
    // Neither a keyword of an injected value's name nor a positional argument takes its place.
    let forged = json!({
        "session": { "id": 1 }, "state": {}, "transport": { "path": "/forged" }, "authid": "admin", "id": 1
    });
    let answer = peer.call("session.info", json!([1, { "authid": "admin" }]), forged, NONE);
    assert_like(&json!([50, "$id", {}, [], own]), &answer);
    let answer = peer.call("session.keep", json!(["mine"]), json!({ "session": 1 }), NONE);
    assert_error(&answer, INVALID, &["positional arguments only"]);
}
