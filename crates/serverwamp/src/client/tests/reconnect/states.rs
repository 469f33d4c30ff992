//! When a client comes back, when it does not, and what it says of itself.

use super::{SECOND, connected, connecting};
use crate::client::{ClientError, ConnectionState, Interruption, Login, Reconnect, SessionEnd};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn states_tell_of_the_cut_the_attempts_and_the_next_session() {
    let (mut place, router, client) = connected(Reconnect::new()).await;
    let mut states = client.states();
    assert!(matches!(states.next().await, Some(ConnectionState::Connected { number: 1, .. })));
    place.fail(1);
    drop(router);
    let Some(ConnectionState::Waiting { attempt: 1, cause: Interruption::Ended(end), until }) =
        states.next().await
    else {
        panic!("{}", client.state())
    };
    assert!(matches!(end, SessionEnd::Lost(_)), "{end}");
    assert!(until <= tokio::time::Instant::now().into_std() + Duration::from_millis(100));
    assert!(matches!(states.next().await, Some(ConnectionState::Connecting { attempt: 1, .. })));
    let Some(ConnectionState::Waiting { attempt: 2, cause: Interruption::Failed(error), .. }) =
        states.next().await
    else {
        panic!("{}", client.state())
    };
    assert!(matches!(error, ClientError::Connect { .. }), "{error}");
    assert!(matches!(states.next().await, Some(ConnectionState::Connecting { attempt: 2, .. })));
    let _router = place.welcome().await;
    assert!(matches!(states.next().await, Some(ConnectionState::Connected { number: 2, .. })));
    assert!(client.is_open());
    client.leave().await;
    assert!(matches!(states.next().await, Some(ConnectionState::Ended(SessionEnd::Left))));
    assert!(states.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn who_reads_states_slowly_gets_the_newest_and_the_end() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut states = client.states();
    states.next().await;
    for _ in 0..3 {
        drop(router);
        router = place.welcome().await;
        tokio::time::sleep(SECOND).await;
    }
    assert!(matches!(states.next().await, Some(ConnectionState::Connected { number: 4, .. })));
    router.say(r#"[6,{},"wamp.close.killed"]"#).await;
    tokio::time::sleep(SECOND).await;
    assert!(matches!(states.next().await, Some(ConnectionState::Ended(SessionEnd::Closed { .. }))));
    assert!(states.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_a_router_that_stops_brings_the_client_back_and_one_for_this_session_does_not() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    router.say(r#"[6,{},"wamp.close.system_shutdown"]"#).await;
    router.expect(r#"[6,{},"wamp.close.goodbye_and_out"]"#).await;
    drop(router);
    let mut router = place.welcome().await;
    router.say(r#"[6,{"message":"enough"},"wamp.close.killed"]"#).await;
    let end = client.closed().await;
    assert_eq!(end.to_string(), "the router ended the session with wamp.close.killed (enough)");
    assert!(!client.is_open());
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(place.attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn times_between_attempts_stay_within_limits_that_double() {
    let (place, router, client) = connected(Reconnect::new().most(2 * SECOND)).await;
    place.fail(usize::MAX);
    let mut states = client.states();
    drop(router);
    let mut limit = Duration::from_millis(100);
    let mut waits = 0;
    while waits < 20 {
        if let Some(ConnectionState::Waiting { until, .. }) = states.next().await {
            let now = tokio::time::Instant::now().into_std();
            assert!(until.saturating_duration_since(now) <= limit, "wait {waits}");
            limit = (limit * 2).min(2 * SECOND);
            waits += 1;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_refused_again_and_again_gives_up_and_asks_for_a_login_each_time() {
    let asked = Arc::<AtomicUsize>::default();
    let counter = Arc::clone(&asked);
    let (mut place, client) = connecting(|builder| {
        builder.reconnect(Reconnect::new()).login_from(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            async { Ok::<_, std::convert::Infallible>(Login::new("joe").ticket("s3cret")) }
        })
    });
    let client = tokio::spawn(client);
    let router = place.welcome().await;
    let client = client.await.unwrap().unwrap();
    drop(router);
    place.refuse("wamp.error.no_such_realm").await;
    place.refuse("wamp.error.authentication_denied").await;
    place.refuse("wamp.close.system_shutdown").await;
    for _ in 0..2 {
        place.refuse("wamp.error.authentication_denied").await;
    }
    let SessionEnd::GaveUp(ClientError::Refused(error)) = client.closed().await else { panic!("it goes on") };
    assert_eq!(error.uri(), "wamp.error.authentication_denied");
    assert_eq!(asked.load(Ordering::Relaxed), 6);
}

#[tokio::test(start_paused = true)]
async fn a_client_gives_up_after_the_attempts_that_it_was_given() {
    let (place, router, client) = connected(Reconnect::new().attempts(3)).await;
    place.fail(usize::MAX);
    drop(router);
    assert!(matches!(client.closed().await, SessionEnd::GaveUp(ClientError::Connect { .. })));
    assert_eq!(place.attempts(), 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn the_first_connection_is_tried_again_if_that_is_asked_for() {
    let (place, client) = connecting(|builder| builder.reconnect(Reconnect::new()));
    place.fail(1);
    assert!(matches!(client.await, Err(ClientError::Connect { .. })));
    assert_eq!(place.attempts(), 1);

    let (mut place, client) = connecting(|builder| builder.reconnect(Reconnect::new().from_the_start()));
    place.fail(2);
    let client = tokio::spawn(client);
    let _router = place.welcome().await;
    assert!(client.await.unwrap().unwrap().is_open());
    assert_eq!(place.attempts(), 3);

    let (mut place, client) = connecting(|builder| builder.reconnect(Reconnect::new().from_the_start()));
    let client = tokio::spawn(client);
    place.refuse("wamp.error.authentication_denied").await;
    assert!(matches!(client.await.unwrap(), Err(ClientError::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_or_is_dropped_does_not_come_back() {
    for leaves in [true, false] {
        let (place, router, client) = connected(Reconnect::new()).await;
        place.fail(usize::MAX);
        drop(router);
        tokio::time::sleep(10 * SECOND).await;
        let mut states = client.states();
        if leaves {
            client.leave().await;
        } else {
            drop(client);
        }
        while states.next().await.is_some() {}
        let attempts = place.attempts();
        tokio::time::sleep(100 * SECOND).await;
        assert_eq!(place.attempts(), attempts);
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_dropped_in_a_later_session_says_goodbye_once() {
    let (mut place, router, client) = connected(Reconnect::new()).await;
    drop(router);
    let mut router = place.welcome().await;
    tokio::time::sleep(SECOND).await;
    drop(client);
    router.expect(r#"[6,{},"wamp.close.close_realm"]"#).await;
    assert_eq!(router.hear().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_router_that_is_silent_is_pinged_and_left() {
    let (mut place, client) =
        connecting(|builder| builder.reconnect(Reconnect::new()).ping_every(5 * SECOND));
    let client = tokio::spawn(client);
    let silent = place.welcome().await;
    let client = client.await.unwrap().unwrap();
    let begun = tokio::time::Instant::now();
    let _router = place.welcome().await;
    assert!(begun.elapsed() >= 15 * SECOND && begun.elapsed() < 18 * SECOND, "{:?}", begun.elapsed());
    assert!(client.is_open());
    drop(silent);
}
