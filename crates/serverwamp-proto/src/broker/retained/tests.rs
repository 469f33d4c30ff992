//! The rules of retention one by one, and the shares under any sequence of events.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;

const TOPICS: [&str; 7] = ["a", "a.b", "a.b.c", "a.bc", "a.c", "b.b", "a.x.c"];

/// Events are a name and a size.
type Event = (&'static str, usize);

const OVERHEAD: usize = RetainedEvents::<Event>::OVERHEAD;

/// Room for so many events with so many bytes of their own.
pub(super) const fn share(events: usize, bytes: usize) -> Share {
    Share { events, bytes: events * OVERHEAD + bytes }
}

fn all(all: Share) -> RetainedLimits {
    RetainedLimits { all, ..RetainedLimits::default() }
}

fn with(limits: RetainedLimits) -> RetainedEvents<Event> {
    RetainedEvents::new(limits, |(_, size)| *size)
}

pub(super) fn unbounded() -> RetainedEvents<Event> {
    with(RetainedLimits::default())
}

#[expect(clippy::disallowed_methods, reason = "any instant will do")]
fn start() -> Instant {
    Instant::now()
}

fn of(topic: &str, restricted: bool) -> Retention {
    Retention { topic: topic.into(), restricted, publisher: None, group: None, now: start(), until: None }
}

/// Keeps an event that is for everybody, and one that is not.
pub(super) fn open(
    retained: &mut RetainedEvents<Event>,
    topic: &str,
    event: Event,
) -> Result<Vec<Event>, Beyond> {
    retained.retain(event, &of(topic, false))
}

pub(super) fn restricted(
    retained: &mut RetainedEvents<Event>,
    topic: &str,
    event: Event,
) -> Result<Vec<Event>, Beyond> {
    retained.retain(event, &of(topic, true))
}

pub(super) fn names(retained: &RetainedEvents<Event>, topic: &str) -> Vec<&'static str> {
    retained.for_topic(topic).map(|(name, _)| *name).collect()
}

fn remove_all<E>(retained: &mut RetainedEvents<E>, pattern: &UriPattern) -> Vec<E> {
    let mut removal = retained.removal(pattern);
    let mut gone = Vec::new();
    while !removal.is_complete() {
        gone.extend(retained.remove_some(&mut removal, 2));
    }
    gone
}

fn latest(
    retained: &RetainedEvents<Event>,
    pattern: &UriPattern,
    permitted: fn(&Event) -> bool,
) -> Vec<&'static str> {
    let latest = retained.latest_of_few(pattern, 100, start(), permitted);
    latest.unwrap().into_iter().map(|(name, _)| *name).collect()
}

/// The events that a cursor made now yields, if nothing changes meanwhile.
fn walk<E: Copy>(
    retained: &RetainedEvents<E>,
    pattern: &UriPattern,
    permitted: impl Fn(&E) -> bool,
) -> Vec<E> {
    let mut cursor = retained.cursor(pattern);
    let mut walked = Vec::new();
    loop {
        // Two looks at a time, so that it has to be asked again.
        match retained.advance(&mut cursor, &mut 2, start(), &permitted) {
            Advance::Event(event) => walked.push(*event),
            Advance::More => {}
            Advance::Done => return walked,
        }
    }
}

#[test]
fn ret_02_an_open_event_replaces_the_one_before() {
    let mut retained = unbounded();
    open(&mut retained, "a", ("first", 5)).unwrap();
    assert_eq!(open(&mut retained, "a", ("second", 7)), Ok(vec![("first", 5)]));
    open(&mut retained, "a.b", ("other", 1)).unwrap();
    assert_eq!(names(&retained, "a"), ["second"]);
    assert_eq!(names(&retained, "a.b"), ["other"]);
    assert!(names(&retained, "b").is_empty());
    assert_eq!(retained.held(), share(2, 8));
}

#[test]
fn ret_06_who_may_not_have_the_newest_event_gets_an_older_one_or_nothing() {
    let mut retained = unbounded();
    open(&mut retained, "a", ("open", 1)).unwrap();
    restricted(&mut retained, "a", ("secret", 1)).unwrap();
    restricted(&mut retained, "b", ("secret", 1)).unwrap();
    let of_outsider = |topic| latest(&retained, &UriPattern::exact(topic), |(name, _)| *name != "secret");
    assert_eq!(of_outsider("a"), ["open"]);
    assert!(of_outsider("b").is_empty());
    assert_eq!(latest(&retained, &UriPattern::exact("a"), |_| true), ["secret"]);
}

#[test]
fn ret_07_restricted_events_stand_beside_the_open_one_until_the_next_open_one() {
    let mut retained = unbounded();
    open(&mut retained, "a", ("r1", 1)).unwrap();
    restricted(&mut retained, "a", ("r2", 1)).unwrap();
    restricted(&mut retained, "a", ("r3", 1)).unwrap();
    assert_eq!(names(&retained, "a"), ["r3", "r2", "r1"]);
    open(&mut retained, "a", ("r4", 1)).unwrap();
    assert_eq!(names(&retained, "a"), ["r4"]);
    assert_eq!(retained.held(), share(1, 1));
}

#[test]
fn ret_07_of_too_many_restricted_events_the_oldest_goes_and_the_open_one_stays() {
    let mut retained = with(RetainedLimits { restricted_per_topic: 2, ..RetainedLimits::default() });
    open(&mut retained, "a", ("open", 1)).unwrap();
    for name in ["r1", "r2", "r3"] {
        restricted(&mut retained, "a", (name, 1)).unwrap();
    }
    assert_eq!(names(&retained, "a"), ["r3", "r2", "open"]);
    assert_eq!(retained.held(), share(3, 3));
}

#[test]
fn ret_07_where_no_restricted_events_are_kept_they_are_refused() {
    let mut retained = with(RetainedLimits { restricted_per_topic: 0, ..RetainedLimits::default() });
    assert_eq!(restricted(&mut retained, "a", ("r", 1)), Err(Beyond::Store));
    open(&mut retained, "a", ("open", 1)).unwrap();
    assert_eq!(restricted(&mut retained, "a", ("r", 1)), Err(Beyond::Store));
    assert_eq!(names(&retained, "a"), ["open"]);
}

#[test]
fn ret_09_the_topics_of_a_pattern_come_in_the_order_of_publication() {
    let mut retained = unbounded();
    for topic in ["a.c", "b.b", "a.b", "a.b.c", "ab"] {
        open(&mut retained, topic, (topic, 1)).unwrap();
    }
    restricted(&mut retained, "a.c", ("new", 1)).unwrap();
    let few = |pattern: &UriPattern| latest(&retained, pattern, |_| true);
    let some = |pattern: &UriPattern| -> Vec<&str> {
        walk(&retained, pattern, |_| true).into_iter().map(|(name, _)| name).collect()
    };
    for (pattern, expected) in [
        (UriPattern::prefix("a."), vec!["a.b", "a.b.c", "new"]),
        (UriPattern::wildcard(".b"), vec!["b.b", "a.b"]),
        (UriPattern::wildcard("a."), vec!["a.b", "new"]),
        (UriPattern::exact("a.b"), vec!["a.b"]),
        (UriPattern::prefix("c"), vec![]),
    ] {
        assert_eq!((few(&pattern), some(&pattern)), (expected.clone(), expected), "{pattern}");
    }
}

#[test]
fn ret_09_the_order_is_that_of_the_events_somebody_receives() {
    let mut retained = unbounded();
    open(&mut retained, "a.b", ("first", 1)).unwrap();
    open(&mut retained, "a.c", ("second", 1)).unwrap();
    restricted(&mut retained, "a.b", ("secret", 1)).unwrap();
    let a = UriPattern::prefix("a.");
    assert_eq!(latest(&retained, &a, |_| true), ["second", "secret"]);
    assert_eq!(latest(&retained, &a, |(name, _)| *name != "secret"), ["first", "second"]);
}

#[test]
fn ret_09_more_events_than_were_asked_for_are_not_looked_at() {
    let mut retained = unbounded();
    for topic in ["a.a", "a.b", "a.c"] {
        open(&mut retained, topic, ("e", 1)).unwrap();
    }
    let few = |pattern: UriPattern, most| {
        retained.latest_of_few(&pattern, most, start(), |_| true).map(|latest| latest.len())
    };
    assert_eq!(few(UriPattern::prefix("a."), 3), Some(3));
    assert_eq!(few(UriPattern::prefix("a."), 2), None);
    assert_eq!(few(UriPattern::exact("a.a"), 1), Some(1));
    restricted(&mut retained, "a.b", ("for some", 1)).unwrap();
    let few = |most| {
        retained.latest_of_few(&UriPattern::prefix("a."), most, start(), |_| false).map(|few| few.len())
    };
    assert_eq!((few(4), few(3)), (Some(0), None), "those of one topic count as well");
}

#[test]
fn ret_14_an_empty_event_is_an_event() {
    let mut retained = unbounded();
    open(&mut retained, "a", ("full", 9)).unwrap();
    open(&mut retained, "a", ("empty", 0)).unwrap();
    assert_eq!(names(&retained, "a"), ["empty"]);
    assert_eq!(retained.held(), share(1, 0));
}

#[test]
fn a_cursor_takes_neither_what_came_later_nor_what_is_gone_nor_what_was_taken_ahead() {
    let mut retained = unbounded();
    for topic in ["a.1", "a.2", "a.3", "a.4", "a.5"] {
        open(&mut retained, topic, (topic, 1)).unwrap();
    }
    let a = UriPattern::prefix("a.");
    let mut cursor = retained.cursor(&a);
    let next = |retained: &RetainedEvents<Event>, cursor: &mut RetainedCursor| match retained.advance(
        cursor,
        &mut 10,
        start(),
        |_| true,
    ) {
        Advance::Event((name, _)) => Some(*name),
        Advance::More | Advance::Done => None,
    };
    assert_eq!(next(&retained, &mut cursor), Some("a.1"));
    open(&mut retained, "a.2", ("newer", 1)).unwrap();
    remove_all(&mut retained, &UriPattern::exact("a.3"));
    open(&mut retained, "a.6", ("a.6", 1)).unwrap();
    assert_eq!(retained.take_ahead(&mut cursor, "a.5", |_| true), Some(&("a.5", 1)));
    assert_eq!(retained.take_ahead(&mut cursor, "a.5", |_| true), None);
    assert_eq!(cursor.taken_ahead(), 1);
    for seen_or_new in ["a.1", "a.2", "a.6", "a.7"] {
        assert_eq!(retained.take_ahead(&mut cursor, seen_or_new, |_| true), None);
    }
    assert_eq!(next(&retained, &mut cursor), Some("a.4"));
    assert_eq!(next(&retained, &mut cursor), None);
    assert_eq!(retained.take_ahead(&mut cursor, "a.4", |_| true), None);
    assert_eq!(cursor.taken_ahead(), 0);
}

#[test]
fn a_full_store_refuses_new_topics_and_goes_on_with_known_ones() {
    for limits in [all(Share { events: 2, ..Share::WHOLE }), all(share(2, 20))] {
        let mut retained = with(limits);
        open(&mut retained, "a", ("a1", 10)).unwrap();
        open(&mut retained, "b", ("b1", 10)).unwrap();
        assert_eq!(open(&mut retained, "c", ("c1", 10)), Err(Beyond::Store), "{limits:?}");
        open(&mut retained, "a", ("a2", 10)).unwrap();
        assert_eq!(names(&retained, "a"), ["a2"], "{limits:?}");
    }
}

#[test]
fn an_event_that_does_not_fit_in_place_of_the_old_one_leaves_it_there() {
    let mut retained = with(all(share(2, 20)));
    open(&mut retained, "a", ("open", 8)).unwrap();
    restricted(&mut retained, "a", ("r", 4)).unwrap();
    assert_eq!(open(&mut retained, "a", ("huge", 21 + OVERHEAD)), Err(Beyond::Store));
    assert_eq!(restricted(&mut retained, "a", ("large", 13)), Err(Beyond::Store));
    assert_eq!(open(&mut retained, "b", ("endless", usize::MAX)), Err(Beyond::Store));
    assert_eq!(names(&retained, "a"), ["r", "open"]);
    restricted(&mut retained, "a", ("r2", 12)).unwrap();
    assert_eq!(names(&retained, "a"), ["r2", "open"]);
    open(&mut retained, "a", ("open2", 20)).unwrap();
    assert_eq!((names(&retained, "a"), retained.held()), (vec!["open2"], share(1, 20)));
}

#[test]
fn one_publisher_and_one_group_of_topics_hold_no_more_than_their_shares() {
    let (me, you) = (SessionId::new(1), SessionId::new(2));
    let by = |topic, publisher| Retention { publisher, ..of(topic, false) };
    let mut retained = with(RetainedLimits { publisher: share(2, 10), ..RetainedLimits::default() });
    retained.retain(("a1", 5), &by("a", me)).unwrap();
    retained.retain(("b1", 5), &by("b", me)).unwrap();
    assert_eq!(retained.retain(("c1", 0), &by("c", me)), Err(Beyond::Publisher));
    assert_eq!(retained.retain(("a2", 6), &by("a", me)), Err(Beyond::Publisher));
    retained.retain(("c1", 0), &by("c", you)).unwrap();
    retained.retain(("a2", 5), &by("a", me)).unwrap();
    // An event that replaces another publisher's counts for its own publisher.
    retained.retain(("b2", 5), &by("b", you)).unwrap();
    assert_eq!((retained.held_by(me.unwrap()), retained.held_by(you.unwrap())), (share(1, 5), share(2, 5)));
    retained.retain(("d1", 5), &by("d", me)).unwrap();
    assert_eq!(remove_all(&mut retained, &UriPattern::prefix("")).len(), 4);
    assert_eq!((retained.held(), retained.held_by_publisher.len()), (Share::default(), 0));

    let group = |topic| Retention { group: Some((3, share(2, 10))), ..of(topic, false) };
    retained.retain(("a", 5), &group("a")).unwrap();
    retained.retain(("b", 5), &group("b")).unwrap();
    assert_eq!(retained.retain(("c", 0), &group("c")), Err(Beyond::Topics));
    open(&mut retained, "c", ("of another group", 10)).unwrap();
    retained.retain(("b", 5), &group("b")).unwrap();
}

#[test]
fn an_event_that_goes_gives_room_to_its_own_group_alone() {
    let mut retained = unbounded();
    let group = |number, topic| Retention { group: Some((number, share(1, 100))), ..of(topic, false) };
    retained.retain(("a", 5), &group(1, "a")).unwrap();
    retained.retain(("b", 5), &group(2, "b")).unwrap();
    // `a` belongs to the second group now; what it gives up is of the first.
    assert_eq!(retained.retain(("a", 5), &group(2, "a")), Err(Beyond::Topics));
    retained.retain(("b", 5), &group(3, "b")).unwrap();
    retained.retain(("a", 5), &group(2, "a")).unwrap();
    retained.retain(("c", 5), &group(1, "c")).unwrap();
}

#[test]
fn what_is_not_for_ever_is_gone_when_its_end_has_come() {
    let now = start();
    let later = |seconds| now + Duration::from_secs(seconds);
    let until = |topic: &str, seconds| Retention { until: Some(later(seconds)), ..of(topic, false) };
    let mut retained = unbounded();
    retained.retain(("a", 1), &until("a", 10)).unwrap();
    retained.retain(("b", 1), &until("b", 5)).unwrap();
    // Replaced, it has the end of what replaced it.
    retained.retain(("c", 1), &until("c", 5)).unwrap();
    retained.retain(("c2", 1), &of("c", false)).unwrap();
    let any = UriPattern::prefix("");
    let at = |retained: &RetainedEvents<Event>, seconds| {
        retained.latest_of_few(&any, 10, later(seconds), |_| true).map_or(0, |latest| latest.len())
    };
    // Nobody gets it any more, whether it was removed or not.
    assert_eq!([4, 5, 9, 10].map(|seconds| at(&retained, seconds)), [3, 2, 2, 1]);
    assert_eq!(retained.expire(later(9)), [("b", 1)]);
    assert_eq!(retained.expire(later(9)), []);
    // Retaining an event removes those that have expired.
    let event = Retention { now: later(10), ..of("d", false) };
    assert_eq!(retained.retain(("d", 1), &event), Ok(vec![("a", 1)]));
    assert_eq!((retained.held(), retained.ends.len()), (share(2, 2), 0));
}

proptest! {
    #[test]
    fn shares_hold_and_patterns_find_what_a_walk_finds(
        steps in vec((select(&TOPICS), 0usize..9, any::<bool>(), 1u64..4), 0..60),
        kind in select(&Match::ALL),
        text in select(&["", ".", "a", "a.", "a.b", "a..c", "a..", "..c", "b"]),
    ) {
        type Numbered = (usize, usize, bool);
        let whole = Share { events: 9, bytes: 9 * RetainedEvents::<Numbered>::OVERHEAD + 40 };
        let own = Share { events: 5, bytes: 5 * RetainedEvents::<Numbered>::OVERHEAD + 25 };
        let limits = RetainedLimits { all: whole, publisher: own, restricted_per_topic: 3 };
        let mut retained = RetainedEvents::new(limits, |(_, size, _): &Numbered| *size);
        for (number, (topic, size, restricted, publisher)) in steps.into_iter().enumerate() {
            let before: Vec<_> = retained.for_topic(topic).copied().collect();
            let event = (number, size, restricted);
            let publisher = SessionId::new(publisher);
            let is_kept = retained.retain(event, &Retention { publisher, ..of(topic, restricted) }).is_ok();
            let newest = retained.for_topic(topic).next().copied();
            prop_assert_eq!(newest, if is_kept { Some(event) } else { before.first().copied() });
            let all: Vec<_> = TOPICS.iter().flat_map(|topic| retained.for_topic(topic)).collect();
            prop_assert_eq!(all.len(), retained.held().events);
            let bytes: usize = all.iter().map(|(_, size, _)| size + RetainedEvents::<Numbered>::OVERHEAD).sum();
            prop_assert_eq!(bytes, retained.held().bytes);
            prop_assert!(retained.held().events <= whole.events && bytes <= whole.bytes);
            let mut by_all = Share::default();
            for held in retained.held_by_publisher.values() {
                prop_assert!(held.events <= own.events && held.bytes <= own.bytes);
                by_all += *held;
            }
            prop_assert_eq!(by_all, retained.held());
            prop_assert_eq!(retained.order.len(), retained.held().events);
            prop_assert!(retained.for_topic(topic).filter(|(_, _, restricted)| *restricted).count() <= 3);
        }
        let pattern = UriPattern::new(kind, text);
        let permitted = |(number, _, _): &Numbered| number % 3 != 0;
        let mut expected: Vec<Numbered> = TOPICS
            .into_iter()
            .filter(|topic| pattern.matches(topic))
            .filter_map(|topic| retained.for_topic(topic).find(|event| permitted(event)).copied())
            .collect();
        expected.sort_unstable_by_key(|(number, _, _)| *number);
        // No more events are looked at than there are.
        let few = retained.latest_of_few(&pattern, whole.events + 1, start(), permitted);
        prop_assert_eq!(few.unwrap().into_iter().copied().collect::<Vec<_>>(), expected.clone());
        prop_assert_eq!(walk(&retained, &pattern, permitted), expected);
        let mut matching: Vec<Numbered> = TOPICS
            .into_iter()
            .filter(|topic| pattern.matches(topic))
            .flat_map(|topic| retained.for_topic(topic).copied())
            .collect();
        let held = retained.held();
        let mut removed = remove_all(&mut retained, &pattern);
        matching.sort_unstable();
        removed.sort_unstable();
        prop_assert_eq!(&removed, &matching);
        prop_assert_eq!(retained.held().events, held.events - removed.len());
    }
}
