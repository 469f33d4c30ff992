//! The session: who it is, how it came, what is kept on it, and how the server ends it.

use serde_json::{Value, json};
use serverwamp_conformance::{Connect, RawPeer, Subprotocol};

use serverwamp_conformance::harness::{
    Ending, NONE, assert_error, assert_like, call, join, join_with_ticket, keywords, server, server_with,
    takes, until, until_noted, value,
};

#[test]
fn a_handler_knows_whose_session_it_is() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::connect(server.url(), subprotocol);
        let welcome = peer.hello("realm1", json!({}));
        let id = peer.welcomed(&welcome);
        let info = keywords(&mut peer, "session.info");
        let name = subprotocol.name();
        let serializer = if name.contains("json") {
            "Json"
        } else if name.contains("msgpack") {
            "MessagePack"
        } else {
            "Cbor"
        };
        assert_like(
            &json!({ "$has": {
                "id": id, "realm": "realm1", "authid": welcome[2]["authid"], "authrole": "guest",
                "authmethod": "anonymous", "protocol": name, "serializer": serializer, "peer_is_loopback": true,
            } }),
            &info,
        );
    }
}

#[test]
fn a_handler_knows_who_was_authenticated() {
    let server = server();
    let mut peer = join_with_ticket(&server, "secure", "joe");
    let expected = json!({ "$has": { "authid": "joe", "authrole": "customer", "authmethod": "ticket" } });
    assert_like(&expected, &keywords(&mut peer, "session.info"));
    assert_eq!(value(&mut peer, "identity.level", NONE), 3);
}

#[test]
fn a_handler_sees_the_http_request() {
    let server = server();
    let mut peer = Connect::to(server.url())
        .path("/ws?token=abc&x=%20")
        .subprotocol(Subprotocol::JSON)
        .header("X-Test", "some header")
        .header("Cookie", "other=1; sid=\"a value\"; last=2")
        .open()
        .expect("the server accepts");
    peer.join("realm1");
    let expected = json!({ "$has": {
        "path": "/ws", "query": "token=abc&x=%20", "header": "some header", "cookie": "a value"
    } });
    assert_like(&expected, &keywords(&mut peer, "session.info"));
    // What is not there is not made up.
    let mut peer = join(&server, "realm1");
    let expected = json!({ "$has": { "path": "/ws", "query": null, "header": null, "cookie": null } });
    assert_like(&expected, &keywords(&mut peer, "session.info"));
}

// WS-10
#[test]
fn what_a_client_says_about_its_transport_is_not_believed() {
    let server = server();
    let mut peer = RawPeer::connect(server.url(), Subprotocol::JSON);
    let forged =
        json!({ "authid": "admin", "authrole": "admin", "transport": { "auth": { "cookie": "joe" } } });
    let welcome = peer.hello("realm1", forged);
    peer.welcomed(&welcome);
    assert_eq!(welcome[2]["authrole"], "guest");
    let info = keywords(&mut peer, "session.info");
    assert!(info["authid"] != "admin" && info["authrole"] == "guest" && info["cookie"] == NONE, "{info}");
}

#[test]
fn data_is_kept_on_its_own_session_only() {
    let server = server();
    let mut one = join(&server, "realm1");
    let mut other = join(&server, "realm1");
    assert_error(&call(&mut one, "session.kept", NONE), "wamp.error.runtime_error", &["internal error, id "]);
    assert_like(&json!([50, "$id", {}]), &call(&mut one, "session.keep", json!(["first"])));
    assert_eq!(value(&mut one, "session.keep", json!(["second"])), "first");
    assert_eq!(value(&mut one, "session.kept", NONE), "second");
    assert_error(&call(&mut other, "session.kept", NONE), "wamp.error.runtime_error", &[]);
    // A new session on the same transport starts with nothing.
    one.leave();
    one.join("realm1");
    assert_error(&call(&mut one, "session.kept", NONE), "wamp.error.runtime_error", &[]);
}

#[test]
fn an_identity_that_is_not_there_is_refused() {
    let server = server();
    let mut peer = join(&server, "realm1");
    assert_eq!(value(&mut peer, "session.identity", NONE), false);
    let id = peer.next_request();
    peer.send(json!([32, id, {}, "topic.extractor_refuses"]));
    peer.expect(json!([8, 32, id, {}, "wamp.error.not_authorized", ["$contains:no identity"]]));
}

// SES-19
#[test]
fn the_server_can_say_goodbye() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut other = join(&server, "realm1");
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.subscribe("a.topic", NONE);
        peer.start_call("waiting.watched", NONE, NONE, NONE);
        until(&mut other, "waiting.running", &json!(1));
        peer.start_call("session.close", NONE, NONE, NONE);
        peer.find("RESULT", serverwamp_conformance::DEADLINE, |message| message[0] == 50);
        peer.expect(json!([6, { "message": "asked for" }, "com.example.bye"]));
        // After it nothing is sent: no event, no answer; and handlers have ended.
        until(&mut other, "waiting.running", &json!(0));
        value(&mut other, "publish.to", json!(["a.topic", 1]));
        peer.send(json!([48, 99, {}, "demo.add", [1, 2]]));
        peer.send(json!([6, {}, "wamp.close.goodbye_and_out"]));
        assert_eq!(peer.expect_closed(), Some(1000));
        assert_eq!(value(&mut other, "sessions.count", NONE), 1);
    }
}

#[test]
fn a_peer_that_does_not_answer_goodbye_is_closed_after_a_while() {
    let server = server_with(&["goodbye_timeout_ms=200"]);
    let mut peer = join(&server, "realm1");
    peer.call("session.close", NONE, NONE, NONE);
    peer.expect(json!([6, { "message": "asked for" }, "com.example.bye"]));
    takes(100, 2000, || peer.expect_closed());
}

#[test]
fn the_server_can_abort() {
    let server = server();
    for subprotocol in Subprotocol::PLAIN {
        let mut other = join(&server, "realm1");
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        peer.start_call("waiting.watched", NONE, NONE, NONE);
        until(&mut other, "waiting.running", &json!(1));
        let id = peer.start_call("session.abort", NONE, NONE, NONE);
        peer.expect(json!([50, id, {}]));
        peer.expect(json!([3, { "message": "asked for" }, "com.example.out"]));
        assert!(peer.expect_closed().is_some(), "the transport is closed in order");
        until(&mut other, "waiting.running", &json!(0));
        assert_eq!(value(&mut other, "sessions.count", NONE), 1);
    }
}

#[test]
fn spawned_tasks_end_with_the_session() {
    let server = server();
    let mut other = join(&server, "realm1");
    let ends: [Ending; 3] = [
        |mut peer| {
            peer.leave();
            Some(peer)
        },
        |_lost| None,
        |mut peer| {
            peer.call("session.close", NONE, NONE, NONE);
            Some(peer)
        },
    ];
    for (round, end) in ends.into_iter().enumerate() {
        let mut peer = join(&server, "realm1");
        assert_like(&json!([50, "$id", {}]), &call(&mut peer, "session.spawn", NONE));
        let count = |other: &mut RawPeer, what: &str| {
            until_noted(other, "task entered").iter().filter(|entry| *entry == what).count()
        };
        assert_eq!(count(&mut other, "task left"), round, "it runs while the session does");
        let kept = end(peer);
        while count(&mut other, "task left") == round {
            let _: Value = call(&mut other, "waiting.slow", json!([1]));
        }
        drop(kept);
    }
}
