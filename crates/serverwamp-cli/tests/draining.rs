//! The end of a server behind a load balancer.

#![expect(clippy::disallowed_methods, reason = "what drives a program from outside has a clock of its own")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use serverwamp_conformance::{RawPeer, ServerProcess, Signal, Subprotocol, binary};

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
