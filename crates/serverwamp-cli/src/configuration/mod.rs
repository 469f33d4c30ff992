//! The commands about configuration files: `check`, `explain`, `config`.
//!
//! In: a file, the environment. Out: what is wrong, or what can be written, on the standard output. Nothing is served here.

pub(crate) mod check;
mod environment;
pub(crate) mod explain;
mod file;
mod import;
mod key;
mod start;

pub(crate) use file::{ConfigurationFile, FileOption};

use crate::failure::Failure;
use clap::Subcommand;
use environment::EnvironmentOptions;
use import::ImportOptions;
use key::KeyOptions;
use start::StartOptions;
use std::io::{ErrorKind, Write as _};

/// The commands below `config`.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "Examples:
  serverwamp config init > serverwamp.toml
  serverwamp config explain listen.websocket
  serverwamp config import config.json -o serverwamp.toml")]
pub(crate) enum ConfigCommand {
    /// Print a commented file to begin with
    Init(StartOptions),
    /// Print the JSON Schema of the file, for editors
    #[command(after_help = "Examples:
  serverwamp config schema > serverwamp.schema.json")]
    Schema,
    /// Explain a key or a table: what it takes, its default, what a reload does with it
    Explain(KeyOptions),
    /// Make a configuration of one of Crossbar.io or nexus, and list what is not carried over
    Import(ImportOptions),
    /// List the variables of the environment that stand for keys
    Env(EnvironmentOptions),
}

pub(crate) fn run(command: &ConfigCommand) -> Result<(), Failure> {
    match command {
        ConfigCommand::Init(options) => start::run(options),
        ConfigCommand::Schema => print(&format!("{:#}\n", serverwamp_config::reference::schema())),
        ConfigCommand::Explain(options) => key::run(options),
        ConfigCommand::Import(options) => import::run(options),
        ConfigCommand::Env(options) => environment::run(options),
    }
}

/// Prints what was asked for. Whoever stops reading has seen enough.
fn print(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Unread,
        _ => Failure::runtime(format!("the output cannot be written: {error}")),
    })
}
