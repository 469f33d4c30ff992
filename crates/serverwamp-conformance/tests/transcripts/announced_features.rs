//! FEAT: WELCOME announces what works, and what a client did not announce is not asked of it.

use crate::router::play;

#[test]
fn feat_01_a_router_announces_all_that_works() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"features": {
                "publisher_identification": true, "publisher_exclusion": true,
                "subscriber_blackwhite_listing": true, "pattern_based_subscription": true,
                "publication_trustlevels": true, "subscription_meta_api": true,
                "subscription_revocation": true, "event_history": true, "event_retention": true,
                "session_meta_api": true, "payload_passthru_mode": true}},
            "dealer": {"features": {
                "caller_identification": true, "pattern_based_registration": true,
                "shared_registration": true, "registration_meta_api": true,
                "registration_revocation": true, "testament_meta_api": true,
                "progressive_call_results": true, "progressive_call_invocations": true,
                "call_canceling": true, "call_timeout": true, "call_trustlevels": true,
                "call_reroute": true, "session_meta_api": true, "payload_passthru_mode": true}}}}]
    "#,
    );
}

#[test]
fn feat_02_an_application_announces_nothing_that_takes_clients_on_both_sides() {
    play(
        r#"
        alice connects
        alice > [1, "app", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"features": {"pattern_based_subscription": true, "event_retention": true}},
            "dealer": {"features": {
                "progressive_call_results": true, "progressive_call_invocations": true,
                "call_canceling": true, "call_timeout": true}}}}]
        alice > [48, 1, {}, "wamp.session.count"]
        alice < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        alice > [64, 2, {}, "com.p"]
        alice < [8, 64, 2, {}, "wamp.error.not_authorized", ...]
        alice > [16, 3, {"acknowledge": true}, "com.t"]
        alice < [8, 16, 3, {}, "wamp.error.not_authorized", ...]
    "#,
    );
}

#[test]
fn feat_02_a_realm_that_discloses_nobody_does_not_announce_it() {
    play(
        r#"
        alice connects
        alice > [1, "nodisclose", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"features": {..., "publisher_identification": absent, "publisher_exclusion": true}},
            "dealer": {"features": {..., "caller_identification": absent, "shared_registration": true}}}}]
    "#,
    );
}

#[test]
fn feat_03_the_session_meta_api_is_on_both_roles_or_on_neither() {
    play(
        r#"
        alice connects
        alice > [1, "strict", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {
            "broker": {"features": {..., "session_meta_api": true}},
            "dealer": {"features": {..., "session_meta_api": true}}}}]
        bob connects
        bob > [1, "app", {"roles": {"caller": {}}}]
        bob < [2, _id, {..., "roles": {
            "broker": {"features": {..., "session_meta_api": absent}},
            "dealer": {"features": {..., "session_meta_api": absent}}}}]
    "#,
    );
}

#[test]
fn feat_04_progressive_calls_come_with_canceling() {
    for realm in ["realm1", "app"] {
        let text = r#"
            alice connects
            alice > [1, "REALM", {"roles": {"caller": {}}}]
            alice < [2, _id, {..., "roles": {..., "dealer": {"features": {...,
                "progressive_call_results": true, "call_canceling": true}}}}]
        "#;
        play(&text.replace("REALM", realm));
    }
}

#[test]
fn feat_05_only_true_announces_a_feature() {
    for value in ["1", "\"true\"", "false", "null", "[]"] {
        let text = r#"
            callee joins {"roles": {"callee": {"features": {"call_canceling": VALUE,
                "progressive_call_results": VALUE}}}}
            callee registers com.p as $r
            caller joins
            caller > [48, 1, {"receive_progress": true}, "com.p"]
            callee < [68, 1, $r, {}]
            caller > [49, 1, {"mode": "kill"}]
            caller < [8, 48, 1, {}, "wamp.error.canceled", ...]
            callee silent
        "#;
        play(&text.replace("VALUE", value));
    }
}

#[test]
fn feat_06_nobody_is_interrupted_or_asked_for_progress_who_did_not_announce_it() {
    play(
        r#"
        plain joins {"roles": {"callee": {}}}
        plain registers com.plain as $plain_r
        half joins {"roles": {"callee": {"features": {"progressive_call_results": true}}}}
        half registers com.half as $half_r
        able joins {"roles": {"callee": {"features": {"progressive_call_results": true,
            "call_canceling": true}}}}
        able registers com.able as $able_r
        caller joins
        caller > [48, 1, {"receive_progress": true}, "com.plain"]
        plain < [68, 1, $plain_r, {}]
        caller > [48, 2, {"receive_progress": true}, "com.half"]
        half < [68, 1, $half_r, {"receive_progress": true}]
        caller > [48, 3, {"receive_progress": true}, "com.able"]
        able < [68, 1, $able_r, {"receive_progress": true}]
        caller > [49, 1, {"mode": "killnowait"}]
        caller < [8, 48, 1, {}, "wamp.error.canceled", ...]
        caller > [49, 2, {"mode": "killnowait"}]
        caller < [8, 48, 2, {}, "wamp.error.canceled", ...]
        caller > [49, 3, {"mode": "killnowait"}]
        caller < [8, 48, 3, {}, "wamp.error.canceled", ...]
        able < [69, 1, {"mode": "killnowait"}]
        plain silent
        half silent
    "#,
    );
}

#[test]
fn feat_06_timeouts_go_to_callees_that_announced_them() {
    play(
        r#"
        plain joins {"roles": {"callee": {}}}
        plain registers com.plain {"forward_timeout": true} as $plain_r
        able joins {"roles": {"callee": {"features": {"call_timeout": true}}}}
        able registers com.able {"forward_timeout": true} as $able_r
        caller joins
        caller > [48, 1, {"timeout": 60000}, "com.plain"]
        plain < [68, 1, $plain_r, {}]
        caller > [48, 2, {"timeout": 60000}, "com.able"]
        able < [68, 1, $able_r, {"timeout": 60000}]
    "#,
    );
}

#[test]
fn feat_06_nobody_is_told_of_a_revocation_who_did_not_announce_it() {
    play(
        r#"
        root joins as root secret
        plain joins {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        plain registers com.p as $r
        plain subscribes com.t as $s
        root > [48, 1, {}, "wamp.registration.remove_callee", [$r, $plain]]
        root < [50, 1, {}]
        root > [48, 2, {}, "wamp.subscription.remove_subscriber", [$s, $plain]]
        root < [50, 2, {}]
        plain silent
        plain > [66, 3, $r]
        plain < [8, 66, 3, {}, "wamp.error.no_such_registration", ...]
        plain > [34, 4, $s]
        plain < [8, 34, 4, {}, "wamp.error.no_such_subscription", ...]
    "#,
    );
}

#[test]
fn feat_07_what_the_router_does_alone_needs_no_announcement() {
    play(
        r#"
        alice joins {"roles": {"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}}}
        bob joins {"roles": {"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}}}
        alice subscribes com. {"match": "prefix"} as $prefix
        bob subscribes com. {"match": "prefix"} as $prefix
        alice > [16, 2, {"exclude_me": false, "eligible": [$alice]}, "com.t", [1]]
        alice < [36, $prefix, _id, {"topic": "com.t"}, [1]]
        alice > [16, 3, {"exclude_me": false, "exclude": [$bob]}, "com.t", [2]]
        alice < [36, $prefix, _id, {"topic": "com.t"}, [2]]
        bob silent
        alice registers com.p {"invoke": "roundrobin", "match": "prefix"} as $r
        bob registers com.p {"invoke": "roundrobin", "match": "prefix"} as $r
        alice > [48, 5, {}, "com.p.q"]
        alice < [68, 1, $r, {"procedure": "com.p.q"}]
        alice > [70, 1, {}]
        alice < [50, 5, {}]
        alice > [48, 6, {}, "com.p.q"]
        bob < [68, 1, $r, {"procedure": "com.p.q"}]
        bob > [70, 1, {}]
        alice < [50, 6, {}]
    "#,
    );
}

#[test]
fn feat_08_who_did_not_announce_identification_is_told_a_caller_only_when_it_asked() {
    play(
        r#"
        plain joins {"roles": {"callee": {}}}
        plain registers com.plain as $plain_r
        plain registers com.asking {"disclose_caller": true} as $asking_r
        able joins {"roles": {"callee": {"features": {"caller_identification": true}}}}
        able registers com.able as $able_r
        caller joins
        caller > [48, 1, {"disclose_me": true}, "com.plain"]
        plain < [68, 1, $plain_r, {}]
        caller > [48, 2, {}, "com.asking"]
        plain < [68, 2, $asking_r, {"caller": $caller, "caller_authid": $caller.authid,
            "caller_authrole": "guest"}]
        caller > [48, 3, {"disclose_me": true}, "com.able"]
        able < [68, 1, $able_r, {"caller": $caller, "caller_authid": $caller.authid,
            "caller_authrole": "guest"}]
    "#,
    );
}

#[test]
fn feat_08_who_did_not_announce_identification_is_not_told_a_publisher() {
    play(
        r#"
        plain joins {"roles": {"subscriber": {}}}
        plain subscribes com.t as $s
        able joins {"roles": {"subscriber": {"features": {"publisher_identification": true}}}}
        able subscribes com.t as $s
        alice joins
        alice > [16, 1, {"disclose_me": true}, "com.t"]
        plain < [36, $s, $p, {}]
        able < [36, $s, $p, {"publisher": $alice, "publisher_authid": $alice.authid,
            "publisher_authrole": "guest"}]
    "#,
    );
}

/// In this realm the dealer announces these features, as `true` and nothing else.
#[track_caller]
pub(crate) fn dealer_announces(realm: &str, features: &[&str]) {
    let features: String = features.iter().map(|feature| format!(", \"{feature}\": true")).collect();
    play(&format!(
        r#"
        alice connects
        alice > [1, "{realm}", {{"roles": {{"caller": {{}}}}}}]
        alice < [2, _id, {{..., "roles": {{..., "dealer": {{..., "features": {{...{features}}}}}}}}}]
    "#
    ));
}
