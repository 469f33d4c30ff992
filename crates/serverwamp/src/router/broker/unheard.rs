//! Topics that the application publishes to and that nobody can ever hear of, because they are closed to everybody.
//!
//! Each is told of once, with what to write. Invariant: so many topics are remembered and no more, and nothing is looked up
//! where everybody may subscribe to everything.

use crate::base::locks::Mutex;
use crate::base::log::line;
use crate::router::realm::Access;
use hashbrown::HashSet;
use std::sync::PoisonError;

/// So many topics are told of. A program that publishes to more of them has understood.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(super) struct UnheardTopics(Mutex<HashSet<Box<str>>>);

impl UnheardTopics {
    /// Logs the topic of an event that the application has published in `realm`; `is_unheard` returns whether nobody is
    /// subscribed, the application included.
    pub(super) fn notice(
        &self,
        realm: &str,
        access: &Access,
        topic: &str,
        is_unheard: impl FnOnce() -> bool,
    ) {
        if access.anybody_may_subscribe(topic) || !is_unheard() {
            return;
        }
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MOST || !told.insert(topic.into()) {
            return;
        }
        drop(told);
        line!(
            INFO,
            "event",
            "the application publishes to a topic that nobody can subscribe to: open it with `RouteSet::open_topic`, or allow a \
             role to subscribe",
            realm = realm,
            topic = topic
        );
    }
}
