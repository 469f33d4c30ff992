//! The command line: what can be typed, and one line about what cannot.
//!
//! Without a subcommand the options are those of `dev`, so that `serverwamp` and `cargo run` alone start the demo.

mod elsewhere;
mod explain;
#[cfg(test)]
mod tests;

use self::explain::explain;
use crate::address::ListenAddress;
use crate::configuration::ConfigCommand;
use crate::configuration::check::CheckOptions;
use crate::configuration::explain::ExplainOptions;
use crate::failure::Failure;
use crate::hash::HashCommand;
use crate::keygen::KeygenOptions;
use crate::logging::LogForm;
use crate::manual::{CompletionsOptions, ManOptions};
use crate::serve::{ReloadOptions, ServeOptions};
use crate::shell::Out;
use crate::shell::admin::console::ConsoleCommand;
use crate::shell::admin::kill::KillOptions;
use crate::shell::admin::list::{EntriesOptions, SessionsOptions};
use crate::shell::admin::node::{DrainOptions, LogLevelOptions};
use crate::shell::admin::replay::ReplayOptions;
use crate::shell::admin::tail::TailOptions;
#[cfg(unix)]
use crate::shell::admin::top::TopOptions;
use crate::shell::bench::BenchCommand;
use crate::shell::call::CallOptions;
use crate::shell::context::ContextCommand;
use crate::shell::doctor::DoctorOptions;
use crate::shell::duration::Span;
use crate::shell::link::LinkOptions;
use crate::shell::publish::PublishOptions;
use crate::shell::register::RegisterOptions;
use crate::shell::subscribe::SubscribeOptions;
use crate::token::TokenCommand;
use crate::unix_socket::Mode;
use crate::why::WhyOptions;
use clap::{Arg, Args, CommandFactory, Parser, Subcommand};
use serverwamp::websocket::{HostPattern, OriginPattern};
use std::ffi::OsString;
use std::path::PathBuf;

/// The command and its options.
#[derive(Debug, Parser)]
#[command(
    name = "serverwamp",
    // Whatever the file is called: messages name commands that can be typed.
    bin_name = "serverwamp",
    version,
    about = "A WAMP server in one command",
    after_help = "Without a command it does what `serverwamp dev` does."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Those of `dev`, where there is no command.
    #[command(flatten)]
    dev: DevOptions,
    /// Say more in the log than what is refused and what fails: -v who joins and leaves, -vv the calls,
    /// -vvv everything [RUST_LOG chooses exactly]
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

/// The command.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve demo procedures and a demo topic in realm1: anonymous, on this machine only
    #[command(after_help = "Examples:
  serverwamp dev
  serverwamp dev --listen localhost:9000 --origin https://app.example.com
  serverwamp dev --tls-certificates cert.pem --tls-key key.pem")]
    Dev(DevOptions),
    /// Serve what a configuration says: listeners, realms, who comes in, and what they may do
    Serve(ServeOptions),
    /// Make a running server read its configuration again, and print what changed
    Reload(ReloadOptions),
    /// Say whether a role may do something, and which permission says so
    Why(WhyOptions),
    /// Find every mistake in a configuration file, and in what it needs of this machine
    Check(CheckOptions),
    /// Explain a mistake by its code, such as SW0107
    Explain(ExplainOptions),
    /// Begin a configuration file, and look up what can stand in one
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Call a procedure, and print what it returns
    Call(CallOptions),
    /// Publish an event
    Publish(PublishOptions),
    /// Subscribe to a topic, and print its events
    Subscribe(SubscribeOptions),
    /// Serve a procedure: echo, a fixed reply, or a program of yours
    Register(RegisterOptions),
    /// Look at each step on the way to a session: what fails, and what to do
    Doctor(DoctorOptions),
    /// Carry calls and events between two routers
    Link(LinkOptions),
    /// Watch a running server: its sessions, and what they do
    #[cfg(unix)]
    Top(TopOptions),
    /// List the sessions of a running server
    Sessions(SessionsOptions),
    /// List the registrations of a running server
    Registrations(EntriesOptions),
    /// List the subscriptions of a running server
    Subscriptions(EntriesOptions),
    /// Follow the messages of a running server
    Tail(TailOptions),
    /// Play the calls and publications again that tail has saved
    Replay(ReplayOptions),
    /// End sessions of a running server
    Kill(KillOptions),
    /// Make a running server stop once its clients have left
    Drain(DrainOptions),
    /// Say or change what a running server writes to its log
    LogLevel(LogLevelOptions),
    /// Open the web console of a running server
    #[command(subcommand)]
    Console(ConsoleCommand),
    /// Measure a router and what is behind it
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Name routers and logins, to choose among them with one word
    #[command(subcommand)]
    Context(ContextCommand),
    /// Print a script that completes commands and options, for your shell
    Completions(CompletionsOptions),
    /// Write the manual pages
    Man(ManOptions),
    /// Make a JSON Web Token, or check one
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make an entry for a file of credentials out of a secret, which is asked for or comes from a file
    #[command(subcommand)]
    Hash(HashCommand),
    /// Make a key for WAMP-cryptosign: the private one in a new file, the public one as an entry for a file of credentials
    #[command(after_help = "Examples:
  serverwamp keygen --key joe.key --user joe >> users.toml
  serverwamp call docs.list --key joe.key")]
    Keygen(KeygenOptions),
}

impl Arguments {
    pub(crate) fn command(self) -> Command {
        self.command.unwrap_or(Command::Dev(self.dev))
    }
}

/// The options of `dev`, before the command, behind it, or without it: [`command_first`] puts them behind it.
#[derive(Args, Clone, Debug)]
pub(crate) struct DevOptions {
    /// The address to listen at; port 0 is a free one, localhost both 127.0.0.1 and [::1]
    #[arg(long, value_name = "ADDR:PORT", default_value_t = ListenAddress::DEFAULT)]
    pub(crate) listen: ListenAddress,
    /// Listen at another address than loopback, though everybody who reaches it gets in
    #[arg(long)]
    pub(crate) insecure: bool,
    /// Let pages of this origin connect as well, such as https://app.example.com or https://*.example.com; may be repeated
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Vec<OriginPattern>,
    /// Answer requests for this host as well, beside localhost and its addresses; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Vec<HostPattern>,
    /// Listen at a Unix socket as well, for RawSocket and WebSocket
    #[arg(long, value_name = "PATH")]
    pub(crate) unix: Option<PathBuf>,
    /// The mode of the Unix socket's file, which decides who may connect [default: as the umask says]
    #[arg(long, value_name = "MODE", requires = "unix")]
    pub(crate) unix_mode: Option<Mode>,
    /// Speak TLS, with the certificates in this PEM file; it is reloaded when it changes
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificates: Option<PathBuf>,
    /// The key of the first certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificates")]
    pub(crate) tls_key: Option<PathBuf>,
    /// When told to stop, end connections so that clients come back: close code 1012 and no GOODBYE
    #[arg(long)]
    pub(crate) restart: bool,
    /// When told to stop, serve on for so long, and answer 503 at /health, so that load balancers notice first
    #[arg(long, value_name = "DURATION")]
    pub(crate) shutdown_delay: Option<Span>,
    /// When told to stop, wait so long at most for calls to be answered and sessions to end
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) drain: Span,
    /// The form of the log: text, or json with one object in each line
    #[arg(long, value_name = "FORM", default_value = "text")]
    pub(crate) log_format: LogForm,
}

/// Reads the command line; `None` when help or the version was asked for, and has been printed.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Arguments>, Failure> {
    let words = command_first(arguments.collect());
    match Arguments::try_parse_from(&words) {
        Ok(arguments) => Ok(Some(arguments)),
        Err(answer) if !answer.use_stderr() => {
            Out::plain().bytes(answer.to_string().as_bytes())?;
            Ok(None)
        }
        Err(error) => Err(Failure::usage(explain(&error, &typed_commands(&words)))),
    }
}

/// The commands at the beginning of these words: `bench call`.
fn typed_commands(words: &[OsString]) -> Vec<String> {
    let mut command = &<Arguments as CommandFactory>::command();
    let mut typed = Vec::new();
    for word in words.iter().skip(1) {
        let Some(below) = command.find_subcommand(word) else { break };
        typed.push(below.get_name().to_owned());
        command = below;
    }
    typed
}

/// Moves the command before all options. clap reads those before the command and those behind it as two lists, and of an
/// option that is in both it silently keeps the second.
fn command_first(mut words: Vec<OsString>) -> Vec<OsString> {
    let command = <Arguments as CommandFactory>::command();
    let takes_value = |word: &str| {
        let option = |arg: &&Arg| word.strip_prefix("--").is_some_and(|long| arg.get_long() == Some(long));
        command.get_arguments().find(option).is_some_and(|arg| arg.get_action().takes_values())
    };
    let mut is_value = false;
    let first = words.iter().skip(1).position(|word| {
        let word = word.to_string_lossy();
        let option = std::mem::replace(&mut is_value, takes_value(&word)) || word.starts_with('-');
        !option
    });
    if let Some(at) = first.map(|at| at + 1)
        && words.get(at).is_some_and(|word| command.find_subcommand(word).is_some())
        && let Some(head) = words.get_mut(1..=at)
    {
        head.rotate_right(1);
    }
    words
}
