//! Who receives a publication: its lists of sessions, principals and roles, applied to one session at a time.
//!
//! A session receives it if every list of eligible ones that is there has it, an empty one included, and no list of
//! excluded ones has it. The lists say nothing about who is subscribed. Spec: advanced, "Subscriber Black- and
//! Whitelisting".

use std::borrow::Borrow;

use crate::id::SessionId;
use crate::message::Receivers;

/// Up to this many entries a look at each of them costs less than to sort them first.
const SHORT: usize = 16;

impl Receivers {
    /// Whether the session with this principal and this role may receive the publication.
    ///
    /// Looks through the lists from their beginning; a [`ReceiverFilter`] is there for many sessions.
    pub fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        allows(self.eligible.as_deref(), self.exclude.as_deref(), |list| list.contains(&session))
            && allows(self.eligible_authid.as_deref(), self.exclude_authid.as_deref(), |list| {
                list.iter().any(|name| name == authid)
            })
            && allows(self.eligible_authrole.as_deref(), self.exclude_authrole.as_deref(), |list| {
                list.iter().any(|name| name == authrole)
            })
    }

    /// Whether a list of sessions is there, even an empty one. Such a publication is not kept in the history: whoever
    /// asks for it later has another session. Spec: advanced, "Event History", "Security Aspects".
    pub fn names_sessions(&self) -> bool {
        self.exclude.is_some() || self.eligible.is_some()
    }

    /// Whether the lists keep the publication from anybody at all; lists of excluded ones that are empty do not.
    pub fn restricts(&self) -> bool {
        let excludes = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        self.eligible.is_some()
            || self.eligible_authid.is_some()
            || self.eligible_authrole.is_some()
            || self.exclude.as_ref().is_some_and(|list| !list.is_empty())
            || excludes(&self.exclude_authid)
            || excludes(&self.exclude_authrole)
    }

    /// Roughly how many bytes the lists take in memory, for those who keep publications and bound what they keep.
    pub fn bytes(&self) -> usize {
        let sessions = [&self.exclude, &self.eligible];
        let names =
            [&self.exclude_authid, &self.exclude_authrole, &self.eligible_authid, &self.eligible_authrole];
        let ids: usize = sessions.into_iter().flatten().map(|list| size_of_val(list.as_slice())).sum();
        let texts: usize = names.into_iter().flatten().map(|list| bytes_of(list)).sum();
        size_of::<Self>() + ids + texts
    }
}

fn bytes_of(names: &[String]) -> usize {
    size_of_val(names) + names.iter().map(String::len).sum::<usize>()
}

/// The lists of one publication, made ready to be asked about many sessions. The default permits everybody.
///
/// Long lists are sorted, so that a publication costs no more than receivers times the logarithm of its lists.
#[derive(Clone, Debug, Default)]
pub struct ReceiverFilter<'a> {
    sessions: Rule<'a, SessionId>,
    authids: Rule<'a, String>,
    authroles: Rule<'a, String>,
}

impl<'a> ReceiverFilter<'a> {
    /// Prepares the lists of a publication.
    pub fn new(receivers: &'a Receivers) -> Self {
        Self {
            sessions: Rule::new(receivers.eligible.as_deref(), receivers.exclude.as_deref()),
            authids: Rule::new(receivers.eligible_authid.as_deref(), receivers.exclude_authid.as_deref()),
            authroles: Rule::new(
                receivers.eligible_authrole.as_deref(),
                receivers.exclude_authrole.as_deref(),
            ),
        }
    }

    /// Whether the session with this principal and this role may receive the publication.
    pub fn permits(&self, session: SessionId, authid: &str, authrole: &str) -> bool {
        self.sessions.permits(&session) && self.authids.permits(authid) && self.authroles.permits(authrole)
    }
}

/// The two lists about one property of a session.
#[derive(Clone, Debug)]
struct Rule<'a, T> {
    eligible: Option<List<'a, T>>,
    excluded: Option<List<'a, T>>,
}

impl<'a, T: Ord> Rule<'a, T> {
    fn new(eligible: Option<&'a [T]>, excluded: Option<&'a [T]>) -> Self {
        Self { eligible: eligible.map(List::new), excluded: excluded.map(List::new) }
    }

    fn permits<Q: Ord + ?Sized>(&self, sought: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        allows(self.eligible.as_ref(), self.excluded.as_ref(), |list| list.contains(sought))
    }
}

impl<T> Default for Rule<'_, T> {
    fn default() -> Self {
        Self { eligible: None, excluded: None }
    }
}

/// A list as it came, or sorted.
#[derive(Clone, Debug)]
enum List<'a, T> {
    Short(&'a [T]),
    Sorted(Vec<&'a T>),
}

impl<'a, T: Ord> List<'a, T> {
    fn new(list: &'a [T]) -> Self {
        if list.len() <= SHORT {
            return Self::Short(list);
        }
        let mut sorted: Vec<&T> = list.iter().collect();
        sorted.sort_unstable();
        Self::Sorted(sorted)
    }

    fn contains<Q: Ord + ?Sized>(&self, sought: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        match self {
            Self::Short(list) => list.iter().any(|entry| entry.borrow() == sought),
            Self::Sorted(list) => list.binary_search_by(|entry| (*entry).borrow().cmp(sought)).is_ok(),
        }
    }
}

/// The rule itself: a list of eligible ones that is there must have the session, a list of excluded ones must not.
fn allows<L>(eligible: Option<L>, excluded: Option<L>, has: impl Fn(L) -> bool) -> bool {
    excluded.is_none_or(|list| !has(list)) && eligible.is_none_or(has)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What one list can be, as seen by the session that is asked about.
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
    fn list<T>(state: State, it: &T, others: u64, other: impl Fn(u64) -> T) -> Option<Vec<T>>
    where
        T: Clone,
    {
        // Downwards, so that a list that should be sorted is not by accident.
        let mut list: Vec<T> = (1..=others).rev().map(other).collect();
        match state {
            State::Absent => return None,
            State::Empty => return Some(Vec::new()),
            State::WithoutIt => {}
            State::WithIt => list.insert(list.len() / 2, it.clone()),
        }
        Some(list)
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
            let filter = ReceiverFilter::new(&receivers);
            assert_eq!(filter.permits(session(ME), "me", "role"), expected, "{receivers:?}");
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
    fn bwl_02_exclusion_wins_over_eligibility() {
        let receivers = Receivers {
            eligible_authrole: Some(vec!["backend".to_owned()]),
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
            Receivers { eligible_authid: Some(Vec::new()), ..Receivers::default() },
            Receivers { eligible_authrole: Some(Vec::new()), ..Receivers::default() },
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
            Receivers { exclude_authid: Some(Vec::new()), ..Receivers::default() },
            Receivers { exclude_authrole: Some(Vec::new()), ..Receivers::default() },
        ] {
            assert!(receivers.permits(session(7), "a", "b"), "{receivers:?}");
            assert!(!receivers.restricts(), "{receivers:?}");
        }
        let receivers = Receivers {
            exclude: Some(vec![session(1), session(2)]),
            exclude_authid: Some(vec!["b".to_owned()]),
            exclude_authrole: Some(vec!["nope".to_owned(), "a".to_owned()]),
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
            exclude_authid: Some(vec!["a".to_owned()]),
            exclude_authrole: Some(vec!["a".to_owned()]),
            eligible_authid: Some(vec!["a".to_owned()]),
            eligible_authrole: Some(vec!["a".to_owned()]),
            ..Receivers::default()
        }));
    }

    #[test]
    fn the_size_of_lists_grows_with_what_is_in_them() {
        let nothing = Receivers::default().bytes();
        let ids = Receivers { exclude: Some(vec![session(1); 1000]), ..Receivers::default() };
        assert!(ids.bytes() >= nothing + 1000 * size_of::<SessionId>());
        let names = || Some(vec!["n".repeat(1000), String::new()]);
        let names = Receivers {
            exclude_authid: names(),
            exclude_authrole: names(),
            eligible_authid: names(),
            eligible_authrole: names(),
            ..Receivers::default()
        };
        assert!(names.bytes() >= nothing + 4 * (1000 + 2 * size_of::<String>()));
    }
}
