//! Who is subscribed to what on one realm.
//!
//! All subscribers of the same topic and match share one subscription and its id. A session is in a subscription once,
//! however often it asked, and leaves it with one UNSUBSCRIBE. Every table is indexed by what is looked up in it, so a
//! session that leaves costs what it subscribed itself, however much the others did. Spec: basic, "Publish and
//! Subscribe"; advanced, "Pattern-based Subscription".

mod full;
mod history;
mod members;
mod receivers;
mod retained;
mod testaments;

use hashbrown::{HashMap, HashSet};

pub use full::Full;
pub use history::{History, HistoryEntry, HistoryQuery};
pub use members::Members;
pub use receivers::ReceiverFilter;
pub use retained::{RetainedEvents, RetainedLimits, RetainedTopic};
pub use testaments::{Scope, Testaments};

use crate::id::{SessionId, SubscriptionId};
use crate::pattern::{Match, PatternMap, UriPattern};

/// The subscriptions of one realm; `T` is what the driver keeps for each subscriber.
#[derive(Clone, Debug)]
pub struct Subscriptions<T> {
    by_pattern: PatternMap<SubscriptionId>,
    by_id: HashMap<SubscriptionId, Subscription<T>>,
    by_session: HashMap<SessionId, HashSet<SubscriptionId>>,
}

/// One subscription: a topic or a pattern, and its subscribers.
#[derive(Clone, Debug)]
pub struct Subscription<T> {
    id: SubscriptionId,
    pattern: UriPattern,
    subscribers: Vec<(SessionId, T)>,
    /// Where each session stands in `subscribers`.
    places: HashMap<SessionId, usize>,
}

/// What came of a SUBSCRIBE.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Subscribed {
    /// The id of the subscription.
    pub id: SubscriptionId,
    /// Whether the session was not in it before.
    pub is_new_for_session: bool,
    /// Whether the subscription came into being.
    pub created: bool,
}

/// What came of an UNSUBSCRIBE, or of the end of a session, for one subscription.
#[derive(Clone, Debug)]
pub struct Unsubscribed<T> {
    /// The id of the subscription.
    pub id: SubscriptionId,
    /// What it was for.
    pub pattern: UriPattern,
    /// What was kept for the subscriber.
    pub subscriber: T,
    /// Whether that was the last subscriber, and the subscription is gone.
    pub deleted: bool,
}

/// The session holds no subscription of this id: `wamp.error.no_such_subscription`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no such subscription")]
pub struct NoSuchSubscription;

impl<T> Subscriptions<T> {
    /// No subscriptions.
    pub fn new() -> Self {
        Self { by_pattern: PatternMap::new(), by_id: HashMap::new(), by_session: HashMap::new() }
    }

    /// Puts a session into the subscription of a topic, which comes into being under `new_id` if there is none.
    ///
    /// If the session is in it already nothing changes, and `subscriber` is dropped. `new_id` is asked again as long as
    /// it names a subscription that exists.
    pub fn subscribe(
        &mut self,
        session: SessionId,
        kind: Match,
        topic: &str,
        subscriber: T,
        mut new_id: impl FnMut() -> SubscriptionId,
    ) -> Subscribed {
        let existing = self.by_pattern.get(kind, topic).copied();
        let id = existing.unwrap_or_else(|| {
            let mut id = new_id();
            while self.by_id.contains_key(&id) {
                id = new_id();
            }
            id
        });
        if existing.is_none() {
            let pattern = UriPattern::new(kind, topic);
            self.by_pattern.insert(&pattern, id);
            self.by_id.insert(id, Subscription::new(id, pattern));
        }
        let is_new_for_session = self.by_session.entry(session).or_default().insert(id);
        if let (true, Some(subscription)) = (is_new_for_session, self.by_id.get_mut(&id)) {
            subscription.add(session, subscriber);
        }
        Subscribed { id, is_new_for_session, created: existing.is_none() }
    }

    /// Takes a session out of a subscription that it is in.
    ///
    /// # Errors
    /// When the session is not in a subscription of this id, whoever else is.
    pub fn unsubscribe(
        &mut self,
        session: SessionId,
        id: SubscriptionId,
    ) -> Result<Unsubscribed<T>, NoSuchSubscription> {
        let held = self.by_session.get_mut(&session).ok_or(NoSuchSubscription)?;
        if !held.remove(&id) {
            return Err(NoSuchSubscription);
        }
        if held.is_empty() {
            self.by_session.remove(&session);
        }
        self.take_out(session, id).ok_or(NoSuchSubscription)
    }

    /// Takes a session out of all its subscriptions, in the order of their ids.
    pub fn session_left(&mut self, session: SessionId) -> Vec<Unsubscribed<T>> {
        let mut held: Vec<SubscriptionId> = self.by_session.remove(&session).into_iter().flatten().collect();
        held.sort_unstable();
        held.into_iter().filter_map(|id| self.take_out(session, id)).collect()
    }

    /// Shows every subscription that a publication to `topic` reaches: the exact one, then prefixes and wildcards.
    ///
    /// Events of other than exact subscriptions must tell the topic.
    pub fn matching<'s>(&'s self, topic: &str, mut visit: impl FnMut(&'s Subscription<T>)) {
        self.by_pattern.all(topic, |_, id| {
            if let Some(subscription) = self.by_id.get(id) {
                visit(subscription);
            }
        });
    }

    /// The subscription of exactly this topic and match; no pattern is evaluated.
    pub fn lookup(&self, kind: Match, topic: &str) -> Option<SubscriptionId> {
        self.by_pattern.get(kind, topic).copied()
    }

    /// The subscription with this id.
    pub fn get(&self, id: SubscriptionId) -> Option<&Subscription<T>> {
        self.by_id.get(&id)
    }

    /// All subscriptions, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &Subscription<T>> {
        self.by_id.values()
    }

    /// How many subscriptions there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are no subscriptions.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// How many subscriptions the session is in.
    pub fn count_of(&self, session: SessionId) -> usize {
        self.by_session.get(&session).map_or(0, HashSet::len)
    }

    /// Whether no table mentions the session, as must be so once it has left. Looks at everything: for tests.
    pub fn is_forgotten(&self, session: SessionId) -> bool {
        !self.by_session.contains_key(&session)
            && self.by_id.values().all(|subscription| !subscription.has(session))
    }

    fn take_out(&mut self, session: SessionId, id: SubscriptionId) -> Option<Unsubscribed<T>> {
        let subscription = self.by_id.get_mut(&id)?;
        let subscriber = subscription.remove(session)?;
        let pattern = subscription.pattern.clone();
        let deleted = subscription.subscribers.is_empty();
        if deleted {
            self.by_id.remove(&id);
            self.by_pattern.remove(pattern.kind(), pattern.as_str());
        }
        Some(Unsubscribed { id, pattern, subscriber, deleted })
    }
}

impl<T> Default for Subscriptions<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Subscription<T> {
    fn new(id: SubscriptionId, pattern: UriPattern) -> Self {
        Self { id, pattern, subscribers: Vec::new(), places: HashMap::new() }
    }

    /// The id that its events carry.
    pub const fn id(&self) -> SubscriptionId {
        self.id
    }

    /// What it is for.
    pub const fn pattern(&self) -> &UriPattern {
        &self.pattern
    }

    /// Its subscribers.
    pub fn subscribers(&self) -> &[(SessionId, T)] {
        &self.subscribers
    }

    /// What is kept for one of its subscribers.
    pub fn subscriber(&self, session: SessionId) -> Option<&T> {
        let (_, subscriber) = self.subscribers.get(*self.places.get(&session)?)?;
        Some(subscriber)
    }

    /// Whether the session is subscribed.
    pub fn has(&self, session: SessionId) -> bool {
        self.places.contains_key(&session)
    }

    fn add(&mut self, session: SessionId, subscriber: T) {
        self.places.insert(session, self.subscribers.len());
        self.subscribers.push((session, subscriber));
    }

    fn remove(&mut self, session: SessionId) -> Option<T> {
        let place = self.places.remove(&session)?;
        let (_, subscriber) = self.subscribers.swap_remove(place);
        if let Some((moved, _)) = self.subscribers.get(place) {
            self.places.insert(*moved, place);
        }
        Some(subscriber)
    }
}

#[cfg(test)]
mod tests;
