//! `serverwamp reload`, the socket behind it, and SIGHUP: whatever comes, at whatever time, and how often.

use crate::PATIENCE;
use crate::program::{FILE, Program, Scratch};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Signal};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

const CONFIG: &str = r#"
[control]
socket = "control.sock"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "realm1"
[[realm.auth]]
anonymous = {}
"#;

fn connect(scratch: &Scratch) -> UnixStream {
    let stream = UnixStream::connect(scratch.file("control.sock")).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time above 0");
    stream
}

/// What is answered to these bytes; nothing where the connection was closed.
fn answer(scratch: &Scratch, question: &[u8]) -> String {
    let mut stream = connect(scratch);
    // It may be closed before everything has been written.
    drop(stream.write_all(question));
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    String::from_utf8(answer).expect("a text")
}

#[test]
fn whatever_comes_by_the_control_socket_reloads_are_answered() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let mode = std::fs::metadata(scratch.file("control.sock")).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it is for the user who runs the program");
    let mut peer = program.joined("realm1");
    assert!(
        answer(&scratch, b"{\"command\":\"reload\"}\n")
            .starts_with("{\"done\":true,\"text\":\"reload: nothing")
    );
    let (_, files) = program.threads_and_files();
    let long = "x".repeat(100_000);
    let wrong: [&[u8]; 6] = [
        b"reload\n",
        b"\n",
        b"{\"command\":\"stop\"}\n",
        b"\xff\xfe\n",
        long.as_bytes(),
        b"{\"command\":\"rel",
    ];
    for question in wrong {
        let answer = answer(&scratch, question);
        assert!(answer.is_empty() || answer.starts_with("{\"done\":false"), "{answer}");
    }
    drop(connect(&scratch));
    let silent: Vec<_> = (0..100).map(|_| connect(&scratch)).collect();
    let began = Instant::now();
    assert_eq!(program.ask_to_reload().status.code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).expect("it is closed"), 0);
    }
    let deadline = Instant::now() + PATIENCE;
    while program.threads_and_files().1 > files {
        assert!(Instant::now() < deadline, "files stay open");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(
        peer.call("nothing", Value::Null, Value::Null, Value::Null)[4],
        "wamp.error.no_such_procedure"
    );
}

#[test]
fn reloads_that_come_together_all_take_effect() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    let mut peer = program.joined("realm1");
    for turn in 0..3 {
        scratch.replace(FILE, format!("{CONFIG}[limits]\nsubscriptions = {}\n", turn + 5));
        let mut asking: Vec<_> = (0..4)
            .map(|_| scratch.command(&["reload"]).stdout(Stdio::null()).spawn().expect("it starts"))
            .collect();
        program.signal(Signal::Hangup);
        for child in &mut asking {
            assert!(child.wait().expect("it ends").success());
        }
        program.wait_for(&format!("is now {}", turn + 5));
    }
    assert_eq!(
        peer.call("nothing", Value::Null, Value::Null, Value::Null)[4],
        "wamp.error.no_such_procedure"
    );
}

#[test]
fn what_cannot_be_asked_is_one_line_and_a_status() {
    let scratch = Scratch::new();
    scratch.write(FILE, CONFIG);
    let said = |arguments: &[&str]| {
        let finished = scratch.run(arguments);
        assert_eq!(finished.stdout, "");
        assert_eq!(finished.stderr.lines().count(), 1, "{}", finished.stderr);
        (finished.status.code().expect("it ends by itself"), finished.stderr.trim_end().to_owned())
    };
    let nobody = "serverwamp: no server listens at ./control.sock: is it running, with this `[control]` in its configuration?";
    assert_eq!(said(&["reload"]), (3, nobody.to_owned()));
    // A socket that is left over.
    drop(UnixListener::bind(scratch.file("control.sock")).expect("a free path"));
    assert_eq!(said(&["reload"]), (3, nobody.to_owned()));
    assert_eq!(said(&["reload", "-c", "nothing.toml"]).0, 1);
    scratch.write(FILE, "[[listen]]\naddress = \"127.0.0.1:0\"\n");
    let (status, text) = said(&["reload"]);
    assert!(status == 2 && text.contains("has no `[control]` with a socket"), "{text}");
    scratch.write(FILE, "[[listen");
    let (status, text) = said(&["reload"]);
    assert!(status == 2 && text.contains("name the socket with --socket"), "{text}");
    // Somebody else.
    let other = UnixListener::bind(scratch.file("other")).expect("a free path");
    let serving = thread::spawn(move || {
        let (mut stream, _) = other.accept().expect("somebody asks");
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\n").expect("it reads");
    });
    let (status, text) = said(&["reload", "--socket", "other"]);
    assert!(status == 3 && text.contains("no server of this kind"), "{text}");
    serving.join().expect("it was asked");
}

#[test]
fn a_file_that_the_server_does_not_read_is_not_reloaded() {
    let scratch = Scratch::new();
    let program = Program::start(&scratch, CONFIG);
    scratch.write("other.toml", format!("{CONFIG}[limits]\nsubscriptions = 5\n"));
    let own = std::fs::canonicalize(scratch.file(FILE)).expect("it is there");
    let other = std::fs::canonicalize(scratch.file("other.toml")).expect("it is there");
    let refused = scratch.run(&["reload", "-c", "other.toml"]);
    assert_eq!((refused.status.code(), &*refused.stdout), (Some(1), ""));
    let said = format!("serverwamp: nothing was reloaded: this server reads {own:?} and not {other:?}. ");
    assert!(refused.stderr.starts_with(&said) && refused.stderr.lines().count() == 1, "{}", refused.stderr);
    // The socket alone says nothing of a file, and other names of the file are it as well.
    std::os::unix::fs::symlink(FILE, scratch.file("link.toml")).expect("a free name");
    let whole = own.to_str().expect("ASCII");
    for words in [
        &["reload", "--socket", "control.sock"][..],
        &["reload", "-c", "link.toml"],
        &["reload", "-c", whole],
    ] {
        let done = scratch.run(words);
        assert_eq!((done.status.code(), &*done.stderr), (Some(0), ""), "{words:?}");
        assert!(done.stdout.starts_with("reload: nothing changed"), "{words:?}: {}", done.stdout);
    }
    let answer = answer(&scratch, b"{\"command\":\"reload\",\"file\":\"/nowhere\"}\n");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((&answer["done"], &answer["file"]), (&json!(false), &json!(whole)));
    drop(program);
}

/// Calls a procedure that nobody answers, so that a server waits for it when it stops.
fn unanswered(program: &Program<'_>) -> (RawPeer, RawPeer, u64, Value) {
    let (mut callee, mut caller) = (program.joined("realm1"), program.joined("realm1"));
    callee.register("slow");
    let call = caller.start_call("slow", json!([]), Value::Null, Value::Null);
    let invocation = callee.receive();
    (callee, caller, call, invocation)
}

#[test]
fn a_server_that_stops_reads_nothing_any_more_and_answers_its_calls() {
    let scratch = Scratch::new();
    let mut program = Program::start(&scratch, CONFIG);
    let (mut callee, mut caller, call, invocation) = unanswered(&program);
    program.signal(Signal::Terminate);
    program.wait_for("waiting for sessions to end");
    scratch.write(FILE, "");
    assert_eq!(
        program.refuses_to_reload_at("control.sock"),
        "serverwamp: the server is stopping, and reads no configuration any more\n"
    );
    program.signal(Signal::Hangup);
    callee.send(json!([70, invocation[1], {}, ["done"]]));
    assert_eq!(caller.final_answer(call)[3], json!(["done"]));
    drop((callee, caller));
    assert_eq!(program.ended().code(), Some(0));
    assert!(!scratch.file("control.sock").exists(), "its socket is gone with it");
    let log = program.log();
    assert!(log.contains("stopped") && !log.contains("not reloaded"), "{log}");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let scratch = Scratch::new();
    let mut program = Program::start(&scratch, &format!("{CONFIG}[shutdown]\ndrain = \"1h\"\n"));
    let _waiting = unanswered(&program);
    program.signal(Signal::Interrupt);
    program.wait_for("waiting for sessions to end");
    program.signal(Signal::Terminate);
    assert_eq!(program.ended().code(), Some(0));
    assert!(program.log().contains("stopped at once, without waiting for sessions"));
}

/// Realms with everything of which something could be left behind.
fn many(realms: usize, turn: usize) -> String {
    let mut text = CONFIG.to_owned();
    for realm in 0..realms {
        // Half of them change in each turn.
        let calls = if realm % 2 == 0 { turn + 1 } else { 1 };
        write!(
            text,
            r#"
[[realm]]
name = "tenant{realm}"
limits.calls_in_flight = {calls}
[[realm.auth]]
file.path = "users.toml"
[[realm.auth]]
header = {{ name = "X-Remote-User", proxies = ["127.0.0.1"], role = "user" }}
[[realm.auth]]
jwt = {{ jwks_url = "http://127.0.0.1:1/keys", place = "bearer" }}
[realm.role.user]
allow = {{ "a.*" = ["call"], "b.*" = ["subscribe"] }}
"#
        )
        .expect("a String takes it");
    }
    text
}

#[test]
fn a_thousand_reloads_leave_nothing_behind() {
    let scratch = Scratch::new();
    scratch.write("users.toml", scratch.made_of("tick3t", &["hash", "ticket", "--user", "ann"]));
    let program = Program::start(&scratch, &many(8, 0));
    let reload = |turn: usize| {
        scratch.replace(FILE, many(8, turn));
        let answer = answer(&scratch, b"{\"command\":\"reload\"}\n");
        assert!(answer.starts_with("{\"done\":true"), "{answer}");
    };
    (1..=200).for_each(reload);
    let (memory, (threads, files)) = (program.memory(), program.threads_and_files());
    (201..=1200).for_each(reload);
    let (memory_after, (threads_after, files_after)) = (program.memory(), program.threads_and_files());
    assert!(
        // The runtime has threads that come and go.
        threads_after <= threads + 4 && files_after <= files + 4,
        "{threads_after} threads, {files_after} files"
    );
    let grown = memory_after.saturating_sub(memory);
    assert!(grown < 3 << 20, "{grown} bytes more in 1000 reloads");
}

#[test]
fn a_thousand_realms_are_reloaded_while_calls_go_on() {
    let scratch = Scratch::new();
    scratch.write("users.toml", scratch.made_of("tick3t", &["hash", "ticket", "--user", "ann"]));
    let program = Program::start(&scratch, &many(1000, 0));
    let mut peer = program.joined("realm1");
    scratch.replace(FILE, many(1000, 1));
    let began = Instant::now();
    let reload = scratch.command(&["reload"]).stdout(Stdio::piped()).spawn().expect("it starts");
    let reload = thread::spawn(move || reload.wait_with_output().expect("it ends"));
    let (mut longest, mut calls) = (Duration::ZERO, 0);
    while !reload.is_finished() {
        let called = Instant::now();
        peer.call("nothing", Value::Null, Value::Null, Value::Null);
        longest = longest.max(called.elapsed());
        calls += 1;
    }
    let report = String::from_utf8(reload.join().expect("it ends").stdout).expect("text");
    assert!(
        report.starts_with("reload: 500 realms replaced, 500 keys changed (1 session kept)\n"),
        "{report}"
    );
    println!("1000 realms in {:?}; {calls} calls, the longest {longest:?}", began.elapsed());
    assert!(longest < Duration::from_secs(2) && calls > 10, "{calls} calls, the longest {longest:?}");
}
