//! "Publication Trust Levels" and "Call Trust Levels" (group TRUST).

use crate::router::play;

#[test]
fn trust_01_events_carry_the_trustlevel_of_their_topic() {
    play(
        r#"
        alice joins settings
        bob joins settings
        alice > [32, 1, {}, "com.trusted.t"]
        alice < [33, 1, $high]
        alice > [32, 2, {}, "com.trusted.not"]
        alice < [33, 2, $low]
        alice > [32, 3, {}, "com.t"]
        alice < [33, 3, $none]
        bob > [16, 1, {}, "com.trusted.t"]
        alice < [36, $high, _, {"trustlevel": 3}]
        bob > [16, 2, {}, "com.trusted.not"]
        alice < [36, $low, _, {"trustlevel": 0}]
        bob > [16, 3, {}, "com.t"]
        alice < [36, $none, _, {}]
        # The topic counts, not the subscription.
        alice > [32, 4, {"match": "wildcard"}, "com.."]
        alice < [33, 4, $pattern]
        bob > [16, 4, {}, "com.trusted.u"]
        alice < [36, $pattern, _, {"topic": "com.trusted.u", "trustlevel": 3}]
    "#,
    );
}

#[test]
fn trust_02_invocations_carry_the_trustlevel_of_their_procedure() {
    play(
        r#"
        alice joins settings
        bob joins settings
        alice > [64, 1, {}, "com.trusted.p"]
        alice < [65, 1, $high]
        alice > [64, 2, {}, "com.p"]
        alice < [65, 2, $none]
        bob > [48, 1, {}, "com.trusted.p"]
        alice < [68, 1, $high, {"trustlevel": 2}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob > [48, 2, {}, "com.p"]
        alice < [68, 2, $none, {}]
        alice > [70, 2, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn trust_03_trustlevels_are_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"subscriber": {}}}]
        alice < [2, _id, {..., "roles": {...,
            "broker": {..., "features": {..., "publication_trustlevels": true}},
            "dealer": {..., "features": {..., "call_trustlevels": true}}}}]
    "#,
    );
}

#[test]
fn trust_04_nobody_says_how_far_it_is_trusted() {
    play(
        r#"
        alice joins settings
        bob joins settings
        alice > [32, 1, {}, "com.t"]
        alice < [33, 1, $s]
        alice > [32, 2, {}, "com.trusted.t"]
        alice < [33, 2, $trusted]
        alice > [64, 3, {}, "com.p"]
        alice < [65, 3, $r]
        bob > [16, 1, {"trustlevel": 9}, "com.t"]
        alice < [36, $s, _, {}]
        bob > [16, 2, {"trustlevel": 9}, "com.trusted.t"]
        alice < [36, $trusted, _, {"trustlevel": 3}]
        bob > [48, 3, {"trustlevel": 9}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 3, {}]
    "#,
    );
}
