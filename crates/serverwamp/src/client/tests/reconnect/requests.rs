//! What becomes of requests at a cut, and between two sessions.

use super::{SECOND, connected, cut};
use crate::client::Reconnect;
use crate::{Unanswered, WampError, WhileDisconnected};
use futures_util::FutureExt;
use std::future::IntoFuture;

fn told(error: &WampError) -> (&str, Option<Unanswered>) {
    (error.uri(), error.unanswered())
}

#[tokio::test(start_paused = true)]
async fn requests_in_flight_at_a_cut_end_in_one_error_that_says_that_they_may_have_run() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let call = tokio::spawn(client.call::<(), _>("com.p", ()).into_future());
    router.expect(r#"[48,1,{},"com.p"]"#).await;
    let publisher = client.clone();
    let publication = tokio::spawn(async move { publisher.publish("com.t", ()).await });
    router.expect(r#"[16,2,{"acknowledge":true},"com.t"]"#).await;
    drop(router);
    let failed = call.await.unwrap().unwrap_err();
    assert_eq!(told(&failed), ("wamp.error.network_failure", Some(Unanswered::MayHaveRun)));
    assert!(failed.message().unwrap().ends_with("it may have been carried out"), "{failed}");
    let failed = publication.await.unwrap().unwrap_err();
    assert_eq!(told(&failed), ("wamp.error.network_failure", Some(Unanswered::MayHaveRun)));
    let mut router = place.welcome().await;
    let call = tokio::spawn(client.call::<(), _>("com.q", ()).into_future());
    router.expect(r#"[48,1,{},"com.q"]"#).await;
    router.say("[50,1,{}]").await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn requests_made_in_between_wait_and_are_sent_in_their_order() {
    let (mut place, router, client) = connected(Reconnect::new()).await;
    cut(router, &client).await;
    let first = client.call::<i64, _>("com.first", ()).into_future();
    tokio::task::yield_now().await;
    let second = client.call::<i64, _>("com.second", ()).timeout(20 * SECOND).into_future();
    let unacknowledged = client.publication("com.third").send_unacknowledged(());
    let subscribing = client.subscribe("com.fourth").into_future();
    let requests = tokio::spawn(async move { tokio::join!(first, second, unacknowledged, subscribing) });
    let mut router = place.welcome().await;
    router.expect(r#"[48,1,{},"com.first"]"#).await;
    router.expect(r#"[48,2,{"timeout":20000},"com.second"]"#).await;
    router.expect(r#"[16,3,{},"com.third"]"#).await;
    router.expect(r#"[32,4,{},"com.fourth"]"#).await;
    router.say("[33,4,9]").await;
    router.say("[50,2,{},[2]]").await;
    router.say("[50,1,{},[1]]").await;
    let (first, second, third, subscribed) = requests.await.unwrap();
    assert_eq!((first.unwrap(), second.unwrap()), (1, 2));
    third.unwrap();
    assert_eq!(subscribed.unwrap().id().get(), 9);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_may_not_wait_fails_at_once() {
    let settings = Reconnect::new().while_disconnected(WhileDisconnected::Fail);
    let (mut place, router, client) = connected(settings).await;
    place.fail(usize::MAX);
    cut(router, &client).await;
    let failed = client.call::<(), _>("com.p", ()).await.unwrap_err();
    assert_eq!(told(&failed), ("wamp.error.network_failure", Some(Unanswered::NotSent)));
    assert!(
        failed.message().unwrap().starts_with("there is no session with the router at present"),
        "{failed}"
    );
    let failed = client.publish("com.t", ()).await.unwrap_err();
    assert_eq!(told(&failed).1, Some(Unanswered::NotSent));
    let waiting = client.call::<(), _>("com.q", ()).while_disconnected(WhileDisconnected::Wait);
    let waiting = tokio::spawn(waiting.into_future());
    place.fail(0);
    let mut router = place.welcome().await;
    router.expect(r#"[48,1,{},"com.q"]"#).await;
    router.say("[50,1,{}]").await;
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_own_timeout_or_for_the_usual_time_and_is_not_sent_then() {
    let (mut place, router, client) = connected(Reconnect::new().wait_at_most(3 * SECOND)).await;
    place.fail(usize::MAX);
    cut(router, &client).await;
    let begun = tokio::time::Instant::now();
    let failed = client.call::<(), _>("com.p", ()).timeout(SECOND).await.unwrap_err();
    assert_eq!(told(&failed), ("wamp.error.timeout", Some(Unanswered::NotSent)));
    assert_eq!(begun.elapsed(), SECOND);
    let failed = client.call::<(), _>("com.p", ()).await.unwrap_err();
    assert_eq!(told(&failed), ("wamp.error.network_failure", Some(Unanswered::NotSent)));
    assert_eq!(begun.elapsed(), 4 * SECOND);
    let failed = client.publish("com.t", ()).await.unwrap_err();
    assert_eq!(told(&failed).1, Some(Unanswered::NotSent));
    assert_eq!(begun.elapsed(), 7 * SECOND);
    let dropped = client.call::<(), _>("com.dropped", ()).into_future();
    let canceled = client.call("com.canceled", ()).progressive();
    canceled.cancel(crate::CancelMode::Kill);
    assert_eq!(canceled.finish().await.unwrap_err().uri(), "wamp.error.canceled");
    drop(dropped);
    place.fail(0);
    let mut router = place.welcome().await;
    let call = tokio::spawn(client.call::<(), _>("com.q", ()).into_future());
    router.expect(r#"[48,1,{},"com.q"]"#).await;
    call.abort();
}

#[tokio::test(start_paused = true)]
async fn the_line_of_those_that_wait_is_bounded() {
    let (place, router, client) = connected(Reconnect::new()).await;
    place.fail(usize::MAX);
    cut(router, &client).await;
    let waiting: Vec<_> = (0..1024).map(|_| client.call::<(), _>("com.p", ()).into_future()).collect();
    let refused = client.call::<(), _>("com.p", ()).await.unwrap_err();
    assert_eq!(told(&refused), ("wamp.error.unavailable", Some(Unanswered::NotSent)));
    drop(waiting);
    let big = client.call::<(), _>("com.p", "x".repeat(3 << 20)).into_future();
    let refused = client.call::<(), _>("com.p", "x".repeat(2 << 20)).await.unwrap_err();
    assert_eq!(told(&refused).1, Some(Unanswered::NotSent));
    drop(big);
    let mut fits = client.call::<(), _>("com.p", "x".repeat(2 << 20)).into_future();
    assert!((&mut fits).now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_waits_ends_with_the_client() {
    let (place, router, client) = connected(Reconnect::new()).await;
    place.fail(usize::MAX);
    cut(router, &client).await;
    let waiting = tokio::spawn(client.call::<(), _>("com.p", ()).into_future());
    tokio::task::yield_now().await;
    client.clone().leave().await;
    let failed = waiting.await.unwrap().unwrap_err();
    assert_eq!(told(&failed).1, Some(Unanswered::NotSent));
    assert_eq!(failed.message(), Some("the client has left: the request was not sent"));
    let failed = client.call::<(), _>("com.p", ()).await.unwrap_err();
    assert_eq!(told(&failed).1, Some(Unanswered::NotSent));
}
