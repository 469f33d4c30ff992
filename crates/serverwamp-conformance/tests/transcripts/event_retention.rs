//! "Event Retention": what later subscribers still get (group RET).

use crate::router::play;
use std::fmt::Write as _;

#[test]
fn ret_01_every_topic_keeps_one_event_of_its_own() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"retain": true}, "com.t", [1]]
        bob > [16, 2, {"retain": true}, "com.u", [2]]
        bob > [16, 3, {"retain": true}, "com.t", [3]]
        bob silent
        alice subscribes com.t {"get_retained": true} as $t
        alice < [36, $t, _, {"retained": true}, [3]]
        alice subscribes com.u {"get_retained": true} as $u
        alice < [36, $u, _, {"retained": true}, [2]]
        alice subscribes com.v {"get_retained": true}
        # Another realm keeps its own.
        carol joins realm2
        carol subscribes com.t {"get_retained": true}
    "#,
    );
}

#[test]
fn ret_02_what_is_not_to_be_retained_leaves_what_is() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", ["A"]]
        bob < [17, 1, _id]
        bob > [16, 2, {"acknowledge": true}, "com.t", ["B"]]
        bob < [17, 2, _id]
        bob > [16, 3, {"acknowledge": true, "retain": false}, "com.t", ["C"], {"k": 1}]
        bob < [17, 3, _id]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, _, {"retained": true}, ["A"]]
        alice silent
        bob > [16, 4, {"acknowledge": true, "retain": true}, "com.t", ["D"], {"k": 1}]
        bob < [17, 4, $d]
        alice < [36, $s, $d, {}, ["D"], {"k": 1}]
        carol joins
        carol subscribes com.t {"get_retained": true} as $s
        carol < [36, $s, $d, {"retained": true}, ["D"], {"k": 1}]
    "#,
    );
}

#[test]
fn ret_03_where_nothing_may_be_retained_the_option_is_ignored() {
    play(
        r#"
        alice joins settings
        bob joins settings
        bob subscribes com.unretained.t as $s
        alice > [16, 1, {"acknowledge": true, "retain": true}, "com.unretained.t", [1]]
        alice < [17, 1, $p]
        bob < [36, $s, $p, {}, [1]]
        alice subscribes com.unretained.t {"get_retained": true} as $s
        bob subscribes com.unretained.t {"get_retained": true} as $s
    "#,
    );
}

#[test]
fn ret_04_who_does_not_ask_for_what_is_retained_does_not_get_it() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        dave joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", [1]]
        bob < [17, 1, _id]
        alice subscribes com.t as $s
        alice silent
        carol subscribes com.t {"get_retained": false} as $s
        carol silent
        dave subscribes com.t {"get_retained": true} as $s
        dave < [36, $s, _id, {"retained": true}, [1]]
        alice silent
    "#,
    );
}

#[test]
fn ret_05_only_what_is_delivered_late_is_marked_as_retained() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice subscribes com.t {"get_retained": true} as $s
        bob > [16, 1, {"retain": true}, "com.t", [1]]
        alice < [36, $s, $p, {}, [1]]
        carol subscribes com.t {"get_retained": true} as $s
        carol < [36, $s, $p, {"retained": true}, [1]]
        bob > [16, 2, {"retain": true}, "com.t", [2]]
        carol < [36, $s, $q, {}, [2]]
        alice < [36, $s, $q, {}, [2]]
    "#,
    );
}

/// What keeps a retained event from joe, who is a `user`, and lets mia have it, who is a `member`.
const RESTRICTIONS: [&str; 6] = [
    r#""exclude": [$joe]"#,
    r#""exclude_authid": ["joe"]"#,
    r#""exclude_authrole": ["user"]"#,
    r#""eligible": [$mia]"#,
    r#""eligible_authid": ["mia"]"#,
    r#""eligible_authrole": ["member"]"#,
];

#[test]
fn ret_06_what_was_not_for_a_subscriber_is_not_for_it_later() {
    let mut text = r#"
        joe joins as joe secret
        mia joins as mia secret
        bob joins"#
        .to_owned();
    for (at, restriction) in RESTRICTIONS.iter().enumerate() {
        let request = at + 1;
        write!(
            text,
            r#"
        bob > [16, {request}, {{"acknowledge": true, "retain": true, {restriction}}}, "com.t{at}"]
        bob < [17, {request}, $p{at}]
        joe > [32, {request}, {{"get_retained": true}}, "com.t{at}"]
        joe < [33, {request}, $s{at}]
        joe silent
        mia > [32, {request}, {{"get_retained": true}}, "com.t{at}"]
        mia < [33, {request}, $s{at}]
        mia < [36, $s{at}, $p{at}, {{"retained": true}}]"#
        )
        .unwrap();
    }
    play(&text);
}

#[test]
fn ret_06_an_event_for_nobody_is_for_nobody_later() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true, "eligible": []}, "com.t"]
        bob < [17, 1, _id]
        alice subscribes com.t {"get_retained": true}
    "#,
    );
}

#[test]
fn ret_06_a_publisher_does_not_hear_itself_later_either() {
    play(
        r#"
        alice joins
        alice > [16, 1, {"retain": true}, "com.t", [1]]
        alice subscribes com.t {"get_retained": true} as $t
        alice silent
        alice > [16, 3, {"retain": true, "exclude_me": false}, "com.u", [2]]
        alice subscribes com.u {"get_retained": true} as $u
        alice < [36, $u, _id, {"retained": true}, [2]]
        bob joins
        bob subscribes com.t {"get_retained": true} as $t
        bob < [36, $t, _id, {"retained": true}, [1]]
    "#,
    );
}

#[test]
fn ret_07_what_is_for_some_stands_beside_what_is_for_all_until_that_is_replaced() {
    play(
        r#"
        joe joins as joe secret
        mia joins as mia secret
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", ["open"]]
        bob < [17, 1, $open]
        bob > [16, 2, {"acknowledge": true, "retain": true, "eligible_authrole": ["user"]}, "com.t", ["users"]]
        bob < [17, 2, $users]
        joe subscribes com.t {"get_retained": true} as $s
        joe < [36, $s, $users, {"retained": true}, ["users"]]
        joe silent
        mia subscribes com.t {"get_retained": true} as $s
        mia < [36, $s, $open, {"retained": true}, ["open"]]
        bob > [16, 3, {"acknowledge": true, "retain": true}, "com.t", ["new"]]
        bob < [17, 3, $new]
        joe < [36, $s, $new, {}, ["new"]]
        mia < [36, $s, $new, {}, ["new"]]
        joe subscribes com.t {"get_retained": true} as $s
        joe < [36, $s, $new, {"retained": true}, ["new"]]
        mia subscribes com.t {"get_retained": true} as $s
        mia < [36, $s, $new, {"retained": true}, ["new"]]
    "#,
    );
}

#[test]
fn ret_08_a_retained_event_is_the_publication_it_was() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t"]
        bob < [17, 1, $p]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}]
        carol subscribes com.t {"match": "prefix", "get_retained": true} as $prefix
        carol < [36, $prefix, $p, {"retained": true, "topic": "com.t"}]
    "#,
    );
}

#[test]
fn ret_09_a_pattern_gets_what_all_its_topics_retain_oldest_first() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "a.c", [0]]
        bob < [17, 1, _id]
        bob > [16, 2, {"acknowledge": true, "retain": true}, "a.b", [1]]
        bob < [17, 2, $b]
        bob > [16, 3, {"acknowledge": true, "retain": true}, "b.d", [2]]
        bob < [17, 3, _id]
        bob > [16, 4, {"acknowledge": true, "retain": true}, "a.c", [3]]
        bob < [17, 4, $c]
        bob > [16, 5, {"acknowledge": true, "retain": true}, "a.a.x", [4]]
        bob < [17, 5, $x]
        alice subscribes a. {"match": "prefix", "get_retained": true} as $prefix
        alice < [36, $prefix, $b, {"topic": "a.b", "retained": true}, [1]]
        alice < [36, $prefix, $c, {"topic": "a.c", "retained": true}, [3]]
        alice < [36, $prefix, $x, {"topic": "a.a.x", "retained": true}, [4]]
        alice silent
        carol subscribes a. {"match": "wildcard", "get_retained": true} as $wildcard
        carol < [36, $wildcard, $b, {"topic": "a.b", "retained": true}, [1]]
        carol < [36, $wildcard, $c, {"topic": "a.c", "retained": true}, [3]]
    "#,
    );
}

#[test]
fn ret_10_who_subscribes_again_gets_what_is_retained_again() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", [1]]
        bob < [17, 1, $p]
        alice subscribes com.t as $s
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}, [1]]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}, [1]]
        alice subscribes com.t as $s
        alice silent
    "#,
    );
}

#[test]
fn ret_11_an_event_nobody_heard_is_retained_and_outlives_its_publisher() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes wamp.session.on_leave as $left
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", [1]]
        bob < [17, 1, $p]
        bob says goodbye
        alice < [36, $left, _, {}, [$bob, ...]]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}, [1]]
    "#,
    );
}

#[test]
fn ret_12_a_retained_event_has_the_details_it_had() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice subscribes wamp.session.on_leave as $left
        joe > [16, 1, {"retain": true, "disclose_me": true}, "com.t"]
        joe > [16, 2, {"retain": true, "ppt_scheme": "x_my_ppt", "ppt_serializer": "cbor", "ppt_cipher": "foo",
            "ppt_keyid": "k1"}, "com.u", ["\u0000AP8="]]
        joe says goodbye
        alice < [36, $left, _, {}, [$joe, ...]]
        alice subscribes com.t {"get_retained": true} as $t
        alice < [36, $t, _, {"retained": true, "publisher": $joe, "publisher_authid": "joe",
            "publisher_authrole": "user"}]
        alice subscribes com.u {"get_retained": true} as $u
        alice < [36, $u, _, {"retained": true, "ppt_scheme": "x_my_ppt", "ppt_serializer": "cbor",
            "ppt_cipher": "foo", "ppt_keyid": "k1"}, ["\u0000AP8="]]
    "#,
    );
}

#[test]
fn ret_13_event_retention_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"subscriber": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "event_retention": true}}}}]
    "#,
    );
}

#[test]
fn ret_14_an_event_without_payload_is_retained_like_any_other() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"acknowledge": true, "retain": true}, "com.t", [1]]
        bob < [17, 1, _id]
        bob > [16, 2, {"acknowledge": true, "retain": true}, "com.t"]
        bob < [17, 2, $p]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}]
    "#,
    );
}

#[test]
fn ret_15_what_is_retained_keeps_no_subscription_alive() {
    play(
        r#"
        alice joins
        bob joins
        bob subscribes wamp.subscription.on_unsubscribe as $ended
        bob subscribes wamp.subscription.on_delete as $deleted
        alice subscribes com.t as $s
        bob > [16, 3, {"retain": true}, "com.t", [1]]
        alice < [36, $s, $p, {}, [1]]
        alice > [34, 2, $s]
        alice < [35, 2]
        bob < [36, $ended, _, {}, [$alice, $s]]
        bob < [36, $deleted, _, {}, [$alice, $s]]
        alice subscribes com.t {"get_retained": true} as $again
        alice < [36, $again, $p, {"retained": true}, [1]]
    "#,
    );
}
