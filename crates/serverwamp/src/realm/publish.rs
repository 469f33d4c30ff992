//! Publishing from the application: to a topic, and to one session.
//!
//! The payload is encoded once for each serializer that the realm's sessions use, the whole EVENT once for each
//! subscription and serializer; subscribers get copies of the bytes.

use super::running::{Core, RunningRealm};
use crate::reply::{Encoded, ToPayload};
use crate::{Session, WampError, wire};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::uris;
use std::sync::Arc;

/// A publication that can still be narrowed down; made by [`RealmHandle::publication`](super::RealmHandle::publication).
#[derive(Clone, Debug)]
#[must_use = "nothing is published until `send`"]
pub struct Publication {
    pub(super) realm: Arc<RunningRealm>,
    pub(super) topic: String,
    pub(super) exclude: Vec<SessionId>,
    pub(super) eligible: Option<Vec<SessionId>>,
}

impl Publication {
    /// This session does not get the event.
    pub fn exclude(mut self, session: SessionId) -> Self {
        self.exclude.push(session);
        self
    }

    /// Only these sessions get the event, if they are subscribed; an empty list reaches nobody.
    pub fn eligible(mut self, sessions: impl IntoIterator<Item = SessionId>) -> Self {
        self.eligible.get_or_insert_default().extend(sessions);
        self
    }

    /// Publishes the event and returns its id, the same for all who get it.
    ///
    /// # Errors
    /// When the topic is not a URI, or the payload cannot be encoded for any receiver. Receivers for whose serializer
    /// it cannot, such as a NaN in JSON, are passed over.
    pub fn send<M>(self, payload: impl ToPayload<M>) -> Result<PublicationId, WampError> {
        let publication = self.realm.ids.publication();
        self.realm.publish(publication, &self.topic, &payload, |session| {
            !self.exclude.contains(&session)
                && self.eligible.as_ref().is_none_or(|list| list.contains(&session))
        })?;
        Ok(publication)
    }
}

/// A payload in the serializers it has been needed in.
struct Payloads<'a, P> {
    payload: &'a P,
    /// `Some(None)` where the serializer cannot say it.
    encoded: [Option<Option<Encoded>>; 3],
}

const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

impl RunningRealm {
    fn publish<P: ToPayload<M>, M>(
        &self,
        publication: PublicationId,
        topic: &str,
        payload: &P,
        wanted: impl Fn(SessionId) -> bool,
    ) -> Result<usize, WampError> {
        self.check_topic(topic)?;
        let mut payloads = Payloads { payload, encoded: [None, None, None] };
        let mut failed = None;
        loop {
            match self.try_publish(&self.core(), publication, topic, &payloads.encoded, &wanted) {
                // Who can be told is told, whoever else is subscribed (checklist SER-13).
                Ok(receivers) => return failed.filter(|_| receivers == 0).map_or(Ok(receivers), Err),
                // User code encodes payloads, so not under the lock; nothing has been queued yet.
                Err(missing) => {
                    let encoded = payloads.payload.to_payload(missing).map_err(|error| failed = Some(error));
                    payloads.encoded[slot(missing)] = Some(encoded.ok());
                }
            }
        }
    }

    /// Queues the event for every receiver, or says which serializer's payload is missing before any has got it.
    fn try_publish(
        &self,
        core: &Core,
        publication: PublicationId,
        topic: &str,
        encoded: &[Option<Option<Encoded>>; 3],
        wanted: &impl Fn(SessionId) -> bool,
    ) -> Result<usize, Serializer> {
        let mut missing = None;
        core.subscriptions.matching(topic, |subscription| {
            for (id, session) in subscription.subscribers() {
                if wanted(*id) && encoded[slot(session.serializer())].is_none() {
                    missing = Some(session.serializer());
                }
            }
        });
        if let Some(serializer) = missing {
            return Err(serializer);
        }
        let mut receivers = 0;
        core.subscriptions.matching(topic, |subscription| {
            let mut events: [Option<Vec<u8>>; 3] = [None, None, None];
            let detail = (subscription.pattern().kind() != Match::Exact).then_some(topic);
            for (id, session) in subscription.subscribers() {
                let index = slot(session.serializer());
                let (true, Some(Some(payload))) = (wanted(*id), &encoded[index]) else { continue };
                let event = events[index].get_or_insert_with(|| {
                    let mut event = Vec::with_capacity(64 + payload.args.len() + payload.kwargs.len());
                    wire::event(subscription.id(), publication, detail, payload, &mut event);
                    event
                });
                receivers += usize::from(session.outbox().push_encoded(event).is_ok());
            }
        });
        Ok(receivers)
    }

    /// Queues an event for one session, on every subscription it has that matches; says on how many.
    pub(crate) fn send_event<P: ToPayload<M>, M>(
        &self,
        session: &Session,
        topic: &str,
        payload: &P,
    ) -> Result<usize, WampError> {
        self.check_topic(topic)?;
        let encoded = payload.to_payload(session.serializer())?;
        let publication = self.ids.publication();
        let _core = self.core();
        let mut sent = 0;
        for (id, subscription) in &session.work().subscriptions {
            if !subscription.pattern().matches(topic) {
                continue;
            }
            let detail = (subscription.policy != Match::Exact).then_some(topic);
            let queued = session.outbox().push(|out| wire::event(*id, publication, detail, &encoded, out));
            sent += usize::from(queued.is_ok());
        }
        Ok(sent)
    }

    fn check_topic(&self, topic: &str) -> Result<(), WampError> {
        self.plan
            .rules
            .check(topic, Match::Exact)
            .map_err(|error| WampError::new(uris::error::INVALID_URI).arg(format!("{topic:?}: {error}")))
    }
}
