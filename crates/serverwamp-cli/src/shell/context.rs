//! `serverwamp context`: names for routers and logins.

use super::json;
use super::output::{Form, Out, OutputOptions, visible_on_a_line};
use super::target::contexts::Contexts;
use super::target::{DEFAULT_REALM, DEFAULT_URL, TargetSettings};
use crate::failure::Failure;
use clap::{Args, Subcommand};
use serverwamp::Value;

/// What to do with contexts.
#[derive(Clone, Debug, Subcommand)]
#[command(
    after_help = "Contexts are in $XDG_CONFIG_HOME/serverwamp/contexts.toml, or ~/.config/serverwamp/contexts.toml, which only you can read.
SERVERWAMP_CONTEXTS names another file. Secrets stay in files of their own, or are asked for.

Examples:
  serverwamp context add prod --url wss://wamp.example.com/ws --authid joe --secret-file ~/.wamp/joe
  serverwamp context select prod
  serverwamp call --context prod docs.list
  serverwamp context ls"
)]
pub(crate) enum ContextCommand {
    /// Add a context, or replace one of the same name; the first one is selected
    Add(Box<AddOptions>),
    /// List them; the selected one has a star
    Ls(ListOptions),
    /// Use a context from now on, unless an option, --context or the environment says otherwise
    Select(SelectOptions),
    /// Remove a context
    Rm(NameOptions),
}

/// The options of `context add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp context add prod --url wss://wamp.example.com/ws --realm shop --authid joe --key ~/.wamp/joe.key")]
pub(crate) struct AddOptions {
    /// The name of the context
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    settings: TargetSettings,
}

/// The options of `context ls`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp context ls
  serverwamp context ls -o jsonl")]
pub(crate) struct ListOptions {
    #[command(flatten)]
    output: OutputOptions,
}

/// The options of `context select`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp context select prod
  serverwamp context select --none")]
pub(crate) struct SelectOptions {
    /// The name of the context
    #[arg(value_name = "NAME", required_unless_present = "none")]
    name: Option<String>,
    /// Select none: options, the environment and the defaults alone
    #[arg(long, conflicts_with = "name")]
    none: bool,
}

/// The options of `context rm`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp context rm prod")]
pub(crate) struct NameOptions {
    /// The name of the context
    #[arg(value_name = "NAME")]
    name: String,
}

pub(crate) fn run(command: &ContextCommand) -> Result<(), Failure> {
    let mut contexts = Contexts::load()?;
    match command {
        ContextCommand::Add(options) => {
            let AddOptions { name, settings } = &**options;
            check_name(name)?;
            settings.check()?;
            contexts.add(name, settings.clone().absolute()?);
            contexts.save()
        }
        ContextCommand::Ls(ListOptions { output }) => list(&contexts, Out::new(output.output)),
        ContextCommand::Select(SelectOptions { name, .. }) => {
            contexts.select(name.as_deref())?;
            contexts.save()
        }
        ContextCommand::Rm(NameOptions { name }) => {
            contexts.remove(name)?;
            contexts.save()
        }
    }
}

fn check_name(name: &str) -> Result<(), Failure> {
    let good = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.len() > 100 || !name.chars().all(good) {
        return Err(Failure::usage(format!(
            "{name:?} is no name of a context: letters, digits, '-', '_' and '.', 100 at the most"
        )));
    }
    Ok(())
}

fn list(contexts: &Contexts, out: Out) -> Result<(), Failure> {
    for (name, settings, selected) in contexts.all() {
        let url = settings.url.as_deref().unwrap_or(DEFAULT_URL);
        let realm = settings.realm.as_deref().unwrap_or(DEFAULT_REALM);
        let authid = settings.authid.as_deref();
        match out.form {
            Form::Pretty | Form::Raw => {
                let star = if selected { '*' } else { ' ' };
                let as_whom = authid.map_or_else(String::new, |authid| format!("  as {authid}"));
                out.line(&visible_on_a_line(&format!("{star} {name}  {url}  {realm}{as_whom}")))?;
            }
            Form::Json | Form::Jsonl => {
                let context = json::dict([
                    ("name", name.into()),
                    ("selected", Value::Bool(selected)),
                    ("url", url.into()),
                    ("realm", realm.into()),
                    ("authid", authid.into()),
                ]);
                out.line(&json::compact(&Value::Dict(context)))?;
            }
        }
    }
    Ok(())
}
