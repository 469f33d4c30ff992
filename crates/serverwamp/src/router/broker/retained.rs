//! Retained events on their way to those who have subscribed later.
//!
//! A few are queued at once. Of many, some at a time are, as the subscriber takes them: how far it has come stands in the
//! subscription, under the lock under which its events are queued. So what is retained of a topic comes behind
//! SUBSCRIBED and before anything newer of that topic (checklist RET-04, ORD-02), and nothing comes behind UNSUBSCRIBED.

use super::subscription::Subscribers;
use super::{Broker, StoredEvent, SubscriptionEntry};
use crate::Session;
use crate::base::statistics::Refusal;
use crate::transport::charge_events;
use serverwamp_proto::broker::Advance;
use std::sync::Arc;
use std::time::Instant;

/// So many topics are looked at where a SUBSCRIBE is answered, and so many bytes are queued there: what most subscribers
/// get by one message of theirs costs no more than a few events.
const FEW: usize = 64;
const FEW_BYTES: usize = 64 * 1024;

/// And later in each turn of the subscriber's connection, with so many events looked at.
const LOOKS: usize = 512;

impl Broker {
    /// Gives a session that is in the subscription what is retained, or as much of it as can be queued at once; whether
    /// [`catch_up`](Self::catch_up) has to give it the rest.
    pub(crate) fn give_retained(
        &self,
        entry: &SubscriptionEntry,
        members: &mut Subscribers,
        session: &Session,
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
        session: &Session,
        now: Instant,
    ) -> Option<Vec<Arc<StoredEvent>>> {
        let retained = self.retained();
        let latest = retained.latest_of_few(&entry.pattern, FEW, now, |event| event.was_for(session))?;
        let bytes: usize = latest.iter().map(|event| event.payload.size()).sum();
        // One event is never too much.
        (latest.len() == 1 || bytes <= FEW_BYTES).then(|| latest.into_iter().map(Arc::clone).collect())
    }

    /// Goes on with that, as far as there is room and a turn allows.
    pub(crate) fn catch_up(
        &self,
        entry: &Arc<SubscriptionEntry>,
        session: &Session,
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
        reaches: impl Fn(&Session) -> bool,
    ) {
        let Subscribers { sessions, behind, .. } = members;
        for (id, cursor) in behind.iter_mut().flat_map(|behind| behind.iter_mut()) {
            let Some(session) = sessions.get(*id).filter(|session| reaches(session)) else { continue };
            let retained = self.retained();
            let event = retained.take_ahead(cursor, topic, |event| event.was_for(session)).cloned();
            drop(retained);
            if let Some(event) = event {
                send(entry, session, &event);
            }
        }
    }

    /// The same for one session.
    pub(crate) fn give_ahead_to(
        &self,
        entry: &SubscriptionEntry,
        members: &mut Subscribers,
        topic: &str,
        session: &Session,
    ) {
        if members.behind.is_some() {
            self.give_ahead(entry, members, topic, |other| other.id() == session.id());
        }
    }
}

/// Whether a subscriber has all that was retained.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CaughtUp {
    Wholly,
    Partly,
}

fn send(entry: &SubscriptionEntry, session: &Session, event: &StoredEvent) {
    let mut bytes = Vec::new();
    if event.encode_retained(session, entry.id, entry.is_pattern(), &mut bytes).is_some() {
        // One that does not fit is counted where it is lost.
        let _queued = session.send_event_frame(&bytes);
    } else {
        let why = format_args!("a retained event of {} cannot be said in its serializer", event.topic);
        session.running_realm().context.counters.refused_under_lock(Refusal::Unrepresentable, session, why);
    }
}
