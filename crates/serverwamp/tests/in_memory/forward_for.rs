//! On whose behalf calls are made and events published: said and read by clients and by the application.

use serverwamp::client::Client;
use serverwamp::extract::Caller;
use serverwamp::{
    Application, Delivery, Forwarder, Realm, ReceivedEvent, Refusal, RouteSet, SessionId, Subscriber,
    TopicSettings, WampError,
};

fn application(realm: Realm) -> Application {
    Application::builder().realm(realm.allow_anonymous("guest")).build().unwrap()
}

fn two() -> [Forwarder; 2] {
    let session = |number| SessionId::new(number).unwrap();
    [Forwarder::new(session(7), "joe", "user"), Forwarder::new(session(8), "b", "link")]
}

async fn who(caller: Caller) -> String {
    let one = |one: &Forwarder| format!("{}/{}/{}", one.session(), one.authid(), one.authrole());
    caller.forward_for().iter().map(one).collect::<Vec<_>>().join(" ")
}

async fn next(events: &mut Subscriber) -> ReceivedEvent {
    events.recv().await.unwrap()
}

#[tokio::test]
async fn a_handler_of_the_application_reads_it_of_the_call_that_has_it() {
    let app = application(Realm::router("realm1").routes(RouteSet::new().procedure("app.who", who)));
    let client = app.join("realm1").await.unwrap();
    for _ in 0..2 {
        let said: String = client.call("app.who", ()).forward_for(two()).await.unwrap();
        assert_eq!(said, "7/joe/user 8/b/link");
        let said: String = client.call("app.who", ()).await.unwrap();
        assert_eq!(said, "", "the state of a call is used again");
    }
}

#[tokio::test]
async fn a_client_reads_what_another_or_the_application_says() {
    let app = application(Realm::router("realm1"));
    let (callee, caller) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let _registration = callee.register("com.who", who).await.unwrap();
    let realm = app.realm("realm1").unwrap();
    let said: String = caller.call("com.who", ()).forward_for(two()).await.unwrap();
    assert_eq!(said, "7/joe/user 8/b/link");
    let said: String = realm.call("com.who", ()).forward_for(two()).await.unwrap();
    assert_eq!(said, "7/joe/user 8/b/link");
    let said: String = caller.call("com.who", ()).await.unwrap();
    assert_eq!(said, "");
    events(&caller, &mut callee.subscribe("com.news").await.unwrap()).await;
    events(&caller, &mut realm.subscribe("com.news").unwrap()).await;
    let mut heard = callee.subscribe("com.own").await.unwrap();
    realm.publication("com.own").forward_for(two()).send(1).unwrap();
    assert_eq!(next(&mut heard).await.forward_for(), two());
}

async fn events(publisher: &Client, heard: &mut Subscriber) {
    publisher.publication("com.news").forward_for(two()).send(1).await.unwrap();
    assert_eq!(next(heard).await.forward_for(), two());
    publisher.publication("com.news").forward_for(two()).send_unacknowledged(1).await.unwrap();
    assert_eq!(next(heard).await.forward_for(), two());
    publisher.publish("com.news", 1).await.unwrap();
    assert!(next(heard).await.forward_for().is_empty());
}

#[tokio::test]
async fn too_much_of_it_is_refused() {
    let app = application(Realm::router("realm1").routes(RouteSet::new().procedure("app.who", who)));
    let client = app.join("realm1").await.unwrap();
    let many = || (0..17).map(|_| two()[0].clone());
    let error: WampError = client.call::<String, _>("app.who", ()).forward_for(many()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.invalid_argument");
    let error = client.publication("com.news").forward_for(many()).send(1).await.unwrap_err();
    assert!(error.message().unwrap().contains("17 entries"), "{error}");
    assert_eq!(app.statistics().refused(Refusal::ForwardFor), 2);
}

#[tokio::test]
async fn what_was_missed_has_it_too() {
    let realm = Realm::router("realm1").topic_settings("com.news", TopicSettings::new().history(8));
    let app = application(realm);
    let (reader, publisher) = (app.join("realm1").await.unwrap(), app.join("realm1").await.unwrap());
    let mut first = reader.subscribe("com.news").recover().await.unwrap();
    publisher.publish("com.news", 1).await.unwrap();
    next(&mut first).await;
    let position = first.position().unwrap();
    drop(first);
    publisher.publication("com.news").forward_for(two()).send(2).await.unwrap();
    let mut again = reader.subscribe("com.news").recover_from(position).await.unwrap();
    let Some(Delivery::Recovered(events)) = again.next_delivery().await else { panic!("it was missed") };
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].forward_for(), two());
}
