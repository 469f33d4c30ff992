//! What a broker keeps, for operators: which topics are retained, and how much of a history there is.

use super::{Broker, SubscriptionEntry, histories};
use crate::rt::wall_clock;
use serverwamp_proto::timestamp::Timestamp;
use std::ops::Bound::{Excluded, Included};
use std::sync::Arc;

/// What is retained of one topic.
#[derive(Debug)]
pub(crate) struct RetainedTopic {
    pub(crate) topic: Arc<str>,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    /// When the newest event was published.
    pub(crate) last: Option<Timestamp>,
}

impl Broker {
    /// The topics behind this one in the order of their letters, `most` at most, that something is retained of and that begin so.
    pub(crate) fn retained_behind(
        &self,
        after: Option<&str>,
        start: &str,
        most: usize,
    ) -> Vec<RetainedTopic> {
        let first = match after {
            Some(after) if after >= start => Excluded(after),
            _ => Included(start),
        };
        let retained = self.retained();
        let begins = retained.topics_from(first).take_while(|(topic, _)| topic.starts_with(start));
        let told = begins.take(most).map(|(topic, events)| RetainedTopic {
            topic: Arc::clone(topic),
            events: events.len(),
            bytes: events.iter().map(|event| event.bytes()).sum(),
            last: events.iter().map(|event| event.at).max(),
        });
        told.collect()
    }

    /// Forgets the history of a subscription and begins another one, so that whoever reads on learns that there is a gap. Returns the
    /// number of events that are gone; `None` if no history is kept.
    pub(crate) fn purge_history(&self, entry: &SubscriptionEntry) -> Option<usize> {
        let config = self.context.config();
        let (_, limits) = histories(&config).find(|(pattern, _)| **pattern == entry.pattern)?;
        let mut members = entry.members();
        members.history.as_ref()?;
        let former = members.forget_history();
        members.keep_history(limits, || self.history_beginning(wall_clock()));
        drop(members);
        Some(former.len())
    }
}
