//! What a router takes away, and a router that answers nothing any more: commands say so, with the URI and the reason.

use crate::false_router::{Answers, FalseRouter, goodbye, welcome};
use crate::{PATIENCE, shell};
use serde_json::json;
use serverwamp_conformance::output;

/// A router that revokes whatever it has granted, with a reason that would move a terminal's cursor.
const REVOKING: Answers = |message| {
    let reason = "com.example.tightened\n\u{1b}[2J";
    match message[0].as_u64() {
        Some(1) => vec![welcome("joe")],
        Some(32) => {
            vec![json!([33, message[1], 7]), json!([35, 0, { "subscription": 7, "reason": reason }])]
        }
        Some(64) => {
            vec![json!([65, message[1], 8]), json!([67, 0, { "registration": 8, "reason": reason }])]
        }
        _ => goodbye(),
    }
};

/// One that gives no reason.
const WITHOUT_REASON: Answers = |message| match message[0].as_u64() {
    Some(1) => vec![welcome("joe")],
    Some(32) => vec![json!([33, message[1], 7]), json!([35, 0, { "subscription": 7 }])],
    Some(64) => vec![json!([65, message[1], 8]), json!([67, 0, { "registration": 8 }])],
    _ => goodbye(),
};

/// One that welcomes, and answers nothing after that.
const DEAF: Answers = |message| match message[0].as_u64() {
    Some(1) => vec![welcome("joe")],
    _ => Vec::new(),
};

#[track_caller]
fn fails(answers: Answers, words: &[&str], status: i32, said: &str) {
    let router = FalseRouter::start(answers);
    let finished = output::run(&mut shell(None, &router.with(words)), PATIENCE).expect("it ends by itself");
    assert_eq!((&*finished.stdout, &*finished.stderr), ("", said), "{words:?}");
    assert_eq!(finished.status.code(), Some(status), "{words:?}");
}

#[test]
fn what_is_revoked_is_named_with_the_reason() {
    let reason = "com.example.tightened\n  \\u{1b}[2J";
    for (words, what) in [
        (&["subscribe", "shop.news"][..], "the subscription to shop.news"),
        (&["subscribe", "shop.", "--match", "prefix"], "the subscription to shop."),
        (&["register", "shop.order", "--echo"], "the registration of shop.order"),
    ] {
        let said = format!("error: {what} has ended: the router took it away with {reason}\n");
        fails(REVOKING, words, 1, &said);
        fails(WITHOUT_REASON, words, 1, &format!("error: {what} has ended: the router took it away\n"));
    }
}

#[test]
fn an_event_that_a_router_may_not_have_got_is_no_success() {
    let said = "serverwamp: the router has not answered within 5 s, so it may not have got the event: --ack waits until it says that it has\n";
    fails(DEAF, &["publish", "chat", "hello"], 3, said);
}
