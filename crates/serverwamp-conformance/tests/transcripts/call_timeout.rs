//! Spec: advanced, "Call Timeout". Times are in milliseconds; a message that is due has seconds to come.

use crate::announced_features::dealer_announces;
use crate::router::{play, play_once};

/// A callee without a feature of the advanced profile.
const PLAIN_CALLEE: &str = r#"{"roles": {"callee": {}, "caller": {}, "subscriber": {}}}"#;

#[test]
fn tmo_10_what_is_no_number_of_milliseconds_ends_the_session() {
    for timeout in ["-1", "\"5\"", "1.5", "true"] {
        play(&format!(
            r#"
            bob joins
            bob > [48, 1, {{"timeout": {timeout}}}, "com.p"]
            bob < [3, {{...}}, "wamp.error.protocol_violation"]
            bob closed
        "#
        ));
    }
}

#[test]
fn tmo_01_without_a_timeout_a_call_waits() {
    play_once(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"timeout": 0}, "com.p"]
        alice < [68, 1, $r, {}]
        bob calls com.p reaching alice
        bob > [48, 3, {"timeout": 200}, "com.p"]  # whose end is the clock of this test
        alice < [68, 3, $r, {}]
        bob < [8, 48, 3, {}, "wamp.error.timeout"]
        alice < [69, 3, {"mode": "killnowait"}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        alice > [70, 2, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn tmo_02_03_and_04_a_silent_callee_is_interrupted_and_its_answer_comes_too_late() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"timeout": 50}, "com.p"]
        alice < [68, 1, $r, {}]
        bob < [8, 48, 1, {}, "wamp.error.timeout"]
        alice < [69, 1, {"mode": "killnowait"}]
        alice > [70, 1, {}]
        bob silent
        alice silent
    "#,
    );
}

#[test]
fn tmo_04_a_callee_that_cannot_be_interrupted_is_skipped() {
    play(&format!(
        r#"
        alice joins realm1 {PLAIN_CALLEE}
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {{"timeout": 50}}, "com.p"]
        alice < [68, 1, $r, {{}}]
        bob < [8, 48, 1, {{}}, "wamp.error.timeout"]
        alice > [70, 1, {{}}]
        alice silent
        bob silent
    "#
    ));
}

#[test]
fn tmo_05_a_callee_that_wants_to_and_can_keeps_the_time_itself() {
    for (roles, forward, told) in
        [("", true, true), ("", false, false), (PLAIN_CALLEE, true, false), (PLAIN_CALLEE, false, false)]
    {
        let realm = if roles.is_empty() { "" } else { "realm1" };
        let (detail, end) = match told {
            // Nobody but the callee ends it.
            true => (
                r#"{"timeout": 60}"#,
                r#"alice > [8, 68, 1, {}, "com.gave_up"]
            bob < [8, 48, 1, {}, "com.gave_up"]"#,
            ),
            false if roles.is_empty() => (
                "{}",
                r#"bob < [8, 48, 1, {}, "wamp.error.timeout"]
            alice < [69, 1, {"mode": "killnowait"}]"#,
            ),
            false => ("{}", r#"bob < [8, 48, 1, {}, "wamp.error.timeout"]"#),
        };
        play_once(&format!(
            r#"
            alice joins {realm} {roles}
            carol joins
            bob joins
            alice registers com.p {{"forward_timeout": {forward}}} as $r
            carol registers com.clock as $c
            bob > [48, 1, {{"timeout": 60}}, "com.p"]
            alice < [68, 1, $r, {detail}]
            root joins
            root > [48, 1, {{"timeout": 200}}, "com.clock"]  # when this is over, the other would be
            carol < [68, 1, $c, {{}}]
            root < [8, 48, 1, {{}}, "wamp.error.timeout"]
            carol < [69, 1, {{"mode": "killnowait"}}]
            {end}
        "#
        ));
    }
}

#[test]
fn tmo_06_the_realm_may_decide_who_keeps_the_time() {
    play_once(
        r#"
        alice joins settings
        bob joins settings
        alice registers com.forwarded.p as $f
        alice registers com.unforwarded.p {"forward_timeout": true} as $u
        bob > [48, 1, {"timeout": 100}, "com.forwarded.p"]
        alice < [68, 1, $f, {"timeout": 100}]
        bob > [48, 2, {"timeout": 100}, "com.unforwarded.p"]
        alice < [68, 2, $u, {}]
        bob < [8, 48, 2, {}, "wamp.error.timeout"]
        alice < [69, 2, {"mode": "killnowait"}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn tmo_07_a_timeout_the_callee_tells_is_an_error_like_any() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p {"forward_timeout": true} as $r
        bob > [48, 1, {"timeout": 5000}, "com.p"]
        alice < [68, 1, $r, {"timeout": 5000}]
        alice > [8, 68, 1, {}, "wamp.error.timeout", ["by me"]]
        bob < [8, 48, 1, {}, "wamp.error.timeout", ["by me"]]
    "#,
    );
}

#[test]
fn tmo_08_progress_begins_the_time_anew() {
    // Five calls of another procedure, each 100 ms long, are the clock: together they last longer than the timeout.
    let mut text = String::from(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        carol registers com.clock as $c
        bob > [48, 100, {"timeout": 300, "receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
"#,
    );
    for n in 1..=5 {
        text += &format!(
            r#"
        bob > [48, {n}, {{"timeout": 100}}, "com.clock"]
        carol < [68, {n}, $c, {{}}]
        bob < [8, 48, {n}, {{}}, "wamp.error.timeout"]
        carol < [69, {n}, {{"mode": "killnowait"}}]
        alice > [70, 1, {{"progress": true}}, [{n}]]
        bob < [50, 100, {{"progress": true}}, [{n}]]
"#
        );
    }
    text += r#"
        bob < [8, 48, 100, {}, "wamp.error.timeout"]
        alice < [69, 1, {"mode": "killnowait"}]
"#;
    play_once(&text);
}

#[test]
fn tmo_09_of_several_inputs_the_first_says_how_long() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"timeout": 80, "progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        bob > [48, 1, {"timeout": 60000}, "com.p", [2]]
        alice < [68, 1, $r, {}, [2]]
        bob < [8, 48, 1, {}, "wamp.error.timeout"]
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn tmo_12_each_callee_of_a_shared_registration_has_its_own_wish() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "roundrobin", "forward_timeout": true} as $r
        carol registers com.p {"invoke": "roundrobin"} as $r
        bob > [48, 1, {"timeout": 60000}, "com.p"]
        alice < [68, 1, $r, {"timeout": 60000}]
        bob > [48, 2, {"timeout": 60000}, "com.p"]
        carol < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        carol > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn tmo_13_and_can_16_a_call_that_is_over_does_not_time_out() {
    play_once(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"timeout": 50}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob > [48, 2, {"timeout": 50}, "com.p"]
        alice < [68, 2, $r, {}]
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        alice > [8, 68, 2, {}, "wamp.error.canceled"]
        bob < [8, 48, 2, {}, "wamp.error.canceled"]
        carol joins
        carol > [48, 1, {"timeout": 50}, "com.p"]
        alice < [68, 3, $r, {}]
        carol lost
        alice < [69, 3, {"mode": "killnowait"}]
        bob > [48, 1, {}, "com.p"]  # the id of a call that is over; its old deadline is not this one's
        alice < [68, 4, $r, {}]
        bob > [48, 3, {"timeout": 200}, "com.p"]
        alice < [68, 5, $r, {}]
        bob < [8, 48, 3, {}, "wamp.error.timeout"]
        alice < [69, 5, {"mode": "killnowait"}]
        alice > [70, 4, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn can_17_a_timeout_ends_the_wait_for_a_kill() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"timeout": 100}, "com.p"]
        alice < [68, 1, $r, {}]
        bob > [49, 1, {"mode": "kill"}]
        alice < [69, 1, {"mode": "kill"}]
        bob < [8, 48, 1, {}, "wamp.error.timeout"]
        alice silent
        alice > [70, 1, {}]
        bob silent
    "#,
    );
}

#[test]
fn can_16_a_call_that_was_canceled_in_time_does_not_time_out_as_well() {
    for (mode, interrupt) in [("skip", ""), ("killnowait", r#"alice < [69, 1, {"mode": "killnowait"}]"#)] {
        play_once(&format!(
            r#"
            alice joins
            carol joins
            bob joins
            alice registers com.p as $r
            carol registers com.clock as $c
            bob > [48, 1, {{"timeout": 100}}, "com.p"]
            alice < [68, 1, $r, {{}}]
            bob > [49, 1, {{"mode": "{mode}"}}]
            bob < [8, 48, 1, {{}}, "wamp.error.canceled"]
            {interrupt}
            bob > [48, 2, {{"timeout": 200}}, "com.clock"]  # when this is over, the other would be
            carol < [68, 1, $c, {{}}]
            bob < [8, 48, 2, {{}}, "wamp.error.timeout"]
            carol < [69, 1, {{"mode": "killnowait"}}]
            bob silent
            alice silent
        "#
        ));
    }
}

#[test]
fn tmo_03_behind_patterns_and_among_several_callees_it_is_the_same_error() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com..p {"match": "wildcard", "invoke": "last"} as $r
        bob > [48, 31, {"timeout": 50, "receive_progress": true}, "com.x.p", [1], {"k": 2}]
        alice < [68, 1, $r, {"receive_progress": true, "procedure": "com.x.p"}, [1], {"k": 2}]
        bob < [8, 48, 31, {}, "wamp.error.timeout"]
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn tmo_11_it_is_announced() {
    for realm in ["realm1", "app"] {
        dealer_announces(realm, &["call_timeout"]);
    }
}
