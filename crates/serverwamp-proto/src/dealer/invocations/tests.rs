//! Tests of the table of one callee's invocations.

use super::*;
use crate::id::MAX_ID;
use std::collections::BTreeMap;
use std::time::Duration;

macro_rules! of_the_application {
    ($($type:ty),*) => {$(
        impl Called for $type {
            fn caller(&self) -> Option<SessionId> {
                None
            }
        }
    )*};
}

of_the_application!(&'static str, i32, u64);

/// A call of the session with this id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Of(u64);

impl Called for Of {
    fn caller(&self) -> Option<SessionId> {
        SessionId::new(self.0)
    }
}

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
fn id_05_an_id_for_which_no_call_was_made_is_the_next_ones() {
    let mut invocations = Invocations::new();
    assert_eq!(invocations.issue_with(|_| Some("a")), Some(id(1)));
    assert_eq!(invocations.issue_with(|_| None), None);
    assert!(!invocations.was_issued(id(2)));
    assert_eq!(invocations.issue_with(|_| Some("b")), Some(id(2)));
    assert_eq!((invocations.get(&id(1)), invocations.get(&id(2))), (Some(&"a"), Some(&"b")));
    // Also where the ids begin anew.
    let mut last = having_issued(MAX_ID);
    assert_eq!((last.issue_with(|_| None), last.wrapped), (None, false));
    assert_eq!((last.issue_with(|_| Some("a")), last.wrapped), (Some(id(1)), true));
    last.close();
    assert_eq!(last.issue_with(|_| panic!("nothing is issued any more")), None);
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

#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn start() -> Instant {
    Instant::now()
}

/// Takes a place for a call of this caller, if there is one; gives the caller whose invocation had to end for it.
fn ask(
    invocations: &mut Invocations<Of>,
    caller: u64,
    shares: FairShare,
    now: Instant,
) -> Result<Option<Of>, NoPlace> {
    let ends = invocations.place_for(&Of(caller), shares, || now)?;
    invocations.issue(Of(caller)).unwrap();
    Ok(ends.map(|id| invocations.remove(id).unwrap()))
}

fn pending_of(invocations: &Invocations<Of>, caller: u64) -> usize {
    let all = invocations.ring.iter().flatten().map(|(_, call)| call).chain(invocations.displaced.values());
    all.filter(|call| call.0 == caller).count()
}

#[test]
fn a_caller_that_is_alone_has_all_places_and_gives_them_up_to_others_down_to_its_share() {
    let (shares, now) = (FairShare::new(64, 16), start());
    let mut invocations = Invocations::new();
    for _ in 0..64 {
        assert_eq!(ask(&mut invocations, 1, shares, now), Ok(None));
    }
    assert_eq!(ask(&mut invocations, 1, shares, now), Err(NoPlace::Full));
    // Of that one the last ends first.
    for number in 0..16 {
        assert!(invocations.get(&id(64 - number)).is_some());
        assert_eq!(ask(&mut invocations, 2, shares, now), Ok(Some(Of(1))));
        assert!(invocations.get(&id(64 - number)).is_none());
    }
    assert_eq!(ask(&mut invocations, 2, shares, now), Err(NoPlace::BeyondShare));
    assert_eq!((pending_of(&invocations, 1), pending_of(&invocations, 2)), (48, 16));
    // A caller that has its share does not get a free place that another one wants.
    invocations.remove(id(1)).unwrap();
    assert_eq!(ask(&mut invocations, 1, shares, now), Err(NoPlace::BeyondShare));
    assert_eq!(ask(&mut invocations, 3, shares, now), Ok(None));
    assert_eq!(ask(&mut invocations, 3, shares, now), Ok(Some(Of(1))));
    // Later it is.
    let later = now + Duration::from_secs(1);
    assert_eq!(ask(&mut invocations, 2, shares, later), Ok(Some(Of(1))));
}

#[test]
fn whose_invocations_are_pending_is_forgotten_when_they_are_few() {
    let (shares, now) = (FairShare::new(64, 16), start());
    let mut invocations = Invocations::new();
    for number in 1..=16 {
        assert_eq!(ask(&mut invocations, number % 2 + 1, shares, now), Ok(None));
        assert!(invocations.contention.is_none());
    }
    assert_eq!(ask(&mut invocations, 1, shares, now), Ok(None));
    let held = |invocations: &Invocations<Of>| {
        invocations.contention.as_ref().map(|contention| contention.held.values().sum::<usize>())
    };
    assert_eq!(held(&invocations), Some(17));
    for number in 1..=9 {
        invocations.remove(id(number)).unwrap();
    }
    assert_eq!(held(&invocations), Some(8));
    invocations.remove(id(10)).unwrap();
    assert_eq!(held(&invocations), None);
}

#[test]
fn the_newest_invocation_of_a_caller_is_found_wherever_it_stands() {
    let mut invocations = Invocations::new();
    let long = invocations.issue(Of(1)).unwrap();
    for _ in 0..100 {
        let short = invocations.issue(Of(2)).unwrap();
        invocations.remove(short);
    }
    assert_eq!(invocations.newest_of(SessionId::new(1)), Some(long));
    assert_eq!(invocations.newest_of(SessionId::new(2)), None);
    let newer = invocations.issue(Of(1)).unwrap();
    assert_eq!(invocations.newest_of(SessionId::new(1)), Some(newer));
    // Behind the end of the ids.
    let mut invocations = Invocations { ids: Counter::having_issued(id(MAX_ID)), ..Invocations::new() };
    invocations.issue(Of(1));
    assert_eq!(invocations.newest_of(SessionId::new(1)), Some(id(1)));
}

/// After any sequence of operations, the callers counted are those with pending invocations, and none has more than the rule
/// allows.
#[test]
fn callers_are_counted_as_they_stand_in_the_table() {
    let (shares, now) = (FairShare::new(64, 16), start());
    let mut invocations = Invocations::new();
    let (mut bits, mut counted, mut ended) = (3_u64, 0, 0);
    for round in 0..20_000_u64 {
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = bits >> 33;
        let caller = 1 + random % 7 % 5;
        let (before, len) = (pending_of(&invocations, caller), invocations.len());
        if random % 100 < (if round / 500 % 2 == 0 { 60 } else { 40 }) {
            match ask(&mut invocations, caller, shares, now + Duration::from_millis(round)) {
                Ok(None) => assert!(len < 64),
                Ok(Some(other)) => {
                    assert!(len == 64 && other != Of(caller));
                    ended += 1;
                }
                Err(NoPlace::BeyondShare) => assert!(before >= 16),
                Err(NoPlace::Full) => assert_eq!(len, 64),
            }
        } else if let Some(last) = invocations.last() {
            let first = last.get().saturating_sub(100);
            invocations.remove(id(1 + first + random / 128 % 100));
        }
        assert!(invocations.len() <= 64);
        if let Some(contention) = &invocations.contention {
            counted += 1;
            for caller in 1..=5 {
                let held = contention.held.get(&SessionId::new(caller)).copied().unwrap_or(0);
                assert_eq!(held, pending_of(&invocations, caller));
            }
        }
    }
    assert!(counted > 1000 && ended > 10, "{counted} counted, {ended} ended");
}

#[test]
fn some_can_be_ended_together_in_the_order_of_their_ids() {
    let mut invocations = Invocations::new();
    // The first one is still pending when its place is needed again.
    for number in 1..=20_u64 {
        invocations.issue(Of(1 + number % 2));
        if number > 1 && number <= 10 {
            invocations.remove(id(number));
        }
    }
    let ended = invocations.remove_all(|call| *call == Of(2));
    let ids: Vec<_> = ended.iter().map(|(id, _)| id.get()).collect();
    assert_eq!(ids, [1, 11, 13, 15, 17, 19]);
    assert_eq!(invocations.len(), 5);
    assert!(invocations.remove_all(|call| *call == Of(2)).is_empty());
}
