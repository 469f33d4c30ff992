//! RawSocket's handshake and frames, octet by octet (checklist RAW-01 to RAW-25).

use serde_json::{Value, json};
use serverwamp_conformance::harness::{Witness, roles, server, server_with};
use serverwamp_conformance::rawsocket::{MAGIC, frame};
use serverwamp_conformance::{
    Arrival, DEADLINE, RawPeer, RawSocket, RawTcp, ServerProcess, Stream, Subprotocol,
};
use std::time::Duration;

fn connect(server: &ServerProcess) -> RawSocket {
    RawSocket::over(Stream::tcp(server.address()))
}

/// A connection behind its handshake, on which JSON is spoken.
fn shaken(server: &ServerProcess) -> RawSocket {
    let mut socket = connect(server);
    assert!(socket.shake_hands(15, 1).is_some());
    socket
}

fn joined(server: &ServerProcess, subprotocol: Subprotocol) -> RawPeer {
    let mut peer = connect(server).peer(subprotocol);
    peer.join("realm1");
    peer
}

fn hello() -> Vec<u8> {
    json!([1, "realm1", { "roles": roles() }]).to_string().into_bytes()
}

/// Requires that the server ends the connection, whatever it says about it.
#[track_caller]
fn expect_failure(socket: &mut RawSocket) {
    while socket.read_octets(1).is_some() {}
}

#[test]
fn raw_06_raw_07_serializers_that_are_not_spoken_are_refused_with_error_1() {
    let server = server();
    for serializer in [0, 4, 9, 15] {
        let mut socket = connect(&server);
        assert_eq!(
            socket.shake_hands(15, serializer),
            Some(vec![MAGIC, 0x10, 0, 0]),
            "serializer {serializer}"
        );
        socket.expect_end();
    }
}

#[test]
fn raw_08_reserved_octets_are_refused_with_error_3() {
    let server = server();
    for octets in [[MAGIC, 0xf1, 0, 1], [MAGIC, 0xf1, 1, 0]] {
        let mut socket = connect(&server);
        socket.write(&octets);
        assert_eq!(socket.read_octets(4), Some(vec![MAGIC, 0x30, 0, 0]));
        socket.expect_end();
    }
}

#[test]
fn raw_03_a_port_for_rawsocket_alone_answers_nothing_else() {
    let server = server_with(&["http=0"]);
    for octets in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0x16, 3, 1, 0, 0], &[0, 0, 0, 0]] {
        let mut socket = connect(&server);
        socket.write(octets);
        socket.expect_end();
    }
    drop(joined(&server, Subprotocol::JSON));
}

#[test]
fn raw_02_the_handshake_may_come_octet_by_octet_or_together_with_hello() {
    let server = server();
    let mut slow = connect(&server);
    for octet in [MAGIC, 0xf1, 0, 0] {
        slow.write(&[octet]);
    }
    assert!(slow.read_octets(4).is_some());
    let mut fast = connect(&server);
    let mut all = vec![MAGIC, 0xf1, 0, 0];
    all.extend(frame(0, &hello()));
    fast.write(&all);
    assert!(fast.read_octets(4).is_some());
    let (kind, welcome) = fast.read_frame();
    assert_eq!(kind, 0);
    assert!(welcome.starts_with(b"[2,"), "{}", String::from_utf8_lossy(&welcome));
}

#[test]
fn raw_05_raw_09_the_answer_repeats_the_serializer_and_says_the_servers_own_limit() {
    let server = server_with(&["max_message=100000"]);
    for serializer in 1..=3 {
        // 100,000 bytes cannot be said; 65,536 = 2^(9 + 7) can.
        assert_eq!(connect(&server).shake_hands(15, serializer), Some(vec![MAGIC, 0x70 | serializer, 0, 0]));
    }
    for subprotocol in Subprotocol::PLAIN {
        drop(joined(&server, subprotocol));
    }
}

#[test]
fn raw_01_raw_12_lengths_are_big_endian_and_count_the_payload_alone() {
    let server = server();
    let mut socket = shaken(&server);
    let hello = hello();
    let length = u16::try_from(hello.len()).unwrap().to_be_bytes();
    socket.write(&[0, 0, length[0], length[1]]);
    socket.write(&hello);
    let prefix = socket.read_octets(4).unwrap();
    let length = usize::from(prefix[2]) << 8 | usize::from(prefix[3]);
    assert_eq!(prefix[..2], [0, 0]);
    let welcome: Value = serde_json::from_slice(&socket.read_octets(length).unwrap()).unwrap();
    assert_eq!(welcome[0], 2);
    // 5 written little-endian is 327,680: the server waits for the rest of it.
    socket.write(&[0, 5, 0, 0, b'[', b'1', b',', b'2', b']']);
    socket.expect_nothing(Duration::from_millis(100));
}

#[test]
fn raw_13_raw_20_reserved_bits_and_types_fail_the_connection() {
    let server = server();
    for first in [0x10, 0x20, 0x40, 0x80, 0x03, 0x04, 0x05, 0x06, 0x07] {
        let mut socket = shaken(&server);
        socket.write(&[first, 0, 0, 0]);
        expect_failure(&mut socket);
    }
}

#[test]
fn raw_14_the_x_bit_stands_for_two_to_the_24() {
    // A stranger's pings are limited as its messages are.
    let server = server_with(&["max_message=16777216", "outgoing_bytes=40000000", "hello_bytes=16777216"]);
    let mut socket = shaken(&server);
    // A peer that has not joined yet is allowed less.
    socket.write_frame(0, &hello());
    assert!(socket.read_frame().1.starts_with(b"[2,"));
    let long = vec![b'x'; 1 << 24];
    socket.write(&frame(1, &long));
    assert_eq!(socket.read_octets(4), Some(vec![0x0a, 0, 0, 0]));
    assert_eq!(socket.read_octets(1 << 24), Some(long));
    socket.write(&[8, 0, 0, 1]);
    expect_failure(&mut socket);

    let small = server_with(&["max_message=4096"]);
    let mut socket = shaken(&small);
    socket.write(&[8, 0, 0, 0]);
    expect_failure(&mut socket);
}

#[test]
fn raw_15_a_frame_beyond_the_limit_fails_by_its_prefix() {
    let server = server_with(&["max_message=4096"]);
    let mut socket = shaken(&server);
    socket.write(&[1, 0, 0x10, 0]);
    socket.write(&[b'x'; 4096]);
    assert_eq!(socket.read_frame(), (2, vec![b'x'; 4096]));
    socket.write(&[0, 0, 0x10, 1]);
    let (kind, abort) = socket.read_frame();
    assert_eq!(kind, 0);
    assert!(String::from_utf8_lossy(&abort).contains("4097 bytes"), "{}", String::from_utf8_lossy(&abort));
    socket.expect_end();
}

#[test]
fn raw_17_every_ping_gets_its_pong() {
    let server = server();
    let mut socket = shaken(&server);
    for payload in [vec![], vec![7], vec![0xff; 512]] {
        socket.write_frame(1, &payload);
        assert_eq!(socket.read_frame(), (2, payload));
    }
    // Many at once, and none is left out.
    let pings: Vec<u8> = (0..200_u8).flat_map(|number| frame(1, &[number])).collect();
    socket.write(&pings);
    for number in 0..200 {
        assert_eq!(socket.read_frame(), (2, vec![number]));
    }
    socket.write_frame(0, &hello());
    assert!(socket.read_frame().1.starts_with(b"[2,"));
    // Between messages as well.
    let mut mixed = frame(1, b"before");
    mixed.extend(frame(0, br#"[48,1,{},"math.add",[1,2]]"#));
    mixed.extend(frame(1, b"after"));
    socket.write(&mixed);
    assert_eq!(socket.read_frame(), (2, b"before".to_vec()));
    assert_eq!(socket.read_frame(), (0, b"[50,1,{},[3]]".to_vec()));
    assert_eq!(socket.read_frame(), (2, b"after".to_vec()));
}

#[test]
fn raw_18_a_ping_that_the_peer_could_not_take_back_ends_the_connection() {
    let server = server();
    let mut socket = connect(&server);
    assert!(socket.shake_hands(0, 1).is_some());
    socket.write_frame(1, &[1; 512]);
    assert_eq!(socket.read_frame(), (2, vec![1; 512]));
    socket.write_frame(1, &[1; 513]);
    expect_failure(&mut socket);
}

#[test]
fn raw_19_a_pong_that_nobody_asked_for_changes_nothing() {
    let server = server();
    let mut socket = shaken(&server);
    socket.write_frame(2, b"A");
    socket.write_frame(0, &hello());
    assert!(socket.read_frame().1.starts_with(b"[2,"));
}

#[test]
fn raw_19_a_peer_that_does_not_answer_pings_is_given_up() {
    let server = server_with(&["ping_ms=100"]);
    let mut socket = shaken(&server);
    assert_eq!(socket.read_frame(), (1, Vec::new()));
    expect_failure(&mut socket);
}

#[test]
fn raw_21_an_empty_message_is_a_violation() {
    let server = server();
    let mut witness = Witness::new(&server);
    let mut socket = shaken(&server);
    socket.write_frame(0, &hello());
    assert!(socket.read_frame().1.starts_with(b"[2,"));
    socket.write(&[0, 0, 0, 0]);
    let abort = socket.read_frame().1;
    assert!(abort.starts_with(b"[3,") && abort.ends_with(br#","wamp.error.protocol_violation"]"#));
    socket.expect_end();
    witness.saw_nothing();
}

#[test]
fn raw_22_frames_may_be_cut_anywhere() {
    let server = server();
    let mut bytes = vec![MAGIC, 0xf1, 0, 0];
    bytes.extend(frame(0, &hello()));
    bytes.extend(frame(0, br#"[48,1,{},"math.add",[1,2]]"#));
    for at in 1..bytes.len() {
        let mut socket = connect(&server);
        socket.write(&bytes[..at]);
        socket.write(&bytes[at..]);
        assert_eq!(socket.read_octets(4).map(|answer| answer[1] & 0x0f), Some(1));
        assert!(socket.read_frame().1.starts_with(b"[2,"));
        assert_eq!(socket.read_frame(), (0, b"[50,1,{},[3]]".to_vec()), "cut at {at}");
    }
}

#[test]
fn raw_23_sessions_live_on_unix_sockets_as_well() {
    let path = std::env::temp_dir().join(format!("serverwamp-{}.sock", std::process::id()));
    let path = path.to_str().expect("a path of ASCII");
    drop(std::fs::remove_file(path));
    let server = server_with(&[&format!("unix={path}")]);
    for subprotocol in Subprotocol::PLAIN {
        let mut peer = RawSocket::over(Stream::unix(path)).peer(subprotocol);
        peer.join("realm1");
        assert_eq!(peer.call("math.add", json!([1, 2]), Value::Null, Value::Null)[3], json!([3]));
        peer.leave();
    }
    drop(server);
    std::fs::remove_file(path).expect("the socket's file was there");
}

#[test]
fn raw_24_one_port_serves_rawsocket_websocket_and_http() {
    let server = server();
    let mut raw = joined(&server, Subprotocol::CBOR);
    let mut web = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let subscription = raw.subscribe("com.shared", Value::Null);
    web.call("publish.to", json!(["com.shared", 7]), Value::Null, Value::Null);
    assert_eq!(raw.event(subscription, DEADLINE)[4], json!([7]));
    let mut http = RawTcp::open(server.url());
    http.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer =
        String::from_utf8(http.read_to_end(DEADLINE).expect("an answer, then the end")).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn raw_25_half_a_frame_is_thrown_away_and_its_session_ends() {
    let server = server();
    let mut witness = Witness::new(&server);
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let before = serverwamp_conformance::harness::sessions(&mut peer);
    let mut socket = shaken(&server);
    socket.write_frame(0, &hello());
    assert!(socket.read_frame().1.starts_with(b"[2,"));
    let telltale = frame(0, serverwamp_conformance::harness::telltale().to_string().as_bytes());
    socket.write(&telltale[..telltale.len() - 1]);
    drop(socket);
    serverwamp_conformance::harness::wait_for_sessions(&mut peer, before);
    witness.saw_nothing();
}

#[test]
fn raw_04_raw_16_nobody_is_sent_a_longer_message_than_it_takes() {
    let server = server();
    let mut peer = connect(&server).peer_that_takes(0, Subprotocol::JSON);
    // A WELCOME that lists every feature would be too long, too.
    peer.join("realm1");
    let echo = |peer: &mut RawPeer, length: usize| {
        peer.call("echo.payload", json!(["x".repeat(length)]), Value::Null, Value::Null)
    };
    // [50,1,{},["x..."]]: 498 characters make 512 bytes.
    let fits = echo(&mut peer, 498);
    assert_eq!(fits.to_string().len(), 512, "{fits}");
    let beyond = echo(&mut peer, 499);
    assert_eq!((&beyond[0], &beyond[4]), (&json!(8), &json!("wamp.error.payload_size_exceeded")), "{beyond}");

    let mut other = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let subscription = peer.subscribe("com.long", Value::Null);
    for value in ["y".repeat(600), "short".to_owned()] {
        other.call("publish.to", json!(["com.long", value]), Value::Null, Value::Null);
    }
    assert_eq!(peer.event(subscription, DEADLINE)[4], json!(["short"]), "the long event is left out");
}

#[test]
fn raw_16_a_call_that_its_callee_does_not_take_is_answered_with_an_error() {
    let server = server();
    let mut callee = connect(&server).peer_that_takes(0, Subprotocol::JSON);
    callee.join("router");
    callee.send(json!([64, 1, {}, "com.small"]));
    assert_eq!(callee.receive()[0], 65);
    let mut caller = connect(&server).peer_that_takes(0, Subprotocol::MSGPACK);
    caller.join("router");
    let answer = caller.call("com.small", json!(["x".repeat(600)]), Value::Null, Value::Null);
    assert_eq!((&answer[0], &answer[4]), (&json!(8), &json!("wamp.error.payload_size_exceeded")), "{answer}");
    assert_eq!(callee.next(Duration::from_millis(50)), Arrival::Nothing);
    // A result that is too long for the caller.
    let call = caller.start_call("com.small", json!([]), Value::Null, Value::Null);
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, ["x".repeat(490)]]));
    assert_eq!(caller.final_answer(call)[4], Value::Null, "that one fits");
    let call = caller.start_call("com.small", json!([]), Value::Null, Value::Null);
    let invocation = callee.receive();
    callee.send(json!([70, invocation[1], {}, ["x".repeat(510)]]));
    assert_eq!(caller.final_answer(call)[4], json!("wamp.error.payload_size_exceeded"));
}

#[test]
fn a_handshake_that_takes_too_long_is_cut_off() {
    let server = server_with(&["handshake_ms=200"]);
    for octets in [&[][..], &[MAGIC], &[MAGIC, 0xf1, 0]] {
        let mut socket = connect(&server);
        socket.write(octets);
        socket.expect_end();
    }
}

#[test]
fn raw_10_raw_11_one_connection_too_many_is_refused_with_error_4() {
    let server = server_with(&["connections=1"]);
    let mut first = joined(&server, Subprotocol::JSON);
    let mut second = connect(&server);
    assert_eq!(second.shake_hands(15, 1), Some(vec![MAGIC, 0x40, 0, 0]));
    second.expect_end();
    let refused = serverwamp_conformance::Connect::to(server.url()).subprotocol(Subprotocol::JSON).open();
    assert_eq!(refused.expect_err("one too many").status, 503);
    first.leave();
    drop(first);
    // The place is free as soon as the server has seen the end of the first.
    let deadline = std::time::Instant::now() + DEADLINE;
    while connect(&server).shake_hands(15, 1).expect("an answer")[1] == 0x40 {
        assert!(std::time::Instant::now() < deadline, "the place of the first is never free");
    }
}
