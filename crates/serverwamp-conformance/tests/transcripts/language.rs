//! The language of transcripts: some that come true, and some that must not.

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
fn set_up_stands_for_the_messages_it_leaves_out() {
    play(
        r#"
        alice joins
        beth joins
        bob joins
        alice registers com.p {"invoke": "first"} as $r
        beth registers com.p {"invoke": "first"} as $r
        bob subscribes com. {"match": "prefix"} as $s
        alice subscribes com.t as $t
        bob calls com.p [1] {"id": $r} reaching alice
        alice > [70, 1, {}, [2]]
        bob < [50, 2, {}, [2]]
        alice > [16, 3, {"acknowledge": true}, "com.t"]
        alice < [17, 3, $p]
        bob < [36, $s, $p, {"topic": "com.t"}]
        alice > [66, 4, $r]
        alice < [67, 4]
        alice says goodbye
        alice joins
        alice registers com.q as $q
        bob calls com.q reaching alice
        alice > [70, 1, {}]
        bob < [50, 3, {}]
        all different $r $q
        all different $s $t
    "#,
    );
}

#[test]
fn set_up_that_does_not_come_true_fails_with_its_line() {
    let refused = failure("alice joins app\nalice registers com.p as $r");
    assert!(refused.starts_with("line 2: alice registers com.p as $r\n"), "{refused}");
    assert!(refused.contains("$[0]: expected 65, received 8"), "{refused}");
    let joined = "alice joins\nbeth joins\nbob joins\nalice registers com.p as $r\n";
    for (line, reason) in [
        ("beth registers com.q as $r", "expected $r, which is "),
        ("beth subscribes com.t as $alice", "expected $alice, which is "),
        ("bob calls com.q reaching alice", "alice registers com.q in no line above"),
        ("bob calls com.p reaching beth", "beth registers com.p in no line above"),
        ("bob calls com.p reaching carol", "carol is not connected"),
        ("carol subscribes com.t", "carol is not connected"),
        ("bob calls com.p [$x] reaching alice", "$x stands for nothing"),
    ] {
        let failure = failure(&format!("{joined}{line}"));
        assert!(failure.starts_with(&format!("line 5: {line}\n")) && failure.contains(reason), "{failure}");
    }
}

#[test]
fn a_call_in_set_up_requires_the_whole_invocation() {
    let details = failure(
        "bob joins disclosed\ncarol joins disclosed\ncarol registers com.p\nbob calls com.p reaching carol",
    );
    assert!(details.contains("$[3].caller"), "{details}");
    let other = failure(
        r#"
        alice joins
        bob joins
        alice registers com.p
        alice subscribes com.t
        bob > [16, 1, {}, "com.t"]
        bob calls com.p reaching alice
    "#,
    );
    assert!(other.starts_with("line 7: ") && other.contains("expected 68, received 36"), "{other}");
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
