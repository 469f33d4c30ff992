//! "Publisher Identification": whether subscribers learn who published (group PID).

use crate::router::play;

#[test]
fn pid_01_a_publisher_that_wants_to_be_known_is() {
    play(
        r#"
        alice joins
        bob joins
        alice subscribes com.t as $s
        bob > [16, 1, {"disclose_me": true}, "com.t", [1]]
        alice < [36, $s, _, {..., "publisher": $bob}, [1]]
        # It is asked for with every publication.
        bob > [16, 2, {}, "com.t", [2]]
        alice < [36, $s, _, {}, [2]]
        bob > [16, 3, {"disclose_me": false}, "com.t", [3]]
        alice < [36, $s, _, {}, [3]]
    "#,
    );
}

#[test]
fn pid_02_a_known_publisher_is_known_with_its_authid_and_role() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        bob joins
        alice subscribes com.t as $s
        joe > [16, 1, {"disclose_me": true}, "com.t"]
        alice < [36, $s, _, {"publisher": $joe, "publisher_authid": "joe", "publisher_authrole": "user"}]
        bob > [16, 1, {"disclose_me": true}, "com.t"]
        alice < [36, $s, _, {"publisher": $bob, "publisher_authid": $bob.authid, "publisher_authrole": "guest"}]
        all different $joe $bob
    "#,
    );
}

#[test]
fn pid_02_a_known_publisher_is_known_on_every_subscription() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice subscribes com. {"match": "prefix"} as $s
        joe > [16, 1, {"disclose_me": true}, "com.t"]
        alice < [36, $s, _, {"topic": "com.t", "publisher": $joe, "publisher_authid": "joe",
            "publisher_authrole": "user"}]
    "#,
    );
}

// Checklist FEAT-08: nothing is disclosed on request to those who did not say they can be told.
#[test]
fn pid_02_a_subscriber_that_announced_no_identification_is_told_nothing() {
    play(
        r#"
        alice joins {"roles": {"subscriber": {}}}
        bob joins
        carol joins
        alice subscribes com.t as $s
        bob subscribes com.t as $s
        carol > [16, 1, {"disclose_me": true}, "com.t"]
        alice < [36, $s, $p, {}]
        bob < [36, $s, $p, {..., "publisher": $carol}]
    "#,
    );
}

#[test]
fn pid_02_such_a_subscriber_is_told_nothing_of_what_is_retained_either() {
    play(
        r#"
        alice joins settings {"roles": {"subscriber": {}}}
        bob joins settings
        joe joins settings as joe secret
        joe > [16, 1, {"acknowledge": true, "retain": true, "disclose_me": true}, "com.t"]
        joe < [17, 1, $p]
        joe > [16, 2, {"acknowledge": true, "retain": true}, "com.disclosed.t"]
        joe < [17, 2, $q]
        alice subscribes com.t {"get_retained": true} as $s
        alice < [36, $s, $p, {"retained": true}]
        bob subscribes com.t {"get_retained": true} as $s
        bob < [36, $s, $p, {"retained": true, "publisher": $joe, "publisher_authid": "joe",
            "publisher_authrole": "user"}]
        # Where the realm discloses, it does so to everybody.
        alice subscribes com.disclosed.t {"get_retained": true} as $d
        alice < [36, $d, $q, {"retained": true, "publisher": $joe, "publisher_authid": "joe",
            "publisher_authrole": "user"}]
    "#,
    );
}

#[test]
fn pid_03_where_disclosure_is_refused_the_event_is_too() {
    play(
        r#"
        alice joins nodisclose
        bob joins nodisclose
        alice subscribes com.t as $s
        bob > [16, 1, {"disclose_me": true, "acknowledge": true}, "com.t", [1]]
        bob < [8, 16, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        bob > [16, 2, {"disclose_me": true}, "com.t", [2]]
        bob silent
        alice silent
        bob > [16, 3, {"disclose_me": false, "acknowledge": true}, "com.t", [3]]
        bob < [17, 3, $p]
        alice < [36, $s, $p, {}, [3]]
    "#,
    );
}

#[test]
fn pid_04_where_everybody_is_disclosed_nobody_needs_to_ask() {
    play(
        r#"
        alice joins disclosed
        joe joins disclosed as joe secret
        alice subscribes com.t as $s
        joe > [16, 1, {}, "com.t"]
        alice < [36, $s, _, {"publisher": $joe, "publisher_authid": "joe", "publisher_authrole": "user"}]
        joe > [16, 2, {"disclose_me": false}, "com.t"]
        alice < [36, $s, _, {"publisher": $joe, "publisher_authid": "joe", "publisher_authrole": "user"}]
    "#,
    );
}

#[test]
fn pid_04_publishers_are_known_on_the_topics_where_they_should_be() {
    play(
        r#"
        alice joins settings
        joe joins settings as joe secret
        alice subscribes com. {"match": "prefix"} as $s
        joe > [16, 1, {}, "com.t"]
        alice < [36, $s, _, {"topic": "com.t"}]
        joe > [16, 2, {}, "com.disclosed.t"]
        alice < [36, $s, _, {"topic": "com.disclosed.t", "publisher": $joe, "publisher_authid": "joe",
            "publisher_authrole": "user"}]
    "#,
    );
}

#[test]
fn pid_05_nobody_is_known_unasked() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice subscribes com.t as $s
        joe > [16, 1, {}, "com.t"]
        alice < [36, $s, _, {}]
    "#,
    );
}

#[test]
fn pid_06_publisher_identification_is_announced() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"publisher": {}}}]
        alice < [2, _id, {..., "roles": {..., "broker": {..., "features": {..., "publisher_identification": true}}}}]
    "#,
    );
}

#[test]
fn pid_07_a_refused_disclosure_has_an_error_of_its_own() {
    play(
        r#"
        alice joins nodisclose
        alice > [16, 1, {"acknowledge": true, "disclose_me": true}, "com.t"]
        alice < [8, 16, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
    "#,
    );
}
