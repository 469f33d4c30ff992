//! The arguments of a call, checked against the row of the table.
//!
//! In goes the payload of a CALL, out come values that the row allows, or `wamp.error.invalid_argument` with the name of the argument,
//! what is expected and what came. Invariant: nothing is decoded of arguments that are longer than `Limits::meta_arguments`.

use super::table::{AdminRow, ArgumentDefault, ArgumentKind, ArgumentRow, FilterRow};
use crate::WampError;
use serverwamp_proto::codec::{Dict, Value, from_slice};
use serverwamp_proto::id::MAX_ID;
use serverwamp_proto::payload::Payload;

/// Arguments that fit their row.
#[derive(Debug)]
pub(super) struct CheckedArguments(Vec<(&'static str, Value)>);

impl CheckedArguments {
    /// Reads the arguments of a call of `row`, which may have `most` bytes.
    ///
    /// # Errors
    /// When one is missing, unknown, given twice or of another kind, or when they are too long.
    pub(super) fn read(row: &'static AdminRow, payload: &Payload, most: usize) -> Result<Self, WampError> {
        let size = payload.size();
        if size > most {
            let text = format!("the arguments may have {most} bytes, these have {size}");
            return Err(WampError::payload_size_exceeded(text));
        }
        let (positional, keywords) = decode(payload)?;
        let known = row.arguments;
        if positional.len() > known.len() {
            let text =
                format!("takes at most {} positional arguments, got {}", known.len(), positional.len());
            return Err(WampError::invalid_argument(text));
        }
        for (name, _) in keywords.iter() {
            match known.iter().position(|argument| argument.name == name) {
                Some(place) if place < positional.len() => {
                    return Err(WampError::invalid_argument(format!(
                        "{name}: given by its position and by its name"
                    )));
                }
                Some(_) => {}
                None => return Err(unknown(name, "argument", known.iter().map(|argument| argument.name))),
            }
        }
        let mut positional = positional.into_iter();
        let mut checked = Vec::with_capacity(known.len());
        for argument in known {
            let given = positional.next().or_else(|| keywords.get(argument.name).cloned());
            let given = given.filter(|value| !value.is_null());
            checked.push((argument.name, check(argument, given)?));
        }
        Ok(Self(checked))
    }

    /// What was given or is the default, for the log.
    pub(super) fn written(&self) -> String {
        let set = self.0.iter().map(|(name, value)| (*name, value.clone()));
        super::audit::written(&Value::Dict(set.collect()))
    }

    fn get(&self, name: &str) -> Option<&Value> {
        let found = self.0.iter().find(|(known, _)| *known == name);
        debug_assert!(found.is_some(), "the row has no argument {name:?}");
        found.map(|(_, value)| value).filter(|value| !value.is_null())
    }

    /// The text, or word, that was given or is the default.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The number or id that was given or is the default.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_u64()
    }

    /// The value of one key of the argument `filter`.
    pub(super) fn filter(&self, key: &str) -> Option<&str> {
        self.get("filter")?.get(key)?.as_str()
    }
}

fn decode(payload: &Payload) -> Result<(Vec<Value>, Dict), WampError> {
    let broken = |error: &dyn std::fmt::Display| {
        WampError::invalid_argument(format!("the arguments cannot be read: {error}"))
    };
    let positional = match payload.args.is_empty() {
        true => Value::Null,
        false => from_slice(payload.serializer, &payload.args).map_err(|error| broken(&error))?,
    };
    let keywords = match payload.kwargs.is_empty() {
        true => Value::Null,
        false => from_slice(payload.serializer, &payload.kwargs).map_err(|error| broken(&error))?,
    };
    let positional = if let Value::List(list) = positional { list } else { Vec::new() };
    let keywords = if let Value::Dict(dict) = keywords { dict } else { Dict::new() };
    Ok((positional, keywords))
}

fn check(argument: &ArgumentRow, given: Option<Value>) -> Result<Value, WampError> {
    let ArgumentRow { name, kind, default, .. } = argument;
    let wrong =
        |got: &str| WampError::invalid_argument(format!("{name}: expected {}, got {got}", kind.words()));
    let Some(value) = given else {
        return match default {
            ArgumentDefault::Required => Err(wrong("nothing")),
            ArgumentDefault::Nothing => Ok(Value::Null),
            ArgumentDefault::Integer(number) => Ok(Value::from(*number)),
            ArgumentDefault::Word(word) => Ok(Value::from(*word)),
        };
    };
    let fits = match kind {
        ArgumentKind::Text => value.as_str().is_some(),
        ArgumentKind::Id => value.as_u64().is_some_and(|id| (1..=MAX_ID).contains(&id)),
        ArgumentKind::Integer(least, most) => {
            value.as_u64().is_some_and(|number| (*least..=*most).contains(&number))
        }
        ArgumentKind::Words(words) => value.as_str().is_some_and(|text| words.contains(&text)),
        ArgumentKind::Filter(keys) => match value.as_dict() {
            Some(filter) => check_filter(name, keys, filter).map(|()| true)?,
            None => false,
        },
    };
    if fits { Ok(value) } else { Err(wrong(&described(&value))) }
}

fn check_filter(argument: &str, keys: &[FilterRow], filter: &Dict) -> Result<(), WampError> {
    for (name, value) in filter.iter() {
        let Some(key) = keys.iter().find(|key| key.name == name) else {
            return Err(unknown(name, "filter", keys.iter().map(|key| key.name)));
        };
        let fits = value.as_str().is_some_and(|text| key.words.is_empty() || key.words.contains(&text));
        if !fits {
            let kind = if key.words.is_empty() { ArgumentKind::Text } else { ArgumentKind::Words(key.words) };
            let (expected, got) = (kind.words(), described(value));
            return Err(WampError::invalid_argument(format!(
                "{argument}.{name}: expected {expected}, got {got}"
            )));
        }
    }
    Ok(())
}

fn unknown<'n>(name: &str, what: &str, known: impl Iterator<Item = &'n str>) -> WampError {
    let known: Vec<&str> = known.collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    WampError::invalid_argument(format!("unknown {what} {:?}; there are: {known}", shortened(name)))
}

/// The beginning of a text of a peer: errors must not grow with it.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// What came, for people.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Text(text) => format!("{:?}", shortened(text)),
        Value::Float(_) => "a float".to_owned(),
        Value::Binary(_) => "bytes".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Dict(_) => "a dictionary".to_owned(),
        other => other.as_i128().map_or_else(|| "an integer".to_owned(), |number| number.to_string()),
    }
}

impl ArgumentKind {
    /// What is expected, in words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Id => "an id".to_owned(),
            Self::Integer(least, most) => format!("an integer from {least} to {most}"),
            Self::Words(words) => format!("one of {words:?}"),
            Self::Filter(_) => "a dictionary of strings".to_owned(),
        }
    }
}
