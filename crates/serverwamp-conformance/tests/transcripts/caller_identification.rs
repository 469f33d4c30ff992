//! Spec: advanced, "Caller Identification".

use crate::router::{play, play_at};
use serverwamp::{Application, Disclosure, Realm, RouteSet};

#[test]
fn cid_03_where_nobody_is_disclosed_whoever_asks_for_it_is_refused() {
    play(
        r#"
        alice joins nodisclose
        bob joins nodisclose
        alice > [64, 1, {"disclose_caller": true}, "com.p"]
        alice < [8, 64, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        alice registers com.p as $r
        bob > [48, 1, {"disclose_me": true}, "com.p"]
        bob < [8, 48, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        alice silent
        bob calls com.p reaching alice
        alice > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn cid_03_a_caller_that_asks_for_it_is_refused_whoever_serves_the_procedure() {
    let hidden = || {
        let routes = RouteSet::new().procedure("com.served", || async { "by the application" });
        let realm = Realm::router("hidden").allow_anonymous("guest").disclosure(Disclosure::Refused);
        Application::builder().realm(realm.routes(routes)).build().expect("nothing is wrong with this realm")
    };
    play_at(
        hidden,
        r#"
        bob joins hidden
        bob > [48, 1, {"disclose_me": true}, "com.served"]
        bob < [8, 48, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        bob > [48, 2, {"disclose_me": true}, "wamp.session.count"]
        bob < [8, 48, 2, {}, "wamp.error.option_disallowed.disclose_me", ...]
        bob > [48, 3, {"disclose_me": true}, "com.none"]
        bob < [8, 48, 3, {}, "wamp.error.no_such_procedure", ...]
        bob > [48, 4, {"disclose_me": false}, "com.served"]
        bob < [50, 4, {}, ["by the application"]]
        bob > [48, 5, {}, "wamp.session.count"]
        bob < [50, 5, {}, [1]]
    "#,
    );
}

#[test]
fn cid_01_and_02_a_caller_that_wants_to_be_known_is() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice registers com.p as $r
        joe > [48, 1, {"disclose_me": true}, "com.p"]
        alice < [68, 1, $r, {"caller": $joe, "caller_authid": "joe", "caller_authrole": "user"}]
        alice > [70, 1, {}]
        joe < [50, 1, {}]
    "#,
    );
}

#[test]
fn cid_04_a_callee_that_wants_to_know_its_callers_does() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice registers com.p {"disclose_caller": true} as $r
        joe > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"caller": $joe, "caller_authid": "joe", "caller_authrole": "user"}]
        alice > [70, 1, {}]
        joe < [50, 1, {}]
    "#,
    );
}

#[test]
fn cid_05_a_realm_or_a_setting_discloses_callers() {
    play(
        r#"
        alice joins disclosed
        joe joins disclosed as joe secret
        alice registers com.p as $r
        joe > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"caller": $joe, "caller_authid": "joe", "caller_authrole": "user"}]
        alice > [70, 1, {}]
        joe < [50, 1, {}]
        carol joins settings
        jane joins settings as jane secret
        carol registers com.disclosed.p as $d
        jane > [48, 1, {}, "com.disclosed.p"]
        carol < [68, 1, $d, {"caller": $jane, "caller_authid": "jane", "caller_authrole": "user"}]
        carol > [70, 1, {}]
        jane < [50, 1, {}]
    "#,
    );
}

#[test]
fn cid_06_nobody_is_disclosed_without_being_asked() {
    play(
        r#"
        alice joins
        joe joins as joe secret
        alice registers com.p as $r
        joe > [48, 1, {"disclose_me": false}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        joe < [50, 1, {}]
    "#,
    );
}

#[test]
fn feat_08_a_callee_that_knows_nothing_of_callers_is_told_one_only_if_it_asks() {
    play(
        r#"
        alice joins realm1 {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        joe joins as joe secret
        alice registers com.p as $p
        alice registers com.q {"disclose_caller": true} as $q
        joe > [48, 1, {"disclose_me": true}, "com.p"]
        alice < [68, 1, $p, {}]
        joe > [48, 2, {}, "com.q"]
        alice < [68, 2, $q, {"caller": $joe, "caller_authid": "joe", "caller_authrole": "user"}]
        alice > [70, 1, {}]
        joe < [50, 1, {}]
        alice > [70, 2, {}]
        joe < [50, 2, {}]
    "#,
    );
}

#[test]
fn cid_07_it_is_announced_where_it_works() {
    play(
        r#"
        alice connects
        alice > [1, "realm1", {"roles": {"caller": {}}}]
        alice < [2, _id, {..., "roles": {..., "dealer": {..., "features": {..., "caller_identification": true}}}}]
        bob connects
        bob > [1, "nodisclose", {"roles": {"caller": {}}}]
        bob < [2, _id, {..., "roles": {..., "dealer": {..., "features": {..., "caller_identification": absent}}}}]
    "#,
    );
}

#[test]
fn cid_08_each_callee_of_a_shared_registration_has_its_own_wish() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "roundrobin", "disclose_caller": true} as $r
        carol registers com.p {"invoke": "roundrobin"} as $r
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"caller": $bob, ...}]
        bob calls com.p reaching carol
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        carol > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn cid_02_the_names_of_a_caller_are_those_of_its_welcome() {
    play(
        r#"
        alice joins
        bob joins
        root joins as root secret
        alice registers com.p {"disclose_caller": true} as $r
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"caller": $bob, "caller_authid": $bob.authid, "caller_authrole": $bob.authrole}]
        root > [48, 1, {}, "com.p"]
        alice < [68, 2, $r, {"caller": $root, "caller_authid": $root.authid, "caller_authrole": $root.authrole}]
        all different $bob.authrole $root.authrole
        all different $bob.authid $root.authid
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        alice > [70, 2, {}]
        root < [50, 1, {}]
    "#,
    );
}
