//! Joining and leaving subscriptions, by clients and by the application itself: from a SUBSCRIBE to its answer.
//!
//! Handlers of the application for the topic are asked first, and run on as companions of the subscription.

use super::{Broker, HeldSubscription, HistoryLimits, PendingSubscribe, SubscriptionEntry, WaitingRequest};
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::peering::EventInbox;
use crate::router::realm::{AccessRequest, Changes, GivenAnswers, Granted, HeldEntry, Withheld};
use crate::router::request::{QuestionOptions, SubscriptionRequest};
use crate::router::routes::TopicRoute;
use crate::router::session::RouterSession;
use crate::router::subscription::SubscriptionReply;
use crate::router::{supervise, wire};
use crate::rt::{BoxFuture, wall_clock};
use futures_util::FutureExt;
use serverwamp_proto::id::{RequestId, SubscriptionId};
use serverwamp_proto::message::Subscribe;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::permissions::Action;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

impl Broker {
    /// A SUBSCRIBE: answer it, or ask the topic's handlers.
    ///
    /// # Errors
    /// When the session may not subscribe to this or has too many subscriptions, and when that is undecided.
    pub(crate) fn subscribe(
        &self,
        session: &Arc<RouterSession>,
        subscribe: &Subscribe<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), Withheld> {
        let realm = session.running_realm();
        let policy = subscribe.options.kind;
        self.context.check_uri(&subscribe.topic, policy, Some(session))?;
        let pattern = UriPattern::new(policy, subscribe.topic.as_ref());
        let options =
            QuestionOptions { retain: subscribe.options.get_retained, ..QuestionOptions::default() };
        let (granted, routes, allowed_at) = self.may_subscribe(session, &pattern, options, answers)?;
        let get_retained = subscribe.options.get_retained && granted.allowance.retain;
        let waiting = WaitingRequest { id: subscribe.request, get_retained };
        if self.resubscribe(session, &pattern, waiting.id, waiting.get_retained)
            || joins_attempt(session, &pattern, waiting)
        {
            return Ok(());
        }
        self.within_limits(session, policy)?;
        let topic = Arc::from(subscribe.topic.as_ref());
        let handled: Vec<_> =
            routes.into_iter().filter_map(|route| Some((route.pattern, route.handler?))).collect();
        let asked = (allowed_at, handled.len());
        let attempt = Arc::new(PendingSubscribe::new(Arc::clone(session), topic, policy, waiting, asked));
        if handled.is_empty() {
            self.establish(realm.changes(), &attempt);
            return Ok(());
        }
        session.tables().attempts.push(Arc::clone(&attempt));
        for (scope, (route, handler)) in handled.into_iter().enumerate() {
            let request = SubscriptionRequest { attempt: Arc::clone(&attempt), scope, taken: false, route };
            accompany(session, &attempt, scope, handler.call(request));
        }
        supervise::spawn(session.runtime(), decide(attempt));
        Ok(())
    }

    /// Whether the session may subscribe to all that the pattern can reach, the routes that are within it, and the age of the
    /// decisions that say so.
    ///
    /// # Errors
    /// `wamp.error.not_authorized` when it may not, `wamp.error.invalid_uri` when nobody has opened that; when it is undecided.
    pub(crate) fn may_subscribe(
        &self,
        session: &RouterSession,
        pattern: &UriPattern,
        options: QuestionOptions,
        answers: &GivenAnswers,
    ) -> Result<(Granted, Vec<TopicRoute>, u64), Withheld> {
        let request = AccessRequest {
            options,
            form: pattern.kind(),
            ..AccessRequest::exact(session, Action::Subscribe, pattern.as_str())
        };
        let age = self.context.age();
        let config = self.context.config();
        let granted = self.context.authorize(&config, request, answers)?;
        let routes = config.topics.of(pattern);
        for route in &routes {
            self.context.check_role(&route.required, request)?;
        }
        Ok((granted, routes, granted.asked.unwrap_or(age)))
    }

    fn within_limits(&self, session: &RouterSession, policy: Match) -> Result<(), WampError> {
        let limits = session.limits();
        let (subscriptions, patterns) = {
            let tables = session.tables();
            let all = tables.subscriptions.values().map(|held| &held.attempt).chain(&tables.attempts);
            (all.clone().count(), all.filter(|attempt| attempt.policy != Match::Exact).count())
        };
        let of_role = session.limits_of_role().subscriptions;
        let most = limits.subscriptions.min(of_role.unwrap_or(usize::MAX));
        let (refusal, text) = if subscriptions >= most {
            let text = format!("a session may have {most} subscriptions");
            (Refusal::Subscriptions, text)
        } else if policy != Match::Exact && patterns >= limits.pattern_subscriptions {
            let text =
                format!("a session may have {} subscriptions by pattern", limits.pattern_subscriptions);
            (Refusal::PatternSubscriptions, text)
        } else {
            return Ok(());
        };
        self.context.counters.refused(refusal, session, &text);
        Err(WampError::unavailable(text))
    }

    /// Enters the subscription and answers every request that waits for it; the attempt is then a subscription.
    fn establish(&self, mut changes: Changes<'_>, attempt: &Arc<PendingSubscribe>) {
        let session = attempt.session.inner();
        let mut tables = session.tables();
        tables.attempts.retain(|other| !Arc::ptr_eq(other, attempt));
        if !session.is_open() {
            attempt.over.set(());
            return;
        }
        let pattern = attempt.pattern();
        // Whoever replaced the configuration or forgot decisions since has looked at these tables before, or will when they are free.
        let again =
            || self.may_subscribe(session, &pattern, QuestionOptions::default(), &GivenAnswers::default());
        let decided = if attempt.allowed_at == self.context.age() { Ok(()) } else { again().map(drop) };
        if let Err(Withheld::Denied(error)) = decided {
            let requests = attempt.take_requests();
            drop(tables);
            drop(changes);
            return attempt.refuse(&requests, &error);
        }
        let (entry, created) = self.enter_subscription(&mut changes, &pattern);
        let requests = attempt.take_requests();
        let mut members = entry.members();
        let joined = members.sessions.add(session.id(), Arc::clone(session));
        for request in &requests {
            session.send(&wire::subscribed(request.id, entry.id));
            if request.get_retained {
                self.send_retained(session, &entry, &mut members);
            }
        }
        drop(members);
        let held = HeldSubscription { attempt: Arc::clone(attempt), entry: Arc::clone(&entry) };
        tables.subscriptions.insert(entry.id, held);
        drop(tables);
        attempt.established.set(entry.id);
        if created {
            changes.events.subscription_created(session.id(), &entry);
        }
        if joined {
            changes.events.subscribed(session.id(), &entry);
        }
        drop(changes);
        if decided.is_err() {
            let doubted = (Arc::clone(session), HeldEntry::Subscription(entry));
            session.running_realm().review([doubted], []);
        }
    }

    fn enter_subscription(
        &self,
        changes: &mut Changes<'_>,
        pattern: &UriPattern,
    ) -> (Arc<SubscriptionEntry>, bool) {
        self.enter(&mut changes.subscriptions, pattern, HistoryLimits::default(), wall_clock())
    }

    /// Answers a SUBSCRIBE for a subscription the session has already with the same id; says whether it has.
    fn resubscribe(
        &self,
        session: &RouterSession,
        pattern: &UriPattern,
        request: RequestId,
        get_retained: bool,
    ) -> bool {
        let Some(entry) = self.lookup(pattern.kind(), pattern.as_str()) else { return false };
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
        changes: Changes<'_>,
        session: &RouterSession,
        request: RequestId,
        subscription: SubscriptionId,
    ) -> Result<(), WampError> {
        self.end_subscription(changes, session, subscription, || session.send(&wire::unsubscribed(request)))
            .ok_or_else(|| {
                WampError::new(uris::error::NO_SUCH_SUBSCRIPTION).arg("this session has no such subscription")
            })
    }

    /// Takes a subscription away from a session, which is told if it can be told (checklist SREV-01, SREV-02).
    pub(crate) fn revoke(
        &self,
        changes: Changes<'_>,
        session: &RouterSession,
        subscription: SubscriptionId,
        reason: Option<&str>,
    ) -> Option<()> {
        self.end_subscription(changes, session, subscription, || {
            if session.subscriber_has(Feature::SubscriptionRevocation) {
                session.send(&wire::subscription_revoked(subscription, reason));
            }
        })
    }

    fn end_subscription(
        &self,
        mut changes: Changes<'_>,
        session: &RouterSession,
        subscription: SubscriptionId,
        tell: impl FnOnce(),
    ) -> Option<()> {
        let held = session.tables().subscriptions.remove(&subscription)?;
        let mut members = held.entry.members();
        members.remove(session.id());
        tell();
        drop(members);
        let deleted = self.remove_if_empty(&mut changes.subscriptions, &held.entry);
        changes.events.left_subscription(session.id(), &held.entry, deleted);
        drop(changes);
        held.attempt.over.set(());
        Some(())
    }

    /// Subscribes the application itself.
    pub(crate) fn subscribe_local(
        &self,
        mut changes: Changes<'_>,
        pattern: &UriPattern,
        capacity: usize,
    ) -> (SubscriptionId, Arc<EventInbox>) {
        let (entry, created) = self.enter_subscription(&mut changes, pattern);
        let local = Arc::new(EventInbox::new(capacity));
        let mut members = entry.members();
        let first = members.local.is_empty();
        members.local.push(Arc::clone(&local));
        drop(members);
        if created {
            changes.events.subscription_created(self.context.own_session, &entry);
        }
        if first {
            changes.events.subscribed(self.context.own_session, &entry);
        }
        (entry.id, local)
    }

    /// The application does not want the events any more.
    pub(crate) fn unsubscribe_local(
        &self,
        mut changes: Changes<'_>,
        id: SubscriptionId,
        local: &Arc<EventInbox>,
    ) {
        let Some(entry) = changes.subscriptions.get(id).cloned() else { return };
        let mut members = entry.members();
        members.local.retain(|other| !Arc::ptr_eq(other, local));
        let last = members.local.is_empty();
        drop(members);
        let deleted = self.remove_if_empty(&mut changes.subscriptions, &entry);
        if last {
            changes.events.unsubscribed(self.context.own_session, &entry);
        }
        if deleted {
            changes.events.subscription_deleted(self.context.own_session, &entry);
        }
    }
}

/// A handler of the topic runs on as the subscription's companion.
fn accompany(
    session: &Arc<RouterSession>,
    attempt: &Arc<PendingSubscribe>,
    scope: usize,
    life: BoxFuture<'static, SubscriptionReply>,
) {
    let over = Arc::clone(attempt);
    let decided = Arc::clone(attempt);
    let asked = Arc::clone(attempt);
    supervise::companion(
        session,
        session.running_realm().context.connections.handler(),
        "topic handler",
        async move { over.over.wait().await },
        async move {
            let life = AssertUnwindSafe(life).catch_unwind();
            let refuse = || asked.decide(scope, Err(supervise::not_accepted()));
            let end = supervise::until_dropped(life, asked.dropped(scope), refuse).await;
            end.map(|SubscriptionReply(reply)| reply)
        },
        move |reply| decided.decide(scope, reply.and_then(|()| Err(supervise::not_accepted()))),
    );
}

/// Waits for the handlers' verdicts, then answers the SUBSCRIBE.
async fn decide(attempt: Arc<PendingSubscribe>) {
    let verdict = attempt.decided().await;
    let realm = Arc::clone(attempt.session.inner().running_realm());
    match verdict {
        Ok(()) => realm.broker.establish(realm.changes(), &attempt),
        Err(error) => {
            let mut tables = attempt.session.inner().tables();
            tables.attempts.retain(|other| !Arc::ptr_eq(other, &attempt));
            let requests = attempt.take_requests();
            drop(tables);
            attempt.refuse(&requests, &error);
        }
    }
}

/// The same subscription is being decided already: this request gets the same answer.
fn joins_attempt(session: &RouterSession, pattern: &UriPattern, request: WaitingRequest) -> bool {
    let tables = session.tables();
    let same = tables.attempts.iter().find(|attempt| attempt.pattern() == *pattern);
    same.map(|attempt| attempt.wait_for_decision(request)).is_some()
}
