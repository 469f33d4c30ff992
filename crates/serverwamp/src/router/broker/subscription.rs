//! One subscription of a realm: its pattern, who is in it, what is remembered of its past.
//!
//! Invariant: whatever concerns a subscription is queued under the lock of its members. So SUBSCRIBED comes before the
//! first EVENT, nothing comes after UNSUBSCRIBED, and the history has the order in which events went out. Nobody
//! holds the members of two subscriptions at once, and no user code runs under the lock.

use super::stored::StoredEvent;
use crate::base::locks::{Mutex, MutexGuard};
use crate::peering::EventInbox;
use crate::router::measures::UriMeasures;
use crate::router::session::RouterSession;
use hashbrown::HashMap;
use serverwamp_proto::broker::{History, HistoryBeginning, HistoryEntry, Members, RetainedCursor};
use serverwamp_proto::id::{SessionId, SubscriptionId};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::timestamp::Timestamp;
use std::sync::{Arc, PoisonError};

/// A subscription: what all its subscribers share.
#[derive(Debug)]
pub(crate) struct SubscriptionEntry {
    pub(crate) id: SubscriptionId,
    pub(crate) pattern: UriPattern,
    pub(crate) created: Timestamp,
    /// Its counts, if the operator has named it.
    pub(super) measures: Option<Arc<UriMeasures>>,
    members: Mutex<Subscribers>,
}

/// The subscribers of a subscription.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    pub(crate) sessions: Members<Arc<RouterSession>>,
    pub(crate) local: Vec<Arc<EventInbox>>,
    pub(crate) history: Option<History<Arc<StoredEvent>>>,
    /// The progress of subscribers that have yet to get events that were retained when they subscribed. They are in `sessions`.
    pub(crate) behind: SubscribersBehind,
}

/// Sessions that have not got all that was retained. Nearly always nobody.
pub(crate) type SubscribersBehind = Option<Box<HashMap<SessionId, RetainedCursor>>>;

/// The limits of a history, in events and bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HistoryLimits {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

impl HistoryLimits {
    /// A history that keeps so much, if it is anything.
    pub(super) fn history(
        self,
        beginning: impl FnOnce() -> HistoryBeginning,
    ) -> Option<History<Arc<StoredEvent>>> {
        let size_of = |event: &Arc<StoredEvent>| event.bytes();
        (self.events > 0).then(|| History::new(self.events, beginning()).within(self.bytes, size_of))
    }
}

impl SubscriptionEntry {
    pub(super) fn new(
        id: SubscriptionId,
        pattern: UriPattern,
        created: Timestamp,
        history: Option<History<Arc<StoredEvent>>>,
        measures: Option<Arc<UriMeasures>>,
    ) -> Self {
        let members = Subscribers { history, ..Subscribers::default() };
        Self { id, pattern, created, measures, members: Mutex::new(members) }
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

    /// Keeps so much of the past from now on, and returns what is not kept any more.
    pub(super) fn keep_history(
        &mut self,
        limits: HistoryLimits,
        beginning: impl FnOnce() -> HistoryBeginning,
    ) -> Vec<HistoryEntry<Arc<StoredEvent>>> {
        match &mut self.history {
            Some(history) if limits.events > 0 => history.limit(limits.events, limits.bytes),
            history => {
                let former = std::mem::replace(history, limits.history(beginning));
                former.map_or_else(Vec::new, History::into_entries)
            }
        }
    }

    /// Keeps nothing of the past any more, and returns what was kept.
    pub(super) fn forget_history(&mut self) -> Vec<HistoryEntry<Arc<StoredEvent>>> {
        self.history.take().map_or_else(Vec::new, History::into_entries)
    }

    /// A session is not in the subscription any more.
    pub(crate) fn remove(&mut self, session: SessionId) {
        self.sessions.remove(session);
        self.caught_up(session);
    }

    /// A session has got, or does not want any more, what was retained.
    pub(crate) fn caught_up(&mut self, session: SessionId) {
        if let Some(behind) = &mut self.behind {
            behind.remove(&session);
            if behind.is_empty() {
                self.behind = None;
            }
        }
    }
}
