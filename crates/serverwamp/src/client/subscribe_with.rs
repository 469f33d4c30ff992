//! Subscriptions of a client whose events a handler takes.

use super::handle::Client;
use super::subscribe::Subscribing;
use crate::api::handler::{EventHandler, NoState, SharedState, StateFor, Unbound};
use crate::base::error::WampError;
use crate::peering::{
    EventDelivery, EventHandling, HandledSubscription, Matched, RealmPeer, RoutePattern, matched_by,
};
use crate::rt::{BoxFuture, Runtime};
use std::fmt;
use std::future::IntoFuture;
use std::sync::Arc;

impl Client {
    /// Subscribes to a topic, a [`prefix`](crate::prefix) or a [`wildcard`](crate::wildcard), and hands the events to a handler, one
    /// after the other; await it for the [`HandledSubscription`], which lasts until it is dropped.
    ///
    /// The handler is an async function whose arguments are [extractors](crate::extract) of events, as those of procedures are. Its
    /// state is given with [`with_state`](SubscribingWith::with_state); closures bring their own.
    ///
    /// ```
    /// use serverwamp::extract::{Args, State, Topic};
    /// use serverwamp::prefix;
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// async fn note(State(count): State<Arc<AtomicU32>>, Topic(topic): Topic, Args((celsius,)): Args<(f64,)>) {
    ///     println!("{topic}: {celsius} degrees, event {}", count.fetch_add(1, Ordering::Relaxed));
    /// }
    ///
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// let noted = client.subscribe_with(prefix("sensors."), note).with_state(Arc::default()).await?;
    /// noted.ended().await;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// An error of the handler is logged, and so are arguments that do not fit, and panics; the next event is handled all the same.
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe).
    pub fn subscribe_with<H, T, S>(&self, pattern: impl Into<RoutePattern>, handler: H) -> SubscribingWith<S>
    where
        H: EventHandler<T, S>,
        T: 'static,
        S: Send + Sync + 'static,
    {
        let pattern = pattern.into();
        let held = self.held();
        SubscribingWith {
            matched: matched_by(&pattern),
            runtime: Arc::clone(&held.session().runtime),
            peer: RealmPeer::from(self.clone()),
            subscribing: Subscribing::new(held, pattern),
            handler: Unbound::new(handler),
        }
    }
}

/// A subscription with a handler that is about to be made; made by [`Client::subscribe_with`].
#[must_use = "nothing is subscribed to until this is awaited"]
pub struct SubscribingWith<S = ()> {
    matched: Matched,
    runtime: Arc<dyn Runtime>,
    peer: RealmPeer,
    subscribing: Subscribing,
    handler: Unbound<EventDelivery, S>,
}

impl<S: Send + Sync + 'static> SubscribingWith<S> {
    /// Asks for the retained events of the topics as well: they come first.
    pub fn get_retained(mut self) -> Self {
        self.subscribing = self.subscribing.get_retained();
        self
    }

    /// Gives the handler its state.
    pub fn with_state(self, state: S) -> SubscribingWith<()> {
        let Self { matched, runtime, peer, subscribing, handler } = self;
        let handler = handler.with_state(&SharedState::new(state));
        SubscribingWith { matched, runtime, peer, subscribing, handler }
    }
}

impl<S: Send + Sync + 'static> IntoFuture for SubscribingWith<S>
where
    NoState: StateFor<S>,
{
    type Output = Result<HandledSubscription, WampError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { matched, runtime, peer, subscribing, handler } = self;
        let handler = handler.bind(&SharedState::new(<NoState as StateFor<S>>::state()));
        Box::pin(async move {
            let subscriber = subscribing.await?;
            Ok(EventHandling { handler, matched, peer, runtime }.begin(subscriber))
        })
    }
}

impl<S> fmt::Debug for SubscribingWith<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscribingWith").field("subscribing", &self.subscribing).finish_non_exhaustive()
    }
}
