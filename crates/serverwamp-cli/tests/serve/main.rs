//! `serverwamp serve`, `reload` and `why`: a router from one file, as its operators and its clients meet it.
//!
//! `cargo test -p serverwamp-cli --test serve`.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

mod admin;
mod audit;
mod console;
mod control;
mod documents;
mod draining;
mod entrances;
mod guests;
mod listening;
mod load;
mod program;
mod revoking;
mod starting;
mod users;
mod watching;
mod wrong_files;

use std::time::Duration;

/// The time for a program to do something, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);
