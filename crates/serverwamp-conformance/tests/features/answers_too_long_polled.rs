//! The same over long-polling, where the callee is answered 413.

use serde_json::json;
use serverwamp_conformance::{Carrier, Subprotocol};
use tungstenite::Message;

use crate::answering_at_length::{Pair, Way, parts_of};
use crate::answers_too_long::{EXCEEDED, LONGEST, server_and};
use serverwamp_conformance::harness::{NONE, assert_error};

const BATCHED: [Subprotocol; 3] =
    [Subprotocol::JSON_BATCHED, Subprotocol::MSGPACK_BATCHED, Subprotocol::CBOR_BATCHED];

// LP-07
#[test]
fn over_long_polling_a_result_that_is_too_long_is_answered_413_and_ends_its_call() {
    let server = server_and(&[]);
    for subprotocol in Subprotocol::ALL {
        let mut pair = Pair::join(&server, Way::new(Carrier::LongPoll, subprotocol));
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

// LP-07
#[test]
fn over_long_polling_what_is_beside_a_result_that_is_too_long_in_a_batch_is_taken() {
    let server = server_and(&["discarded_bytes=20000"]);
    for subprotocol in BATCHED {
        let mut pair = Pair::join(&server, Way::new(Carrier::LongPoll, subprotocol));
        for (length, first) in [(LONGEST, 50), (LONGEST + 1, 8), (15_000, 8)] {
            let calls = [(); 4].map(|()| pair.call(NONE));
            let lengths = [100, length, 1500, 1500];
            let results = [0, 1, 2, 3].map(|at| pair.result(lengths[at], calls[at].1));
            let sent = pair.callee.try_send(&results);
            assert_eq!(sent.is_ok(), first == 50, "{length} bytes: {sent:?}");
            for ((call, _), first) in calls.into_iter().zip([50, first, 50, 50]) {
                let answer = pair.caller.final_answer(call);
                assert_eq!(answer[0], first, "{length} bytes, {subprotocol}: {answer}");
                if first == 8 {
                    assert_error(&answer, EXCEEDED, &["2048"]);
                }
            }
        }
        pair.expect_service();
        // Beyond what is dropped at the most, nothing is read.
        let (call, invocation) = pair.call(NONE);
        let sent =
            pair.callee.try_send(&[json!([70, 7, {}, ["x".repeat(20_000)]]), pair.result(100, invocation)]);
        assert!(sent.is_err(), "{sent:?}");
        pair.send(&[pair.result(100, invocation)]);
        assert_eq!(pair.caller.final_answer(call)[0], 50);
    }
}

// LP-07, BAT-05
#[test]
fn over_long_polling_a_batch_that_is_too_long_and_malformed_ends_its_session() {
    let server = server_and(&[]);
    for rest in ["[1]", "[1]\u{1e}\u{1e}", "[70\u{1e}"] {
        let mut pair = Pair::join(&server, Way::new(Carrier::LongPoll, Subprotocol::JSON_BATCHED));
        let ((first, invocation), (second, _)) = (pair.call(NONE), pair.call(NONE));
        let (_, mut batch) = parts_of(pair.way.subprotocol.encode(&[pair.result(LONGEST + 1, invocation)]));
        batch.extend(rest.as_bytes());
        pair.callee.send_raw(Message::text(String::from_utf8(batch).expect("JSON")));
        assert_error(&pair.caller.final_answer(first), EXCEEDED, &[]);
        pair.expect_end(second);
    }
}
