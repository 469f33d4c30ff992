//! Spec: advanced, "Progressive Call Results". What happens when somebody leaves stands with leaving.

use crate::announced_features::dealer_announces;
use crate::router::{play, play_at};
use serverwamp::{Application, Realm};

/// A call that asks for progress, of a callee of each kind, and what that callee is told of it.
fn ask_each_kind(play: impl Fn(&str), asked_without_canceling: bool) {
    for (features, asked) in [
        (r#"{"progressive_call_results": true, "call_canceling": true}"#, true),
        (r#"{"progressive_call_results": true}"#, asked_without_canceling),
        (r#"{"call_canceling": true}"#, false),
        ("{}", false),
    ] {
        let details = if asked { r#"{"receive_progress": true}"# } else { "{}" };
        play(&format!(
            r#"
            alice joins realm1 {{"roles": {{"callee": {{"features": {features}}}, "subscriber": {{}}, "caller": {{}}}}}}
            bob joins
            alice registers com.p as $r
            bob > [48, 1, {{"receive_progress": true}}, "com.p"]
            alice < [68, 1, $r, {details}]
            alice > [70, 1, {{}}]
            bob < [50, 1, {{}}]
        "#
        ));
    }
}

#[test]
fn pcr_01_only_a_callee_that_can_is_asked_for_progress() {
    ask_each_kind(play, true);
}

#[test]
fn pcr_01_where_it_is_strict_only_a_callee_that_can_be_stopped_as_well_is_asked_for_progress() {
    ask_each_kind(|text| play_at(strict, text), false);
}

/// A router that keeps to the letter of PCR-01.
fn strict() -> Application {
    let realm = Realm::router("realm1").allow_anonymous("guest");
    let strict =
        Application::builder().limits(|limits| limits.strict_progressive_results = true).realm(realm);
    strict.build().expect("a sound configuration")
}

/// A callee as autobahn-js is: it has progress, and cannot be stopped.
const UNSTOPPABLE: &str = r#"
        alice joins realm1 {"roles": {"caller": {}, "callee": {"features": {"progressive_call_results": true}}}}
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true OPTIONS}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
"#;

// PCR-05, PCR-09
#[test]
fn can_13_who_cannot_be_stopped_is_not_and_what_it_says_when_the_call_is_over_is_dropped() {
    for (options, end) in [
        ("", r#"bob > [49, 1, {"mode": "killnowait"}]"#),
        ("", r#"bob > [49, 1, {"mode": "kill"}]"#),
        ("", r#"bob > [49, 1, {"mode": "skip"}]"#),
        ("", r#"bob > [49, 1, {}]"#),
        (r#", "timeout": 50"#, ""),
    ] {
        let error = if options.is_empty() { "wamp.error.canceled" } else { "wamp.error.timeout" };
        let begun = UNSTOPPABLE.replace(" OPTIONS", options);
        play(&format!(
            r#"
{begun}
        {end}
        bob < [8, 48, 1, {{}}, "{error}", ...]
        alice silent
        alice > [70, 1, {{"progress": true}}, [2]]
        alice > [70, 1, {{}}, [3]]
        alice > [70, 1, {{"progress": true}}, [4]]
        alice silent
        bob silent
        bob > [48, 2, {{"receive_progress": true}}, "com.p"]
        alice < [68, 2, $r, {{"receive_progress": true}}]
        alice > [70, 2, {{"progress": true}}, [5]]
        bob < [50, 2, {{"progress": true}}, [5]]
        alice > [8, 68, 2, {{}}, "com.e"]
        bob < [8, 48, 2, {{}}, "com.e"]
    "#
        ));
    }
}

// RPC-25, PCR-09
#[test]
fn pcr_08_who_cannot_be_stopped_goes_on_for_nobody_when_its_caller_has_left() {
    for leaves in ["bob says goodbye", "bob lost"] {
        let begun = UNSTOPPABLE.replace(" OPTIONS", "");
        play(&format!(
            r#"
{begun}
        {leaves}
        carol joins
        carol > [48, 1, {{}}, "wamp.session.count"]
        carol < [50, 1, {{}}, [_int]]
        alice silent
        alice > [70, 1, {{"progress": true}}, [2]]
        alice > [70, 1, {{}}, [3]]
        alice silent
        carol > [48, 2, {{"receive_progress": true}}, "com.p"]
        alice < [68, 2, $r, {{"receive_progress": true}}]
        alice > [70, 2, {{}}, [4]]
        carol < [50, 2, {{}}, [4]]
    "#
        ));
    }
}

#[test]
fn pcr_02_03_and_04_results_come_as_they_are_yielded_and_the_last_one_ends_the_call() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1], {"k": 2}]
        bob < [50, 1, {"progress": true}, [1], {"k": 2}]
        alice > [70, 1, {"progress": true}]
        bob < [50, 1, {"progress": true}]
        alice > [70, 1, {"progress": true}, ["three"]]
        bob < [50, 1, {"progress": true}, ["three"]]
        alice > [70, 1, {"progress": false}]
        bob < [50, 1, {}]
        bob > [48, 2, {"receive_progress": true}, "com.p"]
        alice < [68, 2, $r, {"receive_progress": true}]
        alice > [70, 2, {"progress": true}, [1]]
        bob < [50, 2, {"progress": true}, [1]]
        alice > [8, 68, 2, {}, "com.e", ["half done"]]
        bob < [8, 48, 2, {}, "com.e", ["half done"]]
    "#,
    );
}

#[test]
fn pcr_05_nothing_comes_behind_the_end() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        alice > [70, 1, {"progress": true}, [2]]
        bob > [48, 2, {"receive_progress": true}, "com.p"]
        alice < [68, 2, $r, {"receive_progress": true}]
        bob > [49, 2, {"mode": "skip"}]
        bob < [8, 48, 2, {}, "wamp.error.canceled"]
        alice > [70, 2, {"progress": true}, [1]]
        alice silent
        bob silent
        bob > [48, 3, {"receive_progress": true, "timeout": 50}, "com.p"]
        alice < [68, 3, $r, {"receive_progress": true}]
        bob < [8, 48, 3, {}, "wamp.error.timeout"]
        alice < [69, 3, {"mode": "killnowait"}]
        alice > [70, 3, {"progress": true}, [1]]
        bob silent
    "#,
    );
}

#[test]
fn pcr_06_a_callee_need_not_send_progress() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {}, ["all at once"]]
        bob < [50, 1, {}, ["all at once"]]
    "#,
    );
}

#[test]
fn pcr_07_progress_that_nobody_asked_for_is_dropped() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [70, 1, {"progress": true}, [1]]
        alice > [70, 1, {"progress": true}, [2]]
        alice > [70, 1, {}, [3]]
        bob < [50, 1, {}, [3]]
    "#,
    );
}

#[test]
fn pcr_09_progress_of_a_call_that_is_gone_is_passed_over() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        bob says goodbye
        alice < [69, 1, {"mode": "killnowait"}]
        alice > [70, 1, {"progress": true}, [1]]
        alice > [70, 1, {"progress": true}, [2]]
        alice silent
    "#,
    );
}

#[test]
fn ord_06_a_thousand_results_come_in_order_and_the_last_one_last() {
    let mut text = String::from(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
"#,
    );
    for n in 1..=1000 {
        text += &format!("        alice > [70, 1, {{\"progress\": true}}, [{n}]]\n");
    }
    text += "        alice > [70, 1, {}, [\"end\"]]\n";
    for n in 1..=1000 {
        text += &format!("        bob < [50, 1, {{\"progress\": true}}, [{n}]]\n");
    }
    text += "        bob < [50, 1, {}, [\"end\"]]\n";
    play(&text);
}

#[test]
fn pcr_03_however_much_progress_there_is_a_call_ends_once() {
    for (end, heard) in [
        (r#"[70, 1, {}]"#, r#"[50, 7, {}]"#),
        (r#"[70, 1, {"progress": false}, ["end"]]"#, r#"[50, 7, {}, ["end"]]"#),
        (r#"[8, 68, 1, {}, "com.e"]"#, r#"[8, 48, 7, {}, "com.e"]"#),
        // Others may not be asked any more (RER-05), so this is an end as well.
        (r#"[8, 68, 1, {}, "wamp.error.unavailable"]"#, r#"[8, 48, 7, {}, "wamp.error.unavailable"]"#),
    ] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p {{"invoke": "first"}} as $r
            bob > [48, 7, {{"receive_progress": true}}, "com.p"]
            alice < [68, 1, $r, {{"receive_progress": true}}]
            alice > [70, 1, {{"progress": true}}, [1]]
            bob < [50, 7, {{"progress": true}}, [1]]
            alice > [70, 1, {{"progress": true}}, [2]]
            bob < [50, 7, {{"progress": true}}, [2]]
            alice > {end}
            bob < {heard}
            alice > {end}
            alice > [70, 1, {{"progress": true}}, [3]]
            alice silent
            bob silent
        "#
        ));
    }
}

#[test]
fn pcr_04_each_result_has_the_shape_its_callee_gave_it() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}]
        bob < [50, 1, {"progress": true}]
        alice > [70, 1, {"progress": true}, [[1], "two"], {"k": 3}]
        bob < [50, 1, {"progress": true}, [[1], "two"], {"k": 3}]
        alice > [70, 1, {"progress": true}, [], {"k": 4}]
        bob < [50, 1, {"progress": true}, [], {"k": 4}]
        alice > [70, 1, {}, [], {"end": true}]
        bob < [50, 1, {}, [], {"end": true}]
    "#,
    );
}

#[test]
fn pcr_10_it_is_announced_with_canceling() {
    for realm in ["realm1", "app"] {
        dealer_announces(realm, &["progressive_call_results", "call_canceling"]);
    }
}
