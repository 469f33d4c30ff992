//! Ids: whole numbers from 1 to 2^53, one Rust type for each thing they name.
//!
//! WAMP knows three scopes. *Global* ids (sessions, publications) are drawn at random, so their constructor takes
//! random bits; *router* ids (subscriptions, registrations) and the *session* ids of requests are counted, which
//! [`Counter`] does. An id from a peer is checked once, on the way in, and an id of the wrong range cannot exist
//! afterwards. Spec: basic, "IDs".

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;

/// The largest id there is, 2^53: the largest whole number a JavaScript client can count to without gaps.
pub const MAX_ID: u64 = 1 << 53;

/// The common part of all ids.
pub trait Id: Copy + Eq + Ord + fmt::Debug + fmt::Display {
    /// The id with this number, if the number lies in 1 ..= 2^53.
    fn new(number: u64) -> Option<Self>;

    /// The number on the wire.
    fn get(self) -> u64;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id with this number, if the number lies in 1 ..= 2^53.
            pub const fn new(number: u64) -> Option<Self> {
                match NonZeroU64::new(number) {
                    Some(number) if number.get() <= MAX_ID => Some(Self(number)),
                    _ => None,
                }
            }

            /// The number on the wire.
            pub const fn get(self) -> u64 {
                self.0.get()
            }

            /// The id that 64 random bits select; every id is equally likely. For ids of global scope.
            pub const fn random(bits: u64) -> Self {
                Self(random_id(bits))
            }
        }

        impl Id for $name {
            fn new(number: u64) -> Option<Self> {
                Self::new(number)
            }

            fn get(self) -> u64 {
                self.get()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )*};
}

ids! {
    /// A session; global scope, drawn at random, never guessable.
    SessionId;
    /// A request or an invocation; session scope, counted from 1 in each direction.
    RequestId;
    /// A registration; router scope.
    RegistrationId;
    /// A subscription; router scope, shared by all subscribers of the same topic and match.
    SubscriptionId;
    /// A publication; global scope, the same for every receiver of one publication.
    PublicationId;
    /// The life of a history, from when it was empty to when it is forgotten; drawn at random, so that no two are alike.
    EpochId;
}

/// Maps 64 uniformly random bits to a number in 1 ..= 2^53, uniformly.
///
/// Exactly 2^53 numbers and exactly 53 bits kept: no number is likelier than another.
pub const fn random_id(bits: u64) -> NonZeroU64 {
    match NonZeroU64::new((bits >> 11) + 1) {
        Some(id) => id,
        None => NonZeroU64::MIN,
    }
}

/// Hands out ids one after the other: 1, 2, 3 … 2^53, and then 1 again.
#[derive(Clone, Debug)]
pub struct Counter<T> {
    last: u64,
    ids: PhantomData<T>,
}

impl<T: Id> Counter<T> {
    /// A counter whose first id is 1.
    pub const fn new() -> Self {
        Self { last: 0, ids: PhantomData }
    }

    /// The next id.
    pub fn issue(&mut self) -> T {
        self.last = if self.last >= MAX_ID { 1 } else { self.last + 1 };
        T::new(self.last).expect("the counter stays in 1 ..= 2^53")
    }

    /// Takes back the id handed out last, which nobody has seen; any other stays as it is.
    pub(crate) fn take_back(&mut self, id: T) {
        if self.last == id.get() {
            self.last = id.get() - 1;
        }
    }

    /// A counter that has handed out `last`, so that a test sees the end of the ids.
    #[cfg(test)]
    pub(crate) fn having_issued(last: T) -> Self {
        Self { last: last.get(), ids: PhantomData }
    }

    /// The id handed out last.
    pub fn last(&self) -> Option<T> {
        T::new(self.last)
    }
}

impl<T: Id> Default for Counter<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// The enforcement of the numbering of a client's requests.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RequestNumbering {
    /// Any id in range is taken. The other routers do the same, and clients that draw ids at random exist.
    #[default]
    Lenient,
    /// Each request has exactly the id that follows; anything else breaks the protocol, as the specification says.
    Strict,
}

/// The ids of the requests one client has sent in one session.
///
/// One sequence covers SUBSCRIBE, UNSUBSCRIBE, PUBLISH, REGISTER, UNREGISTER and CALL together.
#[derive(Clone, Debug)]
pub struct RequestSequence {
    numbering: RequestNumbering,
    counter: Counter<RequestId>,
}

/// A request did not carry the id that was due.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("expected request id {due}, got {got}")]
pub struct OutOfSequence {
    /// The id the request carried.
    pub got: RequestId,
    /// The id it should have carried.
    pub due: RequestId,
}

impl RequestSequence {
    /// The sequence of a new session: 1 is due.
    pub const fn new(numbering: RequestNumbering) -> Self {
        Self { numbering, counter: Counter::new() }
    }

    /// Takes note of a request's id.
    ///
    /// # Errors
    /// Under strict numbering, when another id was due.
    pub fn accept(&mut self, got: RequestId) -> Result<(), OutOfSequence> {
        if self.numbering == RequestNumbering::Lenient {
            return Ok(());
        }
        let before = self.counter.clone();
        let due = self.counter.issue();
        if got == due {
            return Ok(());
        }
        self.counter = before;
        Err(OutOfSequence { got, due })
    }

    /// The enforcement of this sequence.
    pub const fn numbering(&self) -> RequestNumbering {
        self.numbering
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_01_range_is_1_to_2_pow_53() {
        assert_eq!(RequestId::new(0), None);
        assert_eq!(RequestId::new(1).map(RequestId::get), Some(1));
        assert_eq!(RequestId::new(9_007_199_254_740_992).map(RequestId::get), Some(MAX_ID));
        assert_eq!(RequestId::new(9_007_199_254_740_993), None);
        assert_eq!(RequestId::new(u64::MAX), None);
        assert_eq!(SessionId::new(4711).unwrap().to_string(), "4711");
    }

    #[test]
    fn id_02_random_bits_cover_the_whole_range() {
        assert_eq!(SessionId::random(0).get(), 1);
        assert_eq!(SessionId::random(u64::MAX).get(), MAX_ID);
        assert_eq!(PublicationId::random(1 << 11).get(), 2);
        assert_eq!(PublicationId::random((1 << 11) - 1).get(), 1);
    }

    #[test]
    fn id_05_counter_wraps_to_1() {
        let mut counter = Counter::<RegistrationId>::new();
        assert_eq!(counter.last(), None);
        assert_eq!(counter.issue().get(), 1);
        assert_eq!(counter.issue().get(), 2);
        counter.last = MAX_ID - 1;
        assert_eq!(counter.issue().get(), MAX_ID);
        assert_eq!(counter.issue().get(), 1);
    }

    #[test]
    fn id_06_strict_sequence_starts_at_1_and_steps_by_1() {
        let id = |number| RequestId::new(number).unwrap();
        let mut sequence = RequestSequence::new(RequestNumbering::Strict);
        assert!(sequence.accept(id(2)).is_err());
        assert_eq!(sequence.accept(id(1)), Ok(()));
        assert_eq!(sequence.accept(id(1)), Err(OutOfSequence { got: id(1), due: id(2) }));
        assert_eq!(sequence.accept(id(2)), Ok(()));
        assert!(sequence.accept(id(4)).is_err());
        assert_eq!(sequence.accept(id(3)), Ok(()));
        sequence.counter.last = MAX_ID;
        assert_eq!(sequence.accept(id(1)), Ok(()));
    }

    #[test]
    fn id_06_lenient_sequence_takes_any_id() {
        let mut sequence = RequestSequence::new(RequestNumbering::default());
        for number in [713_845_233, 1, 1, MAX_ID] {
            assert_eq!(sequence.accept(RequestId::new(number).unwrap()), Ok(()));
        }
    }
}
