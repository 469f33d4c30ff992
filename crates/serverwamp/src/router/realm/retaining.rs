//! What a realm retains: which publications, for how long, for whom, and who takes it away.

use super::publish::Draft;
use super::running::RunningRealm;
use crate::base::statistics::Refusal;
use crate::router::broker::{CaughtUp, Outgoing, Subscribers, SubscriptionEntry};
use crate::router::realm::TopicSettings;
use crate::rt::{NEVER, wall_clock};
use crate::{Session, WampError};
use serverwamp_proto::broker::{Beyond, Retention};
use serverwamp_proto::message::Receivers;
use serverwamp_proto::pattern::UriPattern;
use std::net::SocketAddr;
use std::sync::Arc;

impl RunningRealm {
    /// Keeps the event for later subscribers; before it is delivered, so whoever subscribes meanwhile gets it at least
    /// once (checklist RET-02, RET-07).
    ///
    /// # Errors
    /// When nothing more may be retained; it is counted.
    pub(super) fn retain(&self, outgoing: &Outgoing<'_>, draft: &Draft<'_>) -> Result<(), WampError> {
        let config = self.context.config();
        let numbered = config.topic_settings.numbered(outgoing.topic);
        let settings = numbered.map(|(_, settings)| settings);
        let restricted = draft.receivers.is_some_and(Receivers::restricts);
        let payload = outgoing.payload.source();
        let is_empty = !payload.has_args() && !payload.has_kwargs();
        if is_empty && !restricted && settings.is_some_and(|settings| settings.clear_retained) {
            self.remove_retained(&UriPattern::exact(outgoing.topic));
            return Ok(());
        }
        let now = self.context.now();
        let event = Arc::new(outgoing.store(draft.receivers, wall_clock()));
        let age =
            settings.and_then(|settings| settings.retain_for).unwrap_or(self.context.limits.retained_age);
        let retention = Retention {
            topic: Arc::clone(&event.topic),
            restricted,
            publisher: draft.session.map(Session::id),
            group: numbered.and_then(|(number, settings)| Some((number, settings.retain_limit?))),
            now,
            until: if age < NEVER { now.checked_add(age) } else { None },
        };
        // In a statement of its own: what is dropped is dropped when nobody waits for it.
        let kept = self.broker.retained().retain(event, &retention);
        kept.map(drop).map_err(|beyond| self.not_retained(beyond, draft.session, settings))
    }

    fn not_retained(
        &self,
        beyond: Beyond,
        session: Option<&Session>,
        settings: Option<&TopicSettings>,
    ) -> WampError {
        let limits = &self.context.limits;
        let (refusal, whose, events, bytes) = match (beyond, settings.and_then(|one| one.retain_limit)) {
            (Beyond::Topics, Some(share)) => {
                (Refusal::RetainedOfTopics, "these topics", share.events, share.bytes)
            }
            (Beyond::Store | Beyond::Topics, _) => {
                (Refusal::Retained, "this realm", limits.retained_events, limits.retained_bytes)
            }
            (Beyond::Publisher, _) => (
                Refusal::RetainedOfSession,
                "one session",
                limits.retained_events_of_session,
                limits.retained_bytes_of_session,
            ),
        };
        let text = format!("no more can be retained of {whose}: {events} events and {bytes} bytes may be");
        // Testaments are published under a lock.
        match session {
            Some(session) => self.context.counters.refused_under_lock(refusal, session, &text),
            None => self.context.counters.refused_under_lock(refusal, None::<SocketAddr>, &text),
        }
        WampError::unavailable(text)
    }

    /// Removes what is retained of all topics that match, and says how many events that were.
    pub(crate) fn remove_retained(&self, pattern: &UriPattern) -> usize {
        // In a statement of its own: what is dropped is dropped when nobody waits for it.
        let removed = self.broker.retained().remove(pattern);
        removed.len()
    }

    /// Queues what a new subscriber would have received, or notes that it has yet to get it (checklist RET-04, RET-06,
    /// RET-09); nothing of it comes before SUBSCRIBED, as the members are locked.
    pub(super) fn send_retained(
        &self,
        session: &Session,
        entry: &Arc<SubscriptionEntry>,
        members: &mut Subscribers,
    ) {
        if self.broker.give_retained(entry, members, session, self.context.now()) {
            session.wants_retained(entry);
        }
    }

    /// Queues more of what the session has yet to get, as far as it has room and a turn allows.
    pub(crate) fn catch_up(&self, session: &Session) {
        // What it has got wholly, or does not want any more, costs a look.
        const MOST: usize = 16;
        for _ in 0..MOST {
            let Some(entry) = session.retained_wanted() else { return };
            match self.broker.catch_up(&entry, session, self.context.now()) {
                CaughtUp::Wholly => {}
                CaughtUp::Partly => return,
            }
        }
    }

    /// What is retained: how many events, and how many bytes of memory they take.
    pub(crate) fn retained(&self) -> (usize, usize) {
        let mut retained = self.broker.retained();
        let ended = retained.expire(self.context.now());
        let held = retained.held();
        drop(retained);
        drop(ended);
        (held.events, held.bytes)
    }
}
