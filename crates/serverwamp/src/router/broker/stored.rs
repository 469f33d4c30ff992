//! A publication as it is kept, retained or in a history, and as it is encoded later.

use super::deliver::{encode, event_details, is_disclosed_to};
use super::publish::Outgoing;
use crate::base::log::line_later;
use crate::router::session::RouterSession;
use serverwamp_proto::broker::KeptReceivers;
use serverwamp_proto::footprint::{allocation, shared};
use serverwamp_proto::id::{PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{EventDetails, ForwardFor, Passthru};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::timestamp::Timestamp;
use std::sync::Arc;

/// A session that is made known to the receivers.
#[derive(Clone, Debug)]
pub(crate) struct Disclosed {
    pub(crate) session: SessionId,
    pub(crate) authid: Box<str>,
    pub(crate) authrole: Box<str>,
}

impl Disclosed {
    pub(crate) fn new(session: &RouterSession) -> Self {
        Self { session: session.id(), authid: session.authid().into(), authrole: session.authrole().into() }
    }

    fn bytes(&self) -> usize {
        allocation(self.authid.len()) + allocation(self.authrole.len())
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
    /// Kept, so that a link between routers does not carry the event back when it gets it late.
    pub(crate) forward_for: Option<ForwardFor>,
    pub(crate) at: Timestamp,
}

impl StoredEvent {
    /// The stored form of a publication. The payload is copied: it must not hold on to all that one read returned.
    pub(super) fn new(outgoing: &Outgoing<'_>, at: Timestamp) -> Self {
        let source = outgoing.payload.source();
        Self {
            publication: outgoing.publication,
            topic: outgoing.topic.into(),
            payload: source.detached(),
            exclude: outgoing.exclude,
            receivers: outgoing.receivers.map(|receivers| Box::new(KeptReceivers::new(receivers))),
            publisher: outgoing.publisher.clone(),
            by_configuration: outgoing.by_configuration,
            trustlevel: outgoing.trustlevel,
            passthru: outgoing.passthru.cloned().map(Box::new),
            forward_for: outgoing.forward_for.cloned(),
            at,
        }
    }

    /// Returns whether the session would have received it as a subscriber.
    pub(crate) fn was_for(&self, session: &RouterSession) -> bool {
        self.exclude != Some(session.id()) && self.admits(session)
    }

    /// Returns whether the session may know of it. Its publisher may, which is only excluded from the event itself.
    pub(crate) fn admits(&self, session: &RouterSession) -> bool {
        self.receivers
            .as_deref()
            .is_none_or(|receivers| receivers.permits(session.id(), session.authid(), session.authrole()))
    }

    /// Its details, as an EVENT carries them.
    pub(crate) fn details(&self, tell_topic: bool, disclose: bool, retained: bool) -> EventDetails<'_> {
        let publisher = self.publisher.as_ref().filter(|_| disclose);
        let topic = tell_topic.then_some(&*self.topic);
        let details = event_details(publisher, topic, self.trustlevel, self.passthru.as_deref());
        EventDetails { retained, forward_for: self.forward_for.clone(), ..details }
    }

    /// The EVENT with which it is delivered later (checklist RET-05, RET-08, RET-12).
    pub(crate) fn encode_retained(
        &self,
        receiver: &RouterSession,
        subscription: SubscriptionId,
        tell_topic: bool,
        out: &mut Vec<u8>,
    ) -> Option<()> {
        let serializer = receiver.serializer();
        let carried = self.payload.to_serializer(serializer).inspect_err(|error| {
            line_later!(
                WARN,
                "event",
                "a retained event cannot be transcoded",
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

    /// The memory that it takes, as a shared value.
    pub(crate) fn bytes(&self) -> usize {
        let lists = self.receivers.as_ref().map_or(0, |receivers| allocation(receivers.bytes()));
        let passthru = self.passthru.as_ref().map_or(0, |passthru| allocation(passthru.bytes()));
        let payload = self.payload.args.footprint() + self.payload.kwargs.footprint();
        let publisher = self.publisher.as_ref().map_or(0, Disclosed::bytes);
        let forwarders = self.forward_for.as_ref().map_or(0, ForwardFor::bytes);
        shared(size_of::<Self>())
            + shared(self.topic.len())
            + payload
            + lists
            + passthru
            + forwarders
            + publisher
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serverwamp_proto::codec::Serializer;
    use serverwamp_proto::message::{Forwarder, Receivers};
    use serverwamp_proto::payload::{Part, TranscodeCache};

    #[test]
    fn ret_01_a_kept_event_counts_with_all_that_is_kept_of_it() {
        let empty = || Payload::empty(Serializer::Json);
        let kept = |payload: Payload, receivers: Receivers, passthru: Passthru| {
            let forms = TranscodeCache::new(payload);
            let publication = PublicationId::new(1).unwrap();
            let outgoing = Outgoing {
                receivers: Some(&receivers),
                passthru: Some(&passthru),
                ..Outgoing::by_realm(publication, "com.t", &forms)
            };
            StoredEvent::new(&outgoing, Timestamp::MIN).bytes()
        };
        let text = "x".repeat(1000);
        let least = 1000 + kept(empty(), Receivers::default(), Passthru::default());
        let payload = Payload { args: Part::copied(text.as_bytes()), ..empty() };
        assert!(kept(payload, Receivers::default(), Passthru::default()) >= least);
        let receivers =
            Receivers { eligible_authid: Some([&text].into_iter().collect()), ..Receivers::default() };
        assert!(kept(empty(), receivers, Passthru::default()) >= least);
        let passthru = Passthru { enc_key: Some((&*text).into()), ..Passthru::default() };
        assert!(kept(empty(), Receivers::default(), passthru) >= least);
        let forward_for: ForwardFor =
            [Forwarder::new(SessionId::new(1).unwrap(), &*text, "user")].into_iter().collect();
        let forms = TranscodeCache::new(empty());
        let publication = PublicationId::new(1).unwrap();
        let outgoing =
            Outgoing { forward_for: Some(&forward_for), ..Outgoing::by_realm(publication, "com.t", &forms) };
        assert!(StoredEvent::new(&outgoing, Timestamp::MIN).bytes() >= 1000 + size_of::<StoredEvent>());
    }
}
