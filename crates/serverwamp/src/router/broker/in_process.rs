//! The application as a subscriber of its own realm: a stream of events.

use super::Disclosed;
use super::publish::Outgoing;
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::router::realm::RunningRealm;
use futures_core::Stream;
use serde::Deserialize;
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

/// The bytes of events that may wait.
const WAITING_BYTES: usize = 4 << 20;

/// Events that wait for the application.
#[derive(Debug)]
pub(crate) struct LocalSubscriber {
    capacity: usize,
    queue: Mutex<EventQueue>,
}

#[derive(Debug, Default)]
struct EventQueue {
    events: VecDeque<ReceivedEvent>,
    bytes: usize,
    lost: u64,
    waker: Option<Waker>,
}

impl LocalSubscriber {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), queue: Mutex::default() }
    }

    fn queue(&self) -> MutexGuard<'_, EventQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an event in; the oldest one goes when there is no room.
    pub(super) fn receive(&self, outgoing: &Outgoing<'_>) {
        let event = ReceivedEvent {
            topic: outgoing.topic.into(),
            publication: outgoing.publication,
            payload: outgoing.payload.source().detached(),
            publisher: outgoing.publisher.clone(),
        };
        let mut queue = self.queue();
        let bytes = event.payload.size();
        while queue.events.len() >= self.capacity || queue.bytes + bytes > WAITING_BYTES {
            if queue.take().is_none() {
                break;
            }
            queue.lost += 1;
        }
        queue.bytes += bytes;
        queue.events.push_back(event);
        let waker = queue.waker.take();
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl EventQueue {
    fn take(&mut self) -> Option<ReceivedEvent> {
        let event = self.events.pop_front()?;
        self.bytes -= event.payload.size();
        Some(event)
    }
}

/// An event that the application received from its own realm.
#[derive(Clone, Debug)]
pub struct ReceivedEvent {
    topic: Arc<str>,
    publication: PublicationId,
    payload: Payload,
    publisher: Option<Disclosed>,
}

impl ReceivedEvent {
    /// The topic it was published to.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// The publication's id, the same for all receivers.
    pub fn publication(&self) -> PublicationId {
        self.publication
    }

    /// The arguments, still encoded.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The arguments, bound by position and by name as a handler's are (see [`Payload::bind`]).
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` when they do not fit `T`.
    pub fn bind<'de, T: Deserialize<'de>>(&'de self) -> Result<T, WampError> {
        self.payload
            .bind()
            .map_err(|error| WampError::new(uris::error::INVALID_ARGUMENT).arg(error.to_string()))
    }

    /// The publisher's session, if it is disclosed.
    pub fn publisher(&self) -> Option<SessionId> {
        self.publisher.as_ref().map(|publisher| publisher.session)
    }

    /// The publisher's authid, if it is disclosed.
    pub fn publisher_authid(&self) -> Option<&str> {
        self.publisher.as_ref().map(|publisher| &*publisher.authid)
    }

    /// The publisher's role, if it is disclosed.
    pub fn publisher_authrole(&self) -> Option<&str> {
        self.publisher.as_ref().map(|publisher| &*publisher.authrole)
    }
}

/// A subscription of the application itself: a stream of events, until it is dropped.
///
/// Made by [`RealmHandle::subscribe`](crate::RealmHandle::subscribe). A bounded number of events wait; when the
/// application falls behind, the oldest are dropped and counted in [`lost`](Self::lost): publishers are never slowed
/// down.
#[must_use = "a subscription that is dropped is over"]
pub struct Subscriber {
    realm: Arc<RunningRealm>,
    id: SubscriptionId,
    local: Arc<LocalSubscriber>,
}

impl Subscriber {
    pub(crate) fn new(realm: Arc<RunningRealm>, id: SubscriptionId, local: Arc<LocalSubscriber>) -> Self {
        Self { realm, id, local }
    }

    /// The subscription's id, shared with all clients that are in it.
    pub fn id(&self) -> SubscriptionId {
        self.id
    }

    /// Waits for the next event.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn recv(&mut self) -> ReceivedEvent {
        std::future::poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next event, if one is waiting.
    pub fn try_recv(&mut self) -> Option<ReceivedEvent> {
        self.local.queue().take()
    }

    /// The number of events that were dropped because too many waited.
    pub fn lost(&self) -> u64 {
        self.local.queue().lost
    }

    fn poll_event(&self, cx: &Context<'_>) -> Poll<ReceivedEvent> {
        let mut queue = self.local.queue();
        if let Some(event) = queue.take() {
            return Poll::Ready(event);
        }
        if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            queue.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}

impl Stream for Subscriber {
    type Item = ReceivedEvent;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ReceivedEvent>> {
        self.poll_event(cx).map(Some)
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let Self { realm, id, local } = self;
        realm.broker.unsubscribe_local(realm.changes(), *id, local);
    }
}

impl fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("id", &self.id).finish_non_exhaustive()
    }
}
