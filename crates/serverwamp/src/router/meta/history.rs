//! What a subscription has seen, for those who ask later: `wamp.subscription.get_events`.
//!
//! The results are the events, each a positional one (checklist HIST-03). Spec: advanced, "Event History".

use super::arguments::Arguments;
use crate::base::log::line;
use crate::base::statistics::Refusal;
use crate::router::broker::StoredEvent;
use crate::router::payload::Encoded;
use crate::router::realm::RunningRealm;
use crate::{Session, WampError};
use serverwamp_proto::broker::HistoryQuery;
use serverwamp_proto::codec::{EncodeError, Serializer, Writer};
use serverwamp_proto::id::SubscriptionId;
use serverwamp_proto::message::encode_event_details;
use serverwamp_proto::uris;
use std::sync::Arc;

impl RunningRealm {
    pub(super) fn past_events(
        &self,
        caller: &Session,
        arguments: &Arguments,
        serializer: Serializer,
    ) -> Result<Encoded, WampError> {
        let entry = self.subscription_named(arguments)?;
        let query = HistoryQuery::from_kwargs(arguments.keywords()).map_err(WampError::invalid_argument)?;
        let members = entry.members();
        // Whose handlers say who may subscribe, they have said it of its subscribers only (checklist HIST-14).
        let guarded = !self.plan.routes.topics(&entry.pattern).is_empty();
        if guarded && !members.sessions.has(caller.id()) {
            return Err(
                WampError::not_authorized().arg("only subscribers may read the history of this topic")
            );
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
        let mut args = Vec::new();
        let events = events.iter().filter_map(|event| {
            let encoded = encode(event, entry.id, entry.is_pattern(), serializer);
            if let Err(error) = &encoded {
                self.counters.count(Refusal::Unrepresentable, 1);
                line!(
                    WARN,
                    "event",
                    "a past event cannot be carried over into a serializer",
                    topic = event.topic,
                    serializer = format_args!("{serializer:?}"),
                    error = error
                );
            }
            encoded.ok()
        });
        let events: Vec<Vec<u8>> = events.collect();
        let bytes: usize = events.iter().map(Vec::len).sum();
        // Half of what may wait for a peer: an answer that fills it would end the connection (checklist HIST-18).
        if bytes > self.limits.outgoing_bytes / 2 {
            let text = format!("the events take {bytes} bytes: ask for fewer at once, with `limit`");
            self.refused(Refusal::OutgoingMessageBytes, caller, &text);
            return Err(WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED).arg(text));
        }
        if !events.is_empty() {
            let mut writer = Writer::new(serializer, &mut args);
            writer.list(events.len());
            events.iter().for_each(|event| writer.raw(event));
            writer.end();
        }
        Ok(Encoded { serializer, args, kwargs: Vec::new() })
    }
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
