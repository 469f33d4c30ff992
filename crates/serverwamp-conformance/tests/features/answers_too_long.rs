//! A callee's answer that is longer than the server takes ends the call that waits for it, and nothing else.

use std::time::Duration;

use serde_json::json;
use serverwamp_conformance::{Carrier, ServerProcess, Subprotocol};
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::answering_at_length::{Pair, Way, parts_of};
use crate::counters::Counters;
use serverwamp_conformance::harness::{NONE, assert_error, server_with};

/// The longest message the servers of these tests take, which RawSocket can say as well.
pub(crate) const LONGEST: usize = 2048;

pub(crate) const EXCEEDED: &str = "wamp.error.payload_size_exceeded";

pub(crate) fn server_and(more: &[&str]) -> ServerProcess {
    server_with(&[&[&format!("max_message={LONGEST}")[..]], more].concat())
}

/// Every way to send over a connection.
fn ways() -> Vec<Way> {
    let raw = Subprotocol::PLAIN.map(|subprotocol| Way::new(Carrier::RawSocketTcp, subprotocol));
    let web = Subprotocol::ALL.map(|subprotocol| Way::new(Carrier::WebSocket, subprotocol));
    // At level 0 they become a little longer.
    let compressed =
        web.into_iter().zip([0, 9, 0, 9, 0, 9]).map(|(way, level)| Way { compressed: Some(level), ..way });
    raw.into_iter().chain(web).chain(compressed).collect()
}

// WS-07, RAW-15
#[test]
fn a_result_that_is_too_long_ends_its_call_and_not_its_callee() {
    let server = server_and(&[]);
    for way in ways() {
        let mut pair = Pair::join(&server, way);
        let (call, invocation) = pair.call(NONE);
        pair.send(&[pair.result(LONGEST, invocation)]);
        assert_eq!(pair.caller.final_answer(call)[0], 50, "{way:?}: at the limit");
        for beyond in [1, 1000, 100_000] {
            let (call, invocation) = pair.call(NONE);
            pair.send(&[pair.result(LONGEST + beyond, invocation)]);
            assert_error(&pair.caller.final_answer(call), EXCEEDED, &["the callee's answer", "2048"]);
        }
        pair.expect_service();
    }
}

#[test]
fn an_error_that_is_too_long_ends_its_call_and_not_its_callee() {
    let server = server_and(&[]);
    for way in ways() {
        let mut pair = Pair::join(&server, way);
        for (length, uri) in [(LONGEST, "com.error"), (LONGEST + 1, EXCEEDED)] {
            let (call, invocation) = pair.call(NONE);
            let error = |text: String| json!([8, 68, invocation, {}, "com.error", [text]]);
            pair.send(&[pair.sized(length, error)]);
            assert_eq!(pair.caller.final_answer(call)[4], uri, "{way:?}");
        }
        pair.expect_service();
    }
}

#[test]
fn progress_that_is_too_long_ends_its_call_and_what_follows_is_for_nobody() {
    let server = server_and(&[]);
    for way in ways() {
        let mut pair = Pair::join(&server, way);
        let (call, invocation) = pair.call(json!({ "receive_progress": true }));
        let progress = |text: String| json!([70, invocation, { "progress": true }, [text]]);
        pair.send(&[progress("short".to_owned())]);
        pair.caller.expect(json!([50, call, { "progress": true }, ["short"]]));
        pair.send(&[pair.sized(LONGEST + 1, progress)]);
        assert_error(&pair.caller.final_answer(call), EXCEEDED, &["2048"]);
        pair.send(&[progress("late".to_owned())]);
        pair.send(&[pair.sized(LONGEST + 1, progress)]);
        pair.send(&[pair.result(LONGEST + 1, invocation)]);
        pair.callee.expect_silence_until_fence();
        pair.caller.expect_silence_until_fence();
        pair.expect_service();
    }
}

#[test]
fn a_result_in_fragments_is_passed_over_as_well() {
    let server = server_and(&[]);
    for subprotocol in Subprotocol::ALL {
        let mut pair = Pair::join(&server, Way::new(Carrier::WebSocket, subprotocol));
        for (length, first) in [(LONGEST, 50), (LONGEST + 1, 8), (20 * LONGEST, 8)] {
            let (call, invocation) = pair.call(NONE);
            let (kind, bytes) = parts_of(subprotocol.encode(&[pair.result(length, invocation)]));
            let parts = bytes.chunks(700).count();
            for (part, number) in bytes.chunks(700).zip(1..) {
                let kind = if number == 1 { kind } else { Data::Continue };
                let frame = Frame::message(part.to_vec(), OpCode::Data(kind), number == parts);
                pair.callee.send_raw(Message::Frame(frame));
                pair.callee.send_raw(Message::Ping(vec![b'?'].into()));
            }
            assert_eq!(pair.caller.final_answer(call)[0], first, "{length} bytes, {subprotocol}");
        }
        pair.expect_service();
    }
}

// BAT-05
#[test]
fn what_is_beside_a_result_that_is_too_long_in_a_batch_is_taken() {
    let server = server_and(&[]);
    for way in ways().into_iter().filter(|way| way.subprotocol.batched) {
        let mut pair = Pair::join(&server, way);
        for (length, expected) in [(LONGEST, 50), (LONGEST + 1, 8), (100_000, 8)] {
            let calls = [(); 5].map(|()| pair.call(NONE));
            let lengths = [100, length, 1500, LONGEST + 1, 100];
            let results = [0, 1, 2, 3, 4].map(|at| pair.result(lengths[at], calls[at].1));
            pair.send(&results);
            for ((call, _), first) in calls.into_iter().zip([50, expected, 50, 8, 50]) {
                assert_eq!(pair.caller.final_answer(call)[0], first, "{way:?}, {length} bytes");
            }
        }
        // None of these is too long, only all of them.
        let calls = [(); 3].map(|()| pair.call(NONE));
        pair.send(&calls.map(|(_, invocation)| pair.result(LONGEST, invocation)));
        for (call, _) in calls {
            assert_eq!(pair.caller.final_answer(call)[0], 50, "{way:?}");
        }
        pair.expect_service();
    }
}

#[test]
fn an_answer_that_is_longer_than_what_is_passed_over_ends_its_callee() {
    for limit in [4096, 0] {
        let server = server_and(&[&format!("discarded_bytes={limit}")]);
        for way in ways() {
            let mut pair = Pair::join(&server, way);
            if limit > 0 {
                let (call, invocation) = pair.call(NONE);
                pair.send(&[pair.result(limit - way.overhead(), invocation)]);
                assert_error(&pair.caller.final_answer(call), EXCEEDED, &[]);
            }
            let (call, invocation) = pair.call(NONE);
            pair.send(&[pair.result(limit.max(LONGEST) + 1 - way.overhead(), invocation)]);
            pair.expect_end(call);
        }
    }
}

#[test]
fn a_callee_is_forgiven_its_answers_and_no_other_message() {
    let server = server_and(&[]);
    let text = "x".repeat(LONGEST);
    let others = [
        json!([48, 1, {}, "com.long", [text]]),
        json!([16, 1, {}, "com.topic", [text]]),
        json!([8, 48, 1, {}, "com.error", [text]]),
        json!([70, 77, {}, [text]]),
        json!([70, text, {}]),
        json!([text]),
    ];
    for way in ways() {
        for other in &others {
            let mut pair = Pair::join(&server, way);
            let (call, _) = pair.call(NONE);
            pair.send(std::slice::from_ref(other));
            pair.expect_end(call);
        }
    }
}

// RAW-16
#[test]
fn an_answer_that_is_too_long_for_its_caller_ends_its_call_and_not_its_callee() {
    let server = server_with(&["outgoing_message_bytes=4000"]);
    for way in ways() {
        let mut pair = Pair::join(&server, way);
        let text = "x".repeat(4000);
        let answers = |invocation: u64| {
            [
                (json!([70, invocation, {}, [text]]), EXCEEDED),
                (json!([70, invocation, { "progress": true }, [text]]), EXCEEDED),
                // The name of an error says more than that it was too long.
                (json!([8, 68, invocation, {}, "com.error", [text]]), "com.error"),
            ]
        };
        for kind in 0..3 {
            let (call, invocation) = pair.call(json!({ "receive_progress": true }));
            let (answer, expected) = answers(invocation)[kind].clone();
            pair.send(&[answer]);
            assert_eq!(pair.caller.final_answer(call)[4], expected, "{way:?}");
        }
        pair.expect_service();
    }
}

#[test]
fn every_answer_that_is_passed_over_is_counted_and_logged() {
    let server = server_and(&[]);
    let mut counters = Counters::of(&server);
    let mut pair = Pair::join(&server, Way::new(Carrier::WebSocket, Subprotocol::CBOR));
    for counted in 1..=3 {
        let (call, invocation) = pair.call(NONE);
        pair.send(&[pair.result(LONGEST + 1, invocation)]);
        pair.caller.final_answer(call);
        counters.expect(json!({ "messages_too_long": counted }));
    }
    let line = server.wait_for_log("answers invocation 1: that call is ended", Duration::from_secs(5));
    assert!(line.contains("WARN") && line.contains("2048"), "{line}");
}

#[test]
fn what_is_passed_over_is_kept_nowhere() {
    const EACH: usize = 12 << 20;
    let server = server_and(&[]);
    let web = Way::new(Carrier::WebSocket, Subprotocol::MSGPACK);
    let batched = Way { subprotocol: Subprotocol::MSGPACK_BATCHED, ..web };
    let ways = [
        web,
        batched,
        Way { carrier: Carrier::RawSocketTcp, ..web },
        Way { compressed: Some(9), ..web },
        Way { compressed: Some(9), ..batched },
    ];
    for way in ways {
        let mut pair = Pair::join(&server, way);
        pair.expect_service();
        let before = server.resident_bytes();
        for _ in 0..3 {
            let (call, invocation) = pair.call(NONE);
            pair.send(&[pair.result(EACH, invocation)]);
            assert_error(&pair.caller.final_answer(call), EXCEEDED, &[]);
            pair.callee.fence_dealer();
        }
        let more = server.resident_bytes().saturating_sub(before);
        assert!(more < 2 << 20, "{way:?}: {more} bytes more for messages of {EACH}");
        pair.expect_service();
    }
}
