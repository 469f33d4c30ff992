//! Identifiers and violations that need a router: whose ids are whose, and what nobody may take for himself.

use crate::router::play;

#[test]
fn uri_11_a_registration_for_everything_gets_no_call_of_the_routers_own() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {"match": "prefix"}, ""]
        alice < [65, 1, $all]
        alice > [64, 2, {"match": "prefix"}, "wam"]
        alice < [65, 2, _]
        alice > [64, 3, {"match": "wildcard"}, ".."]
        alice < [65, 3, _]
        bob > [48, 1, {}, "wamp.session.nope"]
        bob < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        bob > [48, 2, {}, "wampx"]
        alice < [68, 1, _, {"procedure": "wampx"}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
        carol joins plain
        carol > [64, 1, {"match": "prefix"}, ""]
        carol < [65, 1, _]
        carol > [48, 2, {}, "wamp.session.count"]
        carol < [8, 48, 2, {}, "wamp.error.no_such_procedure", ...]
    "#,
    );
}

#[test]
fn id_03_no_session_of_the_routers_own_can_be_guessed_or_killed() {
    play(
        r#"
        root joins as root secret
        root > [48, 1, {}, "wamp.session.kill", [1]]
        root < [8, 48, 1, {}, "wamp.error.no_such_session", ...]
        root > [48, 2, {}, "wamp.session.list"]
        root < [50, 2, {}, [[$root]]]
        root > [48, 3, {}, "wamp.session.count"]
        root < [50, 3, {}, [1]]
    "#,
    );
}

#[test]
fn vio_14_an_answer_for_another_sessions_invocation_answers_nothing() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice > [64, 1, {}, "com.a"]
        alice < [65, 1, $a]
        bob > [64, 1, {}, "com.b"]
        bob < [65, 1, $b]
        carol > [48, 1, {}, "com.a", [1]]
        alice < [68, 1, $a, {}, [1]]
        carol > [48, 2, {}, "com.b", [2]]
        bob < [68, 1, $b, {}, [2]]
        bob > [70, 1, {}, ["of b"]]
        carol < [50, 2, {}, ["of b"]]
        bob > [70, 1, {}, ["not of a"]]
        bob > [8, 68, 1, {}, "com.not_of_a"]
        bob silent
        carol silent
        alice > [70, 1, {}, ["of a"]]
        carol < [50, 1, {}, ["of a"]]
    "#,
    );
}

#[test]
fn vio_13_an_answer_nobody_asked_for_ends_the_session() {
    for answer in ["[70, 1, {}]", "[8, 68, 1, {}, \"com.e\"]", "[70, 1, {\"progress\": true}]"] {
        play(&format!(
            r#"
            alice joins
            alice > [64, 1, {{}}, "com.a"]
            alice < [65, 1, _]
            alice > {answer}
            alice < [3, {{...}}, "wamp.error.protocol_violation"]
            alice closed
        "#
        ));
    }
}

#[test]
fn vio_18_what_was_not_announced_is_not_to_be_used() {
    let silent = r#"{"roles": {"caller": {}, "callee": {}, "publisher": {}}}"#;
    for message in [
        r#"[48, 1, {"progress": true}, "com.a"]"#,
        r#"[48, 1, {"ppt_scheme": "x_mine"}, "com.a", ["x"]]"#,
        r#"[16, 1, {"ppt_scheme": "x_mine"}, "com.a", ["x"]]"#,
    ] {
        play(&format!(
            r#"
            alice joins realm1 {silent}
            alice > {message}
            alice < [3, {{...}}, "wamp.error.protocol_violation"]
            alice closed
        "#
        ));
    }
}
