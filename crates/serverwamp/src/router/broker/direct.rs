//! Events that go to one session alone, published to nobody else.

use super::{Broker, HeldSubscription, PendingSubscribe};
use crate::WampError;
use crate::peering::payload::ToArguments;
use crate::router::session::RouterSession;
use crate::router::wire;
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;

impl Broker {
    /// Sends an event to one session alone; says on how many of its subscriptions.
    pub(crate) fn send_event<P: ToArguments<M>, M>(
        &self,
        session: &RouterSession,
        topic: &str,
        payload: &P,
    ) -> Result<usize, WampError> {
        self.context.check_own_uri(topic, Match::Exact, None)?;
        let encoded = payload.to_arguments(session.serializer())?;
        Ok(self.send_to_session(session, topic, &encoded))
    }

    /// Queues an event for one subscriber; `false` when its subscription is over.
    pub(crate) fn send_to_subscription(
        &self,
        attempt: &PendingSubscribe,
        topic: &str,
        encoded: &Payload,
    ) -> bool {
        let session = attempt.session.inner();
        let Some(id) = attempt.established.get() else { return false };
        let Some(held) = session.tables().subscriptions.get(id).cloned() else { return false };
        let topic = (attempt.policy != Match::Exact).then_some(topic);
        let publication = self.context.ids.publication();
        let mut members = held.entry.members();
        if attempt.over.get().is_some() || !members.sessions.has(session.id()) {
            return false;
        }
        self.give_ahead_to(&held.entry, &mut members, topic.unwrap_or(&attempt.topic), session);
        let mut bytes = Vec::new();
        wire::event(*id, publication, topic, encoded, &mut bytes);
        session.queue_event(&bytes) || session.is_open()
    }

    /// Queues an event for one session, on every subscription it has that matches; says on how many.
    fn send_to_session(&self, session: &RouterSession, topic: &str, encoded: &Payload) -> usize {
        let publication = self.context.ids.publication();
        let held: Vec<HeldSubscription> = session.tables().subscriptions.values().cloned().collect();
        let mut sent = 0;
        for HeldSubscription { entry, .. } in held {
            if !entry.pattern.matches(topic) {
                continue;
            }
            let mut members = entry.members();
            if !members.sessions.has(session.id()) {
                continue;
            }
            self.give_ahead_to(&entry, &mut members, topic, session);
            let mut bytes = Vec::new();
            wire::event(entry.id, publication, entry.is_pattern().then_some(topic), encoded, &mut bytes);
            sent += usize::from(session.queue_event(&bytes));
        }
        sent
    }
}
