//! The commands that are clients of a router: any router, not this one alone.
//!
//! In: a router and a login (`target`), a URI, words (`words`). Out: what the router answered (`output`), and the exit status: 0 in
//! good order, 1 for an error of WAMP, 2 for a command line that cannot be followed, 3 without a connection, 4 without a login.

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

pub(crate) use self::output::{Out, visible};

use crate::failure::Failure;
use std::future::Future;

/// Runs one command of the shell to its end. A second Ctrl-C ends it wherever it is.
pub(crate) fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    hurry::watch()?;
    // One thread: whoever reads the output slowly is sent no more than that, because what writes it also reads the connection.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(command);
    // Nothing that still runs, such as a look-up of a name, holds up the end.
    runtime.shutdown_background();
    outcome
}
