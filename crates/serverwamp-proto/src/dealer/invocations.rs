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
mod tests {
    use super::*;
    use crate::id::MAX_ID;
    use std::collections::BTreeMap;

    fn id(number: u64) -> RequestId {
        RequestId::new(number).unwrap()
    }

    /// Invocations that have issued `number` last.
    fn having_issued(number: u64) -> Invocations<&'static str> {
        Invocations { ids: Counter::having_issued(id(number)), ..Invocations::new() }
    }

    #[test]
    fn id_05_invocations_are_numbered_from_1_and_kept_until_removed() {
        let mut invocations = Invocations::new();
        assert_eq!((invocations.last(), invocations.len(), invocations.is_empty()), (None, 0, true));
        assert_eq!(invocations.issue("a"), Some(id(1)));
        assert_eq!(invocations.issue("b"), Some(id(2)));
        assert_eq!((invocations.last(), invocations.len(), invocations.is_empty()), (Some(id(2)), 2, false));
        assert_eq!(invocations.get(&id(1)), Some(&"a"));
        *invocations.get_mut(&id(1)).unwrap() = "c";
        assert_eq!(invocations.remove(id(1)), Some("c"));
        assert_eq!(invocations.get(&id(1)), None);
        assert_eq!(invocations.remove(id(1)), None);
        assert_eq!(invocations.remove(id(3)), None);
        assert_eq!(invocations.len(), 1);
        // An id is not given out again because its invocation is over.
        assert_eq!(invocations.issue("d"), Some(id(3)));
    }

    #[test]
    fn vio_13_only_what_was_sent_was_issued() {
        let mut invocations = Invocations::new();
        assert!(!invocations.was_issued(id(1)));
        invocations.issue("a");
        invocations.remove(id(1));
        // An answer to it that comes late breaks nothing.
        assert!(invocations.was_issued(id(1)));
        assert!(!invocations.was_issued(id(2)));
        invocations.close();
        assert!(invocations.was_issued(id(1)));
        assert!(!invocations.was_issued(id(2)));
    }

    #[test]
    fn vio_13_after_a_wrap_any_id_was_issued() {
        let mut invocations = having_issued(MAX_ID - 1);
        assert_eq!(invocations.issue("a"), Some(id(MAX_ID)));
        assert!(invocations.was_issued(id(MAX_ID)));
        assert!(!invocations.wrapped);
        assert_eq!(invocations.issue("b"), Some(id(1)));
        assert!(invocations.was_issued(id(2)) && invocations.was_issued(id(MAX_ID)));
        assert_eq!(invocations.last(), Some(id(1)));
    }

    #[test]
    fn id_05_an_id_that_is_pending_is_not_issued_again_after_a_wrap() {
        let mut invocations = Invocations::new();
        for call in ["1", "2", "3"] {
            invocations.issue(call);
        }
        invocations.remove(id(2));
        invocations.ids = Counter::having_issued(id(MAX_ID));
        assert_eq!(invocations.issue("again 2"), Some(id(2)));
        assert_eq!(invocations.issue("4"), Some(id(4)));
        let pending: Vec<_> = invocations.close().into_iter().map(|(id, call)| (id.get(), call)).collect();
        assert_eq!(pending, [(1, "1"), (2, "again 2"), (3, "3"), (4, "4")]);
    }

    #[test]
    fn rpc_29_closing_ends_all_in_the_order_of_their_ids_and_refuses_what_follows() {
        let mut invocations = Invocations::new();
        for number in 1..=100 {
            invocations.issue(number);
        }
        for number in (1..=100).filter(|number| number % 3 == 0) {
            invocations.remove(id(number));
        }
        assert!(!invocations.is_closed());
        let closed = invocations.close();
        let expected: Vec<_> =
            (1..=100).filter(|number| number % 3 != 0).map(|number| (id(number), number)).collect();
        assert_eq!(closed, expected);
        assert!(invocations.is_closed() && invocations.is_empty());
        assert_eq!(invocations.issue(101), None);
        assert_eq!((invocations.last(), invocations.len()), (Some(id(100)), 0));
        assert_eq!(invocations.get(&id(1)), None);
        assert_eq!(invocations.remove(id(1)), None);
        assert!(invocations.close().is_empty());
    }

    #[test]
    fn one_long_call_does_not_make_the_ring_grow() {
        let mut invocations = Invocations::new();
        let long = invocations.issue(0).unwrap();
        for number in 1..=10_000 {
            let short = invocations.issue(number).unwrap();
            assert_eq!(invocations.len(), 2);
            assert_eq!(invocations.remove(short), Some(number));
        }
        assert_eq!(invocations.ring.len(), FIRST_PLACES);
        assert_eq!(invocations.remove(long), Some(0));
        assert!(invocations.is_empty());
    }

    #[test]
    fn a_burst_gives_its_memory_back() {
        let mut invocations = Invocations::new();
        for number in 1..=10_000 {
            invocations.issue(number);
        }
        assert!(invocations.displaced.is_empty(), "a burst stands in the ring");
        for number in 1..=10_000 {
            assert_eq!(invocations.remove(id(number)), Some(number));
        }
        assert!(invocations.ring.is_empty());
        assert_eq!(invocations.issue(5), Some(id(10_001)));
        assert_eq!(invocations.get(&id(10_001)), Some(&5));
    }

    /// Issues and removals in an order drawn by a linear congruence, beside a plain map.
    #[test]
    fn the_ring_holds_what_a_map_would() {
        let mut invocations = Invocations::new();
        let mut expected: BTreeMap<u64, u64> = BTreeMap::new();
        let (mut bits, mut displaced, mut places) = (7_u64, 0, 0);
        for round in 0..50_000_u64 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let random = bits >> 33;
            // The number of pending ones swells and falls off again.
            if random % 100 < (if round / 5_000 % 2 == 0 { 52 } else { 46 }) {
                let issued = invocations.issue(round).unwrap();
                expected.insert(issued.get(), round);
            } else if let Some(last) = invocations.last() {
                let number = 1 + random % last.get();
                assert_eq!(invocations.get(&id(number)), expected.get(&number));
                let nth = usize::try_from(random).unwrap() % expected.len().max(1);
                let number = expected.keys().nth(nth).copied().unwrap_or(number);
                assert_eq!(invocations.get(&id(number)), expected.get(&number));
                assert_eq!(invocations.remove(id(number)), expected.remove(&number));
            }
            assert_eq!(invocations.len(), expected.len());
            displaced = displaced.max(invocations.displaced.len());
            places = places.max(invocations.ring.len());
        }
        assert!(displaced > 10 && places > KEPT_PLACES, "{displaced} displaced, {places} places");
        let closed: Vec<_> = invocations.close().into_iter().map(|(id, call)| (id.get(), call)).collect();
        assert_eq!(closed, expected.into_iter().collect::<Vec<_>>());
    }
}
