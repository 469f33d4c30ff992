//! The arguments of a call of the meta API: values by position or by name, and the complaint that names what is wrong
//! with one of them (checklist META-04).
//!
//! Nothing is built of what nobody asks for, and all of them together are short, so that reading them is little work
//! whatever they are.

use super::MetaCall;
use super::text_set::TextSet;
use crate::WampError;
use crate::base::limits::Limits;
use serverwamp_proto::codec::{Dict, DictReader, Kind, ListReader, Serializer, Value, from_slice};
use serverwamp_proto::id::{Id, MAX_ID};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use std::borrow::Cow;

/// The arguments of a call of the meta API.
#[derive(Debug)]
pub(super) struct Arguments<'p> {
    positional: Vec<MetaArgument<'p>>,
    keywords: Vec<(Cow<'p, str>, MetaArgument<'p>)>,
}

/// One of them, as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct MetaArgument<'p> {
    serializer: Serializer,
    pub(super) kind: Kind,
    pub(super) bytes: &'p [u8],
}

/// The expected form of an argument: in words, and as a reader.
pub(super) struct Expected<T> {
    pub(super) words: &'static str,
    pub(super) read: fn(MetaArgument<'_>) -> Option<T>,
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Page {
    /// The most ids.
    pub(super) limit: Option<usize>,
    /// Ids above this one.
    pub(super) after: u64,
    /// Whether any of both was asked for: then ids come in their order.
    pub(super) asked: bool,
}

impl<'p> Arguments<'p> {
    /// Reads arguments of which `most` may be positional.
    ///
    /// # Errors
    /// When there are more, when they are too long, or cannot be read.
    pub(super) fn read(call: &MetaCall<'p>, most: usize, limits: &Limits) -> Result<Self, WampError> {
        if call.size() > limits.meta_arguments {
            return Err(too_long(call.size(), limits.meta_arguments));
        }
        Self::read_all(call.payload, most)
    }

    /// As [`read`](Self::read), whatever their length.
    pub(super) fn read_all(payload: &'p Payload, most: usize) -> Result<Self, WampError> {
        let broken = |error| WampError::invalid_argument(format!("the arguments cannot be read: {error}"));
        let serializer = payload.serializer;
        let mut arguments = Self { positional: Vec::new(), keywords: Vec::new() };
        let mut got = 0;
        if !payload.args.is_empty() {
            let mut list = ListReader::open(serializer, &payload.args).map_err(broken)?;
            while let Some(kind) = list.peek().map_err(broken)? {
                got += 1;
                let bytes = list.argument().map_err(broken)?;
                if got <= most {
                    arguments.positional.push(MetaArgument { serializer, kind, bytes });
                }
            }
        }
        if got > most {
            let text = format!("takes at most {most} positional arguments, got {got}");
            return Err(WampError::invalid_argument(text));
        }
        if !payload.kwargs.is_empty() {
            let mut dict = DictReader::open(serializer, &payload.kwargs).map_err(broken)?;
            while let Some(key) = dict.key().map_err(broken)? {
                let kind = dict.peek().map_err(broken)?;
                let bytes = dict.argument().map_err(broken)?;
                arguments.keywords.push((key, MetaArgument { serializer, kind, bytes }));
            }
        }
        Ok(arguments)
    }

    /// The keyword arguments, with nothing in lists and dictionaries.
    pub(super) fn keywords(&self) -> Dict {
        let keywords = self.keywords.iter();
        keywords.map(|(key, argument)| (key.as_ref(), argument.scalar())).fold(
            Dict::new(),
            |mut dict, (key, value)| {
                if dict.len() < MOST_KEYWORDS || dict.get(key).is_some() {
                    dict.insert(key, value);
                }
                dict
            },
        )
    }

    fn find(&self, place: usize, name: &str) -> Option<MetaArgument<'p>> {
        let by_name =
            || self.keywords.iter().rev().find(|(key, _)| key == name).map(|(_, argument)| *argument);
        self.positional.get(place).copied().or_else(by_name)
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
        match self.find(place, name) {
            Some(argument) => expected.read(name, argument),
            None => {
                Err(WampError::invalid_argument(format!("{name}: expected {}, got nothing", expected.words)))
            }
        }
    }

    /// The argument in this place or of this name as it came, which has to be of this kind.
    ///
    /// # Errors
    /// When it is missing, or something else.
    pub(super) fn raw(
        &self,
        place: usize,
        name: &str,
        kind: Kind,
        words: &str,
    ) -> Result<&'p [u8], WampError> {
        let got = match self.find(place, name) {
            Some(argument) if argument.kind == kind => return Ok(argument.bytes),
            Some(argument) => name_of(argument.kind),
            None => "nothing",
        };
        Err(WampError::invalid_argument(format!("{name}: expected {words}, got {got}")))
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
        match self.find(place, name) {
            None | Some(MetaArgument { kind: Kind::Null, .. }) => Ok(None),
            Some(argument) => expected.read(name, argument).map(Some),
        }
    }

    /// The argument of this name, which may be missing or null.
    ///
    /// # Errors
    /// When it is something else.
    pub(super) fn keyword<T>(&self, name: &str, expected: &Expected<T>) -> Result<Option<T>, WampError> {
        self.optional(usize::MAX, name, expected)
    }

    /// Whether there is an argument of this name that is not null.
    pub(super) fn has_keyword(&self, name: &str) -> bool {
        self.find(usize::MAX, name).is_some_and(|argument| argument.kind != Kind::Null)
    }

    /// The keywords `limit` and `after` of everything that lists.
    ///
    /// # Errors
    /// When they are something else than a number from 1 and an id.
    pub(super) fn page(&self) -> Result<Page, WampError> {
        let limit = self.keyword("limit", &LIMIT)?;
        let after = self.keyword("after", &AFTER)?;
        Ok(Page { limit, after: after.unwrap_or(0), asked: limit.is_some() || after.is_some() })
    }
}

/// The number of keyword arguments of different names that are read.
const MOST_KEYWORDS: usize = 64;

impl MetaArgument<'_> {
    /// The value, with nothing in it if it is a list or a dictionary.
    fn scalar(self) -> Value {
        match self.kind {
            Kind::List => Value::List(Vec::new()),
            Kind::Dict => Value::Dict(Dict::new()),
            _ => from_slice(self.serializer, self.bytes).unwrap_or_default(),
        }
    }

    fn text(self) -> Option<String> {
        if self.kind == Kind::Text { from_slice(self.serializer, self.bytes).ok() } else { None }
    }

    fn number(self) -> Option<u64> {
        if self.kind == Kind::Integer { from_slice(self.serializer, self.bytes).ok() } else { None }
    }

    /// The texts of a list of nothing but texts.
    fn texts(self) -> Option<TextSet> {
        let mut texts = TextSet::default();
        let mut list = ListReader::open(self.serializer, self.bytes).ok()?;
        while list.peek().ok()?.is_some() {
            texts.insert(&list.text().ok()?);
        }
        Some(texts)
    }

    /// The match policy in a dictionary.
    fn match_options(self) -> Option<Match> {
        let mut kind = Match::Exact;
        let mut dict = DictReader::open(self.serializer, self.bytes).ok()?;
        while let Some(key) = dict.key().ok()? {
            if key == "match" {
                kind = match dict.peek().ok()? {
                    Kind::Null => Match::Exact,
                    _ => Match::from_word(&dict.text().ok()?)?,
                };
            }
        }
        Some(kind)
    }
}

impl<T> Expected<T> {
    fn read(&self, name: &str, argument: MetaArgument<'_>) -> Result<T, WampError> {
        (self.read)(argument).ok_or_else(|| {
            let got = name_of(argument.kind);
            WampError::invalid_argument(format!("{name}: expected {}, got {got}", self.words))
        })
    }
}

pub(super) const TEXT: Expected<String> = Expected { words: "a string", read: |argument| argument.text() };

pub(super) const TEXTS: Expected<TextSet> =
    Expected { words: "a list of strings", read: |argument| argument.texts() };

/// The options of `lookup`; what else they say is ignored, as everywhere.
pub(super) const MATCH_OPTIONS: Expected<Match> = Expected {
    words: "a dictionary whose `match` is \"exact\", \"prefix\" or \"wildcard\"",
    read: |argument| argument.match_options(),
};

const LIMIT: Expected<usize> = Expected {
    words: "a positive integer",
    read: |argument| {
        argument
            .number()
            .filter(|number| *number > 0)
            .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
    },
};

const AFTER: Expected<u64> =
    Expected { words: "an id", read: |argument| argument.number().filter(|number| *number <= MAX_ID) };

/// An id; `words` say of what.
pub(super) const fn id<T: Id>(words: &'static str) -> Expected<T> {
    Expected { words, read: |argument| argument.number().and_then(T::new) }
}

/// The arguments have so many bytes, where `most` are allowed.
pub(super) fn too_long(bytes: usize, most: usize) -> WampError {
    WampError::payload_size_exceeded(format!("the arguments may have {most} bytes, these have {bytes}"))
}

/// The value found instead, by its kind: the text must not grow with a peer's input.
const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Boolean => "a boolean",
        Kind::Integer => "an integer",
        Kind::Float => "a float",
        Kind::Text => "a string",
        Kind::Binary => "bytes",
        Kind::List => "a list",
        Kind::Dict => "a dictionary",
    }
}
