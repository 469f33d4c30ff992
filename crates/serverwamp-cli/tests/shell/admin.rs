//! The commands that look into a running server: `sessions`, `registrations`, `subscriptions`, `kill`, `tail`, `replay`, `top`, `why`.

use super::scratch::Scratch;
use super::{demo, run, shell, start};
use serde_json::Value;
use serverwamp_conformance::ServerProcess;
use serverwamp_conformance::output::Finished;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

/// A callee of `shop.add`, which is there once it is listed.
struct Callee(Child);

impl Callee {
    fn start(server: &ServerProcess) -> Self {
        let callee = Self(start(&mut shell(Some(server), &["register", "shop.add", "--reply", "3"])));
        until("the callee is listed", || {
            run(server, &["registrations", "shop."]).stdout.contains("shop.add")
        });
        callee
    }
}

impl Drop for Callee {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it never happened that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[track_caller]
fn succeeded(finished: &Finished) -> &str {
    assert!(finished.status.success(), "{finished:?}");
    &finished.stdout
}

/// The documents of an output with one on each line.
#[track_caller]
fn documents(finished: &Finished) -> Vec<Value> {
    succeeded(finished).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_a_realm_has_is_listed_for_people_and_for_programs() {
    let server = demo();
    let _callee = Callee::start(&server);
    let listed = run(&server, &["registrations"]);
    let lines: Vec<&str> = succeeded(&listed).lines().collect();
    assert!(lines[0].starts_with("REGISTRATION") && lines[0].contains("INVOKE"), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("shop.add") && line.contains("single")), "{lines:?}");
    let sessions = documents(&run(&server, &["sessions", "-o", "jsonl"]));
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["transport"], "websocket");
    let none = run(&server, &["subscriptions", "no.such."]);
    assert!(
        succeeded(&none).is_empty() && none.stderr.contains("there are no such subscriptions"),
        "{none:?}"
    );
    let wrong = run(&server, &["sessions", "--realm", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        wrong.stderr.contains("wamp.error.no_such_realm") && wrong.stderr.contains("--realm says"),
        "{wrong:?}"
    );
    let wrong = run(&server, &["sessions", "--address", "here"]);
    assert!(wrong.stderr.contains("wamp.error.invalid_argument: filter.address"), "{wrong:?}");
}

#[test]
fn a_session_is_explained_and_ended() {
    let server = demo();
    let mut callee = Callee::start(&server);
    let sessions = documents(&run(&server, &["sessions", "-o", "jsonl"]));
    let id = sessions[0]["session"].as_u64().expect("an id").to_string();
    let why = run(&server, &["why", &id, "call", "demo.add"]);
    assert!(succeeded(&why).starts_with("yes: "), "{why:?}");
    let ended = run(&server, &["kill", &id, "--message", "maintenance"]);
    assert_eq!(succeeded(&ended), "1 session ended\n");
    let status = callee.0.wait().expect("it ends");
    assert_eq!(status.code(), Some(3), "its connection was taken away");
    let again = run(&server, &["kill", &id]);
    assert!(!again.status.success() && again.stderr.contains("wamp.error.no_such_session"), "{again:?}");
    let nobody = run(&server, &["kill"]);
    assert_eq!(nobody.status.code(), Some(2), "{nobody:?}");
}

#[test]
fn messages_are_followed_saved_and_played_again() {
    let server = demo();
    let _callee = Callee::start(&server);
    let scratch = Scratch::new();
    // Whatever it was, payloads are for nobody else.
    let saved = scratch.write("traffic.jsonl", "{\"type\":\"of before\"}\n");
    std::fs::set_permissions(&saved, Permissions::from_mode(0o644)).expect("it is ours");
    let arguments = ["tail", "--uri", "shop.*", "--payloads", "-n", "4", "--save", &saved, "-o", "jsonl"];
    let tail = start(&mut shell(Some(&server), &arguments));
    // It is open when it sees a call, and calls before are none of its four messages.
    let seen = || std::fs::read_to_string(&saved).is_ok_and(|text| text.lines().count() >= 4);
    until("the tap has seen a call", || {
        seen() || !run(&server, &["call", "shop.add", "1", "password=hunter2"]).status.success() || seen()
    });
    let tail = super::ended(tail);
    let messages = documents(&tail);
    assert_eq!(std::fs::metadata(&saved).expect("it is there").permissions().mode() & 0o777, 0o600);
    let types: Vec<&str> = messages.iter().filter_map(|one| one["type"].as_str()).collect();
    assert_eq!(types, ["CALL", "INVOCATION", "YIELD", "RESULT"]);
    assert_eq!(messages[0]["args"], serde_json::json!([1]));
    assert!(!tail.stdout.contains("hunter2") && messages[0]["kwargs"]["password"] == "**********");
    let masked = run(&server, &["replay", &saved, "--at-once"]);
    assert_eq!((masked.status.code(), &*masked.stdout), (Some(2), ""));
    assert!(masked.stderr.contains("no publications that can be played again"), "{masked:?}");
    let played = run(&server, &["replay", &played_and_withheld(&scratch), "--at-once"]);
    assert_eq!(succeeded(&played), "2 calls, of which 0 failed; 0 publications\n");
    assert_eq!(
        played.stderr,
        "serverwamp: 2 messages were not played again: their payload was masked in part\n\
         serverwamp: 1 message was not played again: its payload was not saved\n"
    );
    let file = scratch.write("broken.jsonl", "{\"type\":\"CALL\"\n");
    let broken = run(&server, &["replay", &file]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(broken.stderr.contains("broken.jsonl:1: it is no message"), "{broken:?}");
    let file =
        scratch.write("args.jsonl", r#"{"type":"CALL","direction":"received","uri":"shop.add","args":5}"#);
    let wrong = run(&server, &["replay", &file]);
    assert!(wrong.stderr.contains("args.jsonl:1: its `args` are no list"), "{wrong:?}");
}

#[test]
fn what_only_serve_has_is_not_refused_as_if_it_were_forbidden() {
    let server = demo();
    for words in [&["drain"][..], &["log-level"], &["log-level", "debug"]] {
        let refused = run(&server, words);
        assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""), "{words:?}");
        assert!(refused.stderr.contains("only `serverwamp serve` has it"), "{refused:?}");
        assert_eq!(refused.stderr.lines().count(), 1, "{refused:?}");
    }
}

/// A file with two calls that can be played, one of them with a value of its own that looks like a mask, and three messages that cannot: of
/// an earlier version, which does not say what is masked, and of this one.
fn played_and_withheld(scratch: &Scratch) -> String {
    let payloads = [
        r#""args":[1,"**********"],"kwargs":{"n":1}"#,
        r#""args":[1],"kwargs":{"n":"**********"},"masked":0"#,
        r#""args":[],"kwargs":{"password":"**********"},"masked":1"#,
        r#""args":[[{"token":"**********"}]],"kwargs":{}"#,
        r#""payload":"too_long""#,
    ];
    let line = |payload| {
        format!("{{\"type\":\"CALL\",\"direction\":\"received\",\"uri\":\"shop.add\",{payload}}}\n")
    };
    scratch.write("five.jsonl", payloads.map(line).concat())
}

#[test]
fn top_without_a_terminal_is_one_table() {
    let server = demo();
    let _callee = Callee::start(&server);
    let top = run(&server, &["top", "--once", "--every", "200ms"]);
    let lines: Vec<&str> = succeeded(&top).lines().collect();
    assert!(lines[0].starts_with("serverwamp ") && lines[0].contains("realm realm1"), "{lines:#?}");
    assert!(lines[1].starts_with("1 session, 0 slow"), "{lines:#?}");
    assert!(lines.iter().any(|line| line.starts_with("SESSION ")), "{lines:#?}");
}

#[test]
fn top_of_uris_without_a_terminal_is_one_table_of_them() {
    let server = demo();
    let top = run(&server, &["top", "--uris", "--once", "--every", "1500ms"]);
    let lines: Vec<&str> = succeeded(&top).lines().collect();
    assert!(
        lines.iter().any(|line| line.trim_start().starts_with("/s ") && line.ends_with("URI")),
        "{lines:#?}"
    );
    // The demo publishes it once a second.
    assert!(
        lines.iter().any(|line| line.starts_with("event ") && line.ends_with("demo.clock")),
        "{lines:#?}"
    );
    let wrong = run(&server, &["top", "--uris", "--once", "--realm", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(wrong.stderr.contains("--realm says which realm to look at"), "{wrong:?}");
}
