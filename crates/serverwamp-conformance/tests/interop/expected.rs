//! What each client sees of a server, in JSON as [`serverwamp_conformance::expect`] describes it.

use serde_json::{Value, json};
use serverwamp_conformance::client::Client;

pub(crate) fn calls(_: Client) -> Value {
    let error = |uri: &str, args: Value| json!({ "uri": uri, "args": args, "kwargs": "$dict" });
    json!({
        "positional": 5,
        "named": 5,
        "mixed": 42,
        "unknown": error("wamp.error.no_such_procedure", json!("$list")),
        "wrong_argument": error("wamp.error.invalid_argument", json!(["$string"])),
        "missing_argument": error("wamp.error.invalid_argument", json!(["$string"])),
        "failed": { "uri": "demo.error.failed", "args": ["$string"], "kwargs": { "hint": "$string" } },
        "panicked": error("wamp.error.runtime_error", json!("$list")),
        "after_all_that": 2,
        "many": (0..50).map(|number| 2 * number).collect::<Vec<_>>(),
    })
}

pub(crate) fn progress() -> Value {
    json!({
        "progress": [3, 2, 1],
        "result": "liftoff",
        "unasked_result": "liftoff",
        "results_with_progress": 3,
        "results_without_progress": 2,
    })
}

pub(crate) fn cancel(client: Client) -> Value {
    // Autobahn cancels without a mode, and autobahn-js can only kill; wampy says each of the three.
    let calls = if client == Client::Wampy { 3 } else { 1 };
    json!({
        "answers": vec![json!([48, "wamp.error.canceled"]); calls],
        "results": 1,
        "within_a_second": true,
        "after": 5,
    })
}

pub(crate) fn subscribe() -> Value {
    let kwargs = json!({ "now": "$int", "iso": "$string" });
    json!({
        "events": vec![json!({ "args": [], "kwargs": kwargs }); 2],
        "prefix_events": vec![json!({ "topic": "demo.clock", "kwargs": kwargs }); 2],
        "publications_in_both": true,
        "after_unsubscribe": 0,
    })
}

pub(crate) fn identity(method: &str, authid: &str) -> Value {
    json!({ "authid": authid, "authrole": "$string", "authmethod": method, "challenges": [method] })
}

pub(crate) fn refused(reason: &str, challenges: &[&str]) -> Value {
    json!({ "refused": reason, "challenges": challenges })
}

/// What a dynamic authorizer of Crossbar.io and the client that it decides about have seen.
pub(crate) fn authorizer() -> Value {
    let error = |uri: &str, text: &str| json!({ "uri": uri, "args": [text], "kwargs": {} });
    json!({
        "allowed": 42,
        "denied": error("wamp.error.not_authorized", "not authorized to call \"com.example.closed\""),
        "failed": error("wamp.error.authorization_failed", "no decision whether to call \"com.example.broken\""),
        "register_denied": error("wamp.error.not_authorized", "not authorized to register \"com.example.authorize\""),
        "publish_denied": error("wamp.error.not_authorized", "not authorized to publish to \"com.example.closed\""),
        "heard": [{ "args": ["hello"], "publisher_authrole": "guest" }, { "args": ["again"], "publisher_authrole": "guest" }],
        "asked": [
            ["guest", "call", "com.example.open.double", null],
            ["guest", "call", "com.example.closed", null],
            ["guest", "call", "com.example.broken", null],
            ["guest", "subscribe", "com.example.open.", "prefix"],
            ["guest", "publish", "com.example.closed", null],
            ["guest", "publish", "com.example.open.topic", null],
        ],
    })
}

/// What a tool sees and does that may do everything.
pub(crate) fn administrated() -> Value {
    let error = |uri: &str, text: &str| json!({ "uri": uri, "args": [text], "kwargs": {} });
    json!({
        "sessions_found": true,
        "sessions_twice": 0,
        "longest_page": 2,
        "statistics": true,
        "tap": [["received", "CALL", "demo.add"], ["sent", "RESULT", "demo.add"]],
        "tap_shown": 2,
        "watched": ["demo.add"],
        "watched_results": true,
        "watch_results": 3,
        "killed": { "ended": 1 },
        "reason": "wamp.close.killed",
        "unknown_filter": error("wamp.error.invalid_argument", "$contains:unknown filter \"colour\""),
        "bad_cursor": error("wamp.error.invalid_argument", "$contains:cursor: expected the `next`"),
        "unknown_realm": error("wamp.error.no_such_realm", "$contains:nowhere"),
    })
}

/// What a tool is refused that may read and nothing else.
pub(crate) fn read_only() -> Value {
    let error = |uri: &str| json!({ "uri": uri, "args": ["$string"], "kwargs": {} });
    json!({
        "role": "reader",
        "kill": error("wamp.error.not_authorized"),
        "reload": error("wamp.error.not_authorized"),
        "payloads": error("wamp.error.not_authorized"),
        "without_progress": error("wamp.error.option_not_allowed"),
    })
}

/// What a client is told of the past, and what that is worth.
pub(crate) fn history() -> Value {
    json!({
        "none": [],
        "mine": [1, 2, 3],
        "page": [[1], true],
        "missed": [[2, 3], true],
        "unknown": [[], false],
        "same_epoch": true,
    })
}

pub(crate) fn end(reason: &str) -> Value {
    json!({ "reason": reason, "goodbyes": 1, "last_is_goodbye": true, "clean": true, "code": "$int" })
}
