//! The commands that are clients of a router: any router, not this one alone.
//!
//! In: a router and a login (`target`), a URI, words (`words`). Out: what the router answered (`output`), and the exit status: 0 in
//! good order, 1 for an error of WAMP, 2 for a command line that cannot be followed, 3 without a connection, 4 without a login.

pub(crate) mod admin;
pub(crate) mod bench;
pub(crate) mod call;
mod clock;
mod connect;
pub(crate) mod context;
pub(crate) mod doctor;
pub(crate) mod duration;
mod hurry;
mod json;
pub(crate) mod link;
mod output;
pub(crate) mod publish;
pub(crate) mod register;
pub(crate) mod subscribe;
pub(crate) mod suggest;
mod target;
mod words;

pub(crate) use self::json::escaped as escaped_json;
pub(crate) use self::output::{Out, note, visible};
pub(crate) use self::target::{TargetOptions, VARIABLES};

use crate::failure::Failure;
use std::future::Future;

/// Runs one command of the shell to its end. A second Ctrl-C ends it wherever it is.
///
/// One thread: whoever reads the output slowly is sent no more than that, because what writes it also reads the connection.
pub(crate) fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    run(&mut tokio::runtime::Builder::new_current_thread(), command)
}

/// The same for a command that others wait for: its sessions go on in a second thread while the first one waits for the output.
pub(crate) fn block_on_beside_sessions(
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    run(tokio::runtime::Builder::new_multi_thread().worker_threads(1), command)
}

fn run(
    runtime: &mut tokio::runtime::Builder,
    command: impl Future<Output = Result<(), Failure>>,
) -> Result<(), Failure> {
    hurry::watch()?;
    let runtime =
        runtime.enable_all().build().map_err(|error| Failure::runtime(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(command);
    // Nothing that still runs, such as a look-up of a name, holds up the end.
    runtime.shutdown_background();
    outcome
}
