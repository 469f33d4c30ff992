//! One page of a history: the arguments of `wamp.subscription.get_events`, and what its answer says.

use crate::base::error::WampError;
use crate::client::topics::TopicKey;
use crate::peering::{EventDraft, RECOVERED_EVENTS, ReceivedEvent};
use serde::{Deserialize, Serialize};
use serverwamp_proto::codec::{DecodeError, DictReader, ListReader, Serializer, from_slice};
use serverwamp_proto::id::{EpochId, PublicationId, SessionId, SubscriptionId};
use serverwamp_proto::message::{ForwardFor, Forwarder, Passthru};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::{Part, Payload, encode_args, encode_kwargs};
use std::sync::Arc;

/// The events of one page: no answer becomes long for its number of events alone.
pub(super) const PAGE: u32 = 500;

/// A request for a page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::client) struct PageRequest {
    /// The events behind this one; from the beginning if there is none.
    pub(in crate::client) after: Option<PublicationId>,
    /// The newest first.
    pub(in crate::client) reverse: bool,
    pub(in crate::client) limit: u32,
}

#[derive(Serialize)]
struct Filters {
    limit: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reverse: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_publication: Option<u64>,
}

impl PageRequest {
    /// The arguments of the call.
    ///
    /// # Errors
    /// None that is known: numbers can be encoded.
    pub(in crate::client) fn arguments(
        self,
        serializer: Serializer,
        subscription: SubscriptionId,
    ) -> Result<Payload, WampError> {
        let filters = Filters {
            limit: self.limit,
            reverse: self.reverse,
            after_publication: self.after.map(PublicationId::get),
        };
        let unencoded =
            |error| WampError::internal(format!("a request for events cannot be encoded: {error}"));
        let args = encode_args(serializer, &[subscription.get()]).map_err(unencoded)?;
        let kwargs = encode_kwargs(serializer, &filters).map_err(unencoded)?;
        Ok(Payload::of_parts(serializer, args.into(), kwargs.into()))
    }
}

/// The answer to it.
#[derive(Debug)]
pub(super) struct HistoryPage {
    /// In the order asked for.
    pub(super) events: Vec<ReceivedEvent>,
    pub(super) worth: Worth,
}

/// What the answer is worth, by its keyword results. A router that is another one, or an older one, says none of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Worth {
    pub(super) complete: Option<bool>,
    pub(super) more: bool,
    pub(super) epoch: Option<EpochId>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PastDetails {
    topic: Option<String>,
    publisher: Option<u64>,
    publisher_authid: Option<String>,
    publisher_authrole: Option<String>,
    trustlevel: Option<u64>,
    ppt_scheme: Option<Box<str>>,
    ppt_serializer: Option<Box<str>>,
    ppt_cipher: Option<Box<str>>,
    ppt_keyid: Option<Box<str>>,
    forward_for: Option<Vec<PastForwarder>>,
}

#[derive(Deserialize)]
struct PastForwarder {
    session: u64,
    authid: Box<str>,
    authrole: Box<str>,
}

impl PastDetails {
    /// On whose behalf the event was published.
    fn take_forward_for(&mut self) -> Option<ForwardFor> {
        let known = |one: PastForwarder| {
            SessionId::new(one.session).map(|session| Forwarder::new(session, one.authid, one.authrole))
        };
        self.forward_for.take().map(|list| list.into_iter().filter_map(known).collect())
    }

    /// What the publisher said of its bytes, if the event is in passthru mode.
    fn take_passthru(&mut self) -> Option<Passthru> {
        let passthru = Passthru {
            scheme: self.ppt_scheme.take(),
            serializer: self.ppt_serializer.take(),
            cipher: self.ppt_cipher.take(),
            keyid: self.ppt_keyid.take(),
            ..Passthru::default()
        };
        passthru.is_active().then_some(passthru)
    }
}

impl HistoryPage {
    pub(super) fn is_complete(&self) -> bool {
        self.worth.complete == Some(true)
    }

    /// Reads the results of a call about this subscription.
    ///
    /// # Errors
    /// When they are no events.
    pub(super) fn read(results: &Payload, key: &TopicKey) -> Result<Self, WampError> {
        let unreadable = |error: DecodeError| {
            WampError::invalid_payload(format!(
                "the results of wamp.subscription.get_events cannot be read: {error}"
            ))
        };
        let worth = read_worth(results).map_err(unreadable)?;
        // What has no worth is not looked at: a router that does not know of it gives other results.
        let told = worth.complete.is_some() && results.has_args();
        let events = if told { read_events(results, key).map_err(unreadable)? } else { Vec::new() };
        Ok(Self { events, worth })
    }
}

fn read_worth(results: &Payload) -> Result<Worth, DecodeError> {
    let mut worth = Worth::default();
    if !results.has_kwargs() {
        return Ok(worth);
    }
    let mut entries = DictReader::open(results.serializer, &results.kwargs)?;
    while let Some(key) = entries.key()? {
        match &*key {
            "complete" => worth.complete = Some(entries.boolean()?),
            "more" => worth.more = entries.boolean()?,
            "epoch" => worth.epoch = EpochId::new(entries.unsigned()?),
            _ => {}
        }
    }
    Ok(worth)
}

fn read_events(results: &Payload, key: &TopicKey) -> Result<Vec<ReceivedEvent>, DecodeError> {
    let mut list = ListReader::open(results.serializer, &results.args)?;
    let mut events = Vec::new();
    while list.peek()?.is_some() {
        if events.len() == RECOVERED_EVENTS {
            let reason = format!("a page has more than {RECOVERED_EVENTS} events, and was asked for {PAGE}");
            return Err(DecodeError { reason: reason.into(), offset: 0 });
        }
        events.push(read_event(results.serializer, list.argument()?, key)?);
    }
    list.finish()?;
    Ok(events)
}

fn read_event(serializer: Serializer, bytes: &[u8], key: &TopicKey) -> Result<ReceivedEvent, DecodeError> {
    let mut publication = None;
    let mut details = PastDetails::default();
    let mut payload = Payload::empty(serializer);
    let mut entries = DictReader::open(serializer, bytes)?;
    while let Some(name) = entries.key()? {
        match &*name {
            "publication" => publication = PublicationId::new(entries.unsigned()?),
            "details" => details = from_slice(serializer, entries.raw()?)?,
            "args" => payload.args = Part::copied(entries.argument()?),
            "kwargs" => payload.kwargs = Part::copied(entries.argument()?),
            _ => drop(entries.argument()?),
        }
    }
    let publication =
        publication.ok_or_else(|| DecodeError { reason: "an event has no publication".into(), offset: 0 })?;
    let topic: Arc<str> = match &details.topic {
        Some(topic) if key.kind != Match::Exact => Arc::from(&**topic),
        _ => Arc::clone(&key.topic),
    };
    let (passthru, forward_for) = (details.take_passthru(), details.take_forward_for());
    Ok(ReceivedEvent::new(EventDraft {
        topic,
        publication,
        payload: &payload,
        publisher: details.publisher.and_then(SessionId::new),
        publisher_authid: details.publisher_authid.as_deref(),
        publisher_authrole: details.publisher_authrole.as_deref(),
        trustlevel: details.trustlevel,
        retained: false,
        passthru: passthru.as_ref(),
        forward_for: forward_for.as_ref(),
    }))
}
