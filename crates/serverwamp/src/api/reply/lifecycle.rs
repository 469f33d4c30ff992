//! Replies of topic and session handlers: yes, no, or "yes, and hold this meanwhile".

use super::{IntoReply, via};
use crate::peering::payload::ToArguments;
use crate::peering::{EventDelivery, EventReply};
use crate::router::request::{SessionRequest, SubscriptionRequest};
use crate::router::session::pending::SessionReply;
use crate::router::subscription::{PendingSubscription, SubscriptionReply};
use futures_core::Stream;
use futures_util::StreamExt;
use std::fmt;
use std::pin::pin;

/// Accepts, and keeps a guard until the subscription or session ends.
///
/// ```
/// use serverwamp::Hold;
/// use std::sync::Arc;
///
/// /// As many clones live as there are subscribers.
/// async fn watched(serverwamp::extract::State(gauge): serverwamp::extract::State<Arc<()>>) -> Hold<Arc<()>> {
///     Hold(gauge)
/// }
/// # serverwamp::RouteSet::<Arc<()>>::new().topic("docs.changes", watched);
/// ```
#[derive(Debug)]
pub struct Hold<G>(pub G);

impl IntoReply<SubscriptionRequest, via::Unit> for () {
    async fn into_reply(self, request: SubscriptionRequest) -> SubscriptionReply {
        if !request.taken {
            request.accept();
        }
        SubscriptionReply(Ok(()))
    }
}

impl<G: Send> IntoReply<SubscriptionRequest, via::Shape> for Hold<G> {
    async fn into_reply(self, request: SubscriptionRequest) -> SubscriptionReply {
        if !request.taken {
            request.accept();
        }
        request.attempt.over.wait().await;
        drop(self.0);
        SubscriptionReply(Ok(()))
    }
}

/// The event is handled.
impl IntoReply<EventDelivery, via::Unit> for () {
    async fn into_reply(self, _: EventDelivery) -> EventReply {
        EventReply(Ok(()))
    }
}

impl<R: SessionRequest> IntoReply<R, via::Unit> for () {
    async fn into_reply(self, request: R) -> SessionReply {
        if !request.is_taken() {
            request.admission().accept();
        }
        SessionReply(Ok(()))
    }
}

impl<R: SessionRequest, G: Send> IntoReply<R, via::Shape> for Hold<G> {
    async fn into_reply(self, request: R) -> SessionReply {
        if !request.is_taken() {
            request.admission().accept();
        }
        let session = request.admission().session.clone();
        session.closed().await;
        drop(self.0);
        SessionReply(Ok(()))
    }
}

/// Accepts, and sends every item of a stream to the subscriber until the stream or the subscription ends.
///
/// An item is the arguments of an event, a tuple the positional ones: [`ToArguments`].
///
/// ```
/// use futures_util::stream;
/// use serverwamp::Events;
///
/// async fn ticks() -> Events<impl futures_core::Stream<Item = u64>> {
///     Events(stream::iter(0..))
/// }
/// # serverwamp::RouteSet::<()>::new().topic("demo.ticks", ticks);
/// ```
pub struct Events<St>(pub St);

impl<St> fmt::Debug for Events<St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Events").finish()
    }
}

impl<St, M> IntoReply<SubscriptionRequest, via::Streamed<M>> for Events<St>
where
    St: Stream + Send,
    St::Item: ToArguments<M> + Send + Sync,
{
    async fn into_reply(self, request: SubscriptionRequest) -> SubscriptionReply {
        let pending = PendingSubscription::new(&request);
        let subscription = pending.accept().await;
        let mut items = pin!(self.0);
        while let Some(Some(item)) = subscription.while_open(items.next()).await {
            if let Err(error) = subscription.send(item).await {
                return SubscriptionReply(Err(error));
            }
        }
        SubscriptionReply(Ok(()))
    }
}
