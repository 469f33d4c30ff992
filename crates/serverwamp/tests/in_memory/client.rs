//! Calls, publications and subscriptions of a client in the same process.

use futures_core::Stream;
use futures_util::{FutureExt, StreamExt, stream};
use serverwamp::client::{Client, SessionEnd};
use serverwamp::extract::{Arg, Args, Canceled, Kwargs};
use serverwamp::{
    Application, CallResult, Progress, Progressive, Realm, RouteSet, Serializer, WampError, prefix, wildcard,
};
use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

fn router(routes: RouteSet) -> Application {
    let realm = Realm::router("realm1").allow_anonymous("guest").routes(routes);
    Application::builder().realm(realm).build().unwrap()
}

async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
    a + b
}

async fn never() {
    std::future::pending().await
}

/// Fills the subscription's way from the publisher: what was published before has arrived.
async fn fence(client: &Client) {
    client.call::<(), _>("com.fence", ()).await.unwrap_err();
}

#[tokio::test]
async fn results_are_read_as_the_type_they_are_wanted_as_in_every_serializer() {
    let app = router(
        RouteSet::new()
            .procedure("com.add", add)
            .procedure("com.named", || async { Kwargs(BTreeMap::from([("a", 1), ("b", 2)])) })
            .procedure("com.both", || async { Args(("x", true)) })
            .procedure("com.nothing", || async {}),
    );
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        let client = app.join("realm1").serializer(serializer).await.unwrap();
        let sum: i64 = client.call("com.add", (2, 3)).await.unwrap();
        assert_eq!(sum, 5);
        let Kwargs(named): Kwargs<BTreeMap<String, i64>> = client.call("com.named", ()).await.unwrap();
        assert_eq!(named, BTreeMap::from([("a".to_owned(), 1), ("b".to_owned(), 2)]));
        let both: (String, bool) = client.call("com.both", ()).await.unwrap();
        assert_eq!(both, ("x".to_owned(), true));
        client.call::<(), _>("com.nothing", ()).await.unwrap();
        let results: CallResult = client.call("com.add", [20, 30]).await.unwrap();
        assert_eq!((results.payload().serializer, results.get::<i64>().unwrap()), (serializer, 50));
    }
}

#[tokio::test]
async fn errors_have_the_uri_and_the_arguments_of_who_failed() {
    let fail = || async { Err::<(), _>(WampError::new("com.error.locked").arg("by joe").kwarg("until", 7)) };
    let app = router(RouteSet::new().procedure("com.fail", fail).procedure("com.add", add));
    let client = app.join("realm1").await.unwrap();
    let error = client.call::<(), _>("com.fail", ()).await.unwrap_err();
    assert_eq!((error.uri(), error.message()), ("com.error.locked", Some("by joe")));
    assert_eq!(error.keyword_args().get("until"), Some(&7.into()));
    for (procedure, uri) in
        [("com.none", "wamp.error.no_such_procedure"), ("not a uri", "wamp.error.invalid_uri")]
    {
        assert_eq!(client.call::<(), _>(procedure, ()).await.unwrap_err().uri(), uri);
    }
    let wrong = client.call::<String, _>("com.add", (2, 3)).await.unwrap_err();
    assert_eq!(wrong.uri(), "serverwamp.error.unreadable");
    let text =
        r#"the results of "com.add" cannot be read as String: invalid type: integer `5`, expected a string"#;
    assert_eq!(wrong.message(), Some(text));
    let wrong = client.call::<i64, _>("com.add", ("2", 3)).await.unwrap_err();
    assert_eq!(wrong.uri(), "wamp.error.invalid_argument");
    let nan = app.join("realm1").serializer(Serializer::Json).await.unwrap();
    let own = [
        nan.call::<(), _>("com.add", f64::NAN).await.unwrap_err(),
        nan.publish("a.b", f64::NAN).await.unwrap_err(),
    ];
    let text = "the payload cannot be encoded: JSON cannot hold a float that is infinite or not a number";
    for error in own {
        assert_eq!((error.uri(), error.message()), ("wamp.error.invalid_payload", Some(text)));
    }
    assert_eq!(nan.call::<i64, _>("com.add", (1, 1)).await.unwrap(), 2, "the numbering has no gap");
}

#[tokio::test]
async fn many_calls_at_once_get_their_own_answers() {
    let app = router(RouteSet::new().procedure("com.add", add));
    let client = app.join("realm1").await.unwrap();
    let calls = (0..500_i64).map(|number| client.call::<i64, _>("com.add", (number, 1)).into_future());
    let sums: Vec<i64> =
        futures_util::future::join_all(calls).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(sums, (1..=500).collect::<Vec<_>>());
}

#[tokio::test]
async fn progressive_results_are_a_stream_before_the_final_one() {
    async fn count(Arg(to): Arg<u32>) -> Progressive<impl Stream<Item = u32>> {
        Progressive::new(stream::iter(0..to))
    }
    let app = router(RouteSet::new().procedure("com.count", count));
    let client = app.join("realm1").await.unwrap();
    let results = client.call("com.count", 3).progressive();
    let counted: Vec<u32> = results.map(|result| result.get::<u32>().unwrap()).collect().await;
    assert_eq!(counted, [0, 1, 2]);
    let mut results = client.call("com.count", 1).progressive();
    assert_eq!(results.next().await.unwrap().get::<u32>().unwrap(), 0);
    assert!(results.next().await.is_none());
    results.finish().await.unwrap().get::<()>().unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_is_canceled() {
    let canceled = Arc::new(Notify::new());
    let seen = Arc::clone(&canceled);
    let wait = move |canceled: Canceled| {
        let seen = Arc::clone(&seen);
        async move {
            canceled.canceled().await;
            seen.notify_one();
        }
    };
    let app = router(RouteSet::new().procedure("com.wait", wait));
    let client = app.join("realm1").await.unwrap();
    let mut call = client.call::<(), _>("com.wait", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    drop(call);
    canceled.notified().await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_passes_with_paused_time_and_runs_from_the_last_progress() {
    async fn slow(progress: Progress) -> Result<(), WampError> {
        for step in 0..3 {
            tokio::time::sleep(Duration::from_secs(40)).await;
            progress.send(step).await?;
        }
        std::future::pending().await
    }
    let app = router(RouteSet::new().procedure("com.never", never).procedure("com.slow", slow));
    let client = app.join("realm1").await.unwrap();
    let begun = tokio::time::Instant::now();
    let minute = Duration::from_secs(60);
    let error = client.call::<(), _>("com.never", ()).timeout(minute).await.unwrap_err();
    assert_eq!((error.uri(), begun.elapsed().as_secs()), ("wamp.error.timeout", 60));
    let mut results = client.call("com.slow", ()).timeout(minute).progressive();
    for step in 0..3 {
        assert_eq!(results.next().await.unwrap().get::<i32>().unwrap(), step);
    }
    assert_eq!(results.finish().await.unwrap_err().uri(), "wamp.error.timeout");
    assert_eq!(begun.elapsed().as_secs(), 60 + 3 * 40 + 60);
}

#[tokio::test]
async fn events_reach_who_subscribed_by_uri_prefix_and_wildcard() {
    let app = router(RouteSet::new());
    let (alice, bob) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let mut exact = bob.subscribe("com.news.today").await.unwrap();
    let mut by_prefix = bob.subscribe(prefix("com.news.")).await.unwrap();
    let mut by_wildcard = bob.subscribe(wildcard("com..today")).await.unwrap();
    let publication = alice.publish("com.news.today", ("rain", 7)).await.unwrap();
    for subscription in [&mut exact, &mut by_prefix, &mut by_wildcard] {
        let event = subscription.recv().await.unwrap();
        assert_eq!((event.topic(), event.publication()), ("com.news.today", publication));
        assert_eq!(event.bind::<(String, i64)>().unwrap(), ("rain".to_owned(), 7));
        assert!(event.publisher().is_none() && !event.is_retained());
    }
    alice
        .publication("com.news.other")
        .send_unacknowledged(Kwargs([("a", 1)].into_iter().collect::<BTreeMap<_, _>>()))
        .await
        .unwrap();
    let event = by_prefix.recv().await.unwrap();
    assert_eq!(event.topic(), "com.news.other");
    assert_eq!(
        event.bind::<Kwargs<BTreeMap<String, i64>>>().unwrap().0,
        BTreeMap::from([("a".to_owned(), 1)])
    );
    assert!(exact.try_recv().is_none() && by_wildcard.try_recv().is_none());
    let regex = bob.subscribe(serverwamp::regex("com.*")).await.unwrap_err();
    assert_eq!(regex.uri(), "wamp.error.invalid_uri");
}

#[tokio::test]
async fn a_subscription_lasts_while_anybody_of_the_client_listens() {
    let app = router(RouteSet::new());
    let (alice, bob) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let first = bob.subscribe("com.topic").await.unwrap();
    let mut second = bob.subscribe("com.topic").await.unwrap();
    assert_eq!(first.id(), second.id(), "a router has one subscription for both");
    drop(first);
    fence(&bob).await;
    alice.publish("com.topic", 1).await.unwrap();
    assert_eq!(second.recv().await.unwrap().bind::<i64>().unwrap(), 1);
    drop(second);
    fence(&bob).await;
    alice.publish("com.topic", 2).await.unwrap();
    let mut third = bob.subscribe("com.topic").await.unwrap();
    alice.publish("com.topic", 3).await.unwrap();
    assert_eq!(third.recv().await.unwrap().bind::<i64>().unwrap(), 3, "nobody listened to the second");
}

#[tokio::test]
async fn publications_are_kept_narrowed_down_and_come_back_to_who_publishes() {
    let app = router(RouteSet::new());
    let (alice, bob) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    alice.publication("com.state").retain().send("old").await.unwrap();
    let mut retained = bob.subscribe("com.state").get_retained().await.unwrap();
    let event = retained.recv().await.unwrap();
    assert!(event.is_retained());
    assert_eq!(event.bind::<String>().unwrap(), "old");
    let mut own = alice.subscribe("com.state").await.unwrap();
    alice.publish("com.state", 1).await.unwrap();
    alice.publication("com.state").exclude(bob.session_id().unwrap()).include_me().send(2).await.unwrap();
    alice.publication("com.state").eligible([bob.session_id().unwrap()]).send(3).await.unwrap();
    assert_eq!(own.recv().await.unwrap().bind::<i64>().unwrap(), 2, "not the first one");
    assert_eq!(retained.recv().await.unwrap().bind::<i64>().unwrap(), 1);
    assert_eq!(retained.recv().await.unwrap().bind::<i64>().unwrap(), 3);
}

#[tokio::test]
async fn a_refused_subscription_or_publication_says_why() {
    let realm = Realm::new("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().unwrap();
    let client = app.join("realm1").await.unwrap();
    let refused = client.subscribe("com.closed").await.unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.invalid_uri");
    let refused = client.publish("com.closed", ()).await.unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.not_authorized");
}

#[tokio::test]
async fn the_end_of_the_session_ends_what_waits_and_says_why() {
    let app = router(RouteSet::new().procedure("com.never", never));
    let client = app.join("realm1").await.unwrap();
    let mut events = client.subscribe("com.topic").await.unwrap();
    let call = tokio::spawn(client.call::<(), _>("com.never", ()).into_future());
    fence(&client).await;
    let session = app.realm("realm1").unwrap().sessions().pop().unwrap();
    session.close_with_message("com.close.maintenance", "back at noon");
    let end = client.closed().await;
    assert!(
        matches!(&end, SessionEnd::Closed { reason, message: Some(text) }
            if reason == "com.close.maintenance" && text == "back at noon"),
        "{end:?}"
    );
    let error = call.await.unwrap().unwrap_err();
    // The router's own answer to the call may precede its GOODBYE.
    assert!(["wamp.error.network_failure", "wamp.error.canceled"].contains(&error.uri()), "{error}");
    assert!(events.recv().await.is_none());
    assert!(!client.is_open());
    let error = client.call::<(), _>("com.never", ()).await.unwrap_err();
    let expected =
        "the router ended the session with com.close.maintenance (back at noon): the request was not sent";
    assert_eq!((error.uri(), error.message()), ("wamp.error.network_failure", Some(expected)));
}

#[tokio::test]
async fn a_client_that_leaves_or_is_dropped_ends_its_session() {
    let app = router(RouteSet::new());
    let realm = app.realm("realm1").unwrap();
    let client = app.join("realm1").await.unwrap();
    let session = realm.sessions().pop().unwrap();
    assert_eq!(client.session_id(), Some(session.id()));
    client.leave().await;
    assert!(realm.sessions().is_empty());
    assert_eq!(format!("{:?}", session.closed().await), r#"Goodbye("wamp.close.close_realm")"#);

    let client = app.join("realm1").await.unwrap();
    let session = realm.sessions().pop().unwrap();
    let events = client.subscribe("com.topic").await.unwrap();
    drop(client);
    assert!(session.is_open(), "the subscription holds it");
    drop(events);
    session.closed().await;
}

#[tokio::test]
async fn a_topic_that_ends_with_a_dot_is_taken_for_a_forgotten_prefix() {
    let app = router(RouteSet::new());
    let client = app.join("realm1").await.unwrap();
    let error = client.subscribe("news.").await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.invalid_uri");
    assert!(error.message().unwrap().contains("write `prefix(\"news.\")`"), "{error}");
    let handled = client.subscribe_with("news.", || async {}).await.unwrap_err();
    assert_eq!(handled.message(), error.message());
}
