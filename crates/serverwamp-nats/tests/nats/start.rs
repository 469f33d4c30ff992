//! What stops the start, and what it says.

use crate::{server, settings};
use bytes::Bytes;
use serverwamp::cluster::{Cluster as _, NodeName};
use serverwamp_conformance::{NatsServer, interop};
use serverwamp_nats::{Credentials, Nats, StartError};
use std::time::Duration;

/// A seed and what the server knows of it, from the documentation of NATS.
const SEED: &str = "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY";
const PUBLIC: &str = "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4";

#[tokio::test]
async fn a_server_that_is_too_old_stops_the_start() {
    if server("").is_none() {
        return;
    }
    let old = match NatsServer::start_old() {
        Ok(old) => old,
        Err(reason) => {
            assert!(!interop::is_required(), "an old nats-server: {reason}");
            println!("an old nats-server: skipped: {reason}");
            return;
        }
    };
    let error = Nats::connect(&settings("a", &old)).await.unwrap_err();
    let StartError::TooOld { version, .. } = &error else { panic!("{error}") };
    assert_eq!(version, "2.10.26");
    assert!(error.to_string().contains("at least 2.11"), "{error}");
}

#[tokio::test]
async fn without_jetstream_it_is_said_how_to_have_it() {
    let Some(server) = server("accounts { A: { users: [{ user: a, password: b }] } }") else { return };
    let mut settings = settings("a", &server);
    settings.credentials = Some(Credentials::Password { user: "a".to_owned(), password: "b".to_owned() });
    let error = Nats::connect(&settings).await.unwrap_err();
    assert!(matches!(&error, StartError::Store(_)), "{error}");
    assert!(error.to_string().contains("nats-server with `-js`"), "{error}");
}

#[tokio::test]
async fn where_nobody_listens_it_is_said_who_was_tried() {
    let Some(mut server) = server("") else { return };
    server.kill();
    let error = Nats::connect(&settings("a", &server)).await.unwrap_err();
    assert!(matches!(&error, StartError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains(&server.url()), "{error}");
}

#[tokio::test]
async fn a_node_shows_who_it_is() {
    let ways = [
        (
            "authorization { user: a, password: right }".to_owned(),
            Credentials::Password { user: "a".to_owned(), password: "right".to_owned() },
            Credentials::Password { user: "a".to_owned(), password: "wrong".to_owned() },
        ),
        (
            "authorization { token: right }".to_owned(),
            Credentials::Token("right".to_owned()),
            Credentials::Token("wrong".to_owned()),
        ),
        (
            format!("authorization {{ users: [{{ nkey: {PUBLIC} }}] }}"),
            Credentials::Nkey(format!("{SEED}\n")),
            Credentials::Token("wrong".to_owned()),
        ),
    ];
    for (configuration, right, wrong) in ways {
        let Some(server) = server(&configuration) else { return };
        let mut settings = settings("a", &server);
        settings.credentials = Some(right);
        assert!(Nats::connect(&settings).await.unwrap().is_connected());
        settings.credentials = Some(wrong);
        let error = Nats::connect(&settings).await.unwrap_err();
        assert!(matches!(&error, StartError::Unreachable { .. }), "{error}");
        assert!(!error.to_string().contains("wrong"), "a secret is not shown: {error}");
    }
}

#[tokio::test]
async fn a_node_without_the_permissions_is_told_at_the_start() {
    let permissions = "authorization { users: [{ user: a, password: b, permissions: {
        publish: [\"$JS.API.>\", \"$KV.>\", \"wamp.>\"], subscribe: [\"_INBOX_a.>\"] } }] }";
    let Some(server) = server(permissions) else { return };
    let mut settings = settings("a", &server);
    settings.credentials = Some(Credentials::Password { user: "a".to_owned(), password: "b".to_owned() });
    let error = Nats::connect(&settings).await.unwrap_err();
    assert!(matches!(&error, StartError::NotCarried(_)), "{error}");
    assert!(error.to_string().contains("permissions"), "{error}");
}

/// Those that docs/cluster.md has, for a node of this name.
fn permissions(node: &str) -> String {
    let document = include_str!("../../../../docs/cluster.md");
    let (_, rest) = document.split_once("## NATS permissions").expect("its chapter");
    let block = rest.split("```").nth(1).expect("the permissions");
    let one_line = block.replace('\n', " ").replace("CLUSTER", "tests").replace("NODE", node);
    let (publish, subscribe) = one_line.split_once("subscribe:").expect("both kinds");
    let list = |text: &str| {
        let subjects: Vec<String> =
            text.split(',').map(|subject| format!("\"{}\"", subject.trim())).collect();
        subjects.join(", ")
    };
    let publish = list(publish.trim().trim_start_matches("publish:"));
    format!("{{ publish: [{publish}], subscribe: [{}] }}", list(subscribe))
}

#[tokio::test]
async fn the_permissions_of_the_document_are_enough_and_keep_a_node_from_being_another() {
    let users = ["a", "b"]
        .map(|node| format!("{{ user: {node}, password: {node}, permissions: {} }}", permissions(node)));
    let Some(server) = server(&format!("authorization {{ users: [{}] }}", users.join(", "))) else { return };
    let as_user = |user: &str, node: &str| {
        let mut settings = settings(node, &server);
        settings.credentials =
            Some(Credentials::Password { user: user.to_owned(), password: user.to_owned() });
        settings
    };
    let (a, b) = (as_user("a", "a"), as_user("b", "b"));
    let (a, b) = (Nats::connect(&a).await.unwrap(), Nats::connect(&b).await.unwrap());
    let revision = a.create("node.a", Bytes::new(), Some(Duration::from_secs(3))).await.unwrap();
    assert_eq!(b.read("node.a").await.unwrap().map(|value| value.revision), Some(revision));
    a.remove("node.a", revision).await.unwrap();
    a.send(&NodeName::new("b").unwrap(), Bytes::from_static(b"x")).unwrap();
    a.announce(Bytes::from_static(b"x")).unwrap();
    a.taken().await.unwrap();
    assert_eq!(a.counts().refused, 0, "all of that is permitted");

    let error = Nats::connect(&as_user("b", "a")).await.unwrap_err();
    assert!(matches!(&error, StartError::NotCarried(_)), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    for credentials in [
        Credentials::Password { user: "a".to_owned(), password: "secret".to_owned() },
        Credentials::Token("secret".to_owned()),
        Credentials::Nkey("secret".to_owned()),
        Credentials::File("secret".to_owned()),
    ] {
        assert!(!format!("{credentials:?}").contains("secret"));
    }
}
