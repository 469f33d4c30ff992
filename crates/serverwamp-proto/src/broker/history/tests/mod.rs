//! Each filter alone, all together against a naive model, and the reading of keyword arguments.

use proptest::option;
use proptest::prelude::*;

mod complete;

use super::*;
use crate::codec::Dict;
use crate::codec::Value;

/// Ids of publications in the order in which they came: not that of their numbers.
const IDS: [u64; 5] = [50, 7, 9000, 3, 12];

fn id(number: u64) -> PublicationId {
    PublicationId::new(number).unwrap()
}

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

fn beginning() -> HistoryBeginning {
    HistoryBeginning { epoch: EpochId::random(0), at: at(0) }
}

/// Five events on two topics; the third is older than the second, the fourth as old as the fifth.
fn five() -> History<char> {
    let mut history = History::new(10, beginning());
    let events = [(10, "a.x", 'A'), (20, "a.y", 'B'), (15, "a.x", 'C'), (30, "a.y", 'D'), (30, "a.x", 'E')];
    for (number, (time, topic, event)) in IDS.into_iter().zip(events) {
        history.push(id(number), at(time), topic.into(), event);
    }
    history
}

fn read(history: &History<char>, query: &HistoryQuery) -> String {
    history.read(query, |_| true).into_iter().map(|entry| entry.event).collect()
}

fn of_five(query: &HistoryQuery) -> String {
    read(&five(), query)
}

fn query() -> HistoryQuery {
    HistoryQuery::default()
}

#[test]
fn hist_02_events_come_in_the_order_received_with_all_that_was_stored() {
    let history = five();
    assert_eq!(read(&history, &query()), "ABCDE");
    let entries = history.read(&query(), |_| true);
    let second = entries[1];
    assert_eq!((second.publication, second.timestamp, &*second.topic), (id(7), at(20), "a.y"));
}

#[test]
fn the_oldest_events_make_room_where_bytes_are_limited_and_what_never_fits_is_not_kept() {
    const OVERHEAD: usize = History::<usize>::OVERHEAD;
    let mut history: History<usize> = History::new(10, beginning()).within(100 + 3 * OVERHEAD, |size| *size);
    let mut push = |number: u64, size: usize| {
        history.push(id(number), at(0), "t".into(), size);
        (history.len(), history.bytes())
    };
    assert_eq!(push(1, 50), (1, 50 + OVERHEAD));
    assert_eq!(push(2, 25), (2, 75 + 2 * OVERHEAD));
    assert_eq!(push(3, 25), (3, 100 + 3 * OVERHEAD));
    assert_eq!(push(4, 26), (3, 76 + 3 * OVERHEAD));
    assert_eq!(push(5, 100 + 2 * OVERHEAD), (1, 100 + 3 * OVERHEAD));
    assert_eq!(push(6, 101 + 2 * OVERHEAD), (1, 100 + 3 * OVERHEAD));
    assert_eq!(history.read(&query(), |_| true)[0].publication, id(5));
}

#[test]
fn the_oldest_event_makes_room() {
    let mut history = History::new(3, beginning());
    for number in 1..=5 {
        history.push(
            id(number),
            at(0),
            "t".into(),
            char::from_digit(u32::try_from(number).unwrap(), 10).unwrap(),
        );
        assert!(history.len() <= 3);
    }
    assert_eq!(read(&history, &query()), "345");
    let gone = HistoryQuery { after_publication: Some(id(2)), ..query() };
    assert_eq!(read(&history, &gone), "", "an event that is no longer stored leaves nothing to say");
}

#[test]
fn a_history_without_room_stays_empty() {
    let mut history = History::new(0, beginning());
    history.push(id(1), at(0), "t".into(), 'A');
    assert!(history.is_empty());
    assert_eq!(read(&history, &query()), "");
}

#[test]
fn hist_05_reverse_shows_the_newest_first() {
    assert_eq!(of_five(&HistoryQuery { reverse: true, ..query() }), "EDCBA");
}

#[test]
fn hist_06_the_limit_counts_from_where_reading_begins_and_after_filtering() {
    let limit = Some(2);
    assert_eq!(of_five(&HistoryQuery { limit, ..query() }), "AB");
    assert_eq!(of_five(&HistoryQuery { limit, reverse: true, ..query() }), "ED");
    let topic = Some("a.x".to_owned());
    assert_eq!(of_five(&HistoryQuery { limit, topic: topic.clone(), ..query() }), "AC");
    assert_eq!(of_five(&HistoryQuery { limit, topic, reverse: true, ..query() }), "EC");
    assert_eq!(of_five(&HistoryQuery { limit: Some(6), ..query() }), "ABCDE");
}

#[test]
fn hist_06_pages_follow_one_another() {
    let history = five();
    let mut page = HistoryQuery { limit: Some(2), ..query() };
    let mut pages = Vec::new();
    loop {
        let read = history.read(&page, |_| true);
        let Some(last) = read.last() else { break };
        pages.push(read.iter().map(|entry| entry.event).collect::<String>());
        page.after_publication = Some(last.publication);
    }
    assert_eq!(pages, ["AB", "CD", "E"]);
}

#[test]
fn hist_07_times_bound_with_and_without_their_edge() {
    let bound = Some(at(20));
    assert_eq!(of_five(&HistoryQuery { from_time: bound, ..query() }), "BDE");
    assert_eq!(of_five(&HistoryQuery { after_time: bound, ..query() }), "DE");
    assert_eq!(of_five(&HistoryQuery { before_time: bound, ..query() }), "AC");
    assert_eq!(of_five(&HistoryQuery { until_time: bound, ..query() }), "ABC");
}

#[test]
fn hist_08_the_topic_filters_the_real_topic() {
    let topic = |topic: &str| HistoryQuery { topic: Some(topic.to_owned()), ..query() };
    assert_eq!(of_five(&topic("a.x")), "ACE");
    assert_eq!(of_five(&topic("a.y")), "BD");
    assert_eq!(of_five(&topic("a")), "");
}

#[test]
fn hist_09_publications_bound_by_their_place_and_not_by_their_number() {
    let pivot = Some(id(9000));
    assert_eq!(of_five(&HistoryQuery { from_publication: pivot, ..query() }), "CDE");
    assert_eq!(of_five(&HistoryQuery { after_publication: pivot, ..query() }), "DE");
    assert_eq!(of_five(&HistoryQuery { before_publication: pivot, ..query() }), "AB");
    assert_eq!(of_five(&HistoryQuery { until_publication: pivot, ..query() }), "ABC");
    assert_eq!(of_five(&HistoryQuery { after_publication: Some(id(12)), ..query() }), "");
    assert_eq!(of_five(&HistoryQuery { before_publication: Some(id(50)), ..query() }), "");
}

#[test]
fn hist_10_filters_combine() {
    let all = HistoryQuery {
        after_publication: Some(id(50)),
        before_publication: Some(id(12)),
        topic: Some("a.y".to_owned()),
        limit: Some(1),
        ..query()
    };
    assert_eq!(of_five(&all), "B");
    assert_eq!(of_five(&HistoryQuery { reverse: true, ..all.clone() }), "D");
    assert_eq!(of_five(&HistoryQuery { after_time: Some(at(20)), ..all }), "D");
}

#[test]
fn hist_10_bounds_that_cross_leave_nothing() {
    let crossed = HistoryQuery { from_publication: Some(id(3)), before_publication: Some(id(7)), ..query() };
    assert_eq!(of_five(&crossed), "");
    let beside = HistoryQuery { after_publication: Some(id(7)), before_publication: Some(id(7)), ..query() };
    assert_eq!(of_five(&beside), "");
}

#[test]
fn hist_11_an_unknown_publication_gives_nothing() {
    let unknown = Some(id(123));
    for query in [
        HistoryQuery { from_publication: unknown, ..query() },
        HistoryQuery { after_publication: unknown, ..query() },
        HistoryQuery { before_publication: unknown, ..query() },
        HistoryQuery { until_publication: unknown, ..query() },
        HistoryQuery { from_publication: Some(id(50)), until_publication: unknown, ..query() },
    ] {
        assert_eq!(of_five(&query), "", "{query:?}");
    }
}

#[test]
fn hist_13_what_is_not_permitted_is_not_counted() {
    let history = five();
    let query = HistoryQuery { limit: Some(2), ..query() };
    let read: String = history.read(&query, |event| *event != 'A').iter().map(|entry| entry.event).collect();
    assert_eq!(read, "BC");
}

#[test]
fn hist_19_equal_and_falling_times_change_no_order() {
    let mut history = History::new(100, beginning());
    for number in 1..=100 {
        history.push(id(number), at(i64::try_from(number % 2).unwrap()), "t".into(), number);
    }
    let read: Vec<u64> = history.read(&query(), |_| true).iter().map(|entry| entry.event).collect();
    assert_eq!(read, (1..=100).collect::<Vec<_>>());
}

/// The answer that the rules give, applied one by one to all events in their order.
fn model(query: &HistoryQuery) -> String {
    let history = five();
    let entries: Vec<_> = history.entries.iter().collect();
    let place = |id: PublicationId| entries.iter().position(|entry| entry.publication == id);
    let mut kept: Vec<char> = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        let by_place = [
            query.from_publication.map(|id| place(id).is_some_and(|place| at >= place)),
            query.after_publication.map(|id| place(id).is_some_and(|place| at > place)),
            query.before_publication.map(|id| place(id).is_some_and(|place| at < place)),
            query.until_publication.map(|id| place(id).is_some_and(|place| at <= place)),
        ];
        if by_place.into_iter().flatten().all(|passes| passes) && query.accepts(entry) {
            kept.push(entry.event);
        }
    }
    if query.reverse {
        kept.reverse();
    }
    kept.truncate(query.limit.unwrap_or(kept.len()));
    kept.into_iter().collect()
}

fn publications() -> impl Strategy<Value = Option<PublicationId>> {
    option::weighted(0.3, (0..6_usize).prop_map(|place| id(IDS.get(place).copied().unwrap_or(123))))
}

fn times() -> impl Strategy<Value = Option<Timestamp>> {
    option::weighted(0.3, (9..32_i64).prop_map(at))
}

proptest! {
    #[test]
    fn hist_10_any_combination_is_the_intersection(
        (reverse, limit, x) in (any::<bool>(), option::of(1..6_usize), option::weighted(0.3, any::<bool>())),
        (from_time, after_time, before_time, until_time) in (times(), times(), times(), times()),
        (from, after, before, until) in (publications(), publications(), publications(), publications()),
    ) {
        let query = HistoryQuery {
            reverse, limit, from_time, after_time, before_time, until_time,
            topic: x.map(|x| if x { "a.x" } else { "a.y" }.to_owned()),
            from_publication: from, after_publication: after,
            before_publication: before, until_publication: until,
        };
        prop_assert_eq!(of_five(&query), model(&query));
        // Two at a time.
        let (history, mut read) = (five(), String::new());
        let mut cursor = history.cursor(query.clone());
        while !history.advance(&mut cursor, 2, |_| true, |entry| read.push(entry.event)) {}
        prop_assert_eq!(read, model(&query));
    }
}

#[test]
fn hist_02_a_cursor_finds_neither_what_has_gone_nor_what_came_later() {
    for (reverse, expected) in [(false, "ADEFG"), (true, "GFED")] {
        let mut history = History::new(7, beginning());
        let mut events = ('A'..='Z').zip(1..);
        let mut push = |history: &mut History<char>| {
            let (event, number) = events.next().unwrap();
            history.push(id(number), at(0), "t".into(), event);
        };
        (0..7).for_each(|_| push(&mut history));
        let mut cursor = history.cursor(HistoryQuery { reverse, ..query() });
        let mut read = String::new();
        assert!(!history.advance(&mut cursor, 1, |_| true, |entry| read.push(entry.event)));
        // A, B and C go.
        (0..3).for_each(|_| push(&mut history));
        assert!(!history.advance(&mut cursor, 1, |_| true, |entry| read.push(entry.event)));
        assert!(history.advance(&mut cursor, 9, |_| true, |entry| read.push(entry.event)));
        assert_eq!(read, expected);
        // All of them go.
        let mut cursor = history.cursor(query());
        (0..7).for_each(|_| push(&mut history));
        assert!(history.advance(&mut cursor, 1, |_| true, |_| panic!("it came later")));
    }
}

#[test]
fn hist_05_to_09_every_filter_is_read_from_keyword_arguments() {
    let mut kwargs = Dict::new();
    kwargs.insert("reverse", true);
    kwargs.insert("limit", 7);
    for (key, second) in [("from_time", 1), ("after_time", 2), ("before_time", 3), ("until_time", 4)] {
        kwargs.insert(key, format!("1970-01-01T00:00:0{second}Z"));
    }
    kwargs.insert("topic", "a.x");
    kwargs.insert("from_publication", 11);
    kwargs.insert("after_publication", 12);
    kwargs.insert("before_publication", 13);
    kwargs.insert("until_publication", 14);
    kwargs.insert("what_is_this", "ignored");
    let expected = HistoryQuery {
        reverse: true,
        limit: Some(7),
        from_time: Some(at(1_000_000)),
        after_time: Some(at(2_000_000)),
        before_time: Some(at(3_000_000)),
        until_time: Some(at(4_000_000)),
        topic: Some("a.x".to_owned()),
        from_publication: Some(id(11)),
        after_publication: Some(id(12)),
        before_publication: Some(id(13)),
        until_publication: Some(id(14)),
    };
    assert_eq!(HistoryQuery::from_kwargs(&kwargs), Ok(expected));
    assert_eq!(HistoryQuery::from_kwargs(&Dict::new()), Ok(query()));
    let null: Dict = [("limit", Value::Null), ("topic", Value::Null)].into_iter().collect();
    assert_eq!(HistoryQuery::from_kwargs(&null), Ok(query()));
}

#[test]
fn hist_05_to_09_what_a_filter_cannot_be_is_refused_with_its_name() {
    let wrong: [(&str, &[Value]); 5] = [
        ("reverse", &["x".into(), 1.into()]),
        ("limit", &[0.into(), (-1).into(), "2".into(), 1.5.into(), true.into()]),
        ("from_time", &["yesterday".into(), 5.into(), "2026-02-30T00:00:00Z".into()]),
        ("topic", &[7.into(), Value::List(vec![])]),
        ("from_publication", &["7".into(), 0.into(), (-3).into(), ((1_u64 << 53) + 1).into()]),
    ];
    for (name, values) in wrong {
        for value in values {
            let names: &[&str] = match name {
                "from_time" => &["from_time", "after_time", "before_time", "until_time"],
                "from_publication" => {
                    &["from_publication", "after_publication", "before_publication", "until_publication"]
                }
                name => &[name],
            };
            for name in names {
                let kwargs: Dict = [(*name, value.clone())].into_iter().collect();
                let refused = HistoryQuery::from_kwargs(&kwargs).unwrap_err();
                assert!(refused.starts_with(&format!("{name}: expected ")), "{value:?}: {refused}");
            }
        }
    }
    let of = |key: &str, value: Value| HistoryQuery::from_kwargs(&[(key, value)].into_iter().collect());
    assert_eq!(of("limit", 0.into()).unwrap_err(), "limit: expected a positive integer, got 0");
    assert_eq!(of("topic", Value::List(vec![])).unwrap_err(), "topic: expected a text, got a list");
    let long = of("from_time", "ä".repeat(1 << 20).into()).unwrap_err();
    assert!(long.len() < 200 && long.ends_with("got a longer text"), "{long}");
}
