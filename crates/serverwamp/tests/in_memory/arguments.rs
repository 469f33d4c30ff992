//! What is sent of the values that a program gives to events and calls, and of those that handlers return.

use super::peer::Peer;
use futures_util::stream;
use serde::Serialize;
use serverwamp::extract::{Arg, Args, Kwargs};
use serverwamp::reply::ToArguments;
use serverwamp::{Application, Events, Realm, RealmHandle, RouteSet, Session, Subscription, Value};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

#[derive(Clone, Serialize)]
struct Point {
    x: i64,
    y: i64,
}

#[derive(Serialize)]
struct Pair(i64, i64);

fn map() -> BTreeMap<&'static str, i64> {
    BTreeMap::from([("a", 1), ("b", 2)])
}

fn application(routes: RouteSet) -> Application {
    Application::builder()
        .realm(Realm::router("realm1").allow_anonymous("guest").routes(routes))
        .build()
        .unwrap()
}

/// Publishes, and requires these arguments, written as the end of an EVENT.
async fn is_published<M>(
    realm: &RealmHandle,
    peer: &mut Peer,
    arguments: impl ToArguments<M>,
    expected: &str,
) {
    realm.publish("com.topic", arguments).unwrap();
    assert_eq!(peer.event().await, expected);
}

#[tokio::test]
async fn a_tuple_or_an_array_is_the_positional_arguments_of_an_event() {
    let app = application(RouteSet::new());
    let realm = app.realm("realm1").unwrap();
    let peer = &mut Peer::join(&app, "realm1").await;
    peer.subscribe("com.topic").await;

    is_published(&realm, peer, ("came", "joe"), r#"{},["came","joe"]]"#).await;
    is_published(&realm, peer, &("came", String::from("joe")), r#"{},["came","joe"]]"#).await;
    is_published(&realm, peer, Some(("came", 1)), r#"{},["came",1]]"#).await;
    is_published(&realm, peer, ("came",), r#"{},["came"]]"#).await;
    is_published(&realm, peer, [1, 2, 3], "{},[1,2,3]]").await;
    is_published(&realm, peer, ((1, 2), vec![3], map()), r#"{},[[1,2],[3],{"a":1,"b":2}]]"#).await;
    is_published(&realm, peer, (), "{}]").await;
    is_published(&realm, peer, None::<(i64, i64)>, "{}]").await;
}

#[tokio::test]
async fn everything_else_is_one_argument_of_an_event() {
    let app = application(RouteSet::new());
    let realm = app.realm("realm1").unwrap();
    let peer = &mut Peer::join(&app, "realm1").await;
    peer.subscribe("com.topic").await;

    is_published(&realm, peer, "came", r#"{},["came"]]"#).await;
    is_published(&realm, peer, vec![1, 2], "{},[[1,2]]]").await;
    is_published(&realm, peer, &[1, 2][..], "{},[[1,2]]]").await;
    is_published(&realm, peer, Value::from(vec![1, 2]), "{},[[1,2]]]").await;
    is_published(&realm, peer, map(), r#"{},[{"a":1,"b":2}]]"#).await;
    is_published(&realm, peer, Point { x: 1, y: 2 }, r#"{},[{"x":1,"y":2}]]"#).await;
    is_published(&realm, peer, Pair(1, 2), "{},[[1,2]]]").await;
    // Its four octets are a tuple to serializers that are not for people.
    is_published(&realm, peer, Ipv4Addr::LOCALHOST, r#"{},["127.0.0.1"]]"#).await;
    is_published(&realm, peer, Arg((1, 2)), "{},[[1,2]]]").await;
}

#[tokio::test]
async fn args_and_kwargs_say_what_is_positional_and_what_is_not() {
    let app = application(RouteSet::new());
    let realm = app.realm("realm1").unwrap();
    let peer = &mut Peer::join(&app, "realm1").await;
    peer.subscribe("com.topic").await;

    is_published(&realm, peer, Args((1, 2)), "{},[1,2]]").await;
    is_published(&realm, peer, Args(vec![1, 2]), "{},[1,2]]").await;
    is_published(&realm, peer, Kwargs(map()), r#"{},[],{"a":1,"b":2}]"#).await;
    is_published(&realm, peer, (Args((1,)), Kwargs(Point { x: 1, y: 2 })), r#"{},[1],{"x":1,"y":2}]"#).await;
}

async fn subscribed(subscription: serverwamp::PendingSubscription) -> Result<(), serverwamp::WampError> {
    let subscription: Subscription = subscription.accept().await;
    subscription.send(("sent", 1)).await?;
    subscription.send_on("com.lived", ("sent on", 2)).await
}

async fn to_me(session: Session) -> Result<usize, serverwamp::WampError> {
    session.send_event("com.topic", ("to", "you"))
}

#[tokio::test]
async fn a_tuple_is_the_positional_arguments_wherever_an_event_is_sent() {
    let routes = RouteSet::new()
        .topic("com.streamed", || async { Events(stream::iter([("item", 1)])) })
        .topic("com.lived", subscribed)
        .procedure("com.to_me", to_me);
    let app = application(routes);
    let peer = &mut Peer::join(&app, "realm1").await;

    peer.subscribe("com.streamed").await;
    assert_eq!(peer.event().await, r#"{},["item",1]]"#);
    peer.subscribe("com.lived").await;
    assert_eq!(peer.event().await, r#"{},["sent",1]]"#);
    assert_eq!(peer.event().await, r#"{},["sent on",2]]"#);
    peer.subscribe("com.topic").await;
    let event = peer.call("com.to_me", "").await;
    assert!(event.ends_with(r#",{},["to","you"]]"#), "{event}");
    assert_eq!(peer.hear().await, "[50,4,{},[1]]");
    let realm = app.realm("realm1").unwrap();
    realm.publication("com.topic").eligible_authroles(["guest"]).send(("narrowed", 3)).unwrap();
    assert_eq!(peer.event().await, r#"{},["narrowed",3]]"#);
}

#[tokio::test]
async fn a_tuple_is_the_positional_arguments_of_a_call() {
    let app = application(RouteSet::new());
    let realm = app.realm("realm1").unwrap();
    let peer = &mut Peer::join(&app, "realm1").await;
    let registered = peer.ask(r#"[64,1,{},"com.client"]"#).await;
    assert!(registered.starts_with("[65,1,"), "{registered}");

    let cases = [
        (realm.call::<i64, _>("com.client", (1, "two")), r#"[1,"two"]"#),
        (realm.call("com.client", vec![1, 2]), "[[1,2]]"),
    ];
    for (call, expected) in cases {
        let call = tokio::spawn(call.into_future());
        let invocation = peer.hear().await;
        assert!(invocation.ends_with(&format!(",{{}},{expected}]")), "{invocation}");
        let id = invocation.split(',').nth(1).unwrap();
        peer.say(&format!("[70,{id},{{}},[5]]")).await;
        assert_eq!(call.await.unwrap().unwrap(), 5);
    }
}

#[tokio::test]
async fn what_a_handler_returns_is_one_value() {
    let routes = RouteSet::new()
        .procedure("com.map", || async { map() })
        .procedure("com.keywords", || async { Kwargs(map()) })
        .procedure("com.tuple", || async { (7, 2) })
        .procedure("com.array", || async { [7, 2] })
        .procedure("com.results", || async { Args((7, 2)) });
    let app = application(routes);
    let peer = &mut Peer::join(&app, "realm1").await;

    assert_eq!(peer.call("com.map", "").await, r#"[50,1,{},[{"a":1,"b":2}]]"#);
    assert_eq!(peer.call("com.keywords", "").await, r#"[50,2,{},[],{"a":1,"b":2}]"#);
    assert_eq!(peer.call("com.tuple", "").await, "[50,3,{},[[7,2]]]");
    assert_eq!(peer.call("com.array", "").await, "[50,4,{},[[7,2]]]");
    assert_eq!(peer.call("com.results", "").await, "[50,5,{},[7,2]]");
}
