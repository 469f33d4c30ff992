//! Subscribers that do not read, and what they lose: events if the server says so, nothing else, and nobody but they.

use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, RawPeer, ServerProcess, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_like, join, server_with, until, value};

/// Events of one burst, and bytes of each.
const BURST: u64 = 20;
const BYTES: usize = 10_000;

/// Calls of the slow session that are answered while its queue is full.
const CALLS: usize = 50;

/// Publishes until somebody loses events, then some more, while `healthy` reads. Gives the number of bursts.
#[track_caller]
fn flood(server: &ServerProcess, publisher: &mut RawPeer, healthy: &mut RawPeer, subscription: u64) -> u64 {
    let before = server.resident_bytes();
    let (mut bursts, mut most, mut more) = (0, 0, 20);
    while more > 0 {
        assert!(bursts < 1000, "the server queues 200 MB for a peer that does not read");
        burst(publisher, healthy, subscription);
        bursts += 1;
        most = most.max(server.resident_bytes().saturating_sub(before));
        if value(publisher, "sessions.events_lost", NONE) != 0 {
            more -= 1;
        }
    }
    assert!(most < 8 << 20, "the server holds {most} bytes more");
    bursts
}

/// Everything up to the answers to the gated calls and to one that is made now: the events of `subscription`.
#[track_caller]
fn catch_up(slow: &mut RawPeer, subscription: u64) -> Vec<Value> {
    let fence = slow.start_call("demo.add", json!([1, 2]), NONE, NONE);
    let (mut events, mut answers, mut fenced) = (Vec::new(), 0, false);
    while !fenced || answers < CALLS {
        let message = slow.receive();
        match message[0].as_u64() {
            Some(36) => {
                assert_like(&json!([36, subscription, "$id", {}, ["$int", "$string"]]), &message);
                assert_eq!(
                    message[4][1].as_str().map(str::len),
                    Some(BYTES),
                    "events are whole or not there"
                );
                events.push(message);
            }
            Some(50) if message[1] == fence => fenced = true,
            _ => {
                assert_like(&json!([50, "$id", {}, ["done"]]), &message);
                answers += 1;
            }
        }
    }
    events
}

#[track_caller]
fn burst(publisher: &mut RawPeer, healthy: &mut RawPeer, subscription: u64) {
    assert_eq!(value(publisher, "publish.burst", json!(["a.topic", BURST, BYTES])), BURST);
    for number in 0..BURST {
        assert_eq!(healthy.event(subscription, DEADLINE)[4][0], number, "who reads gets everything");
    }
}

/// One session does not read while its calls are answered and more is published than fits, then reads again.
#[track_caller]
fn loses_events_only(policy: &str, subprotocol: Subprotocol) {
    let server = server_with(&["outgoing_bytes=1000000", &format!("overflow={policy}")]);
    let mut publisher = join(&server, "realm1");
    let mut healthy = join(&server, "realm1");
    let reading = healthy.subscribe("a.topic", NONE);
    let mut slow = RawPeer::connect(server.url(), subprotocol);
    let session = slow.join("realm1");
    let subscription = slow.subscribe("a.topic", NONE);
    for _ in 0..CALLS {
        slow.start_call("gate.pass", NONE, NONE, NONE);
    }
    until(&mut publisher, "gate.waiting", &json!(CALLS));

    let bursts = flood(&server, &mut publisher, &mut healthy, reading);
    // It is said at once, and not when the connection has something to do again.
    let told = server.wait_for_log("reason=events_lost", DEADLINE);
    assert!(told.contains("WARN") && told.contains(&format!("session={session}")), "{told}");
    // The queue is full of events, and now the calls are answered.
    publisher.call("gate.open", NONE, NONE, NONE);
    until(&mut publisher, "gate.waiting", &json!(0));
    burst(&mut publisher, &mut healthy, reading);
    let lost = value(&mut publisher, "sessions.events_lost", NONE).as_u64().expect("a number");

    let events = catch_up(&mut slow, subscription);
    let received = u64::try_from(events.len()).expect("not so many");
    assert_eq!(received + lost, (bursts + 1) * BURST, "what is lost is counted");
    let newest = events.last().map(|event| event[4][0].clone()) == Some(json!(BURST - 1));
    assert!(newest || policy != "drop_oldest_event", "the newest event is there");
    // It reads again, and so gets events again.
    assert_eq!(value(&mut publisher, "publish.burst", json!(["a.topic", 1, BYTES])), 1);
    assert_eq!(slow.event(subscription, DEADLINE)[4][0], 0);
    assert_eq!(value(&mut publisher, "sessions.events_lost", NONE), lost);
    slow.leave();
    server.wait_for_log(&format!("has lost events session={session} events={lost}"), DEADLINE);
    // The next session has its own count.
    slow.join("realm1");
    assert_eq!(value(&mut publisher, "sessions.events_lost", NONE), 0);
}

// SEC-05, PCR-11
#[test]
fn a_slow_subscriber_loses_its_newest_events_and_nothing_else() {
    loses_events_only("drop_newest_event", Subprotocol::JSON);
}

#[test]
fn a_slow_subscriber_loses_its_oldest_events_and_nothing_else() {
    loses_events_only("drop_oldest_event", Subprotocol::JSON);
}

#[test]
fn a_slow_subscriber_with_batches_loses_its_oldest_events_and_nothing_else() {
    loses_events_only("drop_oldest_event", Subprotocol::MSGPACK_BATCHED);
}
