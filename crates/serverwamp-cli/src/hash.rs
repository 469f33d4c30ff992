//! `serverwamp hash`: the entries of a file of credentials, made of secrets.
//!
//! In: a secret from the terminal, a file or the standard input, never from the command line. Out: one entry on the standard output.

use crate::failure::Failure;
use crate::secret_input::{self, SecretSource};
use crate::shell::Out;
use crate::user_file::UserFileOptions;
use clap::{Args, Subcommand, ValueEnum};
use serverwamp::auth::{ScramKdf, Secret, hash_cra, hash_scram, hash_ticket};
use std::io::Write as _;

/// The method that the entry is for.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "Examples:
  serverwamp hash scram --user joe >> users.toml
  serverwamp hash ticket --user build-server --secret-file ticket >> users.toml
  serverwamp hash cra -c serverwamp.toml --user joe --role customer")]
pub(crate) enum HashCommand {
    /// Print the entry of a ticket or password that is sent as it is: Argon2id, 19 MiB, two passes
    #[command(after_help = "Examples:
  serverwamp hash ticket --user build-server --secret-file ticket >> users.toml")]
    Ticket(HashOptions),
    /// Print the entry of a password for WAMP-CRA: PBKDF2, 100,000 iterations, a random salt
    #[command(after_help = "Examples:
  serverwamp hash cra --user joe >> users.toml")]
    Cra(HashOptions),
    /// Print the entry of a password for WAMP-SCRAM
    #[command(after_help = "Examples:
  serverwamp hash scram --user joe >> users.toml
  serverwamp hash scram --user anna --kdf pbkdf2 --iterations 100000 >> users.toml")]
    Scram(ScramHashOptions),
}

/// The options of every kind of entry.
#[derive(Args, Clone, Debug)]
pub(crate) struct HashOptions {
    /// The name of the user, to print the head of its table as well
    #[arg(long, value_name = "AUTHID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    user: Option<String>,
    #[command(flatten)]
    source: SecretSource,
    #[command(flatten)]
    file: UserFileOptions,
}

/// The options of `hash scram`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ScramHashOptions {
    #[command(flatten)]
    common: HashOptions,
    /// How the key is derived; clients compute it at every login, and not every client has Argon2
    #[arg(long, value_enum, default_value_t = Kdf::Argon2id13)]
    kdf: Kdf,
    /// Iterations of PBKDF2, or passes of Argon2 [default: 600000, or 2]
    #[arg(long, value_name = "NUMBER")]
    iterations: Option<u32>,
    /// The memory of Argon2 in KiB [default: 19456]
    #[arg(long, value_name = "KIB")]
    memory: Option<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Kdf {
    Pbkdf2,
    Argon2id13,
}

/// What OWASP recommends.
const PBKDF2_ITERATIONS: u32 = 600_000;
const ARGON2_PASSES: u32 = 2;
const ARGON2_MEMORY: u32 = 19 * 1024;

pub(crate) fn run(command: &HashCommand) -> Result<(), Failure> {
    let mut cheap = None;
    let (options, entry) = match command {
        HashCommand::Ticket(options) => {
            (options, format!("ticket = \"{}\"", hash_ticket(&line(options, "ticket")?)))
        }
        HashCommand::Cra(options) => {
            (options, format!("cra = \"{}\"", hash_cra(&line(options, "password")?)))
        }
        HashCommand::Scram(options) => {
            let kdf = kdf(options)?;
            cheap = kdf.check_not_cheap().err();
            let secret = secret_input::read(&options.common.source)?;
            let text = hash_scram(&secret, kdf).map_err(|error| Failure::runtime(error.to_string()))?;
            (&options.common, format!("scram = \"{text}\""))
        }
    };
    print_or_write(&options.file, options.user.as_deref(), &entry)?;
    if let Some(warning) = cheap {
        let text = format!("serverwamp: warning: {warning}; the client of serverwamp does not answer it\n");
        // Who does not read the errors has the entry.
        drop(std::io::stderr().write_all(text.as_bytes()));
    }
    Ok(())
}

/// Writes an entry into the file of users that a configuration names, or prints it for whoever does that by hand.
pub(crate) fn print_or_write(file: &UserFileOptions, user: Option<&str>, entry: &str) -> Result<(), Failure> {
    let out = Out::plain();
    if let Some(done) = file.write(user, entry)? {
        return out.line(&done);
    }
    if let Some(user) = user {
        out.line(&format!("[user.{}]", toml_key(user)))?;
    }
    out.line(entry)
}

/// A secret that clients have as one line of text; others let nobody in.
fn line(options: &HashOptions, what: &str) -> Result<Secret, Failure> {
    let secret = secret_input::read(&options.source)?;
    let Ok(text) = std::str::from_utf8(secret.expose()) else {
        return Err(Failure::runtime(format!("the {what} is not UTF-8, as it is in clients")));
    };
    match text.contains(['\r', '\n']) {
        true => Err(Failure::runtime(format!("the {what} has a line break in it, expected one line"))),
        false => Ok(secret),
    }
}

/// The key derivation that the options name; its costs are checked before anybody types a password.
fn kdf(options: &ScramHashOptions) -> Result<ScramKdf, Failure> {
    let kdf = match options.kdf {
        Kdf::Pbkdf2 if options.memory.is_some() => {
            return Err(Failure::usage("--memory is for argon2id13: pbkdf2 needs none"));
        }
        Kdf::Pbkdf2 => ScramKdf::Pbkdf2 { iterations: options.iterations.unwrap_or(PBKDF2_ITERATIONS) },
        Kdf::Argon2id13 => ScramKdf::Argon2id13 {
            iterations: options.iterations.unwrap_or(ARGON2_PASSES),
            memory: options.memory.unwrap_or(ARGON2_MEMORY),
        },
    };
    kdf.check().map_err(|error| Failure::usage(error.to_string()))?;
    Ok(kdf)
}

/// A name as a key of TOML: bare if it can be, in quotes otherwise.
pub(crate) fn toml_key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.bytes().all(is_bare) {
        return name.to_owned();
    }
    toml_string(name)
}

/// A text as a value of TOML.
pub(crate) fn toml_string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control.is_control() => quoted += &format!("\\u{:04X}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_keys_of_toml() {
        for (name, key) in [
            ("joe", "joe"),
            ("meter-5", "meter-5"),
            ("", "\"\""),
            ("ada@example.com", "\"ada@example.com\""),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("a\nb", "\"a\\u000Ab\""),
            ("jürgen", "\"jürgen\""),
        ] {
            assert_eq!(toml_key(name), key, "{name:?}");
        }
    }
}
