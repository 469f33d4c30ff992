//! Spec: basic, "Remote Procedure Calls", "Caller Leaving", "Callee Leaving": at every moment of a call.

use crate::router::play;

/// The ways in which a session ends, as lines about somebody.
const ENDINGS: [&str; 4] = [
    "WHO lost",
    "WHO says goodbye",
    "WHO > [3, {}, \"com.bye\"]\nWHO closed",
    "root > [48, 1, {}, \"wamp.session.kill\", [$WHO]]\nroot < [50, 1, {}]\nWHO < [6, {}, \"wamp.close.killed\"]\nWHO lost",
];

/// Plays a transcript once for each way to end, in the place of the line `ending of WHO`.
#[track_caller]
fn play_endings(who: &str, text: &str) {
    for ending in ENDINGS {
        // Lines that are indented deeper than the others go on with the one above.
        let ending = ending.replace("WHO", who).replace('\n', "\n        ");
        let text = text.replace(&format!("ending of {who}"), &ending);
        play(&format!("        root joins as root secret{text}"));
    }
}

#[test]
fn rpc_25_and_27_a_callee_learns_that_its_caller_has_left() {
    play_endings(
        "bob",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        ending of bob
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
}

#[test]
fn rpc_25_a_callee_that_cannot_be_interrupted_is_told_nothing() {
    play_endings(
        "bob",
        r#"
        alice joins realm1 {"roles": {"callee": {}, "subscriber": {}, "caller": {}}}
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        ending of bob
        alice silent
        alice > [70, 1, {}]
        alice silent
    "#,
    );
}

#[test]
fn rpc_26_what_a_callee_says_to_a_caller_that_left_is_passed_over() {
    play_endings(
        "bob",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob calls com.p reaching alice
        ending of bob
        alice < any of
            [69, 1, {"mode": "killnowait"}]
            [69, 2, {"mode": "killnowait"}]
        alice > [70, 1, {"progress": true}]
        alice > [70, 1, {}]
        alice > [8, 68, 2, {}, "com.e"]
        alice silent
    "#,
    );
}

#[test]
fn rpc_28_a_caller_learns_that_its_callee_has_left() {
    play_endings(
        "alice",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 7, {}, "com.p"]
        alice < [68, 1, $r, {}]
        bob calls com.p reaching alice
        ending of alice
        bob < any of
            [8, 48, 7, {}, "wamp.error.canceled", ...]
            [8, 48, 8, {}, "wamp.error.canceled", ...]
    "#,
    );
}

#[test]
fn rpc_29_a_callee_that_left_is_not_called() {
    play_endings(
        "alice",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        ending of alice
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob > [48, 2, {}, "com.p"]
        bob < [8, 48, 2, {}, "wamp.error.no_such_procedure", ...]
        bob registers com.p as $r2
    "#,
    );
}

#[test]
fn rpc_29_of_a_shared_registration_a_callee_loses_its_own_part_only() {
    play_endings(
        "alice",
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "first"} as $r
        carol registers com.p {"invoke": "first"} as $r
        bob calls com.p reaching alice
        ending of alice
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob calls com.p reaching carol
        carol > [70, 1, {}]
        bob < [50, 2, {}]
    "#,
    );
}

#[test]
fn rpc_30_when_both_have_left_nothing_is() {
    play(
        r#"
        root joins as root secret
        root subscribes wamp.session.on_leave as $leaving
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}]
        bob < [50, 1, {"progress": true}]
        bob lost
        alice < [69, 1, {"mode": "killnowait"}]
        root < [36, $leaving, _, {}, [$bob, _, _]]
        alice lost
        root < [36, $leaving, _, {}, [$alice, _, _]]
        root registers com.p
        root > [48, 3, {}, "wamp.session.count"]
        root < [50, 3, {}, [1]]
    "#,
    );
}

#[test]
fn pcr_08_leaving_in_the_middle_of_results_is_leaving() {
    play_endings(
        "bob",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
        ending of bob
        alice < [69, 1, {"mode": "killnowait"}]
        alice > [70, 1, {"progress": true}, [2]]  # PCR-09: passed over, a second INTERRUPT is optional
        alice silent
    "#,
    );
    play_endings(
        "alice",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
        ending of alice
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
    "#,
    );
}

#[test]
fn pci_09_leaving_in_the_middle_of_inputs_is_leaving() {
    play_endings(
        "bob",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        ending of bob
        alice < [69, 1, {"mode": "killnowait"}]
    "#,
    );
    play_endings(
        "alice",
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {"progress": true}, "com.p", [1]]
        alice < [68, 1, $r, {"progress": true}, [1]]
        ending of alice
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        bob > [48, 1, {"progress": true}, "com.p", [2]]
        bob > [48, 1, {}, "com.p", [3]]
        bob silent
    "#,
    );
}

#[test]
fn can_12_leaving_after_a_kill_is_leaving() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob > [49, 1, {"mode": "kill"}]
        alice < [69, 1, {"mode": "kill"}]
        alice lost
        bob < [8, 48, 1, {}, "wamp.error.canceled", ...]
        carol joins
        carol registers com.p as $r2
        bob calls com.p reaching carol
        bob > [49, 2, {"mode": "kill"}]
        carol < [69, 1, {"mode": "kill"}]
        bob lost
        carol > [70, 1, {}]
        carol silent
    "#,
    );
}

#[test]
fn rpc_27_each_call_is_interrupted_once_and_with_killnowait() {
    play_endings(
        "bob",
        r#"
        alice joins
        bob joins
        carol joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        bob calls com.p reaching alice
        bob > [49, 2, {"mode": "kill"}]
        alice < [69, 2, {"mode": "kill"}]
        bob calls com.p reaching alice
        bob > [49, 3, {"mode": "skip"}]
        bob < [8, 48, 3, {}, "wamp.error.canceled"]
        carol calls com.p reaching alice
        ending of bob
        alice < [69, 1, {"mode": "killnowait"}]
        alice silent
        alice > [70, 4, {}, ["hers goes on"]]
        carol < [50, 1, {}, ["hers goes on"]]
    "#,
    );
}
