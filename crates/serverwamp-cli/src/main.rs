//! The `serverwamp` program: a WAMP server in one command.
//!
//! In: the command line, and the signals that ask it to stop. Out: the banner on the standard output, one line about
//! what went wrong on the standard error, and the exit status: 0 in good order, 1 when something failed while it ran,
//! 2 when the command line cannot be followed.
#![expect(
    clippy::disallowed_methods,
    reason = "a program chooses its runtime, and shows people the time of day"
)]

mod address;
mod arguments;
mod banner;
mod demo;
mod dev;
mod failure;
mod hash;
mod keygen;
mod logging;
mod panics;
mod secret_input;
mod stop;
mod token;
mod unix_socket;

use arguments::Command;
use failure::Failure;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("serverwamp: {failure}");
            failure.exit_code()
        }
    }
}

fn run() -> Result<(), Failure> {
    let Some(arguments) = arguments::parse(std::env::args_os())? else { return Ok(()) };
    logging::start(arguments.verbose);
    panics::bound();
    match arguments.command() {
        Command::Dev(options) => dev::run(&options),
        Command::Token(command) => token::run(&command),
        Command::Hash(command) => hash::run(&command),
        Command::Keygen(options) => keygen::run(&options),
    }
}
