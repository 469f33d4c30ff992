//! Where a call or an event has been: what `forward_for` says of it, and what it says when it goes on.
//!
//! A place is one realm of one router, and a number on which all links agree that have an end there. A link adds the place that it
//! takes something from, and takes nothing to a place where it was. Only places go on, behind the session that calls or publishes
//! at the other side, which is the link's own: what else a caller may have written is not passed on in the name of the link.

use serverwamp::{Forwarder, SessionId};

/// The role of an entry that is a place.
const ROLE: &str = "serverwamp.link";
/// Its authid.
const AUTHID: &str = "place";
/// The most places that something has been at: with the session before them and the next place, as much as a router takes.
const MOST: usize = 14;

/// The entry of a place.
pub(super) fn entry(place: SessionId) -> Forwarder {
    Forwarder::new(place, AUTHID, ROLE)
}

/// The places that something has been at.
fn places(seen: &[Forwarder]) -> impl Iterator<Item = SessionId> {
    seen.iter().filter(|one| one.authrole() == ROLE).map(Forwarder::session)
}

/// Whether links on the way are passed one behind the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Transit {
    Yes,
    /// What a link has brought stays where it is.
    No,
}

/// Where something goes from and to, as far as links have agreed on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) from: Option<SessionId>,
    pub(super) to: Option<SessionId>,
    pub(super) transit: Transit,
}

impl Way {
    /// The places that something will have been at when it has gone this way; `None` if it does not go.
    pub(super) fn onward(self, seen: &[Forwarder]) -> Option<Vec<Forwarder>> {
        let been: Vec<SessionId> = places(seen).collect();
        let returns = |place: Option<SessionId>| place.is_some_and(|place| been.contains(&place));
        if returns(self.from) || returns(self.to) || been.len() >= MOST {
            return None;
        }
        if self.transit == Transit::No && !been.is_empty() {
            return None;
        }
        Some(been.into_iter().chain(self.from).map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: u64) -> SessionId {
        SessionId::new(number).unwrap()
    }

    fn way(from: u64, to: u64) -> Way {
        Way { from: Some(place(from)), to: Some(place(to)), transit: Transit::Yes }
    }

    fn numbers(list: Option<Vec<Forwarder>>) -> Option<Vec<u64>> {
        list.map(|list| list.iter().map(|one| one.session().get()).collect())
    }

    #[test]
    fn nothing_goes_where_it_has_been() {
        let seen: Vec<Forwarder> = [1, 2].map(|number| entry(place(number))).into();
        assert_eq!(numbers(way(1, 2).onward(&[])), Some(vec![1]));
        assert_eq!(numbers(way(3, 4).onward(&seen)), Some(vec![1, 2, 3]));
        assert_eq!(numbers(way(3, 1).onward(&seen)), None, "it was there");
        assert_eq!(numbers(way(2, 3).onward(&seen)), None, "it has come around");
        let strange = Way { from: None, to: Some(place(9)), transit: Transit::Yes };
        assert_eq!(numbers(strange.onward(&seen)), Some(vec![1, 2]));
        assert_eq!(numbers(Way { to: None, ..way(3, 4) }.onward(&seen)), Some(vec![1, 2, 3]));
    }

    #[test]
    fn what_others_say_is_neither_believed_nor_passed_on() {
        let other = Forwarder::new(place(2), "admin", "admin");
        assert_eq!(numbers(way(1, 2).onward(std::slice::from_ref(&other))), Some(vec![1]));
        let seen = [other, entry(place(7))];
        assert_eq!(numbers(way(1, 2).onward(&seen)), Some(vec![7, 1]));
    }

    #[test]
    fn a_chain_has_an_end() {
        let seen = |count: u64| (101..=100 + count).map(|number| entry(place(number))).collect::<Vec<_>>();
        assert_eq!(way(1, 2).onward(&seen(13)).map(|list| list.len()), Some(14));
        assert_eq!(way(1, 2).onward(&seen(14)), None);
        let direct = Way { transit: Transit::No, ..way(1, 2) };
        assert_eq!(numbers(direct.onward(&[])), Some(vec![1]));
        assert_eq!(direct.onward(&seen(1)), None);
    }
}
