//! The same random clients beside some that subscribe to what they publish and read nothing: nobody else notices.

use std::time::Duration;

use serde_json::json;
use serverwamp::Overflow;
use serverwamp_conformance::{Carrier, DEADLINE, Places, RawPeer, Subprotocol};

use super::{from_environment, play, sequence};
use crate::router::{Router, realms_with};

/// Events that fill the queues of who does not read them, and what the system holds for them.
const BALLAST: u64 = 40;
const BYTES: usize = 60_000;

/// Clients that have much waiting for them, and in whose subscriptions everything else goes as well.
fn slow_readers(router: &Router) -> Vec<RawPeer> {
    let mut slow: Vec<RawPeer> = [Carrier::WebSocket, Carrier::RawSocketTcp]
        .into_iter()
        .map(|carrier| {
            let mut peer = carrier.connect(&Places::at(router.url()), Subprotocol::JSON);
            peer.join("realm1");
            for pattern in [".", ".."] {
                peer.subscribe(pattern, json!({ "match": "wildcard" }));
            }
            peer.subscribe("ballast", json!({}));
            peer
        })
        .collect();
    let mut publisher = RawPeer::joined(router.url(), Subprotocol::JSON, "realm1");
    for number in 0..BALLAST {
        publisher.publish("ballast", json!([number, "x".repeat(BYTES)]), json!({}));
    }
    slow.push(publisher);
    slow
}

fn beside_slow_readers(overflow: Overflow) {
    let first = from_environment("SERVERWAMP_MODEL_SEED", 1);
    for seed in first..first + from_environment("SERVERWAMP_MODEL_CASES", 10) {
        let app = realms_with(|limits| {
            (limits.outgoing_bytes, limits.borrowed_bytes) = (200_000, Some(0));
            limits.drain_time = Duration::from_millis(50);
            limits.overflow = overflow;
        });
        let statistics = app.clone();
        let router = Router::start(app);
        let mut slow = slow_readers(&router);
        assert_eq!(statistics.statistics().refused(serverwamp::Refusal::SlowReceivers), 2);
        if let Err(failure) = play::run_on(router, &sequence(seed, 120)) {
            panic!("seed {seed}, {overflow:?}: {}\n{}", failure.text, failure.log.join("\n"));
        }
        // What they have not lost is still there, from the first on.
        let first = slow[0].find("the first ballast", DEADLINE, |message| message[4][1].is_string());
        assert_eq!(first[4][0], 0);
    }
}

#[test]
fn beside_readers_that_lose_their_newest_events_everybody_receives_what_the_model_says() {
    beside_slow_readers(Overflow::DropNewestEvent);
}

#[test]
fn beside_readers_that_lose_their_oldest_events_everybody_receives_what_the_model_says() {
    beside_slow_readers(Overflow::DropOldestEvent);
}
