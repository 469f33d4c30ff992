//! What lists of the meta API are when only a part of them is asked for: the keywords `limit` and `after`, which are ours.

use crate::router::play;

/// Checklist MSES-07: without them the list is as the specification has it.
#[test]
fn mses_07_a_list_of_sessions_comes_in_parts() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.list", [], {"limit": 1}]
        alice < [50, 1, {}, [[$alice]]]
        alice > [48, 2, {}, "wamp.session.list", [], {"after": $alice}]
        alice < [50, 2, {}, [[]]]
        alice > [48, 3, {}, "wamp.session.list", [], {"limit": null, "after": null}]
        alice < [50, 3, {}, [[$alice]]]
        alice > [48, 4, {}, "wamp.session.list", [["nobody"]], {"limit": 5}]
        alice < [50, 4, {}, [[]]]
        bob joins
        alice > [48, 5, {}, "wamp.session.list", [], {"limit": 1}]
        alice < [50, 5, {}, [[$first]]]
        alice > [48, 6, {}, "wamp.session.list", [], {"limit": 1, "after": $first}]
        alice < [50, 6, {}, [[$second]]]
        alice > [48, 7, {}, "wamp.session.list", [], {"limit": 1, "after": $second}]
        alice < [50, 7, {}, [[]]]
        alice > [48, 8, {}, "wamp.session.list", [["guest"]], {"limit": 2}]
        alice < [50, 8, {}, [[$first, $second]]]
    "#,
    );
}

#[test]
fn msub_06_a_list_of_subscriptions_comes_in_parts() {
    play(
        r#"
        alice joins
        alice subscribes com.a as $a
        alice subscribes com. {"match": "prefix"} as $prefix
        alice subscribes wamp.session.on_join as $meta  # in no list
        alice subscribes com..a {"match": "wildcard"} as $wildcard
        alice > [48, 5, {}, "wamp.subscription.list", [], {"limit": 2}]
        alice < [50, 5, {}, [{"exact": [$a], "prefix": [$prefix], "wildcard": []}]]
        alice > [48, 6, {}, "wamp.subscription.list", [], {"limit": 2, "after": $prefix}]
        alice < [50, 6, {}, [{"exact": [], "prefix": [], "wildcard": [$wildcard]}]]
        alice > [48, 7, {}, "wamp.subscription.list", [], {"after": $wildcard}]
        alice < [50, 7, {}, [{"exact": [], "prefix": [], "wildcard": []}]]
        alice > [48, 8, {}, "wamp.subscription.match", ["com.a"], {"limit": 1}]
        alice < [50, 8, {}, [[$a]]]
        alice > [48, 9, {}, "wamp.subscription.match", ["com.a"], {"after": $a}]
        alice < [50, 9, {}, [[$prefix]]]
        alice > [48, 10, {}, "wamp.subscription.list_subscribers", [$a], {"limit": 1}]
        alice < [50, 10, {}, [[$alice]]]
        alice > [48, 11, {}, "wamp.subscription.list_subscribers", [$a], {"after": $alice}]
        alice < [50, 11, {}, [[]]]
    "#,
    );
}

#[test]
fn mreg_07_a_list_of_registrations_comes_in_parts() {
    play(
        r#"
        alice joins
        alice registers com.a {"invoke": "first"} as $a
        alice registers com. {"match": "prefix"} as $prefix
        alice registers com.b as $b
        alice > [48, 4, {}, "wamp.registration.list", [], {"limit": 2}]
        alice < [50, 4, {}, [{"exact": [$a], "prefix": [$prefix], "wildcard": []}]]
        alice > [48, 5, {}, "wamp.registration.list", [], {"limit": 2, "after": $prefix}]
        alice < [50, 5, {}, [{"exact": [$b], "prefix": [], "wildcard": []}]]
        alice > [48, 6, {}, "wamp.registration.list_callees", [$a], {"limit": 1}]
        alice < [50, 6, {}, [[$alice]]]
        alice > [48, 7, {}, "wamp.registration.list_callees", [$a], {"after": $alice}]
        alice < [50, 7, {}, [[]]]
    "#,
    );
}

/// Checklist META-04.
#[test]
fn meta_04_a_limit_is_a_number_from_1_and_what_comes_after_an_id() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.list", [], {"limit": 0}]
        alice < [8, 48, 1, {}, "wamp.error.invalid_argument", ["limit: expected a positive integer, got an integer"]]
        alice > [48, 2, {}, "wamp.registration.list", [], {"limit": "2"}]
        alice < [8, 48, 2, {}, "wamp.error.invalid_argument", ["limit: expected a positive integer, got a string"]]
        alice > [48, 3, {}, "wamp.subscription.list", [], {"after": -1}]
        alice < [8, 48, 3, {}, "wamp.error.invalid_argument", ["after: expected an id, got an integer"]]
        alice > [48, 4, {}, "wamp.session.list", [], {"after": 9007199254740993}]
        alice < [8, 48, 4, {}, "wamp.error.invalid_argument", ["after: expected an id, got an integer"]]
        alice > [48, 5, {}, "wamp.session.list", [], {"after": 9007199254740992}]
        alice < [50, 5, {}, [[]]]
        alice > [48, 6, {}, "wamp.session.list", [], {"after": [1]}]
        alice < [8, 48, 6, {}, "wamp.error.invalid_argument", ["after: expected an id, got a list"]]
    "#,
    );
}
