//! `serverwamp config explain KEY`.

use super::print;
use crate::failure::Failure;
use clap::Args;
use serverwamp_config::reference;

/// The options of `config explain`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp config explain
  serverwamp config explain listen.websocket
  serverwamp config explain limits.connections")]
pub(crate) struct KeyOptions {
    /// A key or a table, with dots between the parts [default: the whole file]
    #[arg(value_name = "KEY", default_value = "", hide_default_value = true)]
    key: String,
}

pub(crate) fn run(options: &KeyOptions) -> Result<(), Failure> {
    let found = reference::find(&options.key).map_err(Failure::usage)?;
    print(&found.print())
}
