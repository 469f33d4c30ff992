//! Calls of the application and of other clients.

use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, RawPeer};

use crate::place::At;
use serverwamp_conformance::harness::NONE;

/// Arguments reach the application by position and by name.
pub(crate) fn call_by_position_and_by_keyword(at: At<'_>) {
    let mut peer = at.join("realm1");
    assert_eq!(peer.call("math.add", json!([1, 2]), NONE, NONE)[3], json!([3]));
    assert_eq!(peer.call("math.add", NONE, json!({ "a": 1, "b": 3 }), NONE)[3], json!([4]));
    assert_eq!(peer.call("math.add", json!([1]), json!({ "c": 10 }), NONE)[3], json!([16]));
    let text = json!(["grüße", "\u{1F980}", "\u{0}AAEC/w==", 1.5, null, [true, { "a": [] }]]);
    assert_eq!(peer.call("echo.payload", text.clone(), NONE, NONE)[3], text);
}

/// Errors arrive with their URI, arguments and keywords.
pub(crate) fn fail(at: At<'_>) {
    let mut peer = at.join("realm1");
    let id = peer.start_call("error.full", NONE, NONE, NONE);
    peer.expect(json!([8, 48, id, {}, "com.example.full", ["text", 2], { "key": true }]));
    let unknown = peer.call("com.example.unknown", NONE, NONE, NONE);
    assert_eq!(unknown[4], "wamp.error.no_such_procedure");
    let invalid = peer.call("math.add", json!(["one"]), NONE, NONE);
    assert_eq!(invalid[4], "wamp.error.invalid_argument");
}

/// Progress arrives in order, before the result.
pub(crate) fn call_with_progress(at: At<'_>) {
    let mut peer = at.join("realm1");
    let (progress, answer) = peer.call_with_progress("progress.count", json!([5, 0]), NONE);
    let counted: Vec<&Value> = progress.iter().map(|message| &message[3][0]).collect();
    assert_eq!(counted, [5, 4, 3, 2, 1]);
    assert_eq!(answer[3], json!(["liftoff"]));
}

/// A call of the application that is canceled ends, in every mode.
pub(crate) fn cancel_a_call_of_the_application(at: At<'_>) {
    let mut peer = at.join("realm1");
    for mode in ["skip", "kill", "killnowait"] {
        let id = peer.start_call("waiting.watched", NONE, NONE, NONE);
        peer.send(json!([49, id, { "mode": mode }]));
        assert_eq!(peer.final_answer(id)[4], "wamp.error.canceled", "{mode}");
    }
    peer.expect_silence_until_fence();
}

/// `skip` leaves the callee alone, `kill` waits for it, `killnowait` does not.
pub(crate) fn cancel_a_call_of_a_client_in_every_mode(at: At<'_>) {
    let mut callee = at.join("router");
    let mut caller = at.join("router");
    callee.register("com.example.slow");
    let start = |caller: &mut RawPeer, callee: &mut RawPeer, mode: &str| {
        let call = caller.start_call("com.example.slow", NONE, NONE, NONE);
        let invocation = callee.expect(json!([68, "$id", "$id", "$dict"]))[1].clone();
        caller.send(json!([49, call, { "mode": mode }]));
        (call, invocation)
    };

    let (call, invocation) = start(&mut caller, &mut callee, "skip");
    caller.expect(json!([8, 48, call, "$dict", "wamp.error.canceled"]));
    callee.expect_silence_until_fence();
    callee.send(json!([70, invocation, {}, ["too late"]]));

    let (call, invocation) = start(&mut caller, &mut callee, "kill");
    callee.expect(json!([69, invocation, "$dict"]));
    caller.expect_silence_until_fence();
    callee.send(json!([8, 68, invocation, {}, "wamp.error.canceled", ["wound up"]]));
    caller.expect(json!([8, 48, call, {}, "wamp.error.canceled", ["wound up"]]));

    let (call, invocation) = start(&mut caller, &mut callee, "killnowait");
    caller.expect(json!([8, 48, call, "$dict", "wamp.error.canceled"]));
    callee.expect(json!([69, invocation, "$dict"]));
    callee.send(json!([8, 68, invocation, {}, "wamp.error.canceled"]));
    caller.expect_silence_until_fence();
    callee.expect_silence_until_fence();
    callee.leave();
}

/// A client serves another one: results, errors, progress.
pub(crate) fn serve_calls_of_others(at: At<'_>) {
    let mut callee = at.join("router");
    let mut caller = at.join("router");
    let registration = callee.register("com.example.served");

    let call = caller.start_call("com.example.served", json!([1, "a"]), json!({ "k": [null] }), NONE);
    let invocation = callee.expect(json!([68, "$id", registration, {}, [1, "a"], { "k": [null] }]));
    callee.send(json!([70, invocation[1], {}, [2], { "r": true }]));
    caller.expect(json!([50, call, {}, [2], { "r": true }]));

    let call = caller.start_call("com.example.served", NONE, NONE, NONE);
    let invocation = callee.expect(json!([68, "$id", registration, {}]));
    callee.send(json!([8, 68, invocation[1], {}, "com.example.failed", ["why"]]));
    caller.expect(json!([8, 48, call, {}, "com.example.failed", ["why"]]));

    let call = caller.start_call("com.example.served", NONE, NONE, json!({ "receive_progress": true }));
    let invocation = callee.expect(json!([68, "$id", registration, { "receive_progress": true }]));
    for step in 0..3 {
        callee.send(json!([70, invocation[1], { "progress": true }, [step]]));
        caller.expect(json!([50, call, { "progress": true }, [step]]));
    }
    callee.send(json!([70, invocation[1], {}, ["done"]]));
    caller.expect(json!([50, call, {}, ["done"]]));

    let request = callee.next_request();
    callee.send(json!([66, request, registration]));
    callee.expect(json!([67, request]));
    let answer = caller.call("com.example.served", NONE, NONE, NONE);
    assert_eq!(answer[4], "wamp.error.no_such_procedure");
}

/// Many calls that are under way together are all answered, each with its own result.
pub(crate) fn call_many_times_at_once(at: At<'_>) {
    let mut peer = at.join("realm1");
    let calls: Vec<u64> =
        (0..50).map(|number| peer.start_call("echo.payload", json!([number]), NONE, NONE)).collect();
    for (number, call) in calls.into_iter().enumerate().rev() {
        let answer = peer.find("an answer", DEADLINE, |message| message[1] == call);
        assert_eq!(answer[3], json!([number]));
    }
}
