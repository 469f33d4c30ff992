//! From a PUBLISH, or a publication of the application or of the realm itself, to its delivery.

use super::{Broker, Disclosed, LastMatches};
use crate::WampError;
use crate::base::limits::Limits;
use crate::base::statistics::Refusal;
use crate::peering::payload::ToArguments;
use crate::router::realm::{
    AccessRequest, Disclosure, GivenAnswers, Granted, RealmConfig, RunningRealm, Withheld,
    disclosure_refused, forwarded, not_offered,
};
use crate::router::request::{Purpose, QuestionOptions};
use crate::router::session::RouterSession;
use crate::rt::wall_clock;
use serverwamp_proto::broker::ReceiverFilter;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, SessionId};
use serverwamp_proto::message::{
    ForwardFor, Passthru, Publish, PublishOptions, Receivers, UnreadBytes, Violation,
};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{Payload, TranscodeCache};
use serverwamp_proto::permissions::Action;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

/// Everything about a publication but who is subscribed.
#[derive(Debug)]
pub(super) struct Outgoing<'p> {
    pub(super) publication: PublicationId,
    pub(super) topic: &'p str,
    pub(super) payload: &'p TranscodeCache,
    /// What the publisher's last publication reached.
    pub(super) last: Option<&'p LastMatches>,
    /// This session does not get the event: its publisher, as a rule.
    pub(super) exclude: Option<SessionId>,
    /// The publication's lists, as the history keeps them.
    pub(super) receivers: Option<&'p Receivers>,
    /// The same, as deliveries ask it.
    pub(super) filter: Option<ReceiverFilter<'p>>,
    pub(super) publisher: Option<Disclosed>,
    /// The publisher is disclosed by the realm's settings, and so to everybody.
    pub(super) by_configuration: bool,
    pub(super) trustlevel: Option<u64>,
    pub(super) passthru: Option<&'p Passthru>,
    /// On whose behalf it is published, as its publisher says.
    pub(super) forward_for: Option<&'p ForwardFor>,
    /// The session that retains the event; `None` if it is the application.
    pub(super) session: Option<&'p RouterSession>,
    pub(super) retain: bool,
    /// No history keeps it.
    pub(super) unrecorded: bool,
    /// Somebody waits for what becomes of it.
    pub(super) is_answered: bool,
}

/// The options of a publication of the application.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OwnOptions<'o> {
    pub(crate) receivers: Option<&'o Receivers>,
    pub(crate) retain: bool,
    pub(crate) forward_for: Option<&'o ForwardFor>,
}

impl<'p> Outgoing<'p> {
    /// An event of the realm itself.
    pub(super) fn by_realm(publication: PublicationId, topic: &'p str, payload: &'p TranscodeCache) -> Self {
        Self {
            publication,
            topic,
            payload,
            last: None,
            exclude: None,
            receivers: None,
            filter: None,
            publisher: None,
            by_configuration: false,
            trustlevel: None,
            passthru: payload.source().passthru.as_deref(),
            forward_for: None,
            session: None,
            retain: false,
            unrecorded: false,
            is_answered: true,
        }
    }

    /// A client's publication; `by_configuration` is whether the realm discloses the publisher in any case.
    fn by_client(
        publication: PublicationId,
        (publisher, by_configuration): (&'p RouterSession, bool),
        topic: &'p str,
        options: &'p PublishOptions,
        payload: &'p TranscodeCache,
    ) -> Self {
        let receivers = options.receivers.as_deref();
        Self {
            exclude: (options.exclude_me != Some(false)).then(|| publisher.id()),
            receivers,
            filter: receivers.map(ReceiverFilter::new),
            publisher: (by_configuration || options.disclose_me).then(|| Disclosed::new(publisher)),
            by_configuration,
            passthru: forwarded(options.passthru.as_deref()),
            forward_for: options.forward_for.as_ref(),
            session: Some(publisher),
            retain: options.retain,
            is_answered: options.acknowledge,
            ..Self::by_realm(publication, topic, payload)
        }
    }
}

impl Broker {
    /// A PUBLISH.
    ///
    /// # Errors
    /// When it uses a mode that it or the realm does not announce (PPT-04 .. PPT-07); within, when the session may not publish
    /// to the topic or this is undecided, and when nothing could be published.
    pub(crate) fn publish(
        &self,
        session: &RouterSession,
        publish: Publish<'_>,
        answers: &GivenAnswers,
        last: &LastMatches,
    ) -> Result<Result<PublicationId, Withheld>, Violation> {
        let Publish { request, options, unread, topic, payload } = publish;
        if unread.is_any() {
            return Ok(Err(self.refuse_unread(session, unread).into()));
        }
        let announced = || session.publisher_has(Feature::PayloadPassthruMode);
        session.check_passthru(options.passthru.as_deref(), announced, || format!("PUBLISH #{request}"))?;
        let config = self.context.config();
        let granted =
            self.context.check_own_uri(&topic, Match::Exact, Some(session)).map_err(Withheld::from).and_then(
                |()| self.may_publish(&config, session, &topic, &options, Purpose::Request, answers),
            );
        Ok(granted.and_then(|granted| {
            let publisher = (session, Some(last));
            Ok(self.publish_for(&config, publisher, &topic, &options, granted, payload)?)
        }))
    }

    /// Whether the session may publish to the topic, be disclosed if it asks for that, and name these receivers. Locks may be
    /// held.
    ///
    /// # Errors
    /// When it may not, or this is undecided.
    pub(crate) fn may_publish(
        &self,
        config: &RealmConfig,
        publisher: &RouterSession,
        topic: &str,
        options: &PublishOptions,
        purpose: Purpose,
        answers: &GivenAnswers,
    ) -> Result<Granted, Withheld> {
        let asked = QuestionOptions {
            disclose: options.disclose_me,
            retain: options.retain,
            acknowledge: options.acknowledge && purpose == Purpose::Request,
            purpose,
            ..QuestionOptions::default()
        };
        let request =
            AccessRequest { options: asked, ..AccessRequest::exact(publisher, Action::Publish, topic) };
        let granted = self.context.authorize(config, request, answers)?;
        let may_disclose = granted.allowance.disclose && config.offers.disclosure != Disclosure::Refused;
        if options.disclose_me && !may_disclose {
            return Err(disclosure_refused().into());
        }
        self.check_receivers(publisher, options.receivers.as_deref())?;
        self.context.check_forward_for(options.forward_for.as_ref(), publisher)?;
        Ok(granted)
    }

    /// Publishes on behalf of a session what it has been granted, and looks first at what its last publication reached, if that is
    /// given. Locks may be held.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub(crate) fn publish_for(
        &self,
        config: &RealmConfig,
        (publisher, last): (&RouterSession, Option<&LastMatches>),
        topic: &str,
        options: &PublishOptions,
        granted: Granted,
        payload: Payload,
    ) -> Result<PublicationId, WampError> {
        let disclosure = config.offers.disclosure;
        let by_configuration = disclosure == Disclosure::Always
            || (granted.disclosed && disclosure != Disclosure::Refused)
            || config.topic_settings.of(topic).is_some_and(|settings| settings.disclose_publisher);
        let payload = TranscodeCache::new(payload);
        let publication = self.context.ids.publication();
        let publisher = (publisher, by_configuration);
        let outgoing = Outgoing::by_client(publication, publisher, topic, options, &payload);
        let retain = outgoing.retain && granted.allowance.retain;
        let outgoing = Outgoing { retain, unrecorded: !granted.allowance.history, last, ..outgoing };
        self.send(publisher.0.running_realm(), config, outgoing)
    }

    /// Publishes for the application; the caller has checked the topic.
    ///
    /// # Errors
    /// When the payload cannot be encoded for any receiver, or the event is to be retained and no more can be.
    pub(crate) fn publish_own<M>(
        &self,
        realm: &Arc<RunningRealm>,
        topic: &str,
        payload: &impl ToArguments<M>,
        options: OwnOptions<'_>,
    ) -> Result<PublicationId, WampError> {
        let OwnOptions { receivers, retain, forward_for } = options;
        let payload = self.encode_likely(payload)?;
        let publication = self.context.ids.publication();
        let filter = receivers.map(ReceiverFilter::new);
        let outgoing = Outgoing::by_realm(publication, topic, &payload);
        let config = self.context.config();
        if outgoing.passthru.is_some() && !config.access.offers_passthru() {
            return Err(not_offered());
        }
        let sent =
            self.send(realm, &config, Outgoing { receivers, filter, retain, forward_for, ..outgoing })?;
        self.unheard.notice(&self.context.name, &config.access, topic, || self.is_unheard(topic));
        Ok(sent)
    }

    /// Publishes what the realm itself has to tell; no settings apply to it.
    pub(crate) fn publish_meta(&self, topic: &str, payload: Payload) {
        let payload = TranscodeCache::new(payload);
        let outgoing = Outgoing::by_realm(self.context.ids.publication(), topic, &payload);
        self.context.wake_queue.wake(self.deliver(&outgoing, wall_clock).asleep);
        self.send_to_others(&outgoing);
    }

    /// Retains the event if that is asked for, delivers it, and wakes who sleeps.
    ///
    /// # Errors
    /// When no subscriber's serializer can represent it, or it is to be retained and no more can be.
    fn send(
        &self,
        realm: &Arc<RunningRealm>,
        config: &RealmConfig,
        mut outgoing: Outgoing<'_>,
    ) -> Result<PublicationId, WampError> {
        if config.access.forgets_on(outgoing.topic) {
            realm.forget_on_event(outgoing.payload.source());
        }
        let settings = config.topic_settings.of(outgoing.topic);
        outgoing.trustlevel = settings.and_then(|settings| settings.trustlevel);
        if outgoing.retain && !settings.is_some_and(|settings| settings.no_retain) {
            match self.retain(config, &outgoing) {
                Err(error) if outgoing.is_answered => return Err(error),
                // Delivered it is nevertheless.
                Ok(()) | Err(_) => {}
            }
        }
        let delivered = self.deliver(&outgoing, wall_clock);
        self.context.wake_queue.wake(delivered.asleep);
        self.send_to_others(&outgoing);
        if self.context.taps.is_open() {
            self.context.taps.published(outgoing.topic, delivered.events);
        }
        if delivered.passed_over > 0 {
            self.context.counters.count(Refusal::Unrepresentable, delivered.passed_over as u64);
            self.context.measures.unrepresentable(delivered.passed_over);
        }
        if delivered.passed_over > 0 && delivered.events == 0 {
            let text = "no subscriber's serializer can represent the payload";
            return Err(WampError::new(uris::error::INVALID_PAYLOAD).arg(text));
        }
        Ok(outgoing.publication)
    }

    /// Each entry of the lists is looked for again for every receiver.
    ///
    /// # Errors
    /// When there are too many; it is counted.
    fn check_receivers(
        &self,
        publisher: &RouterSession,
        receivers: Option<&Receivers>,
    ) -> Result<(), WampError> {
        match receivers.map_or(0, Receivers::len) {
            entries if entries > publisher.limits().receivers => {
                Err(self.too_many_receivers(publisher, entries))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a publication that was not read to its end because of its lists of receivers.
    pub(crate) fn refuse_unread(&self, publisher: &RouterSession, unread: UnreadBytes) -> WampError {
        let Limits { receivers, receivers_bytes, .. } = *publisher.limits();
        if unread.is_behind_long_lists() {
            let text =
                format!("the lists of receivers have more than the {receivers_bytes} bytes that are allowed");
            return self.refuse_receivers(publisher, text);
        }
        self.too_many_receivers(publisher, receivers.saturating_add(1))
    }

    /// Refuses a publication with so many entries of these lists; of too many, one too many was read.
    fn too_many_receivers(&self, publisher: &RouterSession, entries: usize) -> WampError {
        let most = publisher.limits().receivers;
        let text = format!("the lists of receivers have at least {entries} entries, {most} are allowed");
        self.refuse_receivers(publisher, text)
    }

    fn refuse_receivers(&self, publisher: &RouterSession, text: String) -> WampError {
        // Testaments are published under a lock.
        self.context.counters.refused_under_lock(Refusal::Receivers, publisher, &text);
        WampError::invalid_argument(text)
    }

    /// The payload in the serializers that events were needed in so far.
    ///
    /// User code encodes it, so that happens before any lock is taken; another serializer that turns out to be needed
    /// gets it carried over from one of these.
    fn encode_likely<M>(&self, payload: &impl ToArguments<M>) -> Result<TranscodeCache, WampError> {
        let mut forms: Option<TranscodeCache> = None;
        let mut problem = None;
        for serializer in self.likely_serializers() {
            match (payload.to_arguments(serializer), &forms) {
                (Ok(encoded), None) => forms = Some(TranscodeCache::new(encoded)),
                (Ok(encoded), Some(forms)) => forms.add(encoded),
                (Err(error), _) => problem = Some(error),
            }
        }
        match (forms, problem) {
            (Some(forms), _) => Ok(forms),
            (None, Some(error)) => Err(error),
            // It can say the most.
            (None, None) => Ok(TranscodeCache::new(payload.to_arguments(Serializer::Cbor)?)),
        }
    }
}
