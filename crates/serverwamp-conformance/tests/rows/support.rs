//! What all rows need: servers, sessions, and looking at answers.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol, binary, difference};

pub(crate) const NONE: Value = Value::Null;

/// A way in which a session ends; the peer is kept when its transport stays.
pub(crate) type Ending = fn(RawPeer) -> Option<RawPeer>;

/// A fixture server with its usual settings.
#[track_caller]
pub(crate) fn server() -> ServerProcess {
    server_with(&[])
}

/// A fixture server with these arguments.
#[track_caller]
pub(crate) fn server_with(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::fixture(), arguments, &[])
}

/// An anonymous session over JSON.
#[track_caller]
pub(crate) fn join(server: &ServerProcess, realm: &str) -> RawPeer {
    RawPeer::joined(server.url(), Subprotocol::JSON, realm)
}

/// A session over JSON that proved itself with a ticket.
#[track_caller]
pub(crate) fn join_with_ticket(server: &ServerProcess, realm: &str, authid: &str) -> RawPeer {
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = peer.join_with_ticket(realm, authid, "secret!!!");
    peer.welcomed(&welcome);
    peer
}

/// Calls with positional arguments, and gives the whole answer.
#[track_caller]
pub(crate) fn call(peer: &mut RawPeer, uri: &str, args: Value) -> Value {
    peer.call(uri, args, NONE, NONE)
}

/// Calls with positional arguments, and gives the one positional result.
#[track_caller]
pub(crate) fn value(peer: &mut RawPeer, uri: &str, args: Value) -> Value {
    let answer = call(peer, uri, args);
    assert_like(&json!([50, "$id", {}, ["$any"]]), &answer);
    answer[3][0].clone()
}

/// Calls without arguments, and gives the keyword results.
#[track_caller]
pub(crate) fn keywords(peer: &mut RawPeer, uri: &str) -> Value {
    let answer = call(peer, uri, NONE);
    assert_like(&json!([50, "$id", {}, [], "$dict"]), &answer);
    answer[4].clone()
}

/// Requires that a message is like another, in which placeholders may stand.
#[track_caller]
pub(crate) fn assert_like(expected: &Value, message: &Value) {
    let found = difference(expected, message);
    assert!(found.is_empty(), "expected {expected}\nreceived {message}\n  {}", found.join("\n  "));
}

/// Requires an ERROR with this URI for a CALL whose first argument is a text with all of these parts.
#[track_caller]
pub(crate) fn assert_error(answer: &Value, uri: &str, parts: &[&str]) {
    assert_like(&json!([8, 48, "$id", {}, uri]), &shortened(answer));
    let text = answer[5][0].as_str().unwrap_or_default();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {answer}");
    }
}

/// An ERROR without its arguments.
pub(crate) fn shortened(answer: &Value) -> Value {
    Value::Array(answer.as_array().into_iter().flatten().take(5).cloned().collect())
}

/// Calls until the one result is this. Each round waits for an answer.
#[track_caller]
pub(crate) fn until(peer: &mut RawPeer, uri: &str, expected: &Value) {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let got = value(peer, uri, NONE);
        if got == *expected {
            return;
        }
        assert!(Instant::now() < deadline, "{uri} is {got} and not {expected}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Asks for what lifecycle handlers noted until this is in it, and gives it all.
#[track_caller]
pub(crate) fn until_noted(peer: &mut RawPeer, entry: &str) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let entries = entries(peer);
        if entries.iter().any(|one| one == entry) {
            return entries;
        }
        assert!(Instant::now() < deadline, "{entry:?} was not noted: {entries:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// What lifecycle handlers noted so far.
#[track_caller]
pub(crate) fn entries(peer: &mut RawPeer) -> Vec<String> {
    let entries = value(peer, "life.entries", NONE);
    let entries = entries.as_array().expect("the entries are a list").iter();
    entries.map(|entry| entry.as_str().expect("an entry is a text").to_owned()).collect()
}

/// Requires that something takes at least and at most so long.
#[track_caller]
pub(crate) fn takes<T>(least: u64, most: u64, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = act();
    let elapsed = started.elapsed();
    let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
    assert!(least <= elapsed && elapsed <= most, "it took {elapsed:?}, not {least:?} to {most:?}");
    result
}
