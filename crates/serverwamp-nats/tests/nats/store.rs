//! What the store decides: only by compare-and-set, for as long as a key lives, and never without an end.

use crate::{PATIENCE, connect, server, settings, until};
use bytes::Bytes;
use serverwamp::cluster::{Cluster as _, StoreError, StoredValue};
use serverwamp_conformance::NatsCluster;
use serverwamp_nats::Nats;
use std::time::Duration;

/// The shortest life that NATS has.
const SECOND: Duration = Duration::from_secs(1);

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[tokio::test]
async fn of_two_nodes_one_writes() {
    let Some(server) = server("") else { return };
    let (a, b) = (connect("a", &server).await, connect("b", &server).await);
    assert_eq!(a.read("claim.x").await.unwrap(), None);
    let first = a.create("claim.x", value("a"), None).await.unwrap();
    assert_eq!(b.create("claim.x", value("b"), None).await, Err(StoreError::Conflict));
    assert_eq!(b.read("claim.x").await.unwrap(), Some(StoredValue { value: value("a"), revision: first }));

    let second = b.update("claim.x", value("b"), first, None).await.unwrap();
    assert!(second > first, "a later write has a higher revision");
    assert_eq!(a.update("claim.x", value("a"), first, None).await, Err(StoreError::Conflict));
    assert_eq!(
        a.update("claim.x", value("a"), 0, None).await,
        Err(StoreError::Conflict),
        "0 creates nothing"
    );
    assert_eq!(a.remove("claim.x", first).await, Err(StoreError::Conflict));

    a.remove("claim.x", second).await.unwrap();
    assert_eq!(b.read("claim.x").await.unwrap(), None);
    assert_eq!(b.update("claim.x", value("b"), second, None).await, Err(StoreError::Conflict));
    let third = b.create("claim.x", value("b"), None).await.unwrap();
    assert!(third > second, "also behind a removal");
}

#[tokio::test]
async fn of_many_at_once_one_creates() {
    let Some(server) = server("") else { return };
    let mut nodes = Vec::new();
    for name in ["a", "b", "c", "d"] {
        nodes.push(connect(name, &server).await);
    }
    for round in 0..20 {
        let key = format!("claim.{round}");
        let tries = nodes.iter().map(|node| node.create(&key, value("mine"), None));
        let won = futures_util::future::join_all(tries).await;
        assert_eq!(won.iter().filter(|one| one.is_ok()).count(), 1, "{won:?}");
        assert!(won.iter().all(|one| one.is_ok() || *one == Err(StoreError::Conflict)), "{won:?}");
    }
}

#[tokio::test]
async fn a_key_ends_unless_it_is_written_again() {
    let Some(server) = server("") else { return };
    let a = connect("a", &server).await;
    let mut revision = a.create("node.a", value("1"), Some(5 * SECOND)).await.unwrap();
    // For longer than one life, in steps of a twentieth of it, so that no machine is too busy for that.
    for _ in 0..24 {
        tokio::time::sleep(SECOND / 4).await;
        revision = a.update("node.a", value("1"), revision, Some(5 * SECOND)).await.unwrap();
    }
    ended(&a, "node.a").await;
    // What is there after an end is as good as new.
    assert_eq!(a.update("node.a", value("2"), revision, None).await, Err(StoreError::Conflict));
    let again = a.create("node.a", value("2"), Some(SECOND)).await.unwrap();
    assert!(again > revision, "also behind an end");
    ended(&a, "node.a").await;
}

#[tokio::test]
async fn a_key_that_is_created_behind_a_removal_ends_too() {
    let Some(server) = server("") else { return };
    let a = connect("a", &server).await;
    let revision = a.create("node.a", value("1"), None).await.unwrap();
    a.remove("node.a", revision).await.unwrap();
    a.create("node.a", value("2"), Some(SECOND)).await.unwrap();
    ended(&a, "node.a").await;
}

#[tokio::test]
async fn three_servers_decide_although_the_one_that_leads_is_killed() {
    if server("").is_none() {
        return;
    }
    let mut servers = NatsCluster::start().unwrap();
    let mut settings = settings("a", &servers.servers()[0]);
    settings.servers = servers.urls();
    settings.replicas = 3;
    let a = Nats::connect(&settings).await.unwrap();
    let revision = a.create("claim.x", value("a"), None).await.unwrap();
    // One of these two leads, or neither; both were lost and came back in the end.
    for number in 0..2 {
        servers.servers()[number].kill();
        let deadline = std::time::Instant::now() + PATIENCE;
        while !matches!(a.create("claim.x", value("b"), None).await, Err(StoreError::Conflict)) {
            assert!(std::time::Instant::now() < deadline, "nobody leads");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let found = a.read("claim.x").await.unwrap().map(|found| (found.value, found.revision));
        assert_eq!(found, Some((value("a"), revision)), "nobody has written");
        servers.servers()[number].start_again().unwrap();
    }
}

async fn ended(node: &Nats, key: &str) {
    let deadline = std::time::Instant::now() + PATIENCE;
    while node.read(key).await.unwrap().is_some() {
        assert!(std::time::Instant::now() < deadline, "{key} does not end");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn nobody_waits_for_a_store_that_is_not_there() {
    let Some(mut server) = server("") else { return };
    let a = connect("a", &server).await;
    let revision = a.create("claim.x", value("a"), None).await.unwrap();
    server.pause();
    let answers = tokio::join!(
        a.read("claim.x"),
        a.create("claim.y", value("a"), None),
        a.update("claim.x", value("b"), revision, None),
        a.remove("claim.x", revision)
    );
    assert!(matches!(&answers.0, Err(StoreError::Unavailable(_))), "{answers:?}");
    assert!(matches!(&answers.1, Err(StoreError::Unavailable(_))), "{answers:?}");
    assert!(matches!(&answers.2, Err(StoreError::Unavailable(_))), "{answers:?}");
    assert!(matches!(&answers.3, Err(StoreError::Unavailable(_))), "{answers:?}");
    server.resume();

    server.kill();
    until("the loss is seen", || !a.is_connected()).await;
    let error = a.create("claim.z", value("a"), None).await.unwrap_err();
    assert_eq!(error, StoreError::Unavailable("there is no connection to NATS".to_owned()));
    server.start_again().unwrap();
    until("the connection is back", || a.is_connected()).await;
    // Nothing that was refused for want of a connection was sent later.
    let deadline = std::time::Instant::now() + PATIENCE;
    let found = loop {
        match a.read("claim.z").await {
            Ok(found) => break found,
            // The store is opened after the server listens.
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(found, None);
}
