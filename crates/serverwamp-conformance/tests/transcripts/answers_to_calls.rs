//! Spec: basic, "Remote Procedure Calls": what comes back, to whom, and what if nothing can.

use crate::router::play;

#[test]
fn rpc_08_results_go_to_their_callers_whatever_ids_those_use() {
    play(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        bob > [48, 5, {}, "com.p", ["bob"]]
        alice < [68, 1, $r, {}, ["bob"]]
        carol > [48, 5, {}, "com.p", ["carol"]]
        alice < [68, 2, $r, {}, ["carol"]]
        alice > [70, 2, {}, ["for carol", {"big": 9007199254740992, "bytes": "\u0000AQID"}], {"k": [null]}]
        carol < [50, 5, {}, ["for carol", {"big": 9007199254740992, "bytes": "\u0000AQID"}], {"k": [null]}]
        bob silent
        alice > [70, 1, {}, ["for bob", -0.5]]
        bob < [50, 5, {}, ["for bob", -0.5]]
        carol silent
    "#,
    );
}

#[test]
fn rpc_10_of_the_details_of_an_error_only_those_that_are_known_pass() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [8, 68, 1, {"ppt_scheme": "x_mine", "_foo": 1, "progress": true, "caller": 7, "reason": "r"}, "com.e"]
        bob < [8, 48, 1, {"ppt_scheme": "x_mine"}, "com.e"]
    "#,
    );
}

#[test]
fn rpc_16_the_id_of_a_registration_stays_while_others_come_and_go() {
    let mut text = String::from(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
"#,
    );
    for call in 1..=10 {
        text += &format!(
            r#"
        alice > [64, {call}2, {{}}, "com.other{call}"]
        alice < [65, {call}2, $other{call}]
        all different $r $other{call}
        bob > [48, {call}, {{}}, "com.p"]
        alice < [68, {call}, $r, {{}}]
        alice > [70, {call}, {{}}]
        bob < [50, {call}, {{}}]
"#
        );
        if call % 2 == 0 {
            text += &format!("        alice > [66, {call}3, $other{call}]\n        alice < [67, {call}3]\n");
        }
    }
    play(&text);
}

#[test]
fn rpc_21_behind_an_error_nothing_else_is_an_answer_and_the_callee_goes_on() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [8, 68, 1, {}, "com.e"]
        bob < [8, 48, 1, {}, "com.e"]
        alice > [70, 1, {}, ["after all"]]
        alice > [8, 68, 1, {}, "com.again"]
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        alice silent
        bob silent
        bob calls com.p reaching alice
        alice > [70, 2, {}, ["as ever"]]
        bob < [50, 2, {}, ["as ever"]]
    "#,
    );
}

#[test]
fn rpc_23_what_is_in_a_payload_is_the_endpoints_own_business() {
    for payload in [
        r#"[null]"#,
        r#"[{"": {"a": [[], {}, ""]}}]"#,
        r#"["", 0, -1, 1.5, false], {"": null, "wamp.error": [true]}"#,
        r#"[["deep", [["deeper", [["deepest"]]]]]]"#,
    ] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            alice subscribes com.t as $s
            bob > [48, 1, {{}}, "com.p", {payload}]
            alice < [68, 1, $r, {{}}, {payload}]
            alice > [70, 1, {{}}, {payload}]
            bob < [50, 1, {{}}, {payload}]
            bob > [16, 2, {{"acknowledge": true}}, "com.t", {payload}]
            bob < [17, 2, $publication]
            alice < [36, $s, $publication, {{}}, {payload}]
        "#
        ));
    }
}

#[test]
fn rpc_24_for_a_callee_with_1024_calls_unanswered_there_are_no_more() {
    let mut text = String::from(
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        alice registers com.q as $q
"#,
    );
    // Each has half, and neither has to give one up.
    for call in 1..=512 {
        for (caller, invocation) in [("bob", 2 * call - 1), ("carol", 2 * call)] {
            text += &format!(
                "        {caller} > [48, {call}, {{}}, \"com.p\"]\n        alice < [68, {invocation}, $r, {{}}]\n"
            );
        }
    }
    text += r#"
        carol > [48, 513, {}, "com.p"]
        carol < [8, 48, 513, {}, "wamp.error.network_failure", ...]
        carol > [48, 514, {}, "com.q"]  # it is the callee that has too many, and not the registration
        carol < [8, 48, 514, {}, "wamp.error.network_failure", ...]
        alice silent
        alice > [70, 511, {}]
        bob < [50, 256, {}]
        carol > [48, 515, {}, "com.q"]
        alice < [68, 1025, $q, {}]
        carol > [48, 516, {}, "com.q"]
        carol < [8, 48, 516, {}, "wamp.error.network_failure", ...]
        carol > [49, 515, {"mode": "skip"}]
        carol < [8, 48, 515, {}, "wamp.error.canceled"]
        carol > [48, 517, {}, "com.q"]  # a call that is canceled makes room as well
        alice < [68, 1026, $q, {}]
        alice > [70, 1026, {}]
        carol < [50, 517, {}]
        alice lost
"#;
    let canceled = "            [8, 48, _, {}, \"wamp.error.canceled\", ...]\n";
    text += &format!("        bob < any of\n{}", canceled.repeat(511));
    text += &format!("        carol < any of\n{}", canceled.repeat(512));
    play(&text);
}
