//! VIO: violations of the protocol, and the whole reaction to them.
//!
//! Every violation in these tests goes through [`violates`](serverwamp_conformance::harness::violates), which requires ABORT as the
//! next message (VIO-01), nothing processed of what was sent behind it (VIO-02), and the end of the transport (VIO-03).
//!
//! | rule | not here, because |
//! |---|---|
//! | VIO-13 late YIELDs, VIO-14, VIO-18 | they need callees, and stand in the transcripts |

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, binary_message, call, each_violates, each_violates_at_first, joined, joined_in_each, roles,
    server, sessions, telltale, violates,
};
use serverwamp_conformance::tcp::frame;
use serverwamp_conformance::{DEADLINE, RawPeer, RawTcp, Serializer, Subprotocol};
use tungstenite::Message;

#[test]
fn vio_01_a_violation_is_answered_by_abort_in_every_subprotocol() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.send(json!([33, 1, 1]));
        peer.expect(json!([3, { "message": "$contains:SUBSCRIBED" }, "wamp.error.protocol_violation"]));
        assert_eq!(peer.expect_closed(), Some(1002));
    }
}

#[test]
fn vio_02_nothing_behind_a_violation_is_processed() {
    let server = server();
    let mut witness = Witness::new(&server);
    let call = |id| json!([48, id, {}, "demo.add", [id, 0]]);
    for bad in [json!([33, 1, 1]), json!([]), json!([48, 0, {}, "demo.add"]), json!([300, 1])] {
        // All in one write: a request that is served, the violation, and one that must not be.
        let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
        let hello = json!([1, "realm1", { "roles": roles() }]);
        let messages = [hello, call(1), bad, telltale(), call(3)];
        tcp.write(&messages.map(|message| frame(true, 1, &Serializer::Json.encode(&message))).concat());
        let all = tcp.read_to_end(DEADLINE).expect("the server closes");
        let text = String::from_utf8_lossy(&all);
        let abort = text.find("[3,{").unwrap_or_else(|| panic!("no ABORT in {text}"));
        assert!(text.find("[50,1,{},[1]]").is_some_and(|before| before < abort), "{text}");
        assert!(!text.contains("[50,3,") && !text.contains("[50,900000,"), "{text}");
        witness.saw_nothing();
    }
}

#[test]
fn vio_02_the_session_is_disposed_of_at_once() {
    let server = server();
    let mut other = joined(&server);
    let mut peer = joined(&server);
    peer.subscribe("a.b", Value::Null);
    peer.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
    peer.expect_silence_until_fence();
    assert_eq!(sessions(&mut other), 2);
    peer.send(json!([33, 1, 1]));
    peer.expect(json!([3, "$dict", "wamp.error.protocol_violation"]));
    assert_eq!(sessions(&mut other), 1, "gone before the transport is");
    peer.expect_closed();
    let deadline = Instant::now() + DEADLINE;
    while call(&mut other, "waiting.running", json!([]))[3][0] != 0 {
        assert!(Instant::now() < deadline, "its call goes on");
    }
}

#[test]
fn vio_03_the_transport_closes_within_a_second() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        let started = Instant::now();
        peer.send(json!([33, 1, 1]));
        peer.expect_violation("");
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }
}

#[test]
fn vio_03_the_transport_closes_when_the_peer_neither_reads_nor_closes() {
    let server = server();
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&frame(true, 1, b"[33,1,1]"));
    // It never answers the server's Close frame.
    assert!(tcp.read_to_end(DEADLINE).is_some(), "the server waits for ever");
}

#[test]
fn vio_04_to_06_messages_of_the_handshake_in_an_established_session() {
    each_violates(
        &server(),
        &[
            (json!([1, "realm1", { "roles": roles() }]), "HELLO"),
            (json!([2, 123, {}]), "WELCOME"),
            (json!([4, "ticket", {}]), "CHALLENGE"),
        ],
    );
}

#[test]
fn vio_07_goodbye_before_there_is_a_session() {
    let server = server();
    let goodbye = json!([6, {}, "wamp.close.close_realm"]);
    each_violates_at_first(&server, &[(goodbye.clone(), "GOODBYE")]);
    let mut witness = Witness::new(&server);
    let mut challenged = RawPeer::connect(server.url(), Subprotocol::JSON);
    challenged.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    let bad = Subprotocol::JSON.encode(std::slice::from_ref(&goodbye));
    violates(&mut challenged, &mut witness, bad, "GOODBYE");
    // After the goodbyes there is no session either.
    let mut left = joined(&server);
    left.leave();
    violates(&mut left, &mut witness, Subprotocol::JSON.encode(&[goodbye]), "GOODBYE");
}

#[test]
fn vio_08_error_before_there_is_a_session() {
    each_violates_at_first(&server(), &[(json!([8, 68, 1, {}, "a.b"]), "ERROR")]);
}

#[test]
fn vio_09_error_of_anything_but_an_invocation() {
    let bad = [0, 16, 32, 34, 48, 49, 64, 66, 69, 70, 999].map(|of| (json!([8, of, 1, {}, "a.b"]), "ERROR"));
    each_violates(&server(), &bad);
}

/// Well-formed messages that only a router sends.
fn of_routers() -> Vec<(Value, &'static str)> {
    vec![
        (json!([17, 1, 1]), "PUBLISHED"),
        (json!([33, 1, 1]), "SUBSCRIBED"),
        (json!([35, 1]), "UNSUBSCRIBED"),
        (json!([36, 1, 1, {}]), "EVENT"),
        (json!([50, 1, {}]), "RESULT"),
        (json!([65, 1, 1]), "REGISTERED"),
        (json!([67, 1]), "UNREGISTERED"),
        (json!([68, 1, 1, {}]), "INVOCATION"),
        (json!([69, 1, {}]), "INTERRUPT"),
        (json!([2, 1, {}]), "WELCOME"),
        (json!([4, "ticket", {}]), "CHALLENGE"),
    ]
}

#[test]
fn vio_10_messages_of_a_router_before_there_is_a_session() {
    each_violates_at_first(&server(), &of_routers());
}

#[test]
fn vio_11_messages_of_a_router_in_a_session() {
    each_violates(&server(), &of_routers());
}

#[test]
fn vio_12_authenticate_without_a_challenge() {
    let server = server();
    let authenticate = (json!([5, "secret!!!", {}]), "AUTHENTICATE");
    each_violates_at_first(&server, std::slice::from_ref(&authenticate));
    each_violates(&server, std::slice::from_ref(&authenticate));
    let mut witness = Witness::new(&server);
    let mut twice = RawPeer::connect(server.url(), Subprotocol::JSON);
    let welcome = twice.join_with_ticket("secure", "joe", "secret!!!");
    twice.welcomed(&welcome);
    violates(&mut twice, &mut witness, Subprotocol::JSON.encode(&[authenticate.0]), "AUTHENTICATE");
}

#[test]
fn vio_13_yield_and_error_for_an_invocation_that_never_was() {
    each_violates(
        &server(),
        &[
            (json!([70, 1, {}]), "YIELD"),
            (json!([70, 1_u64 << 53, {}, [1]]), "YIELD"),
            (json!([70, 0, {}]), "YIELD"),
            (json!([8, 68, 1, {}, "a.b"]), "ERROR"),
        ],
    );
}

#[test]
fn vio_16_what_is_no_message() {
    each_violates(
        &server(),
        &[
            (json!([]), ""),
            (json!({ "48": 1 }), ""),
            (json!([null, 1]), ""),
            (json!([true]), ""),
            (json!([-48, 1, {}, "demo.add"]), ""),
            (json!([4_294_967_344_u64, 1, {}, "demo.add"]), ""),
            (json!([u64::MAX, 1, {}, "demo.add"]), ""),
        ],
    );
}

#[test]
fn vio_17_bytes_that_cannot_be_decoded() {
    let server = server();
    let mut witness = Witness::new(&server);
    let texts = [
        "[32,1,",
        "",
        " ",
        "[",
        "]",
        "[48,1,{},\"demo.add\",[1,2]",
        "[48,1,{},\"demo.add\",[1,2]]]",
        "[48,1,{},\"demo.add\",[1,2]] [48,2,{},\"demo.add\",[1,2]]",
        "[48,1,{},\"demo.add\",[1,2]]\0",
        "[48,1,{},'demo.add']",
        "[48,1,{},\"demo.add\",[1,]]",
        "[48,1,{},\"demo.add\",[NaN]]",
        "[48,1,{},\"demo.add\",[01]]",
        "[48,,1]",
        "[48,1,{},\"demo.\\ud800\",[1,2]]",
        "[48,1,{},\"\\x\"]",
        "[48,1,{\"a\"},\"b\"]",
        "nul",
        "[48,1,{},\"a\nb\"]",
    ];
    for text in texts {
        violates(&mut joined(&server), &mut witness, Message::text(text), "");
    }
    let msgpack: &[&[u8]] = &[
        &[],
        &[0xc1],
        &[0x93, 32, 1],
        &[0x94, 32, 1, 0x80, 0xa3, b'a'],
        &[0x90, 0x90],
        &[0xdd, 255, 255, 255, 255],
    ];
    let cbor: &[&[u8]] = &[
        &[],
        &[0xff],
        &[0x83, 0x18, 32, 1],
        &[0x9f, 0x18, 32, 1],
        &[0x80, 0x80],
        &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0x1c],
    ];
    for (subprotocol, all) in [(Subprotocol::MSGPACK, msgpack), (Subprotocol::CBOR, cbor)] {
        for bytes in all {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            violates(&mut peer, &mut witness, binary_message(bytes), "");
        }
    }
}

#[test]
fn vio_19_violations_while_challenged() {
    let server = server();
    let mut witness = Witness::new(&server);
    for bad in [
        json!([32, 1, {}, "a.b"]),
        json!([48, 1, {}, "demo.add", [1, 2]]),
        json!([1, "secure", { "roles": roles() }]),
        json!([2, 1, {}]),
        json!([8, 68, 1, {}, "a.b"]),
        json!([5]),
        json!([5, 7, {}]),
        json!([]),
    ] {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        let challenge = peer.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        assert_eq!(challenge[0], 4);
        violates(&mut peer, &mut witness, Subprotocol::JSON.encode(&[bad]), "");
    }
}

#[test]
fn vio_20_the_abort_arrives_on_a_loaded_connection() {
    let server = server();
    let mut peer = joined(&server);
    // Results wait unread, requests lie unread at the server, and the violation is in between.
    for _ in 0..200 {
        peer.start_call("echo.payload", json!(["x".repeat(10_000)]), Value::Null, Value::Null);
    }
    peer.send(json!([33, 1, 1]));
    for _ in 0..50 {
        drop(peer.try_send(&[json!([48, 9999, {}, "echo.payload", ["y".repeat(10_000)]])]));
    }
    for id in 1..=200 {
        peer.expect(json!([50, id, {}, "$list"]));
    }
    assert_eq!(peer.expect_violation("SUBSCRIBED"), Some(1002));
}

#[test]
fn vio_21_a_violation_is_nobody_elses_concern() {
    let server = server();
    let mut good = joined(&server);
    let subscription = good.subscribe("a.b", Value::Null);
    let running = good.start_call("waiting.slow", json!([300]), Value::Null, Value::Null);
    let mut witness = Witness::new(&server);
    for _ in 0..5 {
        let mut peer = joined(&server);
        peer.subscribe("a.b", Value::Null);
        violates(&mut peer, &mut witness, Message::text("[33,1,1]"), "");
    }
    let mut publisher = joined(&server);
    let publication = serverwamp_conformance::harness::publish(&mut publisher, "a.b", &json!("still here"));
    good.expect_in_any_order(&[
        json!([36, subscription, publication, {}, ["still here"]]),
        json!([50, running, {}, ["done"]]),
    ]);
}
