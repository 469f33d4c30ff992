//! Testaments: events that a session leaves behind to be published at its end.

use crate::WampError;
use crate::base::log::line_later;
use crate::router::broker::Broker;
use crate::router::realm::{GivenAnswers, Granted, Withheld};
use crate::router::request::Purpose;
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
    /// What was granted when it was added.
    pub(crate) granted: Granted,
}

impl Testament {
    /// Publishes what the session has left behind; it is in no subscription any more and gets none of it (TEST-14).
    pub(crate) fn publish(self, broker: &Broker, session: &RouterSession) {
        let Self { topic, payload, mut options, granted } = self;
        // Nobody waits for an answer, so what cannot be retained is delivered nevertheless.
        options.acknowledge = false;
        let config = session.running_realm().context.config();
        let nobody_answers = GivenAnswers::default();
        let purpose = Purpose::Testament;
        let may = match broker.may_publish(&config, session, &topic, &options, purpose, &nobody_answers) {
            Ok(granted) => Ok(granted),
            Err(Withheld::Denied(error)) => Err(error),
            // Nobody waits for an authorizer any more: what it said when the testament was added holds. Of what a permission
            // allowed that is gone, it has said nothing.
            Err(Withheld::Undecided(_)) if granted.asked.is_some() => Ok(granted),
            Err(Withheld::Undecided(_)) => {
                Err(WampError::not_authorized("the permission that allowed it is gone"))
            }
        };
        let published =
            may.and_then(|may| broker.publish_for(&config, (session, None), &topic, &options, may, payload));
        if let Err(error) = published {
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
