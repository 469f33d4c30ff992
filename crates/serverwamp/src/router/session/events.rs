//! The subscriptions whose retained events a session has yet to get.
//!
//! Invariant: a session that stands as behind in the members of a subscription has the subscription in this list. It may
//! be there longer, and is taken out when its turn comes.

use super::RouterSession;
use crate::base::locks::{Mutex, MutexGuard};
use crate::router::broker::SubscriptionEntry;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};

#[derive(Debug, Default)]
pub(super) struct Behind {
    /// A copy of `!entries.is_empty()` that costs no lock.
    is_behind: AtomicBool,
    entries: Mutex<VecDeque<Arc<SubscriptionEntry>>>,
}

impl Behind {
    fn entries(&self) -> MutexGuard<'_, VecDeque<Arc<SubscriptionEntry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RouterSession {
    /// Returns whether the session has yet to get retained events.
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        self.behind.is_behind.load(Ordering::Acquire)
    }

    /// It has yet to get what is retained for this subscription, whose members the caller has locked.
    pub(crate) fn wants_retained(&self, entry: &Arc<SubscriptionEntry>) {
        let mut entries = self.behind.entries();
        if !entries.iter().any(|other| Arc::ptr_eq(other, entry)) {
            entries.push_back(Arc::clone(entry));
        }
        self.behind.is_behind.store(true, Ordering::Release);
        drop(entries);
        // Its connection may have gone to sleep behind SUBSCRIBED.
        self.outbox().wake();
    }

    /// The subscription whose turn it is.
    pub(crate) fn retained_wanted(&self) -> Option<Arc<SubscriptionEntry>> {
        self.behind.entries().front().cloned()
    }

    /// It has all that was retained for this subscription, or does not want it any more. The caller has locked its
    /// members, so nobody has come to want it again meanwhile.
    pub(crate) fn has_retained(&self, entry: &Arc<SubscriptionEntry>) {
        let mut entries = self.behind.entries();
        if entries.front().is_some_and(|front| Arc::ptr_eq(front, entry)) {
            entries.pop_front();
        }
        self.behind.is_behind.store(!entries.is_empty(), Ordering::Release);
    }

    /// It is over, and in no subscription any more.
    pub(crate) fn wants_nothing_retained(&self) {
        let entries = std::mem::take(&mut *self.behind.entries());
        self.behind.is_behind.store(false, Ordering::Release);
        drop(entries);
    }
}
