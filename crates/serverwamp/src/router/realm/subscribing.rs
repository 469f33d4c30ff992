//! Joining and leaving subscriptions, by clients and by the application itself.

use super::publish::to_payload;
use super::running::{Changes, RunningRealm};
use crate::router::broker::{HistoryLimits, LocalSubscriber, Outgoing, SubscriptionEntry};
use crate::router::payload::Encoded;
use crate::router::subscription::Attempt;
use crate::router::wire;
use crate::rt::wall_clock;
use crate::{Session, WampError};
use serverwamp_proto::id::{RequestId, SessionId, SubscriptionId};
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

/// A subscription that a session holds.
#[derive(Clone, Debug)]
pub(crate) struct HeldSubscription {
    pub(crate) attempt: Arc<Attempt>,
    pub(crate) entry: Arc<SubscriptionEntry>,
}

impl RunningRealm {
    /// Enters the subscription and answers every request that waits for it; the attempt is then a subscription.
    pub(crate) fn establish(&self, attempt: &Arc<Attempt>) {
        let session = &attempt.session;
        let mut changes = self.changes();
        let mut work = session.work();
        work.attempts.retain(|other| !Arc::ptr_eq(other, attempt));
        if !session.is_open() {
            attempt.over.set(());
            return;
        }
        let pattern = attempt.pattern();
        let (entry, created) = self.enter_subscription(&mut changes, &pattern);
        let requests = attempt.take_requests();
        let mut members = entry.members();
        let joined = members.sessions.add(session.id(), session.clone());
        for request in &requests {
            session.send(&wire::subscribed(request.id, entry.id));
            if request.get_retained {
                self.send_retained(session, &entry, &mut members);
            }
        }
        drop(members);
        let held = HeldSubscription { attempt: Arc::clone(attempt), entry: Arc::clone(&entry) };
        work.subscriptions.insert(entry.id, held);
        drop(work);
        attempt.established.set(entry.id);
        if created {
            self.tell_subscription_created(session.id(), &entry);
        }
        if joined {
            self.tell_subscribed(session.id(), &entry);
        }
    }

    fn enter_subscription(
        &self,
        changes: &mut Changes,
        pattern: &UriPattern,
    ) -> (Arc<SubscriptionEntry>, bool) {
        self.broker.enter(&mut changes.subscriptions, pattern, HistoryLimits::default(), wall_clock())
    }

    /// Answers a SUBSCRIBE for a subscription the session has already with the same id; says whether it has.
    pub(crate) fn resubscribe(
        &self,
        session: &Session,
        pattern: &UriPattern,
        request: RequestId,
        get_retained: bool,
    ) -> bool {
        let Some(entry) = self.broker.lookup(pattern.kind(), pattern.as_str()) else { return false };
        let mut members = entry.members();
        if !members.sessions.has(session.id()) {
            return false;
        }
        session.send(&wire::subscribed(request, entry.id));
        if get_retained {
            self.send_retained(session, &entry, &mut members);
        }
        true
    }

    /// Ends a subscription of the session and answers `request`.
    pub(crate) fn unsubscribe(
        &self,
        session: &Session,
        request: RequestId,
        subscription: SubscriptionId,
    ) -> Result<(), WampError> {
        self.end_subscription(session, subscription, || session.send(&wire::unsubscribed(request)))
            .ok_or_else(|| {
                WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg("this session has no such subscription")
            })
    }

    /// Takes a subscription away from a session, which is told if it can be told (checklist SREV-01, SREV-02).
    pub(crate) fn revoke_subscription(
        &self,
        session: &Session,
        subscription: SubscriptionId,
        reason: Option<&str>,
    ) -> Option<()> {
        self.end_subscription(session, subscription, || {
            if session.subscriber_has(Feature::SubscriptionRevocation) {
                session.send(&wire::subscription_revoked(subscription, reason));
            }
        })
    }

    fn end_subscription(
        &self,
        session: &Session,
        subscription: SubscriptionId,
        tell: impl FnOnce(),
    ) -> Option<()> {
        let mut changes = self.changes();
        let held = session.work().subscriptions.remove(&subscription)?;
        let mut members = held.entry.members();
        members.remove(session.id());
        tell();
        drop(members);
        let deleted = self.broker.remove_if_empty(&mut changes.subscriptions, &held.entry);
        self.tell_left_subscription(session.id(), &held.entry, deleted);
        drop(changes);
        held.attempt.over.set(());
        Some(())
    }

    pub(super) fn tell_left_subscription(
        &self,
        session: SessionId,
        entry: &SubscriptionEntry,
        deleted: bool,
    ) {
        self.tell_unsubscribed(session, entry);
        if deleted {
            self.tell_subscription_deleted(session, entry);
        }
    }

    /// Queues an event for one subscriber; `false` when its subscription is over.
    pub(crate) fn send_to_subscription(&self, attempt: &Attempt, topic: &str, encoded: &Encoded) -> bool {
        let session = &attempt.session;
        let Some(id) = attempt.established.get() else { return false };
        let Some(held) = session.work().subscriptions.get(id).cloned() else { return false };
        let topic = (attempt.policy != Match::Exact).then_some(topic);
        let publication = self.context.ids.publication();
        let mut members = held.entry.members();
        if attempt.over.get().is_some() || !members.sessions.has(session.id()) {
            return false;
        }
        self.broker.give_ahead_to(&held.entry, &mut members, topic.unwrap_or(&attempt.topic), session);
        let mut bytes = Vec::new();
        wire::event(*id, publication, topic, encoded, &mut bytes);
        session.send_event_frame(&bytes) || session.is_open()
    }

    /// Queues an event for one session, on every subscription it has that matches; says on how many.
    pub(crate) fn send_to_session(&self, session: &Session, topic: &str, encoded: &Encoded) -> usize {
        let publication = self.context.ids.publication();
        let held: Vec<HeldSubscription> = session.work().subscriptions.values().cloned().collect();
        let mut sent = 0;
        for HeldSubscription { entry, .. } in held {
            if !entry.pattern.matches(topic) {
                continue;
            }
            let mut members = entry.members();
            if !members.sessions.has(session.id()) {
                continue;
            }
            self.broker.give_ahead_to(&entry, &mut members, topic, session);
            let mut bytes = Vec::new();
            wire::event(entry.id, publication, entry.is_pattern().then_some(topic), encoded, &mut bytes);
            sent += usize::from(session.send_event_frame(&bytes));
        }
        sent
    }

    /// Subscribes the application itself.
    pub(crate) fn subscribe_local(
        &self,
        pattern: &UriPattern,
        capacity: usize,
    ) -> (SubscriptionId, Arc<LocalSubscriber>) {
        let mut changes = self.changes();
        let (entry, created) = self.enter_subscription(&mut changes, pattern);
        let local = Arc::new(LocalSubscriber::new(capacity));
        let mut members = entry.members();
        let first = members.local.is_empty();
        members.local.push(Arc::clone(&local));
        drop(members);
        if created {
            self.tell_subscription_created(self.context.own_session, &entry);
        }
        if first {
            self.tell_subscribed(self.context.own_session, &entry);
        }
        (entry.id, local)
    }

    /// The application does not want the events any more.
    pub(crate) fn unsubscribe_local(&self, id: SubscriptionId, local: &Arc<LocalSubscriber>) {
        let mut changes = self.changes();
        let Some(entry) = changes.subscriptions.get(id).cloned() else { return };
        let mut members = entry.members();
        members.local.retain(|other| !Arc::ptr_eq(other, local));
        let last = members.local.is_empty();
        drop(members);
        let deleted = self.broker.remove_if_empty(&mut changes.subscriptions, &entry);
        if last {
            self.tell_unsubscribed(self.context.own_session, &entry);
        }
        if deleted {
            self.tell_subscription_deleted(self.context.own_session, &entry);
        }
    }

    /// Publishes on behalf of nobody: what the realm itself has to tell.
    pub(crate) fn publish_own(&self, topic: &str, encoded: Encoded) {
        let payload = crate::router::broker::Forms::new(to_payload(encoded));
        let outgoing = Outgoing {
            publication: self.context.ids.publication(),
            topic,
            payload: &payload,
            exclude: None,
            filter: None,
            publisher: None,
            by_configuration: false,
            trustlevel: None,
            passthru: None,
        };
        self.context.crowd.wake(self.broker.deliver(&outgoing, None, wall_clock).asleep);
    }
}
