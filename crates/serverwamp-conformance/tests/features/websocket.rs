//! WebSocket: what an upgrade needs, which subprotocol is chosen, who may connect, what is compressed.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;
use serverwamp_conformance::{Connect, DEADLINE, RawPeer, RawTcp, Refusal, ServerProcess, Subprotocol, tcp};
use tungstenite::Message;

use serverwamp_conformance::harness::{NONE, join, server, server_with, value};

const NAMES: [&str; 6] = [
    "wamp.2.json",
    "wamp.2.msgpack",
    "wamp.2.cbor",
    "wamp.2.json.batched",
    "wamp.2.msgpack.batched",
    "wamp.2.cbor.batched",
];

fn connect(server: &ServerProcess) -> Connect {
    Connect::to(server.url()).subprotocol(Subprotocol::JSON)
}

/// Requires a refusal with this status and all parts in its text.
#[track_caller]
fn refused(connect: &Connect, status: u16, parts: &[&str]) -> Refusal {
    let refusal = connect.open().expect_err("the request is refused");
    assert_eq!(refusal.status, status, "{refusal:?}");
    for part in parts {
        assert!(refusal.body.contains(part), "{part:?} is not in {refusal:?}");
    }
    refusal
}

#[test]
fn what_is_no_websocket_request_is_told_what_is_missing() {
    let server = server();
    let good = || connect(&server);
    for without in ["Upgrade", "Connection"] {
        let refusal = refused(&good().without(without), 426, &["WebSocket endpoint"]);
        assert_eq!(refusal.header("upgrade"), Some("websocket"), "{refusal:?}");
    }
    refused(&good().header("Upgrade", "h2c"), 426, &["WebSocket endpoint"]);
    refused(&good().header("Connection", "keep-alive"), 426, &["WebSocket endpoint"]);
    let refusal = refused(&good().header("Sec-WebSocket-Version", "8"), 426, &["version 13"]);
    assert_eq!(refusal.header("sec-websocket-version"), Some("13"), "{refusal:?}");
    refused(&good().without("Sec-WebSocket-Version"), 426, &["version 13"]);
    for key in ["", "short", "c2VydmVyd2FtcC10ZXN0IQ", "!!!VydmVyd2FtcC10ZXN0IQ=="] {
        refused(&good().header("Sec-WebSocket-Key", key), 400, &["Sec-WebSocket-Key", "16 bytes"]);
    }
    refused(&good().without("Sec-WebSocket-Key"), 400, &["Sec-WebSocket-Key"]);
    good().open().expect("the same request with everything is accepted");
}

#[test]
fn only_get_opens_a_websocket() {
    let server = server();
    let request = String::from_utf8(connect(&server).request()).expect("a request is text");
    for method in ["POST", "PUT", "OPTIONS"] {
        let mut stream = TcpStream::connect(server.address()).expect("a connection");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let request =
            request.replacen("GET", method, 1).replace("Connection: Upgrade", "Connection: close, Upgrade");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer and the end");
        assert!(
            answer.starts_with("HTTP/1.1 405 ") && answer.to_lowercase().contains("allow: get"),
            "{answer}"
        );
        assert!(answer.contains("opened with GET"), "{answer}");
    }
}

#[test]
fn what_is_no_http_at_all_does_not_stop_the_server() {
    let server = server();
    for bytes in [&b"\x16\x03\x01\x02\x00"[..], b"GET /ws\r\n\r\n", b"\0\0\0\0", b"GET /ws HTTP/9.9\r\n\r\n"]
    {
        let mut tcp = RawTcp::open(server.url());
        tcp.write(bytes);
        tcp.finish_writing();
        let answer = tcp.read_to_end(DEADLINE).expect("the connection ends");
        assert!(!answer.starts_with(b"HTTP/1.1 101"), "{answer:?}");
    }
    let handshake = tcp::handshake(server.url(), Subprotocol::JSON);
    tcp::disconnect_at_every_byte(server.url(), &handshake);
    join(&server, "realm1");
}

// WS-03, WS-12
#[test]
fn without_a_common_subprotocol_both_lists_are_named() {
    let server = server();
    let bare = || Connect::to(server.url());
    for (offer, said) in [
        (vec!["wamp.1"], "wamp.1"),
        (vec!["chat", "wamp.2.ubjson"], "chat, wamp.2.ubjson"),
        (vec!["WAMP.2.JSON"], "WAMP.2.JSON"),
        (vec![], "nothing"),
    ] {
        let refusal = refused(&bare().subprotocols(&offer), 400, &[&format!("Client offered: {said}.")]);
        let (_, list) = refusal.body.split_once("Server supports: ").expect("the server's list");
        assert_eq!(list.trim().split(", ").collect::<Vec<_>>(), NAMES);
    }
}

// WS-01, WS-02, BAT-01
#[test]
fn the_first_subprotocol_of_the_client_that_is_spoken_is_chosen() {
    let server = server();
    for name in NAMES {
        let offers =
            [vec![name, "wamp.2.json", "wamp.2.cbor"], vec!["foo", "wamp.1", name, "wamp.2.msgpack"]];
        for offer in offers {
            let peer = Connect::to(server.url()).subprotocols(&offer).open();
            let mut peer = peer.expect("the server accepts");
            assert_eq!(peer.header("sec-websocket-protocol"), Some(name), "of {offer:?}");
            peer.join("realm1");
            assert_eq!(value(&mut peer, "demo.add", json!([1, 2])), 3);
        }
    }
    // Two headers are one list.
    let peer = Connect::to(server.url())
        .subprotocols(&["foo", "wamp.2.cbor"])
        .header("Sec-WebSocket-Protocol", "foo")
        .header("Sec-WebSocket-Protocol", "wamp.2.cbor, wamp.2.json")
        .open()
        .expect("the server accepts");
    assert_eq!(peer.header("sec-websocket-protocol"), Some("wamp.2.cbor"));
}

#[test]
fn a_page_of_another_host_may_not_connect() {
    let server = server();
    for origin in [
        "https://evil.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "null",
        "",
        "not an origin",
        "http://127.0.0.1/path",
    ] {
        refused(&connect(&server).header("Origin", origin), 403, &["origin", origin]);
    }
    let twice = connect(&server).header("Origin", "http://127.0.0.1").header("Origin", "http://127.0.0.1");
    refused(&twice, 403, &["more than one Origin"]);
    for origin in ["http://127.0.0.1", "https://127.0.0.1", "http://127.0.0.1:3000"] {
        connect(&server).header("Origin", origin).open().expect("a page of the same host");
    }
    connect(&server).open().expect("a program that is no browser");
}

#[test]
fn listed_pages_may_connect() {
    let server = server_with(&["origin=https://app.example.com"]);
    for origin in ["http://app.example.com", "https://app.example.com:8443", "https://app.example.com.evil"] {
        refused(&connect(&server).header("Origin", origin), 403, &[origin]);
    }
    for origin in ["https://app.example.com", "http://127.0.0.1"] {
        connect(&server).header("Origin", origin).open().expect("a listed page, and one of the same host");
    }
    let server = server_with(&["origin=any"]);
    connect(&server).header("Origin", "https://evil.example").open().expect("any page");
}

#[test]
fn another_path_has_nothing() {
    let server = server();
    for path in ["/", "/wsx", "/ws/", "/WS", "/other?x=/ws"] {
        refused(&connect(&server).path(path), 404, &["nothing here", "/ws"]);
    }
    connect(&server).path("/ws?a=b").open().expect("a query is no other path");
    let server = server_with(&["path=/ws/custom"]);
    refused(&connect(&server).path("/ws"), 404, &["/ws/custom"]);
    let mut peer = connect(&server).path("/ws/custom").open().expect("the server's own path");
    peer.join("realm1");
}

#[test]
fn compression_is_used_when_both_want_it() {
    let offer = |server: &ServerProcess, extensions: &str| {
        connect(server).header("Sec-WebSocket-Extensions", extensions).open()
    };
    let chosen = |peer: &RawPeer| peer.header("sec-websocket-extensions").map(str::to_owned);
    let server = server();
    assert!(chosen(&connect(&server).open().expect("accepted")).is_none(), "nothing was offered");
    for declined in ["x-webkit-deflate-frame", "permessage-deflate; unknown=1"] {
        assert!(chosen(&offer(&server, declined).expect("accepted")).is_none(), "{declined}");
    }
    for malformed in ["permessage-deflate; =", "permessage-deflate;;", "\"", "permessage-deflate x"] {
        let refusal = offer(&server, malformed).expect_err("malformed");
        assert_eq!(
            (refusal.status, refusal.body.contains("Sec-WebSocket-Extensions")),
            (400, true),
            "{refusal:?}"
        );
    }
    for offered in ["permessage-deflate", "foo, permessage-deflate; client_max_window_bits"] {
        let peer = offer(&server, offered).expect("accepted");
        let answer = chosen(&peer).expect("the extension is in the answer");
        assert!(answer.starts_with("permessage-deflate"), "{answer}");
    }
    let without = server_with(&["deflate=0"]);
    assert!(chosen(&offer(&without, "permessage-deflate").expect("accepted")).is_none());
}

#[test]
fn a_long_message_is_compressed_and_a_short_one_is_not() {
    let server = server();
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let request = connect(&server).header("Sec-WebSocket-Extensions", "permessage-deflate").request();
    stream.write_all(&request).expect("sent");
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the head");
        head.push(byte[0]);
    }
    let mut ask = |message: serde_json::Value| {
        stream.write_all(&tcp::frame(true, 1, message.to_string().as_bytes())).expect("sent");
        let mut start = [0; 2];
        stream.read_exact(&mut start).expect("a frame");
        let mut length = usize::from(start[1] & 0x7f);
        if length == 126 {
            let mut long = [0; 2];
            stream.read_exact(&mut long).expect("a length");
            length = usize::from(u16::from_be_bytes(long));
        }
        let mut payload = vec![0; length];
        stream.read_exact(&mut payload).expect("a payload");
        (start[0] & 0x40 != 0, payload.len())
    };
    assert!(!ask(json!([1, "realm1", { "roles": { "caller": {} } }])).0, "WELCOME is short");
    let (compressed, length) = ask(json!([48, 1, {}, "echo.payload", ["x".repeat(20_000)]]));
    assert!(compressed && length < 500, "20 kB of the same letter become {length} bytes");
}

// WS-04, BAT-08
#[test]
fn a_frame_of_the_wrong_kind_breaks_the_protocol() {
    let server = server();
    for subprotocol in Subprotocol::ALL {
        let mut peer = RawPeer::joined(server.url(), subprotocol, "realm1");
        let message = subprotocol.encode(&[json!([48, 1, {}, "demo.add", [1, 2]])]);
        peer.send_raw(match message {
            Message::Text(_) => Message::binary(message.into_data()),
            _ => Message::text("[48,1,{},\"demo.add\",[1,2]]"),
        });
        assert!(matches!(peer.expect_violation("but the subprotocol uses"), Some(1002 | 1003)));
    }
}

// WS-05, WS-06
#[test]
fn fragments_are_one_message_and_pings_between_them_are_answered() {
    let server = server();
    let mut tcp = RawTcp::upgraded(server.url(), Subprotocol::JSON);
    tcp.write(&tcp::frame(false, 1, b"[1,\"realm1\","));
    tcp.write(&tcp::frame(true, 9, b"are you there"));
    tcp.write(&tcp::frame(false, 0, b"{\"roles\":"));
    assert_eq!(tcp.read(DEADLINE).as_deref(), Some(&b"\x8a\x0dare you there"[..]));
    tcp.write(&tcp::frame(true, 0, b"{\"caller\":{}}}]"));
    let welcome = tcp.read(DEADLINE).expect("WELCOME");
    assert!(String::from_utf8_lossy(&welcome).contains("[2,"), "{welcome:?}");
}

// WS-08, SES-18
#[test]
fn the_end_of_the_transport_is_the_end_of_the_session() {
    let server = server();
    let mut other = join(&server, "realm1");
    let mut peer = join(&server, "realm1");
    assert_eq!(value(&mut other, "sessions.count", NONE), 2);
    assert_eq!(peer.close(1000), Some(1000));
    serverwamp_conformance::harness::until(&mut other, "sessions.count", &json!(1));
}
