//! Who is refused stands in the log with the reason, once in a minute for each counter, however often it happens.

use serde_json::json;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, ServerProcess, Subprotocol};

use crate::counters::Counters;
use serverwamp_conformance::harness::server_with;

/// The lines about one counter.
fn lines(server: &ServerProcess, counter: &str) -> usize {
    server.log().lines().filter(|line| line.contains(&format!("reason={counter}"))).count()
}

#[test]
fn whoever_is_refused_before_there_is_a_session_is_logged_with_the_reason() {
    let upgrade = |server: &ServerProcess| Connect::to(server.url()).subprotocol(Subprotocol::JSON);
    let hello = |server: &ServerProcess, realm: &str| {
        let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
        assert_eq!(peer.hello(realm, json!({}))[0], 3);
    };
    type Refused<'a> = &'a dyn Fn(&ServerProcess);
    let cases: [(Refused<'_>, &str, &str); 4] = [
        (
            &|server| {
                drop(upgrade(server).header("Origin", "https://evil.example").open().expect_err("refused"))
            },
            "http_requests_refused",
            "origin https://evil.example is not allowed",
        ),
        (
            &|server| {
                let offers = upgrade(server).header("Sec-WebSocket-Protocol", "soap\twith=tabs");
                drop(offers.open().expect_err("refused"));
            },
            "http_requests_refused",
            "no common subprotocol. Client offered: soap",
        ),
        (&|server| hello(server, "nowhere\u{1b}[2J"), "sessions_refused", "there is no realm"),
        (&|server| hello(server, "secure"), "sessions_refused", "none of the offered authentication methods"),
    ];
    for (refused, counter, why) in cases {
        let server = server_with(&[]);
        refused(&server);
        let line = server.wait_for_log(why, DEADLINE);
        assert!(line.contains("WARN serverwamp::refused: refused ") && line.contains("peer=127."), "{line}");
        assert!(line.contains(&format!("reason={counter}")), "{line}");
        assert!(!line.contains(['\t', '\u{1b}']), "{line}");
    }
}

#[test]
fn of_many_refusals_for_one_reason_the_log_has_one_line_and_the_counter_all() {
    let server = server_with(&[]);
    let mut counters = Counters::of(&server);
    for time in 1..=20 {
        RawPeer::connect(server.url(), Subprotocol::JSON).hello("nowhere", json!({}));
        counters.expect(json!({ "sessions_refused": time }));
    }
    // Another reason is another kind of line.
    let foreign = Connect::to(server.url()).header("Origin", "https://evil.example");
    foreign.open().map(drop).expect_err("a foreign page");
    server.wait_for_log("reason=http_requests_refused", DEADLINE);
    assert_eq!((lines(&server, "sessions_refused"), lines(&server, "http_requests_refused")), (1, 1));
}
