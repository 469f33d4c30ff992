//! "Event History": `wamp.subscription.get_events` (group HIST). Long ones and times are in
//! [`event_history_long`](crate::event_history_long), the keyword results in
//! [`event_history_complete`](crate::event_history_complete).

use crate::router::play;
use std::fmt::Write as _;

/// bob asks for a subscription's history; `$s` is that of `com.history.five`, in which five events are, `$e1` to `$e5`.
const FIVE: &str = r#"
    alice joins settings
    bob joins settings
    bob > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
    bob < [50, 1, {}, [$s]]
    alice > [16, 1, {"acknowledge": true}, "com.history.five", [1]]
    alice < [17, 1, $e1]
    alice > [16, 2, {"acknowledge": true}, "com.history.five", [2]]
    alice < [17, 2, $e2]
    alice > [16, 3, {"acknowledge": true}, "com.history.five", [3]]
    alice < [17, 3, $e3]
    alice > [16, 4, {"acknowledge": true}, "com.history.five", [4]]
    alice < [17, 4, $e4]
    alice > [16, 5, {"acknowledge": true}, "com.history.five", [5]]
    alice < [17, 5, $e5]
"#;

/// Lines in which bob asks for the history of `$s` with these filters, and gets these events.
fn asks(request: usize, filters: &str, events: &[usize]) -> String {
    let mut lines =
        format!("    bob > [48, {request}, {{}}, \"wamp.subscription.get_events\", [$s], {{{filters}}}]\n");
    let events: Vec<_> =
        events.iter().map(|at| format!("{{..., \"publication\": $e{at}, \"args\": [{at}]}}")).collect();
    let list = events.join(", ");
    writeln!(lines, "    bob < [50, {request}, {{}}, [{list}], {{...}}]")
        .expect("a String takes what is written");
    lines
}

/// A transcript in which bob gets these events with these filters.
fn gets(cases: &[(&str, &[usize])]) -> String {
    let questions = cases.iter().enumerate().map(|(at, (filters, events))| asks(at + 2, filters, events));
    FIVE.to_owned() + &questions.collect::<String>()
}

/// A transcript in which bob is told with each of these filters that it is none.
fn refused(filters: &[&str]) -> String {
    let mut text = FIVE.to_owned();
    for (at, filters) in filters.iter().enumerate() {
        let request = at + 2;
        write!(
            text,
            r#"
    bob > [48, {request}, {{}}, "wamp.subscription.get_events", [$s], {{{filters}}}]
    bob < [8, 48, {request}, {{}}, "wamp.error.invalid_argument", ...]"#
        )
        .expect("a String takes what is written");
    }
    text
}

#[test]
fn hist_01_history_is_asked_for_by_the_id_of_a_subscription() {
    play(
        r#"
        alice joins settings
        alice > [48, 1, {}, "wamp.subscription.get_events"]
        alice < [8, 48, 1, {}, "wamp.error.invalid_argument", ...]
        alice > [48, 2, {}, "wamp.subscription.get_events", ["com.history.five"]]
        alice < [8, 48, 2, {}, "wamp.error.invalid_argument", ...]
        alice subscribes com.history.five as $s
        alice > [48, 4, {}, "wamp.subscription.get_events", [$s]]
        alice < [50, 4, {}, [], {...}]
        bob joins settings
        bob > [16, 1, {"acknowledge": true}, "com.history.five", [1]]
        bob < [17, 1, $p]
        alice < [36, $s, $p, {}, [1]]
        alice > [48, 5, {}, "wamp.subscription.get_events", [$s]]
        alice < [50, 5, {}, [{..., "publication": $p}], {...}]
    "#,
    );
}

#[test]
fn hist_02_an_event_is_in_the_history_of_every_subscription_it_matched() {
    play(
        r#"
        alice joins settings
        bob joins settings
        bob > [48, 1, {}, "wamp.subscription.lookup", ["com.history.all.", {"match": "prefix"}]]
        bob < [50, 1, {}, [$all]]
        bob > [48, 2, {}, "wamp.subscription.lookup", ["com.history.all.auth"]]
        bob < [50, 2, {}, [$auth]]
        all different $all $auth
        alice > [16, 1, {"acknowledge": true}, "com.history.all.auth", ["in"]]
        alice < [17, 1, $in]
        alice > [16, 2, {"acknowledge": true}, "com.history.all.basket"]
        alice < [17, 2, $basket]
        alice > [16, 3, {"acknowledge": true}, "com.history.all.checkout"]
        alice < [17, 3, $checkout]
        alice > [16, 4, {"acknowledge": true}, "com.history.all.auth", ["out"]]
        alice < [17, 4, $out]
        bob > [48, 3, {}, "wamp.subscription.get_events", [$all]]
        bob < [50, 3, {}, [
            {..., "publication": $in, "subscription": $all, "details": {"topic": "com.history.all.auth"}},
            {..., "publication": $basket, "details": {"topic": "com.history.all.basket"}},
            {..., "publication": $checkout, "details": {"topic": "com.history.all.checkout"}},
            {..., "publication": $out, "details": {"topic": "com.history.all.auth"}}], {...}]
        bob > [48, 4, {}, "wamp.subscription.get_events", [$auth]]
        bob < [50, 4, {}, [
            {..., "publication": $in, "subscription": $auth, "details": {}},
            {..., "publication": $out, "subscription": $auth, "details": {}}], {...}]
    "#,
    );
}

#[test]
fn hist_03_every_event_is_a_result_of_its_own() {
    play(&gets(&[("", &[1, 2, 3, 4, 5]), (r#""limit": 1"#, &[1]), (r#""topic": "com.nothing""#, &[])]));
}

#[test]
fn hist_04_an_event_of_the_history_says_what_it_was() {
    play(
        r#"
        joe joins settings as joe secret
        bob joins settings
        bob > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
        bob < [50, 1, {}, [$s]]
        joe > [16, 1, {"acknowledge": true}, "com.history.five"]
        joe < [17, 1, $p1]
        joe > [16, 2, {"acknowledge": true}, "com.history.five", [1, [2.5, "\u0000AP8="]]]
        joe < [17, 2, $p2]
        joe > [16, 3, {"acknowledge": true}, "com.history.five", [], {"a": null}]
        joe < [17, 3, $p3]
        joe > [16, 4, {"acknowledge": true, "disclose_me": true}, "com.history.five", [1], {"b": {}}]
        joe < [17, 4, $p4]
        bob > [48, 2, {}, "wamp.subscription.get_events", [$s]]
        bob < [50, 2, {}, [
            {"timestamp": _time, "subscription": $s, "publication": $p1, "details": {}},
            {"timestamp": _time, "subscription": $s, "publication": $p2, "details": {},
                "args": [1, [2.5, "\u0000AP8="]]},
            {"timestamp": _time, "subscription": $s, "publication": $p3, "details": {}, "kwargs": {"a": null}},
            {"timestamp": _time, "subscription": $s, "publication": $p4, "details": {"publisher": $joe,
                "publisher_authid": "joe", "publisher_authrole": "user"}, "args": [1], "kwargs": {"b": {}}}], {...}]
    "#,
    );
}

#[test]
fn hist_05_history_is_told_from_its_beginning_or_from_its_end() {
    play(&refused(&[r#""reverse": "x""#, r#""reverse": 1"#]));
    play(&gets(&[
        ("", &[1, 2, 3, 4, 5]),
        (r#""reverse": false"#, &[1, 2, 3, 4, 5]),
        (r#""reverse": true"#, &[5, 4, 3, 2, 1]),
    ]));
}

#[test]
fn hist_06_a_limit_counts_from_where_the_telling_begins() {
    play(&refused(&[r#""limit": 0"#, r#""limit": -1"#, r#""limit": "2""#, r#""limit": 1.5"#]));
    play(&gets(&[
        (r#""limit": 2"#, &[1, 2]),
        (r#""limit": 2, "reverse": true"#, &[5, 4]),
        (r#""limit": 5"#, &[1, 2, 3, 4, 5]),
        (r#""limit": 9007199254740992"#, &[1, 2, 3, 4, 5]),
        // Filters come first.
        (r#""limit": 2, "after_publication": $e2"#, &[3, 4]),
        (r#""limit": 2, "before_publication": $e5, "reverse": true"#, &[4, 3]),
    ]));
}

#[test]
fn hist_08_only_events_of_one_topic_may_be_asked_for() {
    play(&refused(&[r#""topic": 7"#]));
    play(&gets(&[
        (r#""topic": "com.history.five""#, &[1, 2, 3, 4, 5]),
        (r#""topic": "com.history.six""#, &[]),
    ]));
    play(
        r#"
        alice joins settings
        alice > [48, 1, {}, "wamp.subscription.lookup", ["com.history.all.", {"match": "prefix"}]]
        alice < [50, 1, {}, [$s]]
        alice > [16, 2, {"acknowledge": true}, "com.history.all.a", [1]]
        alice < [17, 2, $p]
        alice > [16, 3, {"acknowledge": true}, "com.history.all.b", [2]]
        alice < [17, 3, $q]
        alice > [48, 4, {}, "wamp.subscription.get_events", [$s], {"topic": "com.history.all.a"}]
        alice < [50, 4, {}, [{..., "publication": $p}], {...}]
        alice > [48, 5, {}, "wamp.subscription.get_events", [$s], {"topic": "com.history.all.b"}]
        alice < [50, 5, {}, [{..., "publication": $q}], {...}]
        alice > [48, 6, {}, "wamp.subscription.get_events", [$s], {"topic": "com.history.all."}]
        alice < [50, 6, {}, [], {...}]
    "#,
    );
}

#[test]
fn hist_09_a_publication_can_bound_what_is_told() {
    play(&refused(&[r#""from_publication": "x""#, r#""until_publication": [1]"#]));
    play(&gets(&[
        (r#""from_publication": $e3"#, &[3, 4, 5]),
        (r#""after_publication": $e3"#, &[4, 5]),
        (r#""before_publication": $e3"#, &[1, 2]),
        (r#""until_publication": $e3"#, &[1, 2, 3]),
        (r#""until_publication": $e3, "reverse": true"#, &[3, 2, 1]),
        (r#""after_publication": $e5"#, &[]),
        (r#""before_publication": $e1"#, &[]),
    ]));
}

#[test]
fn hist_10_several_filters_hold_together() {
    play(&gets(&[
        (r#""after_publication": $e1, "before_publication": $e5"#, &[2, 3, 4]),
        (r#""after_publication": $e1, "before_publication": $e5, "limit": 2"#, &[2, 3]),
        (r#""from_publication": $e4, "until_publication": $e2"#, &[]),
        (r#""from_publication": $e2, "after_publication": $e3"#, &[4, 5]),
        (r#""from_publication": $e2, "topic": "com.nothing""#, &[]),
        (r#""from_time": "2000-01-01T00:00:00Z", "before_publication": $e3, "reverse": true"#, &[2, 1]),
        (r#""until_time": "2000-01-01T00:00:00Z", "before_publication": $e3"#, &[]),
    ]));
}

#[test]
fn hist_11_a_publication_that_is_not_in_the_history_bounds_nothing_in_it() {
    play(&gets(&[
        (r#""after_publication": 123"#, &[]),
        (r#""from_publication": 123"#, &[]),
        (r#""before_publication": 123"#, &[]),
        (r#""until_publication": 123"#, &[]),
    ]));
}

#[test]
fn hist_12_what_was_for_some_sessions_only_is_not_in_the_history() {
    play(
        r#"
        alice joins settings
        bob joins settings
        bob subscribes com.history.five as $s
        alice > [16, 1, {"exclude": [1]}, "com.history.five", [1]]
        bob < [36, $s, _, {}, [1]]
        alice > [16, 2, {"eligible": [$bob]}, "com.history.five", [2]]
        bob < [36, $s, _, {}, [2]]
        alice > [16, 3, {}, "com.history.five", [3]]
        bob < [36, $s, $p, {}, [3]]
        bob > [48, 2, {}, "wamp.subscription.get_events", [$s]]
        bob < [50, 2, {}, [{..., "publication": $p, "args": [3]}], {...}]
    "#,
    );
}

#[test]
fn hist_13_what_was_for_some_users_only_is_told_to_them_only() {
    play(
        r#"
        alice joins settings
        joe joins settings as joe secret
        mia joins settings as mia secret
        alice > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
        alice < [50, 1, {}, [$s]]
        alice > [16, 2, {"eligible_authrole": ["user"]}, "com.history.five", [1]]
        alice > [16, 3, {"exclude_authrole": ["user"]}, "com.history.five", [2]]
        alice > [16, 4, {"eligible_authid": ["mia"]}, "com.history.five", [3]]
        alice > [16, 5, {"exclude_authid": ["mia"]}, "com.history.five", [4]]
        alice > [16, 6, {"acknowledge": true}, "com.history.five", [5]]
        alice < [17, 6, _id]
        joe > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        joe < [50, 1, {}, [{..., "args": [1]}, {..., "args": [4]}, {..., "args": [5]}], {...}]
        joe > [48, 2, {}, "wamp.subscription.get_events", [$s], {"reverse": true, "limit": 2}]
        joe < [50, 2, {}, [{..., "args": [5]}, {..., "args": [4]}], {...}]
        mia > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        mia < [50, 1, {}, [{..., "args": [2]}, {..., "args": [3]}, {..., "args": [5]}], {...}]
        mia > [48, 2, {}, "wamp.subscription.get_events", [$s], {"limit": 1}]
        mia < [50, 2, {}, [{..., "args": [2]}], {...}]
        alice > [48, 7, {}, "wamp.subscription.get_events", [$s]]
        alice < [50, 7, {}, [{..., "args": [2]}, {..., "args": [4]}, {..., "args": [5]}], {...}]
    "#,
    );
}

#[test]
fn hist_14_who_may_not_subscribe_is_not_told_the_history() {
    play(
        r#"
        alice joins guarded
        alice > [32, 1, {}, "com.history.members"]
        alice < [8, 32, 1, {}, "wamp.error.not_authorized", ...]
        alice > [48, 2, {}, "wamp.subscription.lookup", ["com.history.members"]]
        alice < [50, 2, {}, [$s]]
        alice > [16, 3, {"acknowledge": true}, "com.history.members", [1]]
        alice < [17, 3, $p]
        alice > [48, 4, {}, "wamp.subscription.get_events", [$s]]
        alice < [8, 48, 4, {}, "wamp.error.not_authorized", ...]
        mia joins guarded as mia secret
        mia > [48, 1, {}, "wamp.subscription.get_events", [$s]]
        mia < [8, 48, 1, {}, "wamp.error.not_authorized", ...]  # the handler has not been asked yet
        mia subscribes com.history.members as $s
        mia > [48, 3, {}, "wamp.subscription.get_events", [$s]]
        mia < [50, 3, {}, [{..., "publication": $p, "args": [1]}], {...}]
    "#,
    );
}

#[test]
fn hist_15_an_unknown_subscription_is_an_error_and_one_without_history_is_empty() {
    play(
        r#"
        alice joins settings
        bob joins settings
        alice > [48, 1, {}, "wamp.subscription.get_events", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_subscription", ...]
        alice subscribes com.t as $s
        bob > [16, 1, {}, "com.t"]
        alice < [36, $s, _, {}]
        alice > [48, 3, {}, "wamp.subscription.get_events", [$s]]
        alice < [50, 3, {}, [], {...}]
        # One that has history only as part of a pattern has none of its own.
        alice subscribes com.history.all.x as $part
        bob > [16, 2, {}, "com.history.all.x"]
        alice < [36, $part, _, {}]
        alice > [48, 5, {}, "wamp.subscription.get_events", [$part]]
        alice < [50, 5, {}, [], {...}]
    "#,
    );
}

#[test]
fn hist_16_history_needs_no_subscriber_and_outlives_them() {
    play(
        r#"
        alice joins settings
        bob joins settings
        bob > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
        bob < [50, 1, {}, [$s]]
        bob > [48, 2, {}, "wamp.subscription.count_subscribers", [$s]]
        bob < [50, 2, {}, [0]]
        alice > [16, 1, {"acknowledge": true}, "com.history.five", [1]]
        alice < [17, 1, _id]
        bob > [48, 3, {}, "wamp.subscription.get_events", [$s]]
        bob < [50, 3, {}, [{..., "args": [1]}], {...}]
        alice subscribes com.history.five as $s
        alice > [34, 3, $s]
        alice < [35, 3]
        alice > [16, 4, {"acknowledge": true}, "com.history.five", [2]]
        alice < [17, 4, _id]
        bob > [48, 4, {}, "wamp.subscription.get_events", [$s]]
        bob < [50, 4, {}, [{..., "args": [1]}, {..., "args": [2]}], {...}]
        bob > [48, 5, {}, "wamp.subscription.lookup", ["com.history.five"]]
        bob < [50, 5, {}, [$s]]
    "#,
    );
}

#[test]
fn hist_16_history_forgets_the_oldest() {
    play(&format!(
        r#"{FIVE}
    alice > [16, 6, {{"acknowledge": true}}, "com.history.five", [6]]
    alice < [17, 6, _id]
    alice > [16, 7, {{"acknowledge": true}}, "com.history.five", [7]]
    alice < [17, 7, _id]
    bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s]]
    bob < [50, 2, {{}}, [{{..., "args": [3]}}, {{..., "args": [4]}}, {{..., "args": [5]}}, {{..., "args": [6]}},
        {{..., "args": [7]}}], {{...}}]
    # What is forgotten bounds nothing any more.
    bob > [48, 3, {{}}, "wamp.subscription.get_events", [$s], {{"after_publication": $e2}}]
    bob < [50, 3, {{}}, [], {{...}}]
    "#
    ));
}

#[test]
fn hist_17_event_history_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "settings", {"roles": {"subscriber": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "event_history": true}}}}]
    "#,
    );
}
