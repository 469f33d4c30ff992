//! Calls, and what their answers have to be.

use serde_json::{Value, json};

use super::NONE;
use crate::expect::difference;
use crate::peer::RawPeer;
use crate::requests::shortened;

/// Calls with positional arguments, and gives the whole answer.
#[track_caller]
pub fn call(peer: &mut RawPeer, uri: &str, args: Value) -> Value {
    peer.call(uri, args, NONE, NONE)
}

/// Calls with positional arguments, and gives the one positional result.
#[track_caller]
pub fn value(peer: &mut RawPeer, uri: &str, args: Value) -> Value {
    let answer = call(peer, uri, args);
    assert_like(&json!([50, "$id", {}, ["$any"]]), &answer);
    answer[3][0].clone()
}

/// Calls without arguments, and gives the keyword results.
#[track_caller]
pub fn keywords(peer: &mut RawPeer, uri: &str) -> Value {
    let answer = call(peer, uri, NONE);
    assert_like(&json!([50, "$id", {}, [], "$dict"]), &answer);
    answer[4].clone()
}

/// Publishes a value through the server's procedure for that.
#[track_caller]
pub fn publish(peer: &mut RawPeer, topic: &str, value: &Value) -> u64 {
    let answer = call(peer, "publish.to", json!([topic, value]));
    answer[3][0].as_u64().unwrap_or_else(|| panic!("nothing was published on {topic}: {answer}"))
}

/// Requires that a message is like another, in which placeholders may stand.
#[track_caller]
pub fn assert_like(expected: &Value, message: &Value) {
    let found = difference(expected, message);
    assert!(found.is_empty(), "expected {expected}\nreceived {message}\n  {}", found.join("\n  "));
}

/// Requires an ERROR with this URI for a CALL whose first argument is a text with all of these parts.
#[track_caller]
pub fn assert_error(answer: &Value, uri: &str, parts: &[&str]) {
    assert_like(&json!([8, 48, "$id", {}, uri]), &shortened(answer));
    let text = answer[5][0].as_str().unwrap_or_default();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {answer}");
    }
}
