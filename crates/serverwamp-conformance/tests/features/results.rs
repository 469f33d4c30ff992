//! Results: every shape of success, the user's own errors, and failures nobody expected.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_error, assert_like, call, join, server, value};

const SOON: Duration = Duration::from_secs(5);

/// The incident's id in a runtime error, which says nothing else.
#[track_caller]
fn incident(answer: &Value) -> String {
    assert_error(answer, "wamp.error.runtime_error", &["internal error, id "]);
    assert_eq!(answer.as_array().map(Vec::len), Some(6), "one text and no keywords: {answer}");
    assert_eq!(answer[5].as_array().map(Vec::len), Some(1), "one text: {answer}");
    let text = answer[5][0].as_str().unwrap_or_default();
    let id = text.trim_start_matches("internal error, id ").to_owned();
    assert!(id.len() >= 8 && id.chars().all(|c| c.is_ascii_alphanumeric()), "an id and nothing else: {text}");
    id
}

/// Requires that what the peer must not read is in the log under the id it got.
#[track_caller]
fn assert_logged(server: &ServerProcess, id: &str, what: &str) {
    let line = server.wait_for_log(id, SOON);
    assert!(line.contains(what) && line.contains("ERROR"), "{what:?} is not in {line:?}");
}

#[test]
fn every_shape_of_a_result_is_sent_as_it_is() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for (uri, args, expected) in [
            ("result.nothing", NONE, json!([50, "$id", {}])),
            ("result.one", NONE, json!([50, "$id", {}, [42]])),
            ("result.list", NONE, json!([50, "$id", {}, [[1, 2, 3]]])),
            ("result.several", NONE, json!([50, "$id", {}, [1, "two"]])),
            ("result.keywords", NONE, json!([50, "$id", {}, [], { "a": 1, "b": 2 }])),
            ("result.both", NONE, json!([50, "$id", {}, [1], { "id": 7, "title": "T" }])),
            ("error.own", json!([7]), json!([50, "$id", {}, [{ "id": 7, "title": "seven" }]])),
            ("error.text", json!([false]), json!([50, "$id", {}, [1]])),
        ] {
            assert_like(&expected, &peer.call(uri, args, NONE, NONE));
        }
    }
}

// RPC-09, RPC-11
#[test]
fn an_error_has_its_uri_its_arguments_and_its_keywords() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let plain = peer.call("error.plain", NONE, NONE, NONE);
        assert_like(&json!([8, 48, "$id", {}, "com.example.plain"]), &plain);
        let full = peer.call("error.full", NONE, NONE, NONE);
        assert_like(&json!([8, 48, "$id", {}, "com.example.full", ["text", 2], { "key": true }]), &full);
    }
}

#[test]
fn the_question_mark_turns_a_users_own_error_into_its_uri() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let missing = call(&mut peer, "error.own", json!([3]));
    let expected = json!([8, 48, "$id", {}, "docs.error.missing", ["no such document"], { "id": 3 }]);
    assert_like(&expected, &missing);
}

#[test]
fn an_internal_error_is_an_id_that_is_also_in_the_log() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = incident(&call(&mut peer, "error.own", json!([0])));
    assert_logged(&server, &id, "/etc/shadow");
}

/// SER-13: what the caller's serializer cannot say is an error of its own, and the log tells which.
#[test]
fn a_result_the_serializer_cannot_say_is_an_invalid_payload() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let refused = call(&mut peer, "result.not_a_number", NONE);
    assert_like(&json!([8, 48, "$id", {}, "wamp.error.invalid_payload", "$list"]), &refused);
    server.wait_for_log("cannot be encoded", serverwamp_conformance::DEADLINE);
}

#[test]
fn a_panic_is_an_id_that_is_also_in_the_log() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for uri in ["error.panic", "error.panic_later"] {
            let id = incident(&peer.call(uri, NONE, NONE, NONE));
            assert_logged(&server, &id, "a bug in a handler");
        }
    }
}

#[test]
fn a_panic_harms_neither_other_sessions_nor_other_calls() {
    let server = server();
    let mut other = join(&server, "realm1");
    let subscription = other.subscribe("a.topic", NONE);
    let waiting = other.start_call("waiting.slow", json!([300]), NONE, NONE);
    let mut peer = join(&server, "realm1");
    let beside = peer.start_call("waiting.slow", json!([300]), NONE, NONE);
    let mut ids = Vec::new();
    for _ in 0..20 {
        for uri in ["error.panic", "error.panic_later"] {
            ids.push(incident(&call(&mut peer, uri, NONE)));
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40, "each incident has an id of its own");
    assert_eq!(peer.final_answer(beside), json!([50, beside, {}, ["done"]]));
    assert_eq!(other.final_answer(waiting), json!([50, waiting, {}, ["done"]]));
    let publication = value(&mut peer, "publish.to", json!(["a.topic", 1]));
    other.expect(json!([36, subscription, publication, {}, [1]]));
    peer.expect_silence_until_fence();
}

#[test]
fn an_err_that_could_be_serialized_is_never_a_success() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for (uri, args, argument) in [
            ("error.text", json!([true]), json!("a text")),
            ("error.serializable", NONE, json!({ "Locked": { "by": "ada" } })),
            ("error.optional", NONE, json!("a text")),
        ] {
            let answer = peer.call(uri, args, NONE, NONE);
            assert_like(&json!([8, 48, "$id", {}, "wamp.error.runtime_error", [argument]]), &answer);
        }
    }
}

#[test]
fn an_error_whose_uri_is_none_is_a_runtime_error_and_logged() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let answer = call(&mut peer, "error.bad_uri", NONE);
    assert_like(&json!([8, 48, "$id", {}, "wamp.error.runtime_error"]), &answer);
    assert!(server.wait_for_log("this is not a URI", SOON).contains("not a uri"));
    peer.expect_silence_until_fence();
}

// RPC-12, RPC-13
#[test]
fn many_calls_at_once_get_one_answer_each() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let mut expected = Vec::new();
        for number in 0..50 {
            let delay = 50 - number;
            let slow = peer.start_call("waiting.slow", json!([delay]), NONE, NONE);
            expected.push(json!([50, slow, {}, ["done"]]));
            let fast = peer.start_call("math.add", json!([number, 1]), NONE, NONE);
            expected.push(json!([50, fast, {}, [number + 1]]));
        }
        peer.expect_in_any_order(&expected);
        peer.expect_silence_until_fence();
    }
}
