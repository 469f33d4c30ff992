//! Clients that reconnect, while their router is killed: nothing is lost without a word.
#![cfg(unix)]

use serverwamp_conformance::output;
use std::process::Command;
use std::time::Duration;

/// 200 rounds take some minutes: `cargo run -p serverwamp-conformance --bin cuts -- tokio 200`.
const ROUNDS: &str = "5";

fn killed_again_and_again(runtime: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cuts"));
    command.args([runtime, ROUNDS]);
    let finished = output::run(&mut command, Duration::from_secs(200)).expect("it ends");
    assert!(finished.status.success(), "{finished:?}");
    println!("{}", finished.stdout);
}

#[test]
fn a_router_that_is_killed_costs_clients_on_tokio_nothing_without_a_word() {
    killed_again_and_again("tokio");
}

#[test]
fn a_router_that_is_killed_costs_clients_on_smol_nothing_without_a_word() {
    killed_again_and_again("smol");
}
