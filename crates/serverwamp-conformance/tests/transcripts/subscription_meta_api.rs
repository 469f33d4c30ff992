//! MSUB: what is subscribed to, by whom, and what is told when that changes.

use crate::router::play;

#[test]
fn msub_01_on_create_tells_the_new_subscription() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.subscription. {"match": "prefix"} as $s
        alice joins
        alice subscribes com.a as $a
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_create"}, [$alice,
            {"id": $a, "created": _time, "uri": "com.a", "match": "exact"}]]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_subscribe"}, [$alice, $a]]
        alice subscribes com..a {"match": "wildcard"} as $b
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_create"}, [$alice,
            {"id": $b, "created": _time, "uri": "com..a", "match": "wildcard"}]]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_subscribe"}, [$alice, $b]]
        monitor silent
    "#,
    );
}

#[test]
fn msub_02_on_subscribe_follows_and_comes_once_for_every_subscriber() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.subscription. {"match": "prefix"} as $s
        alice joins
        alice subscribes com.a as $a
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_create"}, [$alice, {..., "id": $a}]]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_subscribe"}, [$alice, $a]]
        alice subscribes com.a as $a  # once more
        monitor silent
        bob joins
        bob subscribes com.a as $a
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_subscribe"}, [$bob, $a]]
        monitor silent
    "#,
    );
}

#[test]
fn msub_03_on_unsubscribe_tells_who_left() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.subscription.on_unsubscribe as $s
        alice joins
        alice > [34, 1, 4711]
        alice < [8, 34, 1, {}, "wamp.error.no_such_subscription", ...]
        alice subscribes com.a as $a
        monitor silent
        alice > [34, 3, $a]
        alice < [35, 3]
        monitor < [36, $s, _id, {}, [$alice, $a]]
        monitor silent
    "#,
    );
}

#[test]
fn msub_04_on_delete_follows_the_last_subscriber() {
    play(
        r#"
        alice joins
        alice subscribes com.a as $a
        bob joins
        bob subscribes com.a as $a
        monitor joins
        monitor subscribes wamp.subscription. {"match": "prefix"} as $s
        alice > [34, 2, $a]
        alice < [35, 2]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$alice, $a]]
        monitor silent
        bob > [34, 2, $a]
        bob < [35, 2]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$bob, $a]]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_delete"}, [$bob, $a]]
        monitor silent
    "#,
    );
}

#[test]
fn msub_05_both_are_told_when_a_subscriber_disappears() {
    play(
        r#"
        alice joins
        alice subscribes com.a as $a
        alice subscribes com.b {"match": "prefix"} as $b
        bob joins
        bob subscribes com.b {"match": "prefix"} as $b
        monitor joins
        monitor subscribes wamp.subscription. {"match": "prefix"} as $s
        alice lost
        monitor < any of
            [36, $s, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$alice, $a]]
            [36, $s, _id, {"topic": "wamp.subscription.on_delete"}, [$alice, $a]]
            [36, $s, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$alice, $b]]
        monitor silent
        bob says goodbye
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_unsubscribe"}, [$bob, $b]]
        monitor < [36, $s, _id, {"topic": "wamp.subscription.on_delete"}, [$bob, $b]]
        monitor silent
    "#,
    );
}

#[test]
fn msub_06_list_has_its_three_lists() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.subscription.list"]
        alice < [50, 1, {}, [{"exact": [], "prefix": [], "wildcard": []}]]
        alice subscribes com.a as $exact
        alice subscribes com.a {"match": "prefix"} as $prefix
        alice > [48, 4, {}, "wamp.subscription.list"]
        alice < [50, 4, {}, [{"exact": [$exact], "prefix": [$prefix], "wildcard": []}]]
        alice subscribes com.a {"match": "wildcard"} as $wildcard
        alice > [48, 6, {}, "wamp.subscription.list"]
        alice < [50, 6, {}, [{"exact": [$exact], "prefix": [$prefix], "wildcard": [$wildcard]}]]
    "#,
    );
}

#[test]
fn msub_07_lookup_finds_what_was_subscribed_to_so_and_nothing_else() {
    play(
        r#"
        alice joins
        alice subscribes com.t as $exact
        alice subscribes com. {"match": "prefix"} as $prefix
        alice > [48, 3, {}, "wamp.subscription.lookup", ["com.unknown"]]
        alice < [50, 3, {}, [null]]
        alice > [48, 4, {}, "wamp.subscription.lookup", ["com.t"]]
        alice < [50, 4, {}, [$exact]]
        alice > [48, 5, {}, "wamp.subscription.lookup", ["com.t", {"match": "wildcard"}]]
        alice < [50, 5, {}, [null]]
        alice > [48, 6, {}, "wamp.subscription.lookup", ["com.", {"match": "prefix"}]]
        alice < [50, 6, {}, [$prefix]]
        alice > [48, 7, {}, "wamp.subscription.lookup", ["com."]]
        alice < [50, 7, {}, [null]]
    "#,
    );
}

#[test]
fn msub_08_match_finds_all_that_an_event_would_reach() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.subscription.match", ["com.a.b"]]
        alice < [50, 1, {}, [null]]
        alice subscribes com..b {"match": "wildcard"} as $wildcard
        alice > [48, 3, {}, "wamp.subscription.match", ["com.a.b"]]
        alice < [50, 3, {}, [[$wildcard]]]
        alice subscribes com.a {"match": "prefix"} as $prefix
        alice subscribes com.a.b as $exact
        alice subscribes com.a.c as $other
        alice > [48, 7, {}, "wamp.subscription.match", ["com.a.b"]]
        alice < [50, 7, {}, [[$exact, $prefix, $wildcard]]]
        alice > [48, 8, {}, "wamp.subscription.match", ["org.a.b"]]
        alice < [50, 8, {}, [null]]
    "#,
    );
}

#[test]
fn msub_09_get_tells_what_on_create_told() {
    play(
        r#"
        monitor joins
        monitor > [48, 1, {}, "wamp.subscription.get", [4711]]
        monitor < [8, 48, 1, {}, "wamp.error.no_such_subscription", [_string]]
        monitor subscribes wamp.subscription.on_create as $s
        alice joins
        alice subscribes com.a {"match": "prefix"} as $a
        monitor < [36, $s, _id, {}, [$alice, $details]]
        monitor > [48, 3, {}, "wamp.subscription.get", [$a]]
        monitor < [50, 3, {}, [$details]]
        alice > [34, 2, $a]
        alice < [35, 2]
        monitor > [48, 4, {}, "wamp.subscription.get", [$a]]
        monitor < [8, 48, 4, {}, "wamp.error.no_such_subscription", [_string]]
    "#,
    );
}

#[test]
fn msub_10_list_subscribers_has_all_of_them() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.subscription.list_subscribers", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_subscription", [_string]]
        alice subscribes com.a as $a
        alice > [48, 3, {}, "wamp.subscription.list_subscribers", [$a]]
        alice < [50, 3, {}, [[$alice]]]
        bob joins
        bob subscribes com.a as $a
        alice > [48, 4, {}, "wamp.subscription.list_subscribers", [$a]]
        alice < [50, 4, {}, [[$one, $other]]]
        alice > [34, 5, $a]
        alice < [35, 5]
        alice > [48, 6, {}, "wamp.subscription.list_subscribers", [$a]]
        alice < [50, 6, {}, [[$bob]]]
        all different $one $other
    "#,
    );
}

#[test]
fn msub_10_a_subscription_that_is_there_for_its_history_may_have_no_subscribers() {
    play(
        r#"
        alice joins settings
        alice > [48, 1, {}, "wamp.subscription.lookup", ["com.history.five"]]
        alice < [50, 1, {}, [$s]]
        alice > [48, 2, {}, "wamp.subscription.list_subscribers", [$s]]
        alice < [50, 2, {}, [[]]]
        alice > [48, 3, {}, "wamp.subscription.count_subscribers", [$s]]
        alice < [50, 3, {}, [0]]
    "#,
    );
}

#[test]
fn msub_11_count_subscribers_counts_them() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.subscription.count_subscribers", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_subscription", [_string]]
        alice subscribes com.a as $a
        alice subscribes com.a as $a
        bob joins
        bob subscribes com.a as $a
        alice > [48, 4, {}, "wamp.subscription.count_subscribers", [$a]]
        alice < [50, 4, {}, [2]]
        bob says goodbye
        alice > [48, 5, {}, "wamp.subscription.count_subscribers", [$a]]
        alice < [50, 5, {}, [1]]
    "#,
    );
}

#[test]
fn msub_12_remove_subscriber_revokes_a_subscription() {
    play(
        r#"
        root joins as root secret
        alice joins
        alice subscribes com.a as $a
        root > [48, 1, {}, "wamp.subscription.remove_subscriber", [4711, $alice]]
        root < [8, 48, 1, {}, "wamp.error.no_such_subscription", [_string]]
        root > [48, 2, {}, "wamp.subscription.remove_subscriber", [$a, 4711]]
        root < [8, 48, 2, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 3, {}, "wamp.subscription.remove_subscriber", [$a, $root]]  # who is no subscriber of it
        root < [8, 48, 3, {}, "wamp.error.no_such_subscription", [_string]]
        root > [48, 4, {}, "wamp.subscription.remove_subscriber", [$a, $alice], {"reason": 5}]
        root < [8, 48, 4, {}, "wamp.error.invalid_argument", [_string]]
        root > [48, 5, {}, "wamp.subscription.remove_subscriber", [$a, $alice],
            {"reason": "com.example.enough"}]
        root < [50, 5, {}]
        alice < [35, 0, {"subscription": $a, "reason": "com.example.enough"}]
        root > [16, 6, {"acknowledge": true}, "com.a"]
        root < [17, 6, _id]
        alice silent
        root > [48, 7, {}, "wamp.subscription.lookup", ["com.a"]]
        root < [50, 7, {}, [null]]
    "#,
    );
}
