//! The invocations one callee session has yet to answer.
//!
//! They stand in a ring in which an id names its place, so that issuing, finding and removing one are an index and a
//! comparison. A call that is still pending when the ring comes round to its place moves to a map: one call of an hour
//! costs no more than any other, and does not make the ring grow. Invariant: an id that is pending is not issued again.

use hashbrown::HashMap;

use crate::id::{Counter, RequestId};

/// The pending invocations of one callee session; `T` is what the driver keeps for each.
#[derive(Clone, Debug)]
pub struct Invocations<T> {
    ids: Counter<RequestId>,
    /// Whether the ids have begun anew, so that any of them may have been issued.
    wrapped: bool,
    closed: bool,
    /// A power of two of places, or none; the id modulo their number is the place.
    ring: Vec<Option<(RequestId, T)>>,
    /// How many places of the ring are taken.
    in_ring: usize,
    /// Those whose place a later one has taken.
    displaced: HashMap<RequestId, T>,
}

/// How many places a ring has at first.
const FIRST_PLACES: usize = 8;

/// A ring larger than this is given back when nothing is pending: what filled it was a burst.
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
        }
    }

    /// Keeps `call` under the next id: 1, 2, 3 …; `None` drops it, for the session is over.
    pub fn issue(&mut self, call: T) -> Option<RequestId> {
        if self.closed {
            return None;
        }
        let id = self.next_id();
        if self.ring.is_empty() {
            self.grow();
        }
        if self.in_ring * 2 > self.ring.len() && self.is_taken(id) {
            self.grow();
        }
        let place = self.place(id);
        match self.ring.get_mut(place)?.replace((id, call)) {
            None => self.in_ring += 1,
            Some((older, call)) => drop(self.displaced.insert(older, call)),
        }
        Some(id)
    }

    /// The id issued last.
    pub fn last(&self) -> Option<RequestId> {
        self.ids.last()
    }

    /// Whether an invocation of this id was ever sent; if not, an answer to it breaks the protocol (checklist VIO-13).
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
        if self.ring.len() > KEPT_PLACES && self.is_empty() {
            self.ring = Vec::new();
            self.displaced = HashMap::new();
        }
        removed
    }

    /// How many invocations are pending.
    pub fn len(&self) -> usize {
        self.in_ring + self.displaced.len()
    }

    /// Whether no invocation is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Ends all pending invocations, because the session is over; nothing is issued any more.
    ///
    /// They come in the order of their ids.
    pub fn close(&mut self) -> Vec<(RequestId, T)> {
        self.closed = true;
        self.in_ring = 0;
        let displaced = std::mem::take(&mut self.displaced);
        let mut pending: Vec<_> =
            std::mem::take(&mut self.ring).into_iter().flatten().chain(displaced).collect();
        pending.sort_unstable_by_key(|(id, _)| *id);
        pending
    }

    /// Whether [`close`](Self::close) was called.
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

    /// Doubles the ring. What stood in two places before stands in two places afterwards.
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
