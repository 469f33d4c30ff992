//! How many connections there may be, and what one that is too many is told.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use serde_json::json;
use serverwamp_conformance::{
    Connect, DEADLINE, RawPeer, RawSocket, RawTcp, ServerProcess, Stream, Subprotocol,
};

use crate::counters::Counters;
use serverwamp_conformance::harness::{entries, join, join_with_ticket, server_with};

/// Requires that a WebSocket is refused for being one too many.
#[track_caller]
fn is_refused(server: &ServerProcess, text: &str) {
    let refusal = Connect::to(server.url()).subprotocol(Subprotocol::JSON).open().map(drop);
    let refusal = refusal.expect_err("there are too many");
    assert_eq!(refusal.status, 503);
    assert!(refusal.body.contains(text), "{}", refusal.body);
    assert!(refusal.header("retry-after").is_some_and(|after| after.parse::<u32>().is_ok()));
}

#[test]
fn as_many_connections_as_the_limit_are_served_and_one_more_is_told_so() {
    let server = server_with(&["connections=3", "unauthenticated=3", "unauthenticated_per_address=3"]);
    let mut counters = Counters::of(&server);
    let peer = join(&server, "realm1");
    // Who has not said anything counts as well.
    let silent = RawTcp::open(server.url());
    counters.expect_connections(3);
    is_refused(&server, "the server accepts 3");
    counters.expect(json!({ "connections_refused": 1 }));
    // RawSocket has an octet for it (checklist RAW-11).
    let mut raw = RawSocket::over(Stream::tcp(server.address()));
    raw.write(&[0x7f, 0xf1, 0, 0]);
    assert_eq!(raw.read_octets(4), Some(vec![0x7f, 0x40, 0, 0]));
    counters.expect(json!({ "connections_refused": 2 }));
    // Each that goes makes room for one.
    drop(silent);
    counters.expect_connections(2);
    let _other = join(&server, "realm1");
    is_refused(&server, "the server accepts 3");
    drop(peer);
    counters.expect_connections(2);
    let _third = join(&server, "realm1");
    counters.expect(json!({ "connections_refused": 3 }));
}

#[test]
fn who_says_what_it_speaks_is_told_however_many_that_are_too_many_say_nothing() {
    let server = server_with(&[
        "connections=1",
        "unauthenticated=1",
        "unauthenticated_per_address=1",
        "handshake_ms=20000",
    ]);
    let mut counters = Counters::of(&server);
    let mut silent: Vec<Stream> = Vec::new();
    for _ in 0..100 {
        silent.push(Stream::tcp(server.address()));
        is_refused(&server, "the server accepts 1");
    }
    counters.expect(json!({ "connections_refused": 200 }));
    // The first have made room for those that came later.
    let mut first = silent.swap_remove(0);
    first.set_read_timeout(DEADLINE);
    assert_eq!(first.read(&mut [0]).expect("an end"), 0);
    let mut last = silent.pop().expect("a hundred were opened");
    last.set_read_timeout(Duration::from_millis(50));
    assert_eq!(
        last.read(&mut [0]).expect_err("it may still say what it speaks").kind(),
        ErrorKind::WouldBlock
    );
    drop(silent);
    is_refused(&server, "the server accepts 1");
}

#[test]
fn an_address_has_as_many_connections_as_its_limit_and_other_addresses_have_theirs() {
    let path = std::env::temp_dir().join(format!("serverwamp-{}-address.sock", std::process::id()));
    let path = path.to_str().expect("a path that is text");
    let server = server_with(&["connections_per_address=2", &format!("unix={path}")]);
    let mut counters = Counters::of(&server);
    let peer = join(&server, "realm1");
    is_refused(&server, "from your address: the server accepts 2");
    counters.expect(json!({ "connections_per_address_refused": 1 }));
    // Who comes without an address is counted among all, and not here.
    let mut unix: Vec<RawPeer> = Vec::new();
    for _ in 0..3 {
        unix.push(RawSocket::over(Stream::unix(path)).peer(Subprotocol::JSON));
    }
    for peer in &mut unix {
        peer.join("realm1");
    }
    counters.expect_connections(5);
    drop(peer);
    counters.expect_connections(4);
    let _again = join(&server, "realm1");
    counters.expect(json!({ "connections_per_address_refused": 1 }));
}

#[test]
fn connections_that_come_and_go_by_the_hundred_leave_the_count_where_it_was() {
    let server = server_with(&[
        "connections=20",
        "unauthenticated=20",
        "unauthenticated_per_address=20",
        "handshake_ms=300",
        "hello_timeout_ms=300",
    ]);
    let mut counters = Counters::of(&server);
    for round in 0..300 {
        match round % 4 {
            0 => drop(RawTcp::open(server.url())),
            1 => drop(Connect::to(server.url()).subprotocol(Subprotocol::CBOR).open()),
            2 => drop(Connect::to(server.url()).path("/elsewhere").open()),
            _ => drop(Connect::to(server.url()).open()),
        }
    }
    counters.expect_connections(1);
    let _all: Vec<RawPeer> = (1..20).map(|_| join(&server, "realm1")).collect();
    is_refused(&server, "the server accepts 20");
}

#[test]
fn a_connection_that_is_gone_does_not_count_though_a_handler_keeps_its_session() {
    let server = server_with(&["grace_ms=20000", "connections=2", "unauthenticated_per_address=1"]);
    let mut counters = Counters::of(&server);
    drop(join_with_ticket(&server, "lively", "stubborn"));
    counters.expect_connections(1);
    let mut next = join(&server, "lively");
    let entries = entries(&mut next);
    assert!(!entries.contains(&"stubborn left".to_owned()), "it is still there: {entries:?}");
}

#[test]
fn who_begins_a_request_and_does_not_end_it_is_told_so_and_who_asks_nothing_more_is_not() {
    let server = server_with(&["handshake_ms=400"]);
    let request = b"GET /elsewhere HTTP/1.1\r\nHost: x\r\n\r\n";
    for (first, second, statuses) in [
        (&request[..], &b""[..], &["404"][..]),
        (&request[..1], b"", &["408"]),
        (&request[..], &request[..20], &["404", "408"]),
    ] {
        let mut tcp = RawTcp::open(server.url());
        tcp.write(first);
        let mut answer = Vec::new();
        if !second.is_empty() {
            // The second request begins when the first one has its answer.
            answer = tcp.read(DEADLINE).expect("an answer");
            tcp.write(second);
        }
        answer.extend(tcp.read_to_end(DEADLINE).expect("the connection ends"));
        let answer = String::from_utf8(answer).expect("text");
        let told: Vec<&str> = answer.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
        assert_eq!(told, statuses, "{answer}");
        let told_why = answer.ends_with("\r\n\r\nthe head of the request took too long\n");
        assert_eq!(told_why, statuses.ends_with(&["408"]), "{answer}");
    }
}

#[test]
fn connections_without_a_session_have_a_share_of_all_and_half_of_it_from_one_address() {
    let path = std::env::temp_dir().join(format!("serverwamp-{}-strangers.sock", std::process::id()));
    let path = path.to_str().expect("a path that is text");
    // Half of 12 are 6, and half of those 3.
    let server = server_with(&["connections=12", &format!("unix={path}")]);
    let mut counters = Counters::of(&server);
    let silent: Vec<RawTcp> = (0..3).map(|_| RawTcp::open(server.url())).collect();
    counters.expect_connections(4);
    is_refused(&server, "without a session from your address: the server accepts 3");
    counters.expect(json!({ "unauthenticated_per_address_refused": 1 }));
    // Who has no address counts among all.
    let mut unix: Vec<RawSocket> = (0..3).map(|_| RawSocket::over(Stream::unix(path))).collect();
    counters.expect_connections(7);
    let mut raw = RawSocket::over(Stream::unix(path));
    raw.write(&[0x7f, 0xf1, 0, 0]);
    assert_eq!(raw.read_octets(4), Some(vec![0x7f, 0x40, 0, 0]));
    counters.expect(json!({ "unauthenticated_per_address_refused": 1, "unauthenticated_refused": 1 }));
    // Who is welcomed makes room, on whichever transport.
    let mut peers = Vec::new();
    for socket in unix.drain(..) {
        let mut peer = socket.peer(Subprotocol::JSON);
        peer.join("realm1");
        peers.push(peer);
    }
    drop(silent);
    counters.expect_connections(4);
    peers.extend((0..8).map(|_| join(&server, "realm1")));
    is_refused(&server, "the server accepts 12");
}
