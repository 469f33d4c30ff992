//! The shape of source files, and what they may name.

use crate::{before_tests, files, none};

/// Longer files are read by nobody from the first line to the last.
const LONGEST_FILE: usize = 400;

/// Names that say that something had no place.
const PLACELESS: [&str; 7] = ["common", "helper", "helpers", "misc", "shared", "util", "utils"];

/// Sources below `crates/*/src`.
fn sources() -> Vec<(String, String)> {
    files("crates", "rs").into_iter().filter(|(path, _)| path.contains("/src/")).collect()
}

fn complaints_about_shape(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > LONGEST_FILE {
        complaints.push(format!("{path} has {lines} lines, more than {LONGEST_FILE}: divide it"));
    }
    if !(text.starts_with("//! ") || text.starts_with("#![doc = include_str!(")) {
        complaints.push(format!("{path} does not say in its first line (`//! ..`) what it is"));
    }
    let name = path.trim_end_matches(".rs").trim_end_matches("/mod").rsplit('/').next().unwrap_or_default();
    if PLACELESS.contains(&name) {
        complaints.push(format!("{path} is named for having no place: name it for what it is about"));
    }
    complaints
}

#[test]
fn source_files_are_short_and_say_what_they_are() {
    none(sources().iter().flat_map(|(path, text)| complaints_about_shape(path, text)));
}

#[test]
fn a_file_out_of_shape_is_found() {
    let fine = "//! What it is.\nfn f() {}\n";
    assert!(complaints_about_shape("crates/a/src/routes.rs", fine).is_empty());
    let long = fine.to_owned() + &"\n".repeat(LONGEST_FILE - 2);
    assert!(complaints_about_shape("crates/a/src/routes.rs", &long).is_empty());
    assert_eq!(complaints_about_shape("crates/a/src/routes.rs", &(long + "\n")).len(), 1);
    assert_eq!(complaints_about_shape("crates/a/src/routes.rs", "use std::fmt;\n").len(), 1);
    assert_eq!(complaints_about_shape("crates/a/src/utils.rs", fine).len(), 1);
    assert_eq!(complaints_about_shape("crates/a/src/helpers/mod.rs", fine).len(), 1);
}

/// The only file of the framework that names the standard library's locks.
const LOCKS: &str = "crates/serverwamp/src/base/locks.rs";

/// Locks that do not come from [`LOCKS`]: nobody would see in which order they are taken.
fn complaints_about_locks(path: &str, text: &str) -> Vec<String> {
    let words = |line: &str| {
        let mut words = line.split(|character: char| !character.is_alphanumeric() && character != '_');
        words.any(|word| ["Mutex", "RwLock", "Condvar", "ReentrantLock"].contains(&word))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| line.contains("std::sync") && words(line));
    lines.map(|(at, line)| format!("{path}:{} names a lock that is not of {LOCKS}: {line}", at + 1)).collect()
}

#[test]
fn the_framework_takes_its_locks_from_one_place() {
    let framework = files("crates/serverwamp/src", "rs").into_iter().filter(|(path, _)| path != LOCKS);
    none(framework.flat_map(|(path, text)| complaints_about_locks(&path, &text)));
    let found = |line: &str| complaints_about_locks("crates/serverwamp/src/a.rs", line).len();
    assert_eq!(found("use std::sync::{Arc, Mutex};\n"), 1);
    assert_eq!(found("    let lock = std::sync::RwLock::new(());\n"), 1);
    assert_eq!(found("use std::sync::{Arc, PoisonError};\nuse crate::locks::Mutex;\n"), 0);
}

/// The only folder of the framework that logs: there values are escaped and shortened, and lines counted.
const LOG: &str = "crates/serverwamp/src/base/log/";

/// What `tracing` writes lines with.
const LOGGING: [&str; 7] = ["event!", "error!", "warn!", "info!", "debug!", "trace!", "span!"];

/// Lines that log without [`LOG`]: what a peer chose would get into them as it is, and as often as it likes.
fn complaints_about_logging(path: &str, text: &str) -> Vec<String> {
    let code = before_tests(text);
    let lines = code.lines().enumerate().filter(|(_, line)| {
        let line = line.trim_start();
        let macros = || LOGGING.iter().any(|name| names_macro(line, name));
        !line.starts_with("//") && (macros() || line.starts_with("use tracing"))
    });
    lines
        .map(|(at, line)| format!("{path}:{} logs without `crate::base::log`: {}", at + 1, line.trim()))
        .collect()
}

/// Is the macro `name` used, and not another one whose name ends like this?
fn names_macro(line: &str, name: &str) -> bool {
    let part_of_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(part_of_name))
}

#[test]
fn the_framework_logs_in_one_place_where_values_are_escaped_and_lines_bounded() {
    let framework = files("crates/serverwamp/src", "rs").into_iter().filter(|(path, _)| {
        !path.starts_with(LOG) && !path.contains("/tests/") && !path.ends_with("/tests.rs")
    });
    none(framework.flat_map(|(path, text)| complaints_about_logging(&path, &text)));
    let found = |line: &str| complaints_about_logging("a.rs", line).len();
    assert_eq!(found("    tracing::warn!(%topic, \"odd\");\n"), 1);
    assert_eq!(found("    warn!(%topic, \"odd\");\n"), 1);
    assert_eq!(found("use tracing::info as say;\n"), 1);
    assert_eq!(found("    line!(WARN, \"event\", \"odd\", topic = topic);\n"), 0);
    assert_eq!(found("    if tracing::enabled!(tracing::Level::WARN) {\n"), 0);
    assert_eq!(found("    // tracing::warn!(..)\n"), 0);
}

/// The runtimes that the framework knows, each in a folder of this name.
const RUNTIMES: [&str; 2] = ["tokio", "smol"];

/// Code that names the crate of a runtime: no comments, no tests, not our own module of that name.
fn complaints_about_runtime(path: &str, text: &str) -> Vec<String> {
    let code = before_tests(text);
    let lines = code.lines().enumerate();
    let names = lines.filter(|(_, line)| {
        let line = line.trim_start();
        !line.starts_with("//") && RUNTIMES.iter().any(|runtime| names_crate(line, runtime))
    });
    names.map(|(at, line)| format!("{path}:{} names the runtime: {}", at + 1, line.trim())).collect()
}

/// Does the line name something in the crate `name`?
fn names_crate(line: &str, name: &str) -> bool {
    let part_of_name = |character: char| character.is_alphanumeric() || character == '_';
    line.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = &line[..at];
        let own = ["self::", "super::", "crate::rt::"].iter().any(|path| before.ends_with(path));
        !own && !before.ends_with(part_of_name)
    }) || line.starts_with("use ") && line.trim_end_matches(';').ends_with(&format!(" {name}"))
        || line.starts_with("extern crate ") && line.contains(name)
}

#[test]
fn the_framework_names_its_runtimes_in_one_place_each() {
    let framework = files("crates/serverwamp/src", "rs").into_iter().filter(|(path, _)| {
        RUNTIMES.iter().all(|runtime| !path.starts_with(&format!("crates/serverwamp/src/rt/{runtime}/")))
            && !path.contains("/tests/")
            && !path.ends_with("/tests.rs")
    });
    none(framework.flat_map(|(path, text)| complaints_about_runtime(&path, &text)));
}

#[test]
fn a_runtime_out_of_its_place_is_found() {
    for allowed in [
        "//! Runs on `tokio::spawn`.",
        "    /// tokio::spawn(f);",
        "pub use self::tokio::{Server, Tokio};",
        "use crate::rt::tokio::Server;",
        "#[cfg(feature = \"tokio\")]",
        "let tokio = 1;",
        "use my_tokio::spawn;",
        "fn f() {}\n#[cfg(test)]\nmod tests {\n    #[tokio::test]\n}",
    ] {
        assert!(complaints_about_runtime("a.rs", allowed).is_empty(), "{allowed}");
    }
    for forbidden in [
        "#[cfg(test)]\nmod tests;\nuse tokio::net::TcpListener;",
        "use tokio::net::TcpListener;",
        "    tokio::spawn(f);",
        "    ::tokio::spawn(f)",
        "use tokio;",
        "smol::spawn(f);",
    ] {
        assert_eq!(complaints_about_runtime("a.rs", forbidden).len(), 1, "{forbidden}");
    }
}

fn complaints_about_example(path: &str, text: &str) -> Option<String> {
    let name = path.trim_end_matches(".rs").rsplit('/').next().unwrap_or_default();
    let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let head = head.join(" ");
    let says_how = head.contains("cargo run ") && head.contains(&format!("--example {name}"));
    (!says_how)
        .then(|| format!("{path} does not say at its head how to run it: `cargo run .. --example {name}`"))
}

#[test]
fn every_example_says_how_to_run_it() {
    let examples = files("crates", "rs").into_iter().filter(|(path, _)| path.contains("/examples/"));
    none(examples.filter_map(|(path, text)| complaints_about_example(&path, &text)));
}

#[test]
fn an_example_that_does_not_say_how_to_run_it_is_found() {
    let text = "//! Says hello. Run with\n//! `cargo run -p serverwamp --example hello`.\n";
    assert_eq!(complaints_about_example("crates/a/examples/hello.rs", text), None);
    assert!(complaints_about_example("crates/a/examples/goodbye.rs", text).is_some());
    assert!(complaints_about_example("crates/a/examples/hello.rs", "//! Says hello.\n").is_some());
}
