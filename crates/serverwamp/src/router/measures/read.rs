//! Reading all counters, while everybody goes on counting.
//!
//! Invariant: no lock is held for more than [`AT_ONCE`] sessions or realms, and none of a connection while it has something to do.

use super::realm::RealmMeasures;
use super::statistics::RealmStatistics;
use crate::router::realm::{RealmRegistry, RunningRealm};
use hashbrown::HashMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

/// So many sessions or realms are looked at behind one lock: some 20 microseconds.
const AT_ONCE: usize = 64;

/// What there is now, for one set of counters.
#[derive(Default)]
struct Present {
    sessions: usize,
    registrations: usize,
    subscriptions: usize,
    send_queue_bytes: usize,
    slow_sessions: usize,
}

/// A snapshot of everything that is counted, in the order of the names.
pub(crate) fn read_all(realms: &RealmRegistry) -> Vec<RealmStatistics> {
    let mut present = HashMap::<*const RealmMeasures, Present>::new();
    let mut last: Option<Arc<str>> = None;
    loop {
        let some = realms.some_after(last.as_deref(), AT_ONCE);
        for realm in &some {
            look(realm, present.entry(Arc::as_ptr(&realm.context.measures)).or_default());
        }
        match some.last() {
            Some(realm) => last = Some(Arc::clone(realm.name())),
            None => break,
        }
    }
    let all = realms.shared.measures.all().into_iter().map(|(name, measures)| {
        let mut statistics = RealmStatistics::new(name);
        measures.read(&mut statistics);
        if let Some(present) = present.get(&Arc::as_ptr(&measures)) {
            statistics.sessions = present.sessions;
            statistics.registrations = present.registrations;
            statistics.subscriptions = present.subscriptions;
            statistics.send_queue_bytes = present.send_queue_bytes;
            statistics.slow_sessions = present.slow_sessions;
        }
        statistics
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by(|one, other| one.realm.cmp(&other.realm));
    all
}

/// Adds what is in a realm, and has its connections hand over what they have counted.
fn look(realm: &RunningRealm, present: &mut Present) {
    let changes = realm.changes();
    present.registrations += changes.registrations.len();
    present.subscriptions += changes.subscriptions.len();
    drop(changes);
    let measures = &realm.context.measures;
    let mut last = None;
    loop {
        let sessions = realm.sessions_by_id();
        let mut seen = 0;
        for (id, session) in sessions.range((last.map_or(Unbounded, Excluded), Unbounded)).take(AT_ONCE) {
            let outbox = session.outbox();
            outbox.hand_over(|counts| measures.add(counts));
            present.send_queue_bytes += outbox.queued();
            present.slow_sessions += usize::from(outbox.is_slow());
            last = Some(*id);
            seen += 1;
        }
        drop(sessions);
        present.sessions += seen;
        if seen < AT_ONCE {
            return;
        }
    }
}
