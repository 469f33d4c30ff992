//! Spec: advanced, "Call Rerouting".

use crate::announced_features::dealer_announces;
use crate::router::{Router, play, play_at, play_once, realms};
use serde_json::json;
use serverwamp::{Application, Realm, RouteSet, WampError};
use serverwamp_conformance::{RawPeer, Subprotocol};
use std::collections::BTreeSet;
use std::sync::mpsc;
use std::thread;

/// Three callees under a policy, all without time, asked in this order.
fn nobody_has_time(invoke: &str, order: [&str; 3]) -> String {
    let mut text = String::from("        bob joins\n");
    for callee in ["alice", "beth", "carol"] {
        text += &format!(
            "        {callee} joins\n        {callee} > [64, 1, {{\"invoke\": \"{invoke}\"}}, \"com.p\"]\n        {callee} < [65, 1, $r]\n"
        );
    }
    text += "        bob > [48, 1, {\"disclose_me\": true}, \"com.p\", [1], {\"k\": 2}]\n";
    for callee in order {
        text += &format!(
            "        {callee} < [68, 1, $r, {{\"caller\": $bob, ...}}, [1], {{\"k\": 2}}]\n        bob silent\n        {callee} > [8, 68, 1, {{}}, \"wamp.error.unavailable\"]\n"
        );
    }
    text + "        bob < [8, 48, 1, {}, \"wamp.error.no_available_callee\"]\n"
}

#[test]
fn rer_02_and_03_each_policy_has_its_order_and_in_the_end_nobody_is_available() {
    play(&nobody_has_time("first", ["alice", "beth", "carol"]));
    play(&nobody_has_time("last", ["carol", "beth", "alice"]));
    play(&nobody_has_time("roundrobin", ["alice", "beth", "carol"]));
}

#[test]
fn rer_02_a_random_callee_is_followed_by_the_other() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p {"invoke": "random"} as $r
        bob calls com.p reaching alice
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        bob < [8, 48, 1, {}, "wamp.error.no_available_callee"]
    "#,
    );
}

#[test]
fn rer_02_a_single_callee_has_no_other() {
    play(
        r#"
        alice joins
        bob joins
        alice registers com.p as $r
        bob calls com.p reaching alice
        alice > [8, 68, 1, {}, "wamp.error.unavailable", ["busy"]]
        bob < [8, 48, 1, {}, "wamp.error.no_available_callee", ...]
    "#,
    );
}

#[test]
fn rer_01_the_caller_does_not_notice() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "roundrobin"} as $r
        carol registers com.p {"invoke": "roundrobin"} as $r
        bob > [48, 1, {"receive_progress": true}, "com.p", ["\u0000AQID"]]
        alice < [68, 1, $r, {"receive_progress": true}, ["\u0000AQID"]]
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        carol < [68, 1, $r, {"receive_progress": true}, ["\u0000AQID"]]
        alice > [70, 1, {}, ["not mine any more"]]
        carol > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
        carol > [70, 1, {}, [2]]
        bob < [50, 1, {}, [2]]
    "#,
    );
}

#[test]
fn rer_05_a_call_that_has_begun_is_not_begun_anew() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "first"} as $r
        carol registers com.p {"invoke": "first"} as $r
        bob > [48, 1, {"receive_progress": true}, "com.p"]
        alice < [68, 1, $r, {"receive_progress": true}]
        alice > [70, 1, {"progress": true}, [1]]
        bob < [50, 1, {"progress": true}, [1]]
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        bob < [8, 48, 1, {}, "wamp.error.unavailable"]
        bob > [48, 2, {"progress": true}, "com.p"]
        alice < [68, 2, $r, {"progress": true}]
        alice > [8, 68, 2, {}, "wamp.error.unavailable"]
        bob < [8, 48, 2, {}, "wamp.error.unavailable"]
        carol silent
    "#,
    );
}

#[test]
fn rer_01_a_rerouted_call_can_be_canceled() {
    play(
        r#"
        alice joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "first"} as $r
        carol registers com.p {"invoke": "first"} as $r
        bob calls com.p reaching alice
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        carol < [68, 1, $r, {}]
        bob > [49, 1, {"mode": "kill"}]
        carol < [69, 1, {"mode": "kill"}]
        alice silent
        carol > [8, 68, 1, {}, "wamp.error.unavailable"]  # CAN-04: what the callee says is passed on
        bob < [8, 48, 1, {}, "wamp.error.unavailable"]
        alice silent
    "#,
    );
}

/// The first callee keeps the time itself and lets it run out before it says that it has none; the clock is another call.
#[test]
fn rer_01_and_tmo_05_a_call_whose_time_has_run_out_is_not_begun_elsewhere() {
    play_once(
        r#"
        alice joins
        beth joins
        carol joins
        bob joins
        alice registers com.p {"invoke": "first", "forward_timeout": true} as $r
        beth registers com.p {"invoke": "first"} as $r
        carol registers com.clock as $c
        bob > [48, 1, {"timeout": 50}, "com.p"]
        alice < [68, 1, $r, {"timeout": 50}]
        bob > [48, 2, {"timeout": 150}, "com.clock"]
        carol < [68, 1, $c, {}]
        bob < [8, 48, 2, {}, "wamp.error.timeout"]
        carol < [69, 1, {"mode": "killnowait"}]
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        bob < [8, 48, 1, {}, "wamp.error.timeout"]
        beth silent
    "#,
    );
}

#[test]
fn rer_01_and_tmo_05_a_call_in_time_is_timed_by_the_router_where_its_next_callee_does_not() {
    play(
        r#"
        alice joins
        beth joins
        bob joins
        alice registers com.p {"invoke": "first", "forward_timeout": true} as $r
        beth registers com.p {"invoke": "first"} as $r
        bob > [48, 1, {"timeout": 300}, "com.p"]
        alice < [68, 1, $r, {"timeout": 300}]
        alice > [8, 68, 1, {}, "wamp.error.unavailable"]
        beth < [68, 1, $r, {}]
        bob < [8, 48, 1, {}, "wamp.error.timeout"]
        beth < [69, 1, {"mode": "killnowait"}]
        alice silent
    "#,
    );
}

#[test]
fn rer_03_when_all_of_several_at_random_have_no_time_each_was_asked_once() {
    const ROUNDS: u64 = 60;
    let router = Router::start(realms());
    let (asked, whom) = mpsc::channel();
    for name in 0..3 {
        let mut callee = RawPeer::joined(router.url(), Subprotocol::PLAIN[name], "realm1");
        callee.send(json!([64, 1, { "invoke": "random" }, "com.p"]));
        assert_eq!(callee.receive()[0], 65);
        let asked = asked.clone();
        thread::spawn(move || {
            for round in 1..=ROUNDS {
                assert_eq!(callee.receive()[1], round, "it is asked once in each round");
                asked.send(name).expect("the test lasts longer");
                callee.send(json!([8, 68, round, {}, "wamp.error.unavailable", ["no time"]]));
            }
        });
    }
    let mut caller = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    let mut orders = BTreeSet::new();
    for round in 1..=ROUNDS {
        caller.send(json!([48, round, {}, "com.p"]));
        caller.expect(json!([8, 48, round, {}, "wamp.error.no_available_callee"]));
        let order: Vec<usize> = whom.try_iter().collect();
        assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), BTreeSet::from([0, 1, 2]), "{order:?}");
        assert_eq!(order.len(), 3);
        orders.insert(order);
    }
    assert!(orders.len() > 1, "sixty times in the same order: {orders:?}");
}

#[test]
fn rer_04_it_is_announced() {
    dealer_announces("realm1", &["call_reroute"]);
}

#[test]
fn rer_04_where_it_is_not_announced_the_error_passes_as_it_is() {
    let application = || {
        let busy = || async { Err::<(), _>(WampError::new("wamp.error.unavailable").arg("busy")) };
        let realm =
            Realm::new("alone").allow_anonymous("guest").routes(RouteSet::new().procedure("com.p", busy));
        Application::builder().realm(realm).build().expect("nothing is wrong with this realm")
    };
    play_at(
        application,
        r#"
        bob connects
        bob > [1, "alone", {"roles": {"caller": {}}}]
        bob < [2, _id, {..., "roles": {..., "dealer": {..., "features": {..., "call_reroute": absent}}}}]
        bob > [48, 1, {}, "com.p"]
        bob < [8, 48, 1, {}, "wamp.error.unavailable", ["busy"]]
    "#,
    );
}
