//! One subscription of a realm: its pattern, who is in it, what is remembered of its past.
//!
//! Invariant: whatever concerns a subscription is queued under the lock of its members. So SUBSCRIBED comes before the
//! first EVENT, nothing comes after UNSUBSCRIBED, and the history has the order in which events went out. Nobody
//! holds the members of two subscriptions at once, and no user code runs under the lock.

use super::event::StoredEvent;
use super::local::LocalSubscriber;
use crate::Session;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::broker::{History, Members};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::timestamp::Timestamp;
use std::sync::{Arc, PoisonError};

/// A subscription: what all its subscribers share.
#[derive(Debug)]
pub(crate) struct SubscriptionEntry {
    pub(crate) id: SubscriptionId,
    pub(crate) pattern: UriPattern,
    pub(crate) created: Timestamp,
    /// It is there without subscribers as well, because its history is kept.
    pub(crate) permanent: bool,
    members: Mutex<Subscribers>,
}

/// Who is in a subscription.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    pub(crate) sessions: Members<Session>,
    pub(crate) local: Vec<Arc<LocalSubscriber>>,
    pub(crate) history: Option<History<Arc<StoredEvent>>>,
}

impl SubscriptionEntry {
    pub(super) fn new(id: SubscriptionId, pattern: UriPattern, created: Timestamp, history: usize) -> Self {
        let members =
            Subscribers { history: (history > 0).then(|| History::new(history)), ..Subscribers::default() };
        Self { id, pattern, created, permanent: history > 0, members: Mutex::new(members) }
    }

    pub(crate) fn members(&self) -> MutexGuard<'_, Subscribers> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Events of other than exact subscriptions have to tell their topic.
    pub(crate) fn is_pattern(&self) -> bool {
        self.pattern.kind() != Match::Exact
    }
}

impl Subscribers {
    pub(super) fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.local.is_empty()
    }
}
