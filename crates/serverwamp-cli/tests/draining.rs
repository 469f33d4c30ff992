//! The end of a server behind a load balancer.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::proxy::{Program, Proxy};
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol, binary, interop};

const SOON: Duration = Duration::from_secs(10);

/// What a load balancer gets when it asks; nothing when it is refused.
fn health(server: &ServerProcess) -> Option<String> {
    let mut stream = TcpStream::connect(server.address()).ok()?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.get(9..12).map(str::to_owned)
}

fn start(arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(&binary::cli(), &[&["dev", "--listen", "127.0.0.1:0"], arguments].concat(), &[])
}

#[test]
fn balancers_are_told_first_then_nobody_is_accepted_then_calls_are_waited_for() {
    let mut server = start(&["--shutdown-delay", "1s", "--drain", "20s"]);
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    assert_eq!(health(&server).as_deref(), Some("200"));
    let told = Instant::now();
    server.signal(Signal::Terminate);
    server.wait_for_log("serving on for 1 s, until load balancers have noticed", SOON);
    assert_eq!(health(&server).as_deref(), Some("503"));
    // Whoever comes nevertheless is served, and who is there goes on.
    let mut late = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    assert_eq!(late.call("demo.add", json!([2, 3]), Value::Null, Value::Null)[3], json!([5]));
    let call = peer.start_call("demo.slow", json!([2]), Value::Null, Value::Null);
    late.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
    assert!(told.elapsed() >= Duration::from_secs(1), "{:?}", told.elapsed());
    late.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(health(&server), None, "nobody is accepted");
    server.wait_for_log("waiting for 1 session to end, 20 s at the most", SOON);
    assert_eq!(peer.final_answer(call)[3], json!(["done"]));
    peer.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn at_the_deadline_it_ends_whoever_waits() {
    let mut server = start(&["--drain", "1s"]);
    let mut peer = RawPeer::joined(server.url(), Subprotocol::JSON, "realm1");
    let call = peer.start_call("demo.slow", json!([60]), Value::Null, Value::Null);
    peer.call("demo.add", json!([2, 3]), Value::Null, Value::Null);
    server.signal(Signal::Terminate);
    assert_eq!(peer.final_answer(call)[4], "wamp.error.canceled");
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
}

#[test]
fn a_second_signal_ends_the_delay_as_well() {
    let mut server = start(&["--shutdown-delay", "1h"]);
    server.signal(Signal::Terminate);
    server.wait_for_log("serving on for 3600 s", SOON);
    server.signal(Signal::Interrupt);
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
    assert!(server.stdout().ends_with("stopped at once, without waiting for its sessions\n"));
}

/// The configuration for HAProxy in docs/operations.md.
fn documented_backend() -> &'static str {
    let document = include_str!("../../../docs/operations.md");
    let (_, rest) = document.split_once("```haproxy\n").expect("a configuration");
    rest.split_once("```").expect("its end").0
}

#[test]
fn behind_haproxy_no_client_is_refused_while_one_server_of_two_stops() {
    if let Err(why) = Program::HaProxy.prepare() {
        assert!(!interop::is_required(), "{why}");
        return println!("1 skipped: {why}");
    }
    // The checks are ten times as frequent as in the document, and the delay as short accordingly.
    let start = || start(&["--shutdown-delay", "600ms"]);
    let (mut one, two) = (start(), start());
    let backend = documented_backend()
        .replace("10.0.0.1:8080", one.address())
        .replace("10.0.0.2:8080", two.address())
        .replace("inter 2s", "inter 200ms");
    assert!(backend.contains("inter 200ms fall 2") && !backend.contains("10.0.0."), "{backend}");
    let haproxy = Proxy::start(Program::HaProxy, |[port]| {
        format!(
            "defaults\n    timeout connect 5s\n    timeout client 60s\n    timeout server 60s\n\
             frontend http\n    mode http\n    bind 127.0.0.1:{port}\n    default_backend wamp\n{backend}"
        )
    });
    let url = format!("ws://{}/ws", haproxy.as_ref().expect("HAProxy runs").address(0));
    let join = || drop(RawPeer::joined(&url, Subprotocol::JSON, "realm1"));
    join();
    one.signal(Signal::Terminate);
    let told = Instant::now();
    let mut joined = 0;
    while one.is_running() || told.elapsed() < Duration::from_secs(2) {
        // It panics when it is refused.
        join();
        joined += 1;
        assert!(told.elapsed() < SOON, "{joined} clients, and it has not stopped");
    }
    assert!(joined > 20, "{joined}");
    assert_eq!(one.wait_exit(SOON).code(), Some(0));
}
