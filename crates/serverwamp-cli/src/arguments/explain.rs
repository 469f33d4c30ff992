//! One line about a command line that cannot be followed, with the right form.

use super::Arguments;
use super::elsewhere::{OF_SECRETS, known_elsewhere};
use crate::address::BadAddress;
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use serverwamp::websocket::InvalidPattern;
use std::error::Error as _;

/// The fault in the command line, in one line that names the right form.
///
/// `typed` is the command that was typed, as `serverwamp help` takes it.
pub(super) fn explain(error: &clap::Error, typed: &[String]) -> String {
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
                    (None, None) => format!("{}; see {}", expected(&reason.to_string()), help(typed)),
                }
            });
            return format!(
                "{} {value:?}: {}",
                bare(flag),
                why.unwrap_or_else(|| format!("see {}", help(typed)))
            );
        }
        ErrorKind::InvalidValue => match (context(ContextKind::InvalidValue), allowed(error)) {
            (Some(value), Some(allowed)) if !value.is_empty() => {
                return format!("{} {value:?}: expected {allowed}", bare(flag));
            }
            _ => format!("{flag} needs a value: {argument}"),
        },
        // Somebody has written a secret behind --ticket, which is not repeated.
        ErrorKind::TooManyValues if flag == "--ticket" => {
            return format!("--ticket asks for a ticket, and takes none: {OF_SECRETS}");
        }
        ErrorKind::TooManyValues => {
            return format!("{flag} takes no value; see {}", help(typed));
        }
        ErrorKind::InvalidUtf8 => {
            return "a word is no UTF-8: arguments of calls and events can come from files, as @FILE"
                .to_owned();
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand => {
            return alone(typed);
        }
        ErrorKind::UnknownArgument if flag.starts_with('-') => format!("unknown option {argument}"),
        // It may be a secret, which is not repeated in a terminal or in the log of a script.
        ErrorKind::UnknownArgument if takes_secrets(error) => {
            return "there is one word too many: secrets, keys and tokens are read from files, the standard input or the \
                    terminal, because every user of the machine can read command lines"
                .to_owned();
        }
        // The file of the configuration, as other programs take it.
        ErrorKind::UnknownArgument if takes_only_a_file(typed) => {
            return format!("{argument:?} is one word too many; write -c FILE for the configuration");
        }
        ErrorKind::UnknownArgument => format!("{argument:?} is one word too many"),
        ErrorKind::InvalidSubcommand => {
            format!("unknown command {:?}", context(ContextKind::InvalidSubcommand).unwrap_or_default())
        }
        ErrorKind::MissingRequiredArgument => return missing(error, typed),
        ErrorKind::ArgumentConflict => match context(ContextKind::PriorArg) {
            Some(prior) if !prior.starts_with(flag) => {
                let prior = prior.split(' ').next().unwrap_or_default();
                return format!("{} and {} exclude each other", bare(flag), bare(prior));
            }
            _ => format!("{flag} is given more than once"),
        },
        _ => {
            let said = error.to_string();
            said.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    };
    let word = context(ContextKind::InvalidSubcommand).unwrap_or_else(|| flag.to_owned());
    if let Some(hint) = known_elsewhere(&word, is_client(typed)) {
        return format!("{wrong}; {hint}");
    }
    let suggested = context(ContextKind::SuggestedArg).or_else(|| most_similar(error));
    match suggested {
        Some(suggested) => format!("{wrong}; did you mean {suggested}?"),
        None => format!("{wrong}; see {}", help(typed)),
    }
}

/// The name of an argument without the brackets of the usage: `[SESSION]...` is SESSION.
fn bare(argument: &str) -> &str {
    argument.trim_end_matches('.').trim_matches(['[', ']', '<', '>'])
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
fn alone(typed: &[String]) -> String {
    let root = <Arguments as CommandFactory>::command();
    let command = typed.iter().try_fold(&root, |command, word| command.find_subcommand(word));
    let Some(command) = command.filter(|_| !typed.is_empty()) else {
        return "a command is missing; see serverwamp --help".to_owned();
    };
    let below: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let name = typed.join(" ");
    format!("{name} needs a word behind it: {}; see serverwamp help {name}", below.join(" or "))
}

/// What is missing, and where it is explained.
fn missing(error: &clap::Error, typed: &[String]) -> String {
    let argument = text(error.get(ContextKind::InvalidArg)).unwrap_or_default();
    let missing = argument.split(' ').next().unwrap_or_default();
    match missing {
        "--unix" => "--unix is missing: --unix-mode is the mode of its file".to_owned(),
        "--keys" => format!("--keys or --secret is missing; see serverwamp help {}", commands(error)),
        "--key" | "--subject" => {
            format!("{missing} is missing; see serverwamp help {}", commands(error))
        }
        "--tls-certificates" | "--tls-key" => {
            format!("{missing} is missing: --tls-certificates and --tls-key are given together")
        }
        _ => {
            let (words, are) = missing_words(error);
            format!("{words} {are} missing; see {}", help(typed))
        }
    }
}

/// All that is missing: `<URI>`, or one of several options; and the verb behind it.
fn missing_words(error: &clap::Error) -> (String, &'static str) {
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(words)) => {
            let text = words.join(" and ").replace(['<', '>'], "").replace('|', " or ");
            (text, if words.len() == 1 { "is" } else { "are" })
        }
        _ => ("a word".to_owned(), "is"),
    }
}

/// What the values of an option are, where clap and the standard library speak of ranges and digits.
fn expected(reason: &str) -> String {
    let range = reason.split_once(" is not in ").and_then(|(_, range)| range.split_once(".."));
    match range {
        Some((from, to)) => match to.strip_prefix('=') {
            Some(to) => format!("expected a whole number from {from} to {to}"),
            // The end of what a number can be is no limit that anybody knows.
            None => format!("expected a whole number, {from} or more"),
        },
        None if reason.contains("invalid digit") || reason.contains("from empty string") => {
            "expected a whole number".to_owned()
        }
        None => reason.to_owned(),
    }
}

/// The help of the command that was typed.
fn help(typed: &[String]) -> String {
    match typed {
        [] => "serverwamp --help".to_owned(),
        commands => format!("serverwamp help {}", commands.join(" ")),
    }
}

/// Whether the command is one that connects to a router.
fn is_client(typed: &[String]) -> bool {
    const CLIENTS: [&str; 8] =
        ["call", "publish", "subscribe", "register", "bench", "doctor", "link", "context"];
    typed.first().is_some_and(|first| CLIENTS.contains(&&**first))
}

/// Whether the command reads a configuration, and takes no word that is not an option.
fn takes_only_a_file(typed: &[String]) -> bool {
    let [command] = typed else { return false };
    ["serve", "check", "reload"].contains(&&**command)
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
