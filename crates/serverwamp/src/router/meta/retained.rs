//! How administrators take away what is retained: `wamp.topic.remove_retained`.
//!
//! The specification has no procedure for it, as it has no way to end what is retained (checklist RET-14).

use super::MetaApi;
use super::arguments::{self, Arguments};
use crate::base::log::line;
use crate::{Session, WampError};
use serverwamp_proto::pattern::UriPattern;

/// The name of the procedure.
pub(super) const REMOVE: &str = "wamp.topic.remove_retained";

impl MetaApi<'_> {
    /// Takes `topic|uri` and `options|dict`, whose `match` says how the topic is meant, and says how many events were
    /// removed.
    pub(super) fn remove_retained_for<'p>(
        self,
        caller: &Session,
        arguments: impl FnOnce() -> Result<Arguments<'p>, WampError>,
    ) -> Result<usize, WampError> {
        self.check_administrator(caller)?;
        let arguments = arguments()?;
        let topic = arguments.required(0, "topic", &arguments::TEXT)?;
        let kind = arguments.optional(1, "options", &arguments::MATCH_OPTIONS)?.unwrap_or_default();
        self.realm.context.check_uri(&topic, kind, Some(caller))?;
        let removed = self.realm.broker.remove_retained(&UriPattern::new(kind, topic.as_str()));
        line!(
            INFO,
            "event",
            "retained events were removed",
            realm = self.realm.name(),
            topic = topic,
            events = removed,
            by = caller.id(),
            by_authid = caller.authid()
        );
        Ok(removed)
    }
}
