//! Retained events: which are kept, for how long and for whom, and their way to those who have subscribed later.
//!
//! A few are queued at once. Of many, some at a time are, as the subscriber takes them: how far it has come stands in the
//! subscription, under the lock under which its events are queued. So what is retained of a topic comes behind
//! SUBSCRIBED and before anything newer of that topic (checklist RET-04, ORD-02), and nothing comes behind UNSUBSCRIBED.

use super::publish::Outgoing;
use super::subscription::Subscribers;
use super::{Broker, StoredEvent, SubscriptionEntry, retained_limits};
use crate::base::limits::Limits;
use crate::base::statistics::Refusal;
use crate::router::realm::{RealmConfig, TopicSettings};
use crate::router::session::RouterSession;
use crate::rt::{NEVER, wall_clock};
use crate::transport::charge_events;
use crate::{Overflow, WampError};
use serverwamp_proto::broker::{Advance, Beyond, RetainedRemoval, Retention};
use serverwamp_proto::message::Receivers;
use serverwamp_proto::pattern::UriPattern;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

/// So many events are looked at where a SUBSCRIBE is answered, and so many bytes are queued there: what most subscribers
/// get by one message of theirs costs no more than a few events.
const FEW: usize = 64;
const FEW_BYTES: usize = 64 * 1024;

/// And later in each turn of the subscriber's connection, with so many events looked at.
const LOOKS: usize = 256;

/// Of so many topics and events some are removed at once: a few tenths of a millisecond.
const REMOVED: usize = 256;

/// Where events may be lost, a subscriber that does not read gets no more of what is retained once so many events had to come
/// ahead of their turn: each of them has to be remembered, for as long as it does not read.
const MOST_AHEAD: usize = 1024;

impl Broker {
    /// Keeps the event for later subscribers; before it is delivered, so whoever subscribes meanwhile gets it at least
    /// once (checklist RET-02, RET-07).
    ///
    /// # Errors
    /// When nothing more may be retained; it is counted.
    pub(super) fn retain(&self, config: &RealmConfig, outgoing: &Outgoing<'_>) -> Result<(), WampError> {
        let numbered = config.topic_settings.numbered(outgoing.topic);
        let settings = numbered.map(|(_, settings)| settings);
        let restricted = outgoing.receivers.is_some_and(Receivers::restricts);
        let payload = outgoing.payload.source();
        let is_empty = !payload.has_args() && !payload.has_kwargs();
        if is_empty && !restricted && settings.is_some_and(|settings| settings.clear_retained) {
            self.remove_retained(&UriPattern::exact(outgoing.topic));
            return Ok(());
        }
        let now = self.context.now();
        let event = Arc::new(StoredEvent::new(outgoing, wall_clock()));
        let age = settings
            .and_then(|settings| settings.retain_for)
            .unwrap_or_else(|| self.context.limits().retained_age);
        let retention = Retention {
            topic: Arc::clone(&event.topic),
            restricted,
            publisher: outgoing.session.map(RouterSession::id),
            group: numbered.and_then(|(number, settings)| Some((number, settings.retain_limit?))),
            now,
            until: if age < NEVER { now.checked_add(age) } else { None },
        };
        // In a statement of its own: what is dropped is dropped when nobody waits for it.
        let kept = self.retained().retain(event, &retention);
        kept.map(drop).map_err(|beyond| self.not_retained(beyond, outgoing.session, settings))
    }

    /// Retains no more than these limits say from now on. What is retained stays.
    pub(crate) fn limit_retained(&self, limits: &Limits) {
        self.retained().limit(retained_limits(limits));
    }

    fn not_retained(
        &self,
        beyond: Beyond,
        session: Option<&RouterSession>,
        settings: Option<&TopicSettings>,
    ) -> WampError {
        let limits = self.context.limits();
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
        let text = format!(
            "no more events of {whose} can be retained: the limit is {events} events and {bytes} bytes"
        );
        // Testaments are published under a lock.
        match session {
            Some(session) => self.context.counters.refused_under_lock(refusal, session, &text),
            None => self.context.counters.refused_under_lock(refusal, None::<SocketAddr>, &text),
        }
        WampError::unavailable(text)
    }

    /// Removes what is retained of all topics that match, and says how many events that were. Whoever needs the retained
    /// events meanwhile waits for some of them and not for all.
    pub(crate) fn remove_retained(&self, pattern: &UriPattern) -> usize {
        let mut removal = self.retained_removal(pattern);
        let mut removed = 0;
        while !removal.is_complete() {
            removed += self.remove_some_retained(&mut removal);
        }
        removed
    }

    /// Begins to remove what is retained of all topics that match.
    pub(crate) fn retained_removal(&self, pattern: &UriPattern) -> RetainedRemoval {
        self.retained().removal(pattern)
    }

    /// Removes some of it, and says how many events that were.
    pub(crate) fn remove_some_retained(&self, removal: &mut RetainedRemoval) -> usize {
        // In a statement of its own: what is dropped is dropped when nobody waits for it.
        let removed = self.retained().remove_some(removal, REMOVED);
        removed.len()
    }

    /// Queues what a new subscriber would have received, or notes that it has yet to get it (checklist RET-04, RET-06,
    /// RET-09); nothing of it comes before SUBSCRIBED, as the members are locked.
    pub(super) fn send_retained(
        &self,
        session: &RouterSession,
        entry: &Arc<SubscriptionEntry>,
        members: &mut Subscribers,
    ) {
        if self.give_retained(entry, members, session, self.context.now()) {
            session.wants_retained(entry);
        }
    }

    /// Queues more of what the session has yet to get, as far as it has room and a turn allows.
    pub(crate) fn catch_up(&self, session: &RouterSession) {
        // A subscription that is complete, or no longer wanted, costs a look.
        const MOST: usize = 16;
        for _ in 0..MOST {
            let Some(entry) = session.retained_wanted() else { return };
            match self.catch_up_with(&entry, session, self.context.now()) {
                CaughtUp::Wholly => {}
                CaughtUp::Partly => return,
            }
        }
    }

    /// Gives a session that is in the subscription what is retained, or as much of it as can be queued at once; whether
    /// [`catch_up`](Self::catch_up) has to give it the rest.
    fn give_retained(
        &self,
        entry: &SubscriptionEntry,
        members: &mut Subscribers,
        session: &RouterSession,
        now: Instant,
    ) -> bool {
        let few = session.outbox().has_room().then(|| self.few_retained(entry, session, now)).flatten();
        members.caught_up(session.id());
        match few {
            Some(few) => {
                few.iter().for_each(|event| send(entry, session, event));
                charge_events(few.len());
                false
            }
            None => {
                let cursor = self.retained().cursor(&entry.pattern);
                members.behind.get_or_insert_default().insert(session.id(), cursor);
                true
            }
        }
    }

    fn few_retained(
        &self,
        entry: &SubscriptionEntry,
        session: &RouterSession,
        now: Instant,
    ) -> Option<Vec<Arc<StoredEvent>>> {
        let retained = self.retained();
        let latest = retained.latest_of_few(&entry.pattern, FEW, now, |event| event.was_for(session))?;
        let bytes: usize = latest.iter().map(|event| event.payload.size()).sum();
        // One event is never too much.
        (latest.len() == 1 || bytes <= FEW_BYTES).then(|| latest.into_iter().map(Arc::clone).collect())
    }

    /// Goes on with one subscription, as far as there is room and a turn allows.
    fn catch_up_with(
        &self,
        entry: &Arc<SubscriptionEntry>,
        session: &RouterSession,
        now: Instant,
    ) -> CaughtUp {
        let mut members = entry.members();
        let (mut looks, mut events, mut bytes) = (LOOKS, 0, 0);
        while events < FEW && bytes < FEW_BYTES && session.outbox().has_room() {
            let Some(cursor) = members.behind.as_mut().and_then(|behind| behind.get_mut(&session.id()))
            else {
                session.has_retained(entry);
                return CaughtUp::Wholly;
            };
            let retained = self.retained();
            let next = retained.advance(cursor, &mut looks, now, |event| event.was_for(session));
            let event = match next {
                Advance::Event(event) => Arc::clone(event),
                Advance::More => break,
                Advance::Done => {
                    drop(retained);
                    members.caught_up(session.id());
                    session.has_retained(entry);
                    charge_events(events);
                    return CaughtUp::Wholly;
                }
            };
            drop(retained);
            events += 1;
            bytes += event.payload.size();
            send(entry, session, &event);
        }
        charge_events(events);
        CaughtUp::Partly
    }

    /// Gives those who have not got what is retained of `topic` that event now, because a newer one comes.
    pub(super) fn give_ahead(
        &self,
        entry: &SubscriptionEntry,
        members: &mut Subscribers,
        topic: &str,
        reaches: impl Fn(&RouterSession) -> bool,
    ) {
        let Subscribers { sessions, behind, .. } = &mut *members;
        let mut given_up = Vec::new();
        for (id, cursor) in behind.iter_mut().flat_map(|behind| behind.iter_mut()) {
            let Some(session) = sessions.get(*id).filter(|session| reaches(session)) else { continue };
            let retained = self.retained();
            let event = retained.take_ahead(cursor, topic, |event| event.was_for(session)).cloned();
            drop(retained);
            if let Some(event) = event {
                send(entry, session, &event);
            }
            let loses = session.limits().overflow != Overflow::CloseSession;
            if loses && cursor.taken_ahead() >= MOST_AHEAD && !session.outbox().has_room() {
                let why = "the subscriber does not read and gets no more retained events";
                self.context.counters.refused_under_lock(Refusal::EventsLost, session, why);
                given_up.push(*id);
            }
        }
        given_up.into_iter().for_each(|id| members.caught_up(id));
    }

    /// The same for one session.
    pub(super) fn give_ahead_to(
        &self,
        entry: &SubscriptionEntry,
        members: &mut Subscribers,
        topic: &str,
        session: &RouterSession,
    ) {
        if members.behind.is_some() {
            self.give_ahead(entry, members, topic, |other| other.id() == session.id());
        }
    }

    /// The number of retained events, and the bytes of memory they take.
    pub(crate) fn count_retained(&self) -> (usize, usize) {
        let mut retained = self.retained();
        let ended = retained.expire(self.context.now());
        let held = retained.held();
        drop(retained);
        drop(ended);
        (held.events, held.bytes)
    }
}

/// Whether a subscriber has all that was retained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum CaughtUp {
    Wholly,
    Partly,
}

fn send(entry: &SubscriptionEntry, session: &RouterSession, event: &StoredEvent) {
    let mut bytes = Vec::new();
    if event.encode_retained(session, entry.id, entry.is_pattern(), &mut bytes).is_some() {
        // One that does not fit is counted where it is lost.
        let _queued = session.queue_event(&bytes);
    } else {
        let why = format_args!("its serializer cannot represent a retained event of {}", event.topic);
        let context = &session.running_realm().context;
        context.counters.refused_under_lock(Refusal::Unrepresentable, session, why);
        context.measures.unrepresentable(1);
    }
}
