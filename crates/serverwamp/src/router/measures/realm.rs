//! The counters of one realm, or of all realms that have none of their own.

use super::durations::DurationCounts;
use super::statistics::RealmStatistics;
use super::uris::{MeasuredUris, UriMeasures};
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::message_kind::MessageKind;
use crate::base::statistics::Refusal;
use crate::transport::TrafficCounts;
use serverwamp_proto::uris::error;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// So many methods of authentication are counted on their own. No realm has as many, whatever configuration it had before.
const MOST_METHODS: usize = 32;

/// An enum of results with their names.
macro_rules! results {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $variant:ident $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub(crate) enum $name {
            $($(#[$of])* $variant,)+
        }

        impl $name {
            pub(super) const ALL: &[Self] = &[$(Self::$variant,)+];

            const COUNT: usize = Self::ALL.len();

            pub(super) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    };
}

results! {
    /// What became of a HELLO.
    JoinResult {
        Joined "joined",
        /// No realm and no template has the name, or it is no URI.
        NoSuchRealm "no_such_realm",
        /// Wrong credentials, or no method of authentication that both sides have.
        Denied "denied",
        /// Refused by a handler of the application, or because the realm has changed.
        Refused "refused",
        /// Not let in because of a limit: of sessions of one authid, or of realms of a template.
        Limited "limited",
        /// Authentication had too much to do, or failed.
        Unavailable "unavailable",
        TimedOut "timeout",
    }
}

results! {
    /// What became of the attempt to authenticate by one method.
    LoginResult {
        Accepted "accepted",
        Denied "denied",
        /// The authenticator could not do its work, or had no time.
        Failed "failed",
    }
}

impl JoinResult {
    /// Why somebody is not let in.
    pub(crate) fn not_let_in(refusal: Refusal, why: &WampError) -> Self {
        match (refusal, why.uri()) {
            (Refusal::SessionsOfAuthid | Refusal::RealmsOfTemplate, _) => Self::Limited,
            (Refusal::LoginsBusy, _) | (_, error::UNAVAILABLE | error::AUTHENTICATION_FAILED) => {
                Self::Unavailable
            }
            (
                _,
                error::AUTHENTICATION_DENIED
                | error::AUTHENTICATION_REQUIRED
                | error::NO_MATCHING_AUTH_METHOD
                | error::NO_SUCH_PRINCIPAL
                | error::NO_SUCH_ROLE,
            ) => Self::Denied,
            _ => Self::Refused,
        }
    }
}

/// What is counted for one realm.
#[derive(Debug)]
pub(crate) struct RealmMeasures {
    messages: [AtomicU64; MessageKind::COUNT],
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    events_without_room: AtomicU64,
    events_too_long: AtomicU64,
    events_unrepresentable: AtomicU64,
    joins: [AtomicU64; JoinResult::COUNT],
    logins: Mutex<BTreeMap<Box<str>, [u64; LoginResult::COUNT]>>,
    durations: DurationCounts,
    uris: MeasuredUris,
}

impl RealmMeasures {
    pub(super) fn new(uris: MeasuredUris) -> Self {
        Self {
            messages: [const { AtomicU64::new(0) }; MessageKind::COUNT],
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            events_without_room: AtomicU64::new(0),
            events_too_long: AtomicU64::new(0),
            events_unrepresentable: AtomicU64::new(0),
            joins: [const { AtomicU64::new(0) }; JoinResult::COUNT],
            logins: Mutex::default(),
            durations: DurationCounts::default(),
            uris,
        }
    }

    /// Adds what a connection has counted since the last time.
    pub(crate) fn add(&self, counts: &TrafficCounts) {
        let add = |counter: &AtomicU64, more: u64| {
            if more > 0 {
                counter.fetch_add(more, Ordering::Relaxed);
            }
        };
        for (counter, more) in self.messages.iter().zip(&counts.messages) {
            add(counter, *more);
        }
        add(&self.received_bytes, counts.received_bytes);
        add(&self.sent_bytes, counts.sent_bytes);
        add(&self.events_without_room, counts.events_without_room);
        add(&self.events_too_long, counts.events_too_long);
    }

    /// Counts events that their receivers' serializers cannot represent.
    pub(crate) fn unrepresentable(&self, events: usize) {
        self.events_unrepresentable.fetch_add(events as u64, Ordering::Relaxed);
    }

    /// Counts what became of a HELLO.
    pub(crate) fn joined(&self, result: JoinResult) {
        self.joins[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an attempt to authenticate by this method, whose name the realm knows.
    pub(crate) fn logged_in(&self, method: &str, result: LoginResult) {
        let mut logins = self.logins();
        let full = logins.len() >= MOST_METHODS && !logins.contains_key(method);
        let method = if full { RealmStatistics::OTHERS } else { method };
        match logins.get_mut(method) {
            Some(counts) => counts[result as usize] += 1,
            None => {
                let mut counts = [0; LoginResult::COUNT];
                counts[result as usize] = 1;
                logins.insert(method.into(), counts);
            }
        }
    }

    /// Writes down how long a call took.
    #[cold]
    pub(crate) fn took(&self, time: Duration, uri: Option<&UriMeasures>) {
        self.durations.add(time);
        if let Some(uri) = uri {
            uri.took(time);
        }
    }

    /// Returns whether any URI is counted on its own.
    pub(crate) fn measures_uris(&self) -> bool {
        self.uris.are_wanted()
    }

    /// The counts of what was registered or subscribed to as this, if the operator has named it.
    pub(crate) fn uri(&self, uri: &str) -> Option<Arc<UriMeasures>> {
        if self.uris.are_wanted() { self.uris.of(uri) } else { None }
    }

    fn logins(&self) -> MutexGuard<'_, BTreeMap<Box<str>, [u64; LoginResult::COUNT]>> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills in what is counted here.
    pub(super) fn read(&self, into: &mut RealmStatistics) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        for (kind, counter) in MessageKind::ALL.iter().zip(&self.messages) {
            into.counts[*kind as usize] = read(counter);
        }
        into.received_bytes = read(&self.received_bytes);
        into.sent_bytes = read(&self.sent_bytes);
        into.dropped = [
            ("queue_full", read(&self.events_without_room)),
            ("too_long", read(&self.events_too_long)),
            ("unrepresentable", read(&self.events_unrepresentable)),
        ];
        into.joins = JoinResult::ALL
            .iter()
            .map(|result| (result.name(), read(&self.joins[*result as usize])))
            .collect();
        for (method, counts) in self.logins().iter() {
            let named = |result: &LoginResult| (method.to_string(), result.name(), counts[*result as usize]);
            into.logins.extend(LoginResult::ALL.iter().map(named));
        }
        into.call_durations = self.durations.read();
        into.uris = self.uris.read();
    }
}
