//! The same routes, served by an application, and by a client behind our router: a caller cannot tell. The rows are those of the
//! table in docs/client.md.

use crate::same_routes::{Shared, routes, rows, sum};
use serverwamp::auth::Principal;
use serverwamp::client::{Client, Invoke, ServeRoutesError};
use serverwamp::extract::{Arg, Args, Identity};
use serverwamp::layer::limit_calls;
use serverwamp::{
    Application, Dict, ProcedureSettings, Realm, RealmHandle, RealmPeer, RouteSet, Session, Value, WampError,
    regex,
};
use std::future::IntoFuture;
use std::time::Duration;

/// Two realms for callers: one whose application serves the routes, one behind whose router a client does.
fn application() -> Application {
    let realm = |name: &str| {
        Realm::router(name)
            .allow_anonymous("guest")
            .procedure_settings("com.caller", ProcedureSettings::new().trustlevel(3))
            .procedure_settings("com.caller.always", ProcedureSettings::new().disclose_caller())
    };
    let served = realm("application").routes(routes());
    Application::builder().realm(served).realm(realm("router")).with_state(Shared::default()).build().unwrap()
}

async fn joe(app: &Application, realm: &str) -> Client {
    app.join(realm).as_principal(Principal::new("joe").role("member")).await.unwrap()
}

#[tokio::test]
async fn a_caller_cannot_tell_whether_an_application_or_a_client_serves_a_route() {
    let app = application();
    let worker = app.join("router").await.unwrap();
    let served = worker.serve(routes()).with_state(Shared::default()).await.unwrap();
    let own = rows(&joe(&app, "application").await).await;
    let behind = rows(&joe(&app, "router").await).await;
    assert_eq!(own.len(), behind.len());
    for (own, behind) in own.iter().zip(&behind) {
        assert_eq!(own, behind, "{}", own.0);
    }
    let value = |uri: &str| own.iter().find(|row| row.0 == uri).map(|row| row.1[0].clone()).unwrap();
    assert_eq!(value("com.params"), Ok((vec![Value::from(5)], Dict::new())));
    assert_eq!(value("com.unavailable").unwrap_err().0, "wamp.error.no_available_callee");
    assert_eq!(value("com.slow").unwrap_err().0, "wamp.error.timeout");
    assert_eq!(value("com.layered").unwrap_err().0, "com.error.layered");
    assert_eq!(value("com.sum, inputs"), Ok((vec![Value::from(6)], Dict::new())));
    assert_eq!(value("com.nothing, inputs").unwrap_err().0, "wamp.error.feature_not_supported");
    assert_eq!(value("com.wind_up, kill"), Ok((vec![Value::from("wound up")], Dict::new())));
    assert_eq!(value("com.missing").unwrap_err().0, "wamp.error.no_such_procedure");
    let strangers = vec![Value::from(false), Value::Null, Value::Null, Value::from(3)];
    assert_eq!(value("com.caller").unwrap().0, strangers);
    let joe = vec![Value::from(true), Value::from("joe"), Value::from("member"), Value::from(3)];
    assert_eq!(value("com.caller, disclosed").unwrap().0, joe);
    drop(served);
}

#[tokio::test]
async fn a_call_that_its_caller_takes_back_winds_up_wherever_it_is_served() {
    let app = application();
    let shared = Shared::default();
    let worker = app.join("router").await.unwrap();
    let _served = worker.serve(routes()).with_state(shared.clone()).await.unwrap();
    let caller = joe(&app, "router").await;
    let call = tokio::spawn(caller.call::<(), _>("com.wind_up", ()).into_future());
    caller.call::<(), _>("com.nothing", ()).await.unwrap();
    call.abort();
    shared.undone.notified().await;
}

#[tokio::test]
async fn what_a_client_cannot_serve_is_named_with_its_line_before_anything_is_registered() {
    async fn whoami(_: Session) {}
    let app = application();
    let worker = app.join("router").await.unwrap();
    let routes = RouteSet::<()>::new()
        .procedure("com.fine", || async {})
        .procedure("com.whoami", whoami)
        .procedure("com.realm", |_: RealmHandle, _: Identity<u32>| async {})
        .procedure(regex("com[.].*"), || async {})
        .procedure("com.admin", || async {})
        .require_role("admin")
        .topic("com.topic", || async {});
    let Err(ServeRoutesError::Routes(error)) = worker.serve(routes).await else { panic!("it is refused") };
    let problems: Vec<String> = error.problems().collect();
    let expected = [
        ("\"com.whoami\"", "its handler takes `Session`"),
        ("\"com.realm\"", "its handler takes `RealmHandle`"),
        ("regex(\"com[.].*\")", "not regular expressions"),
        ("\"com.admin\"", "for some roles alone"),
        ("\"com.topic\"", "the router decides who may subscribe"),
    ];
    for (route, why) in expected {
        let told = problems
            .iter()
            .any(|text| text.contains("client_routes.rs:") && text.contains(route) && text.contains(why));
        assert!(told, "{route}: {why} in {problems:#?}");
    }
    let caller = joe(&app, "router").await;
    let error = caller.call::<(), _>("com.fine", ()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn an_application_sends_a_client_several_inputs() {
    let app = application();
    let worker = app.join("router").await.unwrap();
    let _sum = worker.register("com.summed", sum).await.unwrap();
    let realm = app.realm("router").unwrap();
    let mut inputs = realm.call("com.summed", 1).with_inputs();
    inputs.send(2).await.unwrap();
    let results = inputs.finish(3).await.unwrap();
    assert_eq!(results.finish().await.unwrap().get::<i64>().unwrap(), 6);
}

#[tokio::test]
async fn a_registration_lasts_until_it_is_dropped_or_taken_away() {
    let app = application();
    let worker = app.join("router").await.unwrap();
    let caller = joe(&app, "router").await;
    let registration = worker.register("com.one", || async { 1 }).await.unwrap();
    assert_eq!(caller.call::<i64, _>("com.one", ()).await.unwrap(), 1);
    let taken = worker.register("com.one", || async { 2 }).await.unwrap_err();
    assert_eq!(taken.uri(), "wamp.error.procedure_already_exists");
    drop(registration);
    let again = worker.register("com.one", || async { 2 }).await.unwrap();
    assert_eq!(caller.call::<i64, _>("com.one", ()).await.unwrap(), 2);
    worker.leave().await;
    again.ended().await;
}

#[tokio::test]
async fn one_of_several_callees_is_chosen_by_the_policy_they_share() {
    let app = application();
    let (one, two) = (app.join("router").await.unwrap(), app.join("router").await.unwrap());
    let _one = one.register("com.shared", || async { 1 }).invoke(Invoke::RoundRobin).await.unwrap();
    let _two = two.register("com.shared", || async { 2 }).invoke(Invoke::RoundRobin).await.unwrap();
    let caller = joe(&app, "router").await;
    let mut chosen = Vec::new();
    for _ in 0..4 {
        chosen.push(caller.call::<i64, _>("com.shared", ()).await.unwrap());
    }
    chosen.sort_unstable();
    assert_eq!(chosen, [1, 1, 2, 2]);
}

#[tokio::test]
async fn a_layer_that_limits_calls_counts_those_of_undisclosed_callers_together() {
    let app = application();
    let worker = app.join("router").await.unwrap();
    let routes: RouteSet = RouteSet::new()
        .procedure("com.few", || async { "yes" })
        .layer(limit_calls(1, Duration::from_secs(60)));
    let _served = worker.serve(routes).await.unwrap();
    let (joe, jane) = (joe(&app, "router").await, app.join("router").await.unwrap());
    joe.call::<String, _>("com.few", ()).await.unwrap();
    let error = jane.call::<String, _>("com.few", ()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.no_available_callee");
}

/// Written once: it works for an application and for a client.
async fn relay(Arg(text): Arg<String>, realm: RealmPeer) -> Result<Args<(String, String)>, WampError> {
    let mut heard = realm.subscribe("com.relay.heard").await?;
    let echo = realm.register("com.relay.echo", |Arg(text): Arg<String>| async move { text }).await?;
    realm.publish("com.relay", (text.as_str(), realm.name())).await?;
    let event = heard.recv().await.ok_or_else(|| WampError::canceled("nobody answers"))?;
    let answer: String = realm.call("com.relay.answer", &text).await?;
    drop(echo);
    Ok(Args((event.bind::<String>()?, answer)))
}

#[tokio::test]
async fn a_handler_does_in_its_realm_what_it_does_elsewhere() {
    let routes = || RouteSet::<()>::new().procedure("com.relayed", relay);
    let realm = |name: &str| Realm::router(name).allow_anonymous("guest");
    let app = Application::builder().realm(realm("application").routes(routes())).realm(realm("router"));
    let app = app.build().unwrap();
    let worker = app.join("router").await.unwrap();
    let _served = worker.serve(routes()).await.unwrap();
    for name in ["application", "router"] {
        let caller = app.join(name).await.unwrap();
        let _answer = caller
            .register("com.relay.answer", |Arg(text): Arg<String>| async move { text + "!" })
            .await
            .unwrap();
        let mut relayed = caller.subscribe("com.relay").await.unwrap();
        let call = tokio::spawn(caller.call::<(String, String), _>("com.relayed", "hello").into_future());
        let (text, realm): (String, String) = relayed.recv().await.unwrap().bind().unwrap();
        assert_eq!((&*text, &*realm), ("hello", name));
        assert_eq!(caller.call::<String, _>("com.relay.echo", "echo").await.unwrap(), "echo");
        caller.publish("com.relay.heard", "heard").await.unwrap();
        assert_eq!(call.await.unwrap().unwrap(), ("heard".to_owned(), "hello!".to_owned()));
    }
    let peers: [RealmPeer; 2] = [app.realm("application").unwrap().into(), worker.clone().into()];
    assert_eq!(peers.map(|peer| peer.name().to_owned()), ["application", "router"]);
}
