//! The session's lifecycle: code around every session, whose cleanup runs however the session ends.

use std::time::{Duration, Instant};

use serde_json::json;
use serverwamp_conformance::{Connect, RawPeer, ServerProcess, Signal, Subprotocol};

use serverwamp_conformance::harness::{
    Ending, NONE, call, entries, join, join_with_ticket, server, server_with, takes, until_noted, value,
};

const SOON: Duration = Duration::from_secs(5);

/// Waits until the handlers of `lively` have noted so much, and gives what came after the first `seen` entries.
#[track_caller]
fn noted_since(peer: &mut RawPeer, seen: usize, last: &str) -> Vec<String> {
    let deadline = Instant::now() + SOON;
    loop {
        let entries = entries(peer).split_off(seen);
        if entries.iter().any(|entry| entry == last) && entries.iter().any(|entry| entry == "held left") {
            return entries;
        }
        assert!(Instant::now() < deadline, "{last:?} was not noted: {entries:?}");
    }
}

/// A session that has noted everything of its beginning.
#[track_caller]
fn lively(server: &ServerProcess, watcher: &mut RawPeer, times: usize) -> RawPeer {
    let peer = join(server, "lively");
    let is_there = |entries: &[String]| {
        ["connect accepted", "join accepted", "held entered"]
            .iter()
            .all(|entry| entries.iter().filter(|one| one == entry).count() == times)
    };
    while !is_there(&entries(watcher)) {}
    peer
}

#[test]
fn a_handler_may_refuse_before_the_authentication() {
    let server = server();
    let mut peer = Connect::to(server.url())
        .subprotocol(Subprotocol::JSON)
        .header("Cookie", "door=shut")
        .open()
        .expect("the transport is accepted");
    peer.send(
        json!([1, "lively", { "roles": { "caller": {} }, "authmethods": ["ticket"], "authid": "joe" }]),
    );
    // No CHALLENGE: nobody is asked who he is.
    peer.expect_abort("wamp.error.not_authorized", "");
    assert_eq!(entries(&mut join(&server, "realm1")), ["connect refuses"]);
}

#[test]
fn a_handler_may_refuse_after_the_authentication() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.hello("lively", json!({ "authmethods": ["ticket"], "authid": "banned" }));
    peer.send(json!([5, "secret!!!", {}]));
    peer.expect_abort("com.example.banned", "you are banned");
    // The handler that had accepted before cleans up.
    let entries = until_noted(&mut watcher, "connect after");
    assert_eq!(entries, ["connect before, authid \"\"", "connect accepted", "connect after"]);
}

#[test]
fn a_handler_that_panics_refuses_with_an_id_that_is_in_the_log() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let abort = peer.join_with_ticket("lively", "clumsy", "secret!!!");
    assert_eq!(abort[2], "wamp.error.runtime_error");
    let text = abort[1]["message"].as_str().unwrap_or_default();
    let id = text.strip_prefix("internal error, id ").expect("the peer gets the id");
    assert!(server.wait_for_log(id, SOON).contains("a bug in a session handler"));
    peer.expect_closed();
    until_noted(&mut watcher, "connect after");
}

#[test]
fn a_panic_after_accepting_leaves_the_session_alone() {
    let server = server();
    let mut peer = join_with_ticket(&server, "lively", "clumsy_later");
    server.wait_for_log("a bug in a session handler, later", SOON);
    assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3);
    peer.leave();
    until_noted(&mut join(&server, "realm1"), "held left");
}

#[test]
fn handlers_run_in_order_before_and_after_the_authentication() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    peer.hello("lively", json!({ "authmethods": ["ticket"], "authid": "joe" }));
    // CHALLENGE is out: what stands before the authentication has run, what stands after it has not.
    assert_eq!(entries(&mut watcher)[0], "connect before, authid \"\"");
    assert!(!entries(&mut watcher).contains(&"join before".to_owned()));
    peer.send(json!([5, "secret!!!", {}]));
    let welcome = peer.receive();
    peer.welcomed(&welcome);
    let begun = until_noted(&mut watcher, "join accepted");
    let place = |entry: &str| begun.iter().position(|one| one == entry);
    // Who has accepted goes on beside what comes next.
    assert!(place("connect before, authid \"\"") < place("connect accepted"), "{begun:?}");
    assert!(place("connect before, authid \"\"") < place("join before"), "{begun:?}");
    assert!(place("join before") < place("held entered"), "{begun:?}");
    assert!(!begun.iter().any(|entry| entry.contains("after") || entry.contains("left")), "{begun:?}");
}

#[test]
fn cleanup_runs_after_every_end_of_a_session() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let ends: [(&str, Ending); 7] = [
        ("the peer sent GOODBYE (wamp.close.close_realm)", |mut peer| {
            peer.leave();
            Some(peer)
        }),
        ("the peer sent ABORT", |mut peer| {
            peer.send(json!([3, {}, "wamp.close.normal"]));
            Some(peer)
        }),
        ("the transport was lost", |_lost| None),
        ("the peer closed the transport with code 1001", |mut peer| {
            peer.close(1001);
            None
        }),
        ("closed by the application (com.example.bye)", |mut peer| {
            peer.call("session.close", NONE, NONE, NONE);
            Some(peer)
        }),
        ("closed by the application (com.example.out)", |mut peer| {
            peer.call("session.abort", NONE, NONE, NONE);
            Some(peer)
        }),
        ("the peer broke the protocol: HELLO is not allowed in an established session", |mut peer| {
            peer.send(json!([1, "lively", { "roles": { "caller": {} } }]));
            Some(peer)
        }),
    ];
    for (round, (reason, end)) in ends.into_iter().enumerate() {
        let mut peer = lively(&server, &mut watcher, round + 1);
        // A panic in a handler of the session is not its end.
        call(&mut peer, "error.panic", NONE);
        let seen = entries(&mut watcher).len();
        let kept = end(peer);
        let mut ended = noted_since(&mut watcher, seen, &format!("join after: {reason}"));
        while ended.len() < 3 {
            ended = entries(&mut watcher).split_off(seen);
        }
        ended.sort();
        assert_eq!(ended, ["connect after", "held left", &format!("join after: {reason}")]);
        drop(kept);
    }
}

#[test]
fn cleanup_runs_for_a_peer_that_never_came_in() {
    let server = server_with(&["authenticate_timeout_ms=300"]);
    let mut watcher = join(&server, "realm1");
    let ends: [(&str, Ending); 5] = [
        ("lost", |_lost| None),
        ("gave up", |mut peer| {
            peer.send(json!([3, {}, "wamp.error.cannot_authenticate"]));
            Some(peer)
        }),
        ("denied", |mut peer| {
            peer.send(json!([5, "wrong", {}]));
            Some(peer)
        }),
        ("broke the protocol", |mut peer| {
            peer.send(json!([48, 1, {}, "demo.add"]));
            Some(peer)
        }),
        ("too slow", Some),
    ];
    for (round, (way, end)) in ends.into_iter().enumerate() {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        peer.hello("lively", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        let kept = end(peer);
        let count =
            |watcher: &mut RawPeer| entries(watcher).iter().filter(|entry| *entry == "connect after").count();
        let deadline = Instant::now() + SOON;
        while count(&mut watcher) <= round {
            assert!(Instant::now() < deadline, "no cleanup for one who {way}");
        }
        drop(kept);
    }
    assert!(!entries(&mut watcher).contains(&"join before".to_owned()), "nobody came in");
}

#[test]
fn the_same_transport_lives_through_the_lifecycle_twice() {
    let server = server();
    let mut watcher = join(&server, "realm1");
    let mut peer = lively(&server, &mut watcher, 1);
    peer.leave();
    peer.join("lively");
    peer.leave();
    let twice = |entries: &[String], what: &str| entries.iter().filter(|entry| *entry == what).count() == 2;
    let deadline = Instant::now() + SOON;
    while !twice(&entries(&mut watcher), "held left") || !twice(&entries(&mut watcher), "connect after") {
        assert!(Instant::now() < deadline, "{:?}", entries(&mut watcher));
    }
}

#[test]
fn cleanup_that_does_not_end_is_dropped_after_the_grace() {
    let server = server_with(&["grace_ms=200"]);
    let mut watcher = join(&server, "realm1");
    let mut peer = join_with_ticket(&server, "lively", "stubborn");
    until_noted(&mut watcher, "stubborn entered");
    peer.leave();
    takes(100, 2000, || until_noted(&mut watcher, "stubborn left"));
    server.wait_for_log("reason=handlers_dropped", SOON);
}

#[test]
fn cleanup_runs_when_the_server_stops() {
    let mut server = server();
    let mut peer = join_with_ticket(&server, "lively", "joe");
    let subscription = peer.subscribe("topic.life", NONE);
    peer.expect(json!([36, subscription, "$id", {}, ["welcome"]]));
    server.signal(Signal::Terminate);
    assert_eq!(peer.receive()[2], "wamp.close.system_shutdown");
    assert_eq!(server.wait_exit(SOON).code(), Some(0));
    for entry in ["connect after", "join after: the server shut down", "held left", "topic with its session"]
    {
        server.wait_for_log(&format!("life: {entry}"), SOON);
    }
}
