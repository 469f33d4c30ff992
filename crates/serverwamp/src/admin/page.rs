//! Pages of answers that list: where one ends, and where the next begins.
//!
//! A cursor is the list, the last id that was looked at, in which direction, and the run of the realm that has it. What comes or goes between two pages is on
//! them or not, and nothing else is left out or listed twice, because ids do not change their order.
//!
//! Invariant: a page costs what its entries cost, however many there are before and behind it.

use super::call::AdminCall;
use super::table::AdminAnswer;
use crate::WampError;
use crate::router::realm::RunningRealm;
use serverwamp_proto::codec::{Dict, Value};
use std::fmt;
use std::ops::Bound::{self, Excluded, Unbounded};

/// The entries that a page looks at, so that a filter that nothing fits does not walk over all of them behind one lock.
pub(super) const AT_ONCE: usize = 1024;

/// The word for the order in which the highest ids come first.
pub(super) const DESCENDING_IDS: &str = "-id";

/// The most rows of a page.
pub(super) const MOST_ROWS: u64 = 500;

/// The error of a cursor that belongs to another run of the realm.
pub(super) const CURSOR_EXPIRED: &str = "serverwamp.error.cursor_expired";

/// A page as it is asked for, and how far it has come.
#[derive(Debug)]
pub(super) struct AdminPage {
    list: PagedList,
    /// The run of the realm.
    run: u64,
    /// Entries behind this id; 0 is that of none.
    after: u64,
    /// The highest ids come first.
    is_descending: bool,
    limit: usize,
    scanned: usize,
    ended: bool,
}

/// What is listed by ids: an id of one list says nothing in another. Each is a letter in cursors, which is no digit of a number there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PagedList {
    Sessions,
    Registrations,
    Subscriptions,
    Histories,
}

impl PagedList {
    const ALL: [Self; 4] = [Self::Sessions, Self::Registrations, Self::Subscriptions, Self::Histories];

    const fn letter(self) -> char {
        match self {
            Self::Sessions => 's',
            Self::Registrations => 'r',
            Self::Subscriptions => 'u',
            Self::Histories => 'h',
        }
    }
}

/// Where a page begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct PageCursor {
    list: PagedList,
    run: u64,
    after: u64,
    is_descending: bool,
}

/// The end of a cursor whose page has the highest ids first.
const DESCENDING: &str = "-d";

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let order = if self.is_descending { DESCENDING } else { "" };
        write!(f, "{}{:x}-{:x}{order}", self.list.letter(), self.run, self.after)
    }
}

impl PageCursor {
    fn read(text: &str) -> Option<Self> {
        let list = PagedList::ALL.into_iter().find(|list| text.starts_with(list.letter()))?;
        let text = text.get(1..)?;
        let ascending = text.strip_suffix(DESCENDING);
        let (run, after) = ascending.unwrap_or(text).split_once('-')?;
        let number = |text: &str| u64::from_str_radix(text, 16).ok();
        Some(Self { list, run: number(run)?, after: number(after)?, is_descending: ascending.is_some() })
    }
}

impl AdminPage {
    /// The page that the arguments `sort`, `cursor` and `limit` ask for, of what `realm` has.
    ///
    /// # Errors
    /// When the cursor is none, has expired, or is of another list or of the other order.
    pub(super) fn of(call: &AdminCall, realm: &RunningRealm, list: PagedList) -> Result<Self, WampError> {
        // Each run of a realm has a session of its own, with a random id.
        let run = realm.context.own_session.get();
        let limit = call.arguments.number("limit").and_then(|limit| usize::try_from(limit).ok());
        let is_descending = call.arguments.text("sort") == Some(DESCENDING_IDS);
        let limit = limit.unwrap_or(1);
        let mut page = Self { list, run, after: 0, is_descending, limit, scanned: 0, ended: true };
        let Some(text) = call.arguments.text("cursor") else { return Ok(page) };
        let cursor = PageCursor::read(text).ok_or_else(unreadable)?;
        if cursor.list != list {
            let text = "cursor: it is of another list; give the `next` of an earlier page of this one";
            return Err(WampError::invalid_argument(text));
        }
        if cursor.run != run {
            return Err(expired());
        }
        if cursor.is_descending != is_descending {
            let text = "cursor: it is of a page in the other order; give the same `sort` with each page";
            return Err(WampError::invalid_argument(text));
        }
        page.after = cursor.after;
        Ok(page)
    }

    /// The ids that the page and those behind it have.
    pub(super) fn ids<I>(&self, id: impl FnOnce(u64) -> Option<I>) -> (Bound<I>, Bound<I>) {
        let end = id(self.after).map_or(Unbounded, Excluded);
        if self.is_descending { (Unbounded, end) } else { (end, Unbounded) }
    }

    /// Takes those that are `wanted` from entries in the order of their ids, as many as the page may have and look at.
    pub(super) fn take<T>(
        &mut self,
        entries: impl DoubleEndedIterator<Item = (u64, T)>,
        wanted: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        match self.is_descending {
            true => self.take_first(entries.rev(), wanted),
            false => self.take_first(entries, wanted),
        }
    }

    fn take_first<T>(
        &mut self,
        entries: impl Iterator<Item = (u64, T)>,
        wanted: impl Fn(&T) -> bool,
    ) -> Vec<T> {
        let mut found = Vec::with_capacity(self.limit.min(64));
        for (id, entry) in entries {
            if found.len() == self.limit || self.scanned == AT_ONCE {
                self.ended = false;
                break;
            }
            (self.scanned, self.after) = (self.scanned + 1, id);
            if wanted(&entry) {
                found.push(entry);
            }
        }
        found
    }

    /// The answer: the rows under `name`, the cursor of the next page, and the number of entries that were looked at.
    pub(super) fn answer(self, name: &str, rows: Vec<Value>) -> AdminAnswer {
        let Self { list, run, after, is_descending, .. } = self;
        let next = PageCursor { list, run, after, is_descending };
        let mut answer = Dict::new();
        answer.insert(name, rows);
        answer.insert("next", (!self.ended).then(|| next.to_string()));
        answer.insert("scanned", super::call::count(self.scanned));
        Ok(Value::Dict(answer))
    }
}

/// The error of a text that is no cursor.
pub(super) fn unreadable() -> WampError {
    WampError::invalid_argument("cursor: expected the `next` of an earlier page, got another text")
}

/// The error of a cursor of another run.
pub(super) fn expired() -> WampError {
    WampError::new(CURSOR_EXPIRED).arg(
        "the cursor is of another realm, or of this one before it was started again; begin with the first page",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_anything_else_is_none() {
        for is_descending in [false, true] {
            for list in PagedList::ALL {
                let cursor = PageCursor { list, run: 0x1f_ffff_ffff_ffff, after: 7, is_descending };
                assert_eq!(PageCursor::read(&cursor.to_string()), Some(cursor));
            }
        }
        for broken in ["", "-", "7", "7-", "-7", "7-d", "x-1", "1-2-3", "1-2-d-d", "10000000000000000-1"] {
            assert_eq!(PageCursor::read(broken), None, "{broken:?}");
            assert_eq!(PageCursor::read(&format!("s{broken}")), None, "{broken:?}");
        }
        for broken in ["1-2", "é1-2", "s", "ss1-2", "q1-2"] {
            assert_eq!(PageCursor::read(broken), None, "{broken:?}");
        }
    }

    #[test]
    fn a_page_looks_at_no_more_than_it_may_whatever_fits() {
        let page = |limit| AdminPage {
            list: PagedList::Sessions,
            run: 1,
            after: 0,
            is_descending: false,
            limit,
            scanned: 0,
            ended: true,
        };
        let entries = || (1_u64..5001).map(|id| (id, id));
        let mut one = page(10);
        assert_eq!(one.take(entries(), |id| id % 2 == 0).len(), 10);
        assert_eq!((one.scanned, one.after, one.ended), (20, 20, false));
        let mut none = page(10);
        assert!(none.take(entries(), |_| false).is_empty());
        assert_eq!((none.scanned, none.after, none.ended), (AT_ONCE, 1024, false));
        let mut last = page(10);
        assert_eq!(last.take(entries().filter(|(id, _)| *id <= 10), |_| true).len(), 10);
        assert!(last.ended, "nothing is behind it");
    }
}
