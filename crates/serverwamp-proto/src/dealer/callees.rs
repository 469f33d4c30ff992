//! The callees of one registration, and which of them a call goes to.

use crate::id::SessionId;
use crate::message::Invoke;

/// The callees of a registration in the order they registered; `T` is what the driver keeps for each.
///
/// Spec: advanced, "Shared Registration", "Call Rerouting".
#[derive(Clone, Debug)]
pub struct Callees<T> {
    invoke: Invoke,
    list: Vec<(SessionId, T)>,
    /// Where the next round-robin call goes.
    next: usize,
}

/// The registration is not shared, or is shared in another way: `wamp.error.procedure_already_exists`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the procedure is registered already")]
pub struct AlreadyExists;

impl<T> Callees<T> {
    /// Nobody yet; the policy of the first callee is the registration's.
    pub const fn new(invoke: Invoke) -> Self {
        Self { invoke, list: Vec::new(), next: 0 }
    }

    /// Adds a callee; `false`, and nothing changes, when it is there already.
    ///
    /// # Errors
    /// When somebody is there and the registration is not shared, or under another policy (checklist RPC-02, SHREG-02,
    /// SHREG-03).
    pub fn join(&mut self, session: SessionId, callee: T, invoke: Invoke) -> Result<bool, AlreadyExists> {
        if !self.list.is_empty() && (self.invoke == Invoke::Single || invoke != self.invoke) {
            return Err(AlreadyExists);
        }
        if self.has(session) {
            return Ok(false);
        }
        self.list.push((session, callee));
        Ok(true)
    }

    /// Takes a callee out. The rotation goes on with whoever would have been next (checklist SHREG-05).
    pub fn leave(&mut self, session: SessionId) -> Option<T> {
        let place = self.place(session)?;
        if place < self.next {
            self.next -= 1;
        }
        Some(self.list.remove(place).1)
    }

    /// The callee a call goes to, leaving out those that were `tried`; `None` when there is no other.
    ///
    /// `random` is 64 random bits, looked at under [`Invoke::Random`] only.
    pub fn choose(&mut self, random: u64, tried: &[SessionId]) -> Option<(SessionId, &T)> {
        let fresh = |place: &usize| self.list.get(*place).is_some_and(|(id, _)| !tried.contains(id));
        let count = self.list.len();
        let place = match self.invoke {
            Invoke::Single | Invoke::First => (0..count).find(fresh)?,
            Invoke::Last => (0..count).rev().find(fresh)?,
            Invoke::RoundRobin => {
                let place = (self.next..count).chain(0..self.next.min(count)).find(fresh)?;
                self.next = place + 1;
                place
            }
            Invoke::Random => {
                let left = (0..count).filter(fresh).count();
                // The bits are spread over the places by multiplication, which is fairer than a remainder and as fast.
                let nth = usize::try_from((u128::from(random) * left as u128) >> 64).unwrap_or(0);
                (0..count).filter(fresh).nth(nth)?
            }
        };
        self.list.get(place).map(|(id, callee)| (*id, callee))
    }

    /// Whether the session is among the callees.
    pub fn has(&self, session: SessionId) -> bool {
        self.place(session).is_some()
    }

    /// The callees, in the order they registered.
    pub fn iter(&self) -> impl Iterator<Item = (SessionId, &T)> {
        self.list.iter().map(|(id, callee)| (*id, callee))
    }

    /// How many callees there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    fn place(&self, session: SessionId) -> Option<usize> {
        self.list.iter().position(|(id, _)| *id == session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u64) -> SessionId {
        SessionId::new(number).unwrap()
    }

    fn callees(invoke: Invoke, count: u64) -> Callees<u64> {
        let mut callees = Callees::new(invoke);
        for number in 1..=count {
            assert_eq!(callees.join(id(number), number, invoke), Ok(true));
        }
        callees
    }

    fn chosen(callees: &mut Callees<u64>, calls: usize) -> Vec<u64> {
        (0..calls).map(|_| callees.choose(0, &[]).map_or(0, |(_, number)| *number)).collect()
    }

    /// Who is asked in turn when everybody is unavailable.
    fn visits(callees: &mut Callees<u64>) -> Vec<u64> {
        let mut tried = Vec::new();
        while let Some((session, _)) = callees.choose(u64::MAX, &tried) {
            tried.push(session);
        }
        tried.into_iter().map(SessionId::get).collect()
    }

    #[test]
    fn rpc_02_nobody_joins_a_registration_that_is_not_shared() {
        let mut single = callees(Invoke::Single, 1);
        assert_eq!(single.join(id(1), 1, Invoke::Single), Err(AlreadyExists));
        assert_eq!(single.join(id(2), 2, Invoke::RoundRobin), Err(AlreadyExists));
        assert_eq!(single.len(), 1);
    }

    #[test]
    fn shreg_03_another_policy_is_refused_until_the_last_one_has_left() {
        let mut shared = callees(Invoke::RoundRobin, 1);
        assert_eq!(shared.join(id(2), 2, Invoke::Random), Err(AlreadyExists));
        assert_eq!(shared.join(id(2), 2, Invoke::RoundRobin), Ok(true));
    }

    #[test]
    fn shreg_05_round_robin_goes_in_the_order_of_registration() {
        let mut shared = callees(Invoke::RoundRobin, 3);
        assert_eq!(chosen(&mut shared, 7), [1, 2, 3, 1, 2, 3, 1]);
    }

    #[test]
    fn shreg_05_the_rotation_skips_nobody_when_one_leaves() {
        for (calls, leaves, next) in
            [(1, 1, [2, 3]), (1, 2, [3, 1]), (2, 1, [3, 2]), (2, 3, [1, 2]), (3, 3, [1, 2])]
        {
            let mut shared = callees(Invoke::RoundRobin, 3);
            chosen(&mut shared, calls);
            assert_eq!(shared.leave(id(leaves)), Some(leaves));
            assert_eq!(chosen(&mut shared, 2), next, "{calls} calls, then {leaves} leaves");
        }
    }

    #[test]
    fn shreg_06_random_reaches_everybody() {
        let mut shared = callees(Invoke::Random, 3);
        let mut seen = [0; 3];
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..300 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (_, number) = shared.choose(bits, &[]).unwrap();
            seen[usize::try_from(*number).unwrap() - 1] += 1;
        }
        assert!(seen.iter().all(|count| *count > 60), "{seen:?}");
    }

    #[test]
    fn shreg_07_first_and_last_hand_over_when_they_leave() {
        let mut first = callees(Invoke::First, 3);
        assert_eq!(chosen(&mut first, 2), [1, 1]);
        first.leave(id(1));
        assert_eq!(chosen(&mut first, 1), [2]);
        let mut last = callees(Invoke::Last, 3);
        assert_eq!(chosen(&mut last, 2), [3, 3]);
        last.leave(id(3));
        assert_eq!(chosen(&mut last, 1), [2]);
    }

    #[test]
    fn shreg_08_the_last_one_leaves_nobody() {
        let mut shared = callees(Invoke::First, 2);
        shared.leave(id(2));
        shared.leave(id(1));
        assert!(shared.is_empty());
        assert!(shared.choose(0, &[]).is_none());
        assert_eq!(shared.leave(id(1)), None);
    }

    #[test]
    fn shreg_09_a_session_is_among_the_callees_once() {
        let mut shared = callees(Invoke::RoundRobin, 2);
        assert_eq!(shared.join(id(1), 9, Invoke::RoundRobin), Ok(false));
        assert_eq!(chosen(&mut shared, 4), [1, 2, 1, 2]);
    }

    #[test]
    fn rer_02_each_policy_has_its_order_of_retries() {
        assert_eq!(visits(&mut callees(Invoke::Single, 1)), [1]);
        assert_eq!(visits(&mut callees(Invoke::First, 3)), [1, 2, 3]);
        assert_eq!(visits(&mut callees(Invoke::Last, 3)), [3, 2, 1]);
        let mut rotating = callees(Invoke::RoundRobin, 3);
        chosen(&mut rotating, 1);
        assert_eq!(visits(&mut rotating), [2, 3, 1]);
        let mut random = visits(&mut callees(Invoke::Random, 3));
        random.sort_unstable();
        assert_eq!(random, [1, 2, 3]);
    }
}
