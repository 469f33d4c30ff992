//! SES-14 to SES-23: how sessions end.
//!
//! | rule | not here, because |
//! |---|---|
//! | SES-18 registrations, invocations | clients cannot register here |
//! | SES-19 `wamp.session.kill` | there is no meta API yet; a procedure that closes its caller stands in |

use std::time::Instant;

use serde_json::{Value, json};
use serverwamp_conformance::harness::{
    Witness, call, each_violates, joined, joined_in_each, publish, server, server_with, telltale,
    wait_for_sessions,
};
use serverwamp_conformance::{Arrival, DEADLINE, RawPeer, Signal, Subprotocol};

#[test]
fn ses_14_abort_is_never_answered() {
    let server = server();
    let mut other = joined(&server);
    for mut peer in joined_in_each(&server) {
        peer.subscribe("a.b", Value::Null);
        peer.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
        peer.send(json!([3, { "message": "enough" }, "com.x"]));
        // The first thing to come is the end.
        peer.expect_closed();
    }
    wait_for_sessions(&mut other, 1);
    publish(&mut other, "a.b", &json!(1));
}

#[test]
fn ses_15_abort_ends_a_challenge_silently() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let challenge = peer.hello("secure", json!({ "authmethods": ["wampcra"], "authid": "peter" }));
    assert_eq!(challenge[0], 4);
    peer.send(json!([3, {}, "wamp.error.canceled"]));
    peer.expect_closed();
}

#[test]
fn ses_16_goodbye_is_answered_by_exactly_one_goodbye() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        for reason in ["wamp.close.close_realm", "wamp.close.goodbye_and_out", "com.x.bye"] {
            let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
            peer.send(json!([6, {}, reason]));
            peer.expect(json!([6, {}, "wamp.close.goodbye_and_out"]));
            // Nothing before the Close frame that answers the client's.
            assert_eq!(peer.close(1000), Some(1000));
        }
    }
}

#[test]
fn ses_17_nothing_follows_the_goodbye() {
    let server = server();
    let mut publisher = joined(&server);
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.subscribe("busy.topic", Value::Null);
        peer.start_call("waiting.slow", json!([50]), Value::Null, Value::Null);
        peer.start_call("progress.count", json!([1000, 1]), Value::Null, json!({ "receive_progress": true }));
        let burst =
            publisher.start_call("publish.burst", json!(["busy.topic", 2000, 10]), Value::Null, Value::Null);
        peer.find("an event", DEADLINE, |message| message[0] == 36);
        peer.send(json!([6, {}, "wamp.close.close_realm"]));
        loop {
            let message = peer.receive();
            if message[0] == 6 {
                break;
            }
            // The slow call may be done by now.
            assert!(message[0] == 36 || message[0] == 50, "{message}");
        }
        publisher.final_answer(burst);
        publish(&mut publisher, "busy.topic", &json!("later"));
        // The next thing the server says is its answer to the Close frame.
        assert_eq!(peer.close(1000), Some(1000));
    }
}

#[test]
fn ses_18_a_session_ends_with_its_transport() {
    let server = server();
    let mut other = joined(&server);
    for ending in ["close frame", "end of file"] {
        let mut peer = joined(&server);
        peer.subscribe("a.b", Value::Null);
        let before = call(&mut other, "waiting.running", json!([]))[3][0].clone();
        peer.start_call("waiting.watched", Value::Null, Value::Null, Value::Null);
        peer.expect_silence_until_fence();
        assert_eq!(call(&mut other, "waiting.running", json!([]))[3][0], json!(1));
        if ending == "close frame" {
            assert_eq!(peer.close(1000), Some(1000));
        }
        drop(peer);
        wait_for_sessions(&mut other, 1);
        // Its handlers are dropped with it.
        let deadline = Instant::now() + DEADLINE;
        while call(&mut other, "waiting.running", json!([]))[3][0] != before {
            assert!(Instant::now() < deadline, "the handler outlives its caller, {ending}");
        }
    }
}

#[test]
fn ses_19_the_server_says_goodbye_and_waits_for_the_answer() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        peer.start_call("session.close", Value::Null, Value::Null, Value::Null);
        let goodbye = peer.find("GOODBYE", DEADLINE, |message| message[0] == 6);
        assert_eq!(goodbye, json!([6, { "message": "asked for" }, "com.example.bye"]));
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        while let Arrival::Message(message) = peer.next(DEADLINE) {
            assert_eq!(message[0], 50, "only the call that closed the session is answered, not {message}");
        }
        peer.expect_closed();
    }
}

#[test]
fn ses_19_the_server_may_abort_a_session_instead() {
    let server = server();
    for mut peer in joined_in_each(&server) {
        peer.start_call("session.abort", Value::Null, Value::Null, Value::Null);
        let abort = peer.find("ABORT", DEADLINE, |message| message[0] == 3);
        assert_eq!(abort, json!([3, { "message": "asked for" }, "com.example.out"]));
        while let Arrival::Message(message) = peer.next(DEADLINE) {
            assert_eq!(message[0], 50, "{message}");
        }
        peer.expect_closed();
    }
}

#[test]
fn ses_20_between_the_goodbyes_everything_else_is_ignored() {
    let server = server();
    let mut witness = Witness::new(&server);
    let ignored = [
        telltale(),
        json!([1, "realm1", { "roles": { "caller": {} } }]),
        json!([16, 7, { "acknowledge": true }, "a"]),
        json!([32, 8, {}, "a.b"]),
        json!([34, 9, 1]),
        json!([5, "x", {}]),
        json!([49, 1, {}]),
        json!([70, 1, {}]),
        json!([8, 48, 1, {}, "a.b"]),
        json!([50, 1, {}]),
        json!([300, 1]),
    ];
    for mut peer in joined_in_each(&server) {
        peer.start_call("session.close", Value::Null, Value::Null, Value::Null);
        peer.find("GOODBYE", DEADLINE, |message| message[0] == 6);
        for message in &ignored {
            peer.send(message.clone());
        }
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        while let Arrival::Message(message) = peer.next(DEADLINE) {
            assert_eq!((&message[0], &message[1]), (&json!(50), &json!(1)), "{message}");
        }
        peer.expect_closed();
        witness.saw_nothing();
    }
}

#[test]
fn ses_21_who_does_not_answer_goodbye_is_closed() {
    let server = server_with(&["goodbye_timeout_ms=300"]);
    let mut other = joined(&server);
    let mut peer = joined(&server);
    let started = Instant::now();
    peer.start_call("session.close", Value::Null, Value::Null, Value::Null);
    peer.find("GOODBYE", DEADLINE, |message| message[0] == 6);
    // The session is over already, the transport is not.
    wait_for_sessions(&mut other, 1);
    while let Arrival::Message(message) = peer.next(DEADLINE) {
        assert_eq!(message[0], 50, "{message}");
    }
    peer.expect_closed();
    assert!((300..3000).contains(&started.elapsed().as_millis()), "{:?}", started.elapsed());
}

#[test]
fn ses_22_the_reason_of_goodbye_is_a_uri_and_its_message_is_optional() {
    let server = server();
    let mut peer = joined(&server);
    peer.send(json!([6, { "message": "bye" }, "com.x.bye"]));
    peer.expect(json!([6, {}, "wamp.close.goodbye_and_out"]));
    each_violates(
        &server,
        &[
            (json!([6, {}, "not a uri"]), "GOODBYE"),
            (json!([6, {}, ""]), "GOODBYE"),
            (json!([6, {}]), "GOODBYE"),
            (json!([6, {}, null]), "Reason"),
        ],
    );
}

#[test]
fn ses_23_on_shutdown_sessions_get_goodbye_and_attempts_get_abort() {
    for signal in [Signal::Terminate, Signal::Interrupt] {
        let mut server = server();
        let mut sessions = joined_in_each(&server);
        let mut silent = RawPeer::connect(server.url(), Subprotocol::JSON);
        let mut challenged = RawPeer::connect(server.url(), Subprotocol::JSON);
        challenged.hello("secure", json!({ "authmethods": ["ticket"], "authid": "joe" }));
        let mut refusing = joined(&server);
        server.signal(signal);
        for peer in &mut sessions {
            peer.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
            peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
            peer.expect_closed();
        }
        silent.expect_abort("wamp.close.system_shutdown", "");
        challenged.expect_abort("wamp.close.system_shutdown", "");
        refusing.expect(json!([6, "$dict", "wamp.close.system_shutdown"]));
        // One that does not answer does not keep the server from ending.
        let status = server.wait_exit(2 * DEADLINE);
        assert!(status.success(), "{status}");
    }
}
