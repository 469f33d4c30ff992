//! Each way in which a connection does not come about has an error of its own that says what to do.

use crate::support::{Directory, application, realm, serve};
use serverwamp::client::{Client, ClientError, ConnectStep};
use serverwamp::{Serializer, uris};
use std::time::Duration;

async fn failure(address: impl Into<String>) -> ClientError {
    let connecting = Client::connect(address).realm("realm1").timeout(Duration::from_millis(300));
    connecting.await.unwrap_err()
}

#[tokio::test]
async fn an_unknown_host_is_told_apart_from_a_port_where_nobody_listens() {
    let error = failure("ws://no-such-host.invalid:1/ws").await;
    assert!(matches!(error, ClientError::Dns { .. } | ClientError::Late { .. }), "{error}");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for address in [format!("ws://{free}/ws"), format!("rs://{free}"), format!("wss://{free}/ws")] {
        let error = failure(&address).await;
        assert!(matches!(error, ClientError::Connect { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(&address) && text.ends_with("start the router, or check the port"), "{text}");
    }
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let files = Directory::new();
    let error = failure(format!("unix://{}", files.path("none.sock").display())).await;
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("there is no such socket"), "{error}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_at_the_deadline_of_the_step() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    for (scheme, expected) in
        [("ws", ConnectStep::Upgrade), ("rs", ConnectStep::RawSocket), ("wss", ConnectStep::Tls)]
    {
        let error = failure(format!("{scheme}://{address}")).await;
        assert!(matches!(&error, ClientError::Late { step, .. } if *step == expected), "{error}");
        assert!(error.to_string().contains("300ms"), "{error}");
    }
}

#[tokio::test]
async fn a_router_that_never_welcomes_is_given_up() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = server.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &[0x7f, 0xf2, 0, 0]).await.unwrap();
        std::future::pending::<()>().await;
        drop(stream);
    });
    let error = failure(format!("rs://{address}")).await;
    assert!(matches!(error, ClientError::Timeout(_)), "{error}");
}

#[tokio::test]
async fn a_wrong_path_and_a_foreign_origin_are_told_in_the_words_of_the_server() {
    let address = serve(application(realm().allow_anonymous("guest"))).await;
    let error = failure(format!("ws://{address}/elsewhere")).await;
    assert!(matches!(error, ClientError::Upgrade { .. }), "{error}");
    assert!(error.to_string().contains("404"), "{error}");
    let foreign =
        Client::connect(format!("ws://{address}/ws")).realm("realm1").origin("http://elsewhere.example");
    let error = foreign.await.unwrap_err().to_string();
    assert!(error.contains("it says: WebSocket refused:"), "{error}");
    let own =
        Client::connect(format!("ws://{address}/ws")).realm("realm1").origin(format!("http://{address}"));
    assert!(own.await.is_ok());
}

#[tokio::test]
async fn a_serializer_that_the_server_does_not_speak_is_named_and_the_next_one_taken() {
    let app = serverwamp::Application::builder()
        .realm(realm().allow_anonymous("guest"))
        .websocket(|config| {
            config.subprotocols = vec!["wamp.2.json"]
                .into_iter()
                .filter_map(serverwamp::websocket::Subprotocol::parse)
                .collect()
        })
        .rawsocket(|config| config.serializers = vec![Serializer::Json])
        .build()
        .unwrap();
    let address = serve(app).await;
    for scheme in ["ws", "rs"] {
        let connect = || {
            Client::connect(
                format!("{scheme}://{address}/ws").replace("/ws", if scheme == "ws" { "/ws" } else { "" }),
            )
        };
        assert!(connect().realm("realm1").await.is_ok(), "JSON is on offer");
        let error = connect().realm("realm1").serializer(Serializer::Cbor).await.unwrap_err();
        assert!(matches!(error, ClientError::Upgrade { .. } | ClientError::RawSocket { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("does not support the serializer") || text.contains("no common subprotocol"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_unknown_realm_is_the_routers_refusal() {
    let address = serve(application(realm().allow_anonymous("guest"))).await;
    let error = Client::connect(format!("ws://{address}/ws")).realm("other").await.unwrap_err();
    let ClientError::Refused(error) = error else { panic!("{error}") };
    assert_eq!(error.uri(), uris::error::NO_SUCH_REALM);
}

#[tokio::test]
async fn tls_where_none_is_spoken_and_the_other_way_round_says_so() {
    let address = serve(application(realm().allow_anonymous("guest"))).await;
    let error = failure(format!("wss://localhost:{}/ws", address.port())).await;
    assert!(matches!(error, ClientError::Tls { .. }), "{error}");
}
