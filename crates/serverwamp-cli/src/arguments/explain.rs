//! One line about a command line that cannot be followed, with the right form.

use super::Arguments;
use crate::address::BadAddress;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serverwamp::websocket::InvalidPattern;
use std::error::Error as _;

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
pub(super) fn explain(error: &clap::Error) -> String {
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
                "--tls-certificates" | "--tls-key" => {
                    format!("{missing} is missing: --tls-certificates and --tls-key are given together")
                }
                _ => format!(
                    "{} is missing; see serverwamp help {}",
                    missing_words(error),
                    typed_commands(error)
                ),
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
    let usage = help.lines().find(|line| line.contains("Usage: ")).unwrap_or_default();
    let root = <Arguments as CommandFactory>::command();
    let typed = words_of_usage(usage);
    let command = typed.iter().try_fold(&root, |command, word| command.find_subcommand(word));
    let Some(command) = command.filter(|_| !typed.is_empty()) else {
        return "a command is missing; see serverwamp --help".to_owned();
    };
    let below: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let name = typed.join(" ");
    format!("{name} needs a word behind it: {}; see serverwamp help {name}", below.join(" or "))
}

/// The commands in a line of usage: `call` in `Usage: serverwamp call [OPTIONS] <URI>`.
fn words_of_usage(usage: &str) -> Vec<&str> {
    let words = usage.split_whitespace().skip_while(|word| *word != "serverwamp").skip(1);
    words.take_while(|word| word.chars().all(|letter| letter.is_ascii_lowercase())).collect()
}

/// All that is missing: `<URI>`, or one of several options.
fn missing_words(error: &clap::Error) -> String {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(words)) => {
            words.join(" and ").replace(['<', '>'], "").replace('|', " or ")
        }
        _ => "a word".to_owned(),
    }
}

/// The commands that were typed, as `serverwamp help` takes them.
fn typed_commands(error: &clap::Error) -> String {
    words_of_usage(&usage(error)).join(" ")
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
