//! The open calls of one session.
//!
//! They stand in a ring in which an id names its place: most clients count their calls, so entering, finding and removing one is an
//! index and a comparison. A call that is still open when another one comes to its place moves to a map. Invariant: an id is in one
//! of the two at most.

use hashbrown::HashMap;
use serverwamp_proto::id::RequestId;

/// The calls that a session has made and that are not over, by their ids.
#[derive(Debug)]
pub(crate) struct OpenCalls<T> {
    /// A power of two of places, or none; the id modulo their number is the place.
    ring: Vec<Option<(RequestId, T)>>,
    /// The number of occupied places of the ring.
    in_ring: usize,
    /// Those whose place another one has taken.
    displaced: HashMap<RequestId, T>,
}

/// The initial number of places of a ring.
const FIRST_PLACES: usize = 8;

/// A ring larger than this is given back when no call is open: a burst has filled it.
const KEPT_PLACES: usize = 256;

impl<T> Default for OpenCalls<T> {
    fn default() -> Self {
        Self { ring: Vec::new(), in_ring: 0, displaced: HashMap::new() }
    }
}

impl<T> OpenCalls<T> {
    /// Enters a call. One of the same id is replaced.
    #[inline]
    pub(crate) fn insert(&mut self, id: RequestId, call: T) {
        let place = self.place(id);
        match self.ring.get_mut(place) {
            // Nearly always.
            Some(free @ None) if self.displaced.is_empty() => {
                *free = Some((id, call));
                self.in_ring += 1;
            }
            _ => self.insert_otherwise(id, call),
        }
    }

    fn insert_otherwise(&mut self, id: RequestId, call: T) {
        if !self.displaced.is_empty() {
            self.displaced.remove(&id);
        }
        if self.ring.is_empty() || (self.in_ring * 2 > self.ring.len() && self.is_taken(id)) {
            self.grow();
        }
        let place = self.place(id);
        let Some(slot) = self.ring.get_mut(place) else { return };
        match slot.replace((id, call)) {
            None => self.in_ring += 1,
            Some((former, _)) if former == id => {}
            Some((former, call)) => drop(self.displaced.insert(former, call)),
        }
    }

    pub(crate) fn get(&self, id: &RequestId) -> Option<&T> {
        match self.ring.get(self.place(*id)) {
            Some(Some((found, call))) if found == id => Some(call),
            _ if self.displaced.is_empty() => None,
            _ => self.displaced.get(id),
        }
    }

    pub(crate) fn contains_key(&self, id: &RequestId) -> bool {
        self.get(id).is_some()
    }

    pub(crate) fn remove(&mut self, id: &RequestId) -> Option<T> {
        if let Some(call) = self.remove_from_ring(*id, |_| true) {
            return Some(call);
        }
        if self.displaced.is_empty() {
            return None;
        }
        let removed = self.displaced.remove(id);
        self.give_back();
        removed
    }

    /// Removes a call that stands in the ring, as nearly all do, if this is true of it.
    #[inline]
    pub(crate) fn remove_from_ring(&mut self, id: RequestId, is_one: impl FnOnce(&T) -> bool) -> Option<T> {
        let place = self.place(id);
        let slot = self.ring.get_mut(place)?;
        let (_, call) = slot.take_if(|(found, call)| *found == id && is_one(call))?;
        self.in_ring -= 1;
        self.give_back();
        Some(call)
    }

    #[inline]
    fn give_back(&mut self) {
        if self.ring.len() > KEPT_PLACES && self.in_ring == 0 && self.displaced.is_empty() {
            *self = Self::default();
        }
    }

    /// All of them, in no order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&RequestId, &T)> {
        self.ring.iter().flatten().map(|(id, call)| (id, call)).chain(&self.displaced)
    }

    /// All of them, in no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, call)| call)
    }

    /// All of them, in no order.
    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.ring.into_iter().flatten().map(|(_, call)| call).chain(self.displaced.into_values())
    }

    #[expect(clippy::cast_possible_truncation, reason = "only the low bits choose the place")]
    const fn place(&self, id: RequestId) -> usize {
        // An empty ring has no place for any id, whatever the mask.
        id.get() as usize & self.ring.len().wrapping_sub(1)
    }

    fn is_taken(&self, id: RequestId) -> bool {
        matches!(self.ring.get(self.place(id)), Some(Some((found, _))) if *found != id)
    }

    /// Doubles the ring. Calls in two places before are in two places afterwards.
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn id(number: u64) -> RequestId {
        RequestId::new(number).unwrap()
    }

    #[test]
    fn a_burst_stands_in_the_ring_and_is_given_back() {
        let mut calls = OpenCalls::default();
        for number in 1..=1000 {
            calls.insert(id(number), number);
        }
        assert!(calls.displaced.is_empty() && calls.ring.len() == 1024);
        for number in 1..=1000 {
            assert_eq!(calls.remove(&id(number)), Some(number));
        }
        assert!(calls.ring.is_empty() && calls.get(&id(1)).is_none());
    }

    #[test]
    fn the_same_id_replaces_the_call_that_has_it() {
        let mut calls = OpenCalls::default();
        calls.insert(id(1), "a");
        calls.insert(id(1), "b");
        // Its place is another one's now.
        calls.insert(id(9), "c");
        calls.insert(id(1), "d");
        assert_eq!(calls.iter().count(), 2);
        assert_eq!((calls.remove(&id(1)), calls.remove(&id(9))), (Some("d"), Some("c")));
        assert_eq!(calls.iter().count() + calls.in_ring, 0);
    }

    /// Calls of ids that a client draws, far apart and in no order, beside a plain map.
    #[test]
    fn the_ring_holds_what_a_map_would() {
        let mut calls = OpenCalls::default();
        let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
        let mut bits = 7_u64;
        for round in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let number = 1 + (bits >> 33) % 500 * if round % 3 == 0 { 64 } else { 1 };
            assert_eq!(calls.get(&id(number)), expected.get(&number));
            if bits >> 40 & 1 == 0 {
                calls.insert(id(number), round);
                expected.insert(number, round);
            } else if bits >> 41 & 1 == 0 {
                assert_eq!(calls.remove(&id(number)), expected.remove(&number));
            } else if calls.remove_from_ring(id(number), |round| round % 2 == 0).is_some() {
                assert!(expected.remove(&number).is_some_and(|round| round % 2 == 0));
            }
            assert_eq!(calls.in_ring + calls.displaced.len(), expected.len());
        }
        let held: BTreeMap<u64, u64> = calls.iter().map(|(id, call)| (id.get(), *call)).collect();
        assert_eq!(held, expected);
        assert_eq!(calls.into_values().count(), expected.len());
    }
}
