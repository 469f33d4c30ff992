//! Races of calls, thousands of times: whatever happens to a call at the same moment, it gets exactly one final answer.
//!
//! That nothing is left behind is seen from outside: a router that may have eight calls of each caller and for each callee
//! has all eight places free afterwards, and sessions drop what the application put into them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::calls_in_order::{join, register};
use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp::{Application, Limits, Realm, Session};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};

const ROUNDS: u64 = 1_000;

/// Calls of one round; four thousand calls and more in a test.
const CALLS: u64 = 4;

/// As many calls wait for one callee, and of one caller, at a [`small`] router.
const PLACES: u64 = 8;

const MODES: [&str; 3] = ["skip", "kill", "killnowait"];

/// A router that takes few calls at once, whose sessions hold a token each, and where everybody administrates.
fn small(token: &Arc<()>) -> Application {
    let token = Arc::clone(token);
    let keep = move |session: Session| {
        session.insert(Arc::clone(&token));
        async {}
    };
    let limits = |limits: &mut Limits| {
        limits.calls_in_flight = usize::try_from(PLACES).expect("it is small");
        limits.invocations_in_flight = limits.calls_in_flight;
    };
    let realm = Realm::router("realm1").allow_anonymous("guest").administrators(["guest"]).on_join(keep);
    Application::builder().realm(realm).limits(limits).build().expect("nothing is wrong with this realm")
}

/// Waits until as many sessions are there, and no other holds its token any more.
#[track_caller]
fn only_these_are_left(peer: &mut RawPeer, token: &Arc<()>, sessions: usize) {
    // One token is the test's own, one the application's.
    let due = (json!([sessions]), sessions + 2);
    let deadline = Instant::now() + DEADLINE;
    loop {
        let count = peer.call("wamp.session.count", Value::Null, Value::Null, Value::Null)[3].clone();
        let is = (count, Arc::strong_count(token));
        if is == due {
            return;
        }
        assert!(Instant::now() < deadline, "sessions and tokens are {is:?} and should be {due:?}");
    }
}

/// A callee that announces all it takes to be stopped.
fn callee(router: &Router) -> RawPeer {
    let mut peer = RawPeer::connect(router.url(), Subprotocol::CBOR);
    let features = json!({ "progressive_call_results": true, "call_canceling": true });
    let welcome = peer.hello("realm1", json!({ "roles": { "callee": { "features": features } } }));
    peer.welcomed(&welcome);
    peer
}

/// Serves a registration until it is called with "stop"; counts the interrupts.
fn serve(mut callee: RawPeer, answer: impl Fn(&mut RawPeer, &Value) + Send + 'static) -> JoinHandle<u64> {
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
fn start(caller: &mut RawPeer, round: u64, options: &Value) -> Vec<u64> {
    (0..CALLS).map(|_| caller.start_call("com.p", json!([round]), Value::Null, options.clone())).collect()
}

fn cancel(caller: &mut RawPeer, calls: &[u64], mode: &str) {
    for call in calls {
        caller.send(json!([49, call, { "mode": mode }]));
    }
}

/// What a caller has heard.
#[derive(Default)]
struct Heard {
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
    fn all(&mut self, caller: &mut RawPeer, calls: &[u64]) {
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

fn stop(caller: &mut RawPeer, serving: JoinHandle<u64>) -> u64 {
    caller.start_call("com.p", json!(["stop"]), Value::Null, Value::Null);
    serving.join().expect("the callee heard nothing it should not")
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
        if message[0] == 69 {
            // Kept busy for about as long as the caller has time.
            let busy = Instant::now() + Duration::from_micros(message[1].as_u64().unwrap() % 8 * 200);
            while Instant::now() < busy {}
            callee.send(json!([8, 68, message[1], {}, "com.killed"]));
        }
    });
    let (mut caller, mut heard) = (join(&router, Subprotocol::JSON), Heard::default());
    for round in 0..ROUNDS {
        let calls = start(&mut caller, round, &json!({ "timeout": 1 }));
        cancel(&mut caller, &calls, "kill");
        heard.all(&mut caller, &calls);
    }
    heard.were(&["com.killed", "wamp.error.timeout"]);
    // Whom a kill reached is not interrupted by the timeout again.
    let interrupts = stop(&mut caller, serving);
    assert!(interrupts <= ROUNDS * CALLS, "{interrupts}");
}

#[test]
fn can_17_a_cancel_and_the_callees_end_give_one_answer() {
    let router = Router::start(realms());
    let (mut caller, mut heard) = (join(&router, Subprotocol::CBOR), Heard::default());
    for (round, mode) in (0..ROUNDS).zip(MODES.iter().cycle()) {
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
    for round in 0..ROUNDS {
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

#[test]
fn rpc_30_callers_that_vanish_leave_their_callee_all_its_places() {
    let token = Arc::new(());
    let router = Router::start(small(&token));
    let mut keeper = callee(&router);
    register(&mut keeper, "com.p", json!({}));
    let keeper = thread::spawn(move || {
        loop {
            let message = keeper.receive();
            match message[0].as_u64() {
                Some(68) if message[4][0] == "stop" => return (keeper, message[1].as_u64().unwrap()),
                // Every other one is never answered.
                Some(68) if message[1].as_u64().unwrap() % 2 == 0 => keeper.send(json!([70, message[1], {}])),
                Some(68 | 69) => {}
                _ => panic!("{message}"),
            }
        }
    });
    for round in 0..ROUNDS {
        let mut visitor = join(&router, Subprotocol::PLAIN[usize::try_from(round % 3).unwrap()]);
        start(&mut visitor, round, &json!({}));
        if round % 2 == 0 {
            visitor.receive();
        }
    }
    let mut caller = join(&router, Subprotocol::JSON);
    only_these_are_left(&mut caller, &token, 2);
    caller.start_call("com.p", json!(["stop"]), Value::Null, Value::Null);
    let (mut keeper, stop) = keeper.join().unwrap();
    // That call waits, so there is room for all but one.
    for _ in 1..PLACES {
        caller.start_call("com.p", json!(["waits"]), Value::Null, Value::Null);
    }
    for invocation in stop + 1..stop + PLACES {
        let message = keeper.receive();
        assert_eq!((&message[0], &message[1]), (&json!(68), &json!(invocation)), "{message}");
    }
    let refused = join(&router, Subprotocol::JSON).call("com.p", Value::Null, Value::Null, Value::Null);
    assert_eq!(refused[4], "wamp.error.network_failure", "{refused}");
}

#[test]
fn rpc_30_callees_that_vanish_leave_their_caller_all_its_places() {
    let token = Arc::new(());
    let router = Router::start(small(&token));
    let (mut caller, mut heard) = (join(&router, Subprotocol::CBOR), Heard::default());
    for round in 0..ROUNDS {
        let mut visitor = callee(&router);
        register(&mut visitor, "com.p", json!({ "invoke": "last" }));
        let calls = start(&mut caller, round, &json!({ "timeout": 60_000 }));
        if round % 2 == 0 {
            let invocation = visitor.receive();
            visitor.send(json!([70, invocation[1], {}]));
        }
        drop(visitor);
        heard.all(&mut caller, &calls);
    }
    only_these_are_left(&mut caller, &token, 1);
    let mut keeper = callee(&router);
    register(&mut keeper, "com.kept", json!({}));
    for _ in 0..PLACES {
        caller.start_call("com.kept", Value::Null, Value::Null, Value::Null);
        assert_eq!(keeper.receive()[0], 68);
    }
    let refused = caller.call("com.kept", Value::Null, Value::Null, Value::Null);
    assert_eq!(refused[4], "wamp.error.unavailable", "{refused}");
}

#[test]
fn rpc_30_a_session_that_is_killed_while_it_calls_is_forgotten() {
    let token = Arc::new(());
    let router = Router::start(small(&token));
    let mut keeper = callee(&router);
    register(&mut keeper, "com.p", json!({}));
    let serving = serve(keeper, |callee, message| {
        if message[0] == 68 && message[1].as_u64().unwrap() % 2 == 0 {
            callee.send(json!([70, message[1], {}]));
        }
    });
    let mut root = join(&router, Subprotocol::JSON);
    for round in 0..ROUNDS {
        let mut victim = RawPeer::connect(router.url(), Subprotocol::MSGPACK);
        let session = victim.join("realm1");
        let calling = thread::spawn(move || {
            for number in 1..=200_u64 {
                if victim.try_send(&[json!([48, number, {}, "com.p", [round]])]).is_err() {
                    break;
                }
            }
            // Until it hears that it has been killed.
            while let Arrival::Message(message) = victim.next(DEADLINE) {
                if message[0] == 6 {
                    return;
                }
            }
            panic!("nobody said goodbye");
        });
        let killed = root.call("wamp.session.kill", json!([session]), Value::Null, Value::Null);
        assert_eq!(killed[0], 50, "{killed}");
        calling.join().unwrap();
    }
    only_these_are_left(&mut root, &token, 2);
    stop(&mut root, serving);
}
