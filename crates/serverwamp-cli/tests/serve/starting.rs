//! A start that cannot be, secrets that nobody sees, and outputs that nobody reads.

use crate::PATIENCE;
use crate::program::{FILE, Program, Scratch};
use serde_json::Value;
use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{RawPeer, RawSocket, Signal, Stream, Subprotocol};
use std::fs;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::time::Instant;

const REALM: &str = "[[realm]]\nname = \"realm1\"\n[[realm.auth]]\nanonymous = {}\n";

fn listening(address: &str) -> String {
    format!("[[listen]]\naddress = \"{address}\"\n{REALM}")
}

/// Starts what cannot start.
#[track_caller]
fn fails(scratch: &Scratch, environment: &[(&str, &str)]) -> Finished {
    let mut command = scratch.command(&["serve"]);
    command.envs(environment.iter().copied());
    let finished = output::run(&mut command, PATIENCE).expect("it ends by itself");
    assert_eq!(finished.stdout, "");
    finished
}

#[test]
fn a_start_that_cannot_be_says_what_to_mend_and_is_status_1() {
    let scratch = Scratch::new();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("it listens").to_string();
    scratch.write("a-file", "of somebody");
    type Environment = &'static [(&'static str, &'static str)];
    let secret = "[[realm]]\nname = \"r\"\n[[realm.auth]]\njwt = { secret = { env = \"NO_SUCH_SECRET\" } }\n";
    // Somebody listens at both of them.
    let _others = ["taken.sock", "control.sock"]
        .map(|name| UnixListener::bind(scratch.file(name)).expect("it is free"));
    let control = "[control]\nsocket = \"control.sock\"\n".to_owned();
    let cases: [(&str, String, Environment, &[&str]); 11] = [
        ("a port that is taken", listening(&taken), &[], &[&taken, "in use"]),
        ("an address of another machine", listening("192.0.2.1:8080"), &[], &["192.0.2.1:8080"]),
        (
            "a place for a socket that is none",
            listening("unix:nowhere/at/all"),
            &[],
            &["there is no folder", "nowhere/at"],
        ),
        ("a place for a socket that is taken", listening("unix:a-file"), &[], &["a-file", "is no socket"]),
        (
            "a socket that is in use",
            listening("unix:taken.sock"),
            &[],
            &["taken.sock is in use", "or write another path as `address` of this `[[listen]]`"],
        ),
        (
            "a control socket that is in use",
            control + &listening("127.0.0.1:0"),
            &[],
            &["control.sock is in use", "or write another path as `socket` of `[control]`"],
        ),
        (
            "a socket that systemd has not opened",
            listening("systemd:web"),
            &[],
            &["\"web\"", "FileDescriptorName=web"],
        ),
        (
            "a mistake in the file",
            listening("127.0.0.1:0") + "colour = 1\n",
            &[],
            &["serverwamp.toml:7:1", "colour"],
        ),
        ("no TOML", "[[listen".to_owned(), &[], &["SW0100"]),
        (
            "a variable of the wrong kind",
            listening("127.0.0.1:0"),
            &[("SERVERWAMP_LIMITS__CONNECTIONS", "many")],
            &["SERVERWAMP_LIMITS__CONNECTIONS"],
        ),
        ("a secret that is nowhere", secret.to_owned(), &[], &["NO_SUCH_SECRET", "serverwamp.toml:4"]),
    ];
    for (what, text, environment, said) in cases {
        scratch.write(FILE, text);
        let finished = fails(&scratch, environment);
        assert_eq!(finished.status.code(), Some(1), "{what}: {}", finished.stderr);
        assert!(said.iter().all(|part| finished.stderr.contains(part)), "{what}: {}", finished.stderr);
        assert!(!finished.stderr.contains(" ready"), "{what}: {}", finished.stderr);
    }
    fs::remove_file(scratch.file(FILE)).expect("it is there");
    let finished = fails(&scratch, &[]);
    assert_eq!(finished.status.code(), Some(2));
    assert!(finished.stderr.contains("there is no configuration: write -c FILE"), "{}", finished.stderr);
    // The second of two that cannot be had leaves nothing of the first behind.
    scratch.write(FILE, "[[listen]]\naddress = \"unix:one.sock\"\n".to_owned() + &listening("unix:a-file"));
    assert_eq!(fails(&scratch, &[]).status.code(), Some(1));
    assert!(!scratch.file("one.sock").exists());
    assert!(fs::read_to_string(scratch.file("a-file")).is_ok_and(|text| text == "of somebody"));
}

#[test]
fn secrets_are_in_no_output() {
    let scratch = Scratch::new();
    let secrets = [
        "s3cret-of-the-file-with-32-bytes!",
        "s3cret-of-a-variable-of-32-bytes",
        "s3cret-that-is-given-for-the-key!",
    ];
    scratch.write("secret", format!("{}\n", secrets[0]));
    scratch.write("users.toml", "[user.ann]\ncra_secret = \"s3cret-of-ann\"\n");
    let config = r#"
auth_secret = { file = "secret" }
[control]
socket = "control.sock"
[[listen]]
address = "127.0.0.1:0"
[[realm]]
name = "one"
[[realm.auth]]
file.path = "users.toml"
[[realm.auth]]
jwt = { secret = { env = "TOKEN_SECRET" }, place = "bearer" }
[[realm]]
name = "two"
[[realm.auth]]
jwt = { secret = { file = "secret" } }
"#;
    scratch.write(FILE, config);
    let given = ("SERVERWAMP_REALM__TWO__AUTH__0__JWT__SECRET", secrets[2]);
    let mut command = scratch.command(&["serve", "-vvv"]);
    let program =
        Program::start_command(&scratch, command.env("TOKEN_SECRET", secrets[1]).env(given.0, given.1));
    // Each counts: a token that is signed with it lets in.
    let token = |secret: &str| {
        scratch.write("key", secret);
        let token = scratch.run(&["token", "make", "--key", "key", "--subject", "joe"]).stdout;
        fs::remove_file(scratch.file("key")).expect("it is there");
        token.trim().to_owned()
    };
    let mut peer = program.connect();
    let token = token(secrets[2]);
    assert_eq!(peer.join_with_ticket("two", "joe", &token)[0], 2);
    assert_eq!(program.connect().join_with_ticket("two", "joe", "wrong-t0ken")[0], 3);
    assert_eq!(program.connect().join_with_cra("one", "ann", "s3cret-of-ann")[0], 2);
    let report = program.reload(&config.replace("env = \"TOKEN_SECRET\"", "file = \"secret\""));
    scratch.write("secret", "");
    let refused = program.refuses_to_reload();
    let line = fs::read(format!("/proc/{}/cmdline", program.pid())).expect("it runs");
    let shown = [program.log(), report, refused, String::from_utf8_lossy(&line).into_owned()].concat();
    assert!(shown.contains("realm[\"one\"]") && shown.contains("is empty"), "{shown}");
    for secret in ["s3cret", "t0ken", &token[..20]] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn it_serves_though_nobody_reads_what_it_says() {
    let scratch = Scratch::new();
    scratch.write(FILE, format!("[control]\nsocket = \"control.sock\"\n{}", listening("unix:server.sock")));
    // Standard output and error that are closed, and such that nobody reads any more.
    let program = scratch.command(&[]).get_program().to_owned();
    for outputs in ["exec \"$0\" serve >&- 2>&-", "exec \"$0\" serve"] {
        let mut command = Command::new("sh");
        command.args(["-c", outputs]).arg(&program).current_dir(scratch.path()).stdin(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        drop((child.stdout.take(), child.stderr.take()));
        let socket = scratch.file("server.sock");
        let began = Instant::now();
        while !socket.exists() {
            assert!(began.elapsed() < PATIENCE, "{outputs}: it does not serve");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let mut peer: RawPeer =
            RawSocket::over(Stream::unix(socket.to_str().expect("ASCII"))).peer(Subprotocol::JSON);
        peer.join("realm1");
        let finished = scratch.run(&["reload"]);
        assert!(finished.status.success(), "{outputs}: {}", finished.stderr);
        assert_eq!(peer.call("x", Value::Null, Value::Null, Value::Null)[4], "wamp.error.no_such_procedure");
        drop(child.kill());
        drop(child.wait());
        drop(peer);
        drop(fs::remove_file(&socket));
    }
}

#[test]
fn it_stops_in_order_with_sessions_in_it() {
    let scratch = Scratch::new();
    scratch.write(FILE, listening("127.0.0.1:0"));
    for signal in [Signal::Terminate, Signal::Interrupt] {
        let mut program = Program::start_command(&scratch, &mut scratch.command(&["serve"]));
        let mut peer = program.joined("realm1");
        program.signal(signal);
        peer.expect_closed();
        assert_eq!(program.ended().code(), Some(0), "{signal:?}");
        let log = program.log();
        assert!(log.contains("stopping sessions=1") && log.trim_end().ends_with("stopped"), "{log}");
    }
}
