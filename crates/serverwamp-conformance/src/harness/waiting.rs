//! Waiting until something holds, and how long something takes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{NONE, value};
use crate::peer::{DEADLINE, RawPeer};

/// Calls until the one result is this. Each round waits for an answer.
#[track_caller]
pub fn until(peer: &mut RawPeer, uri: &str, expected: &Value) {
    let deadline = Instant::now() + DEADLINE;
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
pub fn until_noted(peer: &mut RawPeer, entry: &str) -> Vec<String> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let entries = entries(peer);
        if entries.iter().any(|one| one == entry) {
            return entries;
        }
        assert!(Instant::now() < deadline, "{entry:?} was not noted: {entries:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The entries that lifecycle handlers noted so far.
#[track_caller]
pub fn entries(peer: &mut RawPeer) -> Vec<String> {
    let entries = value(peer, "life.entries", NONE);
    let entries = entries.as_array().expect("the entries are a list").iter();
    entries.map(|entry| entry.as_str().expect("an entry is a text").to_owned()).collect()
}

/// The number of sessions of `realm1`.
#[track_caller]
pub fn sessions(peer: &mut RawPeer) -> u64 {
    value(peer, "sessions.count", NONE).as_u64().expect("a number of sessions")
}

/// Waits until `realm1` has this many sessions, as the server tells it.
#[track_caller]
pub fn wait_for_sessions(peer: &mut RawPeer, wanted: u64) {
    until(peer, "sessions.count", &json!(wanted));
}

/// Requires that something takes at least and at most so long.
#[track_caller]
pub fn takes<T>(least: u64, most: u64, act: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = act();
    let elapsed = started.elapsed();
    let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
    assert!(least <= elapsed && elapsed <= most, "it took {elapsed:?}, not {least:?} to {most:?}");
    result
}
