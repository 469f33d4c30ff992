//! The client's opening handshake: what it asks, and the answers that it refuses.

use crate::codec::Serializer;
use crate::websocket::Subprotocol;
use crate::websocket::upgrade::{LONGEST_HEAD, UpgradeError, UpgradeRequest, Upgraded};

const OFFERED: [Subprotocol; 2] =
    [Subprotocol::new(Serializer::MessagePack), Subprotocol::new(Serializer::Json)];

/// The RFC's example has this key in base64.
const REQUEST: UpgradeRequest<'_> = UpgradeRequest {
    host: "example.com:8080",
    target: "/ws?a=b",
    subprotocols: &OFFERED,
    deflate: false,
    headers: &[("Origin", b"http://example.com")],
    nonce: *b"the sample nonce",
};

const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n";

fn refusal(answer: &str) -> UpgradeError {
    REQUEST.read_answer(answer.as_bytes(), true).unwrap_err()
}

#[test]
fn the_request_has_what_the_rfc_demands_and_further_headers() {
    let expected = "GET /ws?a=b HTTP/1.1\r\nHost: example.com:8080\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Protocol: wamp.2.msgpack, wamp.2.json\r\nOrigin: http://example.com\r\n\r\n";
    assert_eq!(String::from_utf8(REQUEST.encode()).unwrap(), expected);
}

#[test]
fn an_answer_opens_the_websocket_once_it_is_complete() {
    let with_frames = format!("{ANSWER}\u{1}\u{1}");
    let upgraded = Upgraded { subprotocol: OFFERED[1], deflate: None, size: ANSWER.len() };
    assert_eq!(REQUEST.read_answer(with_frames.as_bytes(), false), Ok(Some(upgraded)));
    for length in 0..ANSWER.len() {
        assert_eq!(REQUEST.read_answer(&ANSWER.as_bytes()[..length], false), Ok(None), "{length}");
    }
}

#[test]
fn an_answer_without_what_the_rfc_demands_is_refused_by_the_header() {
    for (there, instead, name) in [
        ("upgrade: WebSocket", "upgrade: h2c", "Upgrade"),
        ("Connection: keep-alive, Upgrade", "Connection: close", "Connection"),
        ("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "AAAA", "Sec-WebSocket-Accept"),
        ("Sec-WebSocket-Accept", "Sec-WebSocket-Accepted", "Sec-WebSocket-Accept"),
    ] {
        let error = refusal(&ANSWER.replace(there, instead));
        assert!(matches!(&error, UpgradeError::Header { name: wrong, .. } if *wrong == name), "{error}");
    }
    for instead in ["Sec-WebSocket-Protocol: mqtt", "Sec-WebSocket-Protocol: wamp.2.cbor", "X: y"] {
        let error = refusal(&ANSWER.replace("Sec-WebSocket-Protocol: wamp.2.json", instead));
        assert!(matches!(error, UpgradeError::Subprotocol { .. }), "{error}");
    }
    let compressed = format!(
        "{}Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n\r\n",
        ANSWER.trim_end_matches("\r\n").to_owned() + "\r\n"
    );
    assert!(matches!(refusal(&compressed), UpgradeError::Extensions(_)));
    let offered = UpgradeRequest { deflate: true, ..REQUEST };
    assert!(offered.read_answer(compressed.as_bytes(), false).unwrap().unwrap().deflate.is_some());
}

#[test]
fn a_refusal_is_told_with_its_status_and_its_text() {
    let answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 25\r\n\r\nno: your origin\r\nis wrong";
    for length in 0..answer.len() {
        assert_eq!(REQUEST.read_answer(&answer.as_bytes()[..length], false), Ok(None), "{length}");
    }
    let expected = "it answers 403, expected 101 Switching Protocols; it says: no: your origin is wrong";
    assert_eq!(REQUEST.read_answer(answer.as_bytes(), false).unwrap_err().to_string(), expected);
    let bare = "HTTP/1.0 502 \r\n\r\nwhatever";
    assert_eq!(refusal(bare).to_string(), "it answers 502, expected 101 Switching Protocols");
    let broken_off = "HTTP/1.1 500 X\r\nContent-Length: 9999999999\r\n\r\noops";
    assert!(refusal(broken_off).to_string().contains("it says: oops"));
}

#[test]
fn a_redirect_is_not_followed_and_says_where_it_leads() {
    let error = refusal("HTTP/1.1 301 Moved\r\nLocation: wss://other.example/ws\r\n\r\n");
    let expected = UpgradeError::Redirect { status: 301, location: "wss://other.example/ws".to_owned() };
    assert_eq!(error, expected);
}

#[test]
fn what_is_no_http_is_refused_as_soon_as_that_shows() {
    for nonsense in ["SSH-2.0-OpenSSH\r\n", "\u{7f}\u{21}", "HTTP/2 101\r\n"] {
        let error = REQUEST.read_answer(nonsense.as_bytes(), false).unwrap_err();
        assert!(matches!(error, UpgradeError::NotHttp(_)), "{error}");
    }
    for malformed in [
        "HTTP/1.1 1011 X\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 101 X\r\nno colon\r\n\r\n",
        "HTTP/1.1 101 X\r\nname with blanks: x\r\n\r\n",
        "HTTP/1.1 101 X\r\na: b\r\n folded\r\n\r\n",
        "HTTP/1.1 101 X\r\nincompl",
        "",
    ] {
        assert!(matches!(refusal(malformed), UpgradeError::NotHttp(_)), "{malformed:?}");
    }
}

#[test]
fn a_server_of_tls_is_named_as_one() {
    for alert in [&b"\x15\x03\x03\0\x02\x02\x32"[..], b"\x15\x03\x01", b"\x15"] {
        let error = REQUEST.read_answer(alert, false).unwrap_err().to_string();
        assert!(error.ends_with("an alert of TLS, connect to wss://.."), "{error}");
    }
    let other = REQUEST.read_answer(b"\x15\x04", false).unwrap_err().to_string();
    assert!(other.contains("it begins with"), "{other}");
}

#[test]
fn a_head_without_end_is_refused_at_its_limit() {
    let endless = format!("HTTP/1.1 101 X\r\n{}", "x: y\r\n".repeat(LONGEST_HEAD));
    let bytes = endless.as_bytes();
    assert_eq!(REQUEST.read_answer(&bytes[..LONGEST_HEAD - 1], false), Ok(None));
    assert_eq!(REQUEST.read_answer(bytes, false), Err(UpgradeError::TooLong));
}
