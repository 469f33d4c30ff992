//! Fair shares: one realm does not take the calls of all others, and one caller not all places at a callee. Over WebSocket,
//! RawSocket and long-polling, on each runtime.

use std::time::{Duration, Instant};

use serde_json::json;
use serverwamp_conformance::harness::NONE;
use serverwamp_conformance::transcript::all_features;
use serverwamp_conformance::{Carrier, DEADLINE, RawPeer, Subprotocol};

use crate::place::{Process, Runtime};

const CARRIERS: [Carrier; 3] = [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll];

const UNAVAILABLE: &str = "wamp.error.unavailable";
const NETWORK_FAILURE: &str = "wamp.error.network_failure";

/// A server, and what carries the sessions of a test.
struct Scene {
    process: Process,
    carrier: Carrier,
}

impl Scene {
    fn join(&self, realm: &str) -> RawPeer {
        let mut peer = self.process.connect(self.carrier, Subprotocol::JSON);
        let welcome = peer.hello(realm, json!({ "roles": all_features() }));
        peer.welcomed(&welcome);
        peer
    }

    /// The values of these counters.
    fn counted<const N: usize>(&self, names: [&str; N]) -> [u64; N] {
        let mut peer = self.join("realm1");
        let counted = peer.call("statistics.all", NONE, NONE, NONE)[3][0].clone();
        names.map(|name| counted[name].as_u64().unwrap_or(0))
    }

    /// Waits until so many calls are unanswered.
    #[track_caller]
    fn expect_in_flight(&self, calls: u64) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let [counted] = self.counted(["calls_in_flight"]);
            if counted == calls {
                return;
            }
            assert!(Instant::now() < deadline, "{counted} calls are in flight and not {calls}");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Runs a scenario on a fresh server for each carrier.
fn over_each_carrier(runtime: Runtime, arguments: &[&str], scenario: fn(&Scene)) {
    for carrier in CARRIERS {
        scenario(&Scene { process: Process::start_with(runtime, arguments), carrier });
    }
}

/// A call that a handler or a callee does not answer.
fn keep(caller: &mut RawPeer, procedure: &str) -> u64 {
    caller.start_call(procedure, NONE, NONE, NONE)
}

/// The call ended with this error and a text with this in it.
#[track_caller]
fn expect_ended(caller: &mut RawPeer, call: u64, error: &str, text: &str) {
    let answer = caller.final_answer(call);
    let has_text = answer[5][0].as_str().is_some_and(|found| found.contains(text));
    assert!(answer[4] == error && has_text, "call {call} ended with {answer} and not {error}, {text:?}");
}

/// Nothing has answered these calls.
#[track_caller]
fn expect_unanswered(peer: &mut RawPeer) {
    peer.expect_silence_until_fence();
}

/// The callee is told that this invocation is over.
#[track_caller]
fn expect_interrupted(callee: &mut RawPeer, invocation: u64) {
    callee.find("an INTERRUPT", DEADLINE, |message| message[0] == 69 && message[1] == invocation);
}

/// A realm that is alone has all calls, another one takes them over down to half, and those answered at once are always
/// answered.
fn share_between_realms(scene: &Scene) {
    let (mut callee, mut greedy) = (scene.join("router"), scene.join("router"));
    callee.register("com.kept");
    let calls: Vec<u64> = (0..8).map(|_| keep(&mut greedy, "com.kept")).collect();
    for _ in &calls {
        callee.expect(json!([68, "$id", "$id", "$dict"]));
    }
    let mut other = scene.join("realm1");
    // A call that is answered at once needs no permit.
    assert_eq!(other.call("math.add", json!([1, 2]), NONE, NONE)[3], json!([3]));
    assert_eq!(
        scene.counted(["calls_in_flight", "calls_of_realm_refused", "calls_in_all_refused"]),
        [8, 0, 0]
    );
    // Each call that waits takes the permit of the newest one of the realm that has more than half.
    for (number, call) in calls[4..].iter().rev().enumerate() {
        keep(&mut other, "waiting.watched");
        expect_ended(&mut greedy, *call, UNAVAILABLE, "more than 4 calls of this realm");
        expect_interrupted(&mut callee, 8 - number as u64);
    }
    expect_unanswered(&mut other);
    expect_unanswered(&mut greedy);
    // One past it: both have half.
    let beyond = keep(&mut other, "waiting.watched");
    expect_ended(&mut other, beyond, UNAVAILABLE, "8 calls of all sessions");
    let beyond = keep(&mut greedy, "com.kept");
    expect_ended(&mut greedy, beyond, UNAVAILABLE, "calls");
    assert_eq!(scene.counted(["calls_in_flight"]), [8]);
    let [of_realm, in_all] = scene.counted(["calls_of_realm_refused", "calls_in_all_refused"]);
    // The last one is refused because of its realm, or when the other one's want is over, because there are no permits.
    assert!((4..=5).contains(&of_realm) && of_realm + in_all == 6, "{of_realm} and {in_all}");
    assert_eq!(other.call("math.add", json!([1, 2]), NONE, NONE)[3], json!([3]));
}

/// Calls of the application's handlers are taken over as those of clients are.
fn take_over_calls_of_handlers(scene: &Scene) {
    let mut greedy = scene.join("realm1");
    let calls: Vec<u64> = (0..8).map(|_| keep(&mut greedy, "waiting.watched")).collect();
    scene.expect_in_flight(8);
    let (mut callee, mut other) = (scene.join("router"), scene.join("router"));
    callee.register("com.served");
    for call in calls[4..].iter().rev() {
        keep(&mut other, "com.served");
        callee.expect(json!([68, "$id", "$id", "$dict"]));
        expect_ended(&mut greedy, *call, UNAVAILABLE, "more than 4 calls of this realm");
    }
    // Their handlers have gone with them.
    let deadline = Instant::now() + DEADLINE;
    while greedy.call("waiting.running", NONE, NONE, NONE)[3] != json!([4]) {
        assert!(Instant::now() < deadline, "handlers of calls that ended go on");
        std::thread::sleep(Duration::from_millis(2));
    }
    let beyond = keep(&mut other, "com.served");
    expect_ended(&mut other, beyond, UNAVAILABLE, "8 calls of all sessions");
    // A realm that has not asked for a second counts as wanting nothing: a realm that is alone has all places again.
    drop((callee, other));
    scene.expect_in_flight(4);
    let deadline = Instant::now() + DEADLINE;
    let mut more = 0;
    while more < 4 {
        assert!(Instant::now() < deadline, "a realm that is alone does not get all calls");
        keep(&mut greedy, "waiting.watched");
        let fence = greedy.start_call("math.add", json!([1, 2]), NONE, NONE);
        match greedy.receive() {
            answer if answer[1] == fence => more += 1,
            refusal => {
                assert_eq!(refusal[4], UNAVAILABLE);
                greedy.expect(json!([50, fence, {}, [3]]));
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }
}

/// A caller that is alone has all places at a callee; others take them over down to a quarter.
fn share_a_callee(scene: &Scene) {
    let (mut callee, mut greedy) = (scene.join("router"), scene.join("router"));
    let registration = callee.register("com.kept");
    let calls: Vec<u64> = (0..8).map(|_| keep(&mut greedy, "com.kept")).collect();
    for _ in &calls {
        callee.expect(json!([68, "$id", registration, "$dict"]));
    }
    // Two others get their quarter, the places of the newest calls.
    let mut others = [scene.join("router"), scene.join("router")];
    let mut invocation = 8;
    for (number, call) in calls[4..].iter().rev().enumerate() {
        keep(&mut others[number % 2], "com.kept");
        callee.find("an INVOCATION", DEADLINE, |message| message[0] == 68);
        expect_ended(&mut greedy, *call, NETWORK_FAILURE, "more than 2 calls of this caller");
        expect_interrupted(&mut callee, invocation);
        invocation -= 1;
    }
    others.iter_mut().for_each(expect_unanswered);
    // Beyond it: while others find no place, a caller that has a quarter gets no more, even if a place becomes free.
    let beyond = keep(&mut greedy, "com.kept");
    expect_ended(&mut greedy, beyond, NETWORK_FAILURE, "calls");
    let [of_caller, of_callee] = scene.counted(["invocations_of_caller_refused", "invocations_refused"]);
    assert!((4..=5).contains(&of_caller) && of_caller + of_callee == 5, "{of_caller} and {of_callee}");
    // Everybody still waits for an answer, and gets it.
    callee.send(json!([70, 1, {}, ["first"]]));
    assert_eq!(greedy.final_answer(calls[0])[3], json!(["first"]));
    callee.send(json!([70, 9, {}, ["ninth"]]));
    let answer = others[0].next(DEADLINE);
    assert!(format!("{answer:?}").contains("ninth"), "{answer:?}");
    // An answer to an invocation that ended is nobody's.
    callee.send(json!([70, 8, {}, ["late"]]));
    expect_unanswered(&mut callee);
    expect_unanswered(&mut greedy);
}

/// A call that is rerouted takes a place at the next callee as any other one does.
fn reroute_to_a_full_callee(scene: &Scene) {
    let (mut busy, mut full) = (scene.join("router"), scene.join("router"));
    let mut greedy = scene.join("router");
    full.register("com.full");
    let shared = |callee: &mut RawPeer| {
        let request = callee.next_request();
        callee.send(json!([64, request, { "invoke": "first" }, "com.shared"]));
        callee.expect(json!([65, request, "$id"]));
    };
    shared(&mut busy);
    shared(&mut full);
    let calls: Vec<u64> = (0..8).map(|_| keep(&mut greedy, "com.full")).collect();
    for _ in &calls {
        full.expect(json!([68, "$id", "$id", "$dict"]));
    }
    let mut other = scene.join("router");
    let call = keep(&mut other, "com.shared");
    let invocation = busy.expect(json!([68, "$id", "$id", "$dict"]))[1].clone();
    busy.send(json!([8, 68, invocation, {}, UNAVAILABLE]));
    let rerouted = full.find("an INVOCATION", DEADLINE, |message| message[0] == 68)[1].clone();
    expect_ended(&mut greedy, calls[7], NETWORK_FAILURE, "more than 2 calls of this caller");
    full.send(json!([70, rerouted, {}, ["served"]]));
    assert_eq!(other.final_answer(call)[3], json!(["served"]));
}

macro_rules! on_each_runtime {
    ($($tokio:ident, $smol:ident: $scenario:ident with $arguments:expr;)+) => {$(
        #[test]
        fn $tokio() {
            over_each_carrier(Runtime::Tokio, &$arguments, $scenario);
        }

        #[test]
        fn $smol() {
            over_each_carrier(Runtime::Smol, &$arguments, $scenario);
        }
    )+};
}

on_each_runtime! {
    realms_share_calls_in_flight_on_tokio, realms_share_calls_in_flight_on_smol:
        share_between_realms with ["calls_in_flight_in_all=8"];
    a_realm_takes_over_calls_of_handlers_on_tokio, a_realm_takes_over_calls_of_handlers_on_smol:
        take_over_calls_of_handlers with ["calls_in_flight_in_all=8"];
    callers_share_a_callee_on_tokio, callers_share_a_callee_on_smol:
        share_a_callee with ["invocations_in_flight=8"];
    a_rerouted_call_shares_a_callee_on_tokio, a_rerouted_call_shares_a_callee_on_smol:
        reroute_to_a_full_callee with ["invocations_in_flight=8"];
}
