//! Nothing is left of calls whose caller or callee is gone, however many there were.
//!
//! It is seen from outside: a router that may have eight calls of each caller and for each callee has all eight places free
//! afterwards, and sessions drop what the application put into them.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use crate::calls_in_order::{join, register};
use crate::races::{Heard, VISITS, callee, serve, start, stop};
use crate::router::Router;
use serde_json::{Value, json};
use serverwamp::{Application, Limits, Realm, Refusal, RouteSet, Session};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Subprotocol};

/// As many calls wait for one callee, and of one caller, at a [`small`] router.
const PLACES: u64 = 8;

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
                Some(68) if message[1].as_u64().unwrap().is_multiple_of(2) => {
                    keeper.send(json!([70, message[1], {}]))
                }
                Some(68 | 69) => {}
                _ => panic!("{message}"),
            }
        }
    });
    for round in 0..VISITS {
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
    let mut other = join(&router, Subprotocol::JSON);
    for call in 1..PLACES {
        let caller = if call < PLACES / 2 { &mut caller } else { &mut other };
        caller.start_call("com.p", json!(["waits"]), Value::Null, Value::Null);
    }
    for invocation in stop + 1..stop + PLACES {
        let message = keeper.receive();
        assert_eq!((&message[0], &message[1]), (&json!(68), &json!(invocation)), "{message}");
    }
    // Both have half, and neither gives one up.
    let refused = other.call("com.p", Value::Null, Value::Null, Value::Null);
    assert_eq!(refused[4], "wamp.error.network_failure", "{refused}");
}

#[test]
fn rpc_30_callees_that_vanish_leave_their_caller_all_its_places() {
    let token = Arc::new(());
    let router = Router::start(small(&token));
    let (mut caller, mut heard) = (join(&router, Subprotocol::CBOR), Heard::default());
    for round in 0..VISITS {
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
        if message[0] == 68 && message[1].as_u64().unwrap().is_multiple_of(2) {
            callee.send(json!([70, message[1], {}]));
        }
    });
    let mut root = join(&router, Subprotocol::JSON);
    for round in 0..VISITS {
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

#[test]
fn of_two_calls_that_take_the_last_place_at_the_same_moment_one_is_refused() {
    let (met, held) = (Barrier::new(2), Arc::new(()));
    let token = Arc::clone(&held);
    let met = Arc::new(met);
    // Both have been let in when either has to wait.
    let meet = move || {
        tokio::task::block_in_place(|| met.wait());
        let token = Arc::clone(&token);
        async move {
            std::future::pending::<()>().await;
            drop(token);
        }
    };
    let realm = Realm::new("realm1").allow_anonymous("guest");
    let app = Application::builder()
        .realm(realm.routes(RouteSet::new().procedure("com.meet", meet)))
        .limits(|limits| limits.calls_in_flight_in_all = 1)
        .build()
        .expect("nothing is wrong with this realm");
    let router = Router::start(app.clone());
    for round in 1..=8 {
        let mut callers = [join(&router, Subprotocol::JSON), join(&router, Subprotocol::JSON)];
        let calls = callers
            .each_mut()
            .map(|caller| caller.start_call("com.meet", Value::Null, Value::Null, Value::Null));
        let deadline = Instant::now() + DEADLINE;
        while app.statistics().refused(Refusal::CallsInAll) < round {
            assert!(Instant::now() < deadline, "both calls wait where there is one place");
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(app.statistics().calls_in_flight, 1);
        // One of them is told, when its handler is gone, and the other one waits.
        let told = (0..2).cycle().find_map(|number: usize| {
            assert!(Instant::now() < deadline, "nobody is told in round {round}");
            match callers[number].next(Duration::from_millis(5)) {
                Arrival::Message(answer) => Some((number, answer)),
                _ => None,
            }
        });
        let (number, answer) = told.expect("it goes on until somebody is told");
        assert_eq!((&answer[2], &answer[4]), (&json!(calls[number]), &json!("wamp.error.unavailable")));
        assert_eq!(Arc::strong_count(&held), 3, "its handler is still there");
        callers[1 - number].expect_silence_for(Duration::from_millis(20));
        drop(callers);
        while app.statistics().calls_in_flight > 0 {
            assert!(Instant::now() < deadline, "a call is left of callers who are gone");
            thread::sleep(Duration::from_millis(1));
        }
    }
}
