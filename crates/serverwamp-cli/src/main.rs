//! The `serverwamp` program: a WAMP server in one command.
//!
//! In: the command line, and the signals that ask it to stop. Out: what was asked for on the standard output, one line about
//! what went wrong on the standard error, and the exit status: 0 in good order, 1 when something failed while it ran,
//! 2 when the command line cannot be followed, 3 when there is no connection to a router, 4 when it refuses the login.
#![expect(
    clippy::disallowed_methods,
    reason = "a program chooses its runtime, and shows people the time of day"
)]

mod address;
mod arguments;
mod banner;
mod configuration;
mod demo;
mod dev;
mod failure;
mod hash;
mod keygen;
mod logging;
mod loopback;
mod manual;
mod metrics;
mod panics;
mod private_file;
mod secret_input;
mod serve;
mod shell;
#[cfg(unix)]
mod static_files;
mod stop;
mod systemd;
mod token;
mod unix_socket;
mod user_file;
mod why;

use arguments::Command;
use failure::Failure;
use logging::{BadFilter, LogFilter, LogForm, LogSettings, Logs};
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut logs = None;
    let Err(failure) = run(&mut logs) else {
        finish(logs.as_ref());
        return ExitCode::SUCCESS;
    };
    match &logs {
        _ if matches!(failure, Failure::Unread | Failure::Refused) => {}
        // Whatever it names, a file or what stands in one, a terminal shows it and does not obey it.
        Some(logs) => logs.failed(&shell::visible(&failure.to_string())),
        // Nobody can be told when this fails.
        None => drop(writeln!(std::io::stderr(), "{}", shell::visible(&failure.to_string()))),
    }
    finish(logs.as_ref());
    failure.exit_code()
}

fn finish(logs: Option<&Logs>) {
    if let Some(logs) = logs {
        logs.finish();
    }
}

/// Does what was asked for; `started` is the log from the moment on at which there is one.
fn run(started: &mut Option<Logs>) -> Result<(), Failure> {
    let Some(arguments) = arguments::parse(std::env::args_os())? else { return Ok(()) };
    let (settings, ignored) = log_settings(arguments.verbose);
    let logs = started.insert(logging::start(&settings)?);
    panics::bound(logs.clone());
    let command = arguments.command();
    if let Command::Dev(options) = &command {
        logs.replace(&LogSettings { form: options.log_format, ..settings.clone() });
    }
    if let Some(bad) = ignored {
        tracing::warn!(target: "serverwamp::program", why = %bad, "RUST_LOG cannot be parsed and is ignored");
    }
    follow(command, &settings, logs)
}

fn follow(command: Command, settings: &LogSettings, logs: &Logs) -> Result<(), Failure> {
    match command {
        Command::Dev(options) => dev::run(&options),
        Command::Serve(options) => serve::run(&options, settings, logs),
        Command::Reload(options) => serve::ask_to_reload(&options),
        Command::Why(options) => why::run(&options),
        Command::Check(options) => configuration::check::run(&options),
        Command::Explain(options) => configuration::explain::run(&options),
        Command::Config(command) => configuration::run(&command),
        Command::Token(command) => token::run(&command),
        Command::Hash(command) => hash::run(&command),
        Command::Keygen(options) => keygen::run(&options),
        Command::Call(options) => shell::call::run(&options),
        Command::Publish(options) => shell::publish::run(&options),
        Command::Subscribe(options) => shell::subscribe::run(&options),
        Command::Register(options) => shell::register::run(&options),
        Command::Doctor(options) => shell::doctor::run(&options),
        Command::Link(options) => shell::link::run(&options),
        #[cfg(unix)]
        Command::Top(options) => shell::admin::top::run(&options),
        Command::Sessions(options) => shell::admin::list::sessions(&options),
        Command::Registrations(options) => shell::admin::list::registrations(&options),
        Command::Subscriptions(options) => shell::admin::list::subscriptions(&options),
        Command::Tail(options) => shell::admin::tail::run(&options),
        Command::Replay(options) => shell::admin::replay::run(&options),
        Command::Kill(options) => shell::admin::kill::run(&options),
        Command::Drain(options) => shell::admin::node::drain(&options),
        Command::LogLevel(options) => shell::admin::node::log_level(&options),
        Command::Console(command) => shell::admin::console::run(&command),
        Command::Bench(command) => shell::bench::run(&command),
        Command::Completions(options) => manual::completions(&options),
        Command::Man(options) => manual::pages(&options),
        Command::Context(command) => shell::context::run(&command),
    }
}

/// The settings of the log, as long as nobody knows better: `RUST_LOG` goes before `-v`, unless it cannot be followed, which
/// comes beside them.
fn log_settings(verbose: u8) -> (LogSettings, Option<BadFilter>) {
    let wanted = std::env::var("RUST_LOG").ok().filter(|text| !text.trim().is_empty());
    let (filter, ignored) = match wanted.as_deref().map(str::parse::<LogFilter>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(bad)) => (LogFilter::by_count(verbose), Some(bad)),
        None => (LogFilter::by_count(verbose), None),
    };
    let asked = verbose > 0 || (wanted.is_some() && ignored.is_none());
    (LogSettings { filter, form: LogForm::Text, asked }, ignored)
}
