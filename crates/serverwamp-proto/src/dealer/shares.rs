//! Fair shares: the choice of the holder that gets the next of a limited number of places.
//!
//! A holder takes as many places as are free, until another one finds none. For [`WANT`] from then on nobody is given a place
//! beyond its share, and the one who found none gets a place of the holder with the most, if that has more than its share
//! or much more than the one who asks. So nothing is kept free for those who ask for nothing, and a holder of places cannot
//! keep others out, even if it never gives a place back. Invariant: what is kept of those who want places is two entries,
//! however many they are.

use std::time::{Duration, Instant};

/// The time for which a holder wants places after it was refused one, or found none free.
///
/// A second: a client that was refused asks again within it, and nothing is kept from others for longer in vain.
pub const WANT: Duration = Duration::from_secs(1);

/// The number of places, and the number that is the share of one holder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FairShare {
    places: usize,
    share: usize,
}

impl FairShare {
    /// So many places, and a share of so many, which is at least 1 and at most all of them.
    pub const fn new(places: usize, share: usize) -> Self {
        let share = if share > places { places } else { share };
        Self { places, share: if share == 0 { 1 } else { share } }
    }

    /// The number of places.
    pub const fn places(self) -> usize {
        self.places
    }

    /// The number of places in a share.
    pub const fn share(self) -> usize {
        self.share
    }

    /// Returns whether a holder of `most` places gives up one of them to a holder of `held`, when none is free.
    ///
    /// It does so beyond its share, as long as it still has as many as the other one then; and beyond a quarter of its share,
    /// if it has twice as many as the other one then: several holders that have a share each cannot keep another one out.
    pub const fn yields(self, most: usize, held: usize) -> bool {
        let levels = most > held.saturating_add(1);
        let is_greedy = most > self.share || (most > self.share / 4 && most / 2 > held);
        levels && is_greedy
    }
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NoPlace {
    /// All are taken, and nobody has to give one up.
    Full,
    /// The holder has its share, and another one wants places.
    BeyondShare,
}

/// The last two that wanted a place lately and did not get one; others do not matter for the shares.
#[derive(Clone, Debug)]
pub struct Wants<K> {
    latest: Option<(K, Instant)>,
    /// The latest one of another holder.
    before: Option<(K, Instant)>,
}

impl<K: Eq> Wants<K> {
    /// Nobody wants anything.
    pub const fn new() -> Self {
        Self { latest: None, before: None }
    }

    /// This holder was refused a place, or found none free. `now` does not go back.
    pub fn note(&mut self, holder: K, now: Instant) {
        match &mut self.latest {
            Some((latest, at)) if *latest == holder => *at = now,
            _ => self.before = self.latest.replace((holder, now)),
        }
    }

    /// Returns whether one other than this holder wants a place.
    pub fn another(&self, holder: &K, now: Instant) -> bool {
        let other = match &self.latest {
            Some((latest, _)) if latest == holder => &self.before,
            latest => latest,
        };
        other.as_ref().is_some_and(|(_, at)| now.saturating_duration_since(*at) < WANT)
    }
}

impl<K: Eq> Default for Wants<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hashbrown::HashMap;
    use proptest::prelude::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_share_is_at_least_one_and_at_most_all_places() {
        assert_eq!(FairShare::new(8, 2), FairShare { places: 8, share: 2 });
        assert_eq!(FairShare::new(8, 0).share(), 1);
        assert_eq!(FairShare::new(8, 9).share(), 8);
        assert_eq!(FairShare::new(1, 0), FairShare { places: 1, share: 1 });
    }

    #[test]
    fn who_has_more_than_a_share_gives_up_places_and_who_has_not_does_not() {
        let share = FairShare::new(1024, 256);
        assert!(share.yields(257, 0) && share.yields(257, 255));
        // Both would have changed places, and no more.
        assert!(!share.yields(257, 256));
        assert!(!share.yields(256, 200));
        // Four holders with a share each have all places.
        assert!(share.yields(256, 0) && share.yields(256, 127));
        assert!(!share.yields(256, 128));
        // Nobody takes from those who hold little.
        assert!(share.yields(65, 0) && !share.yields(64, 0));
        assert!(!FairShare::new(1, 1).yields(1, 0));
        assert!(!share.yields(usize::MAX, usize::MAX));
    }

    #[test]
    fn a_want_lasts_for_its_time_and_is_none_of_its_own_holder() {
        let (now, mut wants) = (start(), Wants::new());
        assert!(!wants.another(&"a", now));
        wants.note("b", now);
        assert!(wants.another(&"a", now) && !wants.another(&"b", now));
        let last = now + WANT.saturating_sub(Duration::from_nanos(1));
        assert!(wants.another(&"a", last) && !wants.another(&"a", now + WANT));
        wants.note("b", last);
        assert!(wants.another(&"a", now + WANT));
    }

    /// Holders that ask for places and give them back at random, as a driver would serve them.
    #[derive(Debug)]
    struct Driver {
        share: FairShare,
        held: HashMap<u8, usize>,
        wants: Wants<u8>,
    }

    impl Driver {
        fn taken(&self) -> usize {
            self.held.values().sum()
        }

        fn of(&self, holder: u8) -> usize {
            self.held.get(&holder).copied().unwrap_or(0)
        }

        fn ask(&mut self, holder: u8, now: Instant) -> Result<(), NoPlace> {
            if self.of(holder) >= self.share.share() && self.wants.another(&holder, now) {
                self.wants.note(holder, now);
                return Err(NoPlace::BeyondShare);
            }
            if self.taken() >= self.share.places() {
                self.wants.note(holder, now);
                let (most, held) = self
                    .held
                    .iter()
                    .map(|(other, held)| (*other, *held))
                    .max_by_key(|(_, held)| *held)
                    .unwrap();
                if !self.share.yields(held, self.of(holder)) {
                    return Err(NoPlace::Full);
                }
                *self.held.get_mut(&most).unwrap() -= 1;
            }
            *self.held.entry(holder).or_default() += 1;
            Ok(())
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ask(u8),
        GiveBack(u8),
        Wait(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            6 => (0_u8..5).prop_map(Step::Ask),
            2 => (0_u8..5).prop_map(Step::GiveBack),
            1 => (0_u64..700).prop_map(Step::Wait),
        ];
        prop::collection::vec(step, 0..400)
    }

    proptest! {
        #[test]
        fn whoever_asks_gets_a_share_whatever_others_hold(
            places in 1_usize..40, part in 1_usize..6, steps in steps()
        ) {
            let share = FairShare::new(places, places / part);
            let mut driver = Driver { share, held: HashMap::new(), wants: Wants::new() };
            let mut now = start();
            let mut refused: HashMap<u8, Instant> = HashMap::new();
            for step in steps {
                match step {
                    Step::Ask(holder) => {
                        let before = driver.of(holder);
                        let free = driver.taken() < places;
                        let most_before = driver.held.values().copied().max().unwrap_or(0);
                        let is_wanted = refused
                            .iter()
                            .any(|(other, at)| *other != holder && now.duration_since(*at) < WANT);
                        let outcome = driver.ask(holder, now);
                        match outcome {
                            // Beyond its share nobody gets a place while another one wants some.
                            Ok(()) => prop_assert!(before < share.share() || !is_wanted),
                            // Below it, a holder that finds none free finds no other with more than a share.
                            Err(NoPlace::Full) => prop_assert!(!free && (most_before <= share.share() || most_before <= before + 1)),
                            Err(NoPlace::BeyondShare) => prop_assert!(before >= share.share() && is_wanted),
                        }
                        if outcome.is_err() || !free {
                            refused.insert(holder, now);
                        }
                    }
                    Step::GiveBack(holder) => {
                        if let Some(held) = driver.held.get_mut(&holder) {
                            *held = held.saturating_sub(1);
                        }
                    }
                    Step::Wait(millis) => now += Duration::from_millis(millis),
                }
                prop_assert!(driver.taken() <= places);
                for holder in 0..5 {
                    let expected = refused
                        .iter()
                        .any(|(other, at)| *other != holder && now.duration_since(*at) < WANT);
                    prop_assert_eq!(driver.wants.another(&holder, now), expected);
                }
            }
        }

        #[test]
        fn nobody_keeps_a_holder_from_its_share_by_giving_nothing_back(
            places in 2_usize..200, part in 2_usize..6
        ) {
            let share = FairShare::new(places, places / part);
            let mut driver = Driver { share, held: HashMap::new(), wants: Wants::new() };
            let now = start();
            while driver.ask(0, now).is_ok() {}
            prop_assert_eq!(driver.of(0), places, "who is alone has all");
            while driver.ask(1, now).is_ok() {}
            prop_assert!(driver.of(1) >= share.share().min(places / 2));
            prop_assert!(driver.ask(0, now).is_err());
        }
    }
}
