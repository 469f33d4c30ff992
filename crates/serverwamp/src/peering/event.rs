//! Events that application code receives, and the subscription they come from.

use super::delivered::Delivery;
use super::ended::Ended;
use super::event_inbox::{EventDraft, EventInbox};
use super::history_position::HistoryPosition;
use super::payload::{PassthruPayload, unreadable};
use crate::base::error::WampError;
use futures_core::Stream;
use serde::Deserialize;
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{ForwardFor, Forwarder};
use serverwamp_proto::payload::Payload;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Who delivers the events of a [`Subscriber`].
pub(crate) trait EventSource: Send + Sync {
    /// The events are not wanted any more.
    fn unsubscribe(&self, id: SubscriptionId, inbox: &Arc<EventInbox>);
}

/// An event that the application received from its own realm, or a client from its router.
#[derive(Clone)]
pub struct ReceivedEvent {
    topic: Arc<str>,
    publication: PublicationId,
    payload: Payload,
    publisher: Option<SessionId>,
    publisher_authid: Option<Box<str>>,
    publisher_authrole: Option<Box<str>>,
    trustlevel: Option<u64>,
    retained: bool,
    forward_for: Option<ForwardFor>,
}

impl ReceivedEvent {
    pub(crate) fn new(draft: EventDraft<'_>) -> Self {
        Self {
            topic: draft.topic,
            publication: draft.publication,
            payload: draft.payload.detached().packed(draft.passthru.cloned().map(Box::new)),
            publisher: draft.publisher,
            publisher_authid: draft.publisher_authid.map(Into::into),
            publisher_authrole: draft.publisher_authrole.map(Into::into),
            trustlevel: draft.trustlevel,
            retained: draft.retained,
            forward_for: draft.forward_for.cloned(),
        }
    }

    /// The bytes that it takes while it waits, as far as who sends it decides that.
    pub(crate) fn size(&self) -> usize {
        let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
        let forwarders = self.forward_for.as_ref().map_or(0, ForwardFor::bytes);
        self.payload.size()
            + self.topic.len()
            + text(&self.publisher_authid)
            + text(&self.publisher_authrole)
            + forwarders
    }

    /// The topic it was published to.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    pub(crate) fn topic_shared(&self) -> Arc<str> {
        Arc::clone(&self.topic)
    }

    /// The publication's id, the same for all receivers.
    pub fn publication(&self) -> PublicationId {
        self.publication
    }

    /// The arguments, still encoded.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The arguments as the type that was published, the inverse of [`ToArguments`](crate::reply::ToArguments): a tuple or an
    /// array is the positional arguments, any other type the only one, [`Arg`](crate::extract::Arg) exactly one,
    /// [`Args`](crate::extract::Args) all positional and [`Kwargs`](crate::extract::Kwargs) all keyword arguments,
    /// `(Args<..>, Kwargs<..>)` both. `()` ignores them.
    ///
    /// [`Payload::bind`] of the [`payload`](Self::payload) fills the fields of a struct by position and by name instead, as a
    /// handler's [`Params`](crate::extract::Params) does.
    ///
    /// # Errors
    /// `serverwamp.error.unreadable` when they do not fit `T`.
    pub fn bind<'de, T: Deserialize<'de>>(&'de self) -> Result<T, WampError> {
        self.payload.given().map_err(|why| unreadable::<T>("arguments of an event of", &self.topic, &why))
    }

    /// The bytes of an event in passthru mode; `None` of one that everybody can read.
    ///
    /// # Errors
    /// As for [`PassthruPayload::of`].
    pub fn passthru(&self) -> Result<Option<PassthruPayload>, WampError> {
        PassthruPayload::of(&self.payload)
    }

    /// The publisher's session, if it is disclosed.
    pub fn publisher(&self) -> Option<SessionId> {
        self.publisher
    }

    /// The publisher's authid, if it is disclosed.
    pub fn publisher_authid(&self) -> Option<&str> {
        self.publisher_authid.as_deref()
    }

    /// The publisher's role, if it is disclosed.
    pub fn publisher_authrole(&self) -> Option<&str> {
        self.publisher_authrole.as_deref()
    }

    /// The trust level that the router gives to publications to the topic, if it gives any.
    pub fn trustlevel(&self) -> Option<u64> {
        self.trustlevel
    }

    /// The sessions on whose behalf the publisher publishes, the first one first: what a link between routers says of the publisher
    /// before it. Empty if the publisher says nothing.
    ///
    /// Every publisher may say what it likes: it is worth as much as the publisher is trusted, so look at
    /// [`publisher_authrole`](Self::publisher_authrole) first.
    pub fn forward_for(&self) -> &[Forwarder] {
        self.forward_for.as_deref().unwrap_or_default()
    }

    /// Returns whether it is a retained event, published before the subscription.
    pub fn is_retained(&self) -> bool {
        self.retained
    }
}

/// A subscription of the application itself, or of a client: a stream of events, until it is dropped.
///
/// Made by [`RealmHandle::subscribe`](crate::RealmHandle::subscribe) and
/// [`Client::subscribe`](crate::client::Client::subscribe). A bounded number of events wait; when the receiver falls behind,
/// the oldest are dropped and counted in [`lost`](Self::lost): publishers are never slowed down.
#[must_use = "a subscription that is dropped is over"]
pub struct Subscriber {
    source: Arc<dyn EventSource>,
    id: SubscriptionId,
    inbox: Arc<EventInbox>,
}

impl Subscriber {
    pub(crate) fn new(source: Arc<dyn EventSource>, id: SubscriptionId, inbox: Arc<EventInbox>) -> Self {
        Self { source, id, inbox }
    }

    pub(super) fn inbox(&self) -> Arc<EventInbox> {
        Arc::clone(&self.inbox)
    }

    /// The subscription's id, shared with all clients that are in it. It is another one when the client has reconnected.
    pub fn id(&self) -> SubscriptionId {
        self.inbox.current_id().unwrap_or(self.id)
    }

    /// Waits for the next event; `None` when no more come: [`ended`](Self::ended) says why. The application's own subscriptions
    /// do not end.
    ///
    /// Cuts are passed over, but [counted](Self::cuts); [`next_delivery`](Self::next_delivery) tells where they are.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Option<ReceivedEvent> {
        std::future::poll_fn(|cx| self.inbox.poll_event(cx)).await
    }

    /// Waits for the next event, or for the next place where some may be missing because the client has
    /// [reconnected](crate::client::ClientBuilder::reconnect); `None` when no more come.
    ///
    /// ```
    /// # async fn reload() {}
    /// # async fn example(mut events: serverwamp::Subscriber) -> Result<(), serverwamp::WampError> {
    /// use serverwamp::Delivery;
    ///
    /// while let Some(next) = events.next_delivery().await {
    ///     match next {
    ///         Delivery::Event(event) => println!("{}", event.bind::<String>()?),
    ///         Delivery::Cut(_) => reload().await,
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next_delivery(&mut self) -> Option<Delivery> {
        std::future::poll_fn(|cx| self.inbox.poll_delivery(cx)).await
    }

    /// The next event, if one is waiting.
    pub fn try_recv(&mut self) -> Option<ReceivedEvent> {
        self.inbox.take()
    }

    /// The number of events that were dropped because too many waited.
    pub fn lost(&self) -> u64 {
        self.inbox.lost()
    }

    /// How often the subscription was renewed because the client had lost its connection: each time, events may be missing.
    pub fn cuts(&self) -> u64 {
        self.inbox.cuts()
    }

    /// Where the application is in the history of the subscription: behind the last event that it has taken. A program that starts
    /// again goes on from there ([`recover_from`](crate::client::Subscribing::recover_from)).
    ///
    /// `None` of a subscription that does not [recover](crate::client::Subscribing::recover), and where there is no history.
    pub fn position(&self) -> Option<HistoryPosition> {
        self.inbox.position()
    }

    /// Why no more events come, once that is so: the router took the subscription away, refused it when the client had
    /// reconnected, or the client is over. Events may still wait.
    pub fn ended(&self) -> Option<Ended> {
        self.inbox.ended()
    }
}

impl Stream for Subscriber {
    type Item = ReceivedEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ReceivedEvent>> {
        self.inbox.poll_event(cx)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.source.unsubscribe(self.id(), &self.inbox);
    }
}

/// The sizes of the arguments, not what they say.
impl fmt::Debug for ReceivedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReceivedEvent")
            .field("topic", &self.topic)
            .field("publication", &self.publication)
            .field("serializer", &self.payload.serializer)
            .field("args_bytes", &self.payload.args.len())
            .field("kwargs_bytes", &self.payload.kwargs.len())
            .field("publisher", &self.publisher)
            .field("publisher_authid", &self.publisher_authid)
            .field("publisher_authrole", &self.publisher_authrole)
            .field("retained", &self.retained)
            .finish()
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("id", &self.id).finish_non_exhaustive()
    }
}
