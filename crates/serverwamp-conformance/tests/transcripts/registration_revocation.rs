//! Spec: advanced, "Registration Revocation".

use crate::announced_features::dealer_announces;
use crate::router::play;

#[test]
fn regrev_01_only_administrators_take_registrations_away() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {}, "wamp.registration.remove_callee", [$r, $alice]]
        bob < [8, 48, 1, {}, "wamp.error.not_authorized", ...]
        alice silent
    "#,
    );
}

#[test]
fn regrev_01_a_revocation_names_the_registration_and_the_reason() {
    play(
        r#"
        root joins as root secret
        alice joins
        alice registers com.p as $r
        alice registers com.q as $q
        root > [48, 1, {}, "wamp.registration.remove_callee", [$r, $alice], {"reason": "com.example.enough"}]
        alice < [67, 0, {"registration": $r, "reason": "com.example.enough"}]
        root < [50, 1, {}]
        root > [48, 2, {}, "wamp.registration.remove_callee", [$q, $alice]]
        alice < [67, 0, {"registration": $q}]
        root < [50, 2, {}]
        alice > [66, 3, $r]
        alice < [8, 66, 3, {}, "wamp.error.no_such_registration", ...]
    "#,
    );
}

#[test]
fn regrev_02_who_did_not_announce_it_is_not_told_and_yet_loses_the_registration() {
    play(
        r#"
        root joins as root secret
        root subscribes wamp.registration.on_unregister as $u
        alice joins realm1 {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        alice registers com.p as $r
        root > [48, 2, {}, "wamp.registration.remove_callee", [$r, $alice]]
        root < any of
            [50, 2, {}]
            [36, $u, _, {}, [$alice, $r]]
        alice silent
        root > [48, 3, {}, "com.p"]
        root < [8, 48, 3, {}, "wamp.error.no_such_procedure", ...]
    "#,
    );
}

#[test]
fn regrev_03_what_was_invoked_before_is_answered() {
    play(
        r#"
        root joins as root secret
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        root > [48, 2, {}, "wamp.registration.remove_callee", [$r, $alice]]
        alice < [67, 0, {"registration": $r}]
        root < [50, 2, {}]
        bob > [48, 2, {}, "com.p"]
        bob < [8, 48, 2, {}, "wamp.error.no_such_procedure", ...]
        alice > [70, 1, {}, ["done"]]
        bob < [50, 1, {}, ["done"]]
    "#,
    );
}

#[test]
fn regrev_04_it_is_announced() {
    dealer_announces("realm1", &["registration_revocation"]);
}

#[test]
fn regrev_03_of_a_shared_registration_one_callee_is_taken_out_and_the_others_serve_on() {
    play(
        r#"
        root joins as root secret
        alice joins
        beth joins
        bob joins
        alice registers com.p {"invoke": "first"} as $r
        beth registers com.p {"invoke": "first"} as $r
        root > [48, 1, {}, "wamp.registration.remove_callee", [$r, $alice]]
        alice < [67, 0, {"registration": $r}]
        root < [50, 1, {}]
        bob calls com.p reaching beth
        beth > [70, 1, {}]
        bob < [50, 1, {}]
        alice silent
        alice registers com.p {"invoke": "first"} as $r  # she may come back, and is the last then
        bob calls com.p reaching beth
        beth > [8, 68, 2, {}, "wamp.error.unavailable"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}
