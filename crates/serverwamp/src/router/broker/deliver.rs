//! From a publication to the outboxes of its receivers.

use super::event::{Outgoing, StoredEvent, is_disclosed_to, slot};
use super::{Broker, SubscriptionEntry};
use crate::Session;
use crate::transport::{MANY, Outbox, charge_events, charge_time};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::message::Receivers;
use serverwamp_proto::timestamp::Timestamp;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a delivery came to.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    /// How many events were queued.
    pub(crate) events: usize,
    /// How many receivers were passed over because their serializer cannot say the payload.
    pub(crate) passed_over: usize,
    /// Who sleeps and has to be woken: the receivers of large subscriptions.
    pub(crate) asleep: Vec<Outbox>,
}

/// For more receivers than that the clock is looked at before the next message.
const SOME: usize = 16;

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

impl Broker {
    /// Queues the event for everybody it reaches. The caller wakes those who sleep.
    ///
    /// `receivers` are the publication's lists, as the history keeps them; `now` is asked when something is kept.
    pub(crate) fn deliver(
        &self,
        outgoing: &Outgoing<'_>,
        receivers: Option<&Receivers>,
        now: impl Fn() -> Timestamp,
    ) -> Delivered {
        let mut delivered = Delivered::default();
        let mut kept: Option<Arc<StoredEvent>> = None;
        for entry in self.matches(outgoing.topic).iter() {
            let mut members = entry.members();
            if let Some(history) = &mut members.history
                && !receivers.is_some_and(Receivers::names_sessions)
            {
                let event = kept.get_or_insert_with(|| Arc::new(outgoing.store(receivers, now())));
                history.push(event.publication, event.at, Arc::clone(&event.topic), Arc::clone(event));
            }
            if members.behind.is_some() {
                let reaches = |session: &Session| outgoing.reaches(session.id(), session);
                self.give_ahead(entry, &mut members, outgoing.topic, reaches);
            }
            for subscriber in &members.local {
                subscriber.receive(outgoing);
                delivered.events += 1;
            }
            self.queue(entry, members.sessions.as_slice(), outgoing, &mut delivered);
        }
        // Few subscribers write so soon that a longer turn only lets them write more at once.
        charge_events(delivered.events.saturating_sub(MANY));
        if delivered.events > SOME || receivers.is_some() {
            charge_time();
        }
        delivered
    }

    /// Queues the event for the subscribers of one subscription.
    fn queue(
        &self,
        entry: &SubscriptionEntry,
        subscribers: &[(serverwamp_proto::id::SessionId, Session)],
        outgoing: &Outgoing<'_>,
        delivered: &mut Delivered,
    ) {
        let mut events: [Event; 6] = Default::default();
        let many = subscribers.len() > MANY;
        for (id, session) in subscribers {
            if !outgoing.reaches(*id, session) {
                continue;
            }
            let serializer = session.serializer();
            let disclose =
                outgoing.publisher.is_some() && is_disclosed_to(session, outgoing.by_configuration);
            let event = &mut events[slot(serializer) + if disclose { SERIALIZERS.len() } else { 0 }];
            if matches!(event, Event::Unknown) {
                self.events_in.fetch_or(1 << slot(serializer), Ordering::Relaxed);
                let mut bytes = Vec::new();
                let topic = entry.is_pattern().then_some(outgoing.topic);
                *event = match outgoing.encode(serializer, entry.id, topic, disclose, &mut bytes) {
                    Some(()) => Event::Encoded(bytes),
                    None => Event::Unsayable,
                };
            }
            match event {
                Event::Encoded(bytes) => {
                    let asleep = many.then_some(&mut delivered.asleep);
                    delivered.events += usize::from(session.send_event_frame_among(bytes, asleep));
                }
                Event::Unsayable | Event::Unknown => delivered.passed_over += 1,
            }
        }
    }

    /// The serializers that events were needed in so far.
    pub(crate) fn likely_serializers(&self) -> impl Iterator<Item = Serializer> {
        let seen = self.events_in.load(Ordering::Relaxed);
        SERIALIZERS.into_iter().filter(move |serializer| seen & (1 << slot(*serializer)) != 0)
    }
}

/// An EVENT in one serializer.
#[derive(Debug, Default)]
enum Event {
    /// Nobody has needed it yet.
    #[default]
    Unknown,
    Encoded(Vec<u8>),
    Unsayable,
}
