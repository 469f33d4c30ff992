//! MSES, second half: how administrators end sessions.

use crate::router::play;

#[test]
fn mses_10_a_kill_says_goodbye_to_its_victim() {
    play(
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.session.kill", [4711]]
        root < [8, 48, 1, {}, "wamp.error.no_such_session", [_string]]
        bob joins
        root > [48, 2, {}, "wamp.session.kill", [$bob], {"reason": "com.example.enough"}]
        root < [50, 2, {}]
        bob < [6, {}, "com.example.enough"]
    "#,
    );
}

#[test]
fn mses_11_nobody_kills_the_own_session() {
    play(
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.session.kill", [$root]]
        root < [8, 48, 1, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 2, {}, "wamp.session.count"]
        root < [50, 2, {}, [1]]
    "#,
    );
}

#[test]
fn mses_12_the_reason_is_killed_when_none_is_given() {
    play(
        r#"
        root joins as root secret
        bob joins
        root > [48, 1, {}, "wamp.session.kill", [$bob]]
        root < [50, 1, {}]
        bob < [6, {}, "wamp.close.killed"]
        carol joins
        root > [48, 2, {}, "wamp.session.kill", [$carol], {"reason": null, "message": null}]
        root < [50, 2, {}]
        carol < [6, {}, "wamp.close.killed"]
    "#,
    );
}

#[test]
fn mses_13_the_message_stands_in_goodbye_when_there_is_one() {
    play(
        r#"
        root joins as root secret
        bob joins
        root > [48, 1, {}, "wamp.session.kill", [$bob], {"message": 5}]
        root < [8, 48, 1, {}, "wamp.error.invalid_argument", ["message: expected a string, got an integer"]]
        root > [48, 2, {}, "wamp.session.kill", [$bob], {"message": "go home"}]
        root < [50, 2, {}]
        bob < [6, {"message": "go home"}, "wamp.close.killed"]
        carol joins
        root > [48, 3, {}, "wamp.session.kill", [$carol]]
        root < [50, 3, {}]
        carol < [6, {}, "wamp.close.killed"]
    "#,
    );
}

#[test]
fn mses_14_a_reason_that_is_no_uri_kills_nobody() {
    play(
        r#"
        root joins as root secret
        joe joins as joe secret
        root > [48, 1, {}, "wamp.session.kill", [$joe], {"reason": "a b"}]
        root < [8, 48, 1, {}, "wamp.error.invalid_uri", [_string]]
        root > [48, 2, {}, "wamp.session.kill", [$joe], {"reason": ""}]
        root < [8, 48, 2, {}, "wamp.error.invalid_uri", [_string]]
        root > [48, 3, {}, "wamp.session.kill", [$joe], {"reason": 5}]
        root < [8, 48, 3, {}, "wamp.error.invalid_argument", [_string]]
        root > [48, 4, {}, "wamp.session.kill_by_authid", ["joe"], {"reason": "a b"}]
        root < [8, 48, 4, {}, "wamp.error.invalid_uri", [_string]]
        root > [48, 5, {}, "wamp.session.kill_by_authrole", ["user"], {"reason": "a..b"}]
        root < [8, 48, 5, {}, "wamp.error.invalid_uri", [_string]]
        root > [48, 6, {}, "wamp.session.kill_all", [], {"reason": "a#b"}]
        root < [8, 48, 6, {}, "wamp.error.invalid_uri", [_string]]
        joe > [48, 1, {}, "wamp.session.count"]
        joe < [50, 1, {}, [2]]
    "#,
    );
}

#[test]
fn mses_15_a_kill_by_authid_lists_whom_it_killed() {
    play(
        r#"
        root joins as root secret
        mia joins as mia secret
        second joins as root secret
        third joins as root secret
        root > [48, 1, {}, "wamp.session.kill_by_authid", ["mia"]]
        root < [50, 1, {}, [[$mia]]]
        mia < [6, {}, "wamp.close.killed"]
        root > [48, 2, {}, "wamp.session.kill_by_authid", ["root"],
            {"reason": "com.example.enough", "message": "you too"}]
        root < [50, 2, {}, [[$one, $other]]]
        second < [6, {"message": "you too"}, "com.example.enough"]
        third < [6, {"message": "you too"}, "com.example.enough"]
        all different $one $other $root $mia
    "#,
    );
}

#[test]
fn mses_16_a_kill_by_role_counts_whom_it_killed() {
    play(
        r#"
        root joins as root secret
        joe joins as joe secret
        jane joins as jane secret
        mia joins as mia secret
        other joins as root secret
        root > [48, 1, {}, "wamp.session.kill_by_authrole", ["user"], {"message": "no users"}]
        root < [50, 1, {}, [2]]
        joe < [6, {"message": "no users"}, "wamp.close.killed"]
        jane < [6, {"message": "no users"}, "wamp.close.killed"]
        root > [48, 2, {}, "wamp.session.kill_by_authrole", ["admin"]]
        root < [50, 2, {}, [1]]
        other < [6, {}, "wamp.close.killed"]
        mia silent
    "#,
    );
}

#[test]
fn mses_17_kill_all_counts_everybody_else() {
    play(
        r#"
        root joins as root secret
        alice joins
        joe joins as joe secret
        mia joins as mia secret
        root > [48, 1, {}, "wamp.session.kill_all", ["joe"]]
        root < [8, 48, 1, {}, "wamp.error.invalid_argument", ["takes at most 0 positional arguments, got 1"]]
        root > [48, 2, {}, "wamp.session.kill_all", [], {"reason": "com.example.closing", "message": "bye"}]
        root < [50, 2, {}, [3]]
        alice < [6, {"message": "bye"}, "com.example.closing"]
        joe < [6, {"message": "bye"}, "com.example.closing"]
        mia < [6, {"message": "bye"}, "com.example.closing"]
        root > [48, 3, {}, "wamp.session.list"]
        root < [50, 3, {}, [[$root]]]
    "#,
    );
}

#[test]
fn mses_18_no_bulk_kill_ends_the_caller() {
    play(
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.session.kill_by_authid", ["root"]]
        root < [50, 1, {}, [[]]]
        root > [48, 2, {}, "wamp.session.kill_by_authrole", ["admin"]]
        root < [50, 2, {}, [0]]
        root > [48, 3, {}, "wamp.session.kill_all"]
        root < [50, 3, {}, [0]]
        root > [48, 4, {}, "wamp.session.get", [$root]]
        root < [50, 4, {}, [_dict]]
        root silent
    "#,
    );
}

#[test]
fn mses_19_killing_nobody_is_no_error() {
    play(
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.session.kill_by_authid", ["nobody"]]
        root < [50, 1, {}, [[]]]
        root > [48, 2, {}, "wamp.session.kill_by_authrole", ["nobody"]]
        root < [50, 2, {}, [0]]
        root > [48, 3, {}, "wamp.session.kill_all"]
        root < [50, 3, {}, [0]]
    "#,
    );
}

#[test]
fn mses_20_kills_stay_in_their_realm() {
    play(
        r#"
        root joins as root secret
        here joins as joe secret
        there joins realm2 as joe secret
        root > [48, 1, {}, "wamp.session.kill", [$there]]
        root < [8, 48, 1, {}, "wamp.error.no_such_session", [_string]]
        root > [48, 2, {}, "wamp.session.kill_by_authid", ["joe"]]
        root < [50, 2, {}, [[$here]]]
        here < [6, {}, "wamp.close.killed"]
        root > [48, 3, {}, "wamp.session.kill_by_authrole", ["user"]]
        root < [50, 3, {}, [0]]
        root > [48, 4, {}, "wamp.session.kill_all"]
        root < [50, 4, {}, [0]]
        there > [48, 1, {}, "wamp.session.count"]
        there < [50, 1, {}, [1]]
    "#,
    );
}

#[test]
fn mses_21_what_a_killed_session_held_is_gone_at_once() {
    play(
        r#"
        root joins as root secret
        victim joins
        victim registers com.victim as $r
        victim subscribes com.victim.topic as $s
        bob joins
        bob calls com.victim reaching victim
        root > [48, 1, {}, "wamp.session.kill", [$victim]]
        root < [50, 1, {}]
        root > [48, 2, {}, "wamp.registration.lookup", ["com.victim"]]
        root < [50, 2, {}, [null]]
        root > [48, 3, {}, "wamp.subscription.lookup", ["com.victim.topic"]]
        root < [50, 3, {}, [null]]
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob > [48, 2, {}, "com.victim"]
        bob < [8, 48, 2, {}, "wamp.error.no_such_procedure", ...]
        victim < [6, {}, "wamp.close.killed"]
    "#,
    );
}

#[test]
fn mses_22_a_session_is_killed_once() {
    play(
        r#"
        root joins as root secret
        bob joins
        root > [48, 1, {}, "wamp.session.kill", [$bob]]
        root > [48, 2, {}, "wamp.session.kill", [$bob]]
        root > [48, 3, {}, "wamp.session.kill_by_authrole", ["guest"]]
        root > [48, 4, {}, "wamp.session.kill_all"]
        root < [50, 1, {}]
        root < [8, 48, 2, {}, "wamp.error.no_such_session", [_string]]
        root < [50, 3, {}, [0]]
        root < [50, 4, {}, [0]]
        bob < [6, {}, "wamp.close.killed"]
    "#,
    );
}

#[test]
fn mses_23_a_kill_is_told_behind_the_testament() {
    for kill in [
        r#""wamp.session.kill", [$joe]"#,
        r#""wamp.session.kill_by_authid", ["joe"]"#,
        r#""wamp.session.kill_by_authrole", ["user"]"#,
    ] {
        let text = r#"
            monitor joins
            monitor subscribes wamp.session.on_leave as $leave
            monitor subscribes com.testament as $testament
            joe joins as joe secret
            joe > [48, 1, {}, "wamp.session.add_testament", ["com.testament", ["gone"], {}]]
            joe < [50, 1, {}]
            root joins as root secret
            root > [48, 1, {}, KILL]
            root < [50, 1, {}, ...]
            joe < [6, {}, "wamp.close.killed"]
            monitor < [36, $testament, _id, {}, ["gone"]]
            monitor < [36, $leave, _id, {}, [$joe, "joe", "user"]]
            monitor silent
        "#;
        play(&text.replace("KILL", kill));
    }
}

#[test]
fn mses_24_kill_all_is_told_to_nobody() {
    play(
        r#"
        root joins as root secret
        root subscribes wamp.session. {"match": "prefix"} as $s
        root subscribes com.testament as $t
        joe joins as joe secret
        root < [36, $s, _id, {"topic": "wamp.session.on_join"}, [_dict]]
        joe > [48, 1, {}, "wamp.session.add_testament", ["com.testament", ["gone"], {}]]
        joe < [50, 1, {}]
        root > [48, 3, {}, "wamp.session.kill_all"]
        root < [50, 3, {}, [1]]
        joe < [6, {}, "wamp.close.killed"]
        joe > [6, {}, "wamp.close.goodbye_and_out"]
        joe closed
        root silent
    "#,
    );
}

#[test]
fn mses_25_a_killed_session_hears_goodbye_and_nothing_more() {
    play(
        r#"
        root joins as root secret
        bob joins
        bob subscribes com.t as $s
        root > [48, 1, {}, "wamp.session.kill", [$bob]]
        root > [16, 2, {"acknowledge": true}, "com.t", ["too late"]]
        root > [48, 3, {}, "wamp.session.kill_all"]
        root < [50, 1, {}]
        root < [17, 2, _id]
        root < [50, 3, {}, [0]]
        bob < [6, {}, "wamp.close.killed"]
        bob > [48, 2, {}, "wamp.session.count"]  # nobody hears it
        bob > [6, {}, "wamp.close.goodbye_and_out"]
        bob closed
    "#,
    );
}
