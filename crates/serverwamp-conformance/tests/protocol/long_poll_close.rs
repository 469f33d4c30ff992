//! The end of a transport that is polled, where a `close` and the GOODBYE before it race (checklist LP-08, SES-19).

use std::time::Duration;

use serde_json::json;
use serverwamp_conformance::{DEADLINE, Http, LongPoll, ServerProcess, Stream, Subprotocol};

use super::long_poll::{hear, say, welcomed};
use serverwamp_conformance::harness::server;

/// A transport that has taken a GOODBYE, and not answered it.
#[track_caller]
fn closing(server: &ServerProcess, subprotocol: Subprotocol) -> LongPoll {
    let mut transport = welcomed(server, subprotocol);
    say(&mut transport, subprotocol, &[json!([48, 1, {}, "session.close"])]);
    while hear(&mut transport, subprotocol).iter().all(|message| message[0] != 6) {}
    transport
}

#[test]
fn lp_08_a_close_that_overtakes_the_answer_to_goodbye_waits_for_it() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut transport = closing(&server, subprotocol);
        let mut overtaking = Http::over(Stream::tcp(server.address()));
        let close = format!("{}/close", transport.path());
        overtaking.request("POST", &close, &[], b"").expect("the request is sent");
        assert_eq!(overtaking.response(Duration::from_millis(50)), Ok(None), "{subprotocol:?}");
        say(&mut transport, subprotocol, &[json!([6, {}, "wamp.close.goodbye_and_out"])]);
        let closed = overtaking.response(DEADLINE).expect("the connection stays").expect("an answer in time");
        assert_eq!(closed.status, 204, "{subprotocol:?}");
        assert_eq!(transport.post("send", b"").status, 404, "it is over then");
    }
}

#[test]
fn lp_08_a_close_without_an_answer_to_goodbye_is_answered_all_the_same() {
    let server = server();
    let mut transport = closing(&server, Subprotocol::JSON);
    assert_eq!(transport.post("close", b"").status, 204);
    assert_eq!(transport.post("close", b"").status, 404);
}

#[test]
fn lp_08_a_client_that_said_goodbye_first_owes_none() {
    let server = server();
    let mut transport = welcomed(&server, Subprotocol::JSON);
    say(&mut transport, Subprotocol::JSON, &[json!([6, {}, "wamp.close.close_realm"])]);
    assert_eq!(hear(&mut transport, Subprotocol::JSON), [json!([6, {}, "wamp.close.goodbye_and_out"])]);
    // Another session may follow on the transport. A `close` that waited would leave a client that sends nothing any more behind.
    let mut other = Http::over(Stream::tcp(server.address()));
    assert_eq!(other.post(&format!("{}/close", transport.path()), b"").status, 204);
    assert_eq!(transport.post("send", b"").status, 404);
}
