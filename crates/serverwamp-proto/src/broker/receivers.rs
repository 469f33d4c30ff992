//! The receivers of a publication: its lists of sessions, principals and roles, applied to one session at a time.
//!
//! A session receives it if every list of eligible ones that is there has it, an empty one included, and no list of
//! excluded ones has it. The lists say nothing about who is subscribed. Spec: advanced, "Subscriber Black- and
//! Whitelisting".

use std::cell::{Cell, OnceCell};

use hashbrown::HashSet;

use crate::footprint::allocation;
use crate::id::SessionId;
use crate::message::{Names, Receivers};

/// Up to this many entries a look at each of them costs less than to put them into sets.
const SHORT: usize = 16;

/// So many sessions are asked about before long lists are put into sets, which costs as much as a few looks at each entry.
const FEW: u8 = 4;

impl Receivers {
    /// Returns whether the session with this principal and this role may receive the publication.
    ///
    /// Looks through the lists; a [`ReceiverFilter`] is there for many sessions, [`KeptReceivers`] for lists that are kept.
    pub fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        self.permits_as((session, authid, authrole), |list, session| list.contains(session), Names::contains)
    }

    fn permits_as(
        &self,
        (session, authid, authrole): (SessionId, &str, &str),
        has_id: impl Fn(&Vec<SessionId>, &SessionId) -> bool,
        has_name: impl Fn(&Names, &str) -> bool,
    ) -> bool {
        allows(self.eligible.as_ref(), self.exclude.as_ref(), |list| has_id(list, &session))
            && allows(self.eligible_authid.as_ref(), self.exclude_authid.as_ref(), |list| {
                has_name(list, authid)
            })
            && allows(self.eligible_authrole.as_ref(), self.exclude_authrole.as_ref(), |list| {
                has_name(list, authrole)
            })
    }

    /// The total number of entries of the lists.
    pub fn len(&self) -> usize {
        let ids = self.lists_of_ids().into_iter().flatten().map(Vec::len);
        ids.chain(self.lists_of_names().into_iter().flatten().map(Names::len)).sum()
    }

    /// Returns whether no list has an entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether a list of sessions is there, even an empty one. Such a publication is not kept in the history: whoever
    /// asks for it later has another session. Spec: advanced, "Event History", "Security Aspects".
    pub fn names_sessions(&self) -> bool {
        self.exclude.is_some() || self.eligible.is_some()
    }

    /// Returns whether the lists keep the publication from anybody at all; lists of excluded ones that are empty do not.
    pub fn restricts(&self) -> bool {
        let excludes = |list: &Option<Names>| list.as_ref().is_some_and(|list| !list.is_empty());
        self.eligible.is_some()
            || self.eligible_authid.is_some()
            || self.eligible_authrole.is_some()
            || self.exclude.as_ref().is_some_and(|list| !list.is_empty())
            || excludes(&self.exclude_authid)
            || excludes(&self.exclude_authrole)
    }

    /// The bytes of memory that the lists take, for stores of publications with a limit.
    pub fn bytes(&self) -> usize {
        let ids = |list: &Vec<SessionId>| allocation(list.capacity() * size_of::<SessionId>());
        let ids: usize = self.lists_of_ids().into_iter().flatten().map(ids).sum();
        let names: usize = self.lists_of_names().into_iter().flatten().map(Names::bytes).sum();
        size_of::<Self>() + ids + names
    }

    const fn lists_of_ids(&self) -> [Option<&Vec<SessionId>>; 2] {
        [self.exclude.as_ref(), self.eligible.as_ref()]
    }

    const fn lists_of_names(&self) -> [Option<&Names>; 4] {
        [
            self.exclude_authid.as_ref(),
            self.exclude_authrole.as_ref(),
            self.eligible_authid.as_ref(),
            self.eligible_authrole.as_ref(),
        ]
    }
}

/// The lists of a publication that is kept: sorted, and in no more memory than they need.
///
/// ```
/// use serverwamp_proto::broker::KeptReceivers;
/// use serverwamp_proto::id::SessionId;
/// use serverwamp_proto::message::Receivers;
///
/// let eligible = Some((1..=1000).map(|number| format!("user{number}")).collect());
/// let kept = KeptReceivers::new(&Receivers { eligible_authid: eligible, ..Receivers::default() });
/// let session = SessionId::new(1).unwrap();
/// assert!(kept.permits(session, "user500", "guest") && !kept.permits(session, "user1001", "guest"));
/// ```
#[derive(Clone, Debug)]
pub struct KeptReceivers(Receivers);

impl KeptReceivers {
    /// A copy of the lists.
    pub fn new(receivers: &Receivers) -> Self {
        let ids = |list: &Option<Vec<SessionId>>| {
            list.as_ref().map(|list| {
                let mut sorted = list.clone();
                sorted.sort_unstable();
                sorted
            })
        };
        let names = |list: &Option<Names>| list.as_ref().map(Names::sorted);
        Self(Receivers {
            exclude: ids(&receivers.exclude),
            exclude_authid: names(&receivers.exclude_authid),
            exclude_authrole: names(&receivers.exclude_authrole),
            eligible: ids(&receivers.eligible),
            eligible_authid: names(&receivers.eligible_authid),
            eligible_authrole: names(&receivers.eligible_authrole),
        })
    }

    /// Returns whether the session with this principal and this role may receive the publication.
    pub fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        let has_id = |list: &Vec<SessionId>, session: &SessionId| list.binary_search(session).is_ok();
        self.0.permits_as((session, authid, authrole), has_id, Names::contains_sorted)
    }

    /// The bytes of memory that the lists take.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// The lists of one publication, to be asked about many sessions. The default permits everybody.
///
/// Nothing is done with them before somebody is asked about, and long ones become sets only when several are, so that a
/// publication costs what its receivers do, and its lists once.
#[derive(Clone, Debug, Default)]
pub struct ReceiverFilter<'a> {
    receivers: Option<&'a Receivers>,
    asked: Cell<u8>,
    sets: OnceCell<Box<Sets<'a>>>,
}

impl<'a> ReceiverFilter<'a> {
    /// A filter of these lists, which costs nothing yet.
    pub fn new(receivers: &'a Receivers) -> Self {
        Self { receivers: Some(receivers), ..Self::default() }
    }

    /// Returns whether the session with this principal and this role may receive the publication.
    pub fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        let Some(receivers) = self.receivers else { return true };
        let asked = self.asked.get();
        if asked < FEW || receivers.len() <= SHORT {
            self.asked.set(asked.saturating_add(1));
            return receivers.permits(session, authid, authrole);
        }
        self.sets.get_or_init(|| Box::new(Sets::of(receivers))).permits(session, authid, authrole)
    }
}

/// All lists as sets.
#[derive(Clone, Debug)]
struct Sets<'a> {
    exclude: Option<HashSet<SessionId>>,
    eligible: Option<HashSet<SessionId>>,
    exclude_authid: Option<HashSet<&'a str>>,
    eligible_authid: Option<HashSet<&'a str>>,
    exclude_authrole: Option<HashSet<&'a str>>,
    eligible_authrole: Option<HashSet<&'a str>>,
}

impl<'a> Sets<'a> {
    fn of(receivers: &'a Receivers) -> Self {
        let ids = |list: &Option<Vec<SessionId>>| list.as_ref().map(|list| list.iter().copied().collect());
        let names = |list: &'a Option<Names>| list.as_ref().map(|list| list.iter().collect());
        Self {
            exclude: ids(&receivers.exclude),
            eligible: ids(&receivers.eligible),
            exclude_authid: names(&receivers.exclude_authid),
            eligible_authid: names(&receivers.eligible_authid),
            exclude_authrole: names(&receivers.exclude_authrole),
            eligible_authrole: names(&receivers.eligible_authrole),
        }
    }

    fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        allows(self.eligible.as_ref(), self.exclude.as_ref(), |set| set.contains(&session))
            && allows(self.eligible_authid.as_ref(), self.exclude_authid.as_ref(), |set| set.contains(authid))
            && allows(self.eligible_authrole.as_ref(), self.exclude_authrole.as_ref(), |set| {
                set.contains(authrole)
            })
    }
}

/// The rule itself: a list of eligible ones that is there must have the session, a list of excluded ones must not.
fn allows<L>(eligible: Option<L>, excluded: Option<L>, has: impl Fn(L) -> bool) -> bool {
    excluded.is_none_or(|list| !has(list)) && eligible.is_none_or(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The possible states of one list, with respect to one session.
    #[derive(Clone, Copy, Debug)]
    enum State {
        Absent,
        Empty,
        WithoutIt,
        WithIt,
    }

    const STATES: [State; 4] = [State::Absent, State::Empty, State::WithoutIt, State::WithIt];

    /// By the list of eligible ones, then by the list of excluded ones, in the order of `STATES`.
    const PERMITTED: [[bool; 4]; 4] = [
        [true, true, true, false],
        [false, false, false, false],
        [false, false, false, false],
        [true, true, true, false],
    ];

    const ME: u64 = 1 << 40;

    fn session(number: u64) -> SessionId {
        SessionId::new(number).unwrap()
    }

    /// A list in this state; `others` entries are about others, and the one sought stands among them.
    fn list<T, L>(state: State, it: &T, others: u64, other: impl Fn(u64) -> T) -> Option<L>
    where
        T: Clone,
        L: Default + FromIterator<T>,
    {
        // Downwards, so that a list that should be sorted is not by accident.
        let mut list: Vec<T> = (1..=others).rev().map(other).collect();
        match state {
            State::Absent => return None,
            State::Empty => return Some(L::default()),
            State::WithoutIt => {}
            State::WithIt => list.insert(list.len() / 2, it.clone()),
        }
        Some(list.into_iter().collect())
    }

    fn truth_table(others: u64) {
        let name = |number: u64| format!("other{number}");
        let sessions = |state| list(state, &session(ME), others, session);
        let texts = |state, it: &str| list(state, &it.to_owned(), others, name);
        for code in 0..1usize << 12 {
            let state = |index: usize| code >> (2 * index) & 3;
            let receivers = Receivers {
                eligible: sessions(STATES[state(0)]),
                exclude: sessions(STATES[state(1)]),
                eligible_authid: texts(STATES[state(2)], "me"),
                exclude_authid: texts(STATES[state(3)], "me"),
                eligible_authrole: texts(STATES[state(4)], "role"),
                exclude_authrole: texts(STATES[state(5)], "role"),
            };
            let expected = (0..3).all(|axis| PERMITTED[state(2 * axis)][state(2 * axis + 1)]);
            assert_eq!(receivers.permits(session(ME), "me", "role"), expected, "{receivers:?}");
            assert_eq!(
                KeptReceivers::new(&receivers).permits(session(ME), "me", "role"),
                expected,
                "{receivers:?}"
            );
            let filter = ReceiverFilter::new(&receivers);
            for _ in 0..=FEW {
                assert_eq!(filter.permits(session(ME), "me", "role"), expected, "{receivers:?}");
            }
        }
    }

    #[test]
    fn bwl_01_the_truth_table_of_short_lists() {
        truth_table(2);
    }

    #[test]
    fn bwl_01_the_truth_table_of_long_lists() {
        truth_table(SHORT as u64 + 4);
    }

    #[test]
    fn bwl_01_every_entry_of_a_long_list_is_found() {
        let eligible: Vec<SessionId> = (1..=5000).map(|number| session(number * 7919 % 5003 + 1)).collect();
        let receivers = Receivers { eligible: Some(eligible.clone()), ..Receivers::default() };
        let filter = ReceiverFilter::new(&receivers);
        assert!(eligible.iter().all(|&id| filter.permits(id, "", "")));
        assert!(!filter.permits(session(1), "", "") && !filter.permits(session(6000), "", ""));
    }

    #[test]
    fn bwl_01_nothing_is_done_with_long_lists_before_several_are_asked_about() {
        let receivers =
            Receivers { exclude: Some((1..=1000).map(session).collect()), ..Receivers::default() };
        let filter = ReceiverFilter::new(&receivers);
        for _ in 0..FEW {
            assert!(filter.sets.get().is_none());
            assert!(!filter.permits(session(1000), "", ""));
        }
        assert!(filter.permits(session(1001), "", ""));
        assert!(filter.sets.get().is_some());
    }

    #[test]
    fn bwl_02_exclusion_wins_over_eligibility() {
        let receivers = Receivers {
            eligible_authrole: Some(["backend"].into_iter().collect()),
            exclude: Some(vec![session(1)]),
            ..Receivers::default()
        };
        assert!(!receivers.permits(session(1), "a", "backend"));
        assert!(receivers.permits(session(2), "b", "backend"));
        assert!(!receivers.permits(session(3), "c", "frontend"));
    }

    #[test]
    fn bwl_03_an_empty_list_of_eligible_ones_reaches_nobody() {
        for receivers in [
            Receivers { eligible: Some(Vec::new()), ..Receivers::default() },
            Receivers { eligible_authid: Some(Names::default()), ..Receivers::default() },
            Receivers { eligible_authrole: Some(Names::default()), ..Receivers::default() },
        ] {
            assert!(!receivers.permits(session(1), "a", "b"), "{receivers:?}");
            assert!(!ReceiverFilter::new(&receivers).permits(session(1), "a", "b"), "{receivers:?}");
            assert!(receivers.restricts(), "{receivers:?}");
        }
    }

    #[test]
    fn bwl_04_empty_lists_of_excluded_ones_and_unknown_names_exclude_nobody() {
        for receivers in [
            Receivers::default(),
            Receivers { exclude: Some(Vec::new()), ..Receivers::default() },
            Receivers { exclude_authid: Some(Names::default()), ..Receivers::default() },
            Receivers { exclude_authrole: Some(Names::default()), ..Receivers::default() },
        ] {
            assert!(receivers.permits(session(7), "a", "b"), "{receivers:?}");
            assert!(!receivers.restricts(), "{receivers:?}");
        }
        let receivers = Receivers {
            exclude: Some(vec![session(1), session(2)]),
            exclude_authid: Some(["b"].into_iter().collect()),
            exclude_authrole: Some(["nope", "a"].into_iter().collect()),
            ..Receivers::default()
        };
        assert!(receivers.permits(session(7), "a", "b"));
        assert!(receivers.restricts());
    }

    #[test]
    fn without_lists_the_filter_permits_everybody() {
        assert!(ReceiverFilter::default().permits(session(1), "", ""));
    }

    #[test]
    fn hist_12_any_list_of_sessions_names_sessions_and_no_other_does() {
        let named = |receivers: Receivers| receivers.names_sessions();
        assert!(named(Receivers { exclude: Some(Vec::new()), ..Receivers::default() }));
        assert!(named(Receivers { exclude: Some(vec![session(1)]), ..Receivers::default() }));
        assert!(named(Receivers { eligible: Some(vec![session(1)]), ..Receivers::default() }));
        assert!(!named(Receivers::default()));
        assert!(!named(Receivers {
            exclude_authid: Some(["a"].into_iter().collect()),
            exclude_authrole: Some(["a"].into_iter().collect()),
            eligible_authid: Some(["a"].into_iter().collect()),
            eligible_authrole: Some(["a"].into_iter().collect()),
            ..Receivers::default()
        }));
    }

    #[test]
    fn the_size_of_lists_is_that_of_what_is_in_them() {
        let nothing = Receivers::default().bytes();
        let kept = |receivers: Receivers| KeptReceivers::new(&receivers).bytes() - nothing;
        let ids = Receivers { exclude: Some(vec![session(1); 1000]), ..Receivers::default() };
        assert_eq!(kept(ids), allocation(1000 * size_of::<SessionId>()));
        let names = || Some(["n".repeat(1000), String::new()].into_iter().collect());
        let names = Receivers {
            exclude_authid: names(),
            exclude_authrole: names(),
            eligible_authid: names(),
            eligible_authrole: names(),
            ..Receivers::default()
        };
        assert_eq!(names.len(), 8);
        assert_eq!(kept(names), 4 * (allocation(1000) + allocation(8)));
    }
}
