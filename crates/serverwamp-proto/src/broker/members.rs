//! The subscribers of one subscription: a dense list to publish along, and where each session stands in it.
//!
//! Joining, leaving and looking a session up cost the same however many there are; the order changes when somebody
//! leaves. Invariant: a session is in it once.

use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use crate::id::SessionId;

/// The subscribers of one subscription; `T` is what the driver keeps for each of them.
///
/// ```
/// use serverwamp_proto::broker::Members;
/// use serverwamp_proto::id::SessionId;
///
/// let session = SessionId::new(7).unwrap();
/// let mut members = Members::new();
/// assert!(members.add(session, "first"));
/// assert!(!members.add(session, "again"));
/// assert_eq!(members.as_slice(), [(session, "first")]);
/// ```
#[derive(Clone, Debug)]
pub struct Members<T> {
    members: Vec<(SessionId, T)>,
    /// The index of each session in `members`.
    places: HashMap<SessionId, usize>,
}

impl<T> Members<T> {
    /// Nobody.
    pub fn new() -> Self {
        Self { members: Vec::new(), places: HashMap::new() }
    }

    /// Puts a session in; false, and `member` is dropped, if it is in already.
    pub fn add(&mut self, session: SessionId, member: T) -> bool {
        let Entry::Vacant(place) = self.places.entry(session) else { return false };
        place.insert(self.members.len());
        self.members.push((session, member));
        true
    }

    /// Takes a session out; the last one of the list takes its place.
    pub fn remove(&mut self, session: SessionId) -> Option<T> {
        let place = self.places.remove(&session)?;
        let (_, member) = self.members.swap_remove(place);
        if let Some((moved, _)) = self.members.get(place) {
            self.places.insert(*moved, place);
        }
        Some(member)
    }

    /// Returns whether the session is in.
    pub fn has(&self, session: SessionId) -> bool {
        self.places.contains_key(&session)
    }

    /// The value of the session, if it is a member.
    pub fn get(&self, session: SessionId) -> Option<&T> {
        let (_, member) = self.members.get(*self.places.get(&session)?)?;
        Some(member)
    }

    /// The number of entries.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Everybody, in no particular order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (SessionId, &T)> {
        self.members.iter().map(|(session, member)| (*session, member))
    }

    /// Everybody, in no particular order.
    pub fn as_slice(&self) -> &[(SessionId, T)] {
        &self.members
    }
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn session(number: u64) -> SessionId {
        SessionId::new(number).unwrap()
    }

    #[test]
    fn sub_02_a_session_that_is_in_stays_in_once_with_what_it_had() {
        let mut members = Members::new();
        assert!(members.add(session(1), "first"));
        assert!(!members.add(session(1), "second"));
        assert_eq!(members.len(), 1);
        assert_eq!(members.get(session(1)), Some(&"first"));
    }

    #[test]
    fn who_is_not_in_cannot_be_removed() {
        let mut members = Members::new();
        members.add(session(1), ());
        assert_eq!(members.remove(session(2)), None);
        assert_eq!(members.remove(session(1)), Some(()));
        assert_eq!(members.remove(session(1)), None);
        assert!(members.is_empty());
    }

    #[test]
    fn who_takes_the_place_of_one_that_left_is_still_found() {
        let mut members = Members::new();
        for number in 1..=3 {
            members.add(session(number), number);
        }
        assert_eq!(members.remove(session(1)), Some(1));
        assert_eq!(members.get(session(3)), Some(&3));
        assert_eq!(members.remove(session(3)), Some(3));
        assert_eq!(members.as_slice(), [(session(2), 2)]);
        assert!(members.has(session(2)) && !members.has(session(3)));
    }

    proptest! {
        #[test]
        fn members_are_those_that_were_added_and_not_removed(steps in vec((any::<bool>(), 1u64..12), 0..80)) {
            let mut members = Members::new();
            let mut model = BTreeMap::new();
            for (step, (add, number)) in steps.into_iter().enumerate() {
                if add {
                    let is_new = !model.contains_key(&session(number));
                    model.entry(session(number)).or_insert(step);
                    prop_assert_eq!(members.add(session(number), step), is_new);
                } else {
                    prop_assert_eq!(members.remove(session(number)), model.remove(&session(number)));
                }
                let listed: BTreeMap<_, _> = members.iter().map(|(session, step)| (session, *step)).collect();
                prop_assert_eq!(members.len(), model.len());
                prop_assert_eq!(&listed, &model);
                for (session, step) in &model {
                    prop_assert_eq!(members.get(*session), Some(step));
                }
            }
        }
    }
}
