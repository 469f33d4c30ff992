//! The words behind a URI: positional and keyword arguments.
//!
//! A word is JSON if it can be read as such, otherwise text. `name=value` is a keyword argument, `-` reads the standard input and
//! `@FILE` a file; behind `--` every word is positional, and text even where it has `=` in it.

use crate::failure::Failure;
use clap::Args;
use serverwamp::{Dict, Serializer, Value, WampError, uris};
use serverwamp_proto::codec;
use serverwamp_proto::payload::{encode_args, encode_kwargs};
use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

/// The longest input that is read from a file or the standard input: as much as a WAMP message over RawSocket can carry.
const LONGEST_INPUT: u64 = 16 << 20;

/// The arguments of a call or a publication, as they are typed.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Words {
    /// Arguments: JSON, or else text; name=value is a keyword argument, @FILE reads a file, - the standard input
    #[arg(value_name = "ARG", allow_negative_numbers = true)]
    arguments: Vec<OsString>,
    /// Behind --, positional arguments only, whatever is in them
    #[arg(value_name = "ARG", last = true, allow_hyphen_values = true)]
    positional: Vec<OsString>,
}

/// Positional and keyword arguments.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Arguments {
    pub(crate) args: Vec<Value>,
    pub(crate) kwargs: Dict,
}

impl Words {
    /// Reads all words, and what they refer to.
    ///
    /// # Errors
    /// Files that cannot be read, text that begins like JSON and is none, names that are given twice.
    pub(crate) fn read(&self) -> Result<Arguments, Failure> {
        read(self, &mut std::io::stdin())
    }
}

impl Arguments {
    /// The failure that an error is if these arguments could not be sent, which is a mistake of the command line.
    pub(crate) fn unsendable(&self, error: &WampError) -> Option<Failure> {
        const SERIALIZERS: [(&str, Serializer); 3] =
            [("json", Serializer::Json), ("msgpack", Serializer::MessagePack), ("cbor", Serializer::Cbor)];
        let faults = SERIALIZERS.map(|(name, serializer)| (name, self.fault(serializer)));
        let message = error.message().filter(|_| error.uri() == uris::error::INVALID_PAYLOAD)?;
        // A peer's refusal does not say this in these words.
        let told = |fault: &String| message == format!("the payload cannot be encoded: {fault}");
        let fault = faults.iter().filter_map(|(_, fault)| fault.as_ref()).find(|fault| told(fault))?;
        let fit: Vec<&str> =
            faults.iter().filter(|(_, fault)| fault.is_none()).map(|(name, _)| *name).collect();
        let hint = match &*fit {
            [] => "write it as text, in quotes of its own ('\"12\"')".to_owned(),
            fit => format!("--serializer {} carries it", fit.join(" or ")),
        };
        Some(Failure::usage(format!("the arguments cannot be sent: {fault}\n  {hint}")))
    }

    /// Why a serializer cannot write them.
    fn fault(&self, serializer: Serializer) -> Option<String> {
        let args = encode_args(serializer, &self.args).err();
        let fault = args.or_else(|| encode_kwargs(serializer, &self.kwargs).err())?;
        Some(fault.to_string())
    }
}

fn read(words: &Words, input: &mut dyn Read) -> Result<Arguments, Failure> {
    let mut source = Source { input: Some(input) };
    let mut read = Arguments::default();
    for word in &words.arguments {
        let word = text(word)?;
        match keyword(word) {
            Some((name, value)) => {
                let value = source.value(value)?;
                if read.kwargs.insert(name, value).is_some() {
                    return Err(Failure::usage(format!("the keyword argument {name} is given twice")));
                }
            }
            None => read.args.push(source.value(word)?),
        }
    }
    for word in &words.positional {
        read.args.push(json_or_text(text(word)?, None)?);
    }
    Ok(read)
}

fn text(word: &OsString) -> Result<&str, Failure> {
    word.to_str().ok_or_else(|| {
        Failure::usage(format!("{} is no UTF-8: put it into a file and write @FILE", word.to_string_lossy()))
    })
}

/// Splits `name=value`, if its name is an identifier.
fn keyword(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let goes_on = letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (begins && goes_on).then_some((name, value))
}

/// Where `-` reads from, once.
struct Source<'a> {
    input: Option<&'a mut dyn Read>,
}

impl Source<'_> {
    fn value(&mut self, word: &str) -> Result<Value, Failure> {
        if word == "-" {
            let Some(input) = self.input.take() else {
                return Err(Failure::usage("the standard input can be read once only: write - once"));
            };
            return self::input("the standard input", input);
        }
        match word.strip_prefix('@') {
            Some("") => Err(Failure::usage("@ needs the name of a file; the text itself is '\"@\"'")),
            Some(path) => {
                let unreadable = |error| {
                    Failure::usage(format!("{path} cannot be read: {error}; as text it is '\"{word}\"'"))
                };
                let mut file = std::fs::File::open(Path::new(path)).map_err(unreadable)?;
                input(path, &mut file)
            }
            None => json_or_text(word, None),
        }
    }
}

fn input(name: &str, input: &mut dyn Read) -> Result<Value, Failure> {
    let mut bytes = Vec::new();
    let unreadable = |error: std::io::Error| Failure::usage(format!("{name} cannot be read: {error}"));
    input.take(LONGEST_INPUT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST_INPUT {
        return Err(Failure::usage(format!("{name} is longer than {} MiB", LONGEST_INPUT >> 20)));
    }
    match String::from_utf8(bytes) {
        // The line break at the end of a file is the file's, not the text's.
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            json_or_text(line.strip_suffix('\r').unwrap_or(line), Some(name))
        }
        Err(bytes) => Ok(Value::Binary(bytes.into_bytes())),
    }
}

/// Reads a word as JSON, or takes it as text. One that begins like JSON with a list, a dictionary or a text has to be JSON: it
/// is more often mistyped than meant.
pub(super) fn json_or_text(word: &str, from: Option<&str>) -> Result<Value, Failure> {
    match codec::from_slice(Serializer::Json, word.as_bytes()) {
        Ok(value) => Ok(value),
        Err(error) if word.trim_start().starts_with(['{', '[', '"']) => {
            let shown: String = word.chars().take(60).collect();
            Err(Failure::usage(match from {
                None => format!(
                    "{shown:?} is no JSON: {error}; quote JSON as a whole ('[\"a\", 1]'), or put text into quotes of its own ('\"[a]\"')"
                ),
                Some(name) => format!(
                    "what {name} holds begins like JSON and is none: {error}; text that begins like this is written as JSON, in quotes"
                ),
            }))
        }
        Err(_) => Ok(Value::Text(word.to_owned())),
    }
}

#[cfg(test)]
mod tests;
