//! From a publication to the outboxes of its receivers.
//!
//! The payload is carried over into each serializer once, when the first receiver needs it; the whole EVENT is encoded
//! once for each subscription and serializer.

use super::publish::Outgoing;
use super::{Broker, Disclosed, StoredEvent, SubscriptionEntry, in_process};
use crate::base::log::line_later;
use crate::router::session::RouterSession;
use crate::transport::{BATCHED_ABOVE, FramedEvent, Outbox, charge_events, charge_time};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{EventDetails, Passthru, encode_event};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::timestamp::Timestamp;
use serverwamp_proto::websocket::Subprotocol;
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The result of a delivery.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// The number of queued events.
    pub(crate) events: usize,
    /// The number of receivers that were skipped because their serializer cannot represent the payload.
    pub(crate) passed_over: usize,
    /// The outboxes that have to be woken: the receivers of large subscriptions.
    pub(crate) asleep: Vec<Outbox>,
}

/// For more receivers than that the clock is looked at before the next message.
const SOME: usize = 16;

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

impl Broker {
    /// Queues the event for everybody it reaches. The caller wakes those who sleep.
    ///
    /// `now` is asked when something is kept.
    pub(super) fn deliver(&self, outgoing: &Outgoing<'_>, now: impl Fn() -> Timestamp) -> Delivered {
        let receivers = outgoing.receivers;
        let mut delivered = Delivered::default();
        let mut kept: Option<Arc<StoredEvent>> = None;
        let reached = match outgoing.last {
            Some(last) => last.take(self, outgoing.topic),
            None => (0, self.matches(outgoing.topic)),
        };
        for entry in reached.1.iter() {
            let mut members = entry.members();
            if let Some(history) = &mut members.history {
                match outgoing.place_in_history() {
                    PlaceInHistory::Kept => {
                        let event = kept.get_or_insert_with(|| Arc::new(StoredEvent::new(outgoing, now())));
                        let topic = Arc::clone(&event.topic);
                        history.push(event.publication, event.at, topic, Arc::clone(event));
                    }
                    PlaceInHistory::Missing => history.pass_over(),
                    PlaceInHistory::None => {}
                }
            }
            if members.behind.is_some() {
                let reaches = |session: &RouterSession| outgoing.reaches(session.id(), session);
                self.give_ahead(entry, &mut members, outgoing.topic, reaches);
            }
            let before = delivered.events;
            for subscriber in &members.local {
                in_process::receive(subscriber, outgoing);
                delivered.events += 1;
            }
            self.queue(entry, members.sessions.as_slice(), outgoing, &mut delivered);
            if let Some(measures) = &entry.measures {
                measures.delivered(delivered.events - before);
            }
        }
        if let Some(last) = outgoing.last {
            last.put_back(reached);
        }
        // Few subscribers write so soon that a longer turn only lets them write more at once.
        charge_events(delivered.events.saturating_sub(BATCHED_ABOVE));
        if delivered.events > SOME || receivers.is_some() {
            charge_time();
        }
        delivered
    }

    /// Queues the event for the subscribers of one subscription.
    fn queue(
        &self,
        entry: &SubscriptionEntry,
        subscribers: &[(SessionId, Arc<RouterSession>)],
        outgoing: &Outgoing<'_>,
        delivered: &mut Delivered,
    ) {
        let mut events: [EncodedEvent; 6] = Default::default();
        let many = subscribers.len() > BATCHED_ABOVE;
        for (id, session) in subscribers {
            if !outgoing.reaches(*id, session) {
                continue;
            }
            let serializer = session.serializer();
            let disclose =
                outgoing.publisher.is_some() && is_disclosed_to(session, outgoing.by_configuration);
            let event = &mut events[slot(serializer) + if disclose { SERIALIZERS.len() } else { 0 }];
            if matches!(event, EncodedEvent::Unknown) {
                self.note_serializer(serializer);
                let topic = entry.is_pattern().then_some(outgoing.topic);
                let encoded = outgoing.encode(serializer, entry.id, topic, disclose);
                *event = encoded.map_or(EncodedEvent::Unsayable, EncodedEvent::Encoded);
            }
            match event {
                EncodedEvent::Encoded(event) => {
                    let asleep = many.then_some(&mut delivered.asleep);
                    delivered.events += usize::from(session.queue_framed_event(event, asleep));
                }
                EncodedEvent::Unsayable | EncodedEvent::Unknown => delivered.passed_over += 1,
            }
        }
    }

    /// Events are needed in this serializer. Publishers on all threads look at this, so it is written once.
    fn note_serializer(&self, serializer: Serializer) {
        let bit = 1 << slot(serializer);
        if self.events_in.load(Ordering::Relaxed) & bit == 0 {
            self.events_in.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// The serializers that events were needed in so far.
    pub(super) fn likely_serializers(&self) -> impl Iterator<Item = Serializer> {
        let seen = self.events_in.load(Ordering::Relaxed);
        SERIALIZERS.into_iter().filter(move |serializer| seen & (1 << slot(*serializer)) != 0)
    }
}

/// The place of a serializer among [`SERIALIZERS`].
const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

/// An EVENT in one serializer.
#[derive(Debug, Default)]
enum EncodedEvent {
    /// Nobody has needed it yet.
    #[default]
    Unknown,
    Encoded(FramedEvent),
    Unsayable,
}

/// What a history makes of an event.
enum PlaceInHistory {
    Kept,
    /// It is not kept, and who reads the history may have been meant.
    Missing,
    /// It was for single sessions, which may read the history in their next session.
    None,
}

impl Outgoing<'_> {
    fn place_in_history(&self) -> PlaceInHistory {
        match self.receivers {
            Some(receivers) if receivers.eligible.is_some() => PlaceInHistory::None,
            Some(receivers) if receivers.names_sessions() => PlaceInHistory::Missing,
            _ if self.unrecorded => PlaceInHistory::Missing,
            _ => PlaceInHistory::Kept,
        }
    }

    /// Returns whether the event is meant for this session.
    #[inline]
    fn reaches(&self, id: SessionId, session: &RouterSession) -> bool {
        self.exclude != Some(id)
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.permits(id, session.authid(), session.authrole()))
    }

    /// The EVENT for one subscription in one serializer; `None` when it cannot be said in it.
    fn encode(
        &self,
        serializer: Serializer,
        subscription: SubscriptionId,
        topic: Option<&str>,
        disclose: bool,
    ) -> Option<FramedEvent> {
        let payload = self.payload.get(serializer, |error| {
            line_later!(
                WARN,
                "event",
                "an event cannot be transcoded",
                topic = self.topic,
                serializer = format_args!("{serializer:?}"),
                error = error
            );
        })?;
        let details = self.details(topic, disclose);
        let kind = Subprotocol::new(serializer).opcode();
        let expected = 64 + payload.args.len() + payload.kwargs.len();
        FramedEvent::new(kind, expected, |out| {
            encode(serializer, subscription, self.publication, &details, payload, out)
        })
    }

    fn details<'d>(&'d self, topic: Option<&'d str>, disclose: bool) -> EventDetails<'d> {
        let publisher = self.publisher.as_ref().filter(|_| disclose);
        let details = event_details(publisher, topic, self.trustlevel, self.passthru);
        EventDetails { forward_for: self.forward_for.cloned(), ..details }
    }
}

/// The details of an EVENT.
pub(super) fn event_details<'d>(
    publisher: Option<&'d Disclosed>,
    topic: Option<&'d str>,
    trustlevel: Option<u64>,
    passthru: Option<&Passthru>,
) -> EventDetails<'d> {
    EventDetails {
        publisher: publisher.map(|one| one.session),
        publisher_authid: publisher.map(|one| Cow::Borrowed(&*one.authid)),
        publisher_authrole: publisher.map(|one| Cow::Borrowed(&*one.authrole)),
        topic: topic.map(Cow::Borrowed),
        trustlevel,
        passthru: passthru.map(|passthru| Box::new(passthru.clone())),
        ..EventDetails::default()
    }
}

/// Returns whether a publisher that may be disclosed is disclosed to this receiver.
///
/// Only who knows of publisher identification is told a publisher that asked for it (checklist FEAT-08).
pub(super) fn is_disclosed_to(receiver: &RouterSession, by_configuration: bool) -> bool {
    by_configuration || receiver.subscriber_has(Feature::PublisherIdentification)
}

/// Encodes an EVENT; `None`, and a line in the log, when its details cannot be said.
pub(super) fn encode(
    serializer: Serializer,
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails<'_>,
    payload: &Payload,
    out: &mut Vec<u8>,
) -> Option<()> {
    let (args, kwargs) = (&payload.args, &payload.kwargs);
    match encode_event(serializer, subscription, publication, details, args, kwargs, out) {
        Ok(()) => Some(()),
        Err(error) => {
            line_later!(
                WARN,
                "event",
                "the details of an event cannot be transcoded, it is not sent",
                error = error
            );
            None
        }
    }
}
