//! How a session leaves events behind, and how it takes them back.
//!
//! A testament is a PUBLISH that is said in advance: it is read as one, and what would be refused then is refused now
//! (checklist TEST-10). Spec: advanced, "Session Testament".

use super::Testament;
use super::arguments::{self, Arguments, Expected};
use crate::base::statistics::Refusal;
use crate::router::realm::{Disclosure, RunningRealm, disclosure_refused, forwarded};
use crate::{Session, WampError};
use bytes::Bytes;
use serverwamp_proto::broker::Scope;
use serverwamp_proto::codec::to_writer;
use serverwamp_proto::message::{Message, Publish};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;

const SCOPE: Expected<Scope> = Expected {
    words: "\"destroyed\" or \"detached\"",
    read: |value| value.as_str().and_then(Scope::from_text),
};

/// How the message begins that a testament is read as.
const FIRST_REQUEST: u64 = 1;

impl RunningRealm {
    /// Keeps a testament for the caller.
    pub(super) fn add_testament(&self, caller: &Session, payload: &Payload) -> Result<(), WampError> {
        let share = self.limits.outgoing_bytes / self.limits.testaments.max(1);
        let (testament, scope) = read(payload, share).inspect_err(|error| {
            if error.uri() == uris::error::PAYLOAD_SIZE_EXCEEDED {
                self.refused(Refusal::Testaments, caller, error);
            }
        })?;
        self.check_own_uri(&testament.topic, Match::Exact, Some(caller))?;
        let permissions = &self.plan.permissions;
        if !permissions.publish {
            return Err(WampError::not_authorized().arg("only the application publishes in this realm"));
        }
        if testament.options.disclose_me && permissions.disclosure == Disclosure::Refused {
            return Err(disclosure_refused());
        }
        if forwarded(testament.options.passthru.as_deref()).is_some()
            && !caller.publisher_has(Feature::PayloadPassthruMode)
        {
            let text = "publish_options: ppt_scheme is used by a publisher that does not announce payload_passthru_mode";
            return Err(WampError::invalid_argument(text));
        }
        let mut work = caller.work();
        if work.testaments.len() >= self.limits.testaments {
            drop(work);
            let text = format!("a session may leave {} testaments", self.limits.testaments);
            self.refused(Refusal::Testaments, caller, &text);
            return Err(WampError::unavailable(text));
        }
        work.testaments.add(scope, testament);
        Ok(())
    }
}

/// Takes the testaments of one scope back.
pub(super) fn flush(caller: &Session, arguments: &Arguments) -> Result<(), WampError> {
    let scope = arguments.keyword("scope", &SCOPE)?.unwrap_or_default();
    caller.work().testaments.flush(scope);
    Ok(())
}

/// Reads `[topic, args, kwargs]` and the keywords `publish_options`, `scope`, which together have at most `most` bytes.
fn read(payload: &Payload, most: usize) -> Result<(Testament, Scope), WampError> {
    let arguments = Arguments::read(payload, 3)?;
    let topic = arguments.required(0, "topic", &arguments::TEXT)?;
    let args = arguments.required(1, "args", &arguments::LIST)?;
    let kwargs = arguments.required(2, "kwargs", &arguments::DICT)?;
    let options = arguments.keyword("publish_options", &arguments::DICT)?.unwrap_or_default();
    let scope = arguments.keyword("scope", &SCOPE)?.unwrap_or_default();
    let mut frame = Vec::new();
    let publish = (Publish::CODE, FIRST_REQUEST, options, topic, args, kwargs);
    to_writer(payload.serializer, &publish, &mut frame)
        .map_err(|error| WampError::invalid_argument(format!("the arguments cannot be kept: {error}")))?;
    if frame.len() > most {
        let text = format!("a testament may have {most} bytes, this one has {}", frame.len());
        return Err(WampError::new(uris::error::PAYLOAD_SIZE_EXCEEDED).arg(text));
    }
    let frame = Bytes::from(frame);
    match Message::decode(payload.serializer, &frame) {
        Ok(Message::Publish(Publish { options, topic, payload, .. })) => {
            Ok((Testament { topic: topic.as_ref().into(), payload, options }, scope))
        }
        Ok(other) => Err(WampError::internal(format!("a testament is read as {}", other.name()))),
        Err(error) => Err(WampError::invalid_argument(format!("publish_options: {error}"))),
    }
}
