//! What vanishing peers leave behind, and what floods take: short runs of both, and what they say where limits are missing.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> (Output, String) {
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

/// Kinds of flood that a debug build ends within seconds; `serverwamp-bench flood` has them all.
const KINDS: [&str; 5] = ["events", "results", "calls", "long-calls", "sparse-calls"];

#[test]
fn no_flood_takes_more_than_the_limits_predict() {
    all_floods(&[]);
}

#[test]
fn no_flood_takes_more_than_the_limits_predict_on_smol() {
    all_floods(&["--smol"]);
}

#[track_caller]
fn all_floods(more: &[&str]) {
    // Those about work are measured by `.ci/run`, with a server that is optimised.
    let only = KINDS.join(",");
    let (output, text) = run(&[&["flood", "--quick", "--only", &only], more].concat());
    assert!(output.status.success(), "{text}");
    let rows: Vec<&str> = text
        .lines()
        .filter_map(|line| line.contains(" x ").then(|| line.split_whitespace().next())?)
        .collect();
    assert_eq!(rows, KINDS, "{text}");
}

#[test]
fn a_limit_that_is_missing_shows_in_the_flood_it_is_for() {
    let limited = ["events", "results", "calls", "long-calls"];
    let (output, text) = run(&["flood", "--quick", "--unbounded", "--only", &limited.join(",")]);
    assert!(!output.status.success(), "{text}");
    for kind in limited {
        assert!(text.contains(&format!("{kind} took ")), "{kind} is not noticed:\n{text}");
    }
}
