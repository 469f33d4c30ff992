//! Spec: advanced, "Call Canceling".

use crate::router::play;

/// A callee that cannot be interrupted.
const PLAIN_CALLEE: &str = r#"{"roles": {"callee": {}, "caller": {}, "subscriber": {}}}"#;

#[test]
fn can_08_a_mode_nobody_knows_ends_the_session() {
    for mode in [r#""abort""#, "7", "true"] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            bob calls com.p reaching alice
            bob > [49, 1, {{"mode": {mode}}}]
            bob < [3, {{...}}, "wamp.error.protocol_violation"]
            bob closed
            alice < [69, 1, {{"mode": "killnowait"}}]
        "#
        ));
    }
}

#[test]
fn can_09_and_10_what_is_no_call_of_the_session_cannot_be_canceled() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        carol > [49, 1, {"mode": "kill"}]
        bob calls com.p reaching alice
        carol > [49, 1, {"mode": "killnowait"}]
        carol silent
        alice silent
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob > [49, 1, {}]
        bob silent
        alice silent
    "#,
    );
}

#[test]
fn can_02_skip_answers_at_once_and_the_callee_hears_nothing() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {"mode": "skip"}]
        bob < [8, 48, 1, {}, "wamp.error.canceled"]
        alice silent
        alice > [70, 1, {}]
        bob silent
    "#,
    );
}

#[test]
fn can_03_06_and_14_killnowait_answers_at_once_and_interrupts() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob calls com.p reaching alice
        bob > [49, 2, {"mode": "killnowait"}]
        bob < [8, 48, 2, {}, "wamp.error.canceled"]
        alice < [69, 2, {"mode": "killnowait"}]
        alice > [70, 2, {}]
        bob silent
        alice > [70, 1, {}, ["goes on"]]
        bob < [50, 1, {}, ["goes on"]]
    "#,
    );
}

#[test]
fn can_04_kill_waits_for_what_the_callee_says() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {"mode": "kill"}]
        alice < [69, 1, {"mode": "kill"}]
        bob silent
        alice > [8, 68, 1, {}, "wamp.error.canceled", ["undone"]]
        bob < [8, 48, 1, {}, "wamp.error.canceled", ["undone"]]
        bob calls com.p reaching alice
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        alice > [70, 2, {}, ["was done before"]]
        bob < [50, 2, {}, ["was done before"]]
    "#,
    );
}

#[test]
fn can_05_and_13_a_callee_that_cannot_be_interrupted_is_skipped() {
    for mode in ["kill", "killnowait", "skip"] {
        play(&format!(
            r#"
            alice joins realm1 {PLAIN_CALLEE}
            bob joins
            alice registers com.p as $r
            bob calls com.p reaching alice
            bob > [49, 1, {{"mode": "{mode}"}}]
            bob < [8, 48, 1, {{}}, "wamp.error.canceled"]
            alice silent
            alice > [70, 1, {{}}]
            alice silent
            bob silent
        "#
        ));
    }
}

#[test]
fn can_07_without_a_mode_it_is_killnowait() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {}]
        bob < [8, 48, 1, {}, "wamp.error.canceled"]
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn can_11_canceling_again_changes_nothing_or_stops_waiting() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {"mode": "killnowait"}]
        bob > [49, 1, {"mode": "killnowait"}]
        bob > [49, 1, {"mode": "kill"}]
        bob < [8, 48, 1, {}, "wamp.error.canceled"]
        alice < [69, 1, {"mode": "killnowait"}]
        alice silent
        bob calls com.p reaching alice
        bob > [49, 2, {"mode": "kill"}]
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        bob silent
        bob > [49, 2, {"mode": "skip"}]
        bob < [8, 48, 2, {}, "wamp.error.canceled"]
        alice silent
        alice > [70, 2, {}]
        bob silent
    "#,
    );
}

#[test]
fn can_15_a_cancel_is_no_request_of_its_own() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {}, "com.p"]
        bob > [49, 1, {}]
        bob > [16, 2, {"acknowledge": true}, "com.t"]
        alice < [68, 1, $r, {}]
        alice < [69, 1, {"mode": "killnowait"}]
        bob < any of
            [8, 48, 1, {}, "wamp.error.canceled"]
            [17, 2, _]
    "#,
    );
}

#[test]
fn can_17_a_cancel_that_comes_too_late_is_passed_over() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
        bob > [49, 1, {"mode": "kill"}]
        alice < [69, 1, {"mode": "kill"}]
        alice > [70, 1, {"progress": true}, [2]]
        bob silent
        alice > [70, 1, {}, [3]]
        bob < [50, 1, {}, [3]]
        bob > [49, 1, {"mode": "kill"}]
        bob silent
        alice silent
    "#,
    );
}

#[test]
fn can_18_who_did_not_announce_canceling_may_cancel() {
    play(
        r#"
        alice joins
        bob joins realm1 {"roles": {"caller": {}, "subscriber": {}}}
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {}]
        bob < [8, 48, 1, {}, "wamp.error.canceled"]
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn can_19_without_an_answer_a_kill_lasts_until_somebody_leaves() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {"mode": "kill"}]
        alice < [69, 1, {"mode": "kill"}]
        bob silent
        alice says goodbye
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
    "#,
    );
}

#[test]
fn can_06_the_error_has_the_id_of_the_call_and_nothing_else_in_it() {
    for cancel in [r#"{"mode": "skip"}"#, r#"{"mode": "killnowait"}"#, "{}"] {
        play(&format!(
            r#"
            alice joins realm1 {PLAIN_CALLEE}
            bob joins
            alice registers com.p as $r
            bob > [48, 77, {{"receive_progress": true, "disclose_me": true}}, "com.p", [1]]
            alice < [68, 1, $r, {{}}, [1]]
            bob > [49, 77, {cancel}]
            bob < [8, 48, 77, {{}}, "wamp.error.canceled"]
        "#
        ));
    }
}

#[test]
fn can_10_the_same_id_in_another_session_is_another_call() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        carol calls com.p reaching alice
        carol > [49, 1, {"mode": "killnowait"}]
        carol < [8, 48, 1, {}, "wamp.error.canceled"]
        alice < [69, 2, {"mode": "killnowait"}]
        bob silent
        alice > [70, 1, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn can_13_whatever_a_callee_says_too_late_is_passed_over_and_it_goes_on() {
    for (mode, interrupt) in [("skip", ""), ("killnowait", r#"alice < [69, 1, {"mode": "killnowait"}]"#)] {
        for late in [r#"[70, 1, {"progress": true}, [1]]"#, "[70, 1, {}, [2]]", r#"[8, 68, 1, {}, "com.e"]"#]
        {
            play(&format!(
                r#"
            alice joins
            bob joins
            alice registers com.p as $r
            bob > [48, 1, {{"receive_progress": true}}, "com.p"]
            alice < [68, 1, $r, {{"receive_progress": true}}]
            bob > [49, 1, {{"mode": "{mode}"}}]
            bob < [8, 48, 1, {{}}, "wamp.error.canceled"]
            {interrupt}
            alice > {late}
            alice > {late}
            alice silent
            bob silent
            bob > [48, 2, {{}}, "com.p"]
            alice < [68, 2, $r, {{}}]
            alice > [70, 2, {{}}]
            bob < [50, 2, {{}}]
        "#
            ));
        }
    }
}

#[test]
fn can_14_an_interrupt_has_the_id_its_callee_knows() {
    play(
        r#"
        alice joins
        beth joins
        bob joins
        alice registers com.p as $p
        beth registers com.q as $q
        bob > [48, 10, {}, "com.p"]
        alice < [68, 1, $p, {}]
        bob calls com.q reaching beth
        bob calls com.p reaching alice
        bob > [49, 12, {"mode": "killnowait"}]
        alice < [69, 2, {"mode": "killnowait"}]
        bob < [8, 48, 12, {}, "wamp.error.canceled"]
        bob > [49, 11, {"mode": "killnowait"}]
        beth < [69, 1, {"mode": "killnowait"}]
        bob < [8, 48, 11, {}, "wamp.error.canceled"]
        alice > [70, 1, {}]
        bob < [50, 10, {}]
    "#,
    );
}

#[test]
fn can_01_a_cancel_of_any_mode_has_no_answer_but_the_one_of_the_call() {
    for mode in ["skip", "kill", "killnowait"] {
        let interrupt = match mode {
            "skip" => String::new(),
            _ => format!(r#"alice < [69, 1, {{"mode": "{mode}"}}]"#),
        };
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            bob calls com.p reaching alice
            bob > [49, 1, {{"mode": "{mode}"}}]
            {interrupt}
            alice > [8, 68, 1, {{}}, "wamp.error.canceled"]
            bob < [8, 48, 1, {{}}, "wamp.error.canceled"]
            bob silent
            alice silent
        "#
        ));
    }
}
