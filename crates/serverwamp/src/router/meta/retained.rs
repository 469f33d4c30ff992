//! The removal of retained events by administrators: `wamp.topic.remove_retained`.
//!
//! The specification has no procedure for it, as it has no way to end what is retained (checklist RET-14). Many events are
//! removed in several turns.

use super::arguments::{self, Arguments};
use super::turns::InTurns;
use super::{MetaApi, one};
use crate::WampError;
use crate::base::log::line;
use crate::router::session::RouterSession;
use serverwamp_proto::broker::RetainedRemoval;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::pattern::UriPattern;
use serverwamp_proto::payload::Payload;

/// The name of the procedure.
pub(super) const REMOVE: &str = "wamp.topic.remove_retained";

/// The answer, as far as it has come.
#[derive(Debug)]
pub(super) struct Removing {
    topic: Box<str>,
    removal: RetainedRemoval,
    removed: usize,
    serializer: Serializer,
}

impl MetaApi<'_> {
    /// Takes `topic|uri` and `options|dict`, whose `match` says how the topic is meant; the answer is how many events were
    /// removed.
    pub(super) fn remove_retained_for(
        self,
        caller: &RouterSession,
        arguments: &Arguments<'_>,
        serializer: Serializer,
    ) -> Result<Removing, WampError> {
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let kind = arguments.optional(1, "options", &arguments::MATCH_OPTIONS)?.unwrap_or_default();
        self.realm.context.check_uri(&topic, kind, Some(caller))?;
        let removal = self.realm.broker.retained_removal(&UriPattern::new(kind, topic.as_str()));
        Ok(Removing { topic: topic.as_str().into(), removal, removed: 0, serializer })
    }
}

impl InTurns for Removing {
    fn go_on(&mut self, caller: &RouterSession) -> Option<Result<Payload, WampError>> {
        let realm = caller.running_realm();
        self.removed += realm.broker.remove_some_retained(&mut self.removal);
        if !self.removal.is_complete() {
            return None;
        }
        line!(
            INFO,
            "event",
            "retained events were removed",
            realm = realm.name(),
            topic = self.topic,
            events = self.removed,
            by = caller.id(),
            by_authid = caller.authid()
        );
        Some(one(self.serializer, self.removed))
    }
}
