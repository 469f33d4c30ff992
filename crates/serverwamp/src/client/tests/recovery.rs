//! Subscriptions that recover, with routers that this test plays: what is asked for, and what becomes of it when a session ends.

use super::reconnect::{connected, cut};
use super::{Router, WELCOME, joined};
use crate::client::{Client, Reconnect};
use crate::{Delivery, GapReason, HistoryPosition, Subscriber};
use std::future::IntoFuture;

/// SUBSCRIBE and its answer, and the question where the subscription is in its history, which is at the event 7.
async fn begun(client: &Client, router: &mut Router) -> Subscriber {
    let subscribing = tokio::spawn(client.subscribe("com.t").recover().into_future());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,200]").await;
    router.expect(r#"[48,2,{},"wamp.subscription.get_events",[200],{"limit":1,"reverse":true}]"#).await;
    router.say(r#"[50,2,{},[{"publication":7}],{"complete":true,"more":true,"epoch":9}]"#).await;
    subscribing.await.unwrap().unwrap()
}

/// What is asked for from a position on.
fn question(request: u64, subscription: u64, after: u64) -> String {
    format!(
        r#"[48,{request},{{}},"wamp.subscription.get_events",[{subscription}],{{"limit":500,"after_publication":{after}}}]"#
    )
}

async fn delivered(events: &mut Subscriber) -> String {
    match events.next_delivery().await {
        Some(Delivery::Event(event)) => event.publication().to_string(),
        Some(Delivery::Recovered(events)) => {
            format!("{:?}", events.iter().map(|event| event.publication().get()).collect::<Vec<_>>())
        }
        Some(Delivery::Gap(gap)) => format!("{:?}", gap.reason()),
        other => format!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_missed_between_two_sessions_comes_before_live_events() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut events = begun(&client, &mut router).await;
    router.say("[36,200,8,{}]").await;
    assert_eq!(delivered(&mut events).await, "8");
    for (session, last) in [(1_u64, 8_u64), (2, 11)] {
        drop(router);
        router = place.welcome().await;
        router.expect(r#"[32,1,{},"com.t"]"#).await;
        router.say(&format!("[33,1,{}]", 300 + session)).await;
        router.expect(&question(2, 300 + session, last)).await;
        // It is live, and in the answer.
        let live = last + 2;
        router.say(&format!("[36,{},{live},{{}}]", 300 + session)).await;
        router.say(&format!("[36,{},{},{{}}]", 300 + session, live + 1)).await;
        let events_of = |range: std::ops::RangeInclusive<u64>| {
            range
                .map(|publication| format!(r#"{{"publication":{publication}}}"#))
                .collect::<Vec<_>>()
                .join(",")
        };
        let missed = events_of(last + 1..=live);
        router.say(&format!(r#"[50,2,{{}},[{missed}],{{"complete":true,"more":false,"epoch":9}}]"#)).await;
        assert_eq!(delivered(&mut events).await, format!("[{}, {live}]", last + 1));
        assert_eq!(delivered(&mut events).await, (live + 1).to_string());
    }
    assert_eq!((events.cuts(), events.lost()), (2, 0));
    assert_eq!(events.position().unwrap().publication().unwrap().get(), 14);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_while_what_was_missed_is_read_leaves_it_to_the_next_one() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut events = begun(&client, &mut router).await;
    drop(router);
    let mut router = place.welcome().await;
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,301]").await;
    router.expect(&question(2, 301, 7)).await;
    router.say("[36,301,9,{}]").await;
    cut(router, &client).await;
    let mut router = place.welcome().await;
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,302]").await;
    router.expect(&question(2, 302, 7)).await;
    router
        .say(r#"[50,2,{},[{"publication":8},{"publication":9}],{"complete":true,"more":false,"epoch":9}]"#)
        .await;
    assert_eq!(delivered(&mut events).await, "[8, 9]");
    router.say("[36,302,10,{}]").await;
    assert_eq!((delivered(&mut events).await.as_str(), events.cuts()), ("10", 1));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_was_restarted_has_another_history() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut events = begun(&client, &mut router).await;
    drop(router);
    let mut router = place.welcome().await;
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,301]").await;
    router.expect(&question(2, 301, 7)).await;
    router.say(r#"[50,2,{},[],{"complete":false,"more":false,"epoch":10}]"#).await;
    router.expect(r#"[48,3,{},"wamp.subscription.get_events",[301],{"limit":1,"reverse":true}]"#).await;
    router.say(r#"[50,3,{},[],{"complete":true,"more":false,"epoch":10}]"#).await;
    router.say("[36,301,1,{}]").await;
    assert_eq!(delivered(&mut events).await, "NewHistory");
    assert_eq!(delivered(&mut events).await, "1");
    assert_eq!(events.position().unwrap().to_string(), "10.1");
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_is_a_gap_after_a_while() {
    let (mut router, client) = joined(WELCOME).await;
    let position: HistoryPosition = "9.7".parse().unwrap();
    let subscribing = tokio::spawn(client.subscribe("com.t").recover_from(position).into_future());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,200]").await;
    router.expect(&question(2, 200, 7)).await;
    router.expect(r#"[49,2,{"mode":"killnowait"}]"#).await;
    let mut events = subscribing.await.unwrap().unwrap();
    let Some(Delivery::Gap(gap)) = events.next_delivery().await else { panic!("no gap") };
    assert!(
        matches!(gap.reason(), GapReason::Failed(error) if error.uri() == "wamp.error.timeout"),
        "{gap:?}"
    );
    router.say("[36,200,8,{}]").await;
    assert_eq!(delivered(&mut events).await, "8");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_given_up_while_it_recovers_is_ended() {
    let (mut router, client) = joined(WELCOME).await;
    let position: HistoryPosition = "9.7".parse().unwrap();
    let subscribing = tokio::spawn(client.subscribe("com.t").recover_from(position).into_future());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,200]").await;
    router.expect(&question(2, 200, 7)).await;
    subscribing.abort();
    router.expect(r#"[49,2,{"mode":"killnowait"}]"#).await;
    router.expect("[34,3,200]").await;
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_for_good_while_it_recovers_leaves_a_gap() {
    let (mut router, client) = joined(WELCOME).await;
    let position: HistoryPosition = "9.7".parse().unwrap();
    let subscribing = tokio::spawn(client.subscribe("com.t").recover_from(position).into_future());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,200]").await;
    router.say("[36,200,8,{}]").await;
    router.expect(&question(2, 200, 7)).await;
    drop(router);
    let mut events = subscribing.await.unwrap().unwrap();
    assert!(delivered(&mut events).await.starts_with("Failed"));
    assert_eq!(delivered(&mut events).await, "8");
    assert!(events.next_delivery().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_subscription_whose_first_session_ended_before_it_had_a_position_begins_in_the_next_one() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let subscribing = tokio::spawn(client.subscribe("com.t").recover().into_future());
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,200]").await;
    let where_it_is = |request: u64, subscription: u64| {
        format!(
            r#"[48,{request},{{}},"wamp.subscription.get_events",[{subscription}],{{"limit":1,"reverse":true}}]"#
        )
    };
    router.expect(&where_it_is(2, 200)).await;
    drop(router);
    let mut router = place.welcome().await;
    let mut events = subscribing.await.unwrap().unwrap();
    router.expect(r#"[32,1,{},"com.t"]"#).await;
    router.say("[33,1,301]").await;
    router.expect(&where_it_is(2, 301)).await;
    router.say(r#"[50,2,{},[],{"complete":true,"more":false,"epoch":9}]"#).await;
    router.say("[36,301,8,{}]").await;
    assert_eq!(delivered(&mut events).await, "8");
    // A router without history says so once for each session.
    for session in [401, 402] {
        drop(router);
        router = place.welcome().await;
        router.expect(r#"[32,1,{},"com.t"]"#).await;
        router.say(&format!("[33,1,{session}]")).await;
        router.hear().await;
        router.say(r#"[8,48,2,{},"wamp.error.no_such_procedure"]"#).await;
        assert_eq!(delivered(&mut events).await, "NoMetaApi");
        assert_eq!(events.position(), None);
    }
}
