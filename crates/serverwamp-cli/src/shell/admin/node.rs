//! `serverwamp drain` and `log-level`: what the program is told to do.

use super::answers::shown;
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::output::Out;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::Dict;

/// The options of `drain`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp drain --socket /run/serverwamp/admin.sock
  serverwamp drain --url wss://rt-1.example.com/admin --authid ops --key ops.key")]
pub(crate) struct DrainOptions {
    #[command(flatten)]
    admin: AdminOptions,
}

/// The options of `log-level`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp log-level --socket /run/serverwamp/admin.sock
  serverwamp log-level info,serverwamp::call=debug --socket /run/serverwamp/admin.sock")]
pub(crate) struct LogLevelOptions {
    /// The new filter; without it the present one is printed
    #[arg(value_name = "FILTER")]
    filter: Option<String>,
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn drain(options: &DrainOptions) -> Result<(), Failure> {
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask("serverwamp.node.drain", Dict::new());
        signals.unless(asking, "before the server had answered").await?;
        Out::plain().line("the server takes no new connections, and asks its clients to leave")
    })
}

pub(crate) fn log_level(options: &LogLevelOptions) -> Result<(), Failure> {
    let mut arguments = Dict::new();
    if let Some(filter) = &options.filter {
        arguments.insert("filter", filter.as_str());
    }
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask("serverwamp.node.log_level", arguments);
        let answer = signals.unless(asking, "before the server had answered").await?;
        let former = shown(&answer, "former");
        match options.filter {
            Some(_) => Out::plain().line(&format!("it was: {former}")),
            None => Out::plain().line(&former),
        }
    })
}
