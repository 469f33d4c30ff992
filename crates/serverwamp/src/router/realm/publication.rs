//! Publications of the application, as it puts them together.

use super::running::RunningRealm;
use crate::WampError;
use crate::peering::payload::ToArguments;
use crate::router::broker::OwnOptions;
use crate::transport::pause_after;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::{ForwardFor, Forwarder, Receivers};
use serverwamp_proto::pattern::Match;
use std::future::poll_fn;
use std::sync::Arc;

/// A publication that can still be narrowed down; made by [`RealmHandle::publication`](super::RealmHandle::publication).
#[derive(Clone, Debug)]
#[must_use = "nothing is published until `send`"]
pub struct Publication {
    pub(super) realm: Arc<RunningRealm>,
    pub(super) topic: String,
    pub(super) receivers: Receivers,
    pub(super) retain: bool,
    pub(super) forward_for: Option<ForwardFor>,
}

impl Publication {
    /// This session does not get the event.
    pub fn exclude(mut self, session: SessionId) -> Self {
        self.receivers.exclude.get_or_insert_default().push(session);
        self
    }

    /// No session of these authids gets the event.
    pub fn exclude_authids<T: Into<String>>(mut self, authids: impl IntoIterator<Item = T>) -> Self {
        self.receivers
            .exclude_authid
            .get_or_insert_default()
            .extend(authids.into_iter().map(Into::<String>::into));
        self
    }

    /// No session of these roles gets the event.
    pub fn exclude_authroles<T: Into<String>>(mut self, authroles: impl IntoIterator<Item = T>) -> Self {
        self.receivers
            .exclude_authrole
            .get_or_insert_default()
            .extend(authroles.into_iter().map(Into::<String>::into));
        self
    }

    /// Only these sessions get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.receivers.eligible.get_or_insert_default().extend(sessions);
        self
    }

    /// Only sessions of these authids get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible_authids<T: Into<String>>(mut self, authids: impl IntoIterator<Item = T>) -> Self {
        self.receivers
            .eligible_authid
            .get_or_insert_default()
            .extend(authids.into_iter().map(Into::<String>::into));
        self
    }

    /// Only sessions of these roles get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible_authroles<T: Into<String>>(mut self, authroles: impl IntoIterator<Item = T>) -> Self {
        self.receivers
            .eligible_authrole
            .get_or_insert_default()
            .extend(authroles.into_iter().map(Into::<String>::into));
        self
    }

    /// Keeps the event for those who subscribe later and ask for it with `get_retained`.
    pub fn retain(mut self) -> Self {
        self.retain = true;
        self
    }

    /// Says on whose behalf the event is published, the first session first; subscribers find it in
    /// [`ReceivedEvent::forward_for`](crate::ReceivedEvent::forward_for). Not of the specification: Crossbar.io has it.
    pub fn forward_for(mut self, forwarders: impl IntoIterator<Item = Forwarder>) -> Self {
        self.forward_for = Some(forwarders.into_iter().collect());
        self
    }

    /// Publishes the event and returns its id, the same for all who get it.
    ///
    /// # Errors
    /// When the topic is not a URI, or the payload cannot be encoded for any receiver. Receivers for whose serializer
    /// it cannot, such as a NaN in JSON, are passed over. `wamp.error.unavailable`, and nobody gets the event, when it is to
    /// be [retained](Self::retain) and no more can be.
    pub fn send<M>(self, payload: impl ToArguments<M>) -> Result<PublicationId, WampError> {
        let Self { realm, topic, receivers, retain, forward_for } = &self;
        realm.context.check_own_uri(topic, Match::Exact, None)?;
        let receivers = (*receivers != Receivers::default()).then_some(receivers);
        let options = OwnOptions { receivers, retain: *retain, forward_for: forward_for.as_ref() };
        realm.broker.publish_own(realm, topic, &payload, options)
    }

    /// As [`send`](Self::send), and then waits for subscribers that have much waiting: until there is room for more, or a
    /// subscriber turns out to be [slow](crate::Limits::drain_bytes).
    ///
    /// # Cancel safety
    /// Once polled, the event is published; dropping the future loses only the waiting.
    ///
    /// # Errors
    /// As for [`send`](Self::send), without waiting.
    pub async fn send_and_wait<M>(self, payload: impl ToArguments<M>) -> Result<PublicationId, WampError> {
        let (published, mut pause) = pause_after(|| self.send(payload));
        let publication = published?;
        poll_fn(|cx| pause.poll(cx)).await;
        Ok(publication)
    }
}
