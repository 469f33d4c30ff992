//! The command line: what can be typed, and one line about what cannot.
//!
//! Without a subcommand the options are those of `dev`, so that `serverwamp` and `cargo run` alone start the demo.

use crate::address::{BadAddress, ListenAddress};
use crate::failure::Failure;
use crate::hash::HashCommand;
use crate::keygen::KeygenOptions;
use crate::token::TokenCommand;
use crate::unix_socket::Mode;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, CommandFactory, Parser, Subcommand};
use serverwamp::websocket::{HostPattern, InvalidPattern, OriginPattern};
use std::error::Error as _;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::PathBuf;

/// The command and its options.
#[derive(Debug, Parser)]
#[command(
    name = "serverwamp",
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
    Dev(DevOptions),
    /// Make a JSON Web Token, or check one
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make an entry for a file of credentials out of a secret, which is asked for or comes from a file
    #[command(subcommand)]
    Hash(HashCommand),
    /// Make a key for WAMP-cryptosign: the private one in a new file, the public one as an entry for a file of credentials
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
}

/// Reads the command line; `None` when help or the version was asked for, and has been printed.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Option<Arguments>, Failure> {
    match Arguments::try_parse_from(command_first(arguments.collect())) {
        Ok(arguments) => Ok(Some(arguments)),
        Err(answer) if !answer.use_stderr() => {
            // Nobody reads on when this fails: `serverwamp --help | head -1`.
            drop(write!(std::io::stdout(), "{answer}"));
            Ok(None)
        }
        Err(error) => Err(Failure::usage(explain(&error))),
    }
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

/// Options of similar programs, and their names here.
const KNOWN_ELSEWHERE: [(&str, &str); 17] = [
    ("--port", "the port is part of the address: --listen 127.0.0.1:PORT"),
    ("-p", "the port is part of the address: --listen 127.0.0.1:PORT"),
    ("--bind", "write --listen ADDR:PORT"),
    ("-b", "write --listen ADDR:PORT"),
    ("--address", "write --listen ADDR:PORT"),
    ("--addr", "write --listen ADDR:PORT"),
    ("--socket", "write --unix PATH"),
    ("--tls", "write --tls-certificates FILE --tls-key FILE"),
    ("start", "write serverwamp dev"),
    ("serve", "write serverwamp dev"),
    ("server", "write serverwamp dev"),
    ("run", "write serverwamp dev"),
    ("version", "write serverwamp --version"),
    // Behind `help`, where a command is expected.
    ("--version", "write serverwamp --version"),
    ("--help", "write serverwamp help or serverwamp dev --help"),
    ("-h", "write serverwamp help or serverwamp dev --help"),
    // Behind `dev`.
    ("help", "write serverwamp dev --help"),
];

/// The fault in the command line, in one line that names the right form.
fn explain(error: &clap::Error) -> String {
    let context = |kind| text(error.get(kind));
    let argument = context(ContextKind::InvalidArg).unwrap_or_default();
    let flag = argument.split(' ').next().unwrap_or_default();
    let wrong = match error.kind() {
        ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue).unwrap_or_default();
            let why = error.source().map(|reason| {
                let address = reason.downcast_ref::<BadAddress>().map(ToString::to_string);
                // It names the value itself.
                match (address, reason.downcast_ref::<InvalidPattern>()) {
                    (Some(reason), _) => reason,
                    (None, Some(reason)) => reason.to_string(),
                    (None, None) => format!("{reason}; see serverwamp --help"),
                }
            });
            return format!(
                "{flag} {value:?}: {}",
                why.unwrap_or_else(|| "see serverwamp --help".to_owned())
            );
        }
        ErrorKind::InvalidValue => match (context(ContextKind::InvalidValue), allowed(error)) {
            (Some(value), Some(allowed)) if !value.is_empty() => {
                return format!("{flag} {value:?}: expected {allowed}");
            }
            _ => format!("{flag} needs a value: {argument}"),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return alone(error);
        }
        ErrorKind::UnknownArgument if flag.starts_with('-') => format!("unknown option {argument}"),
        // It may be a secret, which is not repeated in a terminal or in the log of a script.
        ErrorKind::UnknownArgument if takes_secrets(error) => {
            return "there is one word too many: secrets, keys and tokens are read from files, the standard input or the \
                    terminal, because every user of the machine can read command lines"
                .to_owned();
        }
        ErrorKind::UnknownArgument => format!("{argument:?} is one word too many"),
        ErrorKind::InvalidSubcommand => {
            format!("unknown command {:?}", context(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = argument.split(' ').next().unwrap_or_default();
            return match missing {
                "--unix" => "--unix is missing: --unix-mode is the mode of its file".to_owned(),
                "--keys" => format!("--keys or --secret is missing; see serverwamp help {}", commands(error)),
                "--key" | "--subject" => {
                    format!("{missing} is missing; see serverwamp help {}", commands(error))
                }
                _ => format!("{missing} is missing: --tls-certificates and --tls-key are given together"),
            };
        }
        ErrorKind::ArgumentConflict => match context(ContextKind::PriorArg) {
            Some(prior) if !prior.starts_with(flag) => {
                let prior = prior.split(' ').next().unwrap_or_default();
                return format!("{flag} and {prior} exclude each other");
            }
            _ => format!("{flag} is given more than once"),
        },
        _ => {
            let said = error.to_string();
            said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    let typed = context(ContextKind::InvalidSubcommand).unwrap_or_else(|| flag.to_owned());
    if let Some((_, hint)) = KNOWN_ELSEWHERE.iter().find(|(known, _)| *known == typed) {
        return format!("{wrong}; {hint}");
    }
    let suggested = context(ContextKind::SuggestedArg).or_else(|| most_similar(error));
    match suggested {
        Some(suggested) => format!("{wrong}; did you mean {suggested}?"),
        None => format!("{wrong}; see serverwamp --help"),
    }
}

/// The values that an option takes, if it takes some words only.
fn allowed(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::ValidValue)? {
        ContextValue::Strings(words) if !words.is_empty() => Some(words.join(" or ")),
        _ => None,
    }
}

/// Of several words that are like the one that was typed, clap has the most similar last.
fn most_similar(error: &clap::Error) -> Option<String> {
    match error.get(ContextKind::SuggestedSubcommand)? {
        ContextValue::Strings(words) => words.last().cloned(),
        _ => None,
    }
}

/// A command that has commands of its own was typed alone.
fn alone(error: &clap::Error) -> String {
    let help = error.to_string();
    let command = <Arguments as CommandFactory>::command();
    let is_typed = |command: &&clap::Command| help.contains(&format!("serverwamp {} ", command.get_name()));
    let Some(typed) = command.get_subcommands().find(is_typed) else {
        return "a command is missing; see serverwamp --help".to_owned();
    };
    let words: Vec<&str> = typed.get_subcommands().map(clap::Command::get_name).collect();
    let name = typed.get_name();
    format!("{name} needs a word behind it: {}; see serverwamp help {name}", words.join(" or "))
}

/// The command in whose usage the error names an option, as `serverwamp help` takes it.
fn commands(error: &clap::Error) -> &'static str {
    let usage = usage(error);
    let named = |command: &&str| usage.contains(&format!(" {command} "));
    ["keygen", "token make", "token check", "hash scram"].into_iter().find(named).unwrap_or("token")
}

/// Returns whether the fault is in a command that reads secrets.
fn takes_secrets(error: &clap::Error) -> bool {
    let usage = usage(error);
    ["hash", "token", "keygen"].iter().any(|command| usage.contains(&format!("serverwamp {command} ")))
}

fn usage(error: &clap::Error) -> String {
    match error.get(ContextKind::Usage) {
        Some(ContextValue::StyledStr(usage)) => usage.to_string(),
        _ => error.to_string(),
    }
}

fn text(value: Option<&ContextValue>) -> Option<String> {
    match value? {
        ContextValue::String(text) => Some(text.clone()),
        ContextValue::Strings(texts) => texts.first().cloned(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Arguments>, String> {
        let words = ["serverwamp"].into_iter().chain(line.split_whitespace());
        parse(words.map(OsString::from)).map_err(|failure| failure.to_string())
    }

    fn dev(line: &str) -> DevOptions {
        match parsed(line).unwrap().unwrap().command() {
            Command::Dev(options) => options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        <Arguments as CommandFactory>::command().debug_assert();
    }

    #[test]
    fn dev_can_be_left_out() {
        assert_eq!(dev("").listen, ListenAddress::DEFAULT);
        for line in [
            "--listen 127.0.0.1:9000 --insecure",
            "dev --listen=localhost:9000 --insecure",
            "--listen 127.0.0.1:9000 dev --insecure",
        ] {
            let options = dev(line);
            assert_eq!(options.listen.to_string(), "127.0.0.1:9000");
            assert!(options.insecure);
        }
        for line in ["-v", "--verbose dev", "dev -v", "-v --listen 127.0.0.1:1"] {
            assert_eq!(parsed(line).unwrap().unwrap().verbose, 1, "{line}");
        }
    }

    #[test]
    fn origins_and_hosts_may_be_repeated() {
        let options = dev("--origin https://a.example --host a.example dev --origin https://*.b.example");
        assert_eq!((options.origin.len(), options.host.len()), (2, 1));
    }

    #[test]
    fn options_before_the_command_and_behind_it_are_one_list() {
        assert_eq!(parsed("-v dev -vv").unwrap().unwrap().verbose, 3);
        let twice = parsed("--listen 127.0.0.1:1 dev --listen 127.0.0.1:2").unwrap_err();
        assert!(twice.contains("--listen is given more than once"), "{twice}");
        let options = dev("--unix-mode 600 dev --unix dev");
        assert!(options.unix_mode.is_some() && options.unix.is_some_and(|path| path == *"dev"));
        assert!(dev("--unix dev dev").unix.is_some());
        assert!(dev("--unix=dev").unix.is_some());
        assert!(parsed("--unix dev dev dev").unwrap_err().contains("one word too many"));
    }

    #[test]
    fn what_is_not_understood_is_answered_in_one_line() {
        for (line, part) in [
            ("--lisen 127.0.0.1:1", "unknown option --lisen; did you mean --listen?"),
            ("dev --insecur", "did you mean --insecure?"),
            ("--nonsense", "unknown option --nonsense; see serverwamp --help"),
            ("-x", "unknown option -x"),
            ("devv", "unknown command \"devv\"; did you mean dev?"),
            ("serve", "unknown command \"serve\"; write serverwamp dev"),
            ("help --help", "write serverwamp help or serverwamp dev --help"),
            ("dev help", "\"help\" is one word too many; write serverwamp dev --help"),
            ("start", "unknown command \"start\"; write serverwamp dev"),
            (
                "--port 9000",
                "unknown option --port; the port is part of the address: --listen 127.0.0.1:PORT",
            ),
            ("--port=9000", "unknown option --port; the port is part of the address"),
            ("dev -p 9000", "unknown option -p; the port is part of the address"),
            ("--listen ws://127.0.0.1:9000/ws", "write 127.0.0.1:9000"),
            ("dev more", "\"more\" is one word too many"),
            ("--listen", "--listen needs a value: --listen <ADDR:PORT>"),
            ("--listen 9000", "--listen \"9000\": the address is missing, write 127.0.0.1:9000"),
            (
                "--tls-key key.pem",
                "--tls-certificates is missing: --tls-certificates and --tls-key are given together",
            ),
            ("--tls-certificates cert.pem", "--tls-key is missing"),
            ("--listen 127.0.0.1:1 --listen 127.0.0.1:2", "--listen is given more than once"),
            ("--origin app.example.com", "the scheme is missing, write \"https://app.example.com\""),
            ("--host app.example.com:80", "write app.example.com"),
            ("--host https://app.example.com:80/ws", "a host has no scheme: write app.example.com"),
            ("hash scrm", "unknown command \"scrm\"; did you mean scram?"),
            ("hash scram --kdf argon2", "--kdf \"argon2\": expected pbkdf2 or argon2id13"),
            ("hash", "hash needs a word behind it: ticket or cra or scram; see serverwamp help hash"),
            ("token", "token needs a word behind it: make or check; see serverwamp help token"),
            ("token make --key key.pem", "--subject is missing; see serverwamp help token make"),
            ("token check", "--keys or --secret is missing; see serverwamp help token check"),
            ("token check --keys a --secret b", "--keys and --secret exclude each other"),
            ("token check --keys a --keys b", "--keys is given more than once"),
            ("hash ticket --user ", "--user needs a value"),
            ("token make --key k --subject s --expires-in 0s", "a token that is never valid"),
            ("token make --key k --subject s --expires-in 99999999999999d", "100 years at the most"),
            ("token make --key k --subject s --claim exp=1", "--expires-in says that"),
            ("token make --key k --subject s --claim sub=1", "--subject says that"),
        ] {
            let said = parsed(line).unwrap_err();
            assert!(said.contains(part), "{line:?}: {said}");
            assert!(!said.contains('\n'), "{line:?}: {said}");
        }
    }
}
