//! "Subscription Revocation": subscriptions that the router takes away (group SREV).

use crate::router::play;

#[test]
fn srev_01_only_administrators_take_subscriptions_away_and_only_those_that_exist() {
    play(
        r#"
        alice joins
        bob joins
        root joins as root secret
        alice subscribes com.t as $s
        bob > [48, 1, {}, "wamp.subscription.remove_subscriber", [$s, $alice]]
        bob < [8, 48, 1, {}, "wamp.error.not_authorized", ...]
        alice > [48, 2, {}, "wamp.subscription.remove_subscriber", [$s, $alice]]
        alice < [8, 48, 2, {}, "wamp.error.not_authorized", ...]
        root > [48, 1, {}, "wamp.subscription.remove_subscriber", [4711, $alice]]
        root < [8, 48, 1, {}, "wamp.error.no_such_subscription", ...]
        root > [48, 2, {}, "wamp.subscription.remove_subscriber", [$s, 4711]]
        root < [8, 48, 2, {}, "wamp.error.no_such_session", ...]
        root > [48, 3, {}, "wamp.subscription.remove_subscriber", ["com.t", $alice]]
        root < [8, 48, 3, {}, "wamp.error.invalid_argument", ...]
        root > [48, 4, {}, "wamp.subscription.remove_subscriber"]
        root < [8, 48, 4, {}, "wamp.error.invalid_argument", ...]
        bob > [16, 2, {}, "com.t"]
        alice < [36, $s, _, {}]
    "#,
    );
}

#[test]
fn srev_01_a_revocation_names_the_subscription_and_the_reason() {
    play(
        r#"
        alice joins
        bob joins
        root joins as root secret
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        root > [48, 1, {}, "wamp.subscription.remove_subscriber", [$s, $alice], {"reason": "com.too.curious"}]
        root < [50, 1, {}]
        alice < [35, 0, {"subscription": $s, "reason": "com.too.curious"}]
        root > [16, 2, {}, "com.t", [1]]
        bob < [36, $s, _, {}, [1]]
        alice silent
        root > [48, 3, {}, "wamp.subscription.remove_subscriber", [$s, $bob]]
        root < [50, 3, {}]
        bob < [35, 0, {"subscription": $s}]
        # Who lost a subscription may ask for it again.
        alice subscribes com.t as $again
        root > [16, 4, {}, "com.t", [2]]
        alice < [36, $again, _, {}, [2]]
        bob silent
    "#,
    );
}

#[test]
fn srev_02_who_did_not_announce_it_is_not_told_and_yet_loses_the_subscription() {
    play(
        r#"
        alice joins {"roles": {"subscriber": {}}}
        bob joins {"roles": {"subscriber": {"features": {"subscription_revocation": false}}}}
        root joins as root secret
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        root subscribes wamp.subscription.on_unsubscribe as $ended
        root > [48, 2, {}, "wamp.subscription.remove_subscriber", [$s, $alice]]
        root < any of
            [50, 2, {}]
            [36, $ended, _, {}, [$alice, $s]]
        root > [48, 3, {}, "wamp.subscription.remove_subscriber", [$s, $bob], {"reason": "com.x"}]
        root < any of
            [50, 3, {}]
            [36, $ended, _, {}, [$bob, $s]]
        root > [16, 4, {"acknowledge": true}, "com.t"]
        root < [17, 4, _id]
        alice silent
        bob silent
    "#,
    );
}

#[test]
fn srev_03_what_was_taken_away_cannot_be_left() {
    play(
        r#"
        alice joins
        root joins as root secret
        alice subscribes com.t as $s
        root > [48, 1, {}, "wamp.subscription.remove_subscriber", [$s, $alice]]
        root < [50, 1, {}]
        alice < [35, 0, {"subscription": $s}]
        alice > [34, 2, $s]
        alice < [8, 34, 2, {}, "wamp.error.no_such_subscription", ...]
        root > [48, 2, {}, "wamp.subscription.remove_subscriber", [$s, $alice]]
        root < [8, 48, 2, {}, "wamp.error.no_such_subscription", ...]
    "#,
    );
}

#[test]
fn srev_04_subscription_revocation_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"subscriber": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "subscription_revocation": true}}}}]
    "#,
    );
}
