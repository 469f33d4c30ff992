//! Peers that read steadily get everything, whatever others send them; one that does not costs others only what is documented.
//!
//! A steady reader is paced by the number of bytes that it has read. Nothing here is measured in time: a server that drops a
//! message, or a session, fails.

use std::thread::{scope, sleep};
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{Arrival, Carrier, DEADLINE, RawPeer, Subprotocol};

use crate::place::{Process, Runtime};
use serverwamp_conformance::harness::NONE;

/// Bytes in each millisecond of a peer that reads steadily: 4 MB/s.
const PACE: usize = 4000;

/// A server with the limits that everybody has by default, reached in one way.
struct Stage {
    process: Process,
    carrier: Carrier,
}

impl Stage {
    fn start(carrier: Carrier, runtime: Runtime, arguments: &[&str]) -> Self {
        let arguments = [&["max_message=1048576"], arguments].concat();
        Self { process: Process::start_with(runtime, &arguments), carrier }
    }

    fn join(&self) -> RawPeer {
        let mut peer = self.process.connect(self.carrier, Subprotocol::JSON);
        let features = json!({ "features": { "progressive_call_results": true, "call_canceling": true } });
        let roles = json!({ "callee": features, "caller": features, "subscriber": {}, "publisher": {} });
        let welcome = peer.hello("router", json!({ "roles": roles }));
        peer.welcomed(&welcome);
        peer
    }
}

fn text(bytes: usize) -> Value {
    json!("x".repeat(bytes))
}

/// Waits as long as it takes to read so many bytes.
fn pace(bytes: usize) {
    sleep(Duration::from_millis(u64::try_from(bytes / PACE).expect("a few")));
}

/// A hundred results of 100 kB at once.
fn parallel_results(stage: &Stage) {
    const CALLS: u64 = 100;
    const BYTES: usize = 100_000;
    let (mut caller, mut callee) = (stage.join(), stage.join());
    callee.register("com.example.long");
    scope(|scope| {
        scope.spawn(|| {
            for _ in 0..CALLS {
                let invocation = callee.receive();
                callee.send(json!([70, invocation[1], {}, [text(BYTES)]]));
            }
        });
        for _ in 0..CALLS {
            caller.start_call("com.example.long", NONE, NONE, NONE);
        }
        for _ in 0..CALLS {
            let result = caller.receive();
            assert_eq!((&result[0], result[3][0].as_str().map(str::len)), (&json!(50), Some(BYTES)));
            pace(BYTES);
        }
    });
}

/// A file of 10 MB in pieces.
fn progressive_results(stage: &Stage) {
    const PIECES: u64 = 160;
    const BYTES: usize = 64_000;
    let (mut caller, mut callee) = (stage.join(), stage.join());
    callee.register("com.example.file");
    scope(|scope| {
        scope.spawn(|| {
            let invocation = callee.receive();
            for number in 0..PIECES {
                callee.send(json!([70, invocation[1], { "progress": true }, [number, text(BYTES)]]));
            }
            callee.send(json!([70, invocation[1], {}]));
        });
        let call = caller.start_call("com.example.file", NONE, NONE, json!({ "receive_progress": true }));
        for number in 0..PIECES {
            let piece = caller.receive();
            assert_eq!((&piece[1], &piece[3][0]), (&json!(call), &json!(number)));
            pace(BYTES);
        }
        assert_eq!(caller.receive(), json!([50, call, {}]));
    });
}

/// A hundred events of 100 kB at once, and then several times as much as may wait for a peer that does nothing but read.
fn events(stage: &Stage, bytes: usize, events: u64, paced: bool) {
    let (mut subscriber, mut publisher) = (stage.join(), stage.join());
    let subscription = subscriber.subscribe("com.example.events", NONE);
    scope(|scope| {
        scope.spawn(|| {
            for number in 0..events {
                let id = publisher.next_request();
                publisher.send(json!([16, id, {}, "com.example.events", [number, text(bytes)]]));
            }
            publisher
        });
        for number in 0..events {
            let event = subscriber.receive();
            assert_eq!((&event[1], &event[4][0]), (&json!(subscription), &json!(number)));
            if paced {
                pace(bytes);
            }
        }
    });
}

/// The four cases, with limits by default.
fn steady(carrier: Carrier, runtime: Runtime) {
    let stage = Stage::start(carrier, runtime, &[]);
    scope(|scope| {
        scope.spawn(|| parallel_results(&stage));
        scope.spawn(|| progressive_results(&stage));
    });
    events(&stage, 100_000, 100, true);
    events(&stage, 65_536, 384, false);
}

/// The same where nothing can be borrowed and little may wait, so that senders pause all the time.
fn little_room(carrier: Carrier, runtime: Runtime) {
    let stage = Stage::start(carrier, runtime, &["outgoing_bytes=500000", "borrowed_bytes=0"]);
    scope(|scope| {
        scope.spawn(|| parallel_results(&stage));
        scope.spawn(|| progressive_results(&stage));
    });
    events(&stage, 65_536, 64, false);
}

/// A caller that reads nothing: its call ends and not its session, and others of the same callee are served.
fn unread(carrier: Carrier, runtime: Runtime) {
    let stage = Stage::start(carrier, runtime, &["outgoing_bytes=500000", "borrowed_bytes=0"]);
    let (mut unread, mut other, mut callee) = (stage.join(), stage.join(), stage.join());
    callee.register("com.example.endless");
    unread.start_call("com.example.endless", NONE, NONE, json!({ "receive_progress": true }));
    let endless = callee.receive()[1].clone();
    let mut sent = 0;
    // Until it is told to stop; it serves the other caller between two results.
    let mut stopped = false;
    while !stopped {
        callee.send(json!([70, endless, { "progress": true }, [sent, text(50_000)]]));
        sent += 1;
        assert!(sent < 5000, "250 MB wait for a caller that does not read");
        let call = other.start_call("com.example.endless", NONE, NONE, NONE);
        let mut message = callee.receive();
        if message[0] == 69 {
            assert_eq!(message, json!([69, endless, { "mode": "killnowait" }]));
            stopped = true;
            message = callee.receive();
        }
        assert_eq!(message[0], 68, "{message}");
        callee.send(json!([70, message[1], {}, ["other"]]));
        assert_eq!(other.find("an answer", DEADLINE, |answer| answer[1] == call)[3], json!(["other"]));
    }
    let mut read = 0;
    let end = loop {
        let message = unread.receive();
        if message[0] != 50 {
            break message;
        }
        assert_eq!(message[3][0], read, "no result is missing before the end");
        read += 1;
    };
    assert_eq!((&end[0], &end[1], &end[4]), (&json!(8), &json!(48), &json!("wamp.error.network_failure")));
    assert!(read < sent);
    unread.fence_dealer();
    callee.fence_dealer();
}

/// Two that each call the other, and read nothing until they have written all their calls: each gets all its answers.
fn both_write_first(carrier: Carrier, runtime: Runtime) {
    const CALLS: usize = 60;
    let stage = Stage::start(carrier, runtime, &["borrowed_bytes=0"]);
    let (mut first, mut second) = (stage.join(), stage.join());
    first.register("com.example.first");
    second.register("com.example.second");
    let talk = |peer: &mut RawPeer, procedure: &str| {
        for _ in 0..CALLS {
            peer.start_call(procedure, json!([text(100_000)]), NONE, NONE);
        }
        let (mut answers, mut served) = (0, 0);
        while answers < CALLS {
            let message = peer.receive();
            match message[0].as_u64() {
                Some(68) => {
                    served += 1;
                    peer.send(json!([70, message[1], {}]));
                }
                Some(50) => answers += 1,
                Some(8) if message[4] == "wamp.error.network_failure" => answers += 1,
                _ => panic!("{message}"),
            }
        }
        served
    };
    scope(|scope| {
        let one = scope.spawn(|| {
            let served = talk(&mut first, "com.example.second");
            // The other may not have all its answers yet.
            serve(&mut first);
            served
        });
        let other = scope.spawn(|| {
            let served = talk(&mut second, "com.example.first");
            serve(&mut second);
            served
        });
        let served = one.join().expect("no panic") + other.join().expect("no panic");
        assert!(served > 0, "somebody was called");
    });
}

/// Answers what there is, until there is nothing for a moment.
fn serve(peer: &mut RawPeer) {
    while let Arrival::Message(message) = peer.next(Duration::from_secs(1)) {
        if message[0] == 68 {
            peer.send(json!([70, message[1], {}]));
        }
    }
}

#[test]
fn steady_readers_stay_over_websocket_on_tokio() {
    steady(Carrier::WebSocket, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_over_websocket_on_smol() {
    steady(Carrier::WebSocket, Runtime::Smol);
}

#[test]
fn steady_readers_stay_over_rawsocket_on_tokio() {
    steady(Carrier::RawSocketTcp, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_over_rawsocket_on_smol() {
    steady(Carrier::RawSocketTcp, Runtime::Smol);
}

#[test]
fn steady_readers_stay_over_long_poll_on_tokio() {
    steady(Carrier::LongPoll, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_over_long_poll_on_smol() {
    steady(Carrier::LongPoll, Runtime::Smol);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_websocket_on_tokio() {
    little_room(Carrier::WebSocket, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_websocket_on_smol() {
    little_room(Carrier::WebSocket, Runtime::Smol);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_rawsocket_on_tokio() {
    little_room(Carrier::RawSocketTcp, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_rawsocket_on_smol() {
    little_room(Carrier::RawSocketTcp, Runtime::Smol);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_long_poll_on_tokio() {
    little_room(Carrier::LongPoll, Runtime::Tokio);
}

#[test]
fn steady_readers_stay_where_there_is_little_room_over_long_poll_on_smol() {
    little_room(Carrier::LongPoll, Runtime::Smol);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_websocket_on_tokio() {
    unread(Carrier::WebSocket, Runtime::Tokio);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_websocket_on_smol() {
    unread(Carrier::WebSocket, Runtime::Smol);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_rawsocket_on_tokio() {
    unread(Carrier::RawSocketTcp, Runtime::Tokio);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_rawsocket_on_smol() {
    unread(Carrier::RawSocketTcp, Runtime::Smol);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_long_poll_on_tokio() {
    unread(Carrier::LongPoll, Runtime::Tokio);
}

#[test]
fn pcr_11_at_the_bound_a_call_ends_and_no_session_over_long_poll_on_smol() {
    unread(Carrier::LongPoll, Runtime::Smol);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_websocket_on_tokio() {
    both_write_first(Carrier::WebSocket, Runtime::Tokio);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_websocket_on_smol() {
    both_write_first(Carrier::WebSocket, Runtime::Smol);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_rawsocket_on_tokio() {
    both_write_first(Carrier::RawSocketTcp, Runtime::Tokio);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_rawsocket_on_smol() {
    both_write_first(Carrier::RawSocketTcp, Runtime::Smol);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_long_poll_on_tokio() {
    both_write_first(Carrier::LongPoll, Runtime::Tokio);
}

#[test]
fn two_that_write_first_get_all_their_answers_over_long_poll_on_smol() {
    both_write_first(Carrier::LongPoll, Runtime::Smol);
}
