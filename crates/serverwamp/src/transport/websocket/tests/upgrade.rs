//! Requests that open a WebSocket, and those that do not.

use http::{Method, Request, Response, StatusCode, Version};
use http_body_util::{BodyExt as _, Full};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::Subprotocol;

use super::*;
use crate::transport::websocket::upgrade::upgrade;

fn request() -> Request<()> {
    Request::get("/ws?x=1")
        .header("host", "example.com")
        .header("connection", "keep-alive, Upgrade")
        .header("upgrade", "WebSocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-protocol", "foo, wamp.2.cbor")
        .header("sec-websocket-protocol", "wamp.2.json")
        .body(())
        .unwrap()
}

async fn refusal(request: Request<()>) -> (StatusCode, String, Response<()>) {
    let mut request = request;
    let refused = upgrade(&mut request, &WebSocketConfig::default()).map(|_| ()).unwrap_err();
    let (parts, body) = Response::<Full<Bytes>>::into_parts(refused.answer);
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, String::from_utf8(body.to_vec()).unwrap(), Response::from_parts(parts, ()))
}

#[tokio::test]
async fn a_good_request_switches_protocols() {
    let mut request = request();
    let (answer, accepted) = upgrade(&mut request, &WebSocketConfig::default()).unwrap();
    assert_eq!(answer.status(), StatusCode::SWITCHING_PROTOCOLS);
    let headers = answer.headers();
    assert_eq!(headers["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(headers["sec-websocket-protocol"], "wamp.2.cbor");
    assert_eq!(headers["upgrade"], "websocket");
    assert!(!headers.contains_key("sec-websocket-extensions"));
    assert_eq!(accepted.subprotocol, Subprotocol::new(Serializer::Cbor));
    assert_eq!(accepted.parts.uri.query(), Some("x=1"));
    assert_eq!(accepted.parts.headers["host"], "example.com");
}

#[tokio::test]
async fn compression_needs_both_sides() {
    let mut config = WebSocketConfig::default();
    for (server, client, agreed) in [(true, true, true), (true, false, false), (false, true, false)] {
        config.deflate = server;
        let mut request = request();
        if client {
            let offer = "permessage-deflate; client_max_window_bits".parse().unwrap();
            request.headers_mut().insert("sec-websocket-extensions", offer);
        }
        let (answer, accepted) = upgrade(&mut request, &config).unwrap();
        assert_eq!(answer.headers().contains_key("sec-websocket-extensions"), agreed);
        assert_eq!(accepted.deflate.is_some(), agreed);
    }
}

#[tokio::test]
async fn other_requests_are_told_what_is_wrong() {
    let with = |name: &'static str, value: &str| {
        let mut request = request();
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let without = |name: &str| {
        let mut request = request();
        request.headers_mut().remove(name);
        request
    };
    let mut post = request();
    *post.method_mut() = Method::POST;
    let mut old = request();
    *old.version_mut() = Version::HTTP_10;
    let mut twice = request();
    twice.headers_mut().append("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==".parse().unwrap());
    let cases = [
        (post, 405, "opened with GET"),
        (old, 426, "WebSocket endpoint"),
        (without("upgrade"), 426, "WebSocket endpoint"),
        (without("connection"), 426, "WebSocket endpoint"),
        (with("upgrade", "h2c"), 426, "WebSocket endpoint"),
        (without("sec-websocket-version"), 426, "version 13"),
        (with("sec-websocket-version", "8"), 426, "version 13"),
        (without("sec-websocket-key"), 400, "Sec-WebSocket-Key"),
        (with("sec-websocket-key", "short"), 400, "Sec-WebSocket-Key"),
        (twice, 400, "Sec-WebSocket-Key"),
        (with("origin", "https://evil.example"), 403, "origin https://evil.example is not allowed"),
        (with("sec-websocket-extensions", "a; ="), 400, "Sec-WebSocket-Extensions"),
        (
            with("sec-websocket-protocol", "wamp.1, chat"),
            400,
            "Client offered: wamp.1, chat. Server supports: wamp.2.json,",
        ),
        (without("sec-websocket-protocol"), 400, "Client offered: nothing"),
    ];
    for (request, status, text) in cases {
        let (refused, body, answer) = refusal(request).await;
        assert_eq!(refused.as_u16(), status, "{body}");
        assert!(body.contains(text), "{body}");
        assert_eq!(answer.headers().contains_key("sec-websocket-version"), status == 426, "{body}");
    }
}

#[tokio::test]
async fn header_values_need_not_be_ascii() {
    for name in [
        "connection",
        "upgrade",
        "host",
        "origin",
        "sec-websocket-key",
        "sec-websocket-version",
        "sec-websocket-protocol",
        "sec-websocket-extensions",
    ] {
        let mut request = request();
        request.headers_mut().insert(name, http::HeaderValue::from_bytes(b"caf\xe9 \xff").unwrap());
        assert!(upgrade(&mut request, &WebSocketConfig::default()).is_err(), "{name}");
    }
}

#[tokio::test]
async fn a_long_offer_is_not_sent_back_whole() {
    let mut request = request();
    request.headers_mut().insert("sec-websocket-protocol", "x".repeat(5000).parse().unwrap());
    let (_, body, _) = refusal(request).await;
    assert!(body.len() < 500, "{}", body.len());
}
