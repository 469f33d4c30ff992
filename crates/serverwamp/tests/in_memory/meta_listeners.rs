//! The events of the meta API before many listeners: all of them, in order, with room for others between.

use crate::peer::Peer;
use serde_json::{Value, json};
use serverwamp::{Application, Realm, RouteSet};

const LISTENERS: usize = 500;

/// The number of registrations and of subscriptions that are made.
const ROUNDS: u64 = 10;

async fn listener(app: &Application) -> Peer {
    let mut peer = Peer::join(app, "realm1").await;
    for (request, topics) in [(1, "wamp.registration."), (2, "wamp.subscription.")] {
        let subscribed = peer.ask(&format!(r#"[32,{request},{{"match":"prefix"}},"{topics}"]"#)).await;
        assert!(subscribed.starts_with("[33,"), "{subscribed}");
    }
    peer
}

/// The topic and the positional arguments of the next `wanted` events.
async fn events(peer: &mut Peer, wanted: u64) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    for _ in 0..wanted {
        let event: Value = serde_json::from_str(&peer.hear().await).unwrap();
        assert_eq!(event[0], 36, "{event}");
        events.push((event[3]["topic"].as_str().unwrap().to_owned(), event[4].clone()));
    }
    events
}

#[tokio::test]
async fn five_hundred_listeners_get_all_meta_events_in_order_and_a_neighbour_is_answered_between() {
    let routes = RouteSet::new().procedure("com.neighbour", async || "served");
    let realm = Realm::router("realm1").allow_anonymous("guest").routes(routes);
    let app = Application::builder().realm(realm).build().unwrap();
    let mut listeners = Vec::new();
    for _ in 0..LISTENERS {
        listeners.push(listener(&app).await);
    }
    let mut neighbour = Peer::join(&app, "realm1").await;
    let mut worker = Peer::join(&app, "realm1").await;
    for round in 0..ROUNDS {
        let (register, subscribe) = (2 * round + 1, 2 * round + 2);
        worker.say(&format!(r#"[64,{register},{{}},"com.procedure.{round}"]"#)).await;
        worker.say(&format!(r#"[32,{subscribe},{{}},"com.topic.{round}"]"#)).await;
        let answer = neighbour.call("com.neighbour", "").await;
        assert!(answer.starts_with("[50,") && answer.contains("served"), "{answer}");
    }
    // What each request makes known: that there is something new, and that the worker is in it.
    let mut expected = Vec::new();
    let mut session = Value::Null;
    let told = events(&mut listeners[0], 4 * ROUNDS).await;
    for round in 0..ROUNDS {
        for (kind, code, joined) in
            [("registration", 65, "on_register"), ("subscription", 33, "on_subscribe")]
        {
            let answer: Value = serde_json::from_str(&worker.hear().await).unwrap();
            assert_eq!(answer[0], code, "{answer}");
            let created = &told[expected.len()].1;
            if session.is_null() {
                session = created[0].clone();
            }
            let name = if code == 65 { "procedure" } else { "topic" };
            assert_eq!(created[1]["uri"], format!("com.{name}.{round}"), "{created}");
            assert_eq!(created[1]["id"], answer[2]);
            let details = created[1].clone();
            expected.push((format!("wamp.{kind}.on_create"), json!([session, details])));
            expected.push((format!("wamp.{kind}.{joined}"), json!([session, answer[2]])));
        }
    }
    assert_eq!(told, expected);
    for (number, listener) in listeners.iter_mut().enumerate().skip(1) {
        assert_eq!(events(listener, 4 * ROUNDS).await, expected, "listener {number}");
    }
    // All that the worker leaves behind is told as well, and to all in the same order.
    worker.say(r#"[6,{},"wamp.close.normal"]"#).await;
    let left = events(&mut listeners[0], 4 * ROUNDS).await;
    for (ended, made) in [("on_unregister", "on_register"), ("on_unsubscribe", "on_subscribe")] {
        let of = |events: &[(String, Value)], name: &str| {
            let told = events.iter().filter(|(topic, _)| topic.ends_with(name));
            let mut ids: Vec<_> = told.map(|(_, args)| args[1].as_u64().unwrap()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(of(&left, ended), of(&expected, made), "{ended}");
    }
    let answer = neighbour.call("com.neighbour", "").await;
    assert!(answer.starts_with("[50,"), "{answer}");
    for (number, listener) in listeners.iter_mut().enumerate().skip(1) {
        assert_eq!(events(listener, 4 * ROUNDS).await, left, "listener {number}");
    }
}
