//! Reading all counters, while everybody goes on counting.
//!
//! Invariant: no lock is held for longer than it takes to make a list of [`AT_ONCE`] sessions or realms.

use super::realm::RealmMeasures;
use super::statistics::RealmStatistics;
use crate::router::realm::{RealmRegistry, RunningRealm};
use crate::router::session::RouterSession;
use crate::rt::{Runtime, next_turn};
use futures_util::FutureExt as _;
use hashbrown::HashMap;
use serverwamp_proto::id::SessionId;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

/// So many sessions or realms are put on a list behind one lock: a few microseconds.
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
    read(realms, None).now_or_never().expect("nothing is waited for without a runtime")
}

/// The same in many turns on this runtime, so that others are served meanwhile.
pub(crate) async fn read_in_turns(realms: &RealmRegistry, runtime: &dyn Runtime) -> Vec<RealmStatistics> {
    read(realms, Some(runtime)).await
}

/// Counters are told apart by their addresses.
fn address(measures: &Arc<RealmMeasures>) -> usize {
    Arc::as_ptr(measures).addr()
}

async fn read(realms: &RealmRegistry, runtime: Option<&dyn Runtime>) -> Vec<RealmStatistics> {
    let mut present = HashMap::<usize, Present>::new();
    let mut last: Option<Arc<str>> = None;
    loop {
        let some = realms.some_after(last.as_deref(), AT_ONCE);
        for realm in &some {
            look(realm, present.entry(address(&realm.context.measures)).or_default(), runtime).await;
        }
        match some.last() {
            Some(realm) => last = Some(Arc::clone(realm.name())),
            None => break,
        }
    }
    let all = realms.shared.measures.all().into_iter().map(|(name, measures)| {
        let mut statistics = RealmStatistics::new(name);
        measures.read(&mut statistics);
        if let Some(present) = present.get(&address(&measures)) {
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
async fn look(realm: &RunningRealm, present: &mut Present, runtime: Option<&dyn Runtime>) {
    (present.registrations, present.subscriptions) = {
        let changes = realm.changes();
        (
            present.registrations + changes.registrations.len(),
            present.subscriptions + changes.subscriptions.len(),
        )
    };
    let measures = &realm.context.measures;
    let mut last = None;
    loop {
        let some = some_behind(realm, last);
        // One that has left meanwhile has handed over everything, and does so no second time.
        for session in &some {
            let outbox = session.outbox();
            outbox.hand_over(|counts| measures.add(counts));
            present.send_queue_bytes += outbox.queued();
            present.slow_sessions += usize::from(outbox.is_slow());
        }
        present.sessions += some.len();
        match some.last() {
            Some(session) => last = Some(session.id()),
            None => return,
        }
        if let Some(runtime) = runtime {
            next_turn(runtime).await;
        }
    }
}

fn some_behind(realm: &RunningRealm, last: Option<SessionId>) -> Vec<Arc<RouterSession>> {
    let behind = (last.map_or(Unbounded, Excluded), Unbounded);
    let sessions = realm.sessions_by_id();
    sessions.range(behind).take(AT_ONCE).map(|(_, session)| Arc::clone(session)).collect()
}
