//! Handlers of events that are subscribed while the application runs.

use crate::api::handler::{EventHandler, SharedState, Unbound};
use crate::base::error::WampError;
use crate::peering::{EventHandling, HandledSubscription, RealmPeer, RoutePattern, matched_by};
use crate::router::realm::RealmHandle;
use crate::rt::Unavailable;

impl RealmHandle {
    /// Subscribes the application to a topic or a pattern of topics, and hands the events to a handler, one after the other, until
    /// what this returns is dropped.
    ///
    /// The handler is as for [`Client::subscribe_with`](crate::client::Client::subscribe_with), with `()` for the state; closures
    /// bring their own.
    ///
    /// ```
    /// use serverwamp::extract::{Args, Topic};
    ///
    /// # fn example(realm: serverwamp::RealmHandle) -> Result<(), serverwamp::WampError> {
    /// let noted = realm.subscribe_with(serverwamp::prefix("sensors."), |Topic(topic): Topic, Args((celsius,)): Args<(f64,)>| async move {
    ///     println!("{topic}: {celsius} degrees");
    /// })?;
    /// # drop(noted);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe); `wamp.error.unavailable` where the application's runtime cannot run a task.
    pub fn subscribe_with<H, T>(
        &self,
        pattern: impl Into<RoutePattern>,
        handler: H,
    ) -> Result<HandledSubscription, WampError>
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        let pattern = pattern.into();
        let handling = handling(self.clone().into(), &pattern, handler)?;
        Ok(handling.begin(self.subscribe(pattern)?))
    }
}

impl RealmPeer {
    /// Subscribes to a topic or a pattern of topics, and hands the events to a handler, one after the other, until what this returns
    /// is dropped.
    ///
    /// # Errors
    /// As for [`RealmHandle::subscribe_with`] and [`Client::subscribe_with`](crate::client::Client::subscribe_with).
    pub async fn subscribe_with<H, T>(
        &self,
        pattern: impl Into<RoutePattern>,
        handler: H,
    ) -> Result<HandledSubscription, WampError>
    where
        H: EventHandler<T, ()>,
        T: 'static,
    {
        let pattern = pattern.into();
        let handling = handling(self.clone(), &pattern, handler)?;
        Ok(handling.begin(self.subscribe(pattern).await?))
    }
}

fn handling<H, T>(peer: RealmPeer, pattern: &RoutePattern, handler: H) -> Result<EventHandling, WampError>
where
    H: EventHandler<T, ()>,
    T: 'static,
{
    let runtime = peer.access().runtime();
    runtime.available().map_err(|error: Unavailable| {
        WampError::unavailable(format!("no events can be handled here: {error}"))
    })?;
    let handler = Unbound::new(handler).bind(SharedState::none());
    Ok(EventHandling { handler, matched: matched_by(pattern), peer, runtime })
}
