//! A publication on its way to its receivers, and what is kept of one.
//!
//! The payload is carried over into each serializer once, when the first receiver needs it; the whole EVENT is encoded
//! once for each subscription and serializer.

use crate::Session;
use crate::base::log::line_later;
use serverwamp_proto::broker::{KeptReceivers, ReceiverFilter};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::footprint::{allocation, shared};
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{EventDetails, Passthru, Receivers, encode_event};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::timestamp::Timestamp;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::Arc;

/// One payload in the serializers it is needed in.
#[derive(Debug)]
pub(crate) struct Forms {
    source: Payload,
    carried: [OnceCell<Option<Payload>>; 3],
}

/// Where a serializer's form of something stands.
pub(super) const fn slot(serializer: Serializer) -> usize {
    match serializer {
        Serializer::Json => 0,
        Serializer::MessagePack => 1,
        Serializer::Cbor => 2,
    }
}

impl Forms {
    pub(crate) fn new(source: Payload) -> Self {
        Self { source, carried: Default::default() }
    }

    /// Adds a form that is known already.
    pub(crate) fn know(&self, form: Payload) {
        // The first form stays: they all say the same.
        let _known = self.carried[slot(form.serializer)].set(Some(form));
    }

    pub(crate) fn source(&self) -> &Payload {
        &self.source
    }

    /// The payload of an event of `topic` in this serializer, or `None` when it cannot say it (checklist SER-13).
    fn get(&self, serializer: Serializer, topic: &str) -> Option<&Payload> {
        if serializer == self.source.serializer {
            return Some(&self.source);
        }
        let carry = || match self.source.to_serializer(serializer) {
            Ok(payload) => Some(payload),
            Err(error) => {
                let serializer = format_args!("{serializer:?}");
                line_later!(
                    WARN,
                    "event",
                    "an event cannot be carried over into a serializer",
                    topic = topic,
                    serializer = serializer,
                    error = error
                );
                None
            }
        };
        self.carried[slot(serializer)].get_or_init(carry).as_ref()
    }
}

/// A session that is made known to the receivers.
#[derive(Clone, Debug)]
pub(crate) struct Disclosed {
    pub(crate) session: SessionId,
    pub(crate) authid: Box<str>,
    pub(crate) authrole: Box<str>,
}

impl Disclosed {
    pub(crate) fn new(session: &Session) -> Self {
        Self { session: session.id(), authid: session.authid().into(), authrole: session.authrole().into() }
    }

    fn bytes(&self) -> usize {
        allocation(self.authid.len()) + allocation(self.authrole.len())
    }
}

/// Everything about a publication but its payload and who is subscribed.
#[derive(Debug)]
pub(crate) struct Outgoing<'p> {
    pub(crate) publication: PublicationId,
    pub(crate) topic: &'p str,
    pub(crate) payload: &'p Forms,
    /// This session does not get the event: its publisher, as a rule.
    pub(crate) exclude: Option<SessionId>,
    pub(crate) filter: Option<ReceiverFilter<'p>>,
    pub(crate) publisher: Option<Disclosed>,
    /// The publisher is disclosed by the realm's settings, and so to everybody.
    pub(crate) by_configuration: bool,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) passthru: Option<&'p Passthru>,
}

impl Outgoing<'_> {
    /// Is the event meant for this session?
    #[inline]
    pub(crate) fn reaches(&self, id: SessionId, session: &Session) -> bool {
        self.exclude != Some(id)
            && self
                .filter
                .as_ref()
                .is_none_or(|filter| filter.permits(id, session.authid(), session.authrole()))
    }

    /// The EVENT for one subscription in one serializer; `None` when it cannot be said in it.
    pub(crate) fn encode(
        &self,
        serializer: Serializer,
        subscription: SubscriptionId,
        topic: Option<&str>,
        disclose: bool,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let payload = self.payload.get(serializer, self.topic)?;
        let details = self.details(topic, disclose);
        out.reserve(64 + payload.args.len() + payload.kwargs.len());
        encode(serializer, subscription, self.publication, &details, payload, out)
    }

    fn details<'d>(&'d self, topic: Option<&'d str>, disclose: bool) -> EventDetails<'d> {
        let publisher = self.publisher.as_ref().filter(|_| disclose);
        EventDetails {
            publisher: publisher.map(|one| one.session),
            publisher_authid: publisher.map(|one| Cow::Borrowed(&*one.authid)),
            publisher_authrole: publisher.map(|one| Cow::Borrowed(&*one.authrole)),
            topic: topic.map(Cow::Borrowed),
            trustlevel: self.trustlevel,
            passthru: self.passthru.map(|passthru| Box::new(passthru.clone())),
            ..EventDetails::default()
        }
    }

    /// What is kept of the publication. The payload is copied: it must not hold on to all that one read returned.
    pub(crate) fn store(&self, receivers: Option<&Receivers>, at: Timestamp) -> StoredEvent {
        let source = self.payload.source();
        StoredEvent {
            publication: self.publication,
            topic: self.topic.into(),
            payload: source.detached(),
            exclude: self.exclude,
            receivers: receivers.map(|receivers| Box::new(KeptReceivers::new(receivers))),
            publisher: self.publisher.clone(),
            by_configuration: self.by_configuration,
            trustlevel: self.trustlevel,
            passthru: self.passthru.cloned().map(Box::new),
            at,
        }
    }
}

/// A publication that is kept: retained, or in a history.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    pub(crate) publication: PublicationId,
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Payload,
    pub(crate) exclude: Option<SessionId>,
    pub(crate) receivers: Option<Box<KeptReceivers>>,
    pub(crate) publisher: Option<Disclosed>,
    pub(crate) by_configuration: bool,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) passthru: Option<Box<Passthru>>,
    pub(crate) at: Timestamp,
}

impl StoredEvent {
    /// Would the session have received it, had it been subscribed?
    pub(crate) fn was_for(&self, session: &Session) -> bool {
        self.exclude != Some(session.id()) && self.admits(session)
    }

    /// May the session know of it? Its publisher may, who is only spared the event itself.
    pub(crate) fn admits(&self, session: &Session) -> bool {
        self.receivers
            .as_deref()
            .is_none_or(|receivers| receivers.permits(session.id(), session.authid(), session.authrole()))
    }

    /// Its details, as an EVENT carries them.
    pub(crate) fn details(&self, tell_topic: bool, disclose: bool, retained: bool) -> EventDetails<'_> {
        let publisher = self.publisher.as_ref().filter(|_| disclose);
        EventDetails {
            publisher: publisher.map(|one| one.session),
            publisher_authid: publisher.map(|one| Cow::Borrowed(&*one.authid)),
            publisher_authrole: publisher.map(|one| Cow::Borrowed(&*one.authrole)),
            topic: tell_topic.then_some(Cow::Borrowed(&*self.topic)),
            trustlevel: self.trustlevel,
            retained,
            passthru: self.passthru.clone(),
            ..EventDetails::default()
        }
    }

    /// The EVENT with which it is delivered later (checklist RET-05, RET-08, RET-12).
    pub(crate) fn encode_retained(
        &self,
        receiver: &Session,
        subscription: SubscriptionId,
        tell_topic: bool,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let serializer = receiver.serializer();
        let carried = self.payload.to_serializer(serializer).inspect_err(|error| {
            line_later!(
                WARN,
                "event",
                "a retained event cannot be carried over into a serializer",
                topic = self.topic,
                serializer = format_args!("{serializer:?}"),
                error = error
            );
        });
        let payload = carried.ok()?;
        let disclose = is_disclosed_to(receiver, self.by_configuration);
        let details = self.details(tell_topic, disclose, true);
        encode(serializer, subscription, self.publication, &details, &payload, out)
    }

    /// How much memory it takes, shared as it is.
    pub(crate) fn bytes(&self) -> usize {
        let lists = self.receivers.as_ref().map_or(0, |receivers| allocation(receivers.bytes()));
        let passthru = self.passthru.as_ref().map_or(0, |passthru| allocation(passthru.bytes()));
        let payload = self.payload.args.footprint() + self.payload.kwargs.footprint();
        let publisher = self.publisher.as_ref().map_or(0, Disclosed::bytes);
        shared(size_of::<Self>()) + shared(self.topic.len()) + payload + lists + passthru + publisher
    }
}

/// Is the publisher of an event, where it is disclosed at all, disclosed to this receiver?
///
/// Only who knows of publisher identification is told a publisher that asked for it (checklist FEAT-08).
pub(super) fn is_disclosed_to(receiver: &Session, by_configuration: bool) -> bool {
    by_configuration || receiver.subscriber_has(Feature::PublisherIdentification)
}

fn encode(
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
                "the details of an event cannot be carried over, it is not sent",
                error = error
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_proto::payload::Part;

    #[test]
    fn ret_01_a_kept_event_counts_with_all_that_is_kept_of_it() {
        let empty = || Payload { serializer: Serializer::Json, args: Part::new(), kwargs: Part::new() };
        let kept = |payload: Payload, receivers: Receivers, passthru: Passthru| {
            let outgoing = Outgoing {
                publication: PublicationId::new(1).unwrap(),
                topic: "com.t",
                payload: &Forms::new(payload),
                exclude: None,
                filter: None,
                publisher: None,
                by_configuration: false,
                trustlevel: None,
                passthru: Some(&passthru),
            };
            outgoing.store(Some(&receivers), Timestamp::MIN).bytes()
        };
        let text = "x".repeat(1000);
        let least = 1000 + kept(empty(), Receivers::default(), Passthru::default());
        let payload = Payload { args: Part::copied(text.as_bytes()), ..empty() };
        assert!(kept(payload, Receivers::default(), Passthru::default()) >= least);
        let receivers =
            Receivers { eligible_authid: Some([&text].into_iter().collect()), ..Receivers::default() };
        assert!(kept(empty(), receivers, Passthru::default()) >= least);
        let passthru = Passthru { enc_key: Some(text.into()), ..Passthru::default() };
        assert!(kept(empty(), Receivers::default(), passthru) >= least);
    }
}
