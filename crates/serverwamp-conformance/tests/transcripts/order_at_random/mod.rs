//! The order that the specification promises, held against clients that do anything at the same time.
//!
//! Every client has a thread of its own, a serializer and a sequence of operations, both by chance, and works it off as fast
//! as it can while the others do the same: publish, subscribe, unsubscribe, register, unregister, call, answer now or
//! later, with progress or without. Each writes down what it sent and received; [`verdict`] reads all of that and says
//! what was out of order, came twice, or did not come. `SERVERWAMP_ORDER_CASES` says how many times this is played
//! (`SERVERWAMP_ORDER_SEED` with which seed first). The seed does not decide who is faster.

mod actor;
mod verdict;

use crate::model::{Numbers, from_environment};
use crate::router::{Router, realms};
use actor::Actor;
use serde_json::{Value, json};
use serverwamp_conformance::Subprotocol;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Barrier};
use std::thread;

/// Operations of each client.
const OPERATIONS: usize = 200;

/// What is published to, and as what it is subscribed to.
const TOPICS: [&str; 3] = ["com.a", "com.b", "com.a.c"];
const PATTERNS: [(&str, &str); 7] = [
    ("exact", "com.a"),
    ("exact", "com.b"),
    ("exact", "com.a.c"),
    ("prefix", "com."),
    ("prefix", "com.a"),
    ("wildcard", "com."),
    ("wildcard", "com..c"),
];

/// What is called; several clients may serve each.
const PROCEDURES: [&str; 4] = ["com.p", "com.q", "com.r", "com.s"];

/// One message of a client's history.
#[derive(Clone, Debug)]
enum Line {
    Sent(Value),
    Received(Value),
}

/// All that each client has sent and received, in the order in which it did.
type Histories = Vec<Vec<Line>>;

/// Lets clients do what this seed says, and gives their histories.
fn play(seed: u64) -> Histories {
    let mut numbers = Numbers::new(seed);
    let count = 2 + numbers.below(5);
    let router = Router::start(realms());
    let (together, done) = (Arc::new(Barrier::new(count)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..count)
        .map(|me| {
            let subprotocol = Subprotocol::ALL[numbers.below(Subprotocol::ALL.len())];
            let mut actor = Actor::join(router.url(), subprotocol, me, Numbers::new(seed + 1000 * me as u64));
            let (together, done) = (Arc::clone(&together), Arc::clone(&done));
            thread::spawn(move || {
                together.wait();
                actor.act(OPERATIONS);
                actor.wind_up(&done, count)
            })
        })
        .collect();
    threads.into_iter().map(|thread| thread.join().expect("no client failed")).collect()
}

#[test]
fn ord_01_02_03_04_06_and_07_whatever_clients_do_at_the_same_time_everything_comes_in_order() {
    let first = from_environment("SERVERWAMP_ORDER_SEED", 1);
    let cases = from_environment("SERVERWAMP_ORDER_CASES", 40);
    let (mut events, mut invocations) = (0, 0);
    for seed in first..first + cases {
        let histories = play(seed);
        match verdict::check(&histories) {
            Ok(seen) => {
                events += seen.events;
                invocations += seen.invocations;
            }
            Err(objection) => panic!("seed {seed}: {objection}"),
        }
    }
    assert!(events > 100 * cases && invocations > 20 * cases, "{events} events, {invocations} invocations");
}

/// A caller and publisher, then a callee and subscriber, and nothing wrong with what they hear.
fn in_order() -> Histories {
    let lines = |lines: Vec<(bool, Value)>| {
        let line = |(sent, message)| if sent { Line::Sent(message) } else { Line::Received(message) };
        lines.into_iter().map(line).collect()
    };
    let first = lines(vec![
        (true, json!([16, 1, {}, "com.a", [0, 1]])),
        (true, json!([16, 2, {}, "com.b", [0, 2]])),
        (true, json!([16, 3, {}, "com.a", [0, 3]])),
        (true, json!([16, 4, { "acknowledge": true }, "com.a", [0, 4]])),
        (true, json!([48, 5, { "receive_progress": true }, "com.p", [0, 5]])),
        (true, json!([48, 6, {}, "com.q", [0, 6]])),
        (false, json!([17, 4, 4711])),
        (false, json!([50, 5, { "progress": true }, [0]])),
        (false, json!([50, 6, {}, [0]])),
        (false, json!([50, 5, {}, [1]])),
    ]);
    let second = lines(vec![
        (true, json!([32, 1, { "match": "exact" }, "com.a"])),
        (true, json!([64, 2, {}, "com.p"])),
        (true, json!([64, 3, {}, "com.q"])),
        (false, json!([33, 1, 7])),
        (false, json!([65, 2, 8])),
        (false, json!([65, 3, 9])),
        (false, json!([36, 7, 4708, {}, [0, 1]])),
        (false, json!([36, 7, 4710, {}, [0, 3]])),
        (false, json!([36, 7, 4711, {}, [0, 4]])),
        (false, json!([68, 1, 8, { "receive_progress": true }, [0, 5]])),
        (false, json!([68, 2, 9, {}, [0, 6]])),
    ]);
    vec![first, second]
}

#[test]
fn the_verdict_objects_to_whatever_is_out_of_order() {
    let seen = verdict::check(&in_order()).expect("nothing is wrong with it as it is");
    assert_eq!((seen.events, seen.invocations), (3, 2));
    let objects = |why: &str, change: &dyn Fn(&mut Histories)| {
        let mut changed = in_order();
        change(&mut changed);
        let objection = verdict::check(&changed).expect_err(why);
        assert!(objection.contains(why), "{why} is due and not {objection}");
    };
    let to_front = |history: &mut Vec<Line>, place: usize| {
        let line = history.remove(place);
        history.insert(0, line);
    };
    objects("ORD-01", &|all| all[1].swap(6, 7));
    objects("ORD-01", &|all| {
        let again = all[1][6].clone();
        all[1].insert(7, again);
    });
    objects("#3 of client 0 did not come", &|all| drop(all[1].remove(7)));
    objects("#4 of client 0 did not come", &|all| drop(all[1].remove(8)));
    objects("is not what was subscribed to", &|all| {
        all[1][7] = Line::Received(json!([36, 7, 1, {}, [0, 2]]))
    });
    objects("ORD-02", &|all| to_front(&mut all[1], 6));
    objects("ORD-07", &|all| {
        all[1].insert(6, Line::Sent(json!([34, 4, 7])));
        all[1].insert(7, Line::Received(json!([35, 4])));
    });
    objects("ORD-04", &|all| to_front(&mut all[1], 9));
    objects("ID-05", &|all| all[1].swap(9, 10));
    objects("ORD-03", &|all| {
        all[1][9] = Line::Received(json!([68, 1, 9, {}, [0, 6]]));
        all[1][10] = Line::Received(json!([68, 2, 8, {}, [0, 5]]));
    });
    objects("ORD-06: result 1 came where 0 is due", &|all| all[0].swap(7, 9));
    objects("ORD-06: result 1 came where 0 is due", &|all| drop(all[0].remove(7)));
    objects("ORD-06: a result behind the last one", &|all| {
        let again = all[0][9].clone();
        all[0].push(again);
    });
    objects("PCR-02", &|all| all[0][8] = Line::Received(json!([50, 6, { "progress": true }, [0]])));
    objects("there is no answer to call 6", &|all| drop(all[0].remove(8)));
    objects("there is no answer to request 4", &|all| drop(all[0].remove(6)));
}

/// What a client announces.
fn roles() -> Value {
    json!({ "roles": {
        "publisher": {},
        "subscriber": { "features": { "pattern_based_subscription": true } },
        "caller": { "features": { "progressive_call_results": true } },
        "callee": { "features": { "progressive_call_results": true, "shared_registration": true } },
    } })
}
