//! Handlers with nothing wrong about them, under `#[debug_handler]`: it must neither refuse nor change them.
#![cfg(feature = "macros")]

use futures_core::Stream;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use serverwamp::auth::{self, AuthExchange, AuthId, CraCredential, HelloDetails, Principal, Ticket};
use serverwamp::client::Client;
use serverwamp::extract::{Arg, Args, Canceled, Captures, FromRef, Kwargs, Params, Procedure, State, Topic};
use serverwamp::request::{Question, Verdict};
use serverwamp::{
    Application, Events, HandledSubscription, Hold, PendingSession, PendingSubscription, Progress,
    Progressive, Realm, RealmHandle, ReceivedEvent, RouteSet, Serializer, Session, TransportInfo, WampError,
    debug_handler,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

#[derive(Clone)]
struct Db;

#[derive(Clone)]
struct Cache;

#[derive(Clone)]
struct AppState;

impl FromRef<AppState> for Db {
    fn from_ref(_: &AppState) -> Self {
        Self
    }
}

impl FromRef<AppState> for Cache {
    fn from_ref(_: &AppState) -> Self {
        Self
    }
}

#[derive(Deserialize)]
struct Find {
    name: String,
}

#[derive(Serialize)]
struct User {
    name: String,
}

#[debug_handler(state = AppState)]
async fn find(
    Params(find): Params<Find>,
    State(_): State<Db>,
    State(_): State<Cache>,
) -> Result<User, WampError> {
    Ok(User { name: find.name })
}

/// Its error is sent by serde, which is allowed.
#[debug_handler(procedure)]
pub async fn add(Args((a, b)): Args<(i64, i64)>, _: Option<Canceled>) -> Result<i64, String> {
    a.checked_add(b).ok_or_else(|| "too large".to_owned())
}

#[debug_handler]
async fn both(kwargs: Result<Kwargs<Find>, WampError>) -> Result<(Args<(i64,)>, Kwargs<User>), WampError> {
    Ok((Args((1,)), Kwargs(User { name: kwargs?.0.name })))
}

#[debug_handler]
async fn count(mut _progress: Progress) -> Progressive<impl Stream<Item = u32>> {
    Progressive::new(stream::iter(0..10))
}

#[debug_handler]
async fn count_or_fail() -> Result<Progressive<impl Stream<Item = Result<u32, WampError>>>, WampError> {
    Ok(Progressive::new(stream::iter((0..10).map(Ok))))
}

#[debug_handler]
fn boxed(Procedure(uri): Procedure) -> Pin<Box<dyn Future<Output = String> + Send>> {
    Box::pin(async move { uri.to_string() })
}

#[debug_handler]
fn not_async_but_a_future(Arg(n): Arg<u8>) -> impl Future<Output = Result<u8, WampError>> + Send {
    std::future::ready(Ok(n))
}

#[rustfmt::skip]
#[expect(clippy::too_many_arguments, reason = "it has as many as a handler can have")]
#[debug_handler]
async fn twelve(
    _: Session, _: Session, _: Session, _: Session, _: Session, _: Session,
    _: Session, _: Session, _: Session, _: Session, _: Session, _: Session,
) -> &'static str {
    "twelve"
}

#[cfg(any())]
#[debug_handler]
async fn left_out(_: NoSuchType) {}

#[debug_handler]
#[cfg(any())]
async fn left_out_as_well(_: NoSuchType) {}

#[debug_handler(topic, state = AppState)]
async fn changes(
    Topic(_): Topic,
    _: Captures,
    _: PendingSubscription,
    _: State<Db>,
) -> Result<(), WampError> {
    Ok(())
}

#[debug_handler(topic)]
async fn ticks() -> Events<impl Stream<Item = u64>> {
    Events(stream::iter(0..10))
}

#[debug_handler(topic)]
async fn watched() -> Result<Hold<Arc<()>>, WampError> {
    Ok(Hold(Arc::new(())))
}

#[debug_handler(on_connect)]
async fn connected(_: PendingSession) {}

#[debug_handler(state = AppState, on_join)]
async fn joined(_: RealmHandle, _: Arc<TransportInfo>, _: State<Cache>) -> Result<Hold<u8>, WampError> {
    Ok(Hold(1))
}

#[debug_handler(auth::transport)]
async fn by_cookie(transport: Arc<TransportInfo>) -> Option<Principal> {
    transport.cookie("sid").map(Principal::new)
}

#[debug_handler(auth::ticket)]
async fn by_ticket(AuthId(id): AuthId, _: Ticket, _: HelloDetails) -> Result<Option<Principal>, WampError> {
    Ok(Some(Principal::new(id)))
}

#[debug_handler(auth::cra)]
async fn by_signature(_: AuthId) -> Option<CraCredential> {
    None
}

#[debug_handler(auth::custom)]
async fn by_dialogue(_: AuthExchange) -> Result<Principal, WampError> {
    Err(WampError::authentication_denied("authentication denied"))
}

#[debug_handler(state = AppState, authorizer)]
async fn authorize(_: Question, _: Session, _: State<Cache>) -> Result<Verdict, WampError> {
    Ok(Verdict::deny())
}

#[debug_handler(authorizer)]
async fn authorize_briefly(question: Question) -> bool {
    question.uri() == "com.open"
}

#[debug_handler(event, state = AppState)]
async fn heard(Topic(_): Topic, _: Args<(i64,)>, _: ReceivedEvent, _: State<Db>) -> Result<(), WampError> {
    Ok(())
}

async fn listen(client: Client) -> Result<HandledSubscription, WampError> {
    client.subscribe_with("demo.ticks", heard).with_state(AppState).await
}

#[test]
fn handlers_of_every_kind_are_what_they_were() {
    let routes = RouteSet::new()
        .procedure("users.find", find)
        .procedure("math.both", both)
        .procedure("demo.count", count)
        .procedure("demo.count_or_fail", count_or_fail)
        .procedure("demo.boxed", boxed)
        .procedure("demo.future", not_async_but_a_future)
        .procedure("demo.twelve", twelve)
        .topic("docs.changes", changes)
        .topic("demo.ticks", ticks)
        .topic("docs.watched", watched);
    let realm = Realm::new("realm1")
        .routes(routes)
        .on_connect(connected)
        .on_join(joined)
        .authenticator(auth::transport("cookie", by_cookie))
        .authenticator(auth::ticket(by_ticket))
        .authenticator(auth::cra(by_signature))
        .authenticator(auth::custom("dialogue", by_dialogue))
        .authorizer(authorize)
        .role_authorizer("staff", authorize_briefly);
    Application::builder().realm(realm).with_state(AppState).build().unwrap();
    let _listening = listen;
}

#[tokio::test]
async fn a_checked_handler_answers() {
    #[debug_handler]
    async fn inside_a_function() -> i64 {
        42
    }
    let routes = RouteSet::new().procedure("math.add", add).procedure("test.answer", inside_a_function);
    let app = Application::builder()
        .realm(Realm::new("realm1").allow_anonymous("guest").routes(routes))
        .build()
        .unwrap();
    let mut peer = app.connect(Serializer::Json);
    peer.send(r#"[1,"realm1",{"roles":{"caller":{}}}]"#).await.unwrap();
    peer.receive().await.unwrap();
    peer.send(r#"[48,1,{},"math.add",[2,3]]"#).await.unwrap();
    assert_eq!(peer.receive().await.unwrap(), "[50,1,{},[5]]");
    peer.send(r#"[48,2,{},"test.answer"]"#).await.unwrap();
    assert_eq!(peer.receive().await.unwrap(), "[50,2,{},[42]]");
}
