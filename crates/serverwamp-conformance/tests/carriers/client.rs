//! Our client over the same carriers, in the same subprotocols, on both runtimes: what it is told must not depend on them either.

use std::future::IntoFuture;

use serverwamp::client::{Client, ClientBuilder, ClientError};
use serverwamp::extract::Kwargs;
use serverwamp::rt::Smol;
use serverwamp::{CallResult, RoutePattern, WampError, prefix, wildcard};
use serverwamp_conformance::{Carrier, Subprotocol};

use crate::place::{LONGEST, Process, Runtime};

/// The way of a client to a server.
#[derive(Clone, Copy)]
struct To<'p> {
    process: &'p Process,
    carrier: Carrier,
    subprotocol: Subprotocol,
    runtime: Runtime,
}

impl To<'_> {
    fn connect(self, realm: &str) -> ClientBuilder {
        let spoken = serverwamp::websocket::Subprotocol::parse(&self.subprotocol.to_string());
        let builder = self.process.client(self.carrier).realm(realm).subprotocols(spoken);
        match self.runtime {
            Runtime::Tokio => builder,
            Runtime::Smol => builder.runtime(Smol),
        }
    }

    async fn join(self, realm: &str) -> Client {
        self.connect(realm).await.unwrap_or_else(|error| panic!("{}: {error}", self.subprotocol))
    }
}

async fn call_and_fail(to: To<'_>) {
    let client = to.join("realm1").await;
    let sum: i64 = client.call("math.add", (1, 2)).await.expect("a sum");
    assert_eq!(sum, 3);
    let named = Kwargs(std::collections::BTreeMap::from([("a", 1), ("b", 3)]));
    assert_eq!(client.call::<i64, _>("math.add", named).await.expect("a sum"), 4);
    let text = ("grüße", "\u{1F980}", 1.5, None::<i64>);
    let same: CallResult = client.call("echo.payload", text).await.expect("the same");
    let same: (String, String, f64, Option<i64>) = same.get().expect("the same types");
    assert_eq!(same, (text.0.into(), text.1.into(), text.2, text.3));

    let error = client.call::<(), _>("error.full", ()).await.expect_err("it fails");
    assert_eq!((error.uri(), error.message()), ("com.example.full", Some("text")));
    let uri = |answer: Result<(), WampError>| answer.expect_err("it fails").uri().to_owned();
    assert_eq!(uri(client.call("com.example.unknown", ()).await), "wamp.error.no_such_procedure");
    assert_eq!(uri(client.call("math.add", ("one",)).await), "wamp.error.invalid_argument");
    client.leave().await;
}

async fn progress_and_cancel(to: To<'_>) {
    let client = to.join("realm1").await;
    let mut results = client.call("progress.count", (5, 0)).progressive();
    let mut counted = Vec::new();
    while let Some(result) = results.next().await {
        counted.push(result.get::<i64>().expect("a number"));
    }
    assert_eq!(counted, [5, 4, 3, 2, 1]);
    assert_eq!(results.finish().await.expect("a result").get::<String>().expect("a text"), "liftoff");
    drop(client.call::<(), _>("waiting.watched", ()).into_future());
    let late = client.call::<(), _>("waiting.watched", ()).timeout(std::time::Duration::from_millis(50));
    assert_eq!(late.await.expect_err("it takes too long").uri(), "wamp.error.timeout");
    assert_eq!(client.call::<i64, _>("math.add", (1, 2)).await.expect("the session lives on"), 3);
    client.leave().await;
}

async fn publish_and_subscribe(to: To<'_>) {
    let (subscriber, publisher) = (to.join("router").await, to.join("router").await);
    let patterns: [RoutePattern; 3] =
        ["com.example.a.news".into(), prefix("com.example"), wildcard("com..a.news")];
    let mut events = Vec::new();
    for pattern in patterns {
        events.push(subscriber.subscribe(pattern).await.expect("a subscription"));
    }
    publisher.publish("com.example.a.news", (1, "one")).await.expect("an acknowledgement");
    for events in &mut events {
        let event = events.recv().await.expect("an event");
        assert_eq!(
            (event.topic(), event.bind::<(i64, String)>().expect("both")),
            ("com.example.a.news", (1, "one".into()))
        );
    }
    let mut many = subscriber.subscribe("com.example.many").await.expect("a subscription");
    for number in 0..1000 {
        publisher.publication("com.example.many").send_unacknowledged(number).await.expect("it is sent");
    }
    for number in 0..1000 {
        let event = many.recv().await.expect("an event");
        assert_eq!(event.bind::<i64>().expect("a number"), number);
    }
    subscriber.leave().await;
    publisher.leave().await;
}

async fn prove_who_it_is(to: To<'_>) {
    let joe = to.connect("secure").ticket("joe", "secret!!!").await.expect("a session");
    assert_eq!(joe.authid(), "joe");
    for authid in ["peter", "anna"] {
        let client = to.connect("secure").cra(authid, "secret1").await.expect("a session");
        assert_eq!(client.authid(), authid);
        let wrong = to.connect("secure").cra(authid, "secret2").await.expect_err("it is refused");
        let ClientError::Refused(error) = wrong else { panic!("{wrong}") };
        assert_eq!(error.uri(), "wamp.error.authentication_denied");
    }
    joe.leave().await;
}

async fn send_long_messages(to: To<'_>) {
    let client = to.join("realm1").await;
    let long = "x".repeat(LONGEST - 100);
    assert_eq!(client.call::<String, _>("echo.payload", (&long,)).await.expect("the same"), long);
    let too_long =
        client.call::<(), _>("echo.payload", ("x".repeat(LONGEST + 1),)).await.expect_err("it is too long");
    // RawSocket says before what is too long; a WebSocket and a long-polling transport end.
    let expected = match to.carrier {
        Carrier::WebSocket | Carrier::WebSocketTls | Carrier::LongPoll => "wamp.error.network_failure",
        _ => "wamp.error.payload_size_exceeded",
    };
    assert_eq!(too_long.uri(), expected, "{too_long}");
}

/// All of it over one carrier, from clients on both runtimes.
fn run(carrier: Carrier, server: Runtime) {
    let process = Process::start(server);
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for &subprotocol in carrier.subprotocols() {
        let to = |runtime| To { process: &process, carrier, subprotocol, runtime };
        tokio.block_on(converse(to(Runtime::Tokio)));
        smol::block_on(converse(to(Runtime::Smol)));
    }
}

async fn converse(to: To<'_>) {
    call_and_fail(to).await;
    progress_and_cancel(to).await;
    publish_and_subscribe(to).await;
    prove_who_it_is(to).await;
    send_long_messages(to).await;
}

#[test]
fn our_client_over_websocket() {
    run(Carrier::WebSocket, Runtime::Tokio);
}

#[test]
fn our_client_over_websocket_with_a_server_on_smol() {
    run(Carrier::WebSocket, Runtime::Smol);
}

#[test]
fn our_client_over_rawsocket() {
    run(Carrier::RawSocketTcp, Runtime::Tokio);
}

#[test]
fn our_client_over_unix_sockets_with_a_server_on_smol() {
    run(Carrier::RawSocketUnix, Runtime::Smol);
}

#[test]
fn our_client_over_websocket_with_tls() {
    run(Carrier::WebSocketTls, Runtime::Tokio);
}

#[test]
fn our_client_over_rawsocket_with_tls_with_a_server_on_smol() {
    run(Carrier::RawSocketTls, Runtime::Smol);
}

#[test]
fn our_client_over_long_polling() {
    run(Carrier::LongPoll, Runtime::Tokio);
}

#[test]
fn our_client_over_long_polling_with_a_server_on_smol() {
    run(Carrier::LongPoll, Runtime::Smol);
}
