//! `forward_for`, in which callers and publishers say on whose behalf they call and publish. Not of the specification:
//! Crossbar.io and Autobahn have it.

use crate::router::play;

/// Entries of that many sessions, each with an authid of `letters`.
fn entries(count: usize, letters: usize) -> String {
    let entry = |number: usize| {
        let authid = "x".repeat(letters);
        format!(r#"{{"session": {}, "authid": "{authid}", "authrole": ""}}"#, number + 1)
    };
    format!("[{}]", (0..count).map(entry).collect::<Vec<_>>().join(", "))
}

const JOE: &str = r#"{"session": 7, "authid": "joe", "authrole": "user"}"#;
const LINK: &str = r#"{"session": 9007199254740992, "authid": "a\u0000\u00e4", "authrole": "link"}"#;

#[test]
fn forward_for_is_a_list_of_sessions_with_authid_and_role() {
    for value in [
        r#""joe""#,
        "{}",
        "[7]",
        r#"[{"session": 7}]"#,
        r#"[{"session": 7, "authid": "joe", "authrole": 1}]"#,
    ] {
        for message in [
            format!(r#"[48, 1, {{"forward_for": {value}}}, "com.p"]"#),
            format!(r#"[16, 1, {{"forward_for": {value}}}, "com.t"]"#),
        ] {
            play(&format!(
                r#"
                alice joins
                alice > {message}
                alice < [3, {{...}}, "wamp.error.protocol_violation"]
                alice closed
            "#
            ));
        }
    }
}

#[test]
fn forward_for_of_more_than_16_entries_or_2_kib_is_refused() {
    let (many, most) = (entries(17, 128), entries(16, 128));
    let long = format!(r#"[{{"session": 1, "authid": "{}", "authrole": "x"}}]"#, "x".repeat(2048));
    play(&format!(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        alice subscribes com.t as $s
        bob > [48, 1, {{"forward_for": {many}}}, "com.p"]
        bob < [8, 48, 1, {{}}, "wamp.error.invalid_argument", ["forward_for has 17 entries, 16 are allowed"]]
        bob > [16, 2, {{"forward_for": {many}, "acknowledge": true}}, "com.t"]
        bob < [8, 16, 2, {{}}, "wamp.error.invalid_argument", ["forward_for has 17 entries, 16 are allowed"]]
        bob > [16, 3, {{"forward_for": {many}}}, "com.t"]
        bob > [48, 4, {{"forward_for": {long}}}, "com.p"]
        bob < [8, 48, 4, {{}}, "wamp.error.invalid_argument", ["forward_for has 2049 bytes of authids and roles, 2048 are allowed"]]
        bob > [16, 5, {{"forward_for": {long}, "acknowledge": true}}, "com.t"]
        bob < [8, 16, 5, {{}}, "wamp.error.invalid_argument", ["forward_for has 2049 bytes of authids and roles, 2048 are allowed"]]
        alice silent
        bob > [48, 6, {{}}, "wamp.session.add_testament", ["com.t", [], {{}}], {{"publish_options": {{"forward_for": {many}}}}}]
        bob < [8, 48, 6, {{}}, "wamp.error.invalid_argument", ["forward_for has 17 entries, 16 are allowed"]]
        bob > [48, 7, {{"forward_for": {most}}}, "com.p"]
        alice < [68, 1, $r, {{"forward_for": {most}}}]
        bob > [16, 8, {{"forward_for": {most}}}, "com.t"]
        alice < [36, $s, _, {{"forward_for": {most}}}]
    "#
    ));
}

#[test]
fn forward_for_reaches_callees_and_subscribers_as_it_came() {
    for list in [format!("[{JOE}]"), format!("[{JOE}, {LINK}]"), "[]".to_owned()] {
        play(&format!(
            r#"
            alice joins
            bob joins
            alice registers com.p as $r
            alice subscribes com.t as $s
            bob > [48, 1, {{"forward_for": {list}, "receive_progress": true}}, "com.p", [1]]
            alice < [68, 1, $r, {{"forward_for": {list}, "receive_progress": true}}, [1]]
            alice > [70, 1, {{"progress": true, "forward_for": {list}}}, [2]]
            bob < [50, 1, {{"progress": true}}, [2]]
            alice > [70, 1, {{"forward_for": {list}}}, [3]]
            bob < [50, 1, {{}}, [3]]
            bob > [16, 2, {{"forward_for": {list}}}, "com.t", [4]]
            alice < [36, $s, _, {{"forward_for": {list}}}, [4]]
            # It says nothing of the caller, and discloses nobody.
            bob > [48, 3, {{"forward_for": {list}, "disclose_me": true}}, "com.p"]
            alice < [68, 2, $r, {{"forward_for": {list}, "caller": $bob, "caller_authid": _, "caller_authrole": _}}]
            bob > [49, 3, {{"mode": "kill", "forward_for": {list}}}]
            alice < [69, 2, {{"mode": "kill"}}]
            alice > [8, 68, 2, {{"forward_for": {list}}}, "com.e"]
            bob < [8, 48, 3, {{}}, "com.e"]
        "#
        ));
    }
}

#[test]
fn forward_for_of_the_first_call_is_that_of_all_its_inputs() {
    play(&format!(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob > [48, 1, {{"progress": true, "forward_for": [{JOE}]}}, "com.p", [1]]
        alice < [68, 1, $r, {{"progress": true, "forward_for": [{JOE}]}}, [1]]
        bob > [48, 1, {{"forward_for": [{LINK}]}}, "com.p", [2]]
        alice < [68, 1, $r, {{"forward_for": [{JOE}]}}, [2]]
        alice > [70, 1, {{}}]
        bob < [50, 1, {{}}]
    "#
    ));
}

/// A link that gets an event late has to know where it has been.
#[test]
fn forward_for_is_kept_with_retained_events_histories_and_testaments() {
    play(&format!(
        r#"
        alice joins
        bob joins
        bob > [16, 1, {{"retain": true, "forward_for": [{JOE}]}}, "com.t", [1]]
        bob silent
        alice subscribes com.t {{"get_retained": true}} as $s
        alice < [36, $s, _, {{"retained": true, "forward_for": [{JOE}]}}, [1]]
        bob > [48, 2, {{}}, "wamp.session.add_testament", ["com.t", [2], {{}}], {{"publish_options": {{"forward_for": [{LINK}]}}}}]
        bob < [50, 2, {{}}]
        bob says goodbye
        alice < [36, $s, _, {{"forward_for": [{LINK}]}}, [2]]
    "#
    ));
    play(&format!(
        r#"
        alice joins settings
        bob joins settings
        bob > [48, 1, {{}}, "wamp.subscription.lookup", ["com.history.five"]]
        bob < [50, 1, {{}}, [$s]]
        alice > [16, 1, {{"acknowledge": true, "forward_for": [{JOE}]}}, "com.history.five", [1]]
        alice < [17, 1, $e]
        bob > [48, 2, {{}}, "wamp.subscription.get_events", [$s]]
        bob < [50, 2, {{}}, [{{..., "publication": $e, "details": {{..., "forward_for": [{JOE}]}}}}], {{...}}]
    "#
    ));
}

#[test]
fn other_messages_may_have_forward_for_whatever_it_is() {
    play(
        r#"
        alice joins
        bob joins
        alice > [64, 1, {"forward_for": 1}, "com.p"]
        alice < [65, 1, $r]
        alice > [32, 2, {"forward_for": "x"}, "com.t"]
        alice < [33, 2, $s]
        bob > [48, 1, {}, "com.p"]
        alice < [68, 1, $r, {}]
        alice > [70, 1, {"forward_for": [1]}, [2]]
        bob < [50, 1, {}, [2]]
    "#,
    );
}
