//! The rig itself: transcripts that come true, and some that must not.

use crate::router::{Router, play, play_once, realms};
use serverwamp_conformance::{Tongues, Transcript};

/// Why a transcript does not come true.
fn failure(text: &str) -> String {
    let router = Router::start(realms());
    Transcript::try_in(Tongues::JSON, router.url(), text).expect_err("this must not come true")
}

#[test]
fn a_call_to_an_application_is_answered() {
    play(
        r#"
        alice joins app
        alice > [48, 1, {}, "com.add", [2, 3]]
        alice < [50, 1, {}, [5]]
        alice > [48, 2, {}, "com.add", [2,
            4]]
        alice < [50, 2, {...}, [$sum]]
        alice silent
        bob joins app {"roles": {"caller": {}}}
        bob > [48, 1, {}, "com.add", [$sum, $sum]]  # six and six
        bob < [50, 1, _, [12]]
        bob silent
        alice says goodbye
        all different $alice $bob
    "#,
    );
}

#[test]
fn messages_of_several_kinds_come_in_any_order() {
    play(
        r#"
        alice joins app
        alice > [32, 1, {}, "com.news"]
        alice > [48, 2, {}, "com.add", [2, 3]]
        alice < any of
            [50, 2, {},
                [5]]
            [33, 1, $s]
        alice > [34, 3, $s]
        alice < [35, 3]
    "#,
    );
}

#[test]
fn a_ticket_lets_in_and_a_wrong_one_does_not() {
    play_once(
        r#"
        joe joins private as joe secret
        mia connects
        mia > [1, "private", {"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "mia"}]
        mia < [4, "ticket", {}]
        mia > [5, "wrong", {}]
        mia < [3, ...]
        mia closed
        mia joins private as mia secret
        mia lost
    "#,
    );
}

#[test]
fn another_message_than_the_one_due_fails_with_the_line_and_the_conversation() {
    let failure = failure(
        r#"
        alice joins app
        alice > [48, 1, {}, "com.add", [2, 3]]
        alice < [50, 1, {}, [6]]
    "#,
    );
    assert!(failure.starts_with("line 4: alice < [50, 1, {}, [6]]\n"), "{failure}");
    assert!(failure.contains("$[3][0]: expected 6, received 5"), "{failure}");
    assert!(failure.contains("alice (wamp.2.json) → [48,1,{},\"com.add\",[2,3]]"), "{failure}");
    assert!(failure.contains("alice (wamp.2.json) ← [50,1,{},[5]]"), "{failure}");
}

#[test]
fn a_message_nobody_wrote_down_fails_at_silence_and_at_the_end() {
    let beginning = "alice joins app\nalice > [48, 1, {}, \"com.add\", [2, 3]]\n";
    let at_silence = failure(&format!("{beginning}alice silent\nalice < [50, ...]"));
    assert!(at_silence.starts_with("line 3: alice silent\n"), "{at_silence}");
    let at_the_end = failure(beginning);
    assert!(at_the_end.starts_with("at the end of the transcript\n"), "{at_the_end}");
    assert!(at_the_end.contains("received [50,1,{},[5]]"), "{at_the_end}");
}

#[test]
fn a_server_that_does_not_close_fails_a_transcript_that_says_so() {
    let failure = failure("alice joins app\nalice > [48, 1, {}, \"com.add\", [2, 3]]\nalice closed");
    assert!(failure.contains("the end is due, and [50,1,{},[5]] came"), "{failure}");
}

#[test]
fn silence_waits_for_what_others_said_before() {
    let mut text = "alice joins\nalice > [32, 1, {}, \"com.t\"]\nalice < [33, 1, _]\nbob joins\n".to_owned();
    for request in 1..50 {
        text.push_str(&format!("bob > [16, {request}, {{}}, \"com.u\"]\n"));
    }
    text.push_str("bob > [16, 50, {}, \"com.t\"]\nalice silent");
    let failure = failure(&text);
    assert!(failure.contains("alice is due nothing, and received [36,"), "{failure}");
}
