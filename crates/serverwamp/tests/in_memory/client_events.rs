//! Handlers of events: of clients, of the application, of either.

use serverwamp::client::Client;
use serverwamp::extract::{Arg, Args, Captures, Kwargs, State, Topic};
use serverwamp::{
    Application, PassthruPayload, Realm, RealmPeer, ReceivedEvent, WampError, prefix, regex, wildcard,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, Semaphore};

type Notes = UnboundedSender<String>;

fn application() -> Application {
    let realm = Realm::<()>::router("realm1").allow_anonymous("guest");
    Application::builder().realm(realm).build().unwrap()
}

async fn two(app: &Application) -> (Client, Client) {
    (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap())
}

async fn note(State(notes): State<Notes>, Topic(topic): Topic, Args((n, text)): Args<(i64, String)>) {
    notes.send(format!("{topic} {n} {text}")).unwrap();
}

async fn noted(notes: &mut UnboundedReceiver<String>, expected: &[&str]) {
    for expected in expected {
        assert_eq!(notes.recv().await.as_deref(), Some(*expected));
    }
}

#[tokio::test]
async fn a_handler_takes_events_as_procedures_take_calls() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    let (state, mut notes) = unbounded_channel();
    let handled = subscriber.subscribe_with(prefix("news."), note).with_state(state.clone()).await.unwrap();
    let all =
        move |Captures(parts): Captures, Kwargs(map): Kwargs<BTreeMap<String, i64>>, event: ReceivedEvent| {
            let state = state.clone();
            async move {
                let disclosed = event.publisher().is_some();
                state
                    .send(format!("{parts:?} {map:?} {disclosed}"))
                    .map_err(|_| WampError::canceled("nobody reads"))
            }
        };
    let _other = subscriber.subscribe_with(wildcard("values..last"), all).await.unwrap();
    publisher.publish("news.today", (1, "rain")).await.unwrap();
    publisher.publish("news.yesterday", (2, "snow")).await.unwrap();
    let map = Kwargs(BTreeMap::from([("x", 7)]));
    publisher.publication("values.a.last").disclose_me().send(map).await.unwrap();
    noted(&mut notes, &["news.today 1 rain", "news.yesterday 2 snow", "[\"a\"] {\"x\": 7} true"]).await;
    assert_eq!(handled.lost(), 0);
}

#[tokio::test]
async fn what_a_handler_cannot_take_ends_nothing_but_its_own_run() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    let (notes, mut heard) = unbounded_channel();
    let handler = move |Arg(n): Arg<i64>| {
        let notes: Notes = notes.clone();
        async move {
            assert!(n != 1, "on purpose");
            if n == 2 {
                return Err(WampError::new("com.error.two"));
            }
            notes.send(n.to_string()).unwrap();
            Ok(())
        }
    };
    let _handled = subscriber.subscribe_with("com.topic", handler).await.unwrap();
    for n in 0..4 {
        publisher.publish("com.topic", n).await.unwrap();
    }
    publisher.publish("com.topic", "no number").await.unwrap();
    publisher.publish("com.topic", 5).await.unwrap();
    noted(&mut heard, &["0", "3", "5"]).await;
}

#[tokio::test]
async fn events_are_handled_one_after_the_other_and_one_that_runs_goes_on_to_its_end() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    let (running, gate) = (Arc::new(AtomicU32::new(0)), Arc::new(Semaphore::new(0)));
    let (begun, finished) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let handler = {
        let (running, gate, begun, finished) =
            (running.clone(), gate.clone(), begun.clone(), finished.clone());
        move || {
            let (running, gate, begun, finished) =
                (running.clone(), gate.clone(), begun.clone(), finished.clone());
            async move {
                assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two events are handled at once");
                begun.notify_one();
                gate.acquire().await.unwrap().forget();
                running.fetch_sub(1, Ordering::SeqCst);
                finished.notify_one();
            }
        }
    };
    let handled = subscriber.subscribe_with("com.topic", handler).await.unwrap();
    for n in 0..3 {
        publisher.publish("com.topic", n).await.unwrap();
    }
    for _ in 0..2 {
        begun.notified().await;
        gate.add_permits(1);
        finished.notified().await;
    }
    begun.notified().await;
    drop(handled);
    // The subscription is over while its handler still runs.
    let list = || publisher.call::<u64, _>("wamp.subscription.lookup", "com.topic");
    while list().await.is_ok() {
        tokio::task::yield_now().await;
    }
    gate.add_permits(5);
    finished.notified().await;
    assert_eq!((running.load(Ordering::SeqCst), gate.available_permits()), (0, 4));
}

#[tokio::test]
async fn a_handled_subscription_ends_with_its_session_after_the_last_event() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    let late = Arc::new(AtomicBool::new(false));
    let handler = {
        let late = Arc::clone(&late);
        move || {
            let late = Arc::clone(&late);
            async move {
                tokio::task::yield_now().await;
                late.store(true, Ordering::SeqCst);
            }
        }
    };
    let handled = subscriber.subscribe_with("com.topic", handler).await.unwrap();
    let mut told = subscriber.subscribe("com.topic").await.unwrap();
    publisher.publish("com.topic", ()).await.unwrap();
    told.recv().await.unwrap();
    subscriber.leave().await;
    handled.ended().await;
    assert!(late.load(Ordering::SeqCst));
}

#[tokio::test]
async fn retained_and_packed_events_are_handled_and_regular_expressions_refused() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    publisher.publication("com.kept").retain().send("before").await.unwrap();
    let (notes, mut heard) = unbounded_channel::<String>();
    let handler = {
        let notes = notes.clone();
        move |event: ReceivedEvent, packed: Option<PassthruPayload>| {
            let notes = notes.clone();
            async move {
                let scheme = packed.map(|packed| packed.scheme().to_owned());
                notes.send(format!("{} {scheme:?}", event.is_retained())).unwrap();
            }
        }
    };
    let _handled = subscriber.subscribe_with("com.kept", handler.clone()).get_retained().await.unwrap();
    publisher.publish("com.kept", PassthruPayload::new("x_ours", *b"abc")).await.unwrap();
    noted(&mut heard, &["true None", "false Some(\"x_ours\")"]).await;
    let refused = subscriber.subscribe_with(regex("com[.].*"), handler).await.unwrap_err();
    assert_eq!(refused.uri(), "wamp.error.invalid_uri");
}

#[tokio::test]
async fn the_application_and_handlers_of_either_handle_events_likewise() {
    let app = application();
    let (subscriber, publisher) = two(&app).await;
    let (notes, mut heard) = unbounded_channel::<String>();
    let relay = |name: &'static str| {
        let notes = notes.clone();
        move |Arg(text): Arg<String>, realm: RealmPeer, Topic(topic): Topic| {
            let notes = notes.clone();
            async move {
                realm.publish(format!("relayed.{name}"), (&*topic, &*text)).await?;
                notes.send(format!("{name} {topic} {text}")).unwrap();
                Ok::<_, WampError>(())
            }
        }
    };
    let mut relayed = publisher.subscribe(prefix("relayed.")).await.unwrap();
    let realm = app.realm("realm1").unwrap();
    for (name, peer) in [("own", RealmPeer::from(realm.clone())), ("client", subscriber.clone().into())] {
        let handled = peer.subscribe_with("com.topic", relay(name)).await.unwrap();
        publisher.publish("com.topic", "x").await.unwrap();
        let event = relayed.recv().await.unwrap();
        assert_eq!(event.topic(), format!("relayed.{name}"));
        assert_eq!(event.bind::<(String, String)>().unwrap(), ("com.topic".into(), "x".into()));
        noted(&mut heard, &[&format!("{name} com.topic x")]).await;
        drop(handled);
    }
    let handled = realm.subscribe_with("com.topic", relay("handle")).unwrap();
    publisher.publish("com.topic", "y").await.unwrap();
    noted(&mut heard, &["handle com.topic y"]).await;
    drop(handled);
}
