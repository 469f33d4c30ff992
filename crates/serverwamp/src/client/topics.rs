//! The subscriptions of a client's session, and who listens to each.
//!
//! A router gives all SUBSCRIBEs of a session to the same topic the same subscription, and one UNSUBSCRIBE ends it for all of
//! them. So it is sent when nobody listens any more, and no SUBSCRIBE to the same topic is unanswered.

use crate::peering::EventInbox;
use hashbrown::HashMap;
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::pattern::Match;
use std::sync::Arc;

/// A topic or pattern, as SUBSCRIBE names it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct TopicKey {
    pub(super) kind: Match,
    pub(super) topic: Arc<str>,
}

struct HeldTopic {
    key: TopicKey,
    listeners: Vec<Arc<EventInbox>>,
}

/// All subscriptions of a session.
#[derive(Default)]
pub(super) struct Topics {
    held: HashMap<SubscriptionId, HeldTopic>,
    /// How many SUBSCRIBEs are unanswered.
    asked: HashMap<TopicKey, usize>,
}

impl Topics {
    /// A SUBSCRIBE goes out.
    pub(super) fn asked(&mut self, key: TopicKey) {
        *self.asked.entry(key).or_default() += 1;
    }

    /// A SUBSCRIBE was accepted for `listener`. Returns what is to be ended.
    pub(super) fn accepted(
        &mut self,
        key: &TopicKey,
        id: SubscriptionId,
        listener: Option<&Arc<EventInbox>>,
    ) -> Vec<SubscriptionId> {
        let held =
            self.held.entry(id).or_insert_with(|| HeldTopic { key: key.clone(), listeners: Vec::new() });
        held.listeners.extend(listener.cloned());
        self.answered(key)
    }

    /// A SUBSCRIBE was answered. Returns what is to be ended.
    pub(super) fn answered(&mut self, key: &TopicKey) -> Vec<SubscriptionId> {
        if let Some(asked) = self.asked.get_mut(key) {
            *asked -= 1;
            if *asked == 0 {
                self.asked.remove(key);
            }
        }
        let idle = |(_, held): &(&SubscriptionId, &HeldTopic)| held.key == *key && held.listeners.is_empty();
        let idle: Vec<SubscriptionId> = self.held.iter().filter(idle).map(|(id, _)| *id).collect();
        idle.into_iter().filter(|id| self.is_over(*id)).collect()
    }

    /// Somebody does not listen any more. Returns the subscription if it is to be ended.
    pub(super) fn leave(&mut self, id: SubscriptionId, listener: &Arc<EventInbox>) -> Option<SubscriptionId> {
        self.held.get_mut(&id)?.listeners.retain(|other| !Arc::ptr_eq(other, listener));
        self.is_over(id).then_some(id)
    }

    /// Forgets a subscription that nobody listens to.
    fn is_over(&mut self, id: SubscriptionId) -> bool {
        let asked = &self.asked;
        let over = self
            .held
            .get(&id)
            .is_some_and(|held| held.listeners.is_empty() && !asked.contains_key(&held.key));
        if over {
            self.held.remove(&id);
        }
        over
    }

    /// The topic of a subscription, and who listens.
    pub(super) fn listeners(&self, id: SubscriptionId) -> Option<(&TopicKey, &[Arc<EventInbox>])> {
        self.held.get(&id).map(|held| (&held.key, &*held.listeners))
    }

    /// The router took a subscription away. Returns those who listened.
    pub(super) fn revoked(&mut self, id: SubscriptionId) -> Vec<Arc<EventInbox>> {
        self.held.remove(&id).map(|held| held.listeners).unwrap_or_default()
    }

    pub(super) fn take_all(&mut self) -> Vec<Arc<EventInbox>> {
        self.held.drain().flat_map(|(_, held)| held.listeners).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TopicKey {
        TopicKey { kind: Match::Exact, topic: "com.topic".into() }
    }

    fn id(number: u64) -> SubscriptionId {
        SubscriptionId::new(number).unwrap()
    }

    fn inbox() -> Arc<EventInbox> {
        Arc::new(EventInbox::new(1))
    }

    #[test]
    fn a_subscription_ends_with_the_last_who_listens() {
        let (mut topics, first, second) = (Topics::default(), inbox(), inbox());
        for listener in [&first, &second] {
            topics.asked(key());
            assert!(topics.accepted(&key(), id(5), Some(listener)).is_empty());
        }
        assert_eq!(topics.leave(id(5), &first), None);
        assert_eq!(topics.leave(id(5), &second), Some(id(5)));
        assert!(topics.listeners(id(5)).is_none());
    }

    #[test]
    fn nothing_is_ended_while_a_subscribe_to_the_same_topic_is_unanswered() {
        let (mut topics, first, second) = (Topics::default(), inbox(), inbox());
        topics.asked(key());
        topics.accepted(&key(), id(5), Some(&first));
        topics.asked(key());
        assert_eq!(topics.leave(id(5), &first), None, "the answer may name the same subscription");
        assert!(topics.accepted(&key(), id(5), Some(&second)).is_empty());
        assert_eq!(topics.leave(id(5), &second), Some(id(5)));

        topics.asked(key());
        topics.accepted(&key(), id(6), Some(&first));
        topics.asked(key());
        assert_eq!(topics.leave(id(6), &first), None);
        assert_eq!(topics.answered(&key()), [id(6)], "the second SUBSCRIBE failed");
    }

    #[test]
    fn a_subscription_that_nobody_wants_any_more_is_ended_at_once() {
        let mut topics = Topics::default();
        topics.asked(key());
        assert_eq!(topics.accepted(&key(), id(5), None), [id(5)]);
    }
}
