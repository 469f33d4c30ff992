//! The permits of calls that wait: each session's call takes one before it is entered among its session's, and gives it back
//! when it has left them.
//!
//! All realms share [`Limits::calls_in_flight_in_all`](crate::Limits::calls_in_flight_in_all). A realm that finds no permit
//! takes that of another realm's call, which ends, if that realm holds more than its share. Invariant: no more permits are
//! out than there are, also when many are taken at the same moment, and no realm is given one beyond its share while another
//! one wants some.
//!
//! Every thread counts calls of every realm, so threads take permits in blocks (`spare_permits.rs`) while there are
//! plenty. Before a call is refused, what threads have left of their blocks is given back, and the call looks once more: none is
//! refused while there is a permit.

use super::RunningRealm;
use super::spare_permits::{BLOCK, SparePermits};
use crate::WampError;
use crate::base::limits::Limits;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::statistics::Refusal;
use crate::router::session::RouterSession;
use serverwamp_proto::dealer::{FairShare, NoPlace, Wants};
use serverwamp_proto::id::SessionId;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};
use std::time::Instant;

/// The number of sessions examined under the lock of a realm's sessions, in search of the one with the most calls.
const LOOKED_AT: usize = 1024;

/// The most repetitions for one call.
const LOOKS: usize = 8;

/// How often the permit of another realm's call is taken, where somebody else is faster.
const TRIES: usize = 4;

/// The permits of all realms.
#[derive(Debug)]
pub(crate) struct CallPermits {
    taken: AtomicUsize,
    places: AtomicUsize,
    /// Whether threads may have some of their blocks left.
    some_spare: AtomicBool,
    /// Which realms found none lately.
    wants: Mutex<Wants<Arc<str>>>,
    realms: Mutex<Vec<Weak<RunningRealm>>>,
}

impl CallPermits {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            places: AtomicUsize::new(limits.calls_in_flight_in_all),
            some_spare: AtomicBool::new(false),
            wants: Mutex::default(),
            realms: Mutex::default(),
        }
    }

    /// Gives out no more than these limits say from now on. Calls that wait keep theirs.
    pub(crate) fn limit(&self, limits: &Limits) {
        self.places.store(limits.calls_in_flight_in_all, Ordering::Relaxed);
    }

    /// This realm shares the permits from now on, and for as long as there is it.
    pub(super) fn share_with(&self, realm: &Arc<RunningRealm>) {
        let mut realms = self.realms();
        if realms.len() == realms.capacity() {
            realms.retain(|realm| realm.strong_count() > 0);
        }
        realms.push(Arc::downgrade(realm));
    }

    fn realms(&self) -> MutexGuard<'_, Vec<Weak<RunningRealm>>> {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of calls that wait for their answers.
    pub(crate) fn taken(&self) -> usize {
        let spare: usize = self.living_realms().map(|realm| realm.context.permits.spare.count()).sum();
        self.taken.load(Ordering::Relaxed).saturating_sub(spare)
    }

    /// Gives back what threads of all realms have left of their blocks.
    fn collect_spare(&self) {
        // Whoever keeps one after this says so again.
        if self.some_spare.swap(false, Ordering::SeqCst) {
            for realm in self.living_realms() {
                let permits = &realm.context.permits;
                permits.release(permits.spare.take_all());
            }
        }
    }

    /// The realms that share the permits. One may come to its end with what is looked at here, so the list is not locked meanwhile.
    fn living_realms(&self) -> impl Iterator<Item = Arc<RunningRealm>> + use<> {
        let realms = self.realms().clone();
        realms.into_iter().filter_map(|realm| realm.upgrade())
    }

    fn wants(&self) -> MutexGuard<'_, Wants<Arc<str>>> {
        self.wants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that one realm holds.
#[derive(Debug)]
pub(crate) struct RealmPermits {
    all: Arc<CallPermits>,
    realm: Arc<str>,
    /// The number of calls in its share.
    share: AtomicUsize,
    /// Those of its calls, and those that threads have left of their blocks.
    held: AtomicUsize,
    spare: SparePermits,
    /// The session that was looked at last for the one with the most calls.
    looked_at: Mutex<Option<SessionId>>,
}

impl RealmPermits {
    pub(super) fn new(all: &Arc<CallPermits>, realm: &Arc<str>, limits: &Limits) -> Self {
        let (all, realm) = (Arc::clone(all), Arc::clone(realm));
        let share = AtomicUsize::new(limits.realm_share().share());
        Self {
            all,
            realm,
            share,
            held: AtomicUsize::new(0),
            spare: SparePermits::default(),
            looked_at: Mutex::default(),
        }
    }

    /// The share of the realm is what these limits say from now on.
    pub(super) fn limit(&self, limits: &Limits) {
        self.share.store(limits.realm_share().share(), Ordering::Relaxed);
    }

    /// All places, and the share of this realm.
    fn share(&self) -> FairShare {
        FairShare::new(self.all.places.load(Ordering::Relaxed), self.share.load(Ordering::Relaxed))
    }

    /// Takes a permit that is free. `now` is asked for the time only by a realm with a share, or where none is free.
    #[inline]
    fn take(&self, now: impl Fn() -> Instant) -> Result<(), NoPlace> {
        if self.take_spare() || (self.are_plenty() && self.take_block()) {
            return Ok(());
        }
        self.take_one(&now).or_else(|_| {
            self.all.collect_spare();
            let taken = self.take_one(&now);
            if taken.is_err() {
                self.all.wants().note(Arc::clone(&self.realm), now());
            }
            taken
        })
    }

    /// Takes a permit that this thread has left, while there are plenty.
    #[inline]
    pub(crate) fn take_spare(&self) -> bool {
        self.are_plenty() && self.spare.take()
    }

    fn take_one(&self, now: &impl Fn() -> Instant) -> Result<(), NoPlace> {
        let fair = self.share();
        let (share, places) = (fair.share(), fair.places());
        let more = |held: usize| (held < share || !self.another_wants(now())).then_some(held + 1);
        if self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Err(NoPlace::BeyondShare);
        }
        let more = |taken: usize| (taken < places).then_some(taken + 1);
        if self.all.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            self.held.fetch_sub(1, Ordering::Relaxed);
            return Err(NoPlace::Full);
        }
        Ok(())
    }

    /// Whether less than half of all permits are out, and of the realm's share: then nobody wants any, and threads take blocks.
    #[inline]
    fn are_plenty(&self) -> bool {
        let fair = self.share();
        self.held.load(Ordering::Relaxed) < fair.share() / 2
            && self.all.taken.load(Ordering::Relaxed) < fair.places() / 2
    }

    /// Takes a permit, and a block of them for the next calls of this thread.
    #[cold]
    fn take_block(&self) -> bool {
        let fair = self.share();
        if fair.share() < SparePermits::FEWEST {
            return false;
        }
        let up_to = |most: usize| move |out: usize| (out + BLOCK <= most).then_some(out + BLOCK);
        if self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, up_to(fair.share())).is_err() {
            return false;
        }
        if self.all.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, up_to(fair.places())).is_err() {
            self.held.fetch_sub(BLOCK, Ordering::Relaxed);
            return false;
        }
        self.release(self.keep(BLOCK - 1));
        true
    }

    /// Keeps so many for this thread. Returns how many are too many.
    fn keep(&self, permits: usize) -> usize {
        let too_many = self.spare.keep(permits);
        if !self.all.some_spare.load(Ordering::SeqCst) {
            self.all.some_spare.store(true, Ordering::SeqCst);
        }
        too_many
    }

    /// Gives so many back.
    pub(crate) fn give_back(&self, permits: usize) {
        let back = match permits {
            1 if self.are_plenty() && self.share().share() >= SparePermits::FEWEST => self.keep(1),
            _ => permits,
        };
        self.release(back);
    }

    fn release(&self, permits: usize) {
        if permits > 0 {
            self.all.taken.fetch_sub(permits, Ordering::Relaxed);
            self.held.fetch_sub(permits, Ordering::Relaxed);
        }
    }

    #[cold]
    fn another_wants(&self, now: Instant) -> bool {
        self.all.wants().another(&self.realm, now)
    }

    /// The number of its calls that wait.
    fn held(&self) -> usize {
        let spare = self.spare.count();
        self.held.load(Ordering::Relaxed).saturating_sub(spare)
    }
}

/// What threads have left of their blocks does not get lost with the realm.
impl Drop for RealmPermits {
    fn drop(&mut self) {
        self.release(self.spare.take_all());
    }
}

impl RunningRealm {
    /// Takes a permit for a call of `session`, if need be that of another realm's call. To be called without a lock.
    #[inline]
    pub(crate) fn take_permit(&self, session: &RouterSession) -> Result<(), WampError> {
        match self.context.permits.take(|| self.context.now()) {
            Ok(()) => Ok(()),
            Err(none) => self.take_another_permit(session, none),
        }
    }

    #[cold]
    fn take_another_permit(&self, session: &RouterSession, mut none: NoPlace) -> Result<(), WampError> {
        let permits = &self.context.permits;
        for _ in 0..TRIES {
            if none == NoPlace::BeyondShare || !self.frees_permit_of_another() {
                break;
            }
            match permits.take(|| self.context.now()) {
                Ok(()) => return Ok(()),
                Err(still) => none = still,
            }
        }
        let (refusal, text) = match none {
            NoPlace::Full => {
                let most = permits.share().places();
                (Refusal::CallsInAll, format!("more than {most} calls of all sessions are unanswered"))
            }
            NoPlace::BeyondShare => (Refusal::CallsOfRealm, beyond_share(permits)),
        };
        self.context.counters.refused(refusal, session, &text);
        Err(WampError::unavailable(text))
    }

    /// Ends a call of the realm that holds the most permits, if that one has to give one up to this one.
    fn frees_permit_of_another(&self) -> bool {
        let permits = &self.context.permits;
        let most = permits.all.living_realms().max_by_key(|realm| realm.context.permits.held());
        most.is_some_and(|most| {
            most.context.permits.share().yields(most.context.permits.held(), permits.held())
                && most.ends_call_for_another()
        })
    }

    /// Ends the newest call of a session that has many, because another realm finds no permit.
    fn ends_call_for_another(&self) -> bool {
        for _ in 0..LOOKS {
            let Some(session) = self.session_with_many_calls() else { continue };
            let text = beyond_share(&self.context.permits);
            if session.give_permit_up(&WampError::unavailable(&*text)) {
                self.context.counters.refused(Refusal::CallsOfRealm, &session, text);
                return true;
            }
        }
        false
    }

    /// Of the next sessions in the order of their ids, the one with the most calls.
    fn session_with_many_calls(&self) -> Option<Arc<RouterSession>> {
        let mut last = self.context.permits.looked_at.lock().unwrap_or_else(PoisonError::into_inner);
        let sessions = self.sessions_by_id();
        let next = sessions.range((last.map_or(Unbounded, Excluded), Unbounded)).take(LOOKED_AT);
        let mut most: Option<(usize, &Arc<RouterSession>)> = None;
        let mut end = None;
        for (looked, (id, session)) in next.enumerate() {
            let calls = session.calls_in_flight();
            if calls > most.map_or(0, |(most, _)| most) {
                most = Some((calls, session));
            }
            end = (looked + 1 == LOOKED_AT).then_some(*id);
        }
        *last = end;
        most.map(|(_, session)| Arc::clone(session))
    }
}

fn beyond_share(permits: &RealmPermits) -> String {
    let share = permits.share().share();
    format!("more than {share} calls of this realm are unanswered, and another realm finds no permit")
}
