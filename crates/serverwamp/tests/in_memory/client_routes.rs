//! The same routes, served by an application, and by a client behind our router: a caller cannot tell. The rows are those of the
//! table in docs/client.md.

use futures_util::stream;
use serde::Deserialize;
use serverwamp::auth::Principal;
use serverwamp::client::{Client, Invoke, ServeRoutesError};
use serverwamp::extract::{
    Arg, Args, CallInput, Caller, Canceled, Captures, Identity, Kwargs, Params, Procedure, State,
};
use serverwamp::layer::{Next, from_fn, limit_calls, trace};
use serverwamp::reply::{CallReply, Step, ToArguments};
use serverwamp::request::Invocation;
use serverwamp::{
    Application, CallResult, CancelMode, Dict, Payload, ProcedureSettings, Progress, Progressive, Realm,
    RealmHandle, RealmPeer, RouteSet, Serializer, Session, Value, WampError, prefix, regex, wildcard,
};
use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tower::timeout::TimeoutLayer;

#[derive(Clone, Default)]
struct Shared {
    calls: Arc<AtomicU32>,
    undone: Arc<Notify>,
}

#[derive(Deserialize)]
struct Add {
    a: i64,
    #[serde(default)]
    b: i64,
}

async fn wind_up(State(shared): State<Shared>, canceled: Canceled) -> Result<&'static str, WampError> {
    canceled.canceled().await;
    shared.undone.notify_one();
    Ok("wound up")
}

async fn describe(caller: Caller) -> Args<(bool, Option<String>, Option<String>, Option<u64>)> {
    let (authid, role) = (caller.authid().map(str::to_owned), caller.authrole().map(str::to_owned));
    Args((caller.session().is_some(), authid, role, caller.trustlevel()))
}

async fn count(Arg(most): Arg<u32>, progress: Progress) -> Result<&'static str, WampError> {
    for number in 0..most {
        progress.send(number).await?;
    }
    Ok("done")
}

async fn sum(mut input: CallInput) -> Result<i64, WampError> {
    let mut sum = 0;
    while let Some(numbers) = input.next().await {
        sum += numbers.bind::<i64>()?;
    }
    Ok(sum)
}

async fn whole(payload: Payload) -> Result<Payload, WampError> {
    Ok(payload)
}

async fn translate(invocation: Invocation, next: Next) -> CallReply {
    let reply = next.run(invocation).await;
    match reply.as_error() {
        Some(_) => WampError::new("com.error.layered").into(),
        None => reply,
    }
}

async fn search() -> Progressive<impl futures_core::Stream<Item = Step<u32, &'static str>>> {
    Progressive::new(stream::iter([Step::Progress(1), Step::Progress(2), Step::Final("found")]))
}

fn plain() -> RouteSet<Shared> {
    RouteSet::new()
        .procedure("com.params", |Params(Add { a, b }): Params<Add>| async move { a + b })
        .procedure("com.args", |Args((a, b)): Args<(i64, String)>| async move { Args((b, a)) })
        .procedure("com.kwargs", |Kwargs(all): Kwargs<BTreeMap<String, i64>>| async move { Kwargs(all) })
        .procedure("com.payload", whole)
        .procedure("com.nothing", || async {})
        .procedure("com.optional", |who: Option<Arg<String>>| async move { who.map(|Arg(who)| who) })
        .procedure("com.state", |State(shared): State<Shared>| async move {
            shared.calls.fetch_add(1, Ordering::Relaxed)
        })
        .procedure("com.error", || async {
            Err::<(), _>(WampError::new("com.error.x").arg("why").kwarg("n", 7))
        })
        .procedure("com.panic", || async { panic!("on purpose") as u32 })
        .procedure("com.unavailable", || async { Err::<(), _>(WampError::unavailable("busy")) })
        .procedure(prefix("com.docs."), |Procedure(uri): Procedure, Captures(rest): Captures| async move {
            Args((uri.to_string(), rest))
        })
        .procedure(wildcard("com..title"), |Captures(parts): Captures| async move { parts })
        .procedure("com.caller", describe)
        .procedure("com.caller.always", describe)
}

fn lasting() -> RouteSet<Shared> {
    RouteSet::new()
        .procedure("com.count", count)
        .procedure("com.search", search)
        .procedure("com.sum", sum)
        .procedure("com.wind_up", wind_up)
        .procedure("com.never", || async { std::future::pending::<()>().await })
        .procedure("com.later", || async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            "later"
        })
}

fn layered() -> RouteSet<Shared> {
    RouteSet::new()
        .procedure("com.layered", || async { Err::<(), _>(WampError::new("com.error.below")) })
        .layer(from_fn(translate))
        .procedure("com.slow", || async { std::future::pending::<()>().await })
        .layer(TimeoutLayer::new(Duration::from_millis(20)))
        .procedure("com.traced", || async { "traced" })
        .layer(trace())
}

fn routes() -> RouteSet<Shared> {
    plain().merge(lasting()).merge(layered())
}

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

type Answered = Result<(Vec<Value>, Dict), (String, Vec<Value>, Dict)>;

fn answered(results: Result<CallResult, WampError>) -> Answered {
    match results {
        Ok(results) => {
            let payload = results.payload();
            let positional = Payload { kwargs: Default::default(), ..payload.clone() };
            let keywords = Payload { args: Default::default(), ..payload.clone() };
            Ok((positional.args().unwrap(), keywords.kwargs().unwrap()))
        }
        // Each panic has an id of its own.
        Err(error) if error.message().is_some_and(|text| text.starts_with("internal error, id ")) => {
            Err((error.uri().to_owned(), Vec::new(), Dict::new()))
        }
        Err(error) => Err((error.uri().to_owned(), error.args().to_vec(), error.keyword_args().clone())),
    }
}

/// A row of the table: what is called, and what its caller gets, progressive results first.
async fn rows(caller: &Client) -> Vec<(&'static str, Vec<Answered>)> {
    let mut rows = Vec::new();
    let call = |uri: &'static str, arguments: Payload| async move {
        let results: Result<CallResult, WampError> = caller.call(uri, arguments).await;
        (uri, vec![answered(results)])
    };
    for (uri, arguments) in [
        ("com.params", payload((2, 3))),
        ("com.params", payload(Kwargs(BTreeMap::from([("a", 4)])))),
        ("com.params", payload("no number")),
        ("com.args", payload((1, "x"))),
        ("com.args", payload(1)),
        ("com.kwargs", payload(Kwargs(BTreeMap::from([("x", 1), ("y", 2)])))),
        ("com.payload", payload((Args((1, "two")), Kwargs(BTreeMap::from([("x", [1, 2])]))))),
        ("com.nothing", payload(())),
        ("com.optional", payload(())),
        ("com.optional", payload("me")),
        ("com.state", payload(())),
        ("com.state", payload(())),
        ("com.error", payload(())),
        ("com.unavailable", payload(())),
        ("com.panic", payload(())),
        ("com.docs.a.b", payload(())),
        ("com.books.title", payload(())),
        ("com.caller", payload(())),
        ("com.caller.always", payload(())),
        ("com.later", payload(())),
        ("com.sum", payload(5)),
        ("com.count", payload(2)),
        ("com.slow", payload(())),
        ("com.layered", payload(())),
        ("com.traced", payload(())),
        ("com.missing", payload(())),
    ] {
        rows.push(call(uri, arguments).await);
    }
    let mut sum = caller.call("com.sum", 1).with_inputs();
    sum.send(2).await.unwrap();
    let results = sum.finish(3).await.unwrap();
    rows.push(("com.sum of inputs", vec![answered(results.finish().await)]));
    let mut refused = caller.call("com.nothing", 1).with_inputs();
    assert!(refused.next().await.is_none());
    rows.push(("com.nothing of inputs", vec![answered(refused.finish(2).await.unwrap().finish().await)]));
    let disclosed = caller.call("com.caller", ()).disclose_me().await;
    rows.push(("com.caller disclosed", vec![answered(disclosed)]));
    let late = caller.call("com.never", ()).timeout(Duration::from_millis(20)).await;
    rows.push(("com.never", vec![answered(late)]));
    for mode in [CancelMode::Kill, CancelMode::KillNoWait, CancelMode::Skip] {
        let results = caller.call("com.wind_up", ()).progressive();
        results.cancel(mode);
        rows.push(("com.wind_up", vec![answered(results.finish().await)]));
    }
    for uri in ["com.count", "com.search"] {
        let mut results = caller.call(uri, 3).progressive();
        let mut steps = Vec::new();
        while let Some(step) = results.next().await {
            steps.push(answered(Ok(step)));
        }
        steps.push(answered(results.finish().await));
        rows.push((uri, steps));
    }
    rows
}

fn payload<M>(arguments: impl ToArguments<M>) -> Payload {
    arguments.to_arguments(Serializer::MessagePack).unwrap()
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
    assert_eq!(value("com.sum of inputs"), Ok((vec![Value::from(6)], Dict::new())));
    assert_eq!(value("com.nothing of inputs").unwrap_err().0, "wamp.error.feature_not_supported");
    assert_eq!(value("com.wind_up"), Ok((vec![Value::from("wound up")], Dict::new())));
    assert_eq!(value("com.missing").unwrap_err().0, "wamp.error.no_such_procedure");
    let strangers = vec![Value::from(false), Value::Null, Value::Null, Value::from(3)];
    assert_eq!(value("com.caller").unwrap().0, strangers);
    let joe = vec![Value::from(true), Value::from("joe"), Value::from("member"), Value::from(3)];
    assert_eq!(value("com.caller disclosed").unwrap().0, joe);
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
