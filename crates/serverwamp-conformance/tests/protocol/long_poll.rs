//! HTTP long-poll, request by request (checklist LP-01 to LP-12).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use serverwamp_conformance::long_poll::Response;
use serverwamp_conformance::serial::Serializer;
use serverwamp_conformance::{DEADLINE, Http, LongPoll, RawPeer, RawTcp, ServerProcess, Stream, Subprotocol};

use serverwamp_conformance::harness::{
    joined, publish, roles, server, server_with, sessions, wait_for_sessions,
};

fn http(server: &ServerProcess) -> Http {
    Http::over(Stream::tcp(server.address()))
}

#[track_caller]
fn open(server: &ServerProcess, subprotocol: Subprotocol) -> LongPoll {
    LongPoll::open(server.address(), "/lp", subprotocol)
}

/// A transport that has been welcomed in `realm1`.
#[track_caller]
pub(super) fn welcomed(server: &ServerProcess, subprotocol: Subprotocol) -> LongPoll {
    let mut transport = open(server, subprotocol);
    say(&mut transport, subprotocol, &[json!([1, "realm1", { "roles": roles() }])]);
    assert_eq!(hear(&mut transport, subprotocol)[0][0], 2);
    transport
}

/// Sends messages in one request. autobahn-js takes any status but 200 and 204 for a failure (checklist LP-07).
#[track_caller]
pub(super) fn say(transport: &mut LongPoll, subprotocol: Subprotocol, messages: &[Value]) {
    let response = transport.post("send", &subprotocol.encode(messages).into_data());
    assert_eq!((response.status, &*response.body), (204, &b""[..]));
}

/// The response to one `receive`.
#[track_caller]
fn receive(transport: &mut LongPoll) -> Response {
    let received = transport.receive(DEADLINE).expect("the connection stays");
    received.expect("an answer in time")
}

/// The messages of one `receive`.
#[track_caller]
pub(super) fn hear(transport: &mut LongPoll, subprotocol: Subprotocol) -> Vec<Value> {
    let response = receive(transport);
    assert_eq!(response.status, 200, "{response:?}");
    let message = match subprotocol.serializer {
        Serializer::Json => String::from_utf8(response.body).expect("JSON is text").into(),
        _ => response.body.into(),
    };
    subprotocol.decode(&message).expect("messages")
}

/// Requires that a transport is over, for each operation.
#[track_caller]
fn expect_over(transport: &mut LongPoll) {
    assert_eq!(receive(transport).status, 404);
    for operation in ["send", "close"] {
        assert_eq!(transport.post(operation, b"").status, 404, "{operation}");
    }
}

#[test]
fn lp_01_lp_02_what_is_no_list_of_protocols_is_refused() {
    let server = server();
    let mut http = http(&server);
    let long = format!(r#"{{"protocols":["wamp.2.json{}"]}}"#, "x".repeat(10_000));
    for (body, status) in [
        ("", 400),
        ("{}", 400),
        ("[]", 400),
        (r#"["wamp.2.json"]"#, 400),
        (r#"{"protocols":"wamp.2.json"}"#, 400),
        (r#"{"protocols":[2]}"#, 400),
        (r#"{"protocols":[]}"#, 400),
        (r#"{"protocols":["foo"]}"#, 400),
        (r#"{"protocols":["wamp.2.json"]"#, 400),
        (&long, 413),
    ] {
        let response = http.post("/lp/open", body.as_bytes());
        assert_eq!(response.status, status, "{body:.40}: {response:?}");
        assert!(!response.body.is_empty(), "a refusal says why");
    }
    let response = http.post("/lp/open", br#"{"protocols":["wamp.2.flatbuffers"]}"#);
    assert!(String::from_utf8_lossy(&response.body).contains("wamp.2.cbor.batched"), "{response:?}");
}

// BAT-05, BAT-06
#[test]
fn lp_07_what_is_no_message_is_refused_and_ends_the_session_as_anywhere() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let of = |messages: &[Value]| Vec::from(subprotocol.encode(messages).into_data());
        let good = json!([48, 1, {}, "math.add", [1, 2]]);
        let mut cut = of(std::slice::from_ref(&good));
        cut.pop();
        for bad in [Vec::new(), b"\xc1garbage".to_vec(), of(&[json!([48, "one", {}, "a"])]), cut] {
            let mut transport = welcomed(&server, subprotocol);
            let response = transport.post("send", &bad);
            assert_eq!(response.status, 400, "{bad:?} in {subprotocol}");
            assert!(!response.body.is_empty(), "a refusal says why");
            let abort = hear(&mut transport, subprotocol);
            assert_eq!((&abort[0][0], &abort[0][2]), (&json!(3), &json!("wamp.error.protocol_violation")));
            expect_over(&mut transport);
        }
    }
}

#[test]
fn lp_09_unknown_transports_and_operations_are_not_found() {
    let server = server();
    let mut http = http(&server);
    let transport = welcomed(&server, Subprotocol::JSON);
    let path = transport.path();
    let known = format!("{path}/foo");
    let below = format!("{path}/receive/more");
    for target in
        ["/lp/nope/receive", "/lp/nope/send", "/lp/nope/close", "/lp/", "/lp/receive", &known, &below]
    {
        assert_eq!(http.post(target, b"[]").status, 404, "{target}");
    }
    for method in ["GET", "PUT", "DELETE"] {
        http.request(method, &format!("{path}/receive"), &[], b"").unwrap();
        let response = http.response(DEADLINE).unwrap().expect("an answer");
        assert_eq!((response.status, response.header("allow")), (405, Some("POST, OPTIONS")), "{method}");
    }
}

#[test]
fn lp_09_nobody_guesses_an_id() {
    let server = server();
    let transports: Vec<_> = (0..100).map(|_| open(&server, Subprotocol::JSON)).collect();
    let ids: BTreeSet<&str> = transports.iter().filter_map(|one| one.path().rsplit('/').next()).collect();
    assert_eq!(ids.len(), 100);
    assert!(ids.iter().all(|id| id.len() == 32), "128 bits in hexadecimal");
    // 100 random digits are the same with a probability of 16^-99.
    let digits = |at: usize| ids.iter().filter_map(|id| id.as_bytes().get(at)).collect::<BTreeSet<_>>();
    assert!((0..32).all(|at| digits(at).len() > 1), "a digit never changes: {ids:?}");
}

#[test]
fn lp_01_open_names_the_protocol_and_the_transport() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let body = json!({ "protocols": [subprotocol.name()] }).to_string();
        let response = http(&server).post("/lp/open", body.as_bytes());
        assert_eq!((response.status, response.header("content-type")), (200, Some("application/json")));
        let answer = response.json();
        assert_eq!(answer.as_object().expect("an object").len(), 2, "{answer}");
        assert_eq!(answer["protocol"], subprotocol.name());
        assert!(answer["transport"].is_string(), "{answer}");
    }
}

#[test]
fn lp_02_the_first_protocol_that_is_spoken_is_taken_in_the_clients_order() {
    let server = server();
    for (offered, taken) in [
        (json!(["foo", "wamp.2.cbor", "wamp.2.json"]), "wamp.2.cbor"),
        (json!(["wamp.2.json", "wamp.2.cbor"]), "wamp.2.json"),
        (json!(["wamp.2.msgpack.batched", "wamp.2.msgpack"]), "wamp.2.msgpack.batched"),
    ] {
        let response = http(&server).post("/lp/open", json!({ "protocols": offered }).to_string().as_bytes());
        assert_eq!(response.json()["protocol"], taken);
    }
}

#[test]
fn lp_03_the_content_type_of_open_does_not_matter() {
    let server = server();
    let mut http = http(&server);
    for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded", "nonsense"] {
        let body = br#"{"protocols":["wamp.2.json"]}"#;
        http.request("POST", "/lp/open", &[("Content-Type", kind)], body).unwrap();
        assert_eq!(http.response(DEADLINE).unwrap().expect("an answer").status, 200, "{kind}");
    }
}

#[test]
fn lp_04_a_query_is_ignored() {
    let server = server();
    let mut http = http(&server);
    let opened = http.post("/lp/open?x=1", br#"{"protocols":["wamp.2.json"]}"#);
    let answer = opened.json();
    let path = format!("/lp/{}", answer["transport"].as_str().expect("an id"));
    let hello = json!([1, "realm1", { "roles": roles() }]).to_string();
    assert_eq!(http.post(&format!("{path}/send?x=2"), hello.as_bytes()).status, 204);
    assert_eq!(http.post(&format!("{path}/receive?x=3"), b"").json()[0], 2);
    assert_eq!(http.post(&format!("{path}/close?x=4"), b"").status, 204);
    assert_eq!(http.post(&format!("{path}/close?x=5"), b"").status, 404);
}

#[test]
fn lp_05_receive_waits_until_there_is_something() {
    let server = server();
    let mut other = joined(&server);
    let mut transport = welcomed(&server, Subprotocol::JSON);
    say(&mut transport, Subprotocol::JSON, &[json!([32, 1, {}, "com.awaited"])]);
    let subscription = hear(&mut transport, Subprotocol::JSON)[0][2].clone();
    assert_eq!(transport.receive(Duration::from_millis(50)), Ok(None), "nothing is there");
    publish(&mut other, "com.awaited", &json!("now"));
    let event = hear(&mut transport, Subprotocol::JSON);
    assert_eq!((&event[0][1], &event[0][4]), (&subscription, &json!(["now"])));
}

#[test]
fn lp_05_one_message_comes_at_a_time_and_a_batch_all_at_once() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut transport = welcomed(&server, subprotocol);
        let calls = [1, 2, 3].map(|id| json!([48, id, {}, "math.add", [id, id]]));
        let results = [1, 2, 3].map(|id| json!([50, id, {}, [2 * id]]));
        if subprotocol.batched {
            // A turn of the connection may end between two of them, when the machine is busy.
            let all_at_once = (0..50).any(|_| {
                say(&mut transport, subprotocol, &calls);
                let mut heard = hear(&mut transport, subprotocol);
                let at_once = heard.len();
                while heard.len() < results.len() {
                    heard.extend(hear(&mut transport, subprotocol));
                }
                assert_eq!(heard, results);
                at_once == results.len()
            });
            assert!(all_at_once, "{subprotocol}");
        } else {
            calls.iter().for_each(|call| say(&mut transport, subprotocol, std::slice::from_ref(call)));
            for result in results {
                assert_eq!(hear(&mut transport, subprotocol), [result]);
            }
        }
        assert_eq!(transport.receive(Duration::from_millis(10)), Ok(None), "each came once");
    }
}

#[test]
fn lp_06_what_is_received_has_the_type_of_its_serializer() {
    let server = server();
    for (subprotocol, kind) in [
        (Subprotocol::JSON, "application/json"),
        (Subprotocol::MSGPACK, "application/x-msgpack"),
        (Subprotocol::CBOR, "application/cbor"),
        (Subprotocol::JSON_BATCHED, "application/json"),
        (Subprotocol::MSGPACK_BATCHED, "application/x-msgpack"),
        (Subprotocol::CBOR_BATCHED, "application/cbor"),
    ] {
        // `welcomed` has decoded the body.
        let mut transport = welcomed(&server, subprotocol);
        say(&mut transport, subprotocol, &[json!([48, 1, {}, "math.add", [1, 2]])]);
        let response = receive(&mut transport);
        assert_eq!(response.header("content-type"), Some(kind));
        assert_eq!(response.header("cache-control"), Some("no-store"));
    }
}

#[test]
fn lp_08_close_ends_the_session_and_its_transport() {
    let server = server();
    let mut other = joined(&server);
    let before = sessions(&mut other);
    let mut transport = welcomed(&server, Subprotocol::JSON);
    wait_for_sessions(&mut other, before + 1);
    assert_eq!(transport.receive(Duration::from_millis(10)), Ok(None), "a poll is open");
    let closed = transport.post("close", b"");
    assert_eq!((closed.status, &*closed.body), (204, &b""[..]));
    wait_for_sessions(&mut other, before);
    assert_eq!(receive(&mut transport).status, 404, "the open poll is answered");
    expect_over(&mut transport);
}

#[test]
fn lp_10_who_stops_polling_is_given_up_and_who_waits_is_not() {
    let server = server_with(&["idle_timeout_ms=500"]);
    let mut other = joined(&server);
    let before = sessions(&mut other);
    let mut waiting = welcomed(&server, Subprotocol::JSON);
    assert_eq!(waiting.receive(Duration::from_millis(1)), Ok(None));
    let mut absent = welcomed(&server, Subprotocol::JSON);
    wait_for_sessions(&mut other, before + 1);
    expect_over(&mut absent);
    // An open poll is a request all the time, several idle times long.
    assert_eq!(waiting.receive(Duration::from_millis(1000)), Ok(None));
    assert_eq!(sessions(&mut other), before + 1);
    drop(waiting);
    wait_for_sessions(&mut other, before);
}

#[test]
fn lp_10_a_second_poll_takes_the_place_of_the_first() {
    let server = server();
    let mut transport = welcomed(&server, Subprotocol::JSON);
    assert_eq!(transport.receive(Duration::from_millis(10)), Ok(None), "the first waits");
    let mut second = http(&server);
    second.request("POST", &format!("{}/receive", transport.path()), &[], b"").unwrap();
    let first = receive(&mut transport);
    assert_eq!((first.status, &*first.body), (200, &b""[..]));
    say(&mut transport, Subprotocol::JSON, &[json!([48, 1, {}, "math.add", [1, 2]])]);
    let answer = second.response(DEADLINE).unwrap().expect("an answer");
    assert_eq!(answer.json(), json!([50, 1, {}, [3]]));
}

#[test]
fn lp_10_a_queue_that_nobody_takes_from_is_bounded() {
    let server = server_with(&["outgoing_bytes=100000"]);
    let mut other = joined(&server);
    let before = sessions(&mut other);
    let mut transport = welcomed(&server, Subprotocol::JSON);
    say(&mut transport, Subprotocol::JSON, &[json!([32, 1, {}, "com.flood"])]);
    assert_eq!(hear(&mut transport, Subprotocol::JSON)[0][0], 33);
    assert_eq!(sessions(&mut other), before + 1);
    other.call("publish.burst", json!(["com.flood", 100, 10_000]), Value::Null, Value::Null);
    wait_for_sessions(&mut other, before);
}

#[test]
fn lp_11_a_poll_that_is_given_up_takes_no_message_with_it() {
    let server = server();
    let mut transport = welcomed(&server, Subprotocol::JSON);
    for id in 1..=20 {
        let mut given_up = http(&server);
        given_up.request("POST", &format!("{}/receive", transport.path()), &[], b"").unwrap();
        assert_eq!(given_up.response(Duration::from_millis(5)), Ok(None));
        drop(given_up);
        // Should the server see this request before the one that was given up, that one takes its place, empty.
        let early = transport.receive(Duration::from_millis(5)).expect("the connection lives");
        assert!(early.is_none_or(|response| response.body.is_empty()));
        say(&mut transport, Subprotocol::JSON, &[json!([48, id, {}, "math.add", [id, 1]])]);
        assert_eq!(hear(&mut transport, Subprotocol::JSON), [json!([50, id, {}, [id + 1]])]);
    }
}

#[test]
fn lp_12_transports_are_independent_of_each_other() {
    let server = server();
    let peer = || LongPoll::peer(server.address(), "/lp", Subprotocol::JSON);
    let (mut first, mut second): (RawPeer, RawPeer) = (peer(), peer());
    let welcome = first.join_with_ticket("secure", "joe", "secret!!!");
    let (joe, anonymous) = (first.welcomed(&welcome), second.join("realm1"));
    assert_ne!(joe, anonymous);
    let who = |peer: &mut RawPeer| {
        peer.call("session.info", Value::Null, Value::Null, Value::Null)[4]["authrole"].clone()
    };
    assert_eq!((who(&mut first), who(&mut second)), (json!("customer"), json!("guest")));
    first.close(1000);
    assert_eq!(who(&mut second), "guest");
}

// LP-10
#[test]
fn lp_05_a_receive_for_which_nothing_comes_is_answered_empty_and_the_next_one_gets_what_comes() {
    let server = server_with(&["receive_timeout_ms=100", "idle_timeout_ms=2000"]);
    let mut transport = welcomed(&server, Subprotocol::JSON);
    for id in 1..=5 {
        let empty = receive(&mut transport);
        assert_eq!((empty.status, &*empty.body), (200, &b""[..]));
        say(&mut transport, Subprotocol::JSON, &[json!([48, id, {}, "math.add", [id, 1]])]);
        assert_eq!(hear(&mut transport, Subprotocol::JSON), [json!([50, id, {}, [id + 1]])]);
    }
}

#[test]
fn pages_of_other_origins_may_not_poll_and_only_those_that_may_send_cookies_along() {
    let body = br#"{"protocols":["wamp.2.json"]}"#;
    let [evil, page, same] = ["https://evil.example", "https://example.com", "http://test:3000"];
    for (setting, origin, status, credentials) in [
        ("origin=https://example.com", evil, 403, None),
        ("origin=https://example.com", page, 200, Some("true")),
        ("origin=https://example.com", same, 200, Some("true")),
        ("origin=any", evil, 200, None),
        ("origin=any", page, 200, None),
    ] {
        let server = server_with(&[setting]);
        let mut http = http(&server);
        // The preflight request of a page, and the request itself.
        for (method, status) in [("OPTIONS", if status == 200 { 204 } else { 403 }), ("POST", status)] {
            http.request(method, "/lp/open", &[("Origin", origin)], body).unwrap();
            let response = http.response(DEADLINE).unwrap().expect("an answer");
            assert_eq!(response.status, status, "{method} from {origin} at {setting}");
            let allowed = (status != 403).then_some(origin);
            assert_eq!(response.header("access-control-allow-origin"), allowed);
            assert_eq!(
                response.header("access-control-allow-credentials"),
                credentials,
                "{origin}, {setting}"
            );
        }
        // A client that sends no `Origin` gets no CORS header.
        let response = http.post("/lp/open", body);
        assert_eq!(response.header("access-control-allow-credentials"), None);
    }
}

#[test]
fn lp_10_a_body_that_never_ends_holds_nothing() {
    let server = server_with(&["idle_timeout_ms=300"]);
    for opening in [true, false] {
        let transport = open(&server, Subprotocol::JSON);
        let target = if opening { "/lp/open".to_owned() } else { format!("{}/send", transport.path()) };
        let mut tcp = RawTcp::open(server.url());
        let head = format!("POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n[");
        tcp.write(head.as_bytes());
        let answer = tcp.read(DEADLINE).expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    }
}
