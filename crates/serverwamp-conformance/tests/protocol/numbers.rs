//! SER-11, SER-13: numbers that not every serializer has, times, and half of a surrogate pair, from client to client.
//!
//! The serializers of these tests do not have them either, so messages are written and compared octet by octet.

use serde_json::{Value, json};
use serverwamp_conformance::harness::{Witness, binary_message, call, joined, list, server, violates};
use serverwamp_conformance::{DEADLINE, RawPeer, Serializer, ServerProcess, Subprotocol};
use tungstenite::Message;

const PUBLISH: u8 = 16;
const CALL: u8 = 48;
/// The URI that everything goes to.
const TEXT: &str = "com.t";

fn peer(server: &ServerProcess, subprotocol: Subprotocol) -> RawPeer {
    RawPeer::joined(server.url(), subprotocol, "router")
}

/// A subscriber in each serializer.
fn subscribers(server: &ServerProcess) -> [RawPeer; 3] {
    Subprotocol::PLAIN.map(|subprotocol| {
        let mut subscriber = peer(server, subprotocol);
        subscriber.subscribe(TEXT, Value::Null);
        subscriber
    })
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits")).collect()
}

/// One argument as it is written in some serializer.
#[derive(Clone, Copy)]
enum Argument<'a> {
    Json(&'a str),
    MsgPack(&'a str),
    Cbor(&'a str),
}

impl Argument<'_> {
    fn subprotocol(self) -> Subprotocol {
        match self {
            Self::Json(_) => Subprotocol::JSON,
            Self::MsgPack(_) => Subprotocol::MSGPACK,
            Self::Cbor(_) => Subprotocol::CBOR,
        }
    }

    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Json(text) => text.as_bytes().to_vec(),
            Self::MsgPack(hex) | Self::Cbor(hex) => unhex(hex),
        }
    }

    /// A PUBLISH or a CALL with that argument, and these options, which are written in JSON.
    fn message(self, code: u8, options: &Value) -> Message {
        match self {
            Self::Json(text) => Message::text(format!("[{code},1,{options},\"{TEXT}\",[{text}]]")),
            Self::MsgPack(hex) => {
                let (options, uri) =
                    (Serializer::MsgPack.encode(options), Serializer::MsgPack.encode(&json!(TEXT)));
                binary_message(&list(
                    0x95,
                    &[&[code], &[1], &options, &uri, &[&[0x91], &unhex(hex)[..]].concat()],
                ))
            }
            Self::Cbor(hex) => {
                let (options, uri) =
                    (Serializer::Cbor.encode(options), Serializer::Cbor.encode(&json!(TEXT)));
                let code: Vec<u8> = if code < 24 { vec![code] } else { vec![0x18, code] };
                binary_message(&list(
                    0x85,
                    &[&code, &[1], &options, &uri, &[&[0x81], &unhex(hex)[..]].concat()],
                ))
            }
        }
    }
}

/// The number of payloads that did not arrive because of their receiver's serializer.
fn unrepresentable(counters: &mut RawPeer) -> u64 {
    let all = &call(counters, "statistics.all", json!([]))[3][0];
    all["payloads_unrepresentable"].as_u64().unwrap_or(0)
}

#[track_caller]
fn arrives(receiver: &mut RawPeer, expected: &[u8], what: &str) {
    let message = receiver.next_raw(DEADLINE).expect("a message").into_data().to_vec();
    let found = message.windows(expected.len()).any(|window| window == expected);
    assert!(found, "{what}: {} is not in {message:02x?}", expected.escape_ascii());
}

/// The published value, and the value that arrives in JSON, MessagePack and CBOR, if one does.
type Row<'a> = (Argument<'a>, [Option<Argument<'a>>; 3]);

const TWO_TO_THE_64: Argument<'_> = Argument::Cbor("c2 49 01 0000000000000000");

const ROWS: &[Row<'_>] = &{
    use Argument::{Cbor as C, Json as J, MsgPack as M};
    [
        (
            TWO_TO_THE_64,
            [Some(J("18446744073709551616")), Some(M("cb 43f0000000000000")), Some(TWO_TO_THE_64)],
        ),
        (
            C("c3 49 01 0000000000000000"),
            [Some(J("-18446744073709551617")), None, Some(C("c3 49 01 0000000000000000"))],
        ),
        (
            C("3b ffffffffffffffff"),
            [
                Some(J("-18446744073709551616")),
                Some(M("cb c3f0000000000000")),
                Some(C("3b ffffffffffffffff")),
            ],
        ),
        (C("c4 82 21 19 07cf"), [Some(J("1999e-2")), None, Some(C("c4 82 21 19 07cf"))]),
        (C("c4 82 20 0f"), [Some(J("15e-1")), Some(M("cb 3ff8000000000000")), Some(C("c4 82 20 0f"))]),
        (C("c5 82 20 03"), [Some(J("15e-1")), Some(M("cb 3ff8000000000000")), Some(C("c5 82 20 03"))]),
        (C("c5 82 1a 7fffffff 01"), [None, None, Some(C("c5 82 1a 7fffffff 01"))]),
        (C("c4 82 1a 7fffffff 01"), [None, None, Some(C("c4 82 1a 7fffffff 01"))]),
        (C("c2 01"), [None, None, Some(C("c2 01"))]),
        (C("c1 1a 53a70539"), [Some(J("1403454777")), Some(M("ce 53a70539")), Some(C("c1 1a 53a70539"))]),
        (
            J("18446744073709551616"),
            [Some(J("18446744073709551616")), Some(M("cb 43f0000000000000")), Some(TWO_TO_THE_64)],
        ),
        (
            J("18446744073709551617"),
            [Some(J("18446744073709551617")), None, Some(C("c2 49 01 0000000000000001"))],
        ),
        (J("-9223372036854775809"), [Some(J("-9223372036854775809")), None, Some(C("3b 8000000000000000"))]),
        (J("1e400"), [Some(J("1e400")), None, None]),
        (J("1999e-2"), [Some(J("1999e-2")), Some(M("cb 4033fd70a3d70a3d")), Some(C("fb 4033fd70a3d70a3d"))]),
        (J(r#""\ud83d""#), [Some(J(r#""\ud83d""#)), None, None]),
        (J(r#"{"\ude00":[1]}"#), [Some(J(r#"{"\ude00":[1]}"#)), None, None]),
        (
            M("d6 ff 53a70539"),
            [
                Some(J(r#""2014-06-22T16:32:57Z""#)),
                Some(M("d6 ff 53a70539")),
                Some(C("c0 74 323031342d30362d32325431363a33323a35375a")),
            ],
        ),
        (M("d6 fe 53a70539"), [None, Some(M("d6 fe 53a70539")), None]),
    ]
};

#[test]
fn ser_11_and_13_an_event_says_the_same_in_every_serializer_or_does_not_come() {
    let server = server();
    let mut counters = joined(&server);
    let mut receivers = subscribers(&server);
    let mut missing = 0;
    for (sent, expected) in ROWS {
        let mut sender = peer(&server, sent.subprotocol());
        let what = String::from_utf8_lossy(&sent.bytes()).into_owned();
        sender.send_raw(sent.message(PUBLISH, &json!({ "acknowledge": true })));
        sender.expect(json!([17, 1, "$id"]));
        for (receiver, expected) in receivers.iter_mut().zip(expected) {
            match expected {
                Some(expected) => arrives(receiver, &expected.bytes(), &what),
                None => missing += 1,
            }
            receiver.expect_silence_until_fence();
        }
        assert_eq!(unrepresentable(&mut counters), missing, "{what}");
    }
    let line = format!("an event cannot be transcoded topic={TEXT} serializer=");
    server.wait_for_log(&line, DEADLINE);
}

#[test]
fn ser_13_a_call_that_its_callee_cannot_read_is_answered_and_so_is_a_result() {
    let server = server();
    let mut counters = joined(&server);
    let refused = json!([8, 48, 1, {}, "wamp.error.invalid_payload", "$list"]);
    let mut refusals = 0;
    for subprotocol in Subprotocol::PLAIN {
        let place =
            Subprotocol::PLAIN.iter().position(|plain| *plain == subprotocol).expect("one of the three");
        let mut callee = peer(&server, subprotocol);
        callee.send(json!([64, 1, {}, TEXT]));
        callee.expect(json!([65, 1, "$id"]));
        for (sent, expected) in ROWS {
            let what = String::from_utf8_lossy(&sent.bytes()).into_owned();
            let mut caller = peer(&server, sent.subprotocol());
            caller.send_raw(sent.message(CALL, &json!({})));
            let Some(expected) = expected[place] else {
                caller.expect(refused.clone());
                callee.expect_silence_until_fence();
                refusals += 1;
                assert_eq!(unrepresentable(&mut counters), refusals, "{what}");
                continue;
            };
            let invocation = callee.next_raw(DEADLINE).expect("an invocation").into_data().to_vec();
            let expected = expected.bytes();
            assert!(invocation.windows(expected.len()).any(|window| window == expected), "{what}");
            caller.vanish();
        }
    }
}

#[test]
fn ser_13_a_result_or_an_error_that_the_caller_cannot_read_is_an_invalid_payload_to_it() {
    let server = server();
    let mut counters = joined(&server);
    let mut callee = peer(&server, Subprotocol::JSON);
    callee.send(json!([64, 1, {}, TEXT]));
    callee.expect(json!([65, 1, "$id"]));
    let half = r#"["\ud83d",18446744073709551617]"#;
    for (subprotocol, reads) in
        [(Subprotocol::JSON, true), (Subprotocol::MSGPACK, false), (Subprotocol::CBOR, false)]
    {
        let mut caller = peer(&server, subprotocol);
        for (code, answer) in [(70, "{},"), (70, r#"{"progress":true},"#), (8, r#"{},"com.error","#)] {
            let progress = answer.contains("progress");
            let id =
                caller.start_call(TEXT, Value::Null, Value::Null, json!({ "receive_progress": progress }));
            let invocation = callee.receive()[1].as_u64().expect("an id");
            let kind = if code == 8 { "8,68" } else { "70" };
            callee.send_raw(Message::text(format!("[{kind},{invocation},{answer}{half}]")));
            if reads {
                arrives(&mut caller, half.as_bytes(), answer);
                if progress {
                    callee.send(json!([70, invocation, {}]));
                    caller.expect(json!([50, id, {}]));
                }
            } else if code == 8 {
                caller.expect(json!([8, 48, id, {}, "com.error"]));
            } else {
                caller.expect(json!([8, 48, id, {}, "wamp.error.invalid_payload", "$list"]));
            }
            if progress && !reads {
                // It cannot be interrupted, so it does not know that the call is over.
                callee.send(json!([70, invocation, {}]));
            }
        }
    }
    assert_eq!(unrepresentable(&mut counters), 6);
}

// TEST-10
#[test]
fn ser_13_a_testament_is_carried_as_a_publication_is() {
    let server = server();
    let mut reader = peer(&server, Subprotocol::JSON);
    reader.subscribe(TEXT, Value::Null);
    let left = r#"["\ud83d",18446744073709551617,19.99e1]"#;
    let mut sender = peer(&server, Subprotocol::JSON);
    let call = format!(r#"[48,1,{{}},"wamp.session.add_testament",["{TEXT}",{left},{{"k":{left}}}]]"#);
    sender.send_raw(Message::text(call));
    sender.expect(json!([50, 1, {}]));
    sender.leave();
    arrives(&mut reader, format!(r#"{left},{{"k":{left}}}"#).as_bytes(), "the testament");
}

#[test]
fn ser_13_what_is_kept_is_carried_when_somebody_asks_for_it() {
    let server = server();
    let mut counters = joined(&server);
    let mut sender = peer(&server, Subprotocol::CBOR);
    for (sent, left_out) in [(TWO_TO_THE_64, 0), (Argument::Cbor("c4 82 21 19 07cf"), 1)] {
        sender.send_raw(sent.message(PUBLISH, &json!({ "acknowledge": true, "retain": true })));
        sender.expect(json!([17, 1, "$id"]));
        let expected = ROWS.iter().find(|row| row.0.bytes() == sent.bytes()).expect("a row").1;
        let before = unrepresentable(&mut counters);
        for (subprotocol, expected) in Subprotocol::PLAIN.into_iter().zip(expected) {
            let mut late = peer(&server, subprotocol);
            late.subscribe(TEXT, json!({ "get_retained": true }));
            if let Some(expected) = expected {
                arrives(&mut late, &expected.bytes(), "the retained event");
            }
            late.expect_silence_until_fence();
        }
        assert_eq!(unrepresentable(&mut counters), before + left_out);
    }
}

#[test]
fn ser_13_a_handler_gets_what_its_type_holds_or_says_that_it_does_not() {
    let server = server();
    let mut caller = joined(&server);
    let invalid = json!([8, 48, 1, {}, "wamp.error.invalid_argument", "$list"]);
    // A text, a number of 64 bits, a value of any shape.
    for (procedure, arguments) in [
        ("publish.to_me", r#"["com.t","\ud83d"]"#),
        ("demo.add", "[1,18446744073709551616]"),
        ("demo.add", "[1,1e400]"),
        ("echo.bytes", r#"["\ud83d"]"#),
        ("echo.bytes", "[340282366920938463463374607431768211456]"),
    ] {
        caller.send_raw(Message::text(format!(r#"[48,1,{{}},"{procedure}",{arguments}]"#)));
        caller.expect(invalid.clone());
        caller.expect_silence_until_fence();
    }
    for (procedure, argument) in [
        ("echo.payload", r#""\ud83d""#),
        ("echo.payload", "1e400"),
        ("echo.bytes", "18446744073709551617"),
        ("echo.bytes", "-170141183460469231731687303715884105728"),
    ] {
        caller.send_raw(Message::text(format!(r#"[48,1,{{}},"{procedure}",[{argument}]]"#)));
        arrives(&mut caller, format!("[50,1,{{}},[{argument}]]").as_bytes(), procedure);
    }
}

#[test]
fn ser_13_half_a_surrogate_pair_is_a_violation_in_what_is_wamps_own() {
    let server = server();
    let mut witness = Witness::new(&server);
    for bad in [
        r#"[16,1,{},"com.\ud83d"]"#,
        r#"[48,1,{"x_any":"\ud83d"},"demo.add",[1,2]]"#,
        r#"[32,1,{"\ude00":true},"com.t"]"#,
        r#"[6,{"message":"\ud83d"},"wamp.close.normal"]"#,
    ] {
        violates(&mut joined(&server), &mut witness, Message::text(bad), "unpaired surrogate");
    }
}

#[test]
fn ser_14_a_few_octets_never_become_many_for_whoever_listens() {
    let server = server();
    let mut receivers = subscribers(&server);
    let mut sender = peer(&server, Subprotocol::CBOR);
    // 100,000 octets that would be 14 megabytes in JSON.
    let many = format!("99 3800 {}", "c5 82 19 0d00 01".repeat(0x3800));
    sender.send_raw(Argument::Cbor(&many).message(PUBLISH, &json!({ "acknowledge": true })));
    sender.expect(json!([17, 1, "$id"]));
    let [json, msgpack, cbor] = &mut receivers;
    arrives(cbor, &unhex("c5 82 19 0d00 01"), "to its own kind");
    for receiver in [json, msgpack] {
        receiver.expect_silence_until_fence();
    }
}
