//! The past events of a subscription: `wamp.subscription.get_events`.
//!
//! The results are the events, each a positional one, and in the keywords what the answer is worth (checklist HIST-03):
//!
//! | keyword | |
//! |---|---|
//! | `complete` | nothing that belongs to the answer is missing, up to its last event if there is more |
//! | `more` | the limit left events out: ask again, from behind the last one |
//! | `epoch` | which history it is; another one when that began anew. Absent if none is kept |
//!
//! Spec: advanced, "Event History".

use super::MetaApi;
use super::arguments::Arguments;
use super::turns::{AT_ONCE, InTurns};
use crate::WampError;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::router::broker::{StoredEvent, SubscriptionEntry};
use crate::router::realm::{GivenAnswers, RunningRealm, Withheld};
use crate::router::request::{Purpose, QuestionOptions};
use crate::router::session::RouterSession;
use serverwamp_proto::broker::{History, HistoryCursor, HistoryQuery};
use serverwamp_proto::codec::{EncodeError, Serializer, Writer};
use serverwamp_proto::id::{EpochId, SubscriptionId};
use serverwamp_proto::message::encode_event_details;
use serverwamp_proto::payload::{Part, Payload};
use serverwamp_proto::uris;
use std::sync::Arc;

/// Reading a history, as far as it has come. Events are looked at some at a time, so that whoever publishes meanwhile is
/// not kept waiting by the lock under which they are.
#[derive(Debug)]
pub(super) struct Reading {
    entry: Arc<SubscriptionEntry>,
    epoch: Option<EpochId>,
    /// `None` where nothing was kept (checklist HIST-15).
    cursor: Option<HistoryCursor>,
    serializer: Serializer,
    found: Vec<Arc<StoredEvent>>,
    /// The least number of bytes that they will have in the answer.
    least: usize,
}

impl MetaApi<'_> {
    pub(super) fn past_events(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
        serializer: Serializer,
        answers: &GivenAnswers,
    ) -> Result<Reading, Withheld> {
        let entry = self.subscription_named(arguments)?;
        let query = HistoryQuery::from_kwargs(&arguments.keywords()).map_err(WampError::invalid_argument)?;
        // Who may not subscribe may not read what subscribers have received (checklist HIST-14).
        let no_history = || WampError::not_authorized("not authorized to read the history of this topic");
        let options = QuestionOptions { purpose: Purpose::History, ..QuestionOptions::default() };
        let may = self.realm.broker.may_subscribe(caller, &entry.pattern, options, answers);
        let (granted, routes, _) = may.map_err(|why| match why {
            Withheld::Denied(error) if error.uri() != uris::error::AUTHORIZATION_FAILED => {
                no_history().into()
            }
            why => why,
        })?;
        if !granted.allowance.history {
            return Err(no_history().into());
        }
        let members = entry.members();
        // Whose handlers say who may subscribe, they have said it of its subscribers only (checklist HIST-14).
        let guarded = routes.iter().any(|route| route.handler.is_some());
        if guarded && !members.sessions.has(caller.id()) {
            let text = "only subscribers may read the history of this topic";
            return Err(WampError::not_authorized(text).into());
        }
        let epoch = members.history.as_ref().map(History::epoch);
        let cursor = members.history.as_ref().map(|history| history.cursor(query));
        drop(members);
        Ok(Reading { entry, epoch, cursor, serializer, found: Vec::new(), least: 0 })
    }
}

impl InTurns for Reading {
    /// Nothing is encoded that would be too long: the payloads are looked at first, and the first event beyond the bound is
    /// the last that is (checklist HIST-18).
    fn go_on(&mut self, caller: &RouterSession) -> Option<Result<Payload, WampError>> {
        let over = self.look_on(caller);
        let realm = caller.running_realm();
        let most = most_bytes(caller, self.found.len());
        let is_too_long = |bytes| bytes > most;
        if is_too_long(self.least) {
            return Some(Err(self.too_long(caller)));
        }
        if !over {
            return None;
        }
        let (mut told, mut bytes): (Vec<Vec<u8>>, _) = (Vec::new(), 0);
        let mut all_told = true;
        for event in &self.found {
            match encode(event, self.entry.id, self.entry.is_pattern(), self.serializer) {
                Ok(encoded) => {
                    bytes += encoded.len();
                    told.push(encoded);
                }
                Err(error) => {
                    self.untold(realm, event, &error);
                    all_told = false;
                }
            }
            if is_too_long(bytes) {
                return Some(Err(self.too_long(caller)));
            }
        }
        Some(Ok(self.answer(&told, bytes, all_told)))
    }
}

/// What is encoded takes a turn, so it is an eighth of what may wait for a peer; but one event can always be had that the
/// peer can have at all.
fn most_bytes(caller: &RouterSession, events: usize) -> usize {
    match events {
        0 | 1 => caller.outbox().limit() / 2,
        _ => caller.outbox().limit() / 8,
    }
}

impl Reading {
    /// Returns whether that was the last one.
    fn look_on(&mut self, caller: &RouterSession) -> bool {
        let Self { entry, epoch, cursor, serializer, found, least } = self;
        let Some(reading) = cursor else { return true };
        let members = entry.members();
        // It may have been forgotten meanwhile, or even have begun anew: then nothing is known of the rest.
        let Some(history) = members.history.as_ref().filter(|history| Some(history.epoch()) == *epoch) else {
            *cursor = None;
            return true;
        };
        history.advance(
            reading,
            AT_ONCE,
            |event| event.admits(caller),
            |entry| {
                *least += LEAST_ENVELOPE + least_size(&entry.event.payload, *serializer);
                found.push(Arc::clone(&entry.event));
            },
        )
    }

    fn too_long(&self, caller: &RouterSession) -> WampError {
        let realm = caller.running_realm();
        let (events, most) = (self.found.len(), most_bytes(caller, self.found.len()));
        let text =
            format!("{events} events exceed the {most} bytes of an answer: ask for fewer, with `limit`");
        realm.context.counters.refused(Refusal::OutgoingMessageBytes, caller, &text);
        WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED).arg(text)
    }

    fn untold(&self, realm: &RunningRealm, event: &StoredEvent, error: &EncodeError) {
        realm.context.counters.count(Refusal::Unrepresentable, 1);
        line!(
            WARN,
            "event",
            "a past event cannot be transcoded",
            topic = event.topic,
            serializer = format_args!("{:?}", self.serializer),
            error = error
        );
    }

    /// The events as the arguments of a result.
    fn answer(&self, told: &[Vec<u8>], bytes: usize, all_told: bool) -> Payload {
        let mut args = Vec::with_capacity(bytes + told.len() + 16);
        if !told.is_empty() {
            let mut writer = Writer::new(self.serializer, &mut args);
            writer.list(told.len());
            told.iter().for_each(|event| writer.raw(event));
            writer.end();
        }
        let kwargs = self.worth(all_told);
        Payload::of_parts(self.serializer, args.into(), Part::from(kwargs))
    }

    /// The keyword results.
    fn worth(&self, all_told: bool) -> Vec<u8> {
        let complete = all_told && self.cursor.as_ref().is_some_and(HistoryCursor::is_complete);
        let more = self.cursor.as_ref().is_some_and(HistoryCursor::has_more);
        let mut kwargs = Vec::with_capacity(64);
        let mut writer = Writer::new(self.serializer, &mut kwargs);
        writer.dict(2 + usize::from(self.epoch.is_some()));
        writer.key("complete");
        writer.boolean(complete);
        writer.key("more");
        writer.boolean(more);
        if let Some(epoch) = self.epoch {
            writer.key("epoch");
            writer.unsigned(epoch.get());
        }
        writer.end();
        kwargs
    }
}

/// An event without its payload has more than that in every serializer: a time, two ids, and the names of four attributes.
const LEAST_ENVELOPE: usize = 64;

/// What a payload has at the least in this serializer. Texts are as long in each of them; a number may take nine octets in
/// one and one digit in another.
fn least_size(payload: &Payload, serializer: Serializer) -> usize {
    if payload.serializer == serializer { payload.size() } else { payload.size() / 9 }
}

/// One event as a dictionary; a payload it does not have is left out (checklist HIST-04).
fn encode(
    event: &StoredEvent,
    subscription: SubscriptionId,
    tell_topic: bool,
    serializer: Serializer,
) -> Result<Vec<u8>, EncodeError> {
    let payload = event.payload.to_serializer(serializer)?;
    let parts = [
        ("args", &payload.args, payload.has_args()),
        ("kwargs", &payload.kwargs, !payload.kwargs.is_empty()),
    ];
    let payload: Vec<_> =
        parts.into_iter().filter(|(.., present)| *present).map(|(key, bytes, _)| (key, bytes)).collect();
    let mut details = Vec::new();
    encode_event_details(serializer, &event.details(tell_topic, true, false), &mut details)?;
    let mut out =
        Vec::with_capacity(160 + details.len() + payload.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
    let mut writer = Writer::new(serializer, &mut out);
    writer.dict(4 + payload.len());
    writer.key("timestamp");
    writer.text(&event.at.to_string());
    writer.key("subscription");
    writer.unsigned(subscription.get());
    writer.key("publication");
    writer.unsigned(event.publication.get());
    writer.key("details");
    writer.raw(&details);
    for (key, bytes) in payload {
        writer.key(key);
        writer.raw(bytes);
    }
    writer.end();
    Ok(out)
}
