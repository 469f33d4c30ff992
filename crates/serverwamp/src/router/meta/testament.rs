//! Testaments: events that a session leaves behind to be published at its end.

use crate::base::log::line_later;
use crate::router::broker::Broker;
use crate::router::session::RouterSession;
use serverwamp_proto::message::PublishOptions;
use serverwamp_proto::payload::Payload;
use std::sync::Arc;

/// An event to be published at the end of a session, under that session's name (checklist TEST-10).
#[derive(Debug)]
pub(crate) struct Testament {
    pub(crate) topic: Arc<str>,
    pub(crate) payload: Payload,
    pub(crate) options: PublishOptions,
}

impl Testament {
    /// Publishes what the session has left behind; it is in no subscription any more and gets none of it (TEST-14).
    pub(crate) fn publish(self, broker: &Broker, session: &RouterSession) {
        let Self { topic, payload, mut options } = self;
        // Nobody waits for an answer, so what cannot be retained is delivered nevertheless.
        options.acknowledge = false;
        if let Err(error) = broker.publish_for(session, &topic, &options, payload) {
            line_later!(
                WARN,
                "event",
                "a testament was not published",
                session = session.id(),
                topic = topic,
                error = error
            );
        }
    }
}
