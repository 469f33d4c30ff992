//! Routes, calls of all of them, and what their caller gets: the same wherever they are served. The rows are those of the table in
//! docs/client.md.

use futures_util::{Stream, stream};
use serde::Deserialize;
use serverwamp::client::Client;
use serverwamp::extract::{
    Arg, Args, CallInput, Caller, Canceled, Captures, Kwargs, Params, Procedure, State,
};
use serverwamp::layer::{Next, from_fn, trace};
use serverwamp::reply::{CallReply, Step, ToArguments};
use serverwamp::request::Invocation;
use serverwamp::{
    CallResult, CancelMode, Dict, PassthruPayload, Payload, Progress, Progressive, RouteSet, Serializer,
    Value, WampError, prefix, wildcard,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tower::timeout::TimeoutLayer;

#[derive(Clone, Default)]
pub(crate) struct Shared {
    calls: Arc<AtomicU32>,
    pub(crate) undone: Arc<Notify>,
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

pub(crate) async fn sum(mut input: CallInput) -> Result<i64, WampError> {
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

async fn search() -> Progressive<impl Stream<Item = Step<u32, &'static str>>> {
    Progressive::new(stream::iter([Step::Progress(1), Step::Progress(2), Step::Final("found")]))
}

fn plain() -> RouteSet<Shared> {
    RouteSet::new()
        .procedure("com.params", |Params(Add { a, b }): Params<Add>| async move { a + b })
        .procedure("com.args", |Args((a, b)): Args<(i64, String)>| async move { Args((b, a)) })
        .procedure("com.kwargs", |Kwargs(all): Kwargs<BTreeMap<String, i64>>| async move { Kwargs(all) })
        .procedure("com.payload", whole)
        .procedure("com.packed", |packed: PassthruPayload| async move { packed })
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

pub(crate) fn routes() -> RouteSet<Shared> {
    plain().merge(lasting()).merge(layered())
}

pub(crate) type Answered = Result<(Vec<Value>, Dict), (String, Vec<Value>, Dict)>;

pub(crate) fn answered(results: Result<CallResult, WampError>) -> Answered {
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

/// The time for an answer that a router may owe for ever.
const PATIENCE: Duration = Duration::from_secs(5);

/// A row of the table: what is called, and what its caller gets, progressive results first.
pub(crate) async fn rows(caller: &Client) -> Vec<(&'static str, Vec<Answered>)> {
    let mut rows = Vec::new();
    let call = |uri: &'static str, arguments: Payload| async move {
        let results: Result<CallResult, WampError> = caller.call(uri, arguments).timeout(PATIENCE).await;
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
    let inputs = async {
        let mut sum = caller.call("com.sum", 1).timeout(PATIENCE).with_inputs();
        sum.send(2).await?;
        sum.finish(3).await?.finish().await
    };
    rows.push(("com.sum, inputs", vec![answered(inputs.await)]));
    let refused = async {
        let mut refused = caller.call("com.nothing", 1).with_inputs();
        assert!(refused.next().await.is_none());
        refused.finish(2).await?.finish().await
    };
    rows.push(("com.nothing, inputs", vec![answered(refused.await)]));
    let disclosed = caller.call("com.caller", ()).disclose_me().timeout(PATIENCE).await;
    rows.push(("com.caller, disclosed", vec![answered(disclosed)]));
    let late = caller.call("com.never", ()).timeout(Duration::from_millis(20)).await;
    rows.push(("com.never", vec![answered(late)]));
    for (name, mode) in [
        ("com.wind_up, kill", CancelMode::Kill),
        ("com.wind_up, killnowait", CancelMode::KillNoWait),
        ("com.wind_up, skip", CancelMode::Skip),
    ] {
        let results = caller.call("com.wind_up", ()).timeout(PATIENCE).progressive();
        results.cancel(mode);
        rows.push((name, vec![answered(results.finish().await)]));
    }
    for uri in ["com.count", "com.search"] {
        let mut results = caller.call(uri, 3).timeout(PATIENCE).progressive();
        let mut steps = Vec::new();
        while let Some(step) = results.next().await {
            steps.push(answered(Ok(step)));
        }
        steps.push(answered(results.finish().await));
        rows.push((uri, steps));
    }
    rows.extend(packed_rows(caller).await);
    rows
}

async fn packed_rows(caller: &Client) -> Vec<(&'static str, Vec<Answered>)> {
    let mut rows = Vec::new();
    let packed = || PassthruPayload::new("x_ours", *b"abc").with_keyid("2026");
    for (name, uri) in [("com.packed", "com.packed"), ("com.nothing, packed", "com.nothing")] {
        let results: Result<CallResult, WampError> = caller.call(uri, packed()).timeout(PATIENCE).await;
        let keyid = |results: &CallResult| {
            results.passthru().ok().flatten().and_then(|packed| packed.keyid().map(str::to_owned))
        };
        let keyid = results.as_ref().ok().and_then(keyid).map(Value::from);
        rows.push((name, vec![answered(results), Ok((keyid.into_iter().collect(), Dict::new()))]));
    }
    rows.push(("com.packed, plain", vec![answered(caller.call("com.packed", 1).await)]));
    rows
}

pub(crate) fn payload<M>(arguments: impl ToArguments<M>) -> Payload {
    arguments.to_arguments(Serializer::MessagePack).unwrap()
}
