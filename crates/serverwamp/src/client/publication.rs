//! Publications of a client.

use super::call::no_passthru;
use super::handle::Held;
use super::reconnect::Waits;
use super::session::Awaited;
use crate::base::error::WampError;
use crate::base::signal::Signal;
use crate::peering::WhileDisconnected;
use crate::peering::payload::{ToArguments, encode_own};
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::{Forwarder, Message, Publish, PublishOptions, UnreadBytes};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::session::client::RequestKind;
use std::fmt;
use std::sync::Arc;

/// A publication that can still be narrowed down; made by [`Client::publication`](super::Client::publication).
#[must_use = "nothing is published until `send`"]
pub struct ClientPublication {
    held: Arc<Held>,
    topic: String,
    options: PublishOptions,
    while_disconnected: Option<WhileDisconnected>,
}

impl ClientPublication {
    pub(super) fn new(held: Arc<Held>, topic: String) -> Self {
        Self { held, topic, options: PublishOptions::default(), while_disconnected: None }
    }

    fn receivers(&mut self) -> &mut serverwamp_proto::message::Receivers {
        self.options.receivers.get_or_insert_default()
    }

    /// This session does not get the event.
    pub fn exclude(mut self, session: SessionId) -> Self {
        self.receivers().exclude.get_or_insert_default().push(session);
        self
    }

    /// Only these sessions get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.receivers().eligible.get_or_insert_default().extend(sessions);
        self
    }

    /// No session of these authids gets the event.
    pub fn exclude_authids<T: Into<String>>(mut self, authids: impl IntoIterator<Item = T>) -> Self {
        let names = authids.into_iter().map(Into::<String>::into);
        self.receivers().exclude_authid.get_or_insert_default().extend(names);
        self
    }

    /// Only sessions of these authids get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible_authids<T: Into<String>>(mut self, authids: impl IntoIterator<Item = T>) -> Self {
        let names = authids.into_iter().map(Into::<String>::into);
        self.receivers().eligible_authid.get_or_insert_default().extend(names);
        self
    }

    /// No session of these roles gets the event.
    pub fn exclude_authroles<T: Into<String>>(mut self, authroles: impl IntoIterator<Item = T>) -> Self {
        let names = authroles.into_iter().map(Into::<String>::into);
        self.receivers().exclude_authrole.get_or_insert_default().extend(names);
        self
    }

    /// Only sessions of these roles get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible_authroles<T: Into<String>>(mut self, authroles: impl IntoIterator<Item = T>) -> Self {
        let names = authroles.into_iter().map(Into::<String>::into);
        self.receivers().eligible_authrole.get_or_insert_default().extend(names);
        self
    }

    /// The client's own session gets the event as well, if it is subscribed.
    pub fn include_me(mut self) -> Self {
        self.options.exclude_me = Some(false);
        self
    }

    /// Says on whose behalf the event is published, the first session first, as links between routers do: subscribers find it in
    /// [`ReceivedEvent::forward_for`](crate::ReceivedEvent::forward_for). Not of the specification; routers that do not know of it
    /// drop it.
    ///
    /// Nobody proves it: it is worth as much as a subscriber trusts this session. A router of this framework takes 16 entries.
    pub fn forward_for(mut self, forwarders: impl IntoIterator<Item = Forwarder>) -> Self {
        self.options.forward_for = Some(forwarders.into_iter().collect());
        self
    }

    /// Asks the router to tell the subscribers who publishes.
    pub fn disclose_me(mut self) -> Self {
        self.options.disclose_me = true;
        self
    }

    /// Keeps the event for those who subscribe later and ask for it.
    pub fn retain(mut self) -> Self {
        self.options.retain = true;
        self
    }

    /// What becomes of the publication if the client has no session, and is about to have another one. By default what the
    /// client's [`Reconnect`](super::Reconnect) says.
    pub fn while_disconnected(mut self, choice: WhileDisconnected) -> Self {
        self.while_disconnected = Some(choice);
        self
    }

    /// The arguments in the session's serializer; their attributes of passthru mode become options.
    fn encode<M>(&mut self, arguments: &impl ToArguments<M>) -> Result<Payload, WampError> {
        let session = self.held.session();
        let mut payload = encode_own(arguments, session.serializer)?;
        self.options.passthru = payload.passthru.take();
        if self.options.passthru.is_some() && !session.broker_has(Feature::PayloadPassthruMode) {
            return Err(no_passthru());
        }
        Ok(payload)
    }

    /// Publishes the event, waits until the router has acknowledged it, and returns its id, the same for all who get it.
    ///
    /// # Cancel safety
    /// Once polled, the event is published; dropping the future loses only the acknowledgement.
    ///
    /// # Errors
    /// The router's, such as `wamp.error.not_authorized`; `wamp.error.invalid_payload` when the serializer cannot represent the
    /// arguments; `wamp.error.network_failure` when the session is over, which says whether the event may have been published.
    pub async fn send<M>(mut self, arguments: impl ToArguments<M>) -> Result<PublicationId, WampError> {
        let payload = self.encode(&arguments)?;
        self.options.acknowledge = true;
        self.held.session().outbox.room().await;
        let answer = Arc::new(Signal::default());
        let waiting = Awaited::Publish(Arc::clone(&answer));
        let Self { held, topic, options, while_disconnected } = self;
        let bytes = payload.size();
        let message = move |request| {
            Message::Publish(Publish {
                request,
                options,
                unread: UnreadBytes::NONE,
                topic: topic.into(),
                payload,
            })
        };
        held.submit(Waits { choice: while_disconnected, bytes, ..Waits::default() }, move |session| {
            session.request(RequestKind::Publish, waiting, message)
        })
        .await?;
        answer.wait().await
    }

    /// Publishes the event, and waits for nothing but room for it in the connection's queue. Nobody says whether the router
    /// accepts it.
    ///
    /// # Errors
    /// `wamp.error.invalid_payload` when the serializer cannot represent the arguments, `wamp.error.network_failure` when the
    /// session is over.
    pub async fn send_unacknowledged<M>(mut self, arguments: impl ToArguments<M>) -> Result<(), WampError> {
        let payload = self.encode(&arguments)?;
        self.held.session().outbox.room().await;
        let Self { held, topic, options, while_disconnected } = self;
        let bytes = payload.size();
        let message = move |request| {
            Message::Publish(Publish {
                request,
                options,
                unread: UnreadBytes::NONE,
                topic: topic.into(),
                payload,
            })
        };
        let waits = Waits { choice: while_disconnected, bytes, ..Waits::default() };
        held.submit(waits, move |session| session.unacknowledged(message)).await
    }
}

impl fmt::Debug for ClientPublication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientPublication").field("topic", &self.topic).finish_non_exhaustive()
    }
}
