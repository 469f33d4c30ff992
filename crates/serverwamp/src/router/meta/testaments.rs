//! Testaments: their creation and their removal.
//!
//! A testament is a PUBLISH that is said in advance: it is read as one, and what would be refused then is refused now
//! (checklist TEST-10). Spec: advanced, "Session Testament".

use super::arguments::{self, Arguments, Expected};
use super::{MetaApi, MetaCall, Testament};
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::router::realm::{GivenAnswers, Withheld, forwarded};
use crate::router::request::Purpose;
use crate::router::session::RouterSession;
use bytes::Bytes;
use serverwamp_proto::broker::Scope;
use serverwamp_proto::codec::{Kind, Writer};
use serverwamp_proto::message::{Bounds, Message, Publish, PublishOptions, UnreadBytes};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::sync::Arc;

const SCOPE: Expected<Scope> = Expected {
    words: "\"destroyed\" or \"detached\"",
    read: |argument| Scope::from_text(&(arguments::TEXT.read)(argument)?),
};

/// The beginning of the message that a testament is read as.
const FIRST_REQUEST: u64 = 1;

impl MetaApi<'_> {
    /// Keeps a testament for the caller.
    pub(super) fn add_testament(
        self,
        caller: &RouterSession,
        call: MetaCall<'_>,
        answers: &GivenAnswers,
    ) -> Result<(), Withheld> {
        let broker = &self.realm.broker;
        let refused = |unread| broker.refuse_unread(caller, unread);
        let limits = caller.limits();
        let bounds = (limits.testament_bytes(), limits.receivers_bytes);
        let (topic, options, payload, scope) = read(&call, bounds, refused).inspect_err(|error| {
            if error.uri() == uris::error::PAYLOAD_SIZE_EXCEEDED {
                self.realm.context.counters.refused(Refusal::Testaments, caller, error);
            }
        })?;
        self.realm.context.check_own_uri(&topic, Match::Exact, Some(caller))?;
        let config = self.realm.context.config();
        let granted = broker.may_publish(&config, caller, &topic, &options, Purpose::Testament, answers)?;
        if forwarded(options.passthru.as_deref()).is_some()
            && !caller.publisher_has(Feature::PayloadPassthruMode)
        {
            let text = "publish_options: ppt_scheme is used by a publisher that does not announce payload_passthru_mode";
            return Err(WampError::invalid_argument(text).into());
        }
        let mut tables = caller.tables();
        if tables.testaments.len() >= limits.testaments {
            drop(tables);
            let text = format!("a session may leave {} testaments", limits.testaments);
            self.realm.context.counters.refused(Refusal::Testaments, caller, &text);
            return Err(WampError::unavailable(text).into());
        }
        tables.testaments.add(scope, Testament { topic, payload, options, granted });
        Ok(())
    }
}

/// Takes the testaments of one scope back.
pub(super) fn flush(caller: &RouterSession, arguments: &Arguments<'_>) -> Result<(), WampError> {
    let scope = arguments.keyword("scope", &SCOPE)?.unwrap_or_default();
    caller.tables().testaments.flush(scope);
    Ok(())
}

/// Reads `[topic, args, kwargs]` and the keywords `publish_options`, `scope`, which together have at most `most` bytes, and
/// `most_receivers` in the lists of receivers; more of those get the error `refused`.
///
/// The message that they become is put together from what came; nothing of it is built in between.
fn read(
    call: &MetaCall<'_>,
    (most, most_receivers): (usize, usize),
    refused: impl FnOnce(UnreadBytes) -> WampError,
) -> Result<(Arc<str>, PublishOptions, Payload, Scope), WampError> {
    let MetaCall { payload, .. } = *call;
    let too_long = |bytes| {
        let text = format!("a testament may have {most} bytes, this one has {bytes}");
        WampError::payload_size_exceeded(text)
    };
    if call.size() > most {
        return Err(too_long(call.size()));
    }
    let arguments = Arguments::read_all(payload, 3)?;
    let topic = arguments.required(0, "topic", &arguments::TEXT)?;
    let args = arguments.raw(1, "args", Kind::List, "a list")?;
    let kwargs = arguments.raw(2, "kwargs", Kind::Dict, "a dictionary")?;
    let options = match arguments.has_keyword("publish_options") {
        true => Some(arguments.raw(usize::MAX, "publish_options", Kind::Dict, "a dictionary")?),
        false => None,
    };
    let scope = arguments.keyword("scope", &SCOPE)?.unwrap_or_default();
    let mut frame = Vec::with_capacity(payload.size() + 32);
    let mut writer = Writer::new(payload.serializer, &mut frame);
    writer.list(6);
    writer.unsigned(Publish::CODE);
    writer.unsigned(FIRST_REQUEST);
    match options {
        Some(options) => writer.raw(options),
        None => {
            writer.dict(0);
            writer.end();
        }
    }
    writer.text(&topic);
    writer.raw(args);
    writer.raw(kwargs);
    writer.end();
    if frame.len() > most {
        return Err(too_long(frame.len()));
    }
    let frame = Bytes::from(frame);
    let bounds = Bounds { entry_bytes: most_receivers, ..Bounds::NONE };
    match Message::decode_within(payload.serializer, &frame, bounds) {
        Ok(Message::Publish(Publish { unread, .. })) if unread.is_any() => Err(refused(unread)),
        Ok(Message::Publish(Publish { options, topic, payload, .. })) => {
            Ok((topic.as_ref().into(), options, payload, scope))
        }
        Ok(other) => Err(WampError::internal(format!("a testament is read as {}", other.name()))),
        Err(error) => Err(WampError::invalid_argument(format!("publish_options: {error}"))),
    }
}
