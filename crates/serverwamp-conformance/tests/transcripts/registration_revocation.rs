//! Spec: advanced, "Registration Revocation".

use crate::announced_features::dealer_announces;
use crate::router::play;

#[test]
fn regrev_01_only_administrators_take_registrations_away() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
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
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        alice > [64, 2, {}, "com.q"]
        alice < [65, 2, $q]
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
        root > [32, 1, {}, "wamp.registration.on_unregister"]
        root < [33, 1, $u]
        alice joins realm1 {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
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
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
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
        alice > [64, 1, {"invoke": "first"}, "com.p"]
        alice < [65, 1, $r]
        beth > [64, 1, {"invoke": "first"}, "com.p"]
        beth < [65, 1, $r]
        root > [48, 1, {}, "wamp.registration.remove_callee", [$r, $alice]]
        alice < [67, 0, {"registration": $r}]
        root < [50, 1, {}]
        bob > [48, 1, {}, "com.p"]
        beth < [68, 1, $r, {}]
        beth > [70, 1, {}]
        bob < [50, 1, {}]
        alice silent
        alice > [64, 2, {"invoke": "first"}, "com.p"]  # she may come back, and is the last then
        alice < [65, 2, $r]
        bob > [48, 2, {}, "com.p"]
        beth < [68, 2, $r, {}]
        beth > [8, 68, 2, {}, "wamp.error.unavailable"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}
