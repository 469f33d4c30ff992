//! Races of a progressive call's further input against its answer, thousands of times.
//!
//! A caller that sends on does not know that the answer is on its way. What comes too late is passed over, it is no call of
//! its own, and when the last input is in, nothing of the call is left: its id is free.

use crate::calls_in_order::{join, register};
use crate::races::{serve, stop};
use crate::router::Router;
use serde_json::json;
use serverwamp::extract::CallInput;
use serverwamp::{Application, Realm, RouteSet};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::thread;

/// Rounds of each caller.
const ROUNDS: u64 = 2_000;

/// Callers at the same time, so that threads are busy and tasks change places.
const CALLERS: u64 = 3;

/// Inputs of a call: enough that the answer comes while they are read.
const INPUTS: u64 = 40;

/// A realm in which ids may be used again, with a procedure that answers its second input.
fn application() -> Application {
    let hasty = |mut input: CallInput| async move {
        input.next().await;
        input.next().await;
        tokio::task::yield_now().await;
        "enough"
    };
    let routes = RouteSet::new().procedure("com.hasty", hasty).procedure("com.add", || async { "other" });
    let realm = Realm::router("realm1").allow_anonymous("guest").routes(routes);
    Application::builder()
        .realm(realm)
        .limits(|limits| limits.strict_request_ids = false)
        .build()
        .expect("nothing is wrong with this realm")
}

/// Plays all rounds: each call gets one answer, and then its id serves for another call.
fn race(url: &str, procedure: &str) {
    let mut caller = RawPeer::joined(url, Subprotocol::JSON, "realm1");
    for round in 0..ROUNDS {
        let id = round % 5 + 1;
        for input in 0..INPUTS {
            let options = if input + 1 < INPUTS { json!({ "progress": true }) } else { json!({}) };
            caller.send(json!([48, id, options, procedure, [input]]));
        }
        assert_eq!(caller.receive(), json!([50, id, {}, ["enough"]]), "in round {round}");
        caller.send(json!([48, id, {}, "com.add", [], {}]));
        assert_eq!(caller.receive(), json!([50, id, {}, ["other"]]), "in round {round}");
    }
}

fn race_side_by_side(router: &Router, procedure: &str) {
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| race(router.url(), procedure));
        }
    });
}

#[test]
fn pci_10_the_applications_answer_and_further_input_leave_nothing_behind() {
    race_side_by_side(&Router::start(application()), "com.hasty");
}

#[test]
fn pci_10_a_callees_answer_and_further_input_leave_nothing_behind() {
    let router = Router::start(application());
    let mut hasty = RawPeer::connect(router.url(), Subprotocol::CBOR);
    let features = json!({ "progressive_call_invocations": true, "call_canceling": true });
    let welcome = hasty.hello("realm1", json!({ "roles": { "callee": { "features": features } } }));
    hasty.welcomed(&welcome);
    register(&mut hasty, "com.p", json!({}));
    let serving = serve(hasty, |callee, message| {
        if message[4] == json!([1]) {
            callee.send(json!([70, message[1], {}, ["enough"]]));
        }
    });
    race_side_by_side(&router, "com.p");
    let mut caller = join(&router, Subprotocol::JSON);
    stop(&mut caller, serving);
}
