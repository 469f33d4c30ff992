//! Counters of what an application has accepted, refused and ended.
//!
//! Invariant: counting is one relaxed addition, and nothing but a refusal, a question to an authorizer, or the beginning and
//! end of a connection or of a session, is counted here.

use crate::base::log::{Whose, line, line_later};
use crate::base::statistics::{Refusal, Statistics};
use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// The counters of an application.
#[derive(Debug)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    sessions: AtomicUsize,
    established: AtomicU64,
    authorizers_asked: AtomicU64,
    decisions_reused: AtomicU64,
    refused: [AtomicU64; Refusal::COUNT],
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            accepted: AtomicU64::new(0),
            sessions: AtomicUsize::new(0),
            established: AtomicU64::new(0),
            authorizers_asked: AtomicU64::new(0),
            decisions_reused: AtomicU64::new(0),
            refused: [const { AtomicU64::new(0) }; Refusal::COUNT],
        }
    }
}

impl Counters {
    /// Counts a refusal, and logs `why` it was made. Not to be used under a lock.
    pub(crate) fn refused(&self, refusal: Refusal, whose: impl Into<Whose>, why: impl fmt::Display) {
        self.refused_times(refusal, 1, whose, why);
    }

    /// Counts several, and logs `why` in one line. Not to be used under a lock.
    pub(crate) fn refused_times(
        &self,
        refusal: Refusal,
        times: u64,
        whose: impl Into<Whose>,
        why: impl fmt::Display,
    ) {
        self.count(refusal, times);
        if tracing::enabled!(target: "serverwamp::refused", tracing::Level::WARN) {
            let Whose { peer, session } = whose.into();
            line!(@ WARN, "refused", refusal.line(), "refused", reason = refusal, why = why; peer = peer, session = session);
        }
    }

    /// The same where a lock is held: the line comes later.
    pub(crate) fn refused_under_lock(
        &self,
        refusal: Refusal,
        whose: impl Into<Whose>,
        why: impl fmt::Display,
    ) {
        self.count(refusal, 1);
        if tracing::enabled!(target: "serverwamp::refused", tracing::Level::WARN) {
            let Whose { peer, session } = whose.into();
            line_later!(@ WARN, "refused", refusal.line(), "refused", reason = refusal, why = why; peer = peer, session = session);
        }
    }

    /// Counts without a word, for what has a line of its own in the log.
    pub(crate) fn count(&self, refusal: Refusal, times: u64) {
        if let Some(counter) = self.refused.get(refusal as usize) {
            counter.fetch_add(times, Ordering::Relaxed);
        }
    }

    /// Counts a connection that was let in.
    pub(crate) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a session that begins.
    pub(crate) fn session_began(&self) {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        self.established.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a session that ends.
    pub(crate) fn session_ended(&self) {
        self.sessions.fetch_sub(1, Ordering::Relaxed);
    }

    /// Counts a question to an authorizer.
    pub(crate) fn authorizer_asked(&self) {
        self.authorizers_asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a request that needed no question, because the decision is kept.
    pub(crate) fn decision_reused(&self) {
        self.decisions_reused.fetch_add(1, Ordering::Relaxed);
    }

    /// A copy, with `connections` that are open and `calls_in_flight`, and with nothing borrowed.
    pub(crate) fn snapshot(&self, connections: usize, calls_in_flight: usize) -> Statistics {
        let mut refused = [0; Refusal::COUNT];
        for (copy, counter) in refused.iter_mut().zip(&self.refused) {
            *copy = counter.load(Ordering::Relaxed);
        }
        Statistics {
            connections,
            connections_accepted: self.accepted.load(Ordering::Relaxed),
            sessions: self.sessions.load(Ordering::Relaxed),
            sessions_established: self.established.load(Ordering::Relaxed),
            calls_in_flight,
            authorizers_asked: self.authorizers_asked.load(Ordering::Relaxed),
            decisions_reused: self.decisions_reused.load(Ordering::Relaxed),
            borrowed_bytes: 0,
            borrowed_bytes_most: 0,
            refused,
        }
    }
}
