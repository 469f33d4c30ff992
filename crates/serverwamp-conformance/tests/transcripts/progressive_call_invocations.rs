//! Spec: advanced, "Progressive Call Invocations". What happens when somebody leaves stands with leaving.

use crate::announced_features::dealer_announces;
use crate::router::play;

/// Two clients, and one procedure of alice's.
const SCENE: &str = r#"
        alice joins
        bob joins
        alice registers com.p as $r
"#;

#[track_caller]
fn play_scene(text: &str) {
    play(&format!("{SCENE}{text}"));
}

#[test]
fn pci_04_a_caller_that_did_not_announce_it_is_out() {
    for features in ["{}", r#"{"call_canceling": true}"#, r#"{"progressive_call_results": true}"#] {
        play(&format!(
            r#"
            alice joins
            bob joins realm1 {{"roles": {{"caller": {{"features": {features}}}}}}}
            alice registers com.p as $r
            bob > [48, 1, {{"progress": true}}, "com.p"]
            bob < [3, {{...}}, "wamp.error.protocol_violation"]
            bob closed
            alice silent
        "#
        ));
    }
}

#[test]
fn pci_05_and_22_the_router_announces_it_with_canceling() {
    play(
        r#"
        bob connects
        bob > [1, "realm1", {"roles": {"caller": {}}}]
        bob < [2, _id, {..., "roles": {..., "dealer": {..., "features": {..., "progressive_call_invocations": true, "call_canceling": true}}}}]
    "#,
    );
}

#[test]
fn pci_06_a_callee_that_cannot_take_it_is_not_asked() {
    for features in ["{}", r#"{"call_canceling": true}"#, r#"{"progressive_call_invocations": true}"#] {
        play(&format!(
            r#"
            alice joins realm1 {{"roles": {{"callee": {{"features": {features}}}, "subscriber": {{}}, "caller": {{}}}}}}
            bob joins
            alice registers com.p as $r
            bob > [48, 1, {{"progress": true}}, "com.p"]
            bob < [8, 48, 1, {{}}, "wamp.error.feature_not_supported", ...]
            alice silent
        "#
        ));
    }
}

#[test]
fn pci_01_02_and_03_all_inputs_are_one_invocation_until_the_last() {
    for last in ["{}", r#"{"progress": false}"#] {
        play_scene(&format!(
            r#"
        bob > [48, 1, {{"progress": true}}, "com.p", [1]]
        alice < [68, 1, $r, {{"progress": true}}, [1]]
        bob > [48, 1, {{"progress": true}}, "com.p", [2], {{"k": 1}}]
        alice < [68, 1, $r, {{"progress": true}}, [2], {{"k": 1}}]
        bob > [48, 1, {{"progress": true}}, "com.p"]
        alice < [68, 1, $r, {{"progress": true}}]
        bob > [48, 1, {last}, "com.p", [4]]
        alice < [68, 1, $r, {{}}, [4]]
        alice > [70, 1, {{}}, ["sum"]]
        bob < [50, 1, {{}}, ["sum"]]
        bob > [48, 2, {{}}, "com.p"]
        alice < [68, 2, $r, {{}}]
        alice > [70, 2, {{}}]
        bob < [50, 2, {{}}]
    "#
        ));
    }
}

#[test]
fn pci_07_of_several_callees_one_gets_all_inputs_of_a_call() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "roundrobin"} as $r
        carol registers com.p {"invoke": "roundrobin"} as $r
        bob > [48, 1, {"progress": true}, "com.p", ["a1"]]
        alice < [68, 1, $r, {"progress": true}, ["a1"]]
        bob > [48, 2, {"progress": true}, "com.p", ["c1"]]
        carol < [68, 1, $r, {"progress": true}, ["c1"]]
        bob > [48, 1, {"progress": true}, "com.p", ["a2"]]
        alice < [68, 1, $r, {"progress": true}, ["a2"]]
        bob > [48, 2, {"progress": true}, "com.p", ["c2"]]
        carol < [68, 1, $r, {"progress": true}, ["c2"]]
        bob > [48, 2, {}, "com.p", ["c3"]]
        carol < [68, 1, $r, {}, ["c3"]]
        bob > [48, 1, {}, "com.p", ["a3"]]
        alice < [68, 1, $r, {}, ["a3"]]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        carol > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn pci_08_inputs_follow_the_first_whatever_is_registered_meanwhile() {
    play_scene(
        r#"
        carol joins
        bob > [48, 1, {"progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        alice > [66, 2, $r]
        alice < [67, 2]
        carol registers com.p as $r2
        bob > [48, 1, {}, "com.p", [2]]
        alice < [68, 1, $r, {}, [2]]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        carol silent
    "#,
    );
}

#[test]
fn pci_10_and_16_what_comes_behind_the_answer_is_passed_over() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        alice > [70, 1, {}, ["enough"]]
        bob < [50, 1, {}, ["enough"]]
        bob > [48, 1, {"progress": true}, "com.p", [2]]
        bob > [48, 1, {"progress": true}, "com.p", [3]]
        bob > [48, 1, {}, "com.p", [4]]
        bob silent
        alice silent
        bob > [48, 2, {"progress": true}, "com.p", [1]]
        alice < [68, 2, $r, {"progress": true}, [1]]
        alice > [8, 68, 2, {}, "com.e"]
        bob < [8, 48, 2, {}, "com.e"]
        bob > [48, 2, {}, "com.p", [2]]
        bob silent
        alice silent
    "#,
    );
}

#[test]
fn pci_11_the_options_of_the_first_call_are_those_of_all() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true, "disclose_me": true, "receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"progress": true, "receive_progress": true, "caller": $bob, "caller_authid": $bob.authid, "caller_authrole": "guest"}]
        bob > [48, 1, {"progress": true}, "com.p"]
        alice < [68, 1, $r, {"progress": true, "receive_progress": true, "caller": $bob, "caller_authid": $bob.authid, "caller_authrole": "guest"}]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true, "caller": $bob, "caller_authid": $bob.authid, "caller_authrole": "guest"}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        bob > [48, 2, {"progress": true}, "com.p"]
        alice < [68, 2, $r, {"progress": true}]
        bob > [48, 2, {"disclose_me": true, "receive_progress": true, "timeout": 1, "ppt_scheme": "x_late"}, "com.p"]
        alice < [68, 2, $r, {}]
        alice > [70, 2, {"progress": true}]
        alice > [70, 2, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn pci_12_13_and_14_streams_and_other_requests_run_side_by_side() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true}, "com.p", ["a1"]]
        alice < [68, 1, $r, {"progress": true}, ["a1"]]
        bob > [16, 2, {}, "com.t"]
        bob > [48, 3, {"progress": true}, "com.p", ["b1"]]
        alice < [68, 2, $r, {"progress": true}, ["b1"]]
        bob > [48, 1, {"progress": true}, "com.p", ["a2"]]
        alice < [68, 1, $r, {"progress": true}, ["a2"]]
        bob > [48, 4, {}, "com.p", ["plain"]]
        alice < [68, 3, $r, {}, ["plain"]]
        bob > [48, 3, {}, "com.p", ["b2"]]
        alice < [68, 2, $r, {}, ["b2"]]
        bob > [48, 1, {}, "com.p", ["a3"]]
        alice < [68, 1, $r, {}, ["a3"]]
        alice > [70, 3, {}]
        bob < [50, 4, {}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
        alice > [70, 2, {}]
        bob < [50, 3, {}]
    "#,
    );
}

#[test]
fn pci_17_a_call_that_takes_no_input_takes_none() {
    play_scene(
        r#"
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        bob > [48, 1, {}, "com.p"]
        bob < [3, {...}, "wamp.error.protocol_violation"]
        bob closed
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn pci_18_an_input_for_another_procedure_is_none() {
    play_scene(
        r#"
        alice > [64, 2, {}, "com.q"]
        alice < [65, 2, _]
        bob > [48, 1, {"progress": true}, "com.p"]
        alice < [68, 1, $r, {"progress": true}]
        bob > [48, 1, {"progress": true}, "com.q"]
        bob < [3, {...}, "wamp.error.protocol_violation"]
        bob closed
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn pci_19_behind_the_last_input_there_is_no_other() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true}, "com.p"]
        alice < [68, 1, $r, {"progress": true}]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        bob > [48, 1, {}, "com.p"]
        bob < [3, {...}, "wamp.error.protocol_violation"]
        bob closed
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn pci_20_and_21_a_thousand_inputs_and_results_keep_their_order() {
    let mut text = String::from(SCENE);
    text += r#"
        bob > [48, 1, {"progress": true, "receive_progress": true}, "com.p", [0]]
        alice < [68, 1, $r, {"progress": true, "receive_progress": true}, [0]]
"#;
    for n in 1..=1000 {
        text += &format!("        bob > [48, 1, {{\"progress\": true}}, \"com.p\", [{n}]]\n");
    }
    for n in 1..=1000 {
        text += &format!(
            "        alice < [68, 1, $r, {{\"progress\": true, \"receive_progress\": true}}, [{n}]]\n        alice > [70, 1, {{\"progress\": true}}, [{n}]]\n"
        );
    }
    for n in 1..=1000 {
        text += &format!("        bob < [50, 1, {{\"progress\": true}}, [{n}]]\n");
    }
    text += r#"
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
"#;
    play(&text);
}

#[test]
fn pci_23_a_stream_can_be_canceled_and_its_rest_is_passed_over() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        bob > [49, 1, {"mode": "killnowait"}]
        bob < [8, 48, 1, {}, "wamp.error.canceled"]
        alice < [69, 1, {"mode": "killnowait"}]
        bob > [48, 1, {"progress": true}, "com.p", [2]]
        bob > [48, 1, {}, "com.p", [3]]
        bob silent
        alice silent
        bob > [48, 2, {"progress": true}, "com.p", [1]]
        alice < [68, 2, $r, {"progress": true}, [1]]
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        bob > [48, 2, {"progress": true}, "com.p", [2]]
        alice silent
        alice > [8, 68, 2, {}, "wamp.error.canceled"]
        bob < [8, 48, 2, {}, "wamp.error.canceled"]
    "#,
    );
}

#[test]
fn pci_02_what_is_asked_for_at_first_is_told_with_each_input_and_progress_with_all_but_the_last() {
    play_scene(
        r#"
        bob > [48, 1, {"progress": true, "receive_progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true, "receive_progress": true}, [1]]
        bob > [48, 1, {"progress": true}, "com.p", [2]]
        alice < [68, 1, $r, {"progress": true, "receive_progress": true}, [2]]
        bob > [48, 1, {}, "com.p", [3]]
        alice < [68, 1, $r, {"progress": absent, "receive_progress": true}, [3]]
        alice > [70, 1, {}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn pci_03_the_only_input_may_be_the_last() {
    for only in ["{}", r#"{"progress": false}"#] {
        play_scene(&format!(
            r#"
        bob > [48, 1, {only}, "com.p", [1]]
        alice < [68, 1, $r, {{}}, [1]]
        bob > [48, 1, {{"progress": true}}, "com.p", [2]]
        bob < [3, {{...}}, "wamp.error.protocol_violation"]
        bob closed
        alice < [69, 1, {{"mode": "killnowait"}}]
    "#
        ));
    }
}

#[test]
fn pci_21_two_streams_of_one_caller_keep_their_order_each() {
    let mut text = String::from(SCENE);
    for n in 1..=200 {
        let progress = if n == 200 { "" } else { "\"progress\": true" };
        for (call, name) in [(1, "a"), (2, "b")] {
            text += &format!("        bob > [48, {call}, {{{progress}}}, \"com.p\", [\"{name}\", {n}]]\n");
        }
    }
    for n in 1..=200 {
        let progress = if n == 200 { "" } else { "\"progress\": true" };
        for (call, name) in [(1, "a"), (2, "b")] {
            text += &format!("        alice < [68, {call}, $r, {{{progress}}}, [\"{name}\", {n}]]\n");
        }
    }
    text += "        alice > [70, 2, {}]\n        bob < [50, 2, {}]\n";
    text += "        alice > [70, 1, {}]\n        bob < [50, 1, {}]\n";
    play(&text);
}

#[test]
fn pci_22_it_is_announced_with_canceling() {
    for realm in ["realm1", "app"] {
        dealer_announces(realm, &["progressive_call_invocations", "call_canceling"]);
    }
}
