//! Registrations and subscriptions from one session to the next.

use super::{SECOND, connected, cut};
use crate::client::Reconnect;
use crate::client::tests::Router;
use crate::{Delivery, Ended, Registration, Subscriber};
use futures_util::FutureExt;
use std::future::IntoFuture;

async fn register(
    client: &crate::client::Client,
    router: &mut Router,
    uri: &str,
    request: u64,
) -> Registration {
    let registering = tokio::spawn(client.register(uri.to_owned(), || async { "served" }).into_future());
    router.expect(&format!(r#"[64,{request},{{}},"{uri}"]"#)).await;
    router.say(&format!("[65,{request},{}]", 100 + request)).await;
    registering.await.unwrap().unwrap()
}

async fn subscribe(
    client: &crate::client::Client,
    router: &mut Router,
    uri: &str,
    request: u64,
) -> Subscriber {
    let subscribing = tokio::spawn(client.subscribe(uri.to_owned()).into_future());
    router.expect(&format!(r#"[32,{request},{{}},"{uri}"]"#)).await;
    router.say(&format!("[33,{request},{}]", 200 + request)).await;
    subscribing.await.unwrap().unwrap()
}

#[tokio::test(start_paused = true)]
async fn registrations_are_made_again_first_and_then_subscriptions_each_in_their_order() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut news = subscribe(&client, &mut router, "com.news", 1).await;
    let first = register(&client, &mut router, "com.first", 2).await;
    let weather = subscribe(&client, &mut router, "com.weather", 3).await;
    let second = register(&client, &mut router, "com.second", 4).await;
    for _ in 0..2 {
        drop(router);
        router = place.welcome().await;
        router.expect(r#"[64,1,{},"com.first"]"#).await;
        router.expect(r#"[64,2,{},"com.second"]"#).await;
        router.say("[65,1,11]").await;
        assert!(router.hear().now_or_never().is_none(), "subscriptions come when registrations are back");
        router.say("[65,2,12]").await;
        router.expect(r#"[32,3,{},"com.news"]"#).await;
        router.expect(r#"[32,4,{},"com.weather"]"#).await;
        router.say("[33,3,13]").await;
        router.say(r#"[36,13,1,{},["early"]]"#).await;
        router.say("[33,4,14]").await;
        router.say("[68,1,12,{}]").await;
        router.expect(r#"[70,1,{},["served"]]"#).await;
        assert!(matches!(news.next_delivery().await, Some(Delivery::Cut(_))));
        let Some(Delivery::Event(event)) = news.next_delivery().await else { panic!("no event") };
        assert_eq!(event.bind::<String>().unwrap(), "early");
        assert_eq!((first.id().get(), second.id().get()), (11, 12));
        assert_eq!((news.id().get(), weather.id().get()), (13, 14));
    }
    assert_eq!((news.cuts(), weather.cuts(), news.lost()), (2, 2, 0));
    drop(second);
    router.expect("[66,5,12]").await;
    drop(weather);
    router.expect("[34,6,14]").await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_names_the_last_event_before_it() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let mut news = subscribe(&client, &mut router, "com.news", 1).await;
    router.say("[36,201,7,{}]").await;
    router.say("[36,201,8,{}]").await;
    router.say(r#"[36,201,3,{"retained":true}]"#).await;
    for _ in 0..3 {
        assert!(news.recv().await.is_some());
    }
    for _ in 0..2 {
        drop(router);
        router = place.welcome().await;
        router.expect(r#"[32,1,{},"com.news"]"#).await;
        router.say("[33,1,9]").await;
        tokio::time::sleep(SECOND).await;
    }
    let Some(Delivery::Cut(cut)) = news.next_delivery().await else { panic!("no cut") };
    assert_eq!((cut.last().map(|id| id.get()), cut.sessions(), news.cuts()), (Some(8), 2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_the_router_refuses_ends_with_its_reason_and_the_rest_goes_on() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let refused = register(&client, &mut router, "com.refused", 1).await;
    let kept = register(&client, &mut router, "com.kept", 2).await;
    let mut gone = subscribe(&client, &mut router, "com.gone", 3).await;
    let mut heard = subscribe(&client, &mut router, "com.heard", 4).await;
    drop(router);
    let mut router = place.welcome().await;
    for _ in 0..2 {
        router.hear().await;
    }
    router.say(r#"[8,64,1,{},"wamp.error.not_authorized",["no"]]"#).await;
    router.say("[65,2,12]").await;
    for _ in 0..2 {
        router.hear().await;
    }
    router.say(r#"[8,32,3,{},"wamp.error.not_authorized",["no"]]"#).await;
    router.say("[33,4,14]").await;
    let Ended::Refused(error) = refused.ended().await else { panic!("not refused") };
    assert_eq!((error.uri(), error.message()), ("wamp.error.not_authorized", Some("no")));
    assert!(gone.recv().await.is_none());
    assert!(matches!(gone.ended(), Some(Ended::Refused(_))));
    router.say("[36,14,1,{}]").await;
    assert!(heard.recv().await.is_some());
    assert!(kept.ended().now_or_never().is_none());
    // What has ended is not asked for again.
    drop(router);
    let mut router = place.welcome().await;
    router.expect(r#"[64,1,{},"com.kept"]"#).await;
    router.say("[65,1,12]").await;
    router.expect(r#"[32,2,{},"com.heard"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn a_procedure_that_the_session_before_still_has_is_registered_when_that_is_gone() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let (first, second) = (
        register(&client, &mut router, "com.first", 1).await,
        register(&client, &mut router, "com.second", 2).await,
    );
    drop(router);
    let mut router = place.welcome().await;
    for request in 1..=2 {
        router.hear().await;
        router.say(&format!(r#"[8,64,{request},{{}},"wamp.error.procedure_already_exists"]"#)).await;
    }
    let begun = tokio::time::Instant::now();
    router.expect(r#"[64,3,{},"com.first"]"#).await;
    assert_eq!(begun.elapsed(), 2 * SECOND);
    router.expect(r#"[64,4,{},"com.second"]"#).await;
    router.say("[65,3,11]").await;
    router.say(r#"[8,64,4,{},"wamp.error.procedure_already_exists"]"#).await;
    let mut request = 5;
    while let Ok(Some(again)) = tokio::time::timeout(5 * SECOND, router.hear()).await {
        assert_eq!(again, format!(r#"[64,{request},{{}},"com.second"]"#));
        router.say(&format!(r#"[8,64,{request},{{}},"wamp.error.procedure_already_exists"]"#)).await;
        request += 1;
    }
    assert!((60 * SECOND..70 * SECOND).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert!(matches!(second.ended().await, Ended::Refused(_)));
    assert_eq!(first.id().get(), 11);
    assert!(first.ended().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn what_was_dropped_or_taken_away_is_not_made_again() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let revoked = register(&client, &mut router, "com.revoked", 1).await;
    let dropped = register(&client, &mut router, "com.dropped", 2).await;
    let late = register(&client, &mut router, "com.late", 3).await;
    let gone = subscribe(&client, &mut router, "com.gone", 4).await;
    let late_gone = subscribe(&client, &mut router, "com.late_gone", 5).await;
    router.say(r#"[67,0,{"registration":101,"reason":"wamp.registration.revoke"}]"#).await;
    assert!(matches!(revoked.ended().await, Ended::Revoked { reason: Some(_) }));
    cut(router, &client).await;
    drop((dropped, gone));
    let mut router = place.welcome().await;
    router.expect(r#"[64,1,{},"com.late"]"#).await;
    drop(late);
    router.say("[65,1,11]").await;
    router.expect("[66,2,11]").await;
    router.say("[67,2]").await;
    router.expect(r#"[32,3,{},"com.late_gone"]"#).await;
    drop(late_gone);
    router.say("[33,3,12]").await;
    router.expect("[34,4,12]").await;
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_what_is_made_again_is_left() {
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let kept = register(&client, &mut router, "com.kept", 1).await;
    drop(router);
    let mut silent = place.welcome().await;
    silent.expect(r#"[64,1,{},"com.kept"]"#).await;
    let begun = tokio::time::Instant::now();
    let mut router = place.welcome().await;
    assert!(begun.elapsed() >= 10 * SECOND);
    assert_eq!(silent.hear().await, None);
    router.expect(r#"[64,1,{},"com.kept"]"#).await;
    router.say("[65,1,11]").await;
    assert!(kept.ended().now_or_never().is_none());
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_served_at_a_cut_are_stopped() {
    struct Tells(tokio::sync::mpsc::UnboundedSender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (mut place, mut router, client) = connected(Reconnect::new()).await;
    let (sender, mut stopped) = tokio::sync::mpsc::unbounded_channel();
    let never = move || {
        let tells = Tells(sender.clone());
        async move {
            std::future::pending::<()>().await;
            drop(tells);
        }
    };
    let registering = tokio::spawn(client.register("com.p", never).into_future());
    router.expect(r#"[64,1,{},"com.p"]"#).await;
    router.say("[65,1,7]").await;
    let _registration = registering.await.unwrap().unwrap();
    router.say("[68,1,7,{}]").await;
    tokio::task::yield_now().await;
    drop(router);
    stopped.recv().await.unwrap();
    let mut router = place.welcome().await;
    router.expect(r#"[64,1,{},"com.p"]"#).await;
}

#[tokio::test(start_paused = true)]
async fn renewed_registrations_are_taken_over_where_that_is_asked_for() {
    for (reconnect, options) in
        [(Reconnect::new(), "{}"), (Reconnect::new().force_reregister(), r#"{"force_reregister":true}"#)]
    {
        let (mut place, mut router, client) = connected(reconnect).await;
        let registering = tokio::spawn(client.register("com.p", || async {}).into_future());
        router.expect(r#"[64,1,{},"com.p"]"#).await;
        router.say("[65,1,100]").await;
        let _registration = registering.await.unwrap().unwrap();
        drop(router);
        let mut router = place.welcome().await;
        router.expect(&format!(r#"[64,1,{options},"com.p"]"#)).await;
    }
}
