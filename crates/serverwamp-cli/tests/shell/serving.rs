//! `serverwamp register`.

use crate::calls::interrupt;
use crate::scratch::Scratch;
use crate::{demo, ended, fails, prints, run, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Subprotocol};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

/// Serves, and waits until the router knows of it.
fn registered(server: &ServerProcess, words: &[&str]) -> Child {
    let mut watcher = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    watcher.send(json!([32, 1, {}, "wamp.registration.on_register"]));
    watcher.receive();
    let child = start(&mut shell(Some(server), &[&["register"], words].concat()));
    assert_eq!(watcher.receive()[0], 36, "somebody has registered");
    child
}

#[test]
fn echo_and_a_fixed_reply_answer_every_call() {
    let server = demo();
    let echo = registered(&server, &["test.echo", "--echo", "-n", "1", "-o", "jsonl"]);
    prints(
        &server,
        &["call", "test.echo", "1", "two", "n=3", "-o", "jsonl"],
        "{\"args\":[1,\"two\"],\"kwargs\":{\"n\":3}}\n",
    );
    let told: Value = serde_json::from_str(&ended(echo).stdout).expect("one line");
    assert_eq!(
        (&told["procedure"], &told["args"], &told["kwargs"]),
        (&json!("test.echo"), &json!([1, "two"]), &json!({"n": 3}))
    );
    let mut fixed = registered(&server, &["test.answer", "--reply", "{\"ok\": true}"]);
    prints(&server, &["call", "test.answer"], "{\"ok\":true}\n");
    prints(&server, &["call", "test.answer", "again"], "{\"ok\":true}\n");
    interrupt(fixed.id());
    assert!(fixed.wait().expect("it ends").success());
    assert_eq!(run(&server, &["call", "test.answer"]).status.code(), Some(1), "it is not served any more");
}

#[test]
fn a_program_answers_with_what_it_prints() {
    let server = demo();
    let scratch = Scratch::new();
    let program = scratch.write(
        "tool",
        "#!/bin/sh\nread document\nprintf '{\"given\": %s, \"word\": \"%s\"}\\n' \"$document\" \"$1\"\n",
    );
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    let _serving =
        Killed(registered(&server, &["tools.", "--match", "prefix", "--exec", &program, "--", "$(id) `id`"]));
    let finished = run(&server, &["call", "tools.x", "'; id", "n=1", "-o", "jsonl"]);
    let answer: Value = serde_json::from_str(&finished.stdout).expect(&finished.stderr);
    let given = &answer["args"][0]["given"];
    assert_eq!(
        (&given["procedure"], &given["args"], &given["kwargs"]),
        (&json!("tools.x"), &json!(["'; id"]), &json!({"n": 1}))
    );
    assert_eq!(answer["args"][0]["word"], "$(id) `id`", "no shell has read it");
}

#[test]
fn a_program_that_fails_is_an_error_with_what_it_said() {
    let server = demo();
    let _serving =
        Killed(registered(&server, &["test.fails", "--exec", "sh", "--", "-c", "echo broken >&2; exit 3"]));
    fails(
        &server,
        &["call", "test.fails"],
        1,
        "error: serverwamp.error.command_failed: broken\n  status=3\n",
    );
    let _serving = Killed(registered(
        &server,
        &["test.hangs", "--exec", "sleep", "--exec-timeout", "100ms", "--", "60"],
    ));
    fails(
        &server,
        &["call", "test.hangs"],
        1,
        "error: wamp.error.timeout: the program took longer than 100ms\n",
    );
    let _serving =
        Killed(registered(&server, &["test.floods", "--exec", "head", "--", "-c", "9000000", "/dev/zero"]));
    let said = "error: serverwamp.error.command_failed: it printed more than 8 MiB\n";
    fails(&server, &["call", "test.floods"], 1, said);
}

#[test]
fn so_many_programs_run_at_once_and_a_call_that_is_canceled_ends_its_own() {
    let server = demo();
    let scratch = Scratch::new();
    let log = scratch.write("log", "");
    let script = format!("echo begun >> {log}; sleep 0.3");
    let words = ["test.slow", "--exec", "sh", "--parallel", "2", "--", "-c", &script];
    let _serving = Killed(registered(&server, &words));
    let begun = Instant::now();
    let calls: Vec<Child> =
        (0..4).map(|_| start(&mut shell(Some(&server), &["call", "test.slow"]))).collect();
    for call in calls {
        assert!(ended(call).status.success());
    }
    assert!(begun.elapsed() >= Duration::from_millis(600), "two after two: {:?}", begun.elapsed());
    assert_eq!(std::fs::read_to_string(&log).expect("it is there").lines().count(), 4);
    let marker = scratch.file("survived");
    let script = format!("sleep 1; touch {marker}");
    let _serving = Killed(registered(&server, &["test.killed", "--exec", "sh", "--", "-c", &script]));
    fails(
        &server,
        &["call", "test.killed", "--cancel-after", "100ms", "--cancel-mode", "killnowait"],
        1,
        "error: wamp.error.canceled\n",
    );
    std::thread::sleep(Duration::from_millis(1500));
    assert!(!std::path::Path::new(&marker).exists(), "the program was killed");
}

/// A command that is killed with the test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        drop(self.0.kill().and_then(|()| self.0.wait()));
    }
}

#[test]
fn a_procedure_that_is_taken_is_an_error() {
    let server = demo();
    let finished = run(&server, &["register", "demo.add", "--echo"]);
    assert_eq!(finished.status.code(), Some(1));
    assert!(finished.stderr.starts_with("error: wamp.error.procedure_already_exists"), "{}", finished.stderr);
}
