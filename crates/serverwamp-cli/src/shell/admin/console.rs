//! `serverwamp console link`: a link that logs a browser in at the web console of a running server.

use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::output::Out;
use crate::stop::StopSignals;
use clap::{Args, Subcommand};
use serverwamp::{Dict, Value};

/// The commands about the web console.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "Examples:
  serverwamp console link --socket /run/serverwamp/admin.sock")]
pub(crate) enum ConsoleCommand {
    /// Print a link that logs one browser in, once, as you
    Link(ConsoleLinkOptions),
}

/// The options of `console link`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp console link --socket /run/serverwamp/admin.sock
  serverwamp console link --url wss://rt-1.example.com/admin --authid ops --key ops.key
  xdg-open \"$(serverwamp console link --socket /run/serverwamp/admin.sock)\"

The link works for ten minutes, and whoever opens it first is logged in: do not send it to others.")]
pub(crate) struct ConsoleLinkOptions {
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn run(command: &ConsoleCommand) -> Result<(), Failure> {
    let ConsoleCommand::Link(options) = command;
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask_program("serverwamp.node.console_link", Dict::new());
        let answer = signals.unless(asking, "before the server had answered").await?;
        let links = answer.get("links").and_then(Value::as_list).unwrap_or_default();
        for link in links.iter().filter_map(Value::as_str) {
            Out::plain().line(link)?;
        }
        Ok(())
    })
}
