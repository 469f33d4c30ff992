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
use std::sync::atomic::Ordering;

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

/// A publication's payload in one serializer.
enum Form {
    /// No receiver was known to speak it.
    Unknown,
    /// Encoded, and to be queued.
    Ready(Encoded),
    /// The serializer cannot say it.
    Unsayable(WampError),
    /// Queued for all who speak it.
    Delivered,
}

impl Form {
    fn of<P: ToPayload<M>, M>(payload: &P, serializer: Serializer) -> Self {
        payload.to_payload(serializer).map_or_else(Self::Unsayable, Self::Ready)
    }
}

/// The forms of one payload, one for each serializer.
type Forms = [Form; 3];

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

/// What came of a walk through the subscribers.
#[derive(Default)]
struct Walk {
    receivers: usize,
    /// The serializer of a receiver whose form was unknown.
    missing: Option<Serializer>,
    /// The serializer of a receiver that cannot be told.
    passed_over: Option<Serializer>,
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
        // User code encodes payloads, so that happens before the lock is taken, for all serializers that are likely
        // to be needed. Should another one be, its speakers joined just now, and get the event in a walk of their own.
        let likely = self.publishes_in.load(Ordering::Relaxed);
        let mut forms: Forms = SERIALIZERS.map(|serializer| match likely & (1 << slot(serializer)) {
            0 => Form::Unknown,
            _ => Form::of(payload, serializer),
        });
        let mut walk = Walk::default();
        loop {
            self.queue_events(&self.core(), publication, topic, &forms, &wanted, &mut walk);
            let Some(missing) = walk.missing.take() else { break };
            for form in &mut forms {
                if matches!(form, Form::Ready(_)) {
                    *form = Form::Delivered;
                }
            }
            forms[slot(missing)] = Form::of(payload, missing);
            self.publishes_in.fetch_or(1 << slot(missing), Ordering::Relaxed);
        }
        // Who can be told is told, whoever else is subscribed (checklist SER-13).
        match walk.passed_over.map(|serializer| &forms[slot(serializer)]) {
            Some(Form::Unsayable(error)) if walk.receivers == 0 => Err(error.clone()),
            _ => Ok(walk.receivers),
        }
    }

    /// Queues the event for every receiver whose form is ready.
    fn queue_events(
        &self,
        core: &Core,
        publication: PublicationId,
        topic: &str,
        forms: &Forms,
        wanted: &impl Fn(SessionId) -> bool,
        walk: &mut Walk,
    ) {
        core.subscriptions.matching(topic, |subscription| {
            let mut events: [Option<Vec<u8>>; 3] = [None, None, None];
            let detail = (subscription.pattern().kind() != Match::Exact).then_some(topic);
            for (_, session) in subscription.subscribers().iter().filter(|(id, _)| wanted(*id)) {
                let index = slot(session.serializer());
                let payload = match &forms[index] {
                    Form::Ready(payload) => payload,
                    Form::Delivered => continue,
                    Form::Unknown => {
                        walk.missing = Some(session.serializer());
                        continue;
                    }
                    Form::Unsayable(_) => {
                        walk.passed_over = Some(session.serializer());
                        continue;
                    }
                };
                let event = events[index].get_or_insert_with(|| {
                    let mut event = Vec::with_capacity(64 + payload.args.len() + payload.kwargs.len());
                    wire::event(subscription.id(), publication, detail, payload, &mut event);
                    event
                });
                walk.receivers += usize::from(session.outbox().push_event(event).is_ok());
            }
        });
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
            let queued =
                session.outbox().push_event_with(|out| wire::event(*id, publication, detail, &encoded, out));
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
