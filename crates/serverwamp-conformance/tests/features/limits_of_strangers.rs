//! What a peer may send before WELCOME, whatever carries it: `hello_bytes`, and not a byte more is kept.

use serde_json::{Value, json};
use serverwamp_conformance::{Carrier, DEADLINE, LongPoll, Places, RawSocket, Stream, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::{call, server_with};

const CARRIERS: [Carrier; 2] = [Carrier::WebSocket, Carrier::RawSocketTcp];

/// A HELLO of exactly so many bytes.
fn hello(subprotocol: Subprotocol, length: usize) -> Value {
    let of =
        |letters: usize| json!([1, "realm1", { "roles": { "caller": {} }, "x_more": "x".repeat(letters) }]);
    // Beyond 255 letters the length of the string takes the same number of bytes. A batch adds the length of its record.
    let overhead = subprotocol.encode(&[of(700)]).len() - 700;
    of(length - overhead)
}

#[test]
fn hello_may_be_as_long_as_its_limit_on_every_transport_and_batched() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    let places = Places::at(server.url());
    let mut refused = 0;
    for carrier in CARRIERS {
        for subprotocol in carrier.subprotocols() {
            let mut peer = carrier.connect(&places, *subprotocol);
            peer.send(hello(*subprotocol, 1000));
            let welcome = peer.receive();
            assert_eq!(welcome[0], 2, "{carrier:?} {subprotocol}: {welcome}");
            peer.welcomed(&welcome);
            assert_eq!(call(&mut peer, "echo.payload", json!(["x".repeat(5000)]))[0], 50);
            let mut peer = carrier.connect(&places, *subprotocol);
            peer.send(hello(*subprotocol, 1001));
            peer.expect_violation("1000");
            refused += 1;
            counters.expect(json!({ "hello_messages_too_long": refused }));
        }
    }
}

#[test]
fn lp_07_a_polling_client_says_hello_in_as_many_bytes_batched_or_not() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    let mut refused = 0;
    for subprotocol in Subprotocol::ALL {
        let open = || LongPoll::open(server.address(), "/lp", subprotocol);
        let bytes = |length| subprotocol.encode(&[hello(subprotocol, length)]).into_data();
        let mut transport = open();
        assert_eq!(transport.post("send", &bytes(1000)).status, 204, "{subprotocol}");
        let welcome = transport.receive(DEADLINE);
        assert!(welcome.is_ok_and(|welcome| welcome.is_some_and(|welcome| welcome.status == 200)));
        let mut transport = open();
        let answer = transport.post("send", &bytes(1001));
        assert_eq!(answer.status, 413, "{subprotocol}: {answer:?}");
        refused += 1;
        counters.expect(json!({ "hello_messages_too_long": refused }));
    }
}

/// The length of a frame is refused before anything of it has come.
#[test]
fn raw_16_frames_of_strangers_that_say_they_are_longer_are_refused_by_their_prefix() {
    let server = server_with(&["hello_bytes=1000"]);
    let mut counters = Counters::of(&server);
    // A message, and a ping.
    for (times, kind) in (1..).zip([0, 1]) {
        let mut raw = RawSocket::over(Stream::tcp(server.address()));
        assert_eq!(raw.shake_hands(15, 1).map(|answer| answer[0]), Some(0x7f));
        raw.write(&[kind, 0, 0x03, 0xe9]);
        let (kind, abort) = raw.read_frame();
        let abort: Value = serde_json::from_slice(&abort).expect("JSON");
        assert_eq!((kind, &abort[0], &abort[2]), (0, &json!(3), &json!("wamp.error.protocol_violation")));
        raw.expect_end();
        counters.expect(json!({ "hello_messages_too_long": times }));
    }
    // As long as it may be, a ping is answered.
    let mut raw = RawSocket::over(Stream::tcp(server.address()));
    raw.shake_hands(15, 1);
    raw.write_frame(1, &[7; 1000]);
    assert_eq!(raw.read_frame(), (2, vec![7; 1000]));
}

#[test]
fn what_strangers_have_sent_is_given_back_when_they_go() {
    const STRANGERS: usize = 100;
    let server =
        server_with(&["hello_timeout_ms=60000", "unauthenticated=1000", "unauthenticated_per_address=1000"]);
    let mut counters = Counters::of(&server);
    let length = 64 * 1024;
    let mut flood = || {
        let mut strangers: Vec<RawSocket> = Vec::new();
        for _ in 0..STRANGERS {
            let mut raw = RawSocket::over(Stream::tcp(server.address()));
            raw.shake_hands(15, 1);
            // All but the last byte.
            raw.write(&[0, 1, 0, 0]);
            raw.write(&vec![b' '; length - 1]);
            strangers.push(raw);
        }
        counters.expect_connections(1 + STRANGERS);
        // What has not been read yet is read before the end is.
        drop(strangers);
        counters.expect_connections(1);
    };
    flood();
    // Bytes that leak stay after each measurement. The allocator's arena of a thread stays as well, 6 MiB, but grows once: the
    // first time that this thread serves many of a flood, which may be late.
    let mut grown = Vec::new();
    let returned = (0..3).any(|_| {
        let before = server.resident_bytes();
        for _ in 0..5 {
            flood();
        }
        grown.push(server.resident_bytes().saturating_sub(before));
        grown.last().is_some_and(|grown| *grown < 8 << 20)
    });
    // Five floods are 31 MiB.
    assert!(returned, "{grown:?} bytes stay");
}
