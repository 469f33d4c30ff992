//! Calls that end in every way, held against clients that do anything at the same time.
//!
//! Every client has a thread of its own, calls what the others and the application serve, sends further input, cancels in
//! every mode, gives little time or much, answers, fails, refuses, leaves with and without a word and comes back, all by
//! chance and as fast as it can. Whatever comes of that: a call has one final answer as long as its caller is there, and one
//! that something that happened to it explains; nothing comes behind it; nobody is accused of breaking rules that it keeps;
//! and when all have left, nothing is left of them. `SERVERWAMP_CALLS_CASES` says how many times this is played
//! (`SERVERWAMP_CALLS_SEED` with which seed first). The seed does not decide who is faster.

mod actor;

use crate::model::{Numbers, from_environment};
use crate::router::Router;
use actor::Actor;
use serverwamp::extract::{Args, CallInput};
use serverwamp::{Application, Progress, Realm, RouteSet, Session, WampError};
use serverwamp_conformance::DEADLINE;
use std::collections::BTreeMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

/// Operations of each client.
const OPERATIONS: usize = 300;

/// What clients serve.
const OF_CLIENTS: [&str; 3] = ["com.p", "com.q", "com.r"];

/// What the application serves.
const OF_THE_APPLICATION: [&str; 4] = ["com.app.now", "com.app.count", "com.app.wait", "com.app.some"];

/// How often calls ended how.
type Endings = BTreeMap<String, u64>;

/// A router where sessions hold a token each, with procedures that answer at once, with progress, never, and in the middle
/// of their input.
fn application(token: &Arc<()>) -> Application {
    let token = Arc::clone(token);
    let keep = move |session: Session| {
        session.insert(Arc::clone(&token));
        async {}
    };
    let count = |Args((to,)): Args<(u64,)>, progress: Progress| async move {
        for number in 0..to % 5 {
            progress.send(number).await?;
            tokio::task::yield_now().await;
        }
        Ok::<_, WampError>(to)
    };
    let some = |mut input: CallInput| async move {
        let first = input.next().await.and_then(|first| first.bind::<(u64,)>().ok());
        let mut left = first.map_or(0, |(number,)| number % 4);
        while left > 0 && input.next().await.is_some() {
            left -= 1;
        }
    };
    let routes = RouteSet::new()
        .procedure("com.app.now", |Args((number,)): Args<(u64,)>| async move { number })
        .procedure("com.app.count", count)
        .procedure("com.app.wait", |_: CallInput| std::future::pending::<()>())
        .procedure("com.app.some", some);
    let realm = Realm::router("realm1").allow_anonymous("guest").on_join(keep).routes(routes);
    Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
}

/// Lets clients do what this seed says, and tells how their calls ended.
fn play(seed: u64) -> Endings {
    let token = Arc::new(());
    let app = application(&token);
    let router = Router::start(app.clone());
    let mut numbers = Numbers::new(seed);
    let count = 2 + numbers.below(5);
    let (together, done) = (Arc::new(Barrier::new(count)), Arc::new(AtomicUsize::new(0)));
    let threads: Vec<_> = (0..count)
        .map(|me| {
            let mut actor = Actor::join(router.url(), me, Numbers::new(seed + 1000 * me as u64));
            let (together, done) = (Arc::clone(&together), Arc::clone(&done));
            thread::spawn(move || {
                together.wait();
                actor.act(OPERATIONS);
                actor.wind_up(&done, count)
            })
        })
        .collect();
    let mut endings = Endings::new();
    for thread in threads {
        for (kind, often) in thread.join().expect("no client found fault") {
            *endings.entry(kind).or_default() += often;
        }
    }
    nothing_is_left(&app, &token);
    endings
}

/// All have left. One token is the test's own, one the application's.
fn nothing_is_left(app: &Application, token: &Arc<()>) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let now = app.statistics();
        let left = (now.connections, now.sessions, now.calls_in_flight, Arc::strong_count(token) - 2);
        if left == (0, 0, 0, 0) {
            return;
        }
        assert!(Instant::now() < deadline, "connections, sessions, calls and tokens that are left: {left:?}");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn rpc_30_can_17_tmo_02_pci_10_and_rer_01_whatever_ends_a_call_it_has_one_end_and_nothing_is_left() {
    let first = from_environment("SERVERWAMP_CALLS_SEED", 1);
    let cases = from_environment("SERVERWAMP_CALLS_CASES", 15);
    let mut endings = Endings::new();
    for seed in first..first + cases {
        for (kind, often) in play(seed) {
            *endings.entry(kind).or_default() += often;
        }
    }
    // What was to happen at the same time did happen.
    for kind in
        ["RESULT", "com.failed", "wamp.error.canceled", "wamp.error.timeout", "wamp.error.unavailable"]
    {
        let often = endings.get(kind).copied().unwrap_or_default();
        assert!(often >= 5, "only {often} calls ended with {kind}: {endings:?}");
    }
}
