//! A query of a history, as read from the keyword arguments of `wamp.subscription.get_events`.

use super::HistoryEntry;
use crate::codec::Dict;
use crate::codec::Value;
use crate::id::PublicationId;
use crate::timestamp::Timestamp;

/// The filters of a request for a history: it gets the events that pass all of them. All events by default.
///
/// Spec: advanced, "Event History", "Receiving Event History".
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HistoryQuery {
    /// The newest first, and not the oldest.
    pub reverse: bool,
    /// At most that many of those that pass, in the order asked for.
    pub limit: Option<usize>,
    /// Not older than this.
    pub from_time: Option<Timestamp>,
    /// Newer than this.
    pub after_time: Option<Timestamp>,
    /// Older than this.
    pub before_time: Option<Timestamp>,
    /// Not newer than this.
    pub until_time: Option<Timestamp>,
    /// Published to this topic.
    pub topic: Option<String>,
    /// This publication, and what was received later.
    pub from_publication: Option<PublicationId>,
    /// Events later than this publication.
    pub after_publication: Option<PublicationId>,
    /// Events earlier than this publication.
    pub before_publication: Option<PublicationId>,
    /// This publication, and what was received earlier.
    pub until_publication: Option<PublicationId>,
}

impl HistoryQuery {
    /// Reads the keyword arguments of a request. Unknown ones are ignored, and null is as good as absent.
    ///
    /// # Errors
    /// The fault, as text for `wamp.error.invalid_argument`: another type than the filter has, a limit below 1, a
    /// time not in the form of RFC 3339, a number that is no id.
    pub fn from_kwargs(kwargs: &Dict) -> Result<Self, String> {
        let given = Given(kwargs);
        Ok(Self {
            reverse: given.read("reverse", "a boolean", boolean)?.unwrap_or_default(),
            limit: given.read("limit", "a positive integer", limit)?,
            from_time: given.read("from_time", TIME, time)?,
            after_time: given.read("after_time", TIME, time)?,
            before_time: given.read("before_time", TIME, time)?,
            until_time: given.read("until_time", TIME, time)?,
            topic: given.read("topic", "a text", |value| value.as_str().map(str::to_owned))?,
            from_publication: given.read("from_publication", PUBLICATION, publication)?,
            after_publication: given.read("after_publication", PUBLICATION, publication)?,
            before_publication: given.read("before_publication", PUBLICATION, publication)?,
            until_publication: given.read("until_publication", PUBLICATION, publication)?,
        })
    }

    /// Returns whether events may pass of which no time lies before `first` and none behind `last`.
    pub(super) fn may_accept(&self, first: Timestamp, last: Timestamp) -> bool {
        self.from_time.is_none_or(|from| last >= from)
            && self.after_time.is_none_or(|after| last > after)
            && self.before_time.is_none_or(|before| first < before)
            && self.until_time.is_none_or(|until| first <= until)
    }

    /// Returns whether it asks for what was published before this time by naming a time.
    pub(super) fn reaches_back_to(&self, time: Timestamp) -> bool {
        self.from_time.max(self.after_time).is_some_and(|first| first < time)
    }

    /// Returns whether it begins with a publication.
    pub(super) const fn begins_with_publication(&self) -> bool {
        self.from_publication.is_some() || self.after_publication.is_some()
    }

    /// Returns whether an event passes the filters that look at nothing but the event.
    pub(super) fn accepts<E>(&self, entry: &HistoryEntry<E>) -> bool {
        let time = entry.timestamp;
        self.from_time.is_none_or(|from| time >= from)
            && self.after_time.is_none_or(|after| time > after)
            && self.before_time.is_none_or(|before| time < before)
            && self.until_time.is_none_or(|until| time <= until)
            && self.topic.as_ref().is_none_or(|topic| **topic == *entry.topic)
    }
}

const TIME: &str = "a text such as 2026-11-22T10:00:00.123456Z";
const PUBLICATION: &str = "the id of a publication";

/// Keyword arguments as they were sent.
struct Given<'a>(&'a Dict);

impl Given<'_> {
    fn read<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match read(value) {
                Some(read) => Ok(Some(read)),
                None => Err(format!("{name}: expected {expected}, got {}", described(value))),
            },
        }
    }
}

const fn boolean(value: &Value) -> Option<bool> {
    if let Value::Bool(value) = value { Some(*value) } else { None }
}

/// More than memory can hold is as good as no limit.
fn limit(value: &Value) -> Option<usize> {
    let limit = value.as_u64().filter(|limit| *limit > 0)?;
    Some(usize::try_from(limit).unwrap_or(usize::MAX))
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn publication(value: &Value) -> Option<PublicationId> {
    value.as_u64().and_then(PublicationId::new)
}

/// A value for an error's text, which must not grow with what a peer sends.
fn described(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Unsigned(value) => value.to_string(),
        Value::Wide(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Text(value) if value.chars().nth(40).is_none() => format!("{value:?}"),
        Value::Text(_) => "a longer text".to_owned(),
        Value::Binary(_) => "bytes".to_owned(),
        Value::List(_) => "a list".to_owned(),
        Value::Dict(_) => "a dictionary".to_owned(),
    }
}
