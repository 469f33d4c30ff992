//! "Publication Trust Levels" and "Call Trust Levels" (group TRUST).

use crate::router::play;

#[test]
fn trust_01_events_carry_the_trustlevel_of_their_topic() {
    play(
        r#"
        alice joins settings
        bob joins settings
        alice subscribes com.trusted.t as $high
        alice subscribes com.trusted.not as $low
        alice subscribes com.t as $none
        bob > [16, 1, {}, "com.trusted.t"]
        alice < [36, $high, _, {"trustlevel": 3}]
        bob > [16, 2, {}, "com.trusted.not"]
        alice < [36, $low, _, {"trustlevel": 0}]
        bob > [16, 3, {}, "com.t"]
        alice < [36, $none, _, {}]
        # The topic counts, not the subscription.
        alice subscribes com.. {"match": "wildcard"} as $pattern
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
        alice registers com.trusted.p as $high
        alice registers com.p as $none
        bob > [48, 1, {}, "com.trusted.p"]
        alice < [68, 1, $high, {"trustlevel": 2}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob calls com.p reaching alice
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
        alice subscribes com.t as $s
        alice subscribes com.trusted.t as $trusted
        alice registers com.p as $r
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
