//! The Rust of docs/from-python-serverwamp.md: every block there stands here, and here it is compiled and served.

use serde::{Deserialize, Serialize};
use serverwamp::auth::{self, AuthExchange, Principal, Ticket};
use serverwamp::extract::{Arg, Args, Extension, Kwargs, Params, State};
use serverwamp::reply::CallReply;
use serverwamp::request::Invocation;
use serverwamp::{
    Application, ConfigError, PendingSession, PendingSubscription, Progress, Realm, RouteSet, Session,
    TransportInfo, WampError,
};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn realms() -> [Realm<Metrics>; 3] {
    let guests = Realm::new("guests").allow_anonymous("guest").routes(registration_api());
    let customers = Realm::new("customers")
        .authenticator(auth::transport("cookie", customer_cookie))
        .on_join(count_session)
        .routes(account_api());
    let admins = Realm::new("admins").authenticator(auth::ticket(admin_token)).routes(admin_api());
    [guests, customers, admins]
}

/// `None`: the next authenticator is asked, and after the last one the peer gets ABORT.
async fn customer_cookie(transport: Arc<TransportInfo>) -> Option<Principal> {
    (transport.cookie("customer")? == "7")
        .then(|| Principal::new("customer-7").identity(Customer { number: 7 }))
}

async fn admin_token(Ticket(ticket): Ticket) -> Option<Principal> {
    ticket.matches("a long secret").then(|| Principal::new("root").role("admin"))
}

fn default_realm() -> Realm<Metrics> {
    Realm::new("anything.else").allow_anonymous("guest")
}

/// In place of `app.set_default_arg('app_metrics', ...)`: state is found by its type.
#[derive(Clone, Default)]
struct Metrics {
    active_sessions: Arc<AtomicI64>,
}

async fn count_session(pending: PendingSession, State(metrics): State<Metrics>) {
    let session = pending.accept().await; // WELCOME is sent
    metrics.active_sessions.fetch_add(1, Ordering::Relaxed);
    session.closed().await; // GOODBYE, or a connection that is lost
    metrics.active_sessions.fetch_sub(1, Ordering::Relaxed);
}

#[derive(Clone)]
struct MyName(String);

async fn set_my_name(Arg(name): Arg<String>, session: Session) {
    session.insert(MyName(name)); // one value of each type
}

async fn my_name(Extension(MyName(name)): Extension<MyName>) -> String {
    name
}

async fn two_questions(exchange: AuthExchange) -> Option<Principal> {
    let answer = exchange.challenge([("question", "colour")]).await;
    answer.signature.matches("blue").then(|| Principal::new("arthur"))
}

async fn rpc_handler(call: Invocation) -> Result<CallReply, Infallible> {
    if call.procedure() != "add_stuff" {
        return Ok(call.reply(Err::<(), _>(WampError::new("myapp.custom_error"))).await);
    }
    let total = match call.payload().args::<Vec<f64>>() {
        Ok(numbers) => Ok(numbers.iter().sum::<f64>()),
        Err(_) => Err(WampError::invalid_argument("Numbers only!")),
    };
    Ok(call.reply(total).await)
}

async fn add_stuff(Args(numbers): Args<Vec<f64>>, progress: Progress) -> Result<f64, WampError> {
    let mut total = 0.0;
    for number in numbers {
        total += number;
        progress.send(format!("Added {number}")).await?; // an error when nobody waits any more
    }
    Ok(total)
}

async fn snacks() -> Args<(&'static str, &'static str, &'static str)> {
    Args(("Peanut Butter", "Jelly", "Bread")) // three positional results
}

async fn a_list() -> Vec<&'static str> {
    vec!["Peanut Butter", "Jelly", "Bread"] // one positional result, a list
}

#[derive(Serialize)]
struct Year {
    gregorian: u16,
    zodiac: &'static str,
}

async fn year() -> Kwargs<Year> {
    Kwargs(Year { gregorian: 2020, zodiac: "鼠" }) // keyword results
}

async fn a_map() -> BTreeMap<&'static str, u16> {
    BTreeMap::from([("gregorian", 2020)]) // one positional result, a dictionary
}

#[derive(Deserialize)]
struct Count {
    to: u32,
    #[serde(default)]
    taunt: Option<String>,
}

/// `[5]`, `{"to": 5}` and `[5, "ah ah ah!"]` reach it; `["5"]` is `wamp.error.invalid_argument`.
async fn count(Params(Count { to, taunt }): Params<Count>) -> String {
    (1..=to).map(|number| format!("{number}{} ", taunt.as_deref().unwrap_or_default())).collect()
}

async fn updates(pending: PendingSubscription) -> Result<(), WampError> {
    let subscription = pending.accept().await; // SUBSCRIBED is sent
    subscription.send("welcome").await?; // to this subscriber alone
    subscription.closed().await; // UNSUBSCRIBE, GOODBYE, or a connection that is lost
    Ok(())
}

#[derive(Clone)]
struct Customer {
    number: u32,
}

fn registration_api() -> RouteSet<Metrics> {
    RouteSet::new()
        .procedure("snacks", snacks)
        .procedure("a_list", a_list)
        .procedure("year", year)
        .procedure("a_map", a_map)
        .procedure("count", count)
        .procedure("add_stuff", add_stuff)
        .topic("updates", updates)
}

fn account_api() -> RouteSet<Metrics> {
    RouteSet::new().procedure("set_my_name", set_my_name).procedure("my_name", my_name).procedure(
        "my_number",
        |serverwamp::extract::Identity(customer): serverwamp::extract::Identity<Customer>| async move {
            customer.number
        },
    )
}

fn admin_api() -> RouteSet<Metrics> {
    RouteSet::new().procedure("sessions.active", |State(metrics): State<Metrics>| async move {
        metrics.active_sessions.load(Ordering::Relaxed)
    })
}

/// Everything above, in one application; with the realm for whoever asks for another one, or without it.
pub(crate) fn application(with_default_realm: bool) -> Result<Application, ConfigError> {
    let mut app = Application::builder().runtime(serverwamp::rt::Smol);
    for realm in realms() {
        app = app.realm(realm);
    }
    if with_default_realm {
        app = app.default_realm(default_realm());
    }
    app.realm(Realm::new("questions").authenticator(auth::custom("questions", two_questions)))
        .realm(Realm::new("custom").allow_anonymous("guest").service(tower::service_fn(rpc_handler)))
        .with_state(Metrics::default())
        .build()
}
