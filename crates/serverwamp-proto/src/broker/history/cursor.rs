//! Reading a history some events at a time, while others come and the oldest go.

use std::ops::Range;

use super::{History, HistoryEntry, HistoryQuery};
use crate::id::PublicationId;

/// The progress of a request for events of a history.
///
/// It holds no event: one that is removed meanwhile is not found any more, one that is added meanwhile came too late.
#[derive(Clone, Debug)]
pub struct HistoryCursor {
    query: HistoryQuery,
    /// The numbers of the events that were not looked at.
    left: Range<u64>,
    /// The number of events still wanted.
    wanted: usize,
}

impl<E> History<E> {
    /// A cursor before all events of the query that are there now.
    ///
    /// ```
    /// use serverwamp_proto::broker::{History, HistoryQuery};
    /// use serverwamp_proto::id::PublicationId;
    /// use serverwamp_proto::timestamp::Timestamp;
    ///
    /// let mut history = History::new(10);
    /// for number in 1..=3 {
    ///     let publication = PublicationId::new(number).unwrap();
    ///     history.push(publication, Timestamp::MIN, "a.topic".into(), number);
    /// }
    /// let mut cursor = history.cursor(HistoryQuery { reverse: true, ..HistoryQuery::default() });
    /// let mut found = Vec::new();
    /// assert!(!history.advance(&mut cursor, 2, |_| true, |entry| found.push(entry.event)));
    /// assert!(history.advance(&mut cursor, 2, |_| true, |entry| found.push(entry.event)));
    /// assert_eq!(found, [3, 2, 1]);
    /// ```
    pub fn cursor(&self, query: HistoryQuery) -> HistoryCursor {
        let left = self.numbers(&query).unwrap_or_default();
        let wanted = query.limit.unwrap_or(usize::MAX);
        HistoryCursor { query, left, wanted }
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
        let HistoryCursor { query, left, wanted } = cursor;
        left.start = left.start.max(self.gone);
        for _ in 0..looks {
            let next = if query.reverse { left.next_back() } else { left.next() };
            let Some(number) = next.filter(|_| *wanted > 0) else { return true };
            let entry = number.checked_sub(self.gone).and_then(|place| usize::try_from(place).ok());
            let entry = entry.and_then(|place| self.entries.get(place));
            if let Some(entry) = entry.filter(|entry| query.accepts(entry) && permitted(&entry.event)) {
                *wanted -= 1;
                show(entry);
            }
        }
        left.is_empty() || *wanted == 0
    }

    /// The numbers that the publications of the query leave; none if one of them is not in the store, or if they cross.
    fn numbers(&self, query: &HistoryQuery) -> Option<Range<u64>> {
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
        // A publication that the history does not have, or no longer: nobody can say what lies behind it.
        let found = |sought: Option<(PublicationId, Option<u64>)>| match sought {
            None => Ok(None),
            Some((_, Some(number))) => Ok(Some(number)),
            Some((_, None)) => Err(()),
        };
        let [from, after, before, until] = sought;
        let from = found(from).ok()?.unwrap_or(self.gone);
        let after = found(after).ok()?.map_or(self.gone, |number| number + 1);
        let end = self.gone + self.entries.len() as u64;
        let before = found(before).ok()?.unwrap_or(end);
        let until = found(until).ok()?.map_or(end, |number| number + 1);
        let (start, end) = (from.max(after), before.min(until));
        (start <= end).then_some(start..end)
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
