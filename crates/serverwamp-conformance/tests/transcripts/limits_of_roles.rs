//! The sessions that one authid may have in a role, and those of a realm, over every kind of transport and from many sides at once.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp::{Application, Realm, RoleRules};
use serverwamp_conformance::{Carrier, DEADLINE, Places, RawPeer, Subprotocol};

use crate::router::{Router, tickets};

const CARRIERS: [Carrier; 3] = [Carrier::WebSocket, Carrier::RawSocketTcp, Carrier::LongPoll];

fn realm(limit: impl FnOnce(RoleRules) -> RoleRules) -> Application {
    let realm = Realm::router("realm1").authenticator(tickets()).role("user", limit);
    // A client that asks no more is gone soon, for this test does not wait for it longer than it has to.
    let app = Application::builder()
        .realm(realm)
        .long_poll(|config| config.idle_timeout = Duration::from_millis(300));
    app.build().expect("nothing is wrong with this realm")
}

fn refused(app: &Application) -> u64 {
    let statistics = app.statistics();
    statistics.iter().find(|(name, _)| *name == "sessions_of_authid_refused").map_or(0, |(_, count)| count)
}

/// Says who it is, and gives the answer: WELCOME or ABORT.
fn join(carrier: Carrier, router: &Router) -> (RawPeer, Value) {
    let mut peer = carrier.connect(&Places::at(router.url()), Subprotocol::JSON);
    let answer = peer.join_with_ticket("realm1", "joe", "secret");
    (peer, answer)
}

/// Joins as soon as there is a place.
#[track_caller]
fn join_soon(carrier: Carrier, router: &Router) -> RawPeer {
    let end = Instant::now() + DEADLINE;
    loop {
        let (peer, answer) = join(carrier, router);
        if answer[0] == 2 {
            return peer;
        }
        assert!(Instant::now() < end, "{answer}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_authid_has_so_many_sessions_over_whatever_transport() {
    let app = realm(|role| role.sessions_per_authid(2));
    let router = Router::start(app.clone());
    for carrier in CARRIERS {
        let (mut first, welcome) = join(carrier, &router);
        let (second, another) = join(Carrier::WebSocket, &router);
        assert_eq!((&welcome[0], &another[0]), (&json!(2), &json!(2)), "{welcome} {another}");
        let before = refused(&app);
        let (_, abort) = join(carrier, &router);
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.unavailable")), "{abort}");
        assert_eq!(refused(&app), before + 1);
        // GOODBYE gives the place back before it is answered.
        first.leave();
        let (third, welcome) = join(carrier, &router);
        assert_eq!(welcome[0], 2, "{carrier:?}: {welcome}");
        // Who vanishes gives it back when the server notices: at once, or when a polling client has been silent for too long.
        third.vanish();
        let fourth = join_soon(carrier, &router);
        drop((first, second, fourth));
        while app.statistics().sessions > 0 {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[test]
fn a_realm_has_so_many_sessions_over_whatever_transport() {
    let realm = Realm::router("realm1").authenticator(tickets()).limits(|limits| limits.sessions = Some(2));
    let app = Application::builder().realm(realm).build().expect("nothing is wrong with this realm");
    let router = Router::start(app.clone());
    let counted = || {
        let statistics = app.statistics();
        statistics.iter().find(|(name, _)| *name == "sessions_of_realm_refused").map_or(0, |(_, count)| count)
    };
    for (before, carrier) in (0..).zip(CARRIERS) {
        let (mut first, welcome) = join(carrier, &router);
        let (mut second, another) = join(Carrier::WebSocket, &router);
        assert_eq!((&welcome[0], &another[0]), (&json!(2), &json!(2)), "{welcome} {another}");
        let (_, abort) = join(carrier, &router);
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.error.unavailable")), "{abort}");
        assert_eq!(counted(), before + 1);
        // GOODBYE gives the place back before it is answered.
        first.leave();
        let (mut third, welcome) = join(carrier, &router);
        assert_eq!(welcome[0], 2, "{carrier:?}: {welcome}");
        second.leave();
        third.leave();
    }
}

#[test]
fn of_many_sessions_that_join_at_the_same_moment_as_many_come_in_as_the_role_allows() {
    const MANY: usize = 9;
    let app = realm(|role| role.sessions_per_authid(4));
    let router = Router::start(app.clone());
    for round in 1..=5 {
        let barrier = Barrier::new(MANY);
        let ask = |number: usize| {
            let mut peer = CARRIERS[number % 2].connect(&Places::at(router.url()), Subprotocol::JSON);
            barrier.wait();
            let answer = peer.join_with_ticket("realm1", "joe", "secret");
            (peer, answer)
        };
        let answers: Vec<_> = std::thread::scope(|scope| {
            let asked: Vec<_> = (0..MANY).map(|number| scope.spawn(move || ask(number))).collect();
            asked.into_iter().map(|one| one.join().expect("it was answered")).collect()
        });
        let welcome = answers.iter().filter(|(_, answer)| answer[0] == 2).count();
        assert_eq!(welcome, 4, "{:?}", answers.iter().map(|(_, answer)| answer).collect::<Vec<_>>());
        assert_eq!(refused(&app), round * 5);
        for (mut peer, answer) in answers {
            if answer[0] == 2 {
                peer.leave();
            }
        }
    }
}
