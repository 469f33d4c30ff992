//! ORD for calls: many callers and callees at once, over sockets and from several threads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::router::{Router, realms};
use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

const CALLS: u64 = 2_000;
const ROUNDS: u64 = 300;

pub(crate) fn join(router: &Router, subprotocol: Subprotocol) -> RawPeer {
    RawPeer::joined(router.url(), subprotocol, "realm1")
}

/// Registers, and gives the registration's id.
#[track_caller]
pub(crate) fn register(peer: &mut RawPeer, procedure: &str, options: Value) -> u64 {
    let request = peer.next_request();
    peer.send(json!([64, request, options, procedure]));
    let answer = peer.find("REGISTERED", serverwamp_conformance::DEADLINE, |message| {
        message[0] == 65 && message[1] == request
    });
    answer[2].as_u64().expect("a registration has an id")
}

#[test]
fn ord_03_and_id_05_calls_of_one_caller_keep_their_order_across_procedures() {
    let router = Router::start(realms());
    let mut callee = join(&router, Subprotocol::CBOR);
    register(&mut callee, "com.a", json!({}));
    register(&mut callee, "com.b.", json!({ "match": "prefix" }));
    let callers: Vec<_> = (0..3)
        .map(|caller| {
            let mut peer = join(&router, Subprotocol::PLAIN[caller]);
            thread::spawn(move || {
                // In rounds of a hundred, so that nobody is refused for calling more than a session may.
                for number in 1..=CALLS {
                    let procedure = if number % 2 == 0 { "com.a" } else { "com.b.c" };
                    peer.send(json!([48, number, {}, procedure, [caller, number]]));
                    if number % 100 == 0 {
                        for _ in 0..100 {
                            assert_eq!(peer.receive()[0], 50);
                        }
                    }
                }
                peer
            })
        })
        .collect();
    let mut last = BTreeMap::new();
    for invocation in 1..=3 * CALLS {
        let message = callee.receive();
        assert_eq!((&message[0], &message[1]), (&json!(68), &json!(invocation)), "{message}");
        let seen: &mut u64 = last.entry(message[4][0].as_u64()).or_default();
        *seen += 1;
        assert_eq!(message[4][1], *seen, "{message}");
        callee.send(json!([70, invocation, {}]));
    }
    for caller in callers {
        caller.join().unwrap();
    }
}

#[test]
fn ord_04_and_07_no_invocation_comes_before_registered_or_behind_unregistered() {
    let router = Router::start(realms());
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..2)
        .map(|_| {
            let (mut peer, stop) = (join(&router, Subprotocol::JSON), Arc::clone(&stop));
            thread::spawn(move || {
                let (mut results, mut refusals) = (0_u64, 0_u64);
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    number += 1;
                    peer.send(json!([48, number, {}, "com.p"]));
                    match peer.receive() {
                        answer if answer[0] == 50 => results += 1,
                        answer if answer[4] == "wamp.error.no_such_procedure" => refusals += 1,
                        other => panic!("{other}"),
                    }
                }
                (results, refusals)
            })
        })
        .collect();
    let mut callee = join(&router, Subprotocol::JSON);
    let mut served = 0;
    for round in 0..ROUNDS {
        let (register, unregister) = (2 * round + 1, 2 * round + 2);
        callee.send(json!([64, register, {}, "com.p"]));
        let registered = callee.receive();
        assert_eq!((&registered[0], &registered[1]), (&json!(65), &json!(register)), "{registered}");
        let id = registered[2].clone();
        // Serve a few calls, then give up, and serve what was on its way.
        let mut in_round = 0;
        loop {
            let message = callee.receive();
            if message[0] == 67 {
                assert_eq!(message[1], unregister);
                break;
            }
            assert_eq!((&message[0], &message[2]), (&json!(68), &id), "{message}");
            in_round += 1;
            callee.send(json!([70, message[1], {}]));
            if in_round == 5 {
                callee.send(json!([66, unregister, id]));
            }
        }
        served += in_round;
    }
    stop.store(true, Ordering::Relaxed);
    let sums: Vec<(u64, u64)> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
    assert_eq!(sums.iter().map(|(results, _)| results).sum::<u64>(), served);
    assert!(sums.iter().any(|(_, refusals)| *refusals > 0), "nobody ever called between two registrations");
}

#[test]
fn shreg_06_random_reaches_everybody() {
    let router = Router::start(realms());
    let mut callees: Vec<RawPeer> = (0..2).map(|_| join(&router, Subprotocol::JSON)).collect();
    for callee in &mut callees {
        register(callee, "com.p", json!({ "invoke": "random" }));
    }
    let mut caller = join(&router, Subprotocol::JSON);
    for _ in 0..200 {
        caller.start_call("com.p", Value::Null, Value::Null, Value::Null);
    }
    caller.fence_dealer();
    let mut shares = Vec::new();
    for callee in &mut callees {
        // One more message than there were calls: what answers this.
        callee.send(json!([66, 77, 4711]));
        let mut share = 0;
        while callee.receive()[0] == 68 {
            share += 1;
        }
        shares.push(share);
    }
    assert_eq!(shares.iter().sum::<u64>(), 200);
    assert!(shares.iter().all(|share| *share > 50), "{shares:?}");
}
