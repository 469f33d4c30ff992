//! Snapshots of what is counted, as applications read them.

use super::durations::CallDurations;
use crate::base::message_kind::{MessageDirection, MessageKind};
use std::collections::BTreeMap;
use std::fmt;

/// A snapshot of what was counted for one realm, or for several that have their counters in common.
///
/// ```
/// use serverwamp::{Application, Realm};
///
/// let app = Application::builder().realm(Realm::new("realm1").allow_anonymous("guest")).build()?;
/// let realms = app.statistics_by_realm();
/// let realm1 = realms.iter().find(|one| one.realm == "realm1").expect("it was added above");
/// assert_eq!(realm1.sessions, 0);
/// assert_eq!(realm1.calls().map(|(_, calls)| calls).sum::<u64>(), 0);
/// # Ok::<(), serverwamp::ConfigError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct RealmStatistics {
    /// The realm's name; [`OTHERS`](Self::OTHERS) for all realms beyond [`Metrics::most_realms`](crate::Metrics::most_realms) and a realm
    /// of that name; empty for connections that named no realm that there is.
    pub realm: String,
    /// Sessions that are open.
    pub sessions: usize,
    /// Registrations: procedures and patterns that a client or the application serves, regular expressions excepted.
    pub registrations: usize,
    /// Subscriptions: topics and patterns that somebody is subscribed to, or whose history is kept.
    pub subscriptions: usize,
    /// Bytes that wait to be written to the sessions.
    pub send_queue_bytes: usize,
    /// Sessions that are slow now, as [`Refusal::SlowReceivers`](crate::Refusal::SlowReceivers) says.
    pub slow_sessions: usize,
    /// Bytes that connections have read, as they were before decompression and after TLS.
    pub received_bytes: u64,
    /// Bytes that connections have written, as they were after compression and before TLS.
    pub sent_bytes: u64,
    /// How long calls of sessions took.
    pub call_durations: CallDurations,
    /// Procedures and topics that are counted on their own, sorted.
    pub uris: Vec<UriStatistics>,
    pub(super) counts: [u64; MessageKind::COUNT],
    pub(super) dropped: [(&'static str, u64); 3],
    pub(super) joins: Vec<(&'static str, u64)>,
    pub(super) logins: Vec<(String, &'static str, u64)>,
}

impl RealmStatistics {
    /// The name under which everything is counted that has no counters of its own.
    pub const OTHERS: &str = "other";

    pub(super) fn new(realm: String) -> Self {
        Self {
            realm,
            sessions: 0,
            registrations: 0,
            subscriptions: 0,
            send_queue_bytes: 0,
            slow_sessions: 0,
            received_bytes: 0,
            sent_bytes: 0,
            call_durations: CallDurations::default(),
            uris: Vec::new(),
            counts: [0; MessageKind::COUNT],
            dropped: [("", 0); 3],
            joins: Vec::new(),
            logins: Vec::new(),
        }
    }

    /// Messages by their direction and the name that the specification gives them. What is sent is counted when it is queued.
    pub fn messages(&self) -> impl Iterator<Item = (MessageDirection, &'static str, u64)> + '_ {
        let mut messages = BTreeMap::<_, u64>::new();
        for kind in MessageKind::ALL.iter().filter(|kind| !kind.message().1.is_empty()) {
            *messages.entry(kind.message()).or_default() += self.counts[*kind as usize];
        }
        messages.into_iter().map(|((direction, name), count)| (direction, name, count))
    }

    /// Calls of sessions that were answered, by their outcome: `result`, `error` (of whoever served it), `no_such_procedure`,
    /// `not_authorized`, `canceled`, `timeout`, `unavailable` (a limit, or no callee has time), `undeliverable` (the answer did not
    /// fit).
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let kinds = MessageKind::ALL.iter();
        kinds.filter_map(|kind| Some((kind.outcome()?, self.counts[*kind as usize])))
    }

    /// Events that were queued for sessions. Of these some may have been dropped to make room, where
    /// [`Overflow::DropOldestEvent`](crate::Overflow::DropOldestEvent) allows that.
    pub const fn events_delivered(&self) -> u64 {
        self.counts[MessageKind::Event as usize]
    }

    /// Events that a subscriber did not receive, by the reason: `queue_full`, `too_long`, `unrepresentable`.
    pub fn events_dropped(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.dropped.iter().copied()
    }

    /// HELLOs by what became of them: `joined`, `no_such_realm`, `denied`, `refused`, `limited`, `unavailable`, `timeout`.
    pub fn joins(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.joins.iter().copied()
    }

    /// Attempts to authenticate by their method and by what became of them: `accepted`, `denied`, `failed`.
    pub fn logins(&self) -> impl Iterator<Item = (&str, &'static str, u64)> + '_ {
        self.logins.iter().map(|(method, result, count)| (method.as_str(), *result, *count))
    }
}

/// What is not zero.
impl fmt::Debug for RealmStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages: Vec<_> = self.messages().filter(|(_, _, count)| *count > 0).collect();
        f.debug_struct("RealmStatistics")
            .field("realm", &self.realm)
            .field("sessions", &self.sessions)
            .field("registrations", &self.registrations)
            .field("subscriptions", &self.subscriptions)
            .field("messages", &messages)
            .finish_non_exhaustive()
    }
}

/// A snapshot of what was counted for one URI that [`Metrics::uris`](crate::Metrics::uris) names.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UriStatistics {
    /// What was registered or subscribed to; [`OTHERS`](Self::OTHERS) for all beyond
    /// [`Metrics::most_uris`](crate::Metrics::most_uris).
    pub uri: String,
    /// Calls that were answered with a result.
    pub results: u64,
    /// Calls that were answered with an error, or stopped.
    pub errors: u64,
    /// Events that were queued for subscribers.
    pub events_delivered: u64,
    /// How long calls took.
    pub call_durations: CallDurations,
}

impl UriStatistics {
    /// The name under which all URIs are counted that have no counters of their own.
    pub const OTHERS: &str = RealmStatistics::OTHERS;
}
