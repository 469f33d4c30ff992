//! The rules of retention one by one, and the bounds under any sequence of events.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TOPICS: [&str; 7] = ["a", "a.b", "a.b.c", "a.bc", "a.c", "b.b", "a.x.c"];

/// Events are a name and a size.
type Event = (&'static str, usize);

fn with(limits: RetainedLimits) -> RetainedEvents<Event> {
    RetainedEvents::new(limits, |(_, size)| *size)
}

fn unbounded() -> RetainedEvents<Event> {
    with(RetainedLimits::default())
}

fn names(retained: &RetainedEvents<Event>, topic: &str) -> Vec<&'static str> {
    retained.for_topic(topic).map(|(name, _)| *name).collect()
}

#[test]
fn ret_02_an_open_event_replaces_the_one_before() {
    let mut retained = unbounded();
    retained.retain("a", ("first", 5), false).unwrap();
    retained.retain("a", ("second", 7), false).unwrap();
    retained.retain("a.b", ("other", 1), false).unwrap();
    assert_eq!(names(&retained, "a"), ["second"]);
    assert_eq!(names(&retained, "a.b"), ["other"]);
    assert!(names(&retained, "b").is_empty());
    assert_eq!((retained.topics(), retained.len(), retained.bytes()), (2, 2, 8));
}

#[test]
fn ret_06_who_may_not_have_the_newest_event_gets_an_older_one_or_nothing() {
    let mut retained = unbounded();
    retained.retain("a", ("open", 1), false).unwrap();
    retained.retain("a", ("secret", 1), true).unwrap();
    retained.retain("b", ("secret", 1), true).unwrap();
    let of_outsider = |topic| retained.latest(&UriPattern::exact(topic), |(name, _)| *name != "secret");
    assert_eq!(of_outsider("a"), [("a", &("open", 1))]);
    assert_eq!(of_outsider("b"), []);
    assert_eq!(retained.latest(&UriPattern::exact("a"), |_| true), [("a", &("secret", 1))]);
}

#[test]
fn ret_07_restricted_events_stand_beside_the_open_one_until_the_next_open_one() {
    let mut retained = unbounded();
    retained.retain("a", ("r1", 1), false).unwrap();
    retained.retain("a", ("r2", 1), true).unwrap();
    retained.retain("a", ("r3", 1), true).unwrap();
    assert_eq!(names(&retained, "a"), ["r3", "r2", "r1"]);
    retained.retain("a", ("r4", 1), false).unwrap();
    assert_eq!(names(&retained, "a"), ["r4"]);
    assert_eq!((retained.len(), retained.bytes()), (1, 1));
}

#[test]
fn ret_07_of_too_many_restricted_events_the_oldest_goes_and_the_open_one_stays() {
    let mut retained = with(RetainedLimits { restricted_per_topic: 2, ..RetainedLimits::default() });
    retained.retain("a", ("open", 1), false).unwrap();
    for name in ["r1", "r2", "r3"] {
        retained.retain("a", (name, 1), true).unwrap();
    }
    assert_eq!(names(&retained, "a"), ["r3", "r2", "open"]);
    assert_eq!((retained.len(), retained.bytes()), (3, 3));
}

#[test]
fn ret_07_where_no_restricted_events_are_kept_they_are_refused() {
    let mut retained = with(RetainedLimits { restricted_per_topic: 0, ..RetainedLimits::default() });
    assert_eq!(retained.retain("a", ("r", 1), true), Err(Full));
    assert!(retained.is_empty());
    retained.retain("a", ("open", 1), false).unwrap();
    assert_eq!(retained.retain("a", ("r", 1), true), Err(Full));
    assert_eq!(names(&retained, "a"), ["open"]);
}

#[test]
fn ret_09_the_topics_of_a_pattern_come_in_the_order_of_publication() {
    let mut retained = unbounded();
    for topic in ["a.c", "b.b", "a.b", "a.b.c", "ab"] {
        retained.retain(topic, ("old", 1), false).unwrap();
    }
    retained.retain("a.c", ("new", 1), true).unwrap();
    let topics = |pattern: UriPattern| -> Vec<&str> {
        retained.matching(&pattern).iter().map(RetainedTopic::topic).collect()
    };
    assert_eq!(topics(UriPattern::prefix("a.")), ["a.b", "a.b.c", "a.c"]);
    assert_eq!(topics(UriPattern::wildcard(".b")), ["b.b", "a.b"]);
    assert_eq!(topics(UriPattern::wildcard("a.")), ["a.b", "a.c"]);
    assert_eq!(topics(UriPattern::exact("a.b")), ["a.b"]);
    assert_eq!(topics(UriPattern::prefix("c")), [""; 0]);
    let found = retained.matching(&UriPattern::exact("a.c"));
    assert!(found[0].newest_first().eq(&[("new", 1), ("old", 1)]));
}

#[test]
fn ret_09_the_order_is_that_of_the_events_somebody_receives() {
    let mut retained = unbounded();
    retained.retain("a.b", ("open", 1), false).unwrap();
    retained.retain("a.c", ("open", 1), false).unwrap();
    retained.retain("a.b", ("secret", 1), true).unwrap();
    let topics = |may: fn(&Event) -> bool| -> Vec<&str> {
        retained.latest(&UriPattern::prefix("a."), may).into_iter().map(|(topic, _)| topic).collect()
    };
    assert_eq!(topics(|_| true), ["a.c", "a.b"]);
    assert_eq!(topics(|(name, _)| *name == "open"), ["a.b", "a.c"]);
}

#[test]
fn ret_14_an_empty_event_is_an_event() {
    let mut retained = unbounded();
    retained.retain("a", ("full", 9), false).unwrap();
    retained.retain("a", ("empty", 0), false).unwrap();
    assert_eq!(names(&retained, "a"), ["empty"]);
    assert_eq!((retained.len(), retained.bytes()), (1, 0));
}

#[test]
fn a_full_store_refuses_new_topics_and_goes_on_with_known_ones() {
    for limits in [
        RetainedLimits { topics: 2, ..RetainedLimits::default() },
        RetainedLimits { events: 2, ..RetainedLimits::default() },
        RetainedLimits { bytes: 20, ..RetainedLimits::default() },
    ] {
        let mut retained = with(limits);
        retained.retain("a", ("a1", 10), false).unwrap();
        retained.retain("b", ("b1", 10), false).unwrap();
        assert_eq!(retained.retain("c", ("c1", 10), false), Err(Full), "{limits:?}");
        retained.retain("a", ("a2", 10), false).unwrap();
        assert_eq!(names(&retained, "a"), ["a2"], "{limits:?}");
        assert_eq!(retained.topics(), 2, "{limits:?}");
    }
}

#[test]
fn an_event_that_does_not_fit_in_place_of_the_old_one_leaves_it_there() {
    let mut retained = with(RetainedLimits { bytes: 20, ..RetainedLimits::default() });
    retained.retain("a", ("open", 8), false).unwrap();
    retained.retain("a", ("r", 4), true).unwrap();
    assert_eq!(retained.retain("a", ("huge", 21), false), Err(Full));
    assert_eq!(retained.retain("a", ("large", 13), true), Err(Full));
    assert_eq!(retained.retain("b", ("endless", usize::MAX), false), Err(Full));
    assert_eq!(names(&retained, "a"), ["r", "open"]);
    retained.retain("a", ("r2", 12), true).unwrap();
    assert_eq!(names(&retained, "a"), ["r2", "open"]);
    retained.retain("a", ("open2", 20), false).unwrap();
    assert_eq!((names(&retained, "a"), retained.bytes()), (vec!["open2"], 20));
}

proptest! {
    #[test]
    fn bounds_hold_and_patterns_find_what_a_walk_finds(
        steps in vec((select(&TOPICS), 0usize..9, any::<bool>()), 0..60),
        kind in select(&Match::ALL),
        text in select(&["", ".", "a", "a.", "a.b", "a..c", "a..", "..c", "b"]),
    ) {
        let limits = RetainedLimits { topics: 5, events: 9, bytes: 40, restricted_per_topic: 3 };
        let mut retained = RetainedEvents::new(limits, |(_, size, _): &(usize, usize, bool)| *size);
        for (number, (topic, size, restricted)) in steps.into_iter().enumerate() {
            let before: Vec<_> = retained.for_topic(topic).copied().collect();
            let event = (number, size, restricted);
            let is_kept = retained.retain(topic, event, restricted).is_ok();
            let newest = retained.for_topic(topic).next().copied();
            prop_assert_eq!(newest, if is_kept { Some(event) } else { before.first().copied() });
            let all: Vec<_> = TOPICS.iter().flat_map(|topic| retained.for_topic(topic)).collect();
            prop_assert_eq!(all.len(), retained.len());
            prop_assert_eq!(all.iter().map(|(_, size, _)| size).sum::<usize>(), retained.bytes());
            prop_assert!(retained.len() <= 9 && retained.bytes() <= 40 && retained.topics() <= 5);
            prop_assert!(retained.for_topic(topic).filter(|(_, _, restricted)| *restricted).count() <= 3);
        }
        let pattern = UriPattern::new(kind, text);
        let permitted = |(number, _, _): &(usize, usize, bool)| number % 3 != 0;
        let mut expected: Vec<_> = TOPICS
            .into_iter()
            .filter(|topic| pattern.matches(topic))
            .filter_map(|topic| Some((topic, retained.for_topic(topic).find(|event| permitted(event))?)))
            .collect();
        expected.sort_unstable_by_key(|(_, (number, _, _))| *number);
        prop_assert_eq!(retained.latest(&pattern, permitted), expected);
    }
}
