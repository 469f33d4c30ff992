//! What vanishing peers leave behind, and what floods take: short runs of both, and what they say where limits are missing.
//!
//! One run after the other: each needs one processor for its server and one for its peers, and says more, and sooner, where
//! no other run has them as well.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

fn run(arguments: &[&str]) -> (Output, String) {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let output = Command::new(env!("CARGO_BIN_EXE_serverwamp-bench"))
        .args(arguments)
        .output()
        .expect("the program starts");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output, text)
}

#[test]
fn memory_and_open_files_end_where_they_began_when_all_peers_have_vanished() {
    let (output, text) = run(&["soak", "--seconds", "3", "--connections", "32"]);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("have returned to where they began"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("after ")).count(), 8, "{text}");
}

/// Every kind of flood of which the limits predict what it takes, and those of fair shares. Those about work are measured by
/// `.ci/run`, with a server that is optimised.
const KINDS: [&str; 18] = [
    "events",
    "results",
    "calls",
    "long-calls",
    "sparse-calls",
    "unanswered",
    "rerouting",
    "subscriptions",
    "registrations",
    "half-messages",
    "compressed",
    "batches",
    "handshakes",
    "pings",
    "fragments",
    "crowd",
    "realm-calls",
    "callee-calls",
];

/// Those for which a runtime keeps something: tasks, timers, and wakers of what waits for a peer.
const OF_A_RUNTIME: [&str; 6] = ["events", "results", "calls", "unanswered", "handshakes", "crowd"];

/// Those that take more where their limit is missing.
const LIMITED: [&str; 10] = [
    "events",
    "results",
    "calls",
    "long-calls",
    "unanswered",
    "rerouting",
    "subscriptions",
    "registrations",
    "half-messages",
    "compressed",
];

#[test]
fn no_flood_takes_more_than_the_limits_predict() {
    floods(&KINDS, &[]);
}

#[test]
fn no_flood_takes_more_than_the_limits_predict_on_smol() {
    floods(&OF_A_RUNTIME, &["--smol"]);
}

#[track_caller]
fn floods(kinds: &[&str], more: &[&str]) {
    let only = kinds.join(",");
    let (output, text) = run(&[&["flood", "--quick", "--only", &only], more].concat());
    assert!(output.status.success(), "{text}");
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.contains(" x ").then(|| line.split_whitespace().next())?)
        .collect();
    assert_eq!(rows, kinds, "{text}");
}

#[test]
fn a_limit_that_is_missing_shows_in_the_flood_it_is_for() {
    let (output, text) = run(&["flood", "--quick", "--unbounded", "--only", &LIMITED.join(",")]);
    assert!(!output.status.success(), "{text}");
    for kind in LIMITED {
        assert!(text.contains(&format!("{kind} took ")), "{kind} is not noticed:\n{text}");
    }
}
