//! Publishing: by the application, by clients, and by testament.

use super::running::RunningRealm;
use crate::base::statistics::Refusal;
use crate::router::broker::{Disclosed, Forms, Outgoing};
use crate::router::payload::{Encoded, ToPayload};
use crate::router::realm::Disclosure;
use crate::rt::wall_clock;
use crate::transport::websocket::excerpt;
use crate::{Session, WampError};
use serverwamp_proto::broker::ReceiverFilter;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::{Passthru, PublishOptions, Receivers};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{Part, Payload};
use serverwamp_proto::uri::{self, UriError};
use serverwamp_proto::uris;
use std::sync::Arc;

/// A publication that can still be narrowed down; made by [`RealmHandle::publication`](super::RealmHandle::publication).
#[derive(Clone, Debug)]
#[must_use = "nothing is published until `send`"]
pub struct Publication {
    pub(super) realm: Arc<RunningRealm>,
    pub(super) topic: String,
    pub(super) receivers: Receivers,
    pub(super) retain: bool,
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

    /// Publishes the event and returns its id, the same for all who get it.
    ///
    /// # Errors
    /// When the topic is not a URI, or the payload cannot be encoded for any receiver. Receivers for whose serializer
    /// it cannot, such as a NaN in JSON, are passed over. `wamp.error.unavailable`, and nobody gets the event, when it is to
    /// be [retained](Self::retain) and no more can be.
    pub fn send<M>(self, payload: impl ToPayload<M>) -> Result<PublicationId, WampError> {
        let realm = &self.realm;
        realm.check_topic(&self.topic)?;
        let forms = realm.encode_likely(&payload)?;
        let receivers = (self.receivers != Receivers::default()).then_some(&self.receivers);
        realm.publish(&Draft {
            topic: &self.topic,
            payload: &forms,
            exclude: None,
            receivers,
            publisher: None,
            by_configuration: false,
            session: None,
            retain: self.retain,
            is_answered: true,
            passthru: None,
        })
    }
}

/// A publication before it has an id.
pub(super) struct Draft<'p> {
    topic: &'p str,
    payload: &'p Forms,
    exclude: Option<SessionId>,
    pub(super) receivers: Option<&'p Receivers>,
    publisher: Option<Disclosed>,
    by_configuration: bool,
    /// Whose retained event it is; nobody's if it is the application's.
    pub(super) session: Option<&'p Session>,
    retain: bool,
    /// Somebody waits for what becomes of it.
    is_answered: bool,
    passthru: Option<&'p Passthru>,
}

impl RunningRealm {
    /// Publishes on behalf of a session; the caller has checked topic and permission.
    ///
    /// # Errors
    /// When the publisher wants to be disclosed and may not be.
    pub(crate) fn publish_for(
        &self,
        publisher: &Session,
        topic: &str,
        options: &PublishOptions,
        payload: Payload,
    ) -> Result<PublicationId, WampError> {
        let config = self.context.config();
        let disclosure = config.permissions.disclosure;
        if options.disclose_me && disclosure == Disclosure::Refused {
            return Err(disclosure_refused());
        }
        let receivers = options.receivers.as_deref();
        self.check_receivers(publisher, receivers)?;
        let by_configuration = disclosure == Disclosure::Always
            || config.topic_settings.of(topic).is_some_and(|settings| settings.disclose_publisher);
        self.publish(&Draft {
            topic,
            payload: &Forms::new(payload),
            exclude: (options.exclude_me != Some(false)).then(|| publisher.id()),
            receivers,
            publisher: (by_configuration || options.disclose_me).then(|| Disclosed::new(publisher)),
            by_configuration,
            session: Some(publisher),
            retain: options.retain,
            is_answered: options.acknowledge,
            passthru: forwarded(options.passthru.as_deref()),
        })
    }

    fn publish(&self, draft: &Draft<'_>) -> Result<PublicationId, WampError> {
        let config = self.context.config();
        let settings = config.topic_settings.of(draft.topic);
        let outgoing = Outgoing {
            publication: self.context.ids.publication(),
            topic: draft.topic,
            payload: draft.payload,
            exclude: draft.exclude,
            filter: draft.receivers.map(ReceiverFilter::new),
            publisher: draft.publisher.clone(),
            by_configuration: draft.by_configuration,
            trustlevel: settings.and_then(|settings| settings.trustlevel),
            passthru: draft.passthru,
        };
        if draft.retain && !settings.is_some_and(|settings| settings.no_retain) {
            match self.retain(&outgoing, draft) {
                Err(error) if draft.is_answered => return Err(error),
                // Delivered it is nevertheless.
                Ok(()) | Err(_) => {}
            }
        }
        let delivered = self.broker.deliver(&outgoing, draft.receivers, wall_clock);
        self.context.crowd.wake(delivered.asleep);
        if delivered.passed_over > 0 {
            self.context.counters.count(Refusal::Unrepresentable, delivered.passed_over as u64);
        }
        if delivered.passed_over > 0 && delivered.events == 0 {
            let text = "the payload cannot be said in the serializer of any subscriber";
            return Err(WampError::new(uris::error::INVALID_PAYLOAD).arg(text));
        }
        Ok(outgoing.publication)
    }

    /// Each entry of the lists is looked for again for every receiver.
    fn check_receivers(&self, publisher: &Session, receivers: Option<&Receivers>) -> Result<(), WampError> {
        let most = self.context.limits.receivers;
        match receivers.map_or(0, Receivers::len) {
            entries if entries > most => {
                let text = format!("the lists of receivers have {entries} entries, {most} are allowed");
                // Testaments are published under a lock.
                self.context.counters.refused_under_lock(Refusal::Receivers, publisher, &text);
                Err(WampError::invalid_argument(text))
            }
            _ => Ok(()),
        }
    }

    /// The payload in the serializers that events were needed in so far.
    ///
    /// User code encodes it, so that happens before any lock is taken; another serializer that turns out to be needed
    /// gets it carried over from one of these.
    fn encode_likely<M>(&self, payload: &impl ToPayload<M>) -> Result<Forms, WampError> {
        let mut forms: Option<Forms> = None;
        let mut problem = None;
        for serializer in self.broker.likely_serializers() {
            match (payload.to_payload(serializer), &forms) {
                (Ok(encoded), None) => forms = Some(Forms::new(to_payload(encoded))),
                (Ok(encoded), Some(forms)) => forms.know(to_payload(encoded)),
                (Err(error), _) => problem = Some(error),
            }
        }
        match (forms, problem) {
            (Some(forms), _) => Ok(forms),
            (None, Some(error)) => Err(error),
            // It can say the most.
            (None, None) => Ok(Forms::new(to_payload(payload.to_payload(Serializer::Cbor)?))),
        }
    }

    /// Sends an event to one session alone; says on how many of its subscriptions.
    pub(crate) fn send_event<P: ToPayload<M>, M>(
        &self,
        session: &Session,
        topic: &str,
        payload: &P,
    ) -> Result<usize, WampError> {
        self.check_topic(topic)?;
        let encoded = payload.to_payload(session.serializer())?;
        Ok(self.send_to_session(session, topic, &encoded))
    }

    fn check_topic(&self, topic: &str) -> Result<(), WampError> {
        self.check_own_uri(topic, Match::Exact, None)
    }

    /// Is this a URI that realm and form allow? `session` has sent it, or the application.
    pub(crate) fn check_uri(
        &self,
        uri: &str,
        form: Match,
        session: Option<&Session>,
    ) -> Result<(), WampError> {
        self.context.config().rules.check(uri, form).map_err(|error| {
            if let UriError::TooLong(_) | UriError::TooManyComponents(_) = error {
                self.context.counters.refused(Refusal::Uri, session, format_args!("{error}: {uri}"));
            }
            WampError::new(uris::error::INVALID_URI).arg(format!("{:?}: {error}", excerpt(uri)))
        })
    }

    /// As [`check_uri`](Self::check_uri), and it is not one of the specification's own.
    pub(crate) fn check_own_uri(
        &self,
        uri: &str,
        form: Match,
        session: Option<&Session>,
    ) -> Result<(), WampError> {
        self.check_uri(uri, form, session)?;
        if uri::is_reserved(uri) {
            let text = format!("{uri:?} is reserved: URIs of applications must not start with `wamp.`");
            return Err(WampError::new(uris::error::INVALID_URI).arg(text));
        }
        Ok(())
    }
}

/// An encoded payload as one that can be shared.
pub(crate) fn to_payload(encoded: Encoded) -> Payload {
    Payload {
        serializer: encoded.serializer,
        args: Part::from(encoded.args),
        kwargs: Part::from(encoded.kwargs),
    }
}

/// The attributes of the payload passthru mode, if it is on (checklist PPT-01).
pub(crate) fn forwarded(passthru: Option<&Passthru>) -> Option<&Passthru> {
    passthru.filter(|passthru| passthru.is_active() || passthru.enc_algo.is_some())
}

pub(crate) fn disclosure_refused() -> WampError {
    WampError::new(uris::error::OPTION_DISALLOWED_DISCLOSE_ME).arg("this realm discloses nobody")
}
