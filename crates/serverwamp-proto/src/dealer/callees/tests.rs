//! The choice of a callee under each policy, while callees register and leave.

use super::*;

const SHARED: [Invoke; 4] = [Invoke::RoundRobin, Invoke::Random, Invoke::First, Invoke::Last];

fn session(number: u64) -> SessionId {
    SessionId::new(number).unwrap()
}

/// The sessions 1, 2 … `count`, each of which is kept with its own number.
fn callees(invoke: Invoke, count: u64) -> Callees<u64> {
    let mut callees = Callees::new(invoke);
    for number in 1..=count {
        assert_eq!(callees.join(session(number), number, invoke), Ok(true));
    }
    callees
}

fn call(callees: &mut Callees<u64>, random: u64, tried: &[u64]) -> Option<u64> {
    let mut all = Tried::default();
    tried.iter().for_each(|number| all.add(session(*number)));
    let (chosen, kept) = callees.choose(random, &mut all, |_| true)?;
    assert_eq!(chosen.get(), *kept);
    Some(*kept)
}

fn calls(callees: &mut Callees<u64>, count: usize) -> Vec<u64> {
    (0..count).map(|_| call(callees, 0, &[]).unwrap()).collect()
}

/// Whom one call visits when all of them are unavailable.
fn visited(callees: &mut Callees<u64>, random: u64) -> Vec<u64> {
    let (mut tried, mut visited) = (Tried::default(), Vec::new());
    while let Some((chosen, kept)) = callees.choose(random, &mut tried, |_| true) {
        visited.push(*kept);
        tried.add(chosen);
    }
    visited
}

#[test]
fn shreg_02_rpc_02_a_single_callee_shares_with_nobody() {
    for invoke in SHARED.into_iter().chain([Invoke::Single]) {
        let mut single = callees(Invoke::Single, 1);
        assert_eq!(single.join(session(2), 2, invoke), Err(AlreadyExists), "{invoke:?}");
        assert_eq!(single.join(session(1), 7, invoke), Err(AlreadyExists), "{invoke:?}");
        assert_eq!((single.len(), single.get(session(1)), single.invoke()), (1, Some(&1), Invoke::Single));
    }
}

#[test]
fn shreg_03_another_policy_is_refused() {
    for policy in SHARED {
        for other in SHARED.into_iter().chain([Invoke::Single]).filter(|other| *other != policy) {
            let mut shared = callees(policy, 1);
            assert_eq!(shared.join(session(2), 2, other), Err(AlreadyExists), "{policy:?} {other:?}");
            assert_eq!(shared.join(session(1), 1, other), Err(AlreadyExists), "{policy:?} {other:?}");
            assert_eq!((shared.len(), shared.invoke()), (1, policy));
        }
    }
}

#[test]
fn shreg_05_round_robin_goes_on_where_it_was_whoever_comes_and_leaves() {
    let mut shared = callees(Invoke::RoundRobin, 3);
    assert_eq!(calls(&mut shared, 9), [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    for (served, leaves, then) in [
        // One that had its turn, the one whose turn it is, one whose turn will come.
        (2, 1, [3, 4, 2, 3]),
        (2, 3, [4, 1, 2, 4]),
        (2, 4, [3, 1, 2, 3]),
        (4, 1, [2, 3, 4, 2]),
        (4, 4, [1, 2, 3, 1]),
        (0, 1, [2, 3, 4, 2]),
    ] {
        let mut shared = callees(Invoke::RoundRobin, 4);
        calls(&mut shared, served);
        assert_eq!(shared.leave(session(leaves)), Some(leaves));
        assert_eq!(calls(&mut shared, 4), then, "{leaves} leaves after {served}");
    }
    let mut shared = callees(Invoke::RoundRobin, 2);
    assert_eq!(calls(&mut shared, 2), [1, 2]);
    assert_eq!(shared.join(session(3), 3, Invoke::RoundRobin), Ok(true));
    assert_eq!(calls(&mut shared, 4), [3, 1, 2, 3]);
}

#[test]
fn shreg_06_random_gives_every_callee_the_same_share_of_the_bits() {
    let mut shared = callees(Invoke::Random, 3);
    let third = u64::MAX / 3;
    for (bits, expected) in
        [(0, 1), (third, 1), (third + 1, 2), (2 * third, 2), (2 * third + 1, 3), (u64::MAX, 3)]
    {
        assert_eq!(call(&mut shared, bits, &[]), Some(expected), "{bits:x}");
    }
    // Those that were tried leave their share to the others.
    for (bits, expected) in [(0, 1), (u64::MAX / 2, 1), (u64::MAX / 2 + 1, 3), (u64::MAX, 3)] {
        assert_eq!(call(&mut shared, bits, &[2]), Some(expected), "{bits:x}");
    }
    assert_eq!(call(&mut shared, u64::MAX, &[1, 3]), Some(2));
}

#[test]
fn shreg_07_first_and_last_are_taken_over_when_they_leave() {
    let mut first = callees(Invoke::First, 3);
    let mut last = callees(Invoke::Last, 3);
    assert_eq!((calls(&mut first, 2), calls(&mut last, 2)), (vec![1, 1], vec![3, 3]));
    first.leave(session(1));
    last.leave(session(3));
    assert_eq!((calls(&mut first, 2), calls(&mut last, 2)), (vec![2, 2], vec![2, 2]));
    // One that comes back is the one that registered last.
    first.join(session(1), 1, Invoke::First).unwrap();
    last.join(session(3), 3, Invoke::Last).unwrap();
    assert_eq!((calls(&mut first, 1), calls(&mut last, 1)), (vec![2], vec![3]));
}

#[test]
fn shreg_08_a_callee_takes_only_itself_away_and_the_last_one_the_policy() {
    for policy in SHARED {
        let mut shared = callees(policy, 3);
        for (leaves, left) in [(2, vec![1, 3]), (1, vec![3])] {
            assert_eq!(shared.leave(session(leaves)), Some(leaves));
            assert_eq!(shared.leave(session(leaves)), None);
            let sessions: Vec<u64> = shared.iter().map(|(session, _)| session.get()).collect();
            assert_eq!(sessions, left);
            assert!(call(&mut shared, u64::MAX, &[]).is_some_and(|chosen| left.contains(&chosen)));
        }
        assert!(!shared.is_empty() && shared.has(session(3)) && !shared.has(session(1)));
        shared.leave(session(3));
        assert!(shared.is_empty() && !shared.has(session(3)));
        assert_eq!(call(&mut shared, 0, &[]), None);
        assert_eq!(shared.join(session(4), 4, Invoke::Single), Ok(true));
        assert_eq!(shared.invoke(), Invoke::Single);
        assert_eq!(call(&mut shared, 0, &[]), Some(4));
    }
}

#[test]
fn shreg_09_a_session_that_registers_twice_is_a_callee_once() {
    for policy in SHARED {
        let mut shared = callees(policy, 2);
        assert_eq!(shared.join(session(1), 7, policy), Ok(false));
        assert_eq!((shared.len(), shared.get(session(1))), (2, Some(&1)));
    }
    let mut shared = callees(Invoke::RoundRobin, 1);
    assert_eq!(shared.join(session(1), 1, Invoke::RoundRobin), Ok(false));
    assert_eq!(shared.join(session(2), 2, Invoke::RoundRobin), Ok(true));
    assert_eq!(calls(&mut shared, 4), [1, 2, 1, 2]);
    shared.leave(session(1));
    assert_eq!(calls(&mut shared, 2), [2, 2]);
}

#[test]
fn rer_02_an_unavailable_callee_is_passed_over_as_its_policy_says() {
    assert_eq!(visited(&mut callees(Invoke::Single, 1), 0), [1]);
    assert_eq!(visited(&mut callees(Invoke::First, 3), 0), [1, 2, 3]);
    assert_eq!(visited(&mut callees(Invoke::Last, 3), 0), [3, 2, 1]);
    let mut robin = callees(Invoke::RoundRobin, 3);
    calls(&mut robin, 1);
    assert_eq!(visited(&mut robin, 0), [2, 3, 1]);
    // The bits of the first third draw the first of those left, those of the last third the last one.
    assert_eq!(visited(&mut callees(Invoke::Random, 3), 0), [1, 2, 3]);
    assert_eq!(visited(&mut callees(Invoke::Random, 3), u64::MAX), [3, 2, 1]);
    assert_eq!(visited(&mut callees(Invoke::Random, 3), 1 << 63), [2, 3, 1]);
}

#[test]
fn rer_02_the_rotation_goes_on_behind_the_callee_that_served() {
    let mut robin = callees(Invoke::RoundRobin, 3);
    assert_eq!(call(&mut robin, 0, &[]), Some(1));
    assert_eq!(call(&mut robin, 0, &[1]), Some(2));
    assert_eq!(calls(&mut robin, 2), [3, 1]);
    // Somebody who was tried and has left since is in nobody's way.
    robin.leave(session(2));
    assert_eq!(call(&mut robin, 0, &[2]), Some(3));
    assert_eq!(call(&mut robin, 0, &[2, 3, 1]), None);
    assert_eq!(calls(&mut robin, 2), [1, 3]);
}

#[test]
fn rer_02_of_many_unavailable_callees_each_is_asked_once() {
    const MANY: u64 = 3000;
    let all: Vec<u64> = (1..=MANY).collect();
    let back: Vec<u64> = all.iter().rev().copied().collect();
    assert_eq!(visited(&mut callees(Invoke::First, MANY), 0), all);
    assert_eq!(visited(&mut callees(Invoke::RoundRobin, MANY), 0), all);
    assert_eq!(visited(&mut callees(Invoke::Last, MANY), 0), back);
    // Each time with bits of its own, as a router draws them.
    let (mut shared, mut tried, mut bits) = (callees(Invoke::Random, MANY), Tried::default(), 7_u64);
    let mut drawn = Vec::new();
    while let Some((chosen, kept)) = shared.choose(bits, &mut tried, |_| true) {
        drawn.push(*kept);
        tried.add(chosen);
        bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
    assert!(drawn.windows(2).filter(|two| two[0] + 1 == two[1]).count() < drawn.len() / 2);
    drawn.sort_unstable();
    assert_eq!(drawn, all);
}

#[test]
fn rer_02_whoever_comes_and_leaves_while_a_call_is_rerouted_is_asked_as_the_policy_says() {
    let ask = |shared: &mut Callees<u64>, tried: &mut Tried| {
        let chosen = shared.choose(0, tried, |_| true).map(|(_, kept)| *kept);
        chosen.into_iter().for_each(|number| tried.add(session(number)));
        chosen
    };
    for (policy, expected) in [(Invoke::First, [1, 2, 4, 5, 6]), (Invoke::Last, [4, 6, 5, 2, 1])] {
        let (mut shared, mut tried) = (callees(policy, 4), Tried::default());
        let mut asked = vec![ask(&mut shared, &mut tried)];
        shared.leave(session(3));
        shared.join(session(5), 5, policy).unwrap();
        shared.join(session(6), 6, policy).unwrap();
        asked.extend((0..4).map(|_| ask(&mut shared, &mut tried)));
        assert_eq!(asked.into_iter().flatten().collect::<Vec<_>>(), expected, "{policy:?}");
        assert_eq!(ask(&mut shared, &mut tried), None);
        // A callee that was tried and registers again still counts as tried.
        shared.leave(session(1));
        shared.join(session(1), 1, policy).unwrap();
        assert_eq!(ask(&mut shared, &mut tried), None);
    }
}

#[test]
fn those_who_do_not_serve_are_passed_over_by_every_policy() {
    for policy in SHARED {
        let (mut shared, mut tried, mut asked) = (callees(policy, 5), Tried::default(), Vec::new());
        // The first draw may choose one of them; the caller of `choose` then adds it to those tried.
        tried.add(session(2));
        while let Some((chosen, kept)) = shared.choose(0, &mut tried, |number| number % 2 == 1) {
            asked.push(*kept);
            tried.add(chosen);
        }
        asked.sort_unstable();
        assert_eq!(asked, [1, 3, 5], "{policy:?}");
    }
}
