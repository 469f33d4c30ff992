//! Spec: basic, "Remote Procedure Calls": registering, calling, answering.

use crate::router::play;

#[test]
fn rpc_01_a_registration_is_answered_with_its_id_or_an_error() {
    play(
        r#"
        alice joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, _id]
        alice > [64, 2, {}, "com p"]
        alice < [8, 64, 2, {}, "wamp.error.invalid_uri", ...]
        bob joins app
        bob > [64, 1, {}, "com.p"]
        bob < [8, 64, 1, {}, "wamp.error.not_authorized", ["only the application registers in this realm; `Realm::allow_register` lets clients"]]
    "#,
    );
}

#[test]
fn rpc_02_nobody_registers_a_procedure_twice() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [64, 1, {}, "com.p"]
        bob < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        alice > [64, 2, {}, "com.p"]
        alice < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        bob > [48, 2, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn rpc_02_nobody_registers_what_the_application_serves() {
    play(
        r#"
        alice joins guarded
        alice > [64, 1, {}, "com.served"]
        alice < [8, 64, 1, {}, "wamp.error.procedure_already_exists", ...]
        alice > [64, 2, {"invoke": "roundrobin"}, "com.served"]
        alice < [8, 64, 2, {}, "wamp.error.procedure_already_exists", ...]
        alice > [48, 3, {}, "com.served"]
        alice < [50, 3, {}, ["by the application"]]
    "#,
    );
}

#[test]
fn rpc_03_what_is_given_up_is_free_again() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        alice > [66, 2, $r]
        alice < [67, 2]
        bob > [48, 1, {}, "com.p"]
        bob < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        bob > [64, 2, {}, "com.p"]
        bob < [65, 2, $r2]
        alice > [48, 3, {}, "com.p"]
        bob < [68, 1, $r2, {}]
        bob > [70, 1, {}]
        alice < [50, 3, {}]
    "#,
    );
}

#[test]
fn rpc_04_and_05_nobody_gives_up_what_is_not_his() {
    play(
        r#"
        alice joins
        bob joins
        alice > [66, 1, 4711]
        alice < [8, 66, 1, {}, "wamp.error.no_such_registration", ...]
        alice > [64, 2, {}, "com.p"]
        alice < [65, 2, $r]
        bob > [66, 1, $r]
        bob < [8, 66, 1, {}, "wamp.error.no_such_registration", ...]
        bob > [48, 2, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
        alice > [66, 3, $r]
        alice < [67, 3]
        alice > [66, 4, $r]
        alice < [8, 66, 4, {}, "wamp.error.no_such_registration", ...]
    "#,
    );
}

#[test]
fn rpc_06_a_call_nobody_serves_is_an_error() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "com.none"]
        alice < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        alice > [48, 2, {}, "com none"]
        alice < [8, 48, 2, {}, "wamp.error.invalid_uri", ...]
    "#,
    );
}

#[test]
fn rpc_07_and_08_a_call_reaches_its_callee_and_the_result_its_caller() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 7, {}, "com.p"]
        alice < [65, 7, $r]
        bob > [48, 42, {"_x_mine": 1}, "com.p", [1, "two", [3.5, null, true]], {"k": {"l": "\u0000AQID"}}]
        alice < [68, 1, $r, {}, [1, "two", [3.5, null, true]], {"k": {"l": "\u0000AQID"}}]
        alice > [70, 1, {"_x_other": 2}, ["\u0000/w==", {"m": []}], {"n": -1}]
        bob < [50, 42, {}, ["\u0000/w==", {"m": []}], {"n": -1}]
    "#,
    );
}

#[test]
fn rpc_09_and_10_an_error_of_the_callee_reaches_the_caller_without_its_details() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 9, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [8, 68, 1, {"_foo_bar": 1}, "com.e", [1], {"k": 2}]
        bob < [8, 48, 9, {}, "com.e", [1], {"k": 2}]
        bob > [48, 10, {}, "com.p"]
        alice < [68, 2, $r, {}]
        alice > [8, 68, 2, {}, "com.e"]
        bob < [8, 48, 10, {}, "com.e"]
    "#,
    );
}

#[test]
fn rpc_11_the_uri_of_an_error_is_any_uri_and_has_to_be_one() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [8, 68, 1, {}, "wamp.error.invalid_argument"]
        bob < [8, 48, 1, {}, "wamp.error.invalid_argument"]
        bob > [48, 2, {}, "com.p"]
        alice < [68, 2, $r, {}]
        alice > [8, 68, 2, {}, "a b"]
        alice < [3, {...}, "wamp.error.protocol_violation"]
        alice closed
        bob < [8, 48, 2, {}, "wamp.error.canceled", ...]
    "#,
    );
}

#[test]
fn rpc_12_and_21_a_call_has_one_final_answer() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}, ["first"]]
        bob < [50, 1, {}, ["first"]]
        alice > [70, 1, {}, ["second"]]
        alice > [8, 68, 1, {}, "com.third"]
        alice > [70, 1, {"progress": true}, ["fourth"]]
        alice silent
        bob silent
    "#,
    );
}

#[test]
fn rpc_13_calls_are_answered_in_any_order() {
    let mut text =
        String::from("alice joins\nbob joins\nalice > [64, 1, {}, \"com.p\"]\nalice < [65, 1, $r]\n");
    for n in 1..=100 {
        text += &format!("bob > [48, {n}, {{}}, \"com.p\", [{n}]]\n");
        text += &format!("alice < [68, {n}, $r, {{}}, [{n}]]\n");
    }
    for n in (1..=100).rev() {
        text += &format!("alice > [70, {n}, {{}}, [{n}]]\nbob < [50, {n}, {{}}, [{n}]]\n");
    }
    play(&text);
}

#[test]
fn rpc_14_a_session_calls_itself() {
    play(
        r#"
        alice joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        alice > [48, 2, {"receive_progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"receive_progress": true}, [1]]
        alice > [70, 1, {"progress": true}, [2]]
        alice < [50, 2, {"progress": true}, [2]]
        alice > [70, 1, {}, [3]]
        alice < [50, 2, {}, [3]]
        alice > [48, 3, {}, "com.p"]
        alice < [68, 2, $r, {}]
        alice lost
    "#,
    );
}

#[test]
fn rpc_15_and_16_registrations_are_told_apart_by_ids_that_stay() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p1"]
        alice < [65, 1, $r1]
        alice > [64, 2, {}, "com.p2"]
        alice < [65, 2, $r2]
        alice > [64, 3, {}, "com.p3"]
        alice < [65, 3, $r3]
        all different $r1 $r2 $r3
        bob > [48, 1, {}, "com.p2"]
        alice < [68, 1, $r2, {}]
        bob > [48, 2, {}, "com.p1"]
        alice < [68, 2, $r1, {}]
        bob > [48, 3, {}, "com.p3"]
        alice < [68, 3, $r3, {}]
        bob > [48, 4, {}, "com.p2"]
        alice < [68, 4, $r2, {}]
        alice > [70, 1, {}]
        alice > [70, 2, {}]
        alice > [70, 3, {}]
        alice > [70, 4, {}]
        bob < [50, 1, {}]
        bob < [50, 2, {}]
        bob < [50, 3, {}]
        bob < [50, 4, {}]
    "#,
    );
}

#[test]
fn rpc_17_a_callee_is_told_nothing_nobody_asked_for() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {"progress": false, "receive_progress": false, "timeout": 0, "disclose_me": false}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {"progress": false}]
        bob < [50, 1, {}]
    "#,
    );
}

#[test]
fn rpc_19_an_invocation_outlives_its_registration() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {}, "com.p"]
        alice < [65, 1, $r]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [66, 2, $r]
        alice < [67, 2]
        bob > [48, 2, {}, "com.p"]
        bob < [8, 48, 2, {}, "wamp.error.no_such_procedure", ...]
        alice > [70, 1, {}, ["late"]]
        bob < [50, 1, {}, ["late"]]
    "#,
    );
}

#[test]
fn rpc_20_every_shape_of_a_payload_passes_all_four_ways() {
    for (sent, received) in [
        ("", ""),
        (", [1, 2]", ", [1, 2]"),
        (", [], {\"k\": 1}", ", [], {\"k\": 1}"),
        (", [1], {\"k\": 2}", ", [1], {\"k\": 2}"),
        (", [], {}", ""),
    ] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice > [64, 1, {{}}, "com.p"]
            alice < [65, 1, $r]
            bob > [48, 1, {{}}, "com.p"{sent}]
            alice < [68, 1, $r, {{}}{received}]
            alice > [70, 1, {{}}{sent}]
            bob < [50, 1, {{}}{received}]
            bob > [48, 2, {{"disclose_me": true}}, "com.p"{sent}]
            alice < [68, 2, $r, {{...}}{received}]
            alice > [8, 68, 2, {{}}, "com.e"{sent}]
            bob < [8, 48, 2, {{}}, "com.e"{received}]
        "#
        ));
    }
}

#[test]
fn rpc_22_nobody_registers_what_is_the_specifications_own() {
    play(
        r#"
        alice joins
        alice > [48, 1, {}, "wamp.foo"]
        alice < [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
        alice > [64, 2, {}, "wamp.foo"]
        alice < [8, 64, 2, {}, "wamp.error.invalid_uri", ...]
        alice > [64, 3, {"match": "prefix"}, "wamp."]
        alice < [8, 64, 3, {}, "wamp.error.invalid_uri", ...]
        alice > [64, 4, {"match": "wildcard"}, "wamp..count"]
        alice < [8, 64, 4, {}, "wamp.error.invalid_uri", ...]
        alice > [64, 5, {}, "wampfoo.x"]
        alice < [65, 5, _]
    "#,
    );
}

#[test]
fn rpc_05_knowing_the_id_of_a_shared_registration_is_not_being_in_it() {
    play(
        r#"
        alice joins
        beth joins
        bob joins
        alice > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        alice < [65, 1, $r]
        beth > [64, 1, {"invoke": "roundrobin"}, "com.p"]
        beth < [65, 1, $r]
        bob > [66, 1, $r]
        bob < [8, 66, 1, {}, "wamp.error.no_such_registration", ...]
        beth > [66, 2, $r]
        beth < [67, 2]
        beth > [66, 3, $r]
        beth < [8, 66, 3, {}, "wamp.error.no_such_registration", ...]
        bob > [48, 2, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}
