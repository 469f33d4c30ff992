//! The commands that are clients, as a person and as a script meet them: what they print, and how they end.
//!
//! `cargo test -p serverwamp-cli --test shell`.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

mod admin;
mod calls;
mod contexts;
mod crossbar;
mod doctor;
mod documents;
mod events;
mod false_router;
mod forms;
mod hostile;
mod linking;
mod linking_both_ways;
mod logins;
mod manual;
mod measuring;
mod mistakes;
mod scratch;
mod serving;
mod snapshot;
mod taken_away;
mod terminal;

use serverwamp_conformance::output::{self, Finished};
use serverwamp_conformance::{ServerProcess, binary};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The time for a command to end, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// A router with the demo in it.
fn demo() -> ServerProcess {
    ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &[])
}

/// The program, with nothing in its environment that a test does not want.
fn shell(server: Option<&ServerProcess>, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary::cli());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WAMP_") {
            command.env_remove(name);
        }
    }
    command.args(arguments).env("SERVERWAMP_CONTEXTS", "/nonexistent/contexts.toml");
    if let Some(server) = server {
        command.env("WAMP_URL", server.url());
    }
    command
}

fn run(server: &ServerProcess, arguments: &[&str]) -> Finished {
    output::run(&mut shell(Some(server), arguments), PATIENCE).expect("it ends by itself")
}

/// Runs a command with this on its standard input.
fn run_with_input(server: &ServerProcess, arguments: &[&str], input: &[u8]) -> Finished {
    use std::io::Write as _;
    let mut child = start(shell(Some(server), arguments).stdin(Stdio::piped()));
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    ended(child)
}

/// Starts a command whose output is read when it has ended.
fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts")
}

fn ended(child: Child) -> Finished {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Finished { status: output.status, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Requires that a command prints this, says nothing else, and ends in good order.
#[track_caller]
fn prints(server: &ServerProcess, arguments: &[&str], expected: &str) {
    let finished = run(server, arguments);
    assert_eq!((&*finished.stdout, &*finished.stderr), (expected, ""), "{arguments:?}");
    assert_eq!(finished.status.code(), Some(0), "{arguments:?}");
}

/// Requires that a command says this on its standard error, prints nothing, and ends with that status.
#[track_caller]
fn fails(server: &ServerProcess, arguments: &[&str], status: i32, expected: &str) {
    let finished = run(server, arguments);
    assert_eq!((&*finished.stderr, &*finished.stdout), (expected, ""), "{arguments:?}");
    assert_eq!(finished.status.code(), Some(status), "{arguments:?}");
}
