//! Our client with routers that others wrote: calls, errors, events and proofs, in every serializer that the router has.
//!
//! `cargo test -p serverwamp-conformance --test interop_routers`. A router that cannot be had here is skipped, with a message; with
//! `SERVERWAMP_REQUIRE_INTEROP=1` that fails.

#[path = "../../serverwamp/tests/in_memory/same_routes.rs"]
#[expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
mod same_routes;

use same_routes::{Answered, Shared, routes, rows};
use serverwamp::auth::{CryptosignKey, Principal};
use serverwamp::client::{Client, ClientBuilder, ClientError, Login};
use serverwamp::extract::Kwargs;
use serverwamp::websocket::Subprotocol;
use serverwamp::{Application, CallResult, Dict, Realm, Serializer, Value, prefix};
use serverwamp_conformance::router::{ForeignRouter, Make};
use serverwamp_conformance::{binary, interop};
use std::collections::BTreeMap;
use std::path::Path;

const SERIALIZERS: [Serializer; 3] = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];

/// The router, unless it cannot be had here, which is said.
fn router(make: Make) -> Option<ForeignRouter> {
    match make.prepare() {
        Ok(_) => Some(ForeignRouter::start(make).unwrap_or_else(|reason| panic!("{reason}"))),
        Err(reason) => {
            assert!(!interop::is_required(), "{}: {reason}", make.name());
            println!("{} is skipped: {reason}", make.name());
            None
        }
    }
}

fn key(number: u8) -> CryptosignKey {
    CryptosignKey::new(&[number; 32])
}

/// Calls, errors and events between two clients.
async fn converse(connect: impl Fn() -> ClientBuilder) {
    let join = || async { connect().await.unwrap_or_else(|error| panic!("{:?}: {error}", connect())) };
    let (one, other) = (join().await, join().await);
    assert_ne!(one.session_id(), other.session_id());
    let sum: i64 = one.call("com.example.add", (2, 3)).await.expect("a sum");
    assert_eq!(sum, 5);
    let same: String = one.call("com.example.echo", ("grüße \u{1F980}",)).await.expect("the same");
    assert_eq!(same, "grüße \u{1F980}");
    let named = Kwargs(BTreeMap::from([("a", 1), ("b", 2)]));
    let results: CallResult = one.call("com.example.echo", named).await.expect("the same");
    assert_eq!(
        results.payload().kwargs::<BTreeMap<String, i64>>().expect("numbers"),
        [("a".into(), 1), ("b".into(), 2)].into()
    );

    let error = one.call::<(), _>("com.example.fail", ()).await.expect_err("it fails");
    assert_eq!((error.uri(), error.message()), ("com.example.failed", Some("why")));
    let unknown = one.call::<(), _>("com.example.unknown", ()).await.expect_err("nobody serves it");
    assert_eq!(unknown.uri(), "wamp.error.no_such_procedure");

    let mut events = one.subscribe("com.example.said").await.expect("a subscription");
    let published = other.publication("com.example.said").send((1, "two")).await;
    published.expect("an acknowledgement");
    let event = events.recv().await.expect("an event");
    assert_eq!(event.bind::<(i64, String)>().expect("its arguments"), (1, "two".to_owned()));
    drop(events);
    let sum: i64 = one.call("com.example.add", (4, 5)).await.expect("the session lives on");
    assert_eq!(sum, 9);
    one.leave().await;
    other.leave().await;
}

#[tokio::test]
async fn xconn_is_called_and_publishes_in_every_serializer() {
    let Some(router) = router(Make::Xconn) else { return };
    for serializer in SERIALIZERS {
        converse(|| Client::connect(router.websocket()).realm("realm1").serializer(serializer)).await;
    }
    converse(|| Client::connect(router.websocket()).realm("realm1")).await;
}

#[tokio::test]
async fn xconn_lets_in_who_proves() {
    let Some(router) = router(Make::Xconn) else { return };
    let connect = |login| Client::connect(router.websocket()).realm("realm1").login(login);
    for login in [Login::new("joe").ticket("pencil"), Login::new("joe").cra("pencil")] {
        let client = connect(login).await.expect("a session");
        assert_eq!((&*client.authid(), &*client.authrole()), ("joe", "user"));
    }
    let client = connect(Login::new("").cryptosign(key(1))).await.expect("a session");
    assert_eq!(client.authid(), "device");
    for wrong in
        [Login::new("joe").ticket("pen"), Login::new("joe").cra("pen"), Login::new("").cryptosign(key(2))]
    {
        let error = connect(wrong).await.expect_err("it is refused");
        assert!(matches!(error, ClientError::Refused(_)), "{error}");
    }
}

#[tokio::test]
async fn crossbar_is_called_and_publishes_in_every_serializer_and_over_rawsocket() {
    let Some(router) = router(Make::Crossbar) else { return };
    for serializer in SERIALIZERS {
        converse(|| Client::connect(router.websocket()).realm("realm1").serializer(serializer)).await;
        converse(|| Client::connect(router.rawsocket()).realm("realm1").serializer(serializer)).await;
    }
    // Autobahn separates messages in batched JSON by another octet than the specification: whoever speaks first cannot know.
    let batched_json = Subprotocol::new(Serializer::Json).batched();
    for subprotocol in Subprotocol::ALL.into_iter().filter(|subprotocol| *subprotocol != batched_json) {
        let connect = || Client::connect(router.websocket()).realm("realm1").subprotocols([subprotocol]);
        converse(connect).await;
        converse(|| connect().compress()).await;
    }
    let client = Client::connect(router.websocket()).realm("realm1").await.expect("a session");
    let mut events = client.subscribe(prefix("com.example.")).await.expect("a subscription by prefix");
    client.publication("com.example.more").include_me().send(7).await.expect("an acknowledgement");
    let event = events.recv().await.expect("an event");
    assert_eq!((event.topic(), event.bind::<i64>().expect("a number")), ("com.example.more", 7));
    let unknown =
        Client::connect(router.websocket()).realm("other").await.expect_err("there is no such realm");
    let ClientError::Refused(error) = unknown else { panic!("{unknown}") };
    assert_eq!(error.uri(), "wamp.error.no_such_realm");
}

#[tokio::test]
async fn crossbar_lets_in_who_proves() {
    let Some(router) = router(Make::Crossbar) else { return };
    let connect = |login| Client::connect(router.websocket()).realm("realm1").login(login);
    for login in [
        Login::new("joe").ticket("pencil"),
        Login::new("ann").cra("pencil"),
        Login::new("salted").cra("pencil"),
        Login::new("device").cryptosign(key(1)),
    ] {
        let client = connect(login.clone()).await.unwrap_or_else(|error| panic!("{login:?}: {error}"));
        assert_eq!(client.authrole(), "user");
    }
    for wrong in [
        Login::new("joe").ticket("pen"),
        Login::new("ann").cra("pen"),
        Login::new("device").cryptosign(key(2)),
    ] {
        let error = connect(wrong).await.expect_err("it is refused");
        assert!(matches!(error, ClientError::Refused(_)), "{error}");
    }
}

/// What callers get of the same routes that an application serves itself, by a role of the same name.
async fn own_rows() -> Vec<(&'static str, Vec<Answered>)> {
    let realm = Realm::router("realm1").allow_anonymous("guest").routes(routes());
    let app =
        Application::builder().realm(realm).with_state(Shared::default()).build().expect("it is complete");
    let joe = app.join("realm1").as_principal(Principal::new("joe").role("user"));
    rows(&joe.await.expect("a session")).await
}

/// What a caller behind Crossbar.io gets in place of what our own router gives, row by row.
fn differences() -> Vec<(&'static str, Answered)> {
    let error = |uri: &str| Err((uri.to_owned(), Vec::new(), Dict::new()));
    let joe = vec![Value::from(true), Value::from("joe"), Value::from("user"), Value::Null];
    vec![
        // It asks no other callee, and passes the error on.
        ("com.unavailable", error("wamp.error.unavailable")),
        // Its configuration decides who is disclosed, and not the caller.
        ("com.caller", Ok((joe.clone(), Dict::new()))),
        ("com.caller.always", Ok((joe, Dict::new()))),
        // A call is over for its caller as soon as it is canceled, or, without interruption, as nobody waits for it any more.
        ("com.wind_up, kill", error("wamp.error.canceled")),
        ("com.wind_up, skip", error("wamp.error.timeout")),
        // It has no progressive inputs, and no passthru mode.
        ("com.sum, inputs", error("wamp.error.canceled")),
        ("com.packed", error("wamp.error.feature_not_supported")),
    ]
}

/// Without the texts of errors: routers have words of their own.
fn without_texts(steps: &[Answered]) -> Vec<Answered> {
    let plain = |step: &Answered| match step {
        Err((uri, _, kwargs)) if uri.starts_with("wamp.") => Err((uri.clone(), Vec::new(), kwargs.clone())),
        other => other.clone(),
    };
    steps.iter().map(plain).collect()
}

#[tokio::test]
async fn a_caller_cannot_tell_but_in_these_rows_whether_an_application_or_a_client_of_crossbar_serves_a_route()
 {
    let Some(router) = router(Make::Crossbar) else { return };
    let connecting = Client::connect(router.websocket()).realm("realm1");
    let _served = connecting.serve(routes()).with_state(Shared::default()).await.expect("all is served");
    let joe = Client::connect(router.websocket()).realm("realm1").ticket("joe", "pencil");
    let behind = rows(&joe.await.expect("a session")).await;
    let own = own_rows().await;
    let names = |rows: &[(&'static str, Vec<Answered>)]| rows.iter().map(|row| row.0).collect::<Vec<_>>();
    assert_eq!(names(&own), names(&behind));
    let differences = differences();
    let mut found = Vec::new();
    for ((name, own), (_, behind)) in own.iter().zip(&behind) {
        let (own, behind) = (without_texts(own), without_texts(behind));
        match differences.iter().find(|(other, _)| other == name) {
            Some((_, answer)) => {
                assert_ne!(own, behind, "{name}: there is no difference any more");
                assert_eq!(&behind[0], answer, "{name}");
                found.push(*name);
            }
            None => assert_eq!(own, behind, "{name}"),
        }
    }
    assert_eq!(found.len(), differences.len(), "{found:?}");
}

/// The configurations that come with Crossbar.io become ours.
#[test]
fn configurations_that_come_with_crossbar_are_imported() {
    let python = match Make::Crossbar.prepare() {
        Ok(python) => python,
        Err(reason) => {
            assert!(!interop::is_required(), "Crossbar.io: {reason}");
            println!("Crossbar.io is skipped: {reason}");
            return;
        }
    };
    let mut folders = vec![python.parent().and_then(Path::parent).expect("an environment").join("lib")];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            let is_node = path.file_name().is_some_and(|name| name == "config.json")
                && path.to_string_lossy().contains("/crossbar/");
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(path),
                _ if is_node => files.push(path),
                _ => {}
            }
        }
    }
    assert!(!files.is_empty(), "there is the node that `crossbar init` makes");
    for file in files {
        let mut command = std::process::Command::new(binary::cli());
        let finished = command.args(["config", "import"]).arg(&file).output().expect("it is started");
        let said = String::from_utf8_lossy(&finished.stderr);
        assert!(finished.status.success(), "{}: {said}", file.display());
        assert!(!said.contains("is not known here"), "{}: {said}", file.display());
        let config = String::from_utf8_lossy(&finished.stdout);
        assert!(
            config.contains("[[listen]]") && config.contains("[[realm]]"),
            "{}: {config}",
            file.display()
        );
    }
}
