//! Expiry of what let a session in, its renewal, and logins that wait or find no place.

use serde_json::{Value, json};
use serverwamp_conformance::{DEADLINE, RawPeer, ServerProcess};

use super::authentication::{DENIED, connect};
use super::counters::Counters;
use serverwamp_conformance::harness::{NONE, assert_error, assert_like, server, value};

const RENEW: &str = "serverwamp.session.renew";

fn joined(server: &ServerProcess, ticket: &str) -> RawPeer {
    let mut peer = connect(server);
    let welcome = peer.join_with_ticket("expiring", "joe", ticket);
    assert_like(&json!({ "$has": { "authid": "joe", "authmethod": "ticket" } }), &welcome[2]);
    peer
}

#[test]
fn a_session_ends_with_a_reason_when_its_ticket_expires() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut peer = joined(&server, "300 ms");
    let goodbye = peer.receive();
    let expected = json!([6, { "message": "$contains:has expired" }, "wamp.close.authentication_expired"]);
    assert_like(&expected, &goodbye);
    peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
    peer.expect_closed();
    counters.expect(json!({ "sessions_expired": 1 }));
    let line = server.wait_for_log("sessions_expired", DEADLINE);
    assert!(line.contains("authid joe, method ticket") && !line.contains("300 ms"), "{line}");
}

#[test]
fn a_client_renews_its_session_with_a_new_ticket() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut peer = joined(&server, "1 min");
    let answer = peer.call(RENEW, json!(["1 h"]), NONE, NONE);
    assert!(answer[3][0].as_u64().is_some_and(|left| (3590..=3600).contains(&left)), "{answer}");
    for wrong in ["wrong", "gone", ""] {
        assert_error(&peer.call(RENEW, json!([wrong]), NONE, NONE), DENIED, &["authentication denied"]);
    }
    assert_error(&peer.call(RENEW, Value::Null, NONE, NONE), "wamp.error.invalid_argument", &[]);
    assert_eq!(value(&mut peer, "identity.level", NONE), 8);
    counters.expect(json!({ "renewals_refused": 3 }));
}

#[test]
fn attempts_after_failures_wait_and_are_counted() {
    let server = server();
    let mut counters = Counters::of(&server);
    for _ in 0..5 {
        let mut peer = connect(&server);
        let abort = peer.join_with_ticket("expiring", "joe", "wrong");
        assert_eq!(abort, json!([3, { "message": "authentication denied" }, DENIED]));
    }
    counters.expect(json!({ "sessions_refused": 5, "logins_delayed": 1 }));
    joined(&server, "1 h");
    let line = server.wait_for_log("logins_delayed", DEADLINE);
    assert!(line.contains("authid joe") && !line.contains("wrong"), "{line}");
}

#[test]
fn a_login_that_finds_no_place_is_told_so() {
    let server = server();
    let mut counters = Counters::of(&server);
    let mut peer = connect(&server);
    let abort = peer.join_with_ticket("expiring", "joe", "busy");
    assert_eq!(abort, json!([3, { "message": "too many logins" }, "wamp.error.unavailable"]));
    counters.expect(json!({ "logins_unavailable": 1 }));
}

// AUTH-08

#[test]
fn auth_08_the_log_has_method_authid_step_and_cause_and_no_secret() {
    let server = server();
    let mut peer = connect(&server);
    peer.join_with_ticket("expiring", "joe", "hunter2");
    let line = server.wait_for_log("sessions_refused", DEADLINE);
    for part in ["realm expiring", "authid joe", "method ticket", "step AUTHENTICATE 1", "identifies nobody"]
    {
        assert!(line.contains(part), "{part:?} in {line}");
    }
    assert!(!line.contains("hunter2"), "{line}");
}
