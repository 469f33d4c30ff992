//! The callees of one registration, and which of them serves a call.
//!
//! They stand in the order in which they registered. Spec: advanced, "Shared Registration" and "Call Rerouting".

use crate::id::SessionId;
use crate::message::Invoke;

/// The callees of one registration; `T` is what the driver keeps for each.
#[derive(Clone, Debug)]
pub struct Callees<T> {
    invoke: Invoke,
    callees: Vec<(SessionId, T)>,
    /// Whose turn it is under [`Invoke::RoundRobin`]; behind the last one, it is the first one's.
    turn: usize,
}

/// The procedure is registered, and not in a way the new callee could share: `wamp.error.procedure_already_exists`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("procedure already exists")]
pub struct AlreadyExists;

impl<T> Callees<T> {
    /// A registration of this policy without callees.
    pub const fn new(invoke: Invoke) -> Self {
        Self { invoke, callees: Vec::new(), turn: 0 }
    }

    /// How calls are shared out.
    pub const fn invoke(&self) -> Invoke {
        self.invoke
    }

    /// Adds a callee; `false` if its session is among the callees already, and `callee` is dropped.
    ///
    /// A registration without callees takes the policy of the one that comes (checklist SHREG-08).
    ///
    /// # Errors
    /// When there is a callee, and the registration is not shared or is shared by another policy.
    pub fn join(&mut self, session: SessionId, callee: T, invoke: Invoke) -> Result<bool, AlreadyExists> {
        if self.is_empty() {
            self.invoke = invoke;
        } else if self.invoke == Invoke::Single || self.invoke != invoke {
            return Err(AlreadyExists);
        } else if self.has(session) {
            return Ok(false);
        }
        self.callees.push((session, callee));
        Ok(true)
    }

    /// Takes a callee out; the turn of the others stays as it is.
    pub fn leave(&mut self, session: SessionId) -> Option<T> {
        let place = self.place(session)?;
        if place < self.turn {
            self.turn -= 1;
        }
        Some(self.callees.remove(place).1)
    }

    /// How many callees there are.
    pub const fn len(&self) -> usize {
        self.callees.len()
    }

    /// Whether there are no callees, and so no registration any more.
    pub const fn is_empty(&self) -> bool {
        self.callees.is_empty()
    }

    /// Whether the session is among the callees.
    pub fn has(&self, session: SessionId) -> bool {
        self.place(session).is_some()
    }

    /// What is kept for a callee.
    pub fn get(&self, session: SessionId) -> Option<&T> {
        self.iter().find_map(|(callee, kept)| (callee == session).then_some(kept))
    }

    /// All callees, in the order in which they registered.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (SessionId, &T)> + ExactSizeIterator {
        self.callees.iter().map(|(session, callee)| (*session, callee))
    }

    /// The callee that serves a call; `random` are uniformly random bits.
    ///
    /// Those in `tried` are passed over as if they did not exist: they were asked for this very call, and unavailable
    /// (checklist RER-02). `None` says that there is nobody left to ask.
    pub fn choose(&mut self, random: u64, tried: &[SessionId]) -> Option<(SessionId, &T)> {
        let place = match self.invoke {
            Invoke::Single | Invoke::First => self.callees.iter().position(|callee| is_left(callee, tried)),
            Invoke::Last => self.callees.iter().rposition(|callee| is_left(callee, tried)),
            Invoke::RoundRobin => self.next_in_turn(tried),
            Invoke::Random => self.drawn(random, tried),
        }?;
        self.callees.get(place).map(|(session, callee)| (*session, callee))
    }

    fn next_in_turn(&mut self, tried: &[SessionId]) -> Option<usize> {
        let (passed, due) = self.callees.split_at_checked(self.turn)?;
        let later = due.iter().position(|callee| is_left(callee, tried)).map(|place| passed.len() + place);
        let place = later.or_else(|| passed.iter().position(|callee| is_left(callee, tried)))?;
        self.turn = place + 1;
        Some(place)
    }

    fn drawn(&self, random: u64, tried: &[SessionId]) -> Option<usize> {
        if tried.is_empty() {
            return scale(random, self.callees.len());
        }
        let left = || self.callees.iter().enumerate().filter(|(_, callee)| is_left(callee, tried));
        left().nth(scale(random, left().count())?).map(|(place, _)| place)
    }

    fn place(&self, session: SessionId) -> Option<usize> {
        self.callees.iter().position(|(callee, _)| *callee == session)
    }
}

fn is_left<T>((session, _): &(SessionId, T), tried: &[SessionId]) -> bool {
    !tried.contains(session)
}

/// Maps 64 uniformly random bits to a number below `count`. No number is likelier than another by more than 2^-64.
fn scale(random: u64, count: usize) -> Option<usize> {
    let product = u128::from(random) * u128::try_from(count).ok()?;
    usize::try_from(product >> 64).ok().filter(|place| *place < count)
}

#[cfg(test)]
mod tests {
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
        let tried: Vec<SessionId> = tried.iter().copied().map(session).collect();
        let (chosen, kept) = callees.choose(random, &tried)?;
        assert_eq!(chosen.get(), *kept);
        Some(*kept)
    }

    fn calls(callees: &mut Callees<u64>, count: usize) -> Vec<u64> {
        (0..count).map(|_| call(callees, 0, &[]).unwrap()).collect()
    }

    /// Whom one call visits when all of them are unavailable.
    fn visited(callees: &mut Callees<u64>, random: u64) -> Vec<u64> {
        let mut tried = Vec::new();
        while let Some(chosen) = call(callees, random, &tried) {
            tried.push(chosen);
        }
        tried
    }

    #[test]
    fn shreg_02_rpc_02_a_single_callee_shares_with_nobody() {
        for invoke in SHARED.into_iter().chain([Invoke::Single]) {
            let mut single = callees(Invoke::Single, 1);
            assert_eq!(single.join(session(2), 2, invoke), Err(AlreadyExists), "{invoke:?}");
            assert_eq!(single.join(session(1), 7, invoke), Err(AlreadyExists), "{invoke:?}");
            assert_eq!(
                (single.len(), single.get(session(1)), single.invoke()),
                (1, Some(&1), Invoke::Single)
            );
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
}
