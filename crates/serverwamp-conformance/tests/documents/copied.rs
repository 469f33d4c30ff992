//! The program that the web console copies as Rust: a test of the console in a browser compares it with the file that this one is made of.

use serverwamp_conformance::{ServerProcess, binary, output};
use std::process::Command;
use std::time::Duration;

#[test]
fn what_the_console_copies_as_rust_runs() {
    let server = ServerProcess::start(&binary::cli(), &["dev", "--listen", "127.0.0.1:0"], &[]);
    let mut program = Command::new(env!("CARGO_BIN_EXE_copied"));
    let url = format!("ws://{}/console/ws", server.address());
    let seen = output::run(program.arg(url), Duration::from_secs(30)).expect("it ends by itself");
    assert_eq!((&*seen.stdout, seen.status.success()), ("[42] {}\n", true), "{}", seen.stderr);
}
