//! What is set for a connection reaches the router, and what cannot be is refused before anything is sent.

use crate::support::{application, realm, serve};
use serverwamp::TransportInfo;
use serverwamp::auth::{self, Principal};
use serverwamp::client::{Client, ClientError, ClientTls, Login};
use std::sync::Arc;
use std::time::Duration;

async fn refused(builder: serverwamp::client::ClientBuilder) -> String {
    match builder.await.unwrap_err() {
        ClientError::Settings(text) => text,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn settings_that_cannot_be_used_are_named() {
    let connect = || Client::connect("ws://localhost:1/ws").realm("realm1");
    let text = refused(Client::connect("ws://localhost:1/ws")).await;
    assert_eq!(text, "it names no realm: add `.realm(\"realm1\")`");
    assert!(refused(connect().subprotocols([])).await.contains("no subprotocol"));
    assert!(
        refused(connect().header("host", "x")).await.contains("the header host is written by the client")
    );
    assert!(refused(connect().header("Sec-WebSocket-Key", "x")).await.contains("written by the client"));
    assert!(refused(connect().header("na me", "x")).await.contains("\"na me\" is no name"));
    let text = refused(connect().header("cookie", "s3cret\r\nx: y")).await;
    assert!(text.contains("cookie") && !text.contains("s3cret"), "{text}");
    let printed = format!("{:?}", connect().header("authorization", "s3cret").ticket("joe", "s3cret"));
    assert!(printed.contains("authorization") && !printed.contains("s3cret"), "{printed}");
}

#[tokio::test]
async fn settings_that_do_not_apply_at_the_address_are_refused_before_anything_is_sent() {
    // Nobody listens there: a connection would be another error.
    let raw = || Client::connect("rs://localhost:1").realm("realm1");
    let web = || Client::connect("ws://localhost:1/ws").realm("realm1");
    for (builder, said) in [
        (raw().header("cookie", "a=b"), "the header cookie is for a WebSocket"),
        (raw().origin("https://example.com"), "the header origin is for a WebSocket"),
        (raw().compress(), "`.compress()` is for a WebSocket"),
        (raw().tls(ClientTls::new()), "connect to wss://.., rss://.. or https://.."),
        (web().tls(ClientTls::new()), "`.tls(..)` is set, and ws://localhost:1/ws is without TLS"),
        (web().timeout(Duration::ZERO), "the timeout is 0"),
        (web().login(Login::new("joe")), "the login of \"joe\" has no method"),
        (web().login(Login::new("joe").ticket("t").bound_to_tls()), "the login is bound to TLS"),
    ] {
        let text = refused(builder).await;
        assert!(text.contains(said), "{text}");
    }
    let error = application(realm().allow_anonymous("guest"))
        .join("realm1")
        .login(Login::new("joe"))
        .await
        .unwrap_err();
    assert!(matches!(error, ClientError::Settings(_)), "{error}");
}

#[tokio::test]
async fn headers_and_path_reach_the_router() {
    async fn by_header(transport: Arc<TransportInfo>) -> Option<Principal> {
        let request = transport.http.as_ref()?;
        let token = request.headers.get("x-token")?.to_str().ok()?;
        Some(Principal::new(format!("{token} at {}", request.uri)).role("guest"))
    }
    let realm = realm().authenticator(auth::transport("header", by_header));
    let address = serve(application(realm)).await;
    let connecting = Client::connect(format!("ws://{address}/ws?from=here")).realm("realm1");
    let client = connecting.header("X-Token", "joe").await.unwrap();
    assert_eq!(client.authid(), "joe at /ws?from=here");
}
