//! "Publish and Subscribe": SUBSCRIBE and UNSUBSCRIBE (group SUB). PUBLISH is in [`publishing`](crate::publishing).

use crate::router::play;

#[test]
fn sub_01_subscribe_is_answered_with_an_error_or_an_id() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com..t"]
        alice < [8, 32, 1, {}, "wamp.error.invalid_uri", ...]
        alice > [32, 2, {}, "com.t"]
        alice < [33, 2, $s]
        bob > [16, 1, {}, "com.t"]
        alice < [36, $s, _id, {}]
    "#,
    );
}

#[test]
fn sub_02_subscribing_twice_gives_the_same_id_and_one_event() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice > [32, 2, {"match": "exact"}, "com.t"]
        alice < [33, 2, $s]
        bob > [16, 1, {}, "com.t", [1]]
        alice < [36, $s, _, {}, [1]]
        alice silent
        # The same holds for patterns.
        alice > [32, 3, {"match": "wildcard"}, "com."]
        alice < [33, 3, $w]
        alice > [32, 4, {"match": "wildcard"}, "com."]
        alice < [33, 4, $w]
        all different $s $w
        bob > [16, 2, {}, "com.u"]
        alice < [36, $w, _, {"topic": "com.u"}]
    "#,
    );
}

#[test]
fn sub_03_one_unsubscribe_ends_a_subscription_that_was_asked_for_twice() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice > [32, 2, {}, "com.t"]
        alice < [33, 2, $s]
        alice > [34, 3, $s]
        alice < [35, 3]
        bob > [16, 1, {}, "com.t"]
        alice silent
        alice > [34, 4, $s]
        alice < [8, 34, 4, {}, "wamp.error.no_such_subscription", ...]
    "#,
    );
}

#[test]
fn sub_04_subscribers_of_the_same_topic_share_an_id_and_another_match_has_another() {
    play(
        r#"
        alice joins
        bob joins
        carol joins realm2
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $exact]
        bob > [32, 1, {"match": "exact"}, "com.t"]
        bob < [33, 1, $exact]
        bob > [32, 2, {"match": "prefix"}, "com.t"]
        bob < [33, 2, $prefix]
        bob > [32, 3, {"match": "wildcard"}, "com.t"]
        bob < [33, 3, $wildcard]
        bob > [32, 4, {}, "com.u"]
        bob < [33, 4, $other]
        all different $exact $prefix $wildcard $other
        # Nor does one subscriber's leaving take the id from the other.
        alice > [34, 2, $exact]
        alice < [35, 2]
        alice > [32, 3, {}, "com.t"]
        alice < [33, 3, $exact]
    "#,
    );
}

#[test]
fn sub_05_a_subscription_ends_with_its_session() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        bob > [32, 1, {}, "wamp.subscription.on_delete"]
        bob < [33, 1, $deleted]
        bob > [48, 2, {}, "wamp.subscription.count_subscribers", [$s]]
        bob < [50, 2, {}, [1]]
        alice says goodbye
        bob < [36, $deleted, _, {}, [$alice, $s]]
        bob > [48, 3, {}, "wamp.subscription.count_subscribers", [$s]]
        bob < [8, 48, 3, {}, "wamp.error.no_such_subscription", ...]
    "#,
    );
}

#[test]
fn sub_05_a_subscription_ends_with_its_connection() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        bob > [32, 1, {}, "com.t"]
        bob < [33, 1, $s]
        bob > [32, 2, {}, "wamp.subscription.on_unsubscribe"]
        bob < [33, 2, $ended]
        alice lost
        bob < [36, $ended, _, {}, [$alice, $s]]
        bob > [48, 3, {}, "wamp.subscription.count_subscribers", [$s]]
        bob < [50, 3, {}, [1]]
        # A subscription is nothing a client that comes back finds again.
        alice joins
        bob > [16, 4, {"exclude_me": false}, "com.t"]
        bob < [36, $s, _, {}]
        alice silent
    "#,
    );
}

#[test]
fn sub_06_nothing_comes_after_unsubscribed() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        carol > [32, 1, {}, "com.t"]
        carol < [33, 1, $s]
        alice > [34, 2, $s]
        alice < [35, 2]
        bob > [16, 1, {}, "com.t"]
        carol < [36, $s, _, {}]
        alice silent
    "#,
    );
}

#[test]
fn sub_07_unsubscribing_from_nothing_is_an_error() {
    play(
        r#"
        alice joins
        alice > [34, 1, 4711]
        alice < [8, 34, 1, {}, "wamp.error.no_such_subscription", ...]
    "#,
    );
}

#[test]
fn sub_08_nobody_ends_the_subscription_of_somebody_else() {
    play(
        r#"
        alice joins
        bob joins
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        bob > [34, 1, $s]
        bob < [8, 34, 1, {}, "wamp.error.no_such_subscription", ...]
        bob > [16, 2, {}, "com.t"]
        alice < [36, $s, _, {}]
    "#,
    );
}

#[test]
fn sub_09_what_is_refused_is_told_with_its_reason() {
    play(
        r#"
        alice joins guarded
        alice > [32, 1, {}, "com.refused"]
        alice < [8, 32, 1, {}, "wamp.error.not_authorized", ...]
        alice > [32, 2, {}, ""]
        alice < [8, 32, 2, {}, "wamp.error.invalid_uri", ...]
        alice > [32, 3, {}, "com.a b"]
        alice < [8, 32, 3, {}, "wamp.error.invalid_uri", ...]
        alice > [32, 4, {"match": "prefix"}, "com..t"]
        alice < [8, 32, 4, {}, "wamp.error.invalid_uri", ...]
        bob joins strict
        bob > [32, 1, {}, "com.Refused"]
        bob < [8, 32, 1, {}, "wamp.error.invalid_uri", ...]
        # And nothing is delivered on what was refused.
        carol joins guarded
        carol > [16, 1, {"acknowledge": true}, "com.refused"]
        carol < [17, 1, _id]
        alice silent
    "#,
    );
}

#[test]
fn sub_10_what_was_published_before_does_not_come() {
    play(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {"acknowledge": true}, "com.t", ["before"]]
        bob < [17, 1, _id]
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice silent
        bob > [16, 2, {}, "com.t", ["after"]]
        alice < [36, $s, _, {}, ["after"]]
    "#,
    );
}
