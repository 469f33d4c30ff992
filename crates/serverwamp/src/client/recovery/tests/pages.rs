//! What was missed, in pages, without gaps and without anything twice.

use super::*;
use crate::client::recovery::page::PAGE;

#[test]
fn what_came_behind_the_last_event_is_recovered_in_its_order() {
    let router = FakeRouter::with([50, 7, 9000, 3, 12], 10);
    let outcome = recovered(&router, &position(&[7, 50]));
    assert_eq!(numbers(&outcome), [9000, 3, 12]);
    let Missed::Known { events, position } = outcome else { unreachable!() };
    assert_eq!(position.to_string(), "4711.12.3.9000.7.50");
    let (number, text): (u64, String) = events[0].bind().unwrap();
    assert_eq!((number, &*text, events[0].topic(), events[0].is_retained()), (9000, "x", "com.t", false));
}

#[test]
fn nothing_was_missed_where_the_position_is_the_newest() {
    let router = FakeRouter::with([1, 2, 3], 10);
    assert_eq!(numbers(&recovered(&router, &position(&[3]))), [0_u64; 0]);
    assert_eq!(router.requests().len(), 1);
}

#[test]
fn everything_was_missed_since_the_beginning_of_a_history() {
    assert_eq!(numbers(&recovered(&FakeRouter::with([], 10), &position(&[]))), [0_u64; 0]);
    assert_eq!(numbers(&recovered(&FakeRouter::with([1, 2], 10), &position(&[]))), [1, 2]);
}

#[test]
fn a_history_longer_than_a_page_is_read_in_pages() {
    let router = FakeRouter::with(1..=1300, 2000);
    let outcome = recovered(&router, &position(&[100]));
    assert_eq!(numbers(&outcome), (101..=1300).collect::<Vec<_>>());
    let after: Vec<_> = router.requests().iter().map(|request| request.after.unwrap().get()).collect();
    let page = u64::from(PAGE);
    assert_eq!(after, [100, 100 + page, 100 + 2 * page]);
}

#[test]
fn pages_become_as_short_as_the_router_can_tell_them() {
    let router = FakeRouter { most: 10, ..FakeRouter::with(1..=50, 100) };
    assert_eq!(numbers(&recovered(&router, &position(&[1]))), (2..=50).collect::<Vec<_>>());
    let limits: Vec<_> = router.requests().iter().map(|request| request.limit).collect();
    assert_eq!(limits, [500, 125, 31, 7, 7, 7, 7, 7, 7, 7]);
}

#[test]
fn an_event_that_no_history_keeps_is_no_place_to_begin_from_and_an_earlier_one_is() {
    let router = FakeRouter::with([1, 2, 3, 4], 10);
    // 77 and 78 were for the subscriber alone.
    let outcome = recovered(&router, &position(&[78, 3, 77, 2]));
    assert_eq!(numbers(&outcome), [4], "3 is known");
}

#[test]
fn events_that_are_published_while_pages_are_read_are_recovered_once() {
    let router = FakeRouter::with(1..=600, 2000);
    *locked(&router.coming) = vec![vec![], vec![601, 602]];
    assert_eq!(numbers(&recovered(&router, &position(&[1]))), (2..=602).collect::<Vec<_>>());
}

#[test]
fn live_events_that_are_dropped_while_pages_are_read_are_on_a_further_page() {
    let router = FakeRouter { drops: vec![11, 12, 13], ..FakeRouter::with(1..=10, 2000) };
    *locked(&router.coming) = vec![vec![11], vec![12], vec![13], vec![14]];
    assert_eq!(numbers(&recovered(&router, &position(&[1]))), (2..=14).collect::<Vec<_>>());
    assert_eq!(router.requests().len(), 4);
}

#[test]
fn a_subscription_begins_behind_the_newest_event() {
    let begun = |router: &FakeRouter| begin(router, &exact()).now_or_never().unwrap().unwrap().to_string();
    assert_eq!(begun(&FakeRouter::with([], 10)), "4711");
    assert_eq!(begun(&FakeRouter::with(1..=20, 10)), "4711.20");
}

#[test]
fn an_event_of_a_pattern_has_its_own_topic_and_says_who_published_it() {
    let event = r#"[{"publication":5,"details":{"topic":"com.a","publisher":9,"publisher_authid":"joe","publisher_authrole":"user"},"kwargs":{"n":[1]},"what":{"is":"this"}}]"#;
    let answer = results(event, r#"{"complete":true,"more":false,"epoch":4711,"nonsense":[]}"#);
    let key = TopicKey { kind: Match::Prefix, topic: "com.".into() };
    let outcome = recover(&SameAnswer(Ok(answer)), &key, &position(&[1])).now_or_never().unwrap();
    let Missed::Known { events, .. } = outcome else { panic!("{outcome:?}") };
    let [event] = &*events else { panic!("{events:?}") };
    assert_eq!((event.topic(), event.publisher().map(|id| id.get())), ("com.a", Some(9)));
    assert_eq!((event.publisher_authid(), event.publisher_authrole()), (Some("joe"), Some("user")));
    assert_eq!(*event.payload().kwargs, *br#"{"n":[1]}"#);
    assert!(!event.payload().has_args());
}
