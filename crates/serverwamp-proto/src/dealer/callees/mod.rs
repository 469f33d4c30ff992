//! The callees of one registration, and which of them serves a call.
//!
//! They stand in the order in which they registered. Spec: advanced, "Shared Registration" and "Call Rerouting".

use super::Tried;
use crate::id::SessionId;
use crate::message::Invoke;

/// Up to this many callees a look at each of them costs less than anything else.
const FEW: usize = 256;

/// The number of random draws among many callees before the next one in order is taken.
const DRAWS: u64 = 16;

/// The callees of one registration; `T` is what the driver keeps for each.
#[derive(Clone, Debug)]
pub struct Callees<T> {
    invoke: Invoke,
    /// By the number under which they came, which grows.
    callees: Vec<RegisteredCallee<T>>,
    next: u64,
    /// The next callee under [`Invoke::RoundRobin`]; after the last one, the first.
    turn: usize,
}

#[derive(Clone, Debug)]
struct RegisteredCallee<T> {
    number: u64,
    session: SessionId,
    kept: T,
}

/// The procedure is registered, and not in a way the new callee could share: `wamp.error.procedure_already_exists`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("procedure already exists")]
pub struct AlreadyExists;

impl<T> Callees<T> {
    /// A registration of this policy without callees.
    pub const fn new(invoke: Invoke) -> Self {
        Self { invoke, callees: Vec::new(), next: 1, turn: 0 }
    }

    /// The policy that distributes calls.
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
        self.callees.push(RegisteredCallee { number: self.next, session, kept: callee });
        self.next += 1;
        Ok(true)
    }

    /// Takes a callee out; the turn of the others stays as it is.
    pub fn leave(&mut self, session: SessionId) -> Option<T> {
        let place = self.place(session)?;
        if place < self.turn {
            self.turn -= 1;
        }
        Some(self.callees.remove(place).kept)
    }

    /// The number of callees.
    pub const fn len(&self) -> usize {
        self.callees.len()
    }

    /// Returns whether there are no callees, and so no registration any more.
    pub const fn is_empty(&self) -> bool {
        self.callees.is_empty()
    }

    /// Returns whether the session is among the callees.
    pub fn has(&self, session: SessionId) -> bool {
        self.place(session).is_some()
    }

    /// The value of a callee.
    pub fn get(&self, session: SessionId) -> Option<&T> {
        self.iter().find_map(|(callee, kept)| (callee == session).then_some(kept))
    }

    /// All callees, in the order in which they registered.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (SessionId, &T)> + ExactSizeIterator {
        self.callees.iter().map(|callee| (callee.session, &callee.kept))
    }

    /// The callee that serves a call; `random` are uniformly random bits.
    ///
    /// Those in `tried` are passed over as if they did not exist: they were asked for this very call, and unavailable
    /// (checklist RER-02); so may those be that `serves` says no of. `None` says that there is nobody left to ask. A call that asks all of many callees looks at
    /// each of them a few times at the most, so that many who have no time are not more work than there are of them.
    pub fn choose(
        &mut self,
        random: u64,
        tried: &mut Tried,
        serves: impl Fn(&T) -> bool,
    ) -> Option<(SessionId, &T)> {
        let is_left = |callee: &RegisteredCallee<T>, tried: &Tried| {
            serves(&callee.kept) && tried.is_left(callee.session)
        };
        let place = match self.invoke {
            Invoke::Single | Invoke::First => self.first(tried, is_left),
            Invoke::Last => self.last(tried, is_left),
            Invoke::RoundRobin => self.next_in_turn(|callee| is_left(callee, tried)),
            Invoke::Random if tried.is_empty() => scale(random, self.callees.len()),
            Invoke::Random => self.drawn(random, |callee| is_left(callee, tried)),
        }?;
        self.callees.get(place).map(|callee| (callee.session, &callee.kept))
    }

    /// The first that was not tried; all before it were, and later callees are behind it.
    fn first(
        &self,
        tried: &mut Tried,
        is_left: impl Fn(&RegisteredCallee<T>, &Tried) -> bool,
    ) -> Option<usize> {
        let from = self.callees.partition_point(|callee| callee.number < tried.before);
        let place = from + self.callees.get(from..)?.iter().position(|callee| is_left(callee, tried))?;
        tried.before = self.callees.get(place)?.number;
        Some(place)
    }

    /// The last that was not tried: one of those who came since the last was asked, or one from before those who were.
    fn last(
        &self,
        tried: &mut Tried,
        is_left: impl Fn(&RegisteredCallee<T>, &Tried) -> bool,
    ) -> Option<usize> {
        let come = self.callees.partition_point(|callee| callee.number <= tried.until);
        let last_of = |callees: &[RegisteredCallee<T>], tried: &Tried| {
            callees.iter().rposition(|callee| is_left(callee, tried))
        };
        if let Some(place) = last_of(self.callees.get(come..)?, tried) {
            // Without gap above all that were tried, as long as nobody has come meanwhile.
            if tried.until == 0 {
                let number = self.callees.get(place)?.number;
                (tried.from, tried.until) = (number, self.next - 1);
            }
            return Some(come + place);
        }
        tried.until = tried.until.max(self.next - 1);
        let passed = self.callees.partition_point(|callee| callee.number < tried.from);
        let place = last_of(self.callees.get(..passed)?, tried)?;
        tried.from = self.callees.get(place)?.number;
        Some(place)
    }

    fn next_in_turn(&mut self, is_left: impl Fn(&RegisteredCallee<T>) -> bool) -> Option<usize> {
        let (passed, due) = self.callees.split_at_checked(self.turn)?;
        let later = due.iter().position(&is_left).map(|place| passed.len() + place);
        let place = later.or_else(|| passed.iter().position(&is_left))?;
        self.turn = place + 1;
        Some(place)
    }

    fn drawn(&self, random: u64, is_left: impl Fn(&RegisteredCallee<T>) -> bool) -> Option<usize> {
        let many = self.callees.len();
        let is_left = |place: &usize| self.callees.get(*place).is_some_and(&is_left);
        if many <= FEW {
            let left = || (0..many).filter(is_left);
            return left().nth(scale(random, left().count())?);
        }
        let draws = (0..DRAWS).filter_map(|draw| scale(scatter(random.wrapping_add(draw)), many));
        draws.clone().find(is_left).or_else(|| {
            // Nearly all were tried.
            let from = draws.clone().next()?;
            (from..many).chain(0..from).find(is_left)
        })
    }

    fn place(&self, session: SessionId) -> Option<usize> {
        self.callees.iter().position(|callee| callee.session == session)
    }
}

/// Further random bits from random bits (SplitMix64).
const fn scatter(bits: u64) -> u64 {
    let bits = bits.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Maps 64 uniformly random bits to a number below `count`. No number is likelier than another by more than 2^-64.
fn scale(random: u64, count: usize) -> Option<usize> {
    let product = u128::from(random) * u128::try_from(count).ok()?;
    usize::try_from(product >> 64).ok().filter(|place| *place < count)
}

#[cfg(test)]
mod tests;
