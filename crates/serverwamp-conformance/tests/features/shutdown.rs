//! Shutdown: GOODBYE to those who are in, ABORT to those who are not, and a process that ends with 0.

use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use serverwamp_conformance::{
    Http, LongPoll, RawPeer, RawTcp, ServerProcess, Signal, Stream, Subprotocol, tcp,
};

use serverwamp_conformance::harness::{NONE, assert_error, join, server, server_with, takes, until};

const SOON: Duration = Duration::from_secs(5);
const SHUTDOWN: &str = "wamp.close.system_shutdown";

#[test]
fn sessions_get_goodbye_and_the_process_ends_with_0() {
    for signal in [Signal::Interrupt, Signal::Terminate] {
        let mut server = server();
        let mut peers: Vec<RawPeer> =
            Subprotocol::ALL.map(|subprotocol| RawPeer::joined(server.url(), subprotocol, "realm1")).into();
        server.signal(signal);
        for peer in &mut peers {
            peer.expect(json!([6, { "message": "the server is shutting down" }, SHUTDOWN]));
            peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
            assert!(matches!(peer.expect_closed(), Some(1000 | 1001)));
        }
        assert_eq!(server.wait_exit(SOON).code(), Some(0));
        server.wait_for_log("stopped", SOON);
    }
}

#[test]
fn a_server_without_sessions_ends_at_once() {
    let mut server = server_with(&["drain_ms=60000"]);
    server.signal(Signal::Terminate);
    takes(0, 2000, || assert_eq!(server.wait_exit(SOON).code(), Some(0)));
}

// SES-23
#[test]
fn peers_that_are_not_in_yet_get_abort() {
    let mut server = server_with(&["drain_ms=60000"]);
    let mut silent = RawPeer::connect(server.url(), Subprotocol::JSON);
    let mut challenged = RawPeer::connect(server.url(), Subprotocol::CBOR);
    challenged.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    let mut undecided = RawPeer::connect(server.url(), Subprotocol::MSGPACK);
    undecided.send(json!([1, "questions", { "roles": { "caller": {} }, "authmethods": ["sleepy"] }]));
    let mut left = join(&server, "realm1");
    left.leave();
    // A session that comes after the others shows that their messages have been read.
    join(&server, "realm1").leave();
    server.signal(Signal::Terminate);
    for peer in [&mut silent, &mut challenged, &mut undecided, &mut left] {
        assert_eq!(peer.expect_abort(SHUTDOWN, "shutting down"), Some(1001));
    }
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn half_open_connections_do_not_hold_the_server_up() {
    let mut server = server();
    let mut nothing = RawTcp::open(server.url());
    let mut half = RawTcp::open(server.url());
    let handshake = tcp::handshake(server.url(), Subprotocol::JSON);
    half.write(&handshake[..handshake.len() / 2]);
    let mut upgraded = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    upgraded.write(&tcp::frame(false, 1, b"[1,\"rea"));
    server.signal(Signal::Terminate);
    takes(0, 4000, || assert_eq!(server.wait_exit(SOON).code(), Some(0)));
    for tcp in [&mut nothing, &mut half] {
        assert_eq!(tcp.read_to_end(SOON).as_deref(), Some(&b""[..]));
    }
    let end = upgraded.read_to_end(SOON).expect("the connection ends");
    assert!(String::from_utf8_lossy(&end).contains(SHUTDOWN), "ABORT comes first");
}

#[test]
fn new_connections_are_refused_while_sessions_drain() {
    let mut server = server_with(&["drain_ms=1000"]);
    let mut peer = join(&server, "realm1");
    server.signal(Signal::Terminate);
    assert_eq!(peer.receive()[2], SHUTDOWN);
    let deadline = Instant::now() + Duration::from_millis(500);
    while TcpStream::connect(server.address()).is_ok() {
        assert!(Instant::now() < deadline, "a connection is accepted after GOODBYE");
    }
    assert!(server.is_running(), "it waits for the session");
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_peer_that_does_not_answer_is_left_behind_at_the_deadline() {
    let mut server = server_with(&["drain_ms=300", "goodbye_timeout_ms=60000"]);
    let mut peer = join(&server, "realm1");
    server.signal(Signal::Terminate);
    assert_eq!(peer.receive()[2], SHUTDOWN);
    takes(100, 3000, || assert_eq!(server.wait_exit(SOON).code(), Some(0)));
    peer.expect_closed();
}

#[test]
fn a_peer_that_does_not_answer_is_closed_after_its_goodbye_timeout() {
    let mut server = server_with(&["drain_ms=60000", "goodbye_timeout_ms=200"]);
    let mut peer = join(&server, "realm1");
    server.signal(Signal::Terminate);
    assert_eq!(peer.receive()[2], SHUTDOWN);
    assert_eq!(takes(100, 3000, || peer.expect_closed()), Some(1001));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn tasks_end_with_their_sessions() {
    let mut server = server_with(&["drain_ms=60000"]);
    let mut peer = join(&server, "realm1");
    peer.start_call("session.spawn", NONE, NONE, NONE);
    peer.receive();
    server.signal(Signal::Terminate);
    assert_eq!(peer.receive()[2], SHUTDOWN);
    // It ends with the session, and not with the process, which waits for the peer's GOODBYE.
    server.wait_for_log("life: task left", SOON);
    assert!(server.is_running());
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    peer.expect_closed();
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn calls_in_flight_are_waited_for_and_then_goodbye_is_said() {
    let mut server = server_with(&["drain_ms=60000"]);
    let [mut caller, mut callee, mut idle] = [(); 3].map(|()| join(&server, "router"));
    callee.send(json!([64, 1, {}, "late"]));
    callee.receive();
    caller.start_call("late", NONE, NONE, NONE);
    let invocation = callee.receive()[1].clone();
    server.signal(Signal::Terminate);
    assert_eq!(idle.receive()[2], SHUTDOWN);
    callee.send(json!([70, invocation, {}, ["at last"]]));
    assert_eq!(callee.receive()[2], SHUTDOWN);
    assert_eq!(caller.receive()[3], json!(["at last"]));
    assert_eq!(caller.receive()[2], SHUTDOWN);
    for peer in [&mut caller, &mut callee, &mut idle] {
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        peer.expect_closed();
    }
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn handlers_that_run_at_the_deadline_are_stopped_and_goodbye_is_said() {
    let mut server = server_with(&["drain_ms=300"]);
    let mut peer = join(&server, "realm1");
    for _ in 0..3 {
        peer.start_call("waiting.watched", NONE, NONE, NONE);
    }
    until(&mut peer, "waiting.running", &json!(3));
    server.signal(Signal::Terminate);
    takes(100, 3000, || {
        for _ in 0..3 {
            // No handler has answered; the callers hear that none will.
            assert_error(&peer.receive(), "wamp.error.canceled", &["shutting down"]);
        }
    });
    assert_eq!(peer.receive()[2], SHUTDOWN);
    assert_eq!(peer.expect_closed(), Some(1001));
    server.wait_for_log("calls ended without an answer", SOON);
    server.wait_for_log("life: 0 handlers left", SOON);
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_peer_that_does_not_read_does_not_hold_the_server_up() {
    let mut server = server_with(&["drain_ms=500"]);
    let mut peer = join(&server, "realm1");
    peer.start_call("progress.flood", json!([100_000, 10_000]), NONE, json!({ "receive_progress": true }));
    peer.receive();
    server.signal(Signal::Terminate);
    takes(0, 4000, || assert_eq!(server.wait_exit(SOON).code(), Some(0)));
}

/// A client that polls, and is in.
fn polling(server: &ServerProcess) -> LongPoll {
    let mut transport = LongPoll::open(server.address(), "/lp", Subprotocol::JSON);
    let hello = json!([1, "realm1", { "roles": { "caller": {} } }]).to_string();
    assert_eq!(transport.post("send", hello.as_bytes()).status, 204);
    assert_eq!(polled(&mut transport)[0], 2);
    transport
}

/// What the next `receive` brings.
fn polled(transport: &mut LongPoll) -> serde_json::Value {
    transport.receive(SOON).expect("the connection lives").expect("an answer").json()
}

#[test]
fn who_polls_hears_of_the_end_and_says_so_over_new_connections() {
    let mut server = server_with(&["drain_ms=60000"]);
    let mut transport = polling(&server);
    let path = transport.path().to_owned();
    server.signal(Signal::Terminate);
    let goodbye = polled(&mut transport);
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!(SHUTDOWN)));
    let post = |operation: &str, body: &[u8]| {
        Http::over(Stream::tcp(server.address())).post(&format!("{path}/{operation}"), body).status
    };
    let protocols = br#"{"protocols":["wamp.2.json"]}"#;
    let opened = Http::over(Stream::tcp(server.address())).post("/lp/open", protocols);
    assert_eq!(opened.status, 503, "nobody comes in any more");
    assert_eq!(post("send", br#"[6,{},"wamp.close.goodbye_and_out"]"#), 204);
    assert_eq!(post("close", b""), 204, "the answer comes before the process ends");
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
    transport.vanish();
}

#[test]
fn who_polled_and_is_gone_does_not_hold_the_server_up() {
    for says_goodbye in [true, false] {
        let mut server = server_with(&["drain_ms=60000", "goodbye_timeout_ms=200"]);
        let mut transport = polling(&server);
        server.signal(Signal::Terminate);
        assert_eq!(polled(&mut transport)[0], 6);
        if says_goodbye {
            // And never closes the transport.
            assert_eq!(transport.post("send", br#"[6,{},"wamp.close.goodbye_and_out"]"#).status, 204);
        }
        takes(0, 4000, || assert_eq!(server.wait_exit(SOON).code(), Some(0)));
        transport.vanish();
    }
}

#[test]
fn a_server_that_stops_starts_no_call_but_for_those_in_flight() {
    for restarts in [0, 1] {
        let mut server = server_with(&[&format!("restarts={restarts}"), "drain_ms=60000"]);
        let [mut caller, mut callee, mut idle] = [(); 3].map(|()| join(&server, "router"));
        for procedure in ["late", "inner"] {
            let request = callee.next_request();
            callee.send(json!([64, request, {}, procedure]));
            callee.expect(json!([65, request, "$id"]));
        }
        caller.start_call("late", NONE, NONE, NONE);
        let invocation = callee.receive()[1].clone();
        server.signal(Signal::Terminate);
        match restarts {
            1 => assert_eq!(idle.expect_closed(), Some(1012)),
            _ => assert_eq!(idle.receive()[2], SHUTDOWN),
        }
        for procedure in ["inner", "math.add", "wamp.session.count", "no.such"] {
            let call = caller.start_call(procedure, json!([1, 2]), NONE, NONE);
            let answer = caller.find("the refusal", SOON, |message| message[2] == call);
            assert_error(&answer, "wamp.error.unavailable", &["shutting down"]);
        }
        // What a call in flight needs is part of it.
        let call = callee.start_call("wamp.session.count", NONE, NONE, NONE);
        callee.expect(json!([50, call, {}, ["$id"]]));
        callee.send(json!([70, invocation, {}, ["at last"]]));
        assert_eq!(caller.receive()[3], json!(["at last"]));
        for peer in [&mut caller, &mut callee] {
            if restarts == 1 {
                assert_eq!(peer.expect_closed(), Some(1012));
            } else {
                assert_eq!(peer.receive()[2], SHUTDOWN);
            }
        }
        drop((caller, callee, idle));
        assert_eq!(server.wait_exit(SOON).code(), Some(0));
    }
}

// SES-23, the deviation
#[test]
fn a_server_that_restarts_ends_transports_with_1012_and_says_no_goodbye() {
    let mut server = server_with(&["restarts=1", "drain_ms=60000"]);
    let mut peers: Vec<RawPeer> =
        Subprotocol::ALL.map(|subprotocol| RawPeer::joined(server.url(), subprotocol, "realm1")).into();
    peers.push(RawPeer::connect(server.url(), Subprotocol::JSON));
    let mut challenged = RawPeer::connect(server.url(), Subprotocol::CBOR);
    challenged.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    peers.push(challenged);
    // A session that comes after the others shows that their messages have been read.
    peers.push(join(&server, "realm1"));
    server.signal(Signal::Terminate);
    for peer in &mut peers {
        assert_eq!(peer.expect_closed(), Some(1012));
        assert_eq!(peer.close_reason(), Some("the server is shutting down"));
    }
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_server_that_restarts_waits_for_calls_in_flight_until_its_deadline() {
    let mut server = server_with(&["restarts=1", "drain_ms=60000"]);
    let mut caller = join(&server, "realm1");
    let mut idle = join(&server, "realm1");
    caller.start_call("waiting.slow", json!([500]), NONE, NONE);
    until(&mut idle, "life.entries", &json!([]));
    server.signal(Signal::Terminate);
    assert_eq!(idle.expect_closed(), Some(1012));
    assert_eq!(caller.receive()[0], json!(50));
    assert_eq!(caller.expect_closed(), Some(1012));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));

    let mut server = server_with(&["restarts=1", "drain_ms=300"]);
    let mut caller = join(&server, "realm1");
    caller.start_call("waiting.watched", NONE, NONE, NONE);
    until(&mut caller, "waiting.running", &json!(1));
    server.signal(Signal::Terminate);
    takes(100, 3000, || assert_error(&caller.receive(), "wamp.error.canceled", &["shutting down"]));
    assert_eq!(caller.expect_closed(), Some(1012));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}
