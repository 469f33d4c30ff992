//! What is kept for those who do not take it is bounded, and running into the bound is an answer.

use crate::application_as_peer::Scene;
use serde_json::{Value, json};
use serverwamp::extract::CallInput;
use serverwamp_conformance::{RawPeer, Subprotocol};

/// A payload of which seventeen are more than is kept on behalf of a session (1 MiB in these tests).
fn heavy() -> Value {
    json!("x".repeat(63_000))
}

/// Serves `com.deaf`, which takes no input but the first.
fn deaf(scene: &Scene) -> serverwamp::Registration {
    let handler = |mut input: CallInput| async move {
        input.next().await;
        std::future::pending::<()>().await;
    };
    scene.realm.register("com.deaf", handler).expect("nobody serves it")
}

#[test]
fn inputs_that_a_handler_does_not_take_end_the_call() {
    for (payload, least) in [(json!(1), 256), (heavy(), 16)] {
        let scene = Scene::new();
        let _guard = deaf(&scene);
        let mut caller = scene.client(Subprotocol::JSON);
        for _ in 0..least {
            caller.send(json!([48, 1, { "progress": true }, "com.deaf", [payload]]));
        }
        // So far all is well: another call is answered, and this one is not.
        caller.fence_dealer();
        for _ in 0..3 {
            caller.send(json!([48, 1, { "progress": true }, "com.deaf", [payload]]));
        }
        let answer = caller.receive();
        assert_eq!(
            (&answer[0], &answer[2], &answer[4]),
            (&json!(8), &json!(1), &json!("wamp.error.network_failure"))
        );
        // What was kept for it is free again.
        for _ in 0..least {
            caller.send(json!([48, 2, { "progress": true }, "com.deaf", [payload]]));
        }
        caller.fence_dealer();
    }
}

#[test]
fn rer_01_beyond_what_is_kept_for_a_caller_its_calls_are_not_rerouted() {
    const CALLS: u64 = 20;
    let scene = Scene::new();
    let mut callees: Vec<RawPeer> = (0..2)
        .map(|_| {
            let mut peer = scene.client(Subprotocol::JSON);
            peer.send(json!([64, 1, { "invoke": "first" }, "com.shared"]));
            assert_eq!(peer.receive()[0], 65);
            peer
        })
        .collect();
    let (second, first) = (callees.pop().unwrap(), callees.pop().unwrap());
    let (mut first, mut second) = (first, second);
    let mut caller = scene.client(Subprotocol::JSON);
    for call in 1..=CALLS {
        caller.send(json!([48, call, {}, "com.shared", [heavy()]]));
        assert_eq!(first.receive()[1], call);
    }
    // The last one is beyond what is kept, the first one is not.
    first.send(json!([8, 68, CALLS, {}, "wamp.error.unavailable"]));
    assert_eq!(caller.receive()[4], "wamp.error.no_available_callee");
    first.send(json!([8, 68, 1, {}, "wamp.error.unavailable"]));
    let rerouted = second.receive();
    assert_eq!((&rerouted[0], &rerouted[4][0]), (&json!(68), &heavy()));
    // With the calls their arguments go, and the next ones are kept again.
    second.send(json!([70, rerouted[1], {}]));
    for call in 2..CALLS {
        first.send(json!([70, call, {}]));
    }
    for _ in 1..CALLS {
        assert_eq!(caller.receive()[0], 50);
    }
    caller.send(json!([48, 100, {}, "com.shared", [heavy()]]));
    let again = first.receive();
    first.send(json!([8, 68, again[1], {}, "wamp.error.unavailable"]));
    assert_eq!(second.receive()[0], 68);
}

#[test]
fn progressive_results_the_application_does_not_take_end_the_call() {
    let scene = Scene::new();
    let (mut callee, _) = scene.callee(Subprotocol::CBOR);
    let results = scene.realm.call("com.client", ()).progressive();
    assert_eq!(callee.receive()[0], 68);
    for number in 0..1100 {
        callee.send(json!([70, 1, { "progress": true }, [number]]));
    }
    callee.expect(json!([69, 1, { "mode": "killnowait" }]));
    let error = scene.runtime.block_on(results.finish()).expect_err("it was given up");
    assert_eq!(error.uri(), "wamp.error.network_failure");
    callee.fence_dealer();
}

#[test]
fn events_the_application_does_not_take_are_bounded_in_bytes_too() {
    let scene = Scene::new();
    let mut events = scene.realm.subscribe("com.t").expect("it is a topic");
    for _ in 0..100 {
        scene.realm.publish("com.t", heavy()).expect("it is a topic");
    }
    // 4 MiB hold 66 of them.
    assert_eq!(events.lost(), 34);
    assert_eq!(std::iter::from_fn(|| events.try_recv()).count(), 66);
}
