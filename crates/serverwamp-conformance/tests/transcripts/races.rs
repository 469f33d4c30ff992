//! Races of calls, thousands of times: whatever happens to a call at the same moment, it gets exactly one final answer.

use std::collections::BTreeMap;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::calls_in_order::{join, register};
use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

/// Rounds of a race among sessions that stay. So many because a call is for a hundred nanoseconds only what it should not
/// be, if it is: of a thousand rounds none may hit that.
const ROUNDS: u64 = 10_000;

/// Rounds of a race in which somebody comes and leaves.
pub(crate) const VISITS: u64 = 1_000;

/// Calls of one round.
const CALLS: u64 = 4;

const MODES: [&str; 3] = ["skip", "kill", "killnowait"];

/// A callee that announces all it takes to be stopped.
pub(crate) fn callee(router: &Router) -> RawPeer {
    let mut peer = RawPeer::connect(router.url(), Subprotocol::CBOR);
    let features = json!({ "progressive_call_results": true, "call_canceling": true });
    let welcome = peer.hello("realm1", json!({ "roles": { "callee": { "features": features } } }));
    peer.welcomed(&welcome);
    peer
}

/// Serves a registration until it is called with "stop"; counts the interrupts.
pub(crate) fn serve(
    mut callee: RawPeer,
    answer: impl Fn(&mut RawPeer, &Value) + Send + 'static,
) -> JoinHandle<u64> {
    thread::spawn(move || {
        let mut interrupts = 0;
        loop {
            let message = callee.receive();
            match message[0].as_u64() {
                Some(68) if message[4][0] == "stop" => return interrupts,
                Some(69) => interrupts += 1,
                Some(68) => {}
                _ => panic!("{message}"),
            }
            answer(&mut callee, &message);
        }
    })
}

/// Starts the calls of a round.
pub(crate) fn start(caller: &mut RawPeer, round: u64, options: &Value) -> Vec<u64> {
    (0..CALLS).map(|_| caller.start_call("com.p", json!([round]), Value::Null, options.clone())).collect()
}

fn cancel(caller: &mut RawPeer, calls: &[u64], mode: &str) {
    for call in calls {
        caller.send(json!([49, call, { "mode": mode }]));
    }
}

/// What a caller has heard.
#[derive(Default)]
pub(crate) struct Heard {
    /// The calls of this round that have their final answer.
    over: Vec<u64>,
    /// How often there was which final answer, in all rounds.
    kinds: BTreeMap<String, u64>,
}

impl Heard {
    /// Receives until so many of `calls` have their final answer; nothing may come for one that has.
    #[track_caller]
    fn until(&mut self, caller: &mut RawPeer, calls: &[u64], answers: usize) {
        while self.over.len() < answers {
            let message = caller.receive();
            let (call, kind) = match message[0].as_u64() {
                Some(50) if message[2]["progress"] == true => (message[1].as_u64(), None),
                Some(50) => (message[1].as_u64(), Some("RESULT")),
                Some(8) if message[1] == 48 => (message[2].as_u64(), message[4].as_str()),
                _ => panic!("{message}"),
            };
            let call = call.filter(|call| calls.contains(call) && !self.over.contains(call));
            let call = call.unwrap_or_else(|| panic!("{message}, and over are {:?} of {calls:?}", self.over));
            if let Some(kind) = kind {
                self.over.push(call);
                *self.kinds.entry(kind.to_owned()).or_default() += 1;
            }
        }
    }

    /// All calls of the round have their answers, and nothing else comes.
    #[track_caller]
    pub(crate) fn all(&mut self, caller: &mut RawPeer, calls: &[u64]) {
        self.until(caller, calls, calls.len());
        caller.fence_dealer();
        self.over.clear();
    }

    /// These answers were given, each at least once: it was a race. No others were.
    #[track_caller]
    fn were(&self, kinds: &[&str]) {
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        assert_eq!(self.kinds.keys().collect::<Vec<_>>(), kinds, "{:?}", self.kinds);
    }
}

pub(crate) fn stop(caller: &mut RawPeer, serving: JoinHandle<u64>) -> u64 {
    let call = caller.start_call("com.p", json!(["stop"]), Value::Null, Value::Null);
    let interrupts = serving.join().expect("the callee heard nothing it should not");
    // It left without an answer. When the caller has one, the next call goes to somebody else.
    caller.final_answer(call);
    interrupts
}

#[test]
fn can_17_a_result_and_a_cancel_give_one_answer() {
    let router = Router::start(realms());
    let mut serving = callee(&router);
    register(&mut serving, "com.p", json!({}));
    let serving = serve(serving, |callee, message| {
        if message[0] == 68 {
            callee.send(json!([70, message[1], {}]));
        }
    });
    let (mut caller, mut heard) = (join(&router, Subprotocol::JSON), Heard::default());
    for (round, mode) in (0..ROUNDS).zip(MODES.iter().cycle()) {
        let calls = start(&mut caller, round, &json!({}));
        // As the first answers are here, the others are on their way.
        heard.until(&mut caller, &calls, usize::try_from(round % CALLS).unwrap());
        cancel(&mut caller, &calls, mode);
        heard.all(&mut caller, &calls);
    }
    heard.were(&["RESULT", "wamp.error.canceled"]);
    stop(&mut caller, serving);
}

#[test]
fn can_17_a_cancel_and_progress_give_one_answer_and_no_progress_behind_it() {
    let router = Router::start(realms());
    let mut serving = callee(&router);
    register(&mut serving, "com.p", json!({}));
    let serving = serve(serving, |callee, message| {
        if message[0] == 68 {
            for options in [json!({ "progress": true }), json!({ "progress": true }), json!({})] {
                callee.send(json!([70, message[1], options]));
            }
        }
    });
    let (mut caller, mut heard) = (join(&router, Subprotocol::MSGPACK), Heard::default());
    for (round, mode) in (0..ROUNDS).zip(MODES.iter().cycle()) {
        let calls = start(&mut caller, round, &json!({ "receive_progress": true }));
        heard.until(&mut caller, &calls, usize::try_from(round % CALLS).unwrap());
        cancel(&mut caller, &calls, mode);
        heard.all(&mut caller, &calls);
    }
    heard.were(&["RESULT", "wamp.error.canceled"]);
    stop(&mut caller, serving);
}

#[test]
fn can_17_a_kill_and_a_timeout_give_one_answer() {
    let router = Router::start(realms());
    let mut serving = callee(&router);
    register(&mut serving, "com.p", json!({}));
    let serving = serve(serving, |callee, message| {
        // Of ten invocations one is never answered, the others after about as long as the caller has time.
        let invocation = message[1].as_u64().unwrap();
        if message[0] == 69 && invocation % 10 != 0 {
            let busy = Instant::now() + Duration::from_micros(invocation % 10 * 150);
            while Instant::now() < busy {}
            callee.send(json!([8, 68, invocation, {}, "com.killed"]));
        }
    });
    let (mut caller, mut heard) = (join(&router, Subprotocol::JSON), Heard::default());
    for round in 0..VISITS {
        let calls = start(&mut caller, round, &json!({ "timeout": if round % 10 == 0 { 50 } else { 1 } }));
        cancel(&mut caller, &calls, "kill");
        heard.all(&mut caller, &calls);
    }
    heard.were(&["com.killed", "wamp.error.timeout"]);
    // Whom a kill reached is not interrupted by the timeout again.
    let interrupts = stop(&mut caller, serving);
    assert!(interrupts <= VISITS * CALLS, "{interrupts}");
}

#[test]
fn can_17_a_cancel_and_the_callees_end_give_one_answer() {
    let router = Router::start(realms());
    let (mut caller, mut heard) = (join(&router, Subprotocol::CBOR), Heard::default());
    for (round, mode) in (0..VISITS).zip(MODES.iter().cycle()) {
        let mut vanishing = callee(&router);
        register(&mut vanishing, "com.p", json!({ "invoke": "last" }));
        let vanishing = thread::spawn(move || {
            let first = vanishing.receive();
            vanishing.send(json!([70, first[1], {}]));
        });
        let calls = start(&mut caller, round, &json!({}));
        heard.until(&mut caller, &calls, 1);
        cancel(&mut caller, &calls, mode);
        heard.all(&mut caller, &calls);
        vanishing.join().unwrap();
    }
    // Those that came when the callee had left already were not served by anybody.
    heard.kinds.remove("wamp.error.no_such_procedure");
    heard.were(&["RESULT", "wamp.error.canceled"]);
}

#[test]
fn rpc_18_a_callee_that_vanishes_while_it_is_called_leaves_no_call_without_an_answer() {
    let router = Router::start(realms());
    let (mut caller, mut heard) = (join(&router, Subprotocol::MSGPACK), Heard::default());
    for round in 0..VISITS {
        let mut vanishing = join(&router, Subprotocol::JSON);
        register(&mut vanishing, "com.p", json!({ "invoke": "last" }));
        let vanishing = thread::spawn(move || {
            for _ in 0..round % 3 {
                let invocation = vanishing.receive();
                vanishing.send(json!([70, invocation[1], {}]));
            }
        });
        let calls = start(&mut caller, round, &json!({}));
        heard.all(&mut caller, &calls);
        vanishing.join().unwrap();
    }
    for kind in heard.kinds.keys() {
        let allowed = ["RESULT", "wamp.error.canceled", "wamp.error.no_such_procedure"];
        assert!(allowed.contains(&kind.as_str()), "{:?}", heard.kinds);
    }
    assert!(heard.kinds.len() > 1, "nobody ever vanished in time: {:?}", heard.kinds);
}

#[test]
fn rer_01_a_cancel_while_a_call_is_rerouted_gives_one_answer() {
    let router = Router::start(realms());
    let (mut busy, mut free) = (callee(&router), callee(&router));
    register(&mut busy, "com.p", json!({ "invoke": "first" }));
    register(&mut free, "com.p", json!({ "invoke": "first" }));
    let busy = serve(busy, |callee, message| {
        if message[0] == 68 {
            callee.send(json!([8, 68, message[1], {}, "wamp.error.unavailable"]));
        }
    });
    let free = serve(free, |callee, message| {
        if message[0] == 68 {
            callee.send(json!([70, message[1], {}]));
        }
    });
    let (mut caller, mut heard) = (join(&router, Subprotocol::JSON), Heard::default());
    for (round, mode) in (0..ROUNDS).zip(MODES.iter().cycle()) {
        let calls = start(&mut caller, round, &json!({}));
        heard.until(&mut caller, &calls, usize::try_from(round % CALLS).unwrap());
        cancel(&mut caller, &calls, mode);
        heard.all(&mut caller, &calls);
    }
    // A callee that is killed may say that it has no time: then that is the answer (CAN-04).
    heard.kinds.remove("wamp.error.unavailable");
    heard.were(&["RESULT", "wamp.error.canceled"]);
    stop(&mut caller, busy);
    stop(&mut caller, free);
}
