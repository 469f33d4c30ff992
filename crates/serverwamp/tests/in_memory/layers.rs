//! Layers around procedures: those made of a function, and those that limit calls.

use super::peer::Peer;
use serverwamp::auth::{self, AuthId, Principal, Ticket};
use serverwamp::layer::{Next, from_fn, limit_calls};
use serverwamp::reply::CallReply;
use serverwamp::request::Invocation;
use serverwamp::{Application, Realm, RouteSet, WampError};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tower::timeout::TimeoutLayer;

struct Locked;

impl From<Locked> for WampError {
    fn from(Locked: Locked) -> Self {
        Self::new("com.error.locked")
    }
}

async fn add_role(ticket: Ticket, AuthId(authid): AuthId) -> Option<Principal> {
    ticket.0.matches("secret").then(|| Principal::new(authid).role("member"))
}

fn serving(realm: Realm) -> Application {
    Application::builder().realm(realm).build().unwrap()
}

async fn unlocked(invocation: Invocation, next: Next) -> Result<CallReply, Locked> {
    if invocation.procedure().ends_with(".locked") {
        return Err(Locked);
    }
    Ok(next.run(invocation).await)
}

#[tokio::test]
async fn a_function_answers_a_call_itself_or_passes_it_on() {
    let reached = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&reached);
    let serve = move || {
        let counted = Arc::clone(&counted);
        async move { counted.fetch_add(1, Ordering::Relaxed) }
    };
    let routes = RouteSet::new().procedure("com.open", serve.clone()).procedure("com.locked", serve);
    let app = serving(Realm::new("realm1").allow_anonymous("guest").routes(routes.layer(from_fn(unlocked))));
    let mut peer = Peer::join(&app, "realm1").await;
    assert_eq!(peer.call("com.locked", "").await, r#"[8,48,1,{},"com.error.locked"]"#);
    assert_eq!(reached.load(Ordering::Relaxed), 0);
    assert_eq!(peer.call("com.open", "").await, "[50,2,{},[0]]");
}

#[tokio::test]
async fn a_function_around_a_realm_sees_what_nobody_serves() {
    let named = from_fn(|invocation: Invocation, next: Next| async move {
        match invocation.procedure() {
            "com.virtual" => invocation.reply("out of nothing").await,
            _ => next.run(invocation).await,
        }
    });
    let app = serving(Realm::new("realm1").allow_anonymous("guest").layer(named));
    let mut peer = Peer::join(&app, "realm1").await;
    assert_eq!(peer.call("com.virtual", "").await, r#"[50,1,{},["out of nothing"]]"#);
    let refused = peer.call("com.missing", "").await;
    assert!(refused.starts_with(r#"[8,48,2,{},"wamp.error.no_such_procedure""#), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_function_sees_what_layers_below_it_answer() {
    let told = from_fn(|invocation: Invocation, next: Next| async move {
        let reply = next.run(invocation).await;
        match reply.as_error() {
            Some(error) => CallReply::error(WampError::new("com.error.told").arg(error.uri())),
            None => reply,
        }
    });
    let never = || async { std::future::pending::<()>().await };
    let routes = RouteSet::new()
        .procedure("com.never", never)
        .layer(TimeoutLayer::new(Duration::from_secs(1)))
        .layer(told);
    let app = serving(Realm::new("realm1").allow_anonymous("guest").routes(routes));
    let mut peer = Peer::join(&app, "realm1").await;
    assert_eq!(peer.call("com.never", "").await, r#"[8,48,1,{},"com.error.told",["wamp.error.timeout"]]"#);
}

#[tokio::test]
async fn functions_stand_in_a_stack_of_tower() {
    let stack = tower::ServiceBuilder::new()
        .layer(from_fn(unlocked))
        .layer(TimeoutLayer::new(Duration::from_secs(60)))
        .layer(from_fn(|invocation, next: Next| async move { next.run(invocation).await }));
    let routes = RouteSet::new().procedure("com.open", || async { 1 }).layer(stack);
    let app = serving(Realm::new("realm1").allow_anonymous("guest").routes(routes));
    let mut peer = Peer::join(&app, "realm1").await;
    assert_eq!(peer.call("com.open", "").await, "[50,1,{},[1]]");
}

/// Calls, and requires a refusal.
async fn is_refused(peer: &mut Peer, procedure: &str, whose: &str) {
    let refused = peer.call(procedure, "").await;
    let text = format!(
        r#""wamp.error.unavailable",["a {whose} may call this 2 times in 60s; the next call may come in "#
    );
    assert!(refused.contains(&text), "{refused}");
}

async fn is_answered(peer: &mut Peer, procedure: &str) {
    let answer = peer.call(procedure, "").await;
    assert!(answer.starts_with("[50,"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn each_session_may_call_so_often_whatever_others_do() {
    let limit = limit_calls(2, Duration::from_secs(60));
    let serve = || async {};
    let limited =
        RouteSet::new().procedure("com.one", serve).procedure("com.two", serve).layer(limit.clone());
    let elsewhere = RouteSet::new().procedure("com.three", serve).layer(limit.clone());
    let free = RouteSet::new().procedure("com.free", serve);
    let routes = limited.merge(elsewhere).merge(free);
    let app = serving(Realm::new("realm1").allow_anonymous("guest").routes(routes));
    let (alice, bob) = (&mut Peer::join(&app, "realm1").await, &mut Peer::join(&app, "realm1").await);

    // All that one layer is put around counts together.
    is_answered(alice, "com.one").await;
    is_answered(alice, "com.two").await;
    is_refused(alice, "com.three", "session").await;
    is_refused(alice, "com.one", "session").await;
    is_answered(alice, "com.free").await;
    is_answered(bob, "com.one").await;
    assert_eq!(limit.refused(), 2);

    tokio::time::advance(Duration::from_secs(31)).await;
    is_answered(alice, "com.one").await;
    is_refused(alice, "com.one", "session").await;
    assert_eq!(limit.refused(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_sessions_of_one_authid_may_call_so_often_together() {
    let limit = limit_calls(2, Duration::from_secs(60)).per_authid();
    let routes = RouteSet::new().procedure("com.one", || async {}).layer(limit);
    let app = serving(Realm::new("realm1").authenticator(auth::ticket(add_role)).routes(routes));
    let (first, second) = (
        &mut Peer::join_as(&app, "realm1", "joe", "secret").await,
        &mut Peer::join_as(&app, "realm1", "joe", "secret").await,
    );
    let other = &mut Peer::join_as(&app, "realm1", "eva", "secret").await;

    is_answered(first, "com.one").await;
    is_answered(second, "com.one").await;
    is_refused(first, "com.one", "authid").await;
    is_refused(second, "com.one", "authid").await;
    is_answered(other, "com.one").await;
}
