//! A callee's answer that is longer than the server takes ends the call that waits for it, and nothing else.

use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::carrier::Places;
use serverwamp_conformance::peer::Arrival;
use serverwamp_conformance::{Carrier, DEADLINE, RawPeer, ServerProcess, Subprotocol};
use tungstenite::Message;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::counters::Counters;
use crate::support::{NONE, assert_error, server_with};

/// The longest message the servers of these tests take, which RawSocket can say as well.
const LONGEST: usize = 2048;

const EXCEEDED: &str = "wamp.error.payload_size_exceeded";

fn server_and(more: &[&str]) -> ServerProcess {
    server_with(&[&[&format!("max_message={LONGEST}")[..]], more].concat())
}

/// A callee of `com.long`, and a caller.
struct Pair {
    callee: RawPeer,
    caller: RawPeer,
    subprotocol: Subprotocol,
}

impl Pair {
    #[track_caller]
    fn join(server: &ServerProcess, carrier: Carrier, subprotocol: Subprotocol) -> Self {
        let mut callee = carrier.connect(&Places::at(server.url()), subprotocol);
        callee.join("router");
        let request = callee.next_request();
        callee.send(json!([64, request, {}, "com.long"]));
        callee.expect(json!([65, request, "$id"]));
        Self { callee, caller: RawPeer::joined(server.url(), Subprotocol::JSON, "router"), subprotocol }
    }

    /// Calls, and gives the ids of the call and of the invocation.
    #[track_caller]
    fn call(&mut self, options: Value) -> (u64, u64) {
        let call = self.caller.start_call("com.long", json!([]), NONE, options);
        let invocation = self.callee.find("an INVOCATION", DEADLINE, |message| message[0] == 68);
        (call, invocation[1].as_u64().expect("an id"))
    }

    /// This answer with as many letters as make it `length` bytes.
    fn sized(&self, length: usize, answer: impl Fn(String) -> Value) -> Value {
        let bytes = |letters: usize| self.subprotocol.encode(&[answer("x".repeat(letters))]).len();
        let sized = answer("x".repeat(length - (bytes(length) - length)));
        assert_eq!(self.subprotocol.encode(std::slice::from_ref(&sized)).len(), length);
        sized
    }

    fn result(&self, length: usize, invocation: u64) -> Value {
        self.sized(length, |text| json!([70, invocation, {}, [text]]))
    }

    /// The registration is still there, and its callee answers.
    #[track_caller]
    fn expect_service(&mut self) {
        let (call, invocation) = self.call(NONE);
        self.callee.send(json!([70, invocation, {}, ["served"]]));
        assert_eq!(self.caller.final_answer(call), json!([50, call, {}, ["served"]]));
    }

    /// The callee's session is over, and the call with it.
    #[track_caller]
    fn expect_end(&mut self, call: u64) {
        let last = loop {
            match self.callee.next(DEADLINE) {
                Arrival::Message(message) => assert_eq!(message[0], 3, "only ABORT may come: {message}"),
                other => break other,
            }
        };
        assert!(matches!(last, Arrival::Closed(_)), "the callee's connection stays open");
        assert_error(&self.caller.final_answer(call), "wamp.error.canceled", &["left"]);
    }
}

// LP-07
#[test]
fn over_long_polling_a_result_that_is_too_long_is_answered_413_and_ends_its_call() {
    let server = server_and(&[]);
    for subprotocol in Subprotocol::PLAIN {
        let mut pair = Pair::join(&server, Carrier::LongPoll, subprotocol);
        // What is much longer ends the connection of its request as well, which this client has only one of.
        for (length, first) in [(LONGEST, 50), (LONGEST + 1, 8), (LONGEST + 1000, 8)] {
            let (call, invocation) = pair.call(NONE);
            let sent = pair.callee.try_send(&[pair.result(length, invocation)]);
            assert_eq!(sent.is_ok(), first == 50, "{length} bytes: {sent:?}");
            let answer = pair.caller.final_answer(call);
            if first == 8 {
                assert_error(&answer, EXCEEDED, &["2048"]);
            }
            assert_eq!(answer[0], first, "{length} bytes, {subprotocol}");
        }
        pair.expect_service();
    }
}

/// Every way to send whole messages.
fn ways() -> impl Iterator<Item = (Carrier, Subprotocol)> {
    let carriers = [Carrier::WebSocket, Carrier::RawSocketTcp];
    carriers.into_iter().flat_map(|carrier| Subprotocol::PLAIN.map(|subprotocol| (carrier, subprotocol)))
}

// WS-07, RAW-15
#[test]
fn a_result_that_is_too_long_ends_its_call_and_not_its_callee() {
    let server = server_and(&[]);
    for (carrier, subprotocol) in ways() {
        let mut pair = Pair::join(&server, carrier, subprotocol);
        let (call, invocation) = pair.call(NONE);
        pair.callee.send(pair.result(LONGEST, invocation));
        assert_eq!(pair.caller.final_answer(call)[0], 50, "{carrier:?} {subprotocol}: at the limit");
        for beyond in [1, 1000, 100_000] {
            let (call, invocation) = pair.call(NONE);
            pair.callee.send(pair.result(LONGEST + beyond, invocation));
            assert_error(&pair.caller.final_answer(call), EXCEEDED, &["the callee's answer", "2048"]);
        }
        pair.expect_service();
    }
}

#[test]
fn an_error_that_is_too_long_ends_its_call_and_not_its_callee() {
    let server = server_and(&[]);
    for (carrier, subprotocol) in ways() {
        let mut pair = Pair::join(&server, carrier, subprotocol);
        for (length, uri) in [(LONGEST, "com.error"), (LONGEST + 1, EXCEEDED)] {
            let (call, invocation) = pair.call(NONE);
            let error = |text: String| json!([8, 68, invocation, {}, "com.error", [text]]);
            pair.callee.send(pair.sized(length, error));
            assert_eq!(pair.caller.final_answer(call)[4], uri, "{carrier:?} {subprotocol}");
        }
        pair.expect_service();
    }
}

#[test]
fn progress_that_is_too_long_ends_its_call_and_what_follows_is_for_nobody() {
    let server = server_and(&[]);
    for (carrier, subprotocol) in ways() {
        let mut pair = Pair::join(&server, carrier, subprotocol);
        let (call, invocation) = pair.call(json!({ "receive_progress": true }));
        let progress = |text: String| json!([70, invocation, { "progress": true }, [text]]);
        pair.callee.send(progress("short".to_owned()));
        pair.caller.expect(json!([50, call, { "progress": true }, ["short"]]));
        pair.callee.send(pair.sized(LONGEST + 1, progress));
        assert_error(&pair.caller.final_answer(call), EXCEEDED, &["2048"]);
        pair.callee.send(progress("late".to_owned()));
        pair.callee.send(pair.sized(LONGEST + 1, progress));
        pair.callee.send(pair.result(LONGEST + 1, invocation));
        pair.callee.expect_silence_until_fence();
        pair.caller.expect_silence_until_fence();
        pair.expect_service();
    }
}

#[test]
fn a_result_in_fragments_is_passed_over_as_well() {
    let server = server_and(&[]);
    for subprotocol in Subprotocol::PLAIN {
        let mut pair = Pair::join(&server, Carrier::WebSocket, subprotocol);
        for (length, first) in [(LONGEST, 50), (LONGEST + 1, 8), (20 * LONGEST, 8)] {
            let (call, invocation) = pair.call(NONE);
            let (kind, bytes) = match subprotocol.encode(&[pair.result(length, invocation)]) {
                Message::Text(text) => (Data::Text, text.as_bytes().to_vec()),
                other => (Data::Binary, other.into_data().to_vec()),
            };
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

#[test]
fn an_answer_that_is_longer_than_what_is_passed_over_ends_its_callee() {
    for limit in [4096, 0] {
        let server = server_and(&[&format!("discarded_bytes={limit}")]);
        for (carrier, subprotocol) in ways() {
            let mut pair = Pair::join(&server, carrier, subprotocol);
            if limit > 0 {
                let (call, invocation) = pair.call(NONE);
                pair.callee.send(pair.result(limit, invocation));
                assert_error(&pair.caller.final_answer(call), EXCEEDED, &[]);
            }
            let (call, invocation) = pair.call(NONE);
            pair.callee.send(pair.result(limit.max(LONGEST) + 1, invocation));
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
    for (carrier, subprotocol) in ways() {
        for other in &others {
            let mut pair = Pair::join(&server, carrier, subprotocol);
            let (call, _) = pair.call(NONE);
            pair.callee.send(other.clone());
            pair.expect_end(call);
        }
    }
}

// RAW-16
#[test]
fn an_answer_that_is_too_long_for_its_caller_ends_its_call_and_not_its_callee() {
    let server = server_with(&["outgoing_message_bytes=4000"]);
    for (carrier, subprotocol) in ways() {
        let mut pair = Pair::join(&server, carrier, subprotocol);
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
            pair.callee.send(answer);
            assert_eq!(pair.caller.final_answer(call)[4], expected, "{carrier:?} {subprotocol}");
        }
        pair.expect_service();
    }
}

#[test]
fn every_answer_that_is_passed_over_is_counted_and_logged() {
    let server = server_and(&[]);
    let mut counters = Counters::of(&server);
    let mut pair = Pair::join(&server, Carrier::WebSocket, Subprotocol::CBOR);
    for counted in 1..=3 {
        let (call, invocation) = pair.call(NONE);
        pair.callee.send(pair.result(LONGEST + 1, invocation));
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
    for carrier in [Carrier::WebSocket, Carrier::RawSocketTcp] {
        let mut pair = Pair::join(&server, carrier, Subprotocol::MSGPACK);
        pair.expect_service();
        let before = server.resident_bytes();
        for _ in 0..3 {
            let (call, invocation) = pair.call(NONE);
            pair.callee.send(pair.result(EACH, invocation));
            assert_error(&pair.caller.final_answer(call), EXCEEDED, &[]);
            pair.callee.fence_dealer();
        }
        let more = server.resident_bytes().saturating_sub(before);
        assert!(more < 2 << 20, "{carrier:?}: {more} bytes more for messages of {EACH}");
        pair.expect_service();
    }
}
