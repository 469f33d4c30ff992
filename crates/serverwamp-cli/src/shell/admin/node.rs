//! `serverwamp drain`, `log-level`, and `reload` by the admin interface: what the program is told to do.

use super::answers::shown;
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::duration::Span;
use crate::shell::output::{Out, visible_below};
use crate::shell::target::TargetOptions;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::{Dict, Value};

/// The options of `drain`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp drain --socket /run/serverwamp/admin.sock
  serverwamp drain --within 10s --socket /run/serverwamp/admin.sock
  serverwamp drain --url wss://rt-1.example.com/admin --authid ops --key ops.key")]
pub(crate) struct DrainOptions {
    /// Cut off whoever is still there after this time, where the configured one is longer
    #[arg(long, value_name = "TIME")]
    within: Option<Span>,
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
    let mut arguments = Dict::new();
    if let Some(Span(within)) = options.within {
        arguments.insert("within_ms", u64::try_from(within.as_millis()).unwrap_or(u64::MAX));
    }
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask_program("serverwamp.node.drain", arguments);
        signals.unless(asking, "before the server had answered").await?;
        Out::plain().line("the server takes no new connections, and asks its clients to leave")
    })
}

/// What may be behind a session that ends while the server reloads.
const OWN_WAY_IN: &str = "
  if the new configuration takes away your own way into the admin interface, it is in effect now, and this was its last answer to you:
  the log of the server says what was reloaded and by whom (targets serverwamp::program and serverwamp::audit)";

/// Reloads the configuration of the server whose admin interface this is.
pub(crate) fn reload(target: &TargetOptions) -> Result<(), Failure> {
    with_admin(&AdminOptions::of(target), async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask_program("serverwamp.node.reload", Dict::new());
        let answer = signals.unless(asking, "before the server had answered").await.map_err(|failure| {
            match failure {
                // Whatever a reload takes away is gone before it answers.
                Failure::Connection(text) => Failure::Connection(format!("{text}{OWN_WAY_IN}")),
                other => other,
            }
        })?;
        let outcome = answer.get("outcome").and_then(Value::as_str).unwrap_or_default();
        Out::plain().line(&visible_below(outcome))
    })
}

pub(crate) fn log_level(options: &LogLevelOptions) -> Result<(), Failure> {
    let mut arguments = Dict::new();
    if let Some(filter) = &options.filter {
        arguments.insert("filter", filter.as_str());
    }
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        let asking = admin.ask_program("serverwamp.node.log_level", arguments);
        let answer = signals.unless(asking, "before the server had answered").await?;
        let former = shown(&answer, "former");
        match options.filter {
            Some(_) => Out::plain().line(&format!("it was: {former}")),
            None => Out::plain().line(&former),
        }
    })
}
