//! Subscriptions that go on from where they were: what they have missed, or why nobody knows it.

use serverwamp::client::Client;
use serverwamp::{
    Actions, Application, Delivery, GapReason, HistoryPosition, Realm, RoleRules, Serializer, TopicSettings,
    prefix,
};
use std::time::Duration;

/// A realm that keeps so many events of `com.t`, and of all below `com.all.`.
fn realm(events: usize) -> Realm {
    Realm::router("realm1")
        .allow_anonymous("guest")
        .topic_settings("com.t", TopicSettings::new().history(events))
        .topic_settings(prefix("com.all."), TopicSettings::new().history(events))
}

fn application(realm: Realm) -> Application {
    Application::builder().realm(realm).build().unwrap()
}

async fn publish(client: &Client, numbers: impl IntoIterator<Item = u64>) {
    for number in numbers {
        client.publish("com.t", number).await.unwrap();
    }
}

#[track_caller]
fn number(delivered: Option<Delivery>) -> u64 {
    let Some(Delivery::Event(event)) = delivered else { panic!("{delivered:?}") };
    event.bind().unwrap()
}

#[track_caller]
fn recovered(delivered: Option<Delivery>) -> Vec<u64> {
    let Some(Delivery::Recovered(events)) = delivered else { panic!("{delivered:?}") };
    events.iter().map(|event| event.bind().unwrap()).collect()
}

#[track_caller]
fn gap(delivered: Option<Delivery>) -> GapReason {
    let Some(Delivery::Gap(gap)) = delivered else { panic!("{delivered:?}") };
    gap.reason().clone()
}

/// The position of a subscriber of `com.t` that has taken `1`.
async fn stored(app: &Application) -> HistoryPosition {
    let (subscriber, publisher) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let mut events = subscriber.subscribe("com.t").recover().await.unwrap();
    publish(&publisher, [1]).await;
    assert_eq!(number(events.next_delivery().await), 1);
    let position = events.position().unwrap();
    // As a program that ends would store it.
    position.to_string().parse().unwrap()
}

#[tokio::test]
async fn a_program_that_starts_again_gets_what_it_has_missed_and_then_live_events() {
    for serializer in [Serializer::Json, Serializer::MessagePack, Serializer::Cbor] {
        let app = application(realm(100));
        let position = stored(&app).await;
        let client = app.join("realm1").serializer(serializer).await.unwrap();
        let publisher = app.join("realm1").await.unwrap();
        publish(&publisher, 2..=4).await;
        let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
        publish(&publisher, [5]).await;
        assert_eq!(recovered(events.next_delivery().await), [2, 3, 4]);
        assert_eq!(number(events.next_delivery().await), 5);
        // Nothing was missed since.
        let position = events.position().unwrap();
        let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
        assert_eq!(recovered(events.next_delivery().await), [0; 0]);
        publish(&publisher, [6]).await;
        assert_eq!(number(events.next_delivery().await), 6);
    }
}

#[tokio::test]
async fn a_subscription_that_has_just_begun_has_missed_nothing_and_has_a_position() {
    let app = application(realm(100));
    let (client, publisher) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let mut before = client.subscribe("com.t").recover().await.unwrap();
    let beginning = before.position().unwrap();
    assert_eq!(beginning.publication(), None);
    publish(&publisher, [1, 2]).await;
    let mut events = client.subscribe("com.t").recover().await.unwrap();
    let position = events.position().unwrap();
    assert_eq!((position.epoch(), position.publication().is_some()), (beginning.epoch(), true));
    publish(&publisher, [3]).await;
    assert_eq!(number(events.next_delivery().await), 3);
    for expected in 1..=3 {
        assert_eq!(number(before.next_delivery().await), expected);
    }
    // From the beginning of the history on.
    let mut all = client.subscribe("com.t").recover_from(beginning).await.unwrap();
    assert_eq!(recovered(all.next_delivery().await), [1, 2, 3]);
    let mut all = client.subscribe("com.t").recover_from(position).await.unwrap();
    assert_eq!(recovered(all.next_delivery().await), [3]);
    assert!(client.subscribe("com.t").await.unwrap().position().is_none(), "it did not ask for it");
}

#[tokio::test]
async fn a_pattern_has_a_history_of_its_own() {
    let app = application(realm(100));
    let client = app.join("realm1").await.unwrap();
    let publisher = app.join("realm1").await.unwrap();
    let position = client.subscribe(prefix("com.all.")).recover().await.unwrap().position().unwrap();
    for topic in ["com.all.a", "com.all.b"] {
        publisher.publish(topic, topic).await.unwrap();
    }
    let mut events = client.subscribe(prefix("com.all.")).recover_from(position.clone()).await.unwrap();
    let Some(Delivery::Recovered(missed)) = events.next_delivery().await else { panic!("not recovered") };
    assert_eq!(missed.iter().map(|event| event.topic()).collect::<Vec<_>>(), ["com.all.a", "com.all.b"]);
    let mut other = client.subscribe("com.t").recover_from(position).await.unwrap();
    assert!(matches!(gap(other.next_delivery().await), GapReason::NewHistory));
}

#[tokio::test]
async fn each_reason_why_nobody_knows_what_was_missed_has_its_name() {
    let app = application(realm(3));
    let position = stored(&app).await;
    let publisher = app.join("realm1").await.unwrap();
    publish(&publisher, 2..=4).await;
    let first = |app: Application, topic: &'static str| {
        let position = position.clone();
        async move {
            let client = app.join("realm1").await.unwrap();
            let mut events = client.subscribe(topic).recover_from(position).await.unwrap();
            let reason = gap(events.next_delivery().await);
            // Live events come all the same.
            app.join("realm1").await.unwrap().publish(topic, 77).await.unwrap();
            assert_eq!(number(events.next_delivery().await), 77);
            (reason, events.position().is_some())
        }
    };
    assert!(matches!(first(app.clone(), "com.t").await, (GapReason::Forgotten, true)), "4 is kept, 1 is not");
    assert!(matches!(first(app.clone(), "com.other").await, (GapReason::NoHistory, false)));
    // The router was restarted.
    assert!(matches!(first(application(realm(3)), "com.t").await, (GapReason::NewHistory, true)));
    let no_api = Realm::new("realm1")
        .allow_anonymous("guest")
        .allow_publish()
        .topic_settings("com.t", TopicSettings::new().history(3));
    assert!(matches!(first(application(no_api), "com.t").await, (GapReason::NoMetaApi, false)));
    let guests = |role: RoleRules| role.allow(Actions::PUBLISH | Actions::SUBSCRIBE, prefix("com."));
    let denied = realm(3).role("guest", guests);
    assert!(matches!(first(application(denied), "com.t").await, (GapReason::NotAuthorized, false)));
}

#[tokio::test]
async fn a_subscription_that_cannot_recover_says_so_before_its_first_event() {
    let client = application(realm(3)).join("realm1").await.unwrap();
    let mut events = client.subscribe("com.other").recover().await.unwrap();
    assert!(matches!(gap(events.next_delivery().await), GapReason::NoHistory));
    assert_eq!(events.position(), None);
}

#[tokio::test]
async fn events_that_are_excluded_from_the_history_are_missed_and_those_for_others_are_not() {
    let app = application(realm(100));
    let publisher = app.join("realm1").await.unwrap();
    let position = stored(&app).await;
    let session = publisher.session_id().unwrap();
    publisher.publication("com.t").eligible([session]).send(2).await.unwrap();
    publisher.publication("com.t").exclude_authroles(["guest"]).send(3).await.unwrap();
    publish(&publisher, [4]).await;
    let client = app.join("realm1").await.unwrap();
    let mut events = client.subscribe("com.t").recover_from(position.clone()).await.unwrap();
    assert_eq!(recovered(events.next_delivery().await), [4]);
    publisher.publication("com.t").exclude(session).send(5).await.unwrap();
    let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
    assert!(matches!(gap(events.next_delivery().await), GapReason::Forgotten));
}

#[tokio::test]
async fn an_event_for_this_subscriber_alone_does_not_spoil_its_position() {
    let app = application(realm(100));
    let (client, publisher) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let mut events = client.subscribe("com.t").recover().await.unwrap();
    publish(&publisher, [1]).await;
    publisher.publication("com.t").eligible([client.session_id().unwrap()]).send(2).await.unwrap();
    for expected in 1..=2 {
        assert_eq!(number(events.next_delivery().await), expected);
    }
    let position = events.position().unwrap();
    publish(&publisher, [3]).await;
    let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
    assert_eq!(recovered(events.next_delivery().await), [3]);
}

#[tokio::test]
async fn a_history_longer_than_one_answer_is_read_in_pages() {
    let app = application(realm(5000));
    let position = stored(&app).await;
    let publisher = app.join("realm1").await.unwrap();
    publish(&publisher, 2..=1800).await;
    let client = app.join("realm1").await.unwrap();
    let mut events = client.subscribe("com.t").recover_from(position.clone()).await.unwrap();
    assert!(recovered(events.next_delivery().await).into_iter().eq(2..=1800));
    // Long events: an answer of the router has 512 KiB at the most.
    let text = "x".repeat(20_000);
    for number in 0..60_u64 {
        publisher.publish("com.t", (number, &text)).await.unwrap();
    }
    let position = HistoryPosition::behind(position.epoch(), events.recv().await.unwrap().publication());
    drop(events);
    let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
    let Some(Delivery::Recovered(missed)) = events.next_delivery().await else { panic!("not recovered") };
    let numbers: Vec<u64> = missed.iter().map(|event| event.bind::<(u64, String)>().unwrap().0).collect();
    assert_eq!(numbers, (1..60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_are_published_while_pages_are_read_come_once_and_in_order() {
    let app = application(realm(10_000));
    let position = stored(&app).await;
    let publisher = app.join("realm1").await.unwrap();
    publish(&publisher, 2..=2000).await;
    let publishing = tokio::spawn(async move {
        publish(&publisher, 2001..=4000).await;
    });
    let client = app.join("realm1").await.unwrap();
    let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
    let mut all = Vec::new();
    while all.last() != Some(&4000) {
        match tokio::time::timeout(Duration::from_secs(20), events.next_delivery()).await.unwrap() {
            Some(Delivery::Recovered(missed)) => {
                all.extend(missed.iter().map(|event| event.bind::<u64>().unwrap()))
            }
            other => all.push(number(other)),
        }
    }
    publishing.await.unwrap();
    assert!(all.iter().copied().eq(2..=4000), "{} events came", all.len());
    assert_eq!(events.lost(), 0);
}

#[tokio::test]
async fn recovered_events_are_events_for_whoever_asks_for_nothing_else() {
    let app = application(realm(100));
    let position = stored(&app).await;
    let publisher = app.join("realm1").await.unwrap();
    publish(&publisher, 2..=3).await;
    let client = app.join("realm1").await.unwrap();
    let mut events = client.subscribe("com.t").recover_from(position).await.unwrap();
    publish(&publisher, 4..=4).await;
    let mut taken = Vec::new();
    for _ in 2..=4 {
        taken.push(events.recv().await.unwrap().bind::<u64>().unwrap());
    }
    assert_eq!(taken, [2, 3, 4]);
}
