//! Reading a history some events at a time, while others come and the oldest go.

use super::{History, HistoryEntry, HistoryQuery};
use crate::id::PublicationId;

/// The progress of a request for events of a history.
///
/// It holds no event: one that is removed meanwhile is not found any more, one that is added meanwhile came too late.
#[derive(Clone, Debug)]
pub struct HistoryCursor {
    query: HistoryQuery,
    /// The number of the first event of the query.
    first: u64,
    /// The numbers of the events that were not looked at.
    left: Range,
    /// The number of events still wanted. When it is 0 there is only the question whether there are more.
    wanted: usize,
    complete: bool,
    /// Something is missing behind the last event shown: it counts if no other event follows there.
    missing_behind: bool,
    more: bool,
}

type Range = std::ops::Range<u64>;

impl HistoryCursor {
    /// Whether nothing is missing from what was shown, up to the last event if there are [more](Self::has_more).
    ///
    /// To be asked when all has been shown. It is `false` also where something may be missing: of events that have gone only the
    /// earliest and the latest time are known.
    pub const fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether there are events of the query beyond its limit.
    pub const fn has_more(&self) -> bool {
        self.more
    }

    /// Notes that something is missing where the reading has come to.
    fn misses(&mut self) {
        match self.wanted {
            0 => self.missing_behind = true,
            _ => self.complete = false,
        }
    }

    /// Returns whether there is nothing left to look at, and judges then.
    fn is_at_end(&mut self) -> bool {
        let end = self.more || self.left.is_empty();
        if end && !self.more && self.missing_behind {
            self.complete = false;
        }
        end
    }
}

/// The numbers of the events of a query, and what is known of its edges.
struct AskedRange {
    range: Range,
    missing_at_start: bool,
    missing_at_end: bool,
}

impl<E> History<E> {
    /// A cursor before all events of the query that are there now.
    ///
    /// ```
    /// use serverwamp_proto::broker::{History, HistoryBeginning, HistoryQuery};
    /// use serverwamp_proto::id::{EpochId, PublicationId};
    /// use serverwamp_proto::timestamp::Timestamp;
    ///
    /// let beginning = HistoryBeginning { epoch: EpochId::random(4711), at: Timestamp::MIN };
    /// let mut history = History::new(10, beginning);
    /// for number in 1..=3 {
    ///     let publication = PublicationId::new(number).unwrap();
    ///     history.push(publication, Timestamp::MIN, "a.topic".into(), number);
    /// }
    /// let mut cursor = history.cursor(HistoryQuery { reverse: true, ..HistoryQuery::default() });
    /// let mut found = Vec::new();
    /// assert!(!history.advance(&mut cursor, 2, |_| true, |entry| found.push(entry.event)));
    /// assert!(history.advance(&mut cursor, 2, |_| true, |entry| found.push(entry.event)));
    /// assert_eq!(found, [3, 2, 1]);
    /// assert!(cursor.is_complete() && !cursor.has_more());
    /// ```
    pub fn cursor(&self, query: HistoryQuery) -> HistoryCursor {
        // A publication that the history does not have, or no longer: nobody can say what lies behind it.
        let unknown = AskedRange { range: 0..0, missing_at_start: true, missing_at_end: true };
        let AskedRange { range, missing_at_start, missing_at_end } = self.bounds(&query).unwrap_or(unknown);
        let (near, far) = match query.reverse {
            false => (missing_at_start, missing_at_end),
            true => (missing_at_end, missing_at_start),
        };
        let wanted = query.limit.unwrap_or(usize::MAX);
        let first = range.start;
        HistoryCursor { query, first, left: range, wanted, complete: !near, missing_behind: far, more: false }
    }

    /// Looks at so many events more, shows those that pass all filters and that the caller is `permitted` to see, and says
    /// whether there are no others.
    pub fn advance<'h>(
        &'h self,
        cursor: &mut HistoryCursor,
        looks: usize,
        permitted: impl Fn(&E) -> bool,
        mut show: impl FnMut(&'h HistoryEntry<E>),
    ) -> bool {
        let reverse = cursor.query.reverse;
        if cursor.left.start < self.gone && !cursor.left.is_empty() {
            match reverse {
                false => cursor.misses(),
                true => cursor.missing_behind = true,
            }
            cursor.left.start = self.gone;
        }
        for _ in 0..looks {
            if cursor.is_at_end() {
                return true;
            }
            let next = if reverse { cursor.left.next_back() } else { cursor.left.next() };
            let Some((number, entry)) = next.and_then(|number| Some((number, self.numbered(number)?))) else {
                continue;
            };
            let missing_before = entry.missing_before && number > cursor.first;
            if missing_before && !reverse {
                cursor.misses();
            }
            if cursor.query.accepts(entry) && permitted(&entry.event) {
                match cursor.wanted {
                    0 => cursor.more = true,
                    _ => {
                        cursor.wanted -= 1;
                        show(entry);
                    }
                }
            }
            if missing_before && reverse {
                cursor.misses();
            }
        }
        cursor.is_at_end()
    }

    fn numbered(&self, number: u64) -> Option<&HistoryEntry<E>> {
        let place = number.checked_sub(self.gone)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The numbers that the publications of the query leave; `None` if one of them is not in the store.
    fn bounds(&self, query: &HistoryQuery) -> Option<AskedRange> {
        let mut sought = [
            query.from_publication,
            query.after_publication,
            query.before_publication,
            query.until_publication,
        ]
        .map(|id| id.map(|id| (id, None)));
        if sought.iter().any(Option::is_some) {
            self.find(&mut sought);
        }
        let found = |sought: Option<(PublicationId, Option<u64>)>| match sought {
            None => Ok(None),
            Some((_, Some(number))) => Ok(Some(number)),
            Some((_, None)) => Err(()),
        };
        let [from, after, before, until] = sought.map(found);
        let (from, after) = (from.ok()?, after.ok()?.map(|number| number + 1));
        let (before, until) = (before.ok()?, until.ok()?.map(|number| number + 1));
        let (oldest, newest) = (self.gone, self.gone + self.entries.len() as u64);
        let start = from.max(after).unwrap_or(oldest);
        let end = [before, until].into_iter().flatten().min().unwrap_or(newest);
        if start > end {
            // They cross, so there can be nothing between them.
            return Some(AskedRange { range: 0..0, missing_at_start: false, missing_at_end: false });
        }
        let gone = || self.gone_times.is_some_and(|(first, last)| query.may_accept(first, last));
        let before_all =
            !query.begins_with_publication() && (gone() || query.reaches_back_to(self.beginning.at));
        // What lies right before `from`, or right behind `until`, is not asked for.
        let missing_at_start = from != Some(start) && self.is_missing_before(start);
        let missing_at_end = until != Some(end) && self.is_missing_before(end);
        let (missing_at_start, missing_at_end) = match start == end {
            // One and the same gap, which both have to leave in.
            true => (missing_at_start && missing_at_end, false),
            false => (missing_at_start, missing_at_end),
        };
        Some(AskedRange {
            range: start..end,
            missing_at_start: missing_at_start || before_all,
            missing_at_end,
        })
    }

    /// Whether events that are not kept came right before this number.
    fn is_missing_before(&self, number: u64) -> bool {
        self.numbered(number).map_or(self.missing_last, |entry| entry.missing_before)
    }

    /// Finds the numbers of publications, all in one walk.
    fn find(&self, sought: &mut [Option<(PublicationId, Option<u64>)>; 4]) {
        for (number, entry) in (self.gone..).zip(&self.entries) {
            for (id, found) in sought.iter_mut().flatten() {
                if *id == entry.publication && found.is_none() {
                    *found = Some(number);
                }
            }
        }
    }
}
