//! Events that a handler takes, one after the other.
//!
//! Invariant: of one subscription one event is handled at a time, in the order in which they came; what waits meanwhile is bounded by
//! the subscription's inbox. A handler that fails or panics ends nothing but its own run.

use super::event::{ReceivedEvent, Subscriber};
use super::event_inbox::EventInbox;
use super::pattern::{PatternShape, RoutePattern};
use super::realm_peer::RealmPeer;
use super::served::{ErasedHandler, Matched, Request};
use crate::base::error::WampError;
use crate::base::ids::incident;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::rt::{Runtime, panics};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::pattern::{Match, UriPattern};
use serverwamp_proto::payload::Payload;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

/// An event on its way to a handler of a subscription.
///
/// Handlers seldom take it whole: [extractors](crate::extract) take what they need of it.
#[derive(Debug)]
pub struct EventDelivery {
    pub(crate) event: ReceivedEvent,
    pub(crate) matched: Matched,
    pub(crate) peer: RealmPeer,
}

/// What a handler of a subscription answers: nothing, or the error that is logged.
#[derive(Debug)]
pub struct EventReply(pub(crate) Result<(), WampError>);

impl EventDelivery {
    /// The event.
    pub fn event(&self) -> &ReceivedEvent {
        &self.event
    }

    /// Its arguments, still encoded.
    pub fn payload(&self) -> &Payload {
        self.event.payload()
    }
}

impl Request for EventDelivery {
    type Reply = EventReply;

    fn refuse(error: WampError) -> EventReply {
        EventReply(Err(error))
    }
}

/// A handler whose events are about to come.
pub(crate) struct EventHandling {
    pub(crate) handler: Arc<dyn ErasedHandler<EventDelivery>>,
    pub(crate) matched: Matched,
    pub(crate) peer: RealmPeer,
    pub(crate) runtime: Arc<dyn Runtime>,
}

/// The match of a subscription, for its handler's captures; one that no router accepts matches nothing.
pub(crate) fn matched_by(pattern: &RoutePattern) -> Matched {
    match &pattern.0 {
        PatternShape::Uri(kind @ (Match::Prefix | Match::Wildcard), uri) => {
            Matched::Pattern(Arc::new(UriPattern::new(*kind, uri.as_str())))
        }
        _ => Matched::Exact,
    }
}

impl EventHandling {
    /// Hands the events of `subscriber` to the handler, until what this returns is dropped or no more come.
    pub(crate) fn begin(self, subscriber: Subscriber) -> HandledSubscription {
        let handled = HandledSubscription {
            id: subscriber.id(),
            inbox: subscriber.inbox(),
            dropped: Arc::default(),
            ended: Arc::default(),
        };
        let (dropped, ended) = (Arc::clone(&handled.dropped), Arc::clone(&handled.ended));
        let runtime = Arc::clone(&self.runtime);
        runtime.spawn(Box::pin(async move {
            self.handle(subscriber, &dropped).await;
            ended.set(());
        }));
        handled
    }

    async fn handle(self, mut subscriber: Subscriber, dropped: &Signal<()>) {
        loop {
            let event = match select(pin!(dropped.wait()), pin!(subscriber.recv())).await {
                Either::Right((Some(event), _)) => event,
                Either::Right((None, _)) | Either::Left(_) => return,
            };
            let running = pin!(self.run(event));
            if let Either::Left((_, running)) = select(pin!(dropped.wait()), running).await {
                // The subscription is over at once, and what its handler does goes on to its end.
                drop(subscriber);
                return running.await;
            }
        }
    }

    async fn run(&self, event: ReceivedEvent) {
        let topic = event.topic_shared();
        let delivery = EventDelivery { event, matched: self.matched.clone(), peer: self.peer.clone() };
        let running = AssertUnwindSafe(async { self.handler.call(delivery).await });
        match running.catch_unwind().await {
            Ok(EventReply(Ok(()))) => {}
            Ok(EventReply(Err(error))) => {
                line!(WARN, "event", "a handler did not take an event", topic = topic, error = error);
            }
            Err(panic) => line!(
                ERROR,
                "internal",
                "a handler of events panicked",
                id = incident(),
                topic = topic,
                panic = panics::text(panic.as_ref())
            ),
        }
    }
}

/// A subscription whose events a handler takes; dropped, it is over.
///
/// The handler runs for one event after the other, in the order in which they come. Up to 1024 events wait for it, or 4 MiB; beyond,
/// the oldest are dropped and counted in [`lost`](Self::lost). Errors and panics of the handler are logged, and the next event is
/// handled. A handler that runs when this is dropped goes on to its end; events that wait are not handled any more.
#[must_use = "a subscription that is dropped is over"]
pub struct HandledSubscription {
    id: SubscriptionId,
    inbox: Arc<EventInbox>,
    dropped: Arc<Signal<()>>,
    ended: Arc<Signal<()>>,
}

impl HandledSubscription {
    /// The subscription's id, shared with all clients that are in it.
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// The number of events that were dropped because too many waited.
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// Waits until no more events come and the last one is handled: the client's session is over, or the router took the
    /// subscription away. The application's own subscriptions do not end by themselves.
    pub async fn ended(&self) {
        self.ended.wait().await;
    }
}

impl Drop for HandledSubscription {
    fn drop(&mut self) {
        self.dropped.set(());
    }
}

impl fmt::Debug for HandledSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandledSubscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for EventHandling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventHandling").field("matched", &self.matched).finish_non_exhaustive()
    }
}
