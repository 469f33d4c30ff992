//! "Publish and Subscribe": PUBLISH and EVENT (group PUB).

use crate::router::play;

#[test]
fn pub_01_a_publish_that_asks_for_no_answer_gets_none() {
    play(
        r#"
        alice joins
        alice > [16, 1, {}, "com..t"]
        alice > [16, 2, {}, "wamp.t"]
        alice > [16, 3, {}, "com.t"]
        alice silent
        bob joins app
        bob > [16, 1, {}, "com.t"]
        bob silent
        carol joins nodisclose
        carol > [16, 1, {"disclose_me": true}, "com.t"]
        carol silent
    "#,
    );
}

#[test]
fn pub_02_a_publish_that_asks_for_it_gets_an_error_or_an_id() {
    play(
        r#"
        alice joins
        alice > [16, 1, {"acknowledge": true}, "com..t"]
        alice < [8, 16, 1, {}, "wamp.error.invalid_uri", ...]
        alice > [16, 2, {"acknowledge": true}, "wamp.t"]
        alice < [8, 16, 2, {}, "wamp.error.invalid_uri", ...]
        bob joins app
        bob > [16, 1, {"acknowledge": true}, "com.t"]
        bob < [8, 16, 1, {}, "wamp.error.not_authorized", ["only the application publishes in this realm; `Realm::allow_publish` lets clients"]]
        alice > [16, 3, {"acknowledge": true}, "com.t"]
        alice < [17, 3, $p]
        alice > [16, 4, {"acknowledge": true}, "com.t"]
        alice < [17, 4, $q]
        all different $p $q
    "#,
    );
}

#[test]
fn pub_03_to_ask_for_no_answer_is_the_same_as_not_to_ask() {
    play(
        r#"
        alice joins
        alice > [16, 1, {"acknowledge": false}, "com..t"]
        alice > [16, 2, {"acknowledge": false}, "com.t"]
        alice silent
    "#,
    );
}

#[test]
fn pub_04_a_publish_nobody_hears_is_acknowledged() {
    play(
        r#"
        alice joins
        alice > [16, 1, {"acknowledge": true}, "com.nobody"]
        alice < [17, 1, _id]
    "#,
    );
}

#[test]
fn pub_05_every_subscriber_of_the_topic_and_the_realm_gets_the_event_once() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        dave joins realm2
        erin joins
        frank joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        dave subscribes com.t
        erin subscribes com.t.u
        frank subscribes com.T
        carol > [16, 1, {}, "com.t", [1]]
        carol > [16, 2, {}, "com.t", [2]]
        alice < [36, $s, $p, {}, [1]]
        alice < [36, $s, $q, {}, [2]]
        bob < [36, $s, $p, {}, [1]]
        bob < [36, $s, $q, {}, [2]]
        dave silent
        erin silent
        frank silent
    "#,
    );
}

#[test]
fn pub_06_a_publisher_does_not_hear_itself() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        alice > [16, 2, {}, "com.t"]
        bob < [36, $s, _, {}]
        alice silent
    "#,
    );
}

#[test]
fn pub_07_an_event_carries_what_was_published() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        dave joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        carol subscribes com.t as $s
        dave > [16, 1, {"acknowledge": true}, "com.t", [null, true, -1, 1.5, 9007199254740992, "ä\n\"", [], {}, [[[1]]]],
            {"bytes": "\u0000AP8=", "": {"ü": false, "none": null}, "low": -9007199254740992}]
        dave < [17, 1, $p]
        alice < [36, $s, $p, {}, [null, true, -1, 1.5, 9007199254740992, "ä\n\"", [], {}, [[[1]]]],
            {"bytes": "\u0000AP8=", "": {"ü": false, "none": null}, "low": -9007199254740992}]
        bob < [36, $s, $p, {}, [null, true, -1, 1.5, 9007199254740992, "ä\n\"", [], {}, [[[1]]]],
            {"bytes": "\u0000AP8=", "": {"ü": false, "none": null}, "low": -9007199254740992}]
        carol < [36, $s, $p, {}, [null, true, -1, 1.5, 9007199254740992, "ä\n\"", [], {}, [[[1]]]],
            {"bytes": "\u0000AP8=", "": {"ü": false, "none": null}, "low": -9007199254740992}]
    "#,
    );
}

#[test]
fn pub_08_the_publisher_and_all_subscribers_see_the_same_publication() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice subscribes com.t as $s
        bob subscribes com. {"match": "prefix"} as $prefix
        carol > [16, 1, {"acknowledge": true}, "com.t"]
        carol < [17, 1, $p]
        alice < [36, $s, $p, {}]
        bob < [36, $prefix, $p, {"topic": "com.t"}]
    "#,
    );
}

#[test]
fn pub_09_every_shape_of_payload_survives() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob > [16, 1, {}, "com.t"]
        alice < [36, $s, _, {}]
        bob > [16, 2, {}, "com.t", [1]]
        alice < [36, $s, _, {}, [1]]
        bob > [16, 3, {}, "com.t", [], {"a": 1}]
        alice < [36, $s, _, {}, [], {"a": 1}]
        bob > [16, 4, {}, "com.t", [1], {"a": 1}]
        alice < [36, $s, _, {}, [1], {"a": 1}]
        bob > [16, 5, {}, "com.t", [], {}]
        alice < [36, $s, _, {}]
        bob > [16, 6, {}, "com.t", [1], {}]
        alice < [36, $s, _, {}, [1]]
    "#,
    );
}

#[test]
fn pub_10_an_event_tells_nothing_of_the_publisher_nor_of_its_options() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob > [16, 1, {"_x_foo": 1, "acknowledge": true, "publisher": 7, "topic": "com.u", "retained": true,
            "exclude_me": true, "disclose_me": false}, "com.t"]
        bob < [17, 1, $p]
        alice < [36, $s, $p, {}]
    "#,
    );
}

#[test]
fn pub_10_the_details_of_one_subscription_do_not_leak_into_another() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com {"match": "prefix"} as $prefix
        alice subscribes com.t as $exact
        alice subscribes com. {"match": "wildcard"} as $wildcard
        bob > [16, 1, {}, "com.t"]
        alice < any of
            [36, $prefix, $p, {"topic": "com.t"}]
            [36, $exact, $p, {}]
            [36, $wildcard, $p, {"topic": "com.t"}]
    "#,
    );
}

#[test]
fn pub_11_an_event_names_its_topic_where_the_subscription_does_not() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $exact
        bob subscribes com.t {"match": "prefix"} as $prefix
        bob > [16, 2, {"exclude_me": false}, "com.t"]
        alice < [36, $exact, $p, {..., "topic": absent}]
        bob < [36, $prefix, $p, {"topic": "com.t"}]
    "#,
    );
}
