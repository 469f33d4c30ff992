//! `serverwamp register`.

use crate::calls::interrupt;
use crate::hostile::until;
use crate::scratch::Scratch;
use crate::{demo, ended, fails, prints, run, shell, start};
use serde_json::{Value, json};
use serverwamp_conformance::output::Output;
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol};
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

#[test]
fn nothing_is_left_of_a_program_when_its_call_is_over() {
    let server = demo();
    let scratch = Scratch::new();
    let serving = |uri: &str, script: &str| {
        let words = [uri, "--exec", "sh", "--exec-timeout", "2s", "--", "-c", script];
        Killed(registered(&server, &words))
    };
    // It ends, and leaves a process that holds its output open.
    let marker = scratch.file("survived");
    let _forks = serving("test.forks", &format!("(sleep 2; touch {marker}) & echo done"));
    let begun = Instant::now();
    prints(&server, &["call", "test.forks"], "done\n");
    assert!(begun.elapsed() < Duration::from_millis(1900), "{:?}", begun.elapsed());
    // It reads nothing of more than a pipe holds.
    let long = scratch.write("long", "x".repeat(500_000));
    let _deaf = serving("test.deaf", "echo done");
    prints(&server, &["call", "test.deaf", &format!("@{long}")], "done\n");
    // It never ends to write: its call ends long before its time.
    let _endless = serving("test.endless", "exec yes");
    let said = "error: serverwamp.error.command_failed: it printed more than 8 MiB\n";
    fails(&server, &["call", "test.endless"], 1, said);
    // Its children take longer than it may.
    let _slow = serving("test.slow", &format!("(sleep 4; touch {marker}); true"));
    fails(&server, &["call", "test.slow"], 1, "error: wamp.error.timeout: the program took longer than 2s\n");
    std::thread::sleep(Duration::from_millis(2200));
    assert!(!std::path::Path::new(&marker).exists(), "the processes that it started were killed");
}

#[test]
fn a_terminal_that_is_closed_ends_what_is_served_and_nohup_keeps_it() {
    let server = demo();
    let scratch = Scratch::new();
    let (begun, marker) = (scratch.file("begun"), scratch.file("survived"));
    let script = format!("touch {begun}; sleep 3; touch {marker}");
    let serving = registered(&server, &["test.hangs", "--exec", "sh", "--", "-c", &script]);
    let call = start(&mut shell(Some(&server), &["call", "test.hangs"]));
    until(|| std::path::Path::new(&begun).exists());
    let since = Instant::now();
    // The first lets the call go on, the second does not; both at once would be one.
    Signal::Hangup.send(serving.id());
    std::thread::sleep(Duration::from_millis(200));
    Signal::Hangup.send(serving.id());
    assert_eq!(ended(serving).status.code(), Some(0));
    assert_eq!(ended(call).status.code(), Some(1));
    let mut kept = std::process::Command::new("nohup");
    kept.arg(serverwamp_conformance::binary::cli()).args(["subscribe", "chat", "-o", "raw"]);
    let mut kept = Killed(start(kept.env("WAMP_URL", server.url())));
    let shown = Output::collect(kept.0.stdout.take().expect("piped"));
    let is_shown = |text: &str| {
        until(|| {
            prints(&server, &["publish", "chat", text], "");
            shown.text().contains(text)
        });
    };
    is_shown("before");
    Signal::Hangup.send(kept.0.id());
    is_shown("after");
    assert!(kept.0.try_wait().expect("it is ours").is_none(), "it goes on");
    // The time at which the program would have been done.
    std::thread::sleep(Duration::from_millis(3500).saturating_sub(since.elapsed()));
    assert!(!std::path::Path::new(&marker).exists(), "the program was killed");
}

#[test]
fn a_program_does_not_see_the_secrets_of_the_one_who_serves() {
    let server = demo();
    let mut command = shell(Some(&server), &["register", "test.env", "--exec", "env"]);
    // Without a name to log in with, they are a mistake: the demo takes nobody's.
    command.env("WAMP_REALM", "realm1");
    let mut watcher = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    watcher.send(json!([32, 1, {}, "wamp.registration.on_register"]));
    watcher.receive();
    // Those of another router are not used here, and are in the environment all the same.
    command
        .env("WAMP_URL", "ws://elsewhere.example.com/ws")
        .env("WAMP_TICKET", "tick3t")
        .env("WAMP_SECRET", "s3cret");
    command.args(["--url", server.url()]);
    let _serving = Killed(start(&mut command));
    assert_eq!(watcher.receive()[0], 36, "somebody has registered");
    let printed = run(&server, &["call", "test.env"]).stdout;
    assert!(
        printed.contains("WAMP_REALM=realm1") && !printed.contains("3cret") && !printed.contains("tick3t"),
        "{printed}"
    );
}

#[test]
fn so_many_calls_are_answered_and_no_more() {
    let server = demo();
    let mut serving = shell(Some(&server), &["register", "test.n", "--echo", "-n", "3000", "-o", "jsonl"]);
    let mut watcher = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    watcher.send(json!([32, 1, {}, "wamp.registration.on_register"]));
    watcher.receive();
    // Nobody reads what it prints until all calls are made: it shows some of them, and answers all.
    let mut serving = serving
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    assert_eq!(watcher.receive()[0], 36, "somebody has registered");
    let mut caller = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let mut answered = 0;
    for request in 1..=3100 {
        caller.send(json!([48, request, {}, "test.n", ["x".repeat(100)]]));
        if request % 100 == 0 {
            answered += (0..100).filter(|_| caller.receive()[0] == 50).count();
        }
    }
    assert_eq!(answered, 3000);
    let shown = Output::collect(serving.stdout.take().expect("piped"));
    assert!(serving.wait().expect("it ends").success());
    let shown = shown.wait_for_end(Duration::from_secs(5)).lines().count();
    assert!((1000..3000).contains(&shown), "{shown}");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut serving.stderr.take().expect("piped"), &mut said).expect("text");
    assert!(said.contains("calls are not shown: the output is slower than they come"), "{said}");
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
