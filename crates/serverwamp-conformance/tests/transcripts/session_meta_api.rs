//! MSES, first half: who is in the realm, and what is told when somebody comes or goes.

use crate::router::play;

/// Checklist AUTH-21 as well: the method and the provider are those of WELCOME.
#[test]
fn mses_01_on_join_tells_what_welcome_told() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.session.on_join as $s
        joe connects
        joe > [1, "realm1", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"}]
        joe < [4, "ticket", {}]
        joe > [5, "secret", {}]
        joe < [2, $session, {..., "authid": $authid, "authrole": $authrole, "authmethod": $method,
            "authprovider": $provider}]
        monitor < [36, $s, _id, {}, [{"session": $session, "authid": $authid, "authrole": $authrole,
            "authmethod": $method, "authprovider": $provider}]]
        monitor silent
    "#,
    );
}

#[test]
fn mses_02_on_leave_tells_session_authid_and_role() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.session.on_leave as $s
        joe joins as joe secret
        bob joins
        joe says goodbye
        monitor < [36, $s, _id, {}, [$joe, "joe", "user"]]
        bob says goodbye
        monitor < [36, $s, _id, {}, [$bob, $bob.authid, "guest"]]
        monitor silent
    "#,
    );
}

#[test]
fn mses_03_every_ending_is_told_once() {
    play(
        r#"
        monitor joins as root secret
        monitor subscribes wamp.session.on_leave as $s
        goodbye joins
        goodbye says goodbye
        monitor < [36, $s, _id, {}, [$goodbye, ...]]
        goodbye lost
        abort joins
        abort > [3, {}, "wamp.close.normal"]
        abort closed
        monitor < [36, $s, _id, {}, [$abort, ...]]
        drop joins
        drop lost
        monitor < [36, $s, _id, {}, [$drop, ...]]
        killed joins
        monitor > [48, 2, {}, "wamp.session.kill", [$killed]]
        monitor < any of
            [50, 2, {}]
            [36, $s, _id, {}, [$killed, ...]]
        killed < [6, {}, "wamp.close.killed"]
        killed > [6, {}, "wamp.close.goodbye_and_out"]
        killed closed
        violator joins
        violator > [1, "realm1", {"roles": {"caller": {}}}]
        violator < [3, _dict, "wamp.error.protocol_violation"]
        violator closed
        monitor < [36, $s, _id, {}, [$violator, ...]]
        monitor silent
    "#,
    );
}

#[test]
fn mses_03_who_was_refused_has_not_left() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.session. {"match": "prefix"} as $s
        joe connects
        joe > [1, "realm1", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"}]
        joe < [4, "ticket", {}]
        joe > [5, "wrong", {}]
        joe < [3, ...]
        joe closed
        monitor silent
    "#,
    );
}

#[test]
fn mses_04_nobody_sees_the_own_session_join() {
    play(
        r#"
        alice joins
        alice silent
        alice subscribes wamp.session.on_join as $s
        alice silent
        bob joins
        alice < [36, $s, _id, {}, [{..., "session": $bob}]]
        alice silent
    "#,
    );
}

#[test]
fn mses_05_details_have_no_secrets() {
    // All that is told is written down here: no ticket, no cookie, nothing of the transport.
    play(
        r#"
        monitor joins
        monitor subscribes wamp.session.on_join as $s
        joe joins private as joe secret
        monitor silent
        joe says goodbye
        joe joins realm1 as joe secret
        monitor < [36, $s, _id, {}, [{"session": $joe, "authid": "joe", "authrole": "user",
            "authmethod": "ticket", "authprovider": _string}]]
        monitor > [48, 2, {}, "wamp.session.get", [$joe]]
        monitor < [50, 2, {}, [{"session": $joe, "authid": "joe", "authrole": "user",
            "authmethod": "ticket", "authprovider": _string}]]
    "#,
    );
}

#[test]
fn mses_06_count_takes_a_list_of_roles() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.count", ["guest"]]
        alice < [8, 48, 1, {}, "wamp.error.invalid_argument", ["filter_authroles: expected a list of strings, got a string"]]
        alice > [48, 2, {}, "wamp.session.count", [["guest", 5]]]
        alice < [8, 48, 2, {}, "wamp.error.invalid_argument", [_string]]
        bob joins
        joe joins as joe secret
        alice > [48, 3, {}, "wamp.session.count"]
        alice < [50, 3, {}, [3]]
        alice > [48, 4, {}, "wamp.session.count", [["guest"]]]
        alice < [50, 4, {}, [2]]
        alice > [48, 5, {}, "wamp.session.count", [["user", "guest"]]]
        alice < [50, 5, {}, [3]]
        alice > [48, 6, {}, "wamp.session.count", [["x"]]]
        alice < [50, 6, {}, [0]]
        alice > [48, 7, {}, "wamp.session.count", [[]]]  # a filter that nobody passes
        alice < [50, 7, {}, [0]]
        alice > [48, 8, {}, "wamp.session.count", [null]]
        alice < [50, 8, {}, [3]]
        bob says goodbye
        alice > [48, 9, {}, "wamp.session.count"]
        alice < [50, 9, {}, [2]]
    "#,
    );
}

#[test]
fn mses_07_list_is_one_list_of_ids() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.list", [{}]]
        alice < [8, 48, 1, {}, "wamp.error.invalid_argument", [_string]]
        alice > [48, 2, {}, "wamp.session.list"]
        alice < [50, 2, {}, [[$alice]]]
        joe joins as joe secret
        mia joins as mia secret
        alice > [48, 3, {}, "wamp.session.list"]
        alice < [50, 3, {}, [[_id, _id, _id]]]
        alice > [48, 4, {}, "wamp.session.list", [["user"]]]
        alice < [50, 4, {}, [[$joe]]]
        alice > [48, 5, {}, "wamp.session.list", [["member"]]]
        alice < [50, 5, {}, [[$mia]]]
        alice > [48, 6, {}, "wamp.session.list", [["guest"]]]
        alice < [50, 6, {}, [[$alice]]]
        alice > [48, 7, {}, "wamp.session.list", [[]]]
        alice < [50, 7, {}, [[]]]
    "#,
    );
}

#[test]
fn mses_08_get_tells_what_on_join_told() {
    play(
        r#"
        monitor joins
        monitor subscribes wamp.session.on_join as $s
        joe joins as joe secret
        monitor < [36, $s, _id, {}, [$details]]
        monitor > [48, 2, {}, "wamp.session.get", [$joe]]
        monitor < [50, 2, {}, [$details]]
        monitor > [48, 3, {}, "wamp.session.get", [$monitor]]
        monitor < [50, 3, {}, [{..., "session": $monitor, "authrole": "guest", "authmethod": "anonymous"}]]
    "#,
    );
}

#[test]
fn mses_09_nobody_has_an_unknown_session() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.session.get", [4711]]
        alice < [8, 48, 1, {}, "wamp.error.no_such_session", [_string]]
        bob joins
        alice > [48, 2, {}, "wamp.session.get", [$bob]]
        alice < [50, 2, {}, [_dict]]
        bob says goodbye
        alice > [48, 3, {}, "wamp.session.get", [$bob]]
        alice < [8, 48, 3, {}, "wamp.error.no_such_session", [_string]]
    "#,
    );
}
