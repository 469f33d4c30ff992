//! Whether something is missing from an answer: case by case, and against a naive model that has kept everything.

use super::{at, beginning, id, query};
use crate::broker::{History, HistoryQuery};
use proptest::option;
use proptest::prelude::*;

/// What an answer is: the events, whether it is complete, whether there are more.
type Told = (String, bool, bool);

const COMPLETE: bool = true;
const MORE: bool = true;

fn tell_of(history: &History<char>, query: HistoryQuery, permitted: impl Fn(&char) -> bool) -> Told {
    let (mut told, mut cursor) = (String::new(), history.cursor(query));
    while !history.advance(&mut cursor, 2, &permitted, |entry| told.push(entry.event)) {}
    (told, cursor.is_complete(), cursor.has_more())
}

fn tell(history: &History<char>, query: HistoryQuery) -> Told {
    tell_of(history, query, |_| true)
}

fn told(events: &str, complete: bool, more: bool) -> Told {
    (events.to_owned(), complete, more)
}

/// A, B, C and so on, each with the next time; a dot is an event that is not kept. The publication of A is 1.
fn of(events: &str, capacity: usize) -> History<char> {
    let mut history = History::new(capacity, beginning());
    for (micros, event) in (10..).zip(events.chars()) {
        match event {
            '.' => history.pass_over(),
            event => history.push(id(number_of(event)), at(micros), "t".into(), event),
        }
    }
    history
}

fn number_of(event: char) -> u64 {
    u64::from(u32::from(event) - u32::from('A')) + 1
}

fn after(event: char) -> HistoryQuery {
    HistoryQuery { after_publication: Some(id(number_of(event))), ..query() }
}

fn from(event: char) -> HistoryQuery {
    HistoryQuery { from_publication: Some(id(number_of(event))), ..query() }
}

#[test]
fn hist_11_behind_an_unknown_publication_anything_may_be_missing() {
    let history = of("ABCDE", 3);
    assert_eq!(tell(&history, after('Z')), told("", !COMPLETE, !MORE));
    // It has gone.
    assert_eq!(tell(&history, after('B')), told("", !COMPLETE, !MORE));
    // It is the oldest one.
    assert_eq!(tell(&history, after('C')), told("DE", COMPLETE, !MORE));
    assert_eq!(tell(&history, from('C')), told("CDE", COMPLETE, !MORE));
    // It is the newest one.
    assert_eq!(tell(&history, after('E')), told("", COMPLETE, !MORE));
    let bounded = HistoryQuery { until_publication: Some(id(99)), ..after('C') };
    assert_eq!(tell(&history, bounded), told("", !COMPLETE, !MORE));
}

#[test]
fn all_since_the_beginning_is_complete_until_the_first_has_gone() {
    assert_eq!(tell(&of("", 3), query()), told("", COMPLETE, !MORE));
    assert_eq!(tell(&of("ABC", 3), query()), told("ABC", COMPLETE, !MORE));
    assert_eq!(tell(&of("ABCD", 3), query()), told("BCD", !COMPLETE, !MORE));
}

#[test]
fn a_page_is_complete_up_to_its_last_event_and_says_that_there_are_more() {
    let history = of("ABC.DE", 9);
    let page = |limit, query| tell(&history, HistoryQuery { limit: Some(limit), ..query });
    assert_eq!(page(2, query()), told("AB", COMPLETE, MORE));
    assert_eq!(page(1, after('B')), told("C", COMPLETE, MORE), "what is missing is on the next page");
    assert_eq!(page(1, after('C')), told("D", !COMPLETE, MORE));
    assert_eq!(page(1, after('D')), told("E", COMPLETE, !MORE), "as many as there are");
    assert_eq!(page(9, after('D')), told("E", COMPLETE, !MORE));
}

#[test]
fn a_page_from_the_end_is_complete_down_to_its_last_event() {
    let history = of("ABCD.E", 4);
    let page = |limit| tell(&history, HistoryQuery { limit: Some(limit), reverse: true, ..query() });
    assert_eq!(page(1), told("E", COMPLETE, MORE));
    assert_eq!(page(2), told("ED", !COMPLETE, MORE));
    assert_eq!(page(4), told("EDCB", !COMPLETE, !MORE));
    let all = of("ABCDE", 4);
    let page = |limit| tell(&all, HistoryQuery { limit: Some(limit), reverse: true, ..query() });
    assert_eq!(page(3), told("EDC", COMPLETE, MORE));
    assert_eq!(page(4), told("EDCB", !COMPLETE, !MORE), "the oldest has gone");
}

#[test]
fn hist_12_what_is_not_kept_is_missing_where_it_came() {
    let history = of("A.BC.", 9);
    assert_eq!(tell(&history, after('A')), told("BC", !COMPLETE, !MORE));
    assert_eq!(tell(&history, after('B')), told("C", !COMPLETE, !MORE));
    assert_eq!(tell(&history, after('C')), told("", !COMPLETE, !MORE));
    let until = |event, query| HistoryQuery { until_publication: Some(id(number_of(event))), ..query };
    let before = |event, query| HistoryQuery { before_publication: Some(id(number_of(event))), ..query };
    assert_eq!(tell(&history, until('C', from('B'))), told("BC", COMPLETE, !MORE));
    assert_eq!(tell(&history, until('A', query())), told("A", COMPLETE, !MORE));
    assert_eq!(tell(&history, before('B', after('A'))), told("", !COMPLETE, !MORE));
    assert_eq!(tell(&history, before('B', from('B'))), told("", COMPLETE, !MORE));
    assert_eq!(tell(&history, until('A', after('A'))), told("", COMPLETE, !MORE));
    // They cross.
    assert_eq!(tell(&history, until('A', from('C'))), told("", COMPLETE, !MORE));
}

#[test]
fn an_event_too_large_for_the_store_is_missing() {
    const OVERHEAD: usize = History::<char>::OVERHEAD;
    let size = |event: &char| usize::try_from(number_of(*event)).unwrap();
    let mut history = History::new(9, beginning()).within(5 + OVERHEAD, size);
    for event in ['A', 'F', 'B'] {
        history.push(id(number_of(event)), at(0), "t".into(), event);
    }
    assert_eq!(tell(&history, query()), told("B", !COMPLETE, !MORE));
}

#[test]
fn hist_13_what_the_caller_may_not_see_is_neither_missing_nor_more() {
    let history = of("ABCDE", 9);
    let page = HistoryQuery { limit: Some(2), ..query() };
    assert_eq!(tell_of(&history, page.clone(), |event| *event != 'A'), told("BC", COMPLETE, MORE));
    assert_eq!(tell_of(&history, page, |event| *event <= 'B'), told("AB", COMPLETE, !MORE));
}

#[test]
fn hist_07_what_has_gone_is_missing_where_its_time_may_have_passed() {
    // A at 10 and B at 11 have gone.
    let history = of("ABCDE", 3);
    let since = |micros| HistoryQuery { from_time: Some(at(micros)), ..query() };
    assert_eq!(tell(&history, since(11)), told("CDE", !COMPLETE, !MORE));
    assert_eq!(tell(&history, since(12)), told("CDE", COMPLETE, !MORE));
    let later = HistoryQuery { after_time: Some(at(11)), ..query() };
    assert_eq!(tell(&history, later), told("CDE", COMPLETE, !MORE));
    let early = HistoryQuery { before_time: Some(at(10)), ..query() };
    assert_eq!(tell(&history, early), told("", COMPLETE, !MORE));
    let early = HistoryQuery { until_time: Some(at(10)), ..query() };
    assert_eq!(tell(&history, early), told("", !COMPLETE, !MORE));
    // Behind a publication nothing of it can be.
    assert_eq!(
        tell(&history, HistoryQuery { from_time: Some(at(1)), ..after('C') }),
        told("DE", COMPLETE, !MORE)
    );
}

#[test]
fn hist_07_nobody_knows_what_was_published_before_the_history_began() {
    let history = of("ABC", 9);
    let since = |micros| HistoryQuery { from_time: Some(at(micros)), ..query() };
    assert_eq!(tell(&history, since(0)), told("ABC", COMPLETE, !MORE), "it began at 0");
    assert_eq!(tell(&history, since(-1)), told("ABC", !COMPLETE, !MORE));
}

#[test]
fn what_goes_while_it_is_read_is_missing_if_it_had_not_been_read() {
    for (reverse, looks, complete) in
        [(false, 1, false), (false, 2, true), (true, 1, false), (true, 2, false), (true, 4, true)]
    {
        let mut history = of("ABCD", 4);
        let mut cursor = history.cursor(HistoryQuery { reverse, ..query() });
        history.advance(&mut cursor, looks, |_| true, |_| {});
        // A and B go.
        for event in ['E', 'F'] {
            history.push(id(number_of(event)), at(0), "t".into(), event);
        }
        while !history.advance(&mut cursor, 1, |_| true, |_| {}) {}
        assert_eq!(cursor.is_complete(), complete, "{reverse} {looks}");
    }
    // On a page that does not reach so far it makes no difference.
    let mut history = of("ABCD", 4);
    let mut cursor = history.cursor(HistoryQuery { reverse: true, limit: Some(1), ..query() });
    assert!(!history.advance(&mut cursor, 1, |_| true, |_| {}));
    for event in ['E', 'F'] {
        history.push(id(number_of(event)), at(0), "t".into(), event);
    }
    while !history.advance(&mut cursor, 1, |_| true, |_| {}) {}
    assert!(cursor.is_complete() && cursor.has_more());
}

#[test]
fn a_smaller_limit_forgets_as_newer_events_do() {
    let mut history = of("ABCD", 4);
    history.limit(2, usize::MAX);
    assert_eq!(tell(&history, query()), told("CD", !COMPLETE, !MORE));
    assert_eq!(tell(&history, after('B')), told("", !COMPLETE, !MORE));
    assert_eq!(tell(&history, after('C')), told("D", COMPLETE, !MORE));
}

/// One of so many events, by its letter; or one that there never was.
fn letters() -> impl Strategy<Value = Option<char>> {
    option::weighted(0.4, prop_oneof![9 => prop::char::range('A', 'H'), 1 => Just('Z')])
}

/// The answer of somebody who has kept everything, and knows what the store has not: (event, is in the store).
fn model(all: &[(char, bool)], query: &HistoryQuery) -> Told {
    let place = |letter: u64| {
        all.iter().position(|(event, stored)| *stored && *event != '.' && number_of(*event) == letter)
    };
    let bounds =
        [query.from_publication, query.after_publication, query.before_publication, query.until_publication]
            .map(|bound| bound.map(|id| place(id.get())));
    if bounds.contains(&Some(None)) {
        return told("", !COMPLETE, !MORE);
    }
    let [from, after, before, until] = bounds.map(Option::flatten);
    let inside = |at: usize| {
        from.is_none_or(|from| at >= from)
            && after.is_none_or(|after| at > after)
            && before.is_none_or(|before| at < before)
            && until.is_none_or(|until| at <= until)
    };
    let mut asked: Vec<(char, bool)> =
        all.iter().enumerate().filter(|(at, _)| inside(*at)).map(|(_, event)| *event).collect();
    if query.reverse {
        asked.reverse();
    }
    let limit = query.limit.unwrap_or(usize::MAX);
    let (mut events, mut complete, mut behind) = (String::new(), true, true);
    for (event, stored) in asked {
        match stored {
            true if events.len() == limit => return (events, complete, MORE),
            true => events.push(event),
            false if events.len() == limit => behind = false,
            false => complete = false,
        }
    }
    (events, complete && behind, !MORE)
}

proptest! {
    #[test]
    fn an_answer_is_complete_exactly_if_whoever_has_kept_everything_misses_nothing(
        (kept, capacity) in (prop::collection::vec(any::<bool>(), 0..12), 1..9_usize),
        (reverse, limit) in (any::<bool>(), option::of(1..6_usize)),
        (from, after, before, until) in (letters(), letters(), letters(), letters()),
    ) {
        let mut letters = 'A'..='Z';
        let events: String = kept.iter().map(|kept| if *kept { letters.next().unwrap() } else { '.' }).collect();
        let stored = kept.iter().filter(|kept| **kept).count();
        let mut gone = stored.saturating_sub(capacity);
        let all: Vec<(char, bool)> = events
            .chars()
            .map(|event| {
                let is_gone = event != '.' && gone > 0;
                gone -= usize::from(is_gone);
                (event, event != '.' && !is_gone)
            })
            .collect();
        let bound = |letter: Option<char>| letter.map(|letter| id(number_of(letter)));
        let query = HistoryQuery {
            reverse, limit,
            from_publication: bound(from), after_publication: bound(after),
            before_publication: bound(before), until_publication: bound(until),
            ..query()
        };
        prop_assert_eq!(tell(&of(&events, capacity), query.clone()), model(&all, &query), "{:?}", events);
    }
}
