//! What routers make a client keep: events, calls and results that come faster than they are taken.

use crate::bad_routers::FakeRouter;
use serverwamp::{CallResult, prefix};
use std::future::pending;
use std::time::Duration;

/// Answers a call that the test makes, behind everything that was said before.
async fn behind(router: &mut FakeRouter, client: &serverwamp::client::Client, request: u64) {
    let calling = tokio::spawn({
        let client = client.clone();
        async move { client.call::<i64, _>("com.last", ()).await }
    });
    loop {
        if router.hear().await.unwrap().contains("com.last") {
            break;
        }
    }
    router.say(&format!("[50,{request},{{}},[5]]")).await;
    assert_eq!(calling.await.unwrap().unwrap(), 5);
}

#[tokio::test]
async fn events_faster_than_they_are_taken_are_dropped_and_counted() {
    let (mut router, client) = FakeRouter::joined().await;
    let subscribing = tokio::spawn({
        let client = client.clone();
        async move { client.subscribe("com.topic").await }
    });
    router.hear().await.unwrap();
    router.say("[33,1,7]").await;
    let mut events = subscribing.await.unwrap().unwrap();
    for publication in 1..=3000 {
        router.say(&format!("[36,7,{publication},{{}},[1]]")).await;
    }
    behind(&mut router, &client, 2).await;
    assert_eq!(events.lost(), 3000 - 1024);
    assert_eq!(events.recv().await.unwrap().publication().get(), 3000 - 1024 + 1);
}

#[tokio::test]
async fn the_details_of_events_count_among_what_waits() {
    for detail in ["topic", "publisher_authid", "publisher_authrole"] {
        let (mut router, client) = FakeRouter::joined().await;
        let subscribing = tokio::spawn({
            let client = client.clone();
            async move { client.subscribe(prefix("com.")).await }
        });
        router.hear().await.unwrap();
        router.say("[33,1,7]").await;
        let mut events = subscribing.await.unwrap().unwrap();
        let long = "a".repeat(100_000);
        for publication in 1..=100 {
            router.say(&format!(r#"[36,7,{publication},{{"{detail}":"com.{long}"}}]"#)).await;
        }
        behind(&mut router, &client, 2).await;
        let mut waiting = 0;
        while events.try_recv().is_some() {
            waiting += 1;
        }
        assert!((30..=41).contains(&waiting), "{detail}: {waiting} events of 100 kB wait, of 4 MiB");
        assert_eq!(events.lost(), 100 - waiting);
    }
}

#[tokio::test]
async fn invocations_beyond_the_limit_are_refused_and_those_within_it_go_on() {
    let (mut router, client) = FakeRouter::joined().await;
    let registering = tokio::spawn({
        let client = client.clone();
        async move { client.register("com.p", pending::<()>).await }
    });
    router.hear().await.unwrap();
    router.say("[65,1,5]").await;
    let _registration = registering.await.unwrap().unwrap();
    for invocation in 1..=4100 {
        router.say(&format!("[68,{invocation},5,{{}}]")).await;
    }
    for invocation in 4097..=4100 {
        let refused = router.hear().await.unwrap();
        assert!(refused.starts_with(&format!("[8,68,{invocation},")), "{refused}");
        assert!(refused.contains("more than 4096 calls of this client are unanswered"), "{refused}");
    }
    behind(&mut router, &client, 2).await;
}

#[tokio::test]
async fn long_arguments_of_unanswered_calls_have_a_limit_together() {
    let (mut router, client) = FakeRouter::joined().await;
    let registering = tokio::spawn({
        let client = client.clone();
        async move { client.register("com.p", pending::<()>).await }
    });
    router.hear().await.unwrap();
    router.say("[65,1,5]").await;
    let _registration = registering.await.unwrap().unwrap();
    let long = "a".repeat(15 << 20);
    for invocation in 1..=5 {
        router.say(&format!(r#"[68,{invocation},5,{{}},["{long}"]]"#)).await;
    }
    let refused = router.hear().await.unwrap();
    assert!(refused.starts_with("[8,68,5,") && refused.contains("wamp.error.unavailable"), "{refused}");
    assert!(refused.contains("bytes of arguments; the limit is 67108864"), "{refused}");
    // One that ends makes room.
    router.say(r#"[69,1,{"mode":"killnowait"}]"#).await;
    assert!(router.hear().await.unwrap().starts_with("[8,68,1,"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    router.say(&format!(r#"[68,6,5,{{}},["{long}"]]"#)).await;
    router.say(r#"[69,6,{"mode":"killnowait"}]"#).await;
    let canceled = router.hear().await.unwrap();
    assert!(canceled.starts_with("[8,68,6,") && canceled.contains("wamp.error.canceled"), "{canceled}");
}

#[tokio::test]
async fn progressive_results_without_end_end_their_call_alone() {
    let (mut router, client) = FakeRouter::joined().await;
    let mut results = client.call::<CallResult, _>("com.p", ()).progressive();
    router.hear().await.unwrap();
    for number in 0..5000 {
        router.say(&format!(r#"[50,1,{{"progress":true}},[{number}]]"#)).await;
    }
    behind(&mut router, &client, 2).await;
    let mut taken = 0;
    while results.next().await.is_some() {
        taken += 1;
    }
    assert_eq!(taken, 1024);
    let error = results.finish().await.unwrap_err();
    assert!(error.message().unwrap().contains("too many progressive results wait"), "{error}");
    for number in 0..5000 {
        router.say(&format!(r#"[50,1,{{"progress":true}},[{number}]]"#)).await;
    }
    behind(&mut router, &client, 3).await;
}
