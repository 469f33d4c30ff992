//! The arguments of a call of the meta API: values by position or by name, and the complaint that names what is wrong
//! with one of them (checklist META-04).

use crate::WampError;
use serverwamp_proto::codec::{Dict, Value, from_slice};
use serverwamp_proto::id::Id;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;

/// What somebody calls the meta API with.
#[derive(Debug)]
pub(super) struct Arguments {
    positional: Vec<Value>,
    keywords: Dict,
}

/// What an argument has to be: in words, and as a reader.
pub(super) struct Expected<T> {
    pub(super) words: &'static str,
    pub(super) read: fn(&Value) -> Option<T>,
}

impl Arguments {
    /// Reads arguments of which `most` may be positional.
    ///
    /// # Errors
    /// When there are more, or they cannot be read.
    pub(super) fn read(payload: &Payload, most: usize) -> Result<Self, WampError> {
        let broken = |error| WampError::invalid_argument(format!("the arguments cannot be read: {error}"));
        let mut arguments = Self { positional: Vec::new(), keywords: Dict::new() };
        if !payload.args.is_empty() {
            arguments.positional = from_slice(payload.serializer, &payload.args).map_err(broken)?;
        }
        if !payload.kwargs.is_empty()
            && let Value::Dict(keywords) = from_slice(payload.serializer, &payload.kwargs).map_err(broken)?
        {
            arguments.keywords = keywords;
        }
        match arguments.positional.len() {
            got if got > most => Err(WampError::invalid_argument(format!(
                "takes at most {most} positional arguments, got {got}"
            ))),
            _ => Ok(arguments),
        }
    }

    /// The keyword arguments.
    pub(super) fn keywords(&self) -> &Dict {
        &self.keywords
    }

    /// The argument in this place or of this name.
    ///
    /// # Errors
    /// When it is missing, or something else.
    pub(super) fn required<T>(
        &self,
        place: usize,
        name: &str,
        expected: &Expected<T>,
    ) -> Result<T, WampError> {
        match self.positional.get(place).or_else(|| self.keywords.get(name)) {
            Some(value) => expected.read(name, value),
            None => {
                Err(WampError::invalid_argument(format!("{name}: expected {}, got nothing", expected.words)))
            }
        }
    }

    /// As [`required`](Self::required), but it may be missing or null.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn optional<T>(
        &self,
        place: usize,
        name: &str,
        expected: &Expected<T>,
    ) -> Result<Option<T>, WampError> {
        match self.positional.get(place).or_else(|| self.keywords.get(name)) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => expected.read(name, value).map(Some),
        }
    }

    /// The argument of this name, which may be missing or null.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn keyword<T>(&self, name: &str, expected: &Expected<T>) -> Result<Option<T>, WampError> {
        self.optional(usize::MAX, name, expected)
    }
}

impl<T> Expected<T> {
    fn read(&self, name: &str, value: &Value) -> Result<T, WampError> {
        (self.read)(value).ok_or_else(|| {
            WampError::invalid_argument(format!("{name}: expected {}, got {}", self.words, kind(value)))
        })
    }
}

pub(super) const TEXT: Expected<String> =
    Expected { words: "a string", read: |value| value.as_str().map(str::to_owned) };

pub(super) const TEXTS: Expected<Vec<String>> = Expected {
    words: "a list of strings",
    read: |value| value.as_list()?.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
};

pub(super) const LIST: Expected<Vec<Value>> =
    Expected { words: "a list", read: |value| value.as_list().map(<[Value]>::to_vec) };

pub(super) const DICT: Expected<Dict> = Expected {
    words: "a dictionary",
    read: |value| if let Value::Dict(dict) = value { Some(dict.clone()) } else { None },
};

/// The options of `lookup`; what else they say is ignored, as everywhere.
pub(super) const MATCH_OPTIONS: Expected<Match> = Expected {
    words: "a dictionary whose `match` is \"exact\", \"prefix\" or \"wildcard\"",
    read: |value| match (value, value.get("match")) {
        (Value::Dict(_), None | Some(Value::Null)) => Some(Match::Exact),
        (Value::Dict(_), Some(word)) => Match::from_word(word.as_str()?),
        _ => None,
    },
};

/// An id; `words` say of what.
pub(super) const fn id<T: Id>(words: &'static str) -> Expected<T> {
    Expected { words, read: |value| value.as_u64().and_then(T::new) }
}

/// What came instead. The value itself is left out: the text must not grow with what a peer sends.
const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Integer(_) | Value::Unsigned(_) | Value::Wide(_) => "an integer",
        Value::Float(_) => "a float",
        Value::Text(_) => "a string",
        Value::Binary(_) => "bytes",
        Value::List(_) => "a list",
        Value::Dict(_) => "a dictionary",
    }
}
