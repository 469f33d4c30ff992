//! ERR: the specification's URIs, each where it belongs.

use crate::router::{play, play_once};

#[test]
fn err_02_each_uri_stands_in_the_answer_it_belongs_to() {
    play(
        r#"
        root joins as root secret
        alice joins
        bob joins realm1 {"roles": {"callee": {}, "caller": {}, "subscriber": {}}}
        alice > [16, 1, {"acknowledge": true}, "a b"]
        alice < [8, 16, 1, {}, "wamp.error.invalid_uri", ...]
        alice > [32, 2, {}, "a b"]
        alice < [8, 32, 2, {}, "wamp.error.invalid_uri", ...]
        alice > [48, 3, {}, "a b"]
        alice < [8, 48, 3, {}, "wamp.error.invalid_uri", ...]
        alice > [64, 4, {}, "a b"]
        alice < [8, 64, 4, {}, "wamp.error.invalid_uri", ...]
        root > [48, 1, {}, "wamp.session.kill", [$alice], {"reason": "a b"}]
        root < [8, 48, 1, {}, "wamp.error.invalid_uri", ...]
        alice > [48, 5, {}, "com.none"]
        alice < [8, 48, 5, {}, "wamp.error.no_such_procedure", ...]
        bob > [64, 1, {}, "com.p"]
        bob < [65, 1, $r]
        alice > [64, 6, {}, "com.p"]
        alice < [8, 64, 6, {}, "wamp.error.procedure_already_exists", ...]
        alice > [66, 7, $r]
        alice < [8, 66, 7, {}, "wamp.error.no_such_registration", ...]
        alice > [48, 8, {}, "wamp.registration.get", [4711]]
        alice < [8, 48, 8, {}, "wamp.error.no_such_registration", ...]
        alice > [34, 9, 4711]
        alice < [8, 34, 9, {}, "wamp.error.no_such_subscription", ...]
        alice > [48, 10, {}, "wamp.subscription.get", [4711]]
        alice < [8, 48, 10, {}, "wamp.error.no_such_subscription", ...]
        alice > [48, 11, {}, "wamp.session.get", ["one"]]
        alice < [8, 48, 11, {}, "wamp.error.invalid_argument", ...]
        alice > [48, 12, {}, "wamp.session.get", [4711]]
        alice < [8, 48, 12, {}, "wamp.error.no_such_session", ...]
        alice > [48, 13, {}, "wamp.session.kill_all"]
        alice < [8, 48, 13, {}, "wamp.error.not_authorized", ...]
        alice > [48, 14, {"progress": true}, "com.p"]
        alice < [8, 48, 14, {}, "wamp.error.feature_not_supported", ...]
        alice > [48, 15, {"timeout": 30}, "com.p"]
        bob < [68, 1, $r, {}]
        alice < [8, 48, 15, {}, "wamp.error.timeout"]
        alice > [48, 16, {}, "com.p"]
        bob < [68, 2, $r, {}]
        bob > [8, 68, 2, {}, "wamp.error.unavailable"]
        alice < [8, 48, 16, {}, "wamp.error.no_available_callee", ...]
        alice > [48, 17, {}, "com.p"]
        bob < [68, 3, $r, {}]
        bob lost
        alice < [8, 48, 17, {}, "wamp.error.canceled", ...]
        root > [48, 2, {}, "wamp.session.kill", [$alice]]
        root < [50, 2, {}]
        alice < [6, {}, "wamp.close.killed"]
        alice > [6, {}, "wamp.close.goodbye_and_out"]
        alice closed
        root > [6, {}, "wamp.close.close_realm"]
        root < [6, {}, "wamp.close.goodbye_and_out"]
        root lost
    "#,
    );
}

#[test]
fn err_02_each_uri_stands_in_the_refusal_it_belongs_to() {
    play_once(
        r#"
        alice connects
        alice > [1, "nowhere", {"roles": {"caller": {}}}]
        alice < [3, {...}, "wamp.error.no_such_realm", ...]
        alice closed
        bob connects
        bob > [1, "a b", {"roles": {"caller": {}}}]
        bob < [3, {...}, "wamp.error.invalid_uri", ...]
        bob closed
        carol connects
        carol > [1, "private", {"roles": {"caller": {}}, "authmethods": ["cryptosign"]}]
        carol < [3, {...}, "wamp.error.no_matching_auth_method", ...]
        carol closed
        joe connects
        joe > [1, "private", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"}]
        joe < [4, "ticket", {}]
        joe > [5, "wrong", {}]
        joe < [3, {...}, "wamp.error.authentication_denied", ...]
        joe closed
        dave joins nodisclose
        dave > [16, 1, {"acknowledge": true, "disclose_me": true}, "com.t"]
        dave < [8, 16, 1, {}, "wamp.error.option_disallowed.disclose_me", ...]
        dave > [7]
        dave < [3, {...}, "wamp.error.protocol_violation"]
        dave closed
    "#,
    );
}
