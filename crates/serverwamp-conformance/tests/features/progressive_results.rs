//! Progressive results: a sink and a stream, only for callers who asked, ended by one final answer.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, Subprotocol};

use serverwamp_conformance::harness::{NONE, assert_like, call, join, server, until_noted, value};

fn asking() -> Value {
    json!({ "receive_progress": true })
}

// PCR-07
#[test]
fn a_caller_who_did_not_ask_gets_the_final_result_alone() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        for options in [NONE, json!({}), json!({ "receive_progress": false })] {
            for (uri, args, expected) in [
                ("progress.count", json!([3, 0]), json!(["liftoff"])),
                ("progress.shapes", NONE, json!([1, 2])),
                ("progress.flood", json!([3, 1]), json!([3])),
            ] {
                let id = peer.start_call(uri, args, NONE, options.clone());
                peer.expect(json!([50, id, {}, expected]));
            }
            let id = peer.start_call("progress.streamed", json!([false]), NONE, options);
            peer.expect(json!([50, id, {}]));
        }
        assert_eq!(value(&mut peer, "progress.requested", NONE), false);
    }
}

// PCR-02, PCR-03, PCR-04
#[test]
fn a_sink_sends_progress_and_then_the_final_result() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let id = peer.start_call("progress.count", json!([3, 0]), NONE, asking());
        for number in [3, 2, 1] {
            peer.expect(json!([50, id, { "progress": true }, [number]]));
        }
        peer.expect(json!([50, id, {}, ["liftoff"]]));
        peer.expect_silence_until_fence();
    }
}

// PCR-04
#[test]
fn progress_may_have_every_shape() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let id = peer.start_call("progress.shapes", NONE, NONE, asking());
        peer.expect(json!([50, id, { "progress": true }]));
        peer.expect(json!([50, id, { "progress": true }, [1, "two"]]));
        peer.expect(json!([50, id, { "progress": true }, [], { "a": 1 }]));
        peer.expect(json!([50, id, { "progress": true }, [1], { "a": 1 }]));
        peer.expect(json!([50, id, {}, [1, 2]]));
    }
}

#[test]
fn a_stream_sends_progress_and_then_an_empty_result() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let id = peer.start_call("progress.streamed", json!([false]), NONE, asking());
        for number in [1, 2, 3] {
            peer.expect(json!([50, id, { "progress": true }, [number]]));
        }
        peer.expect(json!([50, id, {}]));
        peer.expect_silence_until_fence();
    }
}

// PCR-03
#[test]
fn an_error_ends_progress() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("progress.streamed", json!([true]), NONE, asking());
    for number in [1, 2] {
        peer.expect(json!([50, id, { "progress": true }, [number]]));
    }
    peer.expect(json!([8, 48, id, {}, "com.example.broken"]));
    peer.expect_silence_until_fence();
    // Also for a caller who did not ask.
    assert_like(
        &json!([8, 48, "$id", {}, "com.example.broken"]),
        &call(&mut peer, "progress.streamed", json!([true])),
    );
}

// PCR-02
#[test]
fn progress_arrives_while_the_handler_runs() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("progress.count", json!([2, 60_000]), NONE, asking());
    peer.expect(json!([50, id, { "progress": true }, [2]]));
    // Other calls of the session are answered meanwhile.
    assert_eq!(value(&mut peer, "progress.requested", NONE), false);
    peer.send(json!([49, id, { "mode": "kill" }]));
    peer.expect(json!([8, 48, id, {}, "wamp.error.canceled"]));
}

// PCR-05
#[test]
fn no_progress_comes_after_a_cancel_or_a_timeout() {
    let server = server();
    let mut peer = join(&server, "realm1");
    for mode in ["skip", "kill", "killnowait"] {
        let id = peer.start_call("progress.count", json!([10_000, 1]), NONE, asking());
        peer.expect(json!([50, id, { "progress": true }, [10_000]]));
        peer.send(json!([49, id, { "mode": mode }]));
        let canceled = peer.final_answer(id);
        assert_like(&json!([8, 48, id, {}, "wamp.error.canceled"]), &canceled);
        // What was sent before the ERROR is still to be looked at; what the next 20 ms bring is not progress.
        let next = peer.start_call("waiting.slow", json!([20]), NONE, NONE);
        let mut progress = 0;
        loop {
            let message = peer.receive();
            if message == json!([50, next, {}, ["done"]]) {
                break;
            }
            assert_like(&json!([50, id, { "progress": true }, ["$int"]]), &message);
            progress += 1;
            assert!(progress < 1000, "progress goes on after {mode}");
        }
        let next = peer.start_call("waiting.slow", json!([20]), NONE, NONE);
        peer.expect(json!([50, next, {}, ["done"]]));
    }
    let id = peer.start_call(
        "progress.count",
        json!([2, 200]),
        NONE,
        json!({ "receive_progress": true, "timeout": 50 }),
    );
    peer.expect(json!([50, id, { "progress": true }, [2]]));
    peer.expect(json!([8, 48, id, {}, "wamp.error.timeout"]));
    let next = peer.start_call("waiting.slow", json!([250]), NONE, NONE);
    peer.expect(json!([50, next, {}, ["done"]]));
}

// PCR-05
#[test]
fn no_progress_comes_after_the_final_result() {
    let server = server();
    let mut peer = join(&server, "realm1");
    let id = peer.start_call("progress.late", NONE, NONE, asking());
    peer.expect(json!([50, id, {}, ["final"]]));
    let noted = until_noted(&mut peer, "late progress refused: true");
    assert_eq!(noted, ["late progress refused: true"]);
    peer.expect_silence_until_fence();
}

// PCR-11
#[test]
fn a_slow_caller_gets_every_chunk_and_the_servers_memory_stays_bounded() {
    const CHUNKS: usize = 2_500;
    let server = server();
    let mut other = join(&server, "realm1");
    let mut peer = RawPeer::joined(server.url(), Subprotocol::MSGPACK, "realm1");
    let before = server.resident_bytes();
    let id = peer.start_call("progress.flood", json!([CHUNKS, 20_000]), NONE, asking());
    // 50 MB are on their way, and nobody reads them; the handler waits.
    let mut most = 0;
    for _ in 0..20 {
        other.call("waiting.slow", json!([20]), NONE, NONE);
        most = most.max(server.resident_bytes().saturating_sub(before));
    }
    assert!(most < 12 << 20, "the server holds {most} bytes more for a caller who does not read");
    for number in 0..CHUNKS {
        let message = peer.receive();
        assert_eq!(message[2], json!({ "progress": true }), "chunk {number}");
        assert_eq!(message[3][0], number, "no gap");
        assert_eq!(message[3][1].as_str().map(str::len), Some(20_000));
    }
    assert_eq!(peer.receive(), json!([50, id, {}, [CHUNKS]]));
}

// PCR-08
#[test]
fn a_caller_who_leaves_ends_the_sink() {
    let server = server();
    let mut other = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    peer.start_call("progress.flood", json!([1_000_000, 10_000]), NONE, asking());
    peer.receive();
    drop(peer);
    let idle = || {
        let start = server.cpu_time();
        std::thread::sleep(Duration::from_millis(100));
        server.cpu_time().saturating_sub(start) < Duration::from_millis(50)
    };
    assert!((0..30).any(|_| idle()), "the handler goes on for a caller who has left");
    assert_eq!(value(&mut other, "sessions.count", NONE), 1);
}
