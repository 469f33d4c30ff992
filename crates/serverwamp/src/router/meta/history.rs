//! What a subscription has seen, for those who ask later: `wamp.subscription.get_events`.
//!
//! The results are the events, each a positional one (checklist HIST-03). Spec: advanced, "Event History".

use super::MetaApi;
use super::arguments::Arguments;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::router::broker::{StoredEvent, SubscriptionEntry};
use crate::router::payload::Encoded;
use crate::{Session, WampError};
use serverwamp_proto::broker::HistoryQuery;
use serverwamp_proto::codec::{EncodeError, Serializer, Writer};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::message::encode_event_details;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::sync::Arc;

impl MetaApi<'_> {
    pub(super) fn past_events(
        self,
        caller: &Session,
        arguments: &Arguments<'_>,
        serializer: Serializer,
    ) -> Result<Encoded, WampError> {
        let entry = self.subscription_named(arguments)?;
        let query = HistoryQuery::from_kwargs(&arguments.keywords()).map_err(WampError::invalid_argument)?;
        let members = entry.members();
        // Whose handlers say who may subscribe, they have said it of its subscribers only (checklist HIST-14).
        let guarded = !self.realm.code.routes.topics(&entry.pattern).is_empty();
        if guarded && !members.sessions.has(caller.id()) {
            return Err(WampError::not_authorized("only subscribers may read the history of this topic"));
        }
        let events: Vec<Arc<StoredEvent>> = match &members.history {
            Some(history) => {
                let found = history.read(&query, |event| event.admits(caller));
                found.into_iter().map(|found| Arc::clone(&found.event)).collect()
            }
            // Nothing was kept (checklist HIST-15).
            None => Vec::new(),
        };
        drop(members);
        self.told(caller, &entry, &events, serializer)
    }

    /// The events as the arguments of a result. Nothing is encoded that would be too long: their payloads are looked at
    /// first, and the first event beyond the bound is the last that is (checklist HIST-18).
    fn told(
        self,
        caller: &Session,
        entry: &SubscriptionEntry,
        events: &[Arc<StoredEvent>],
        serializer: Serializer,
    ) -> Result<Encoded, WampError> {
        // What is encoded takes a turn, so it is an eighth of what may wait for a peer; but one event can always be had that
        // the peer can have at all.
        let most = match events.len() {
            0 | 1 => self.realm.context.limits.outgoing_bytes / 2,
            _ => self.realm.context.limits.outgoing_bytes / 8,
        };
        let payloads: usize = events.iter().map(|event| least_size(&event.payload, serializer)).sum();
        let mut told: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        for event in events {
            if payloads.max(bytes) > most {
                break;
            }
            match encode(event, entry.id, entry.is_pattern(), serializer) {
                Ok(encoded) => {
                    bytes += encoded.len();
                    told.push(encoded);
                }
                Err(error) => {
                    self.realm.context.counters.count(Refusal::Unrepresentable, 1);
                    line!(
                        WARN,
                        "event",
                        "a past event cannot be carried over into a serializer",
                        topic = event.topic,
                        serializer = format_args!("{serializer:?}"),
                        error = error
                    );
                }
            }
        }
        if payloads.max(bytes) > most {
            let text = format!(
                "{} events have more than the {most} bytes an answer may have: ask for fewer, with `limit`",
                events.len()
            );
            self.realm.context.counters.refused(Refusal::OutgoingMessageBytes, caller, &text);
            return Err(WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED).arg(text));
        }
        let mut args = Vec::with_capacity(bytes + told.len() + 16);
        if !told.is_empty() {
            let mut writer = Writer::new(serializer, &mut args);
            writer.list(told.len());
            told.iter().for_each(|event| writer.raw(event));
            writer.end();
        }
        Ok(Encoded { serializer, args, kwargs: Vec::new() })
    }
}

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
