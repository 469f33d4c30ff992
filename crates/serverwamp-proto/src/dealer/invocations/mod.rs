//! The invocations one callee session has yet to answer.
//!
//! They stand in a ring in which an id names its place, so that issuing, finding and removing one are an index and a
//! comparison. A call that is still pending when the ring comes round to its place moves to a map: one call of an hour
//! costs no more than any other, and does not make the ring grow. Invariant: an id that is pending is not issued again.
//!
//! Invocations are counted by caller only once there are as many as one caller's share.

use super::{FairShare, NoPlace, Wants};
use crate::id::{Counter, RequestId, SessionId};
use hashbrown::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// The property of a call that the table needs.
pub trait Called {
    /// The session that called; `None` for the application, which counts as one caller.
    fn caller(&self) -> Option<SessionId>;
}

impl<T: Called> Called for Arc<T> {
    fn caller(&self) -> Option<SessionId> {
        (**self).caller()
    }
}

/// The pending invocations of one callee session; `T` is what the driver keeps for each.
#[derive(Clone, Debug)]
pub struct Invocations<T> {
    ids: Counter<RequestId>,
    /// Whether the ids have begun anew, so that any of them may have been issued.
    wrapped: bool,
    closed: bool,
    /// A power of two of places, or none; the id modulo their number is the place.
    ring: Vec<Option<(RequestId, T)>>,
    /// The number of occupied places of the ring.
    in_ring: usize,
    /// Those whose place a later one has taken.
    displaced: HashMap<RequestId, T>,
    /// While there are as many as a share.
    contention: Option<Box<Contention>>,
}

/// The pending invocations of each caller, where there are many.
#[derive(Clone, Debug, Default)]
struct Contention {
    held: HashMap<Option<SessionId>, usize>,
    wants: Wants<Option<SessionId>>,
    /// With fewer nobody is counted any more: half a share, so that it does not begin and end with every call.
    ends_below: usize,
}

/// The initial number of places of a ring.
const FIRST_PLACES: usize = 8;

/// A ring larger than this is given back when nothing is pending: a burst has filled it.
const KEPT_PLACES: usize = 256;

impl<T> Invocations<T> {
    /// No invocations, and the next id is 1.
    pub fn new() -> Self {
        Self {
            ids: Counter::new(),
            wrapped: false,
            closed: false,
            ring: Vec::new(),
            in_ring: 0,
            displaced: HashMap::new(),
            contention: None,
        }
    }
}

impl<T: Called> Invocations<T> {
    /// Looks for a place for `call` among `shares`. Where another invocation has to end for it, this is its id.
    ///
    /// # Errors
    /// When there is none. `now` is asked for the time only where there are as many invocations as a share.
    #[inline]
    pub fn place_for(
        &mut self,
        call: &T,
        shares: FairShare,
        now: impl Fn() -> Instant,
    ) -> Result<Option<RequestId>, NoPlace> {
        // Nobody can have more than a share where all have less.
        match self.len() < shares.share() {
            true => Ok(None),
            false => self.contended_place_for(call.caller(), shares, now()),
        }
    }

    #[cold]
    fn contended_place_for(
        &mut self,
        caller: Option<SessionId>,
        shares: FairShare,
        now: Instant,
    ) -> Result<Option<RequestId>, NoPlace> {
        let is_full = self.len() >= shares.places();
        let pending = self.ring.iter().flatten().map(|(_, call)| call).chain(self.displaced.values());
        let contention = self.contention.get_or_insert_with(|| {
            let mut held = HashMap::new();
            pending.for_each(|call| *held.entry(call.caller()).or_default() += 1);
            Box::new(Contention { held, wants: Wants::new(), ends_below: shares.share() / 2 })
        });
        let held = contention.held.get(&caller).copied().unwrap_or(0);
        if held >= shares.share() && contention.wants.another(&caller, now) {
            contention.wants.note(caller, now);
            return Err(NoPlace::BeyondShare);
        }
        if !is_full {
            return Ok(None);
        }
        contention.wants.note(caller, now);
        let most = contention.held.iter().max_by_key(|(_, held)| **held);
        match most {
            Some((greediest, most)) if shares.yields(*most, held) => {
                let greediest = *greediest;
                self.newest_of(greediest).map(Some).ok_or(NoPlace::Full)
            }
            _ => Err(NoPlace::Full),
        }
    }

    /// The invocation of this caller that was issued last.
    fn newest_of(&self, caller: Option<SessionId>) -> Option<RequestId> {
        let last = self.last()?.get();
        let is_of_caller = |id: &RequestId| self.get(id).is_some_and(|call| call.caller() == caller);
        // The caller with the most invocations is usually found after a few steps.
        let recent = (0..self.ring.len() as u64).filter_map(|back| RequestId::new(last.checked_sub(back)?));
        recent.into_iter().find(is_of_caller).or_else(|| {
            let ids = self.ring.iter().flatten().map(|(id, _)| id).chain(self.displaced.keys());
            ids.copied().filter(is_of_caller).max()
        })
    }

    /// Keeps `call` under the next id: 1, 2, 3 …; `None` drops it, for the session is over.
    pub fn issue(&mut self, call: T) -> Option<RequestId> {
        if self.closed {
            return None;
        }
        let id = self.next_id();
        self.enter(id, call);
        Some(id)
    }

    /// As [`issue`](Self::issue), with the call that `make` returns for the id. Where it returns none, the id is the next one's.
    #[inline]
    pub fn issue_with(&mut self, make: impl FnOnce(RequestId) -> Option<T>) -> Option<RequestId> {
        if self.closed {
            return None;
        }
        let before = (self.ids.clone(), self.wrapped);
        let id = self.next_id();
        let Some(call) = make(id) else {
            (self.ids, self.wrapped) = before;
            return None;
        };
        self.enter(id, call);
        Some(id)
    }

    #[inline]
    fn enter(&mut self, id: RequestId, call: T) {
        let place = self.place(id);
        match self.ring.get_mut(place) {
            // Nearly always.
            Some(free @ None) if self.contention.is_none() => {
                *free = Some((id, call));
                self.in_ring += 1;
            }
            _ => self.enter_otherwise(id, call),
        }
    }

    fn enter_otherwise(&mut self, id: RequestId, call: T) {
        if self.ring.is_empty() {
            self.grow();
        }
        if self.in_ring * 2 > self.ring.len() && self.is_taken(id) {
            self.grow();
        }
        if let Some(contention) = &mut self.contention {
            *contention.held.entry(call.caller()).or_default() += 1;
        }
        let place = self.place(id);
        let Some(slot) = self.ring.get_mut(place) else { return };
        match slot.replace((id, call)) {
            None => self.in_ring += 1,
            Some((older, call)) => drop(self.displaced.insert(older, call)),
        }
    }

    /// The id issued last.
    pub fn last(&self) -> Option<RequestId> {
        self.ids.last()
    }

    /// Returns whether an invocation of this id was ever sent; if not, an answer to it breaks the protocol (checklist VIO-13).
    pub fn was_issued(&self, id: RequestId) -> bool {
        self.wrapped || self.last().is_some_and(|last| id <= last)
    }

    /// The pending invocation of this id.
    pub fn get(&self, id: &RequestId) -> Option<&T> {
        match self.ring.get(self.place(*id)) {
            Some(Some((found, call))) if found == id => Some(call),
            _ => self.displaced.get(id),
        }
    }

    /// The pending invocation of this id, to be changed.
    pub fn get_mut(&mut self, id: &RequestId) -> Option<&mut T> {
        let place = self.place(*id);
        match self.ring.get_mut(place) {
            Some(Some((found, call))) if found == id => Some(call),
            _ => self.displaced.get_mut(id),
        }
    }

    /// Ends the pending invocation of this id.
    pub fn remove(&mut self, id: RequestId) -> Option<T> {
        let place = self.place(id);
        let removed = match self.ring.get_mut(place).and_then(|slot| slot.take_if(|(found, _)| *found == id))
        {
            Some((_, call)) => {
                self.in_ring -= 1;
                Some(call)
            }
            None if self.displaced.is_empty() => None,
            None => self.displaced.remove(&id),
        };
        if self.contention.is_some()
            && let Some(call) = &removed
        {
            self.count_out(call.caller());
        }
        if self.ring.len() > KEPT_PLACES && self.is_empty() {
            self.ring = Vec::new();
            self.displaced = HashMap::new();
        }
        removed
    }

    /// Ends the pending invocations of which this is true, in the order of their ids.
    pub fn remove_all(&mut self, is_one: impl Fn(&T) -> bool) -> Vec<(RequestId, T)> {
        let in_ring = self.ring.iter().flatten().map(|(id, call)| (id, call));
        let mut ids: Vec<_> =
            in_ring.chain(&self.displaced).filter(|(_, call)| is_one(call)).map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| Some((id, self.remove(id)?))).collect()
    }

    #[cold]
    fn count_out(&mut self, caller: Option<SessionId>) {
        let len = self.len();
        let Some(contention) = &mut self.contention else { return };
        if len < contention.ends_below {
            self.contention = None;
        } else if let Some(held) = contention.held.get_mut(&caller) {
            *held -= 1;
            if *held == 0 {
                contention.held.remove(&caller);
            }
        }
    }

    /// The number of pending invocations.
    pub fn len(&self) -> usize {
        self.in_ring + self.displaced.len()
    }

    /// Returns whether no invocation is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all pending invocations, because the session is over; nothing is issued any more.
    ///
    /// They come in the order of their ids.
    pub fn close(&mut self) -> Vec<(RequestId, T)> {
        self.closed = true;
        self.contention = None;
        self.in_ring = 0;
        let displaced = std::mem::take(&mut self.displaced);
        let mut pending: Vec<_> =
            std::mem::take(&mut self.ring).into_iter().flatten().chain(displaced).collect();
        pending.sort_unstable_by_key(|(id, _)| *id);
        pending
    }

    /// Returns whether [`close`](Self::close) was called.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    /// The next id that is not pending.
    fn next_id(&mut self) -> RequestId {
        loop {
            let last = self.ids.last();
            let id = self.ids.issue();
            self.wrapped |= last.is_some_and(|last| id <= last);
            // Before the ids begin anew none of them can be pending.
            if !self.wrapped || self.get(&id).is_none() {
                return id;
            }
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits choose the place")]
    const fn place(&self, id: RequestId) -> usize {
        // An empty ring has no place for any id, whatever the mask.
        id.get() as usize & self.ring.len().wrapping_sub(1)
    }

    fn is_taken(&self, id: RequestId) -> bool {
        matches!(self.ring.get(self.place(id)), Some(Some(_)))
    }

    /// Doubles the ring. Invocations in two places before are in two places afterwards.
    fn grow(&mut self) {
        let places = (self.ring.len() * 2).max(FIRST_PLACES);
        let wider = std::iter::repeat_with(|| None).take(places).collect();
        for (id, call) in std::mem::replace(&mut self.ring, wider).into_iter().flatten() {
            let place = self.place(id);
            if let Some(slot) = self.ring.get_mut(place) {
                *slot = Some((id, call));
            }
        }
    }
}

impl<T> Default for Invocations<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
