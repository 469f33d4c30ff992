//! One wrong input of each kind: a line and a hint, with the status that scripts look at: `snapshots/mistakes.txt`.

use crate::scratch::Scratch;
use crate::snapshot::Snapshot;
use crate::{PATIENCE, demo, shell};
use serverwamp_conformance::output;

/// Command lines, word by word. `URL` is the demo's, `GONE` a port where nobody listens, `DIR` a folder with files.
const MISTAKES: &str = "
call
call a.b --progres
call a.b --timeout 5
call a.b --timeout 0s
call a.b --timeout 1e9h
call a.b -o xml
call a.b --cancel-mode gently
call a.b {\"a\":
call a.b [a]
call a.b @
call a.b @/no/such/file
call a.b @/dev/zero
call a.b @DIR
call a.b @DIR/deep
call a.b - -
call a.b x=1 x=2
call a.b --serializer xml
call a.b --tls-key k
call a.b --tls-ca /no/such/file --url wss://localhost:1/ws
call a.b --tls-ca DIR/garbage --url WSS
call a.b --tls-certificates DIR/garbage --tls-key DIR/garbage --url WSS
call a.b --tls-ca DIR/garbage
call a.b --secret-file s
call a.b --authid joe
call a.b --authid joe --secret-file /no/such/file
call a.b --authid joe --secret-file DIR
call a.b --authid joe --secret-file DIR/empty
call a.b --authid joe --ticket-file /dev/zero
call a.b --authid joe --ticket-file DIR/garbage
call a.b --key DIR/garbage
call a.b --key /no/such/file
call a.b --key /dev/zero
call a.b --ticket=s3cret
call a.b --ticket --key k
call a.b --authmethod wampcra
call a.b --authmethod wampcra --authid joe --key k
call a.b --authmethod cryptosign --authid joe --secret-file s
call a.b --authmethod wampcra --ticket --authid joe
call a.b --authmethod scram
call a.b --password s3cret
call a.b --secret s3cret
call a.b --port 8080
call a.b -r realm1
call a.b -u joe
call a.b --router ws://h
call a.b --context nowhere
call a.b --url
call a.b --url nonsense
call a.b --url localhost:8080
call a.b --url ftp://h
call a.b --url ws://
call a.b --url rs://h
call a.b --url ws://joe:s3cret@localhost:8080/ws
call a.b --url ws://localhost:99999/ws
call a.b --url ws://::1/ws
call a.b --url unix:
call a.b --url unix:///no/such/socket
call a.b --url GONE
call a.b --url ELSEWHERE
call a.b --realm nowhere
call a..b
call demo.ad
call demo.add
call demo.add 2 x
call demo.add 2 99999999999999999999
publish
publish a.b --exclude 0
publish a.b --exclude x
publish a..b --ack
publish a.b n=99999999999999999999
subscribe
subscribe a.b --match suffix
subscribe a.b -n 0
subscribe a.b -n x
subscribe a..b
register
register a.b
register a.b --echo --reply 1
register a.b --echo -- x
register a.b --reply {
register a.b --exec no-such-program
register a.b --exec DIR/garbage
register a.b --exec cat --parallel 0
register a.b --exec cat --exec-timeout 5
register a.b --echo --invoke all
register a.b --echo -n 0
register demo.add --echo
bench
bench call
bench calls
bench call demo.ad
bench call demo.add 2 3 -n 0
bench call demo.add 2 3 -c 0
bench call demo.add 2 3 -c 10001
bench call demo.add 2 3 -f 0
bench call demo.add 2 3 --rate 0
bench call demo.add 2 3 --rate 1e3
bench call demo.add 2 3 --for 0s
bench call demo.add 2 3 -n 5 --for 5s
bench call demo.add 2 3 --plot /no/such/folder/x.svg
bench fanout chat -s 0
doctor nonsense
doctor a b
doctor ws://h --url ws://g
kill abc
context
context add
context add a/b
context add x --url nonsense
context add x --tls-ca /no/such/file
context select
context select nowhere
context select x --none
context rm
context rm nowhere
completions
completions ksh
man nothing
man --dir /dev/null/x
help nothing
";

#[test]
fn every_mistake_is_one_line_and_a_hint() {
    let server = demo();
    let scratch = Scratch::new();
    scratch.write("garbage", "no key\n");
    scratch.write("empty", "");
    scratch.write("deep", "[".repeat(5000));
    let dir = scratch.path().to_str().expect("a path of ASCII");
    // A port that was free a moment ago.
    let gone = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let gone = format!("ws://{gone}/ws");
    let elsewhere = server.url().replace("/ws", "/elsewhere");
    let secure = server.url().replace("ws://", "wss://");
    let known = [
        (dir, "DIR"),
        (&*gone, "GONE"),
        (&*elsewhere, "ELSEWHERE"),
        (&*secure, "WSS"),
        (server.url(), "URL"),
    ];
    let mut snapshot = Snapshot::new("mistakes", &known);
    for line in MISTAKES.lines().filter(|line| !line.is_empty()) {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| known.iter().fold(word.to_owned(), |word, (text, name)| word.replace(name, text)))
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let command = shell(Some(&server), &words);
        // A terminal of whoever runs the tests is not asked.
        let finished = output::run(&mut without_terminal(&command), PATIENCE).expect("it ends by itself");
        snapshot.piped(&words, &finished);
        let said = &finished.stderr;
        assert!(said.starts_with("serverwamp: ") || said.starts_with("error: "), "{line}: {said}");
        assert!(!said.contains("panicked") && !said.contains("s3cret"), "{line}: {said}");
        // What follows the first line belongs to it.
        assert!(said.lines().skip(1).all(|line| line.starts_with("  ")), "{line}: {said}");
    }
    snapshot.check();
}

/// The command in a session of its own, which has no terminal.
fn without_terminal(command: &std::process::Command) -> std::process::Command {
    let mut apart = std::process::Command::new("setsid");
    apart.arg("--wait").arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => apart.env(name, value),
            None => apart.env_remove(name),
        };
    }
    apart
}

#[test]
fn connections_that_the_machine_does_not_have_are_a_line_too() {
    let server = demo();
    let script = "ulimit -n 40; exec \"$0\" bench call demo.add 2 3 -c 100";
    let mut command = std::process::Command::new("sh");
    command.args(["-c", script]).arg(serverwamp_conformance::binary::cli()).env("WAMP_URL", server.url());
    let finished = output::run(&mut command, PATIENCE).expect("it ends by itself");
    assert!(finished.stderr.contains("raise ulimit -n"), "{}", finished.stderr);
    assert_eq!(finished.status.code(), Some(1));
}

#[test]
fn a_word_that_is_no_text_is_a_line_too() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut command = shell(None, &["call"]);
    command.arg(std::ffi::OsString::from_vec(vec![0xFF]));
    let finished = output::run(&mut command, PATIENCE).expect("it ends by itself");
    let said =
        "serverwamp: a word is no UTF-8: arguments of calls and events can come from files, as @FILE\n";
    assert_eq!((&*finished.stderr, finished.status.code()), (said, Some(2)));
}

#[test]
fn output_that_cannot_be_written_is_a_line_or_nothing() {
    let server = demo();
    let scratch = Scratch::new();
    for words in [
        &["call", "demo.add", "2", "3"][..],
        &["publish", "chat", "--ack"],
        &["subscribe", "demo.clock"],
        &["doctor"],
        &["bench", "call", "demo.add", "2", "3", "-n", "1", "--warm-up", "1ms"],
        &["call", "--help"],
        &["--version"],
        &["man"],
        &["completions", "bash"],
        &["keygen", "--key", &scratch.file("key")],
    ] {
        let mut command = shell(Some(&server), words);
        let mut child = command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .expect("it starts");
        drop(child.stdout.take());
        let unread = crate::ended(child);
        assert_eq!((&*unread.stderr, unread.status.code()), ("", Some(0)), "{words:?}");
        if words == ["doctor"] {
            // It goes on to the end: its status is what scripts look at.
            continue;
        }
        drop(std::fs::remove_file(scratch.file("key")));
        let full = std::fs::File::options().write(true).open("/dev/full").expect("it is there");
        let mut command = shell(Some(&server), words);
        let child = command.stdout(full).stderr(std::process::Stdio::piped()).spawn().expect("it starts");
        let full = crate::ended(child);
        assert!(
            full.stderr.starts_with("serverwamp: the output cannot be written: "),
            "{words:?}: {}",
            full.stderr
        );
        assert_eq!((full.stderr.lines().count(), full.status.code()), (1, Some(1)), "{words:?}");
    }
}
