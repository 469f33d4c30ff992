//! Spec: advanced, "Shared Registration".

use crate::announced_features::dealer_announces;
use crate::router::play;

/// Three callees of one procedure under a policy, and a caller.
fn scene(invoke: &str) -> String {
    format!(
        r#"
        alice joins
        beth joins
        carol joins
        bob joins
        alice > [64, 1, {{"invoke": "{invoke}"}}, "com.p"]
        alice < [65, 1, $r]
        beth > [64, 1, {{"invoke": "{invoke}"}}, "com.p"]
        beth < [65, 1, $r]
        carol > [64, 1, {{"invoke": "{invoke}"}}, "com.p"]
        carol < [65, 1, $r]
"#
    )
}

/// A call that this callee gets, as its invocation of this number.
fn served(call: u32, callee: &str, invocation: u32) -> String {
    format!(
        r#"
        bob > [48, {call}, {{}}, "com.p"]
        {callee} < [68, {invocation}, $r, {{}}]
        {callee} > [70, {invocation}, {{}}, ["{callee}"]]
        bob < [50, {call}, {{}}, ["{callee}"]]
"#
    )
}

#[test]
fn shreg_12_a_policy_nobody_knows_ends_the_session() {
    for invoke in ["\"foo\"", "1"] {
        play(&format!(
            r#"
            alice joins
            alice > [64, 1, {{"invoke": {invoke}}}, "com.p"]
            alice < [3, {{...}}, "wamp.error.protocol_violation"]
            alice closed
        "#
        ));
    }
}

#[test]
fn shreg_02_and_03_what_is_not_shared_or_shared_otherwise_is_taken() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.single"]
        alice < [65, 1, _]
        bob > [64, 1, {"invoke": "roundrobin"}, "com.single"]
        bob < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        alice > [64, 2, {"invoke": "roundrobin"}, "com.shared"]
        alice < [65, 2, $r]
        bob > [64, 2, {"invoke": "random"}, "com.shared"]
        bob < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        bob > [64, 3, {}, "com.shared"]
        bob < [8, 64, 3, {}, "wamp.error.procedure_already_exists", ...]
        bob > [64, 4, {"invoke": "roundrobin"}, "com.shared"]
        bob < [65, 4, $r]
    "#,
    );
}

#[test]
fn shreg_01_and_04_every_policy_is_taken_and_all_share_one_id() {
    for invoke in ["roundrobin", "random", "first", "last"] {
        play(&scene(invoke));
    }
    play(
        r#"
        alice joins
        alice > [64, 1, {"invoke": "single"}, "com.p"]
        alice < [65, 1, _]
    "#,
    );
}

#[test]
fn shreg_05_round_robin_goes_round_and_goes_on_when_one_leaves() {
    let mut text = scene("roundrobin");
    for (call, (callee, invocation)) in (1..).zip([
        ("alice", 1),
        ("beth", 1),
        ("carol", 1),
        ("alice", 2),
        ("beth", 2),
        ("carol", 2),
        ("alice", 3),
    ]) {
        text += &served(call, callee, invocation);
    }
    text += r#"
        beth > [66, 2, $r]
        beth < [67, 2]
"#;
    for (call, (callee, invocation)) in (8..).zip([("carol", 3), ("alice", 4), ("carol", 4), ("alice", 5)]) {
        text += &served(call, callee, invocation);
    }
    play(&text);
}

#[test]
fn shreg_07_first_and_last_hand_over() {
    let mut text = scene("first");
    text += &(served(1, "alice", 1) + &served(2, "alice", 2));
    text += "        alice > [66, 2, $r]\n        alice < [67, 2]\n";
    text += &served(3, "beth", 1);
    play(&text);
    let mut text = scene("last");
    text += &(served(1, "carol", 1) + &served(2, "carol", 2));
    text += "        carol > [66, 2, $r]\n        carol < [67, 2]\n";
    text += &served(3, "beth", 1);
    play(&text);
}

#[test]
fn shreg_08_the_last_one_frees_the_procedure() {
    let mut text = scene("first");
    text += &served(1, "alice", 1);
    text += r#"
        alice > [66, 2, $r]
        alice < [67, 2]
"#;
    text += &served(2, "beth", 1);
    text += r#"
        beth > [66, 2, $r]
        beth < [67, 2]
"#;
    text += &served(3, "carol", 1);
    text += r#"
        carol > [66, 2, $r]
        carol < [67, 2]
        bob > [48, 4, {}, "com.p"]
        bob < [8, 48, 4, {}, "wamp.error.no_such_procedure", ...]
        alice > [64, 3, {"invoke": "random"}, "com.p"]
        alice < [65, 3, _]
"#;
    play(&text);
}

#[test]
fn shreg_09_a_session_is_among_the_callees_once() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        alice < [65, 1, $r]
        alice > [64, 2, {"invoke": "roundrobin"}, "com.p"]
        alice < [65, 2, $r]
        carol > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        carol < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        bob > [48, 2, {}, "com.p"]
        carol < [68, 1, $r, {}]
        bob > [48, 3, {}, "com.p"]
        alice < [68, 2, $r, {}]
        alice > [66, 3, $r]
        alice < [67, 3]
        bob > [48, 4, {}, "com.p"]
        carol < [68, 2, $r, {}]
        bob > [48, 5, {}, "com.p"]
        carol < [68, 3, $r, {}]
        bob says goodbye
        alice < any of
            [69, 1, {...}]
            [69, 2, {...}]
        carol < any of
            [69, 1, {...}]
            [69, 2, {...}]
            [69, 3, {...}]
    "#,
    );
}

#[test]
fn shreg_10_the_meta_api_tells_of_one_registration_and_each_callee() {
    play(
        r#"
        mona joins
        mona > [32, 1, {"match": "prefix"}, "wamp.registration."]
        mona < [33, 1, $m]
        alice joins
        carol joins
        alice > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        alice < [65, 1, $r]
        mona < [36, $m, _, {"topic": "wamp.registration.on_create"}, [$alice, {..., "id": $r, "invoke": "roundrobin"}]]
        mona < [36, $m, _, {"topic": "wamp.registration.on_register"}, [$alice, $r]]
        carol > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        carol < [65, 1, $r]
        mona < [36, $m, _, {"topic": "wamp.registration.on_register"}, [$carol, $r]]
        mona > [48, 2, {}, "wamp.registration.get", [$r]]
        mona < [50, 2, {}, [{..., "invoke": "roundrobin"}]]
    "#,
    );
}

#[test]
fn shreg_04_one_id_is_one_pattern_of_one_match() {
    play(
        r#"
        alice joins
        beth joins
        alice > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        alice < [65, 1, $exact]
        beth > [64, 1, {"invoke": "roundrobin", "match": "prefix"}, "com.p"]
        beth < [65, 1, $prefix]
        beth > [64, 2, {"invoke": "roundrobin"}, "com.p"]
        beth < [65, 2, $exact]
        alice > [64, 2, {"invoke": "roundrobin", "match": "prefix"}, "com.p"]
        alice < [65, 2, $prefix]
        alice > [64, 3, {"invoke": "roundrobin"}, "com.q"]
        alice < [65, 3, $other]
        all different $exact $prefix $other
    "#,
    );
}

#[test]
fn shreg_11_it_is_announced() {
    dealer_announces("realm1", &["shared_registration"]);
}

#[test]
fn ord_07_behind_unregistered_calls_go_to_the_others() {
    let mut text = scene("roundrobin");
    text += "        alice > [66, 2, $r]\n        alice < [67, 2]\n";
    for (call, (callee, invocation)) in (1..).zip([("beth", 1), ("carol", 1), ("beth", 2), ("carol", 2)]) {
        text += &served(call, callee, invocation);
    }
    text += "        alice silent\n";
    play(&text);
}

#[test]
fn shreg_03_among_policies_only_the_same_one_is_shared() {
    const POLICIES: [&str; 5] = ["single", "roundrobin", "random", "first", "last"];
    for first in POLICIES {
        let mut text = format!(
            r#"
        alice joins
        bob joins
        alice > [64, 1, {{"invoke": "{first}"}}, "com.p"]
        alice < [65, 1, $r]
"#
        );
        for (request, second) in (1..).zip(POLICIES) {
            let answer = match second == first && first != "single" {
                true => format!("[65, {request}, $r]"),
                false => format!(r#"[8, 64, {request}, {{}}, "wamp.error.procedure_already_exists", ...]"#),
            };
            text += &format!(
                r#"
        bob > [64, {request}, {{"invoke": "{second}"}}, "com.p"]
        bob < {answer}
"#
            );
        }
        play(&text);
    }
}
