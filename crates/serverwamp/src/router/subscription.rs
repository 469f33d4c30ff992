//! Code around a subscription: one async function is one life.
//!
//! Invariant: SUBSCRIBED is queued before any EVENT of the subscription, because only the realm queues both and it
//! does so under the lock of the subscription's members; a [`Subscription`] exists only after that.

use crate::peering::payload::ToArguments;
use crate::router::broker::PendingSubscribe;
use crate::router::request::SubscriptionRequest;
use crate::{Session, WampError};
use futures_util::future::{Either, select};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::pattern::Match;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

impl SubscriptionRequest {
    pub(crate) fn accept(&self) {
        self.attempt.decide(self.scope, Ok(()));
    }
}

/// The result of a topic's handler.
#[derive(Debug)]
pub struct SubscriptionReply(pub(crate) Result<(), WampError>);

/// A subscription that waits for this handler's word.
///
/// The handler is the subscription's life: admission, then [`accept`](Self::accept), then events, then cleanup.
///
/// ```
/// use serverwamp::{PendingSubscription, WampError};
///
/// async fn doc_changes(sub: PendingSubscription) -> Result<(), WampError> {
///     // An error here refuses the SUBSCRIBE.
///     let sub = sub.accept().await; // SUBSCRIBED is queued when this returns
///     sub.send("Thanks for subscribing!").await?;
///     sub.closed().await; // UNSUBSCRIBE, GOODBYE or a lost transport
///     Ok(())
/// }
/// # serverwamp::RouteSet::<()>::new().topic("docs.changes", doc_changes);
/// ```
///
/// Dropping it without `accept` refuses with `wamp.error.not_authorized`. A subscription by prefix or wildcard asks the
/// handler of every topic it can reach, and is established when all accept.
#[derive(Debug)]
#[must_use = "a subscription that is not accepted is refused"]
pub struct PendingSubscription {
    attempt: Arc<PendingSubscribe>,
    scope: usize,
}

impl PendingSubscription {
    pub(crate) fn new(request: &SubscriptionRequest) -> Self {
        Self { attempt: Arc::clone(&request.attempt), scope: request.scope }
    }

    /// The session that subscribes.
    pub fn session(&self) -> &Session {
        &self.attempt.session
    }

    /// The topic, or the pattern when [`match_policy`](Self::match_policy) is not exact.
    pub fn topic(&self) -> &str {
        &self.attempt.topic
    }

    /// The match policy of the subscription.
    pub fn match_policy(&self) -> Match {
        self.attempt.policy
    }

    /// Accepts, and returns when SUBSCRIBED is queued.
    ///
    /// When another handler refuses, or the session ends meanwhile, the subscription returned is already closed.
    pub async fn accept(self) -> Subscription {
        let attempt = Arc::clone(&self.attempt);
        attempt.decide(self.scope, Ok(()));
        let established = pin!(attempt.established.wait());
        let over = pin!(attempt.over.wait());
        select(established, over).await;
        Subscription { attempt: Arc::clone(&self.attempt) }
    }
}

impl Drop for PendingSubscription {
    fn drop(&mut self) {
        self.attempt.let_go(self.scope);
    }
}

/// One session's subscription, for the code that lives as long as it does.
#[derive(Clone, Debug)]
pub struct Subscription {
    attempt: Arc<PendingSubscribe>,
}

impl Subscription {
    /// The subscriber's session.
    pub fn session(&self) -> &Session {
        &self.attempt.session
    }

    /// The topic, or the pattern when [`match_policy`](Self::match_policy) is not exact.
    pub fn topic(&self) -> &str {
        &self.attempt.topic
    }

    /// The match policy of the subscription.
    pub fn match_policy(&self) -> Match {
        self.attempt.policy
    }

    /// The subscription's id; `None` when it never came to be.
    pub fn id(&self) -> Option<SubscriptionId> {
        self.attempt.established.get().copied()
    }

    /// Sends an event to this subscriber alone, then waits while its queue is more than a quarter full.
    ///
    /// For a subscription by pattern use [`send_on`](Self::send_on), which says which topic the event is of.
    ///
    /// # Errors
    /// `wamp.error.canceled` when the subscription is over: give it to `?`. Also when the payload cannot be encoded.
    pub async fn send<M>(&self, arguments: impl ToArguments<M>) -> Result<(), WampError> {
        let topic = Arc::clone(&self.attempt.topic);
        self.send_on(&topic, arguments).await
    }

    /// As [`send`](Self::send), naming the topic for a subscription by prefix or wildcard.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_on<M>(&self, topic: &str, arguments: impl ToArguments<M>) -> Result<(), WampError> {
        let encoded = arguments.to_arguments(self.attempt.session.inner().serializer())?;
        if !self.attempt.realm().broker.send_to_subscription(&self.attempt, topic, &encoded) {
            return Err(WampError::call_canceled());
        }
        self.attempt.session.inner().outbox().room().await;
        Ok(())
    }

    /// Waits for the subscription's end.
    pub async fn closed(&self) {
        self.attempt.over.wait().await;
    }

    /// Returns whether the subscription has not ended.
    pub fn is_open(&self) -> bool {
        self.attempt.over.get().is_none()
    }

    /// The output of `future`, or `None` when the subscription ends first.
    pub async fn while_open<F: Future>(&self, future: F) -> Option<F::Output> {
        let over = pin!(self.attempt.over.wait());
        let future = pin!(future);
        match select(over, future).await {
            Either::Left(_) => None,
            Either::Right((output, _)) => Some(output),
        }
    }
}
