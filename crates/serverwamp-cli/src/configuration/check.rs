//! `serverwamp check`: every mistake of a file, in its order, as rustc prints its own.

use super::{FileOption, print};
use crate::failure::Failure;
use clap::Args;
use serverwamp_config::model::Config;
use serverwamp_config::{Printer, Style};
use std::io::IsTerminal as _;

/// The options of `check`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "The exit status is 0 for a file that can be used. It is 1 for one with mistakes, and for one that is named and missing
or cannot be read. It is 2 if none is named and none is where it usually is, and for options that cannot be followed.

Examples:
  serverwamp check -c /etc/serverwamp/serverwamp.toml
  serverwamp check --warnings-as-errors
  serverwamp config init | serverwamp check -c -"
)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    file: FileOption,
    /// Fail for what is only doubtful, too
    #[arg(long)]
    warnings_as_errors: bool,
}

pub(crate) fn run(options: &CheckOptions) -> Result<(), Failure> {
    let file = options.file.read()?;
    let read = serverwamp_config::check(&file.text, &file.environment, &file.folder);
    let mistakes = read.mistakes;
    let style = if wants_colours() { Style::Colours } else { Style::Plain };
    print(&Printer::new(&file.shown, &file.text, &file.environment, style).print(&mistakes))?;
    let fails = mistakes.errors() > 0 || (options.warnings_as_errors && !mistakes.is_empty());
    match read.config {
        Some(config) if !fails => {
            let doubtful = if mistakes.is_empty() { "no mistakes" } else { "it can be used" };
            print(&format!("{}: {doubtful}, {}\n", file.shown, summary(&config)))
        }
        _ => Err(Failure::Refused),
    }
}

/// What the file has: "2 listeners, 1 realm".
fn summary(config: &Config) -> String {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    // Without any there is the one of the defaults.
    let mut parts = vec![count(config.listen.len().max(1), "listener"), count(config.realm.len(), "realm")];
    if !config.template.is_empty() {
        parts.push(count(config.template.len(), "template"));
    }
    parts.join(", ")
}

fn wants_colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
