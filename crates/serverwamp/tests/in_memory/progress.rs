//! Streams of progress, and how they end.

use super::peer::Peer;
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use serde::Serialize;
use serverwamp::extract::{Arg, Args, Kwargs, State};
use serverwamp::reply::Step;
use serverwamp::{Application, Limits, Progress, Progressive, Realm, RouteSet, WampError};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// How often what is behind the end was asked for.
type Behind = Arc<AtomicU32>;

enum Broken {
    Disk,
}

impl From<Broken> for WampError {
    fn from(Broken::Disk: Broken) -> Self {
        Self::new("com.error.disk").arg("broken")
    }
}

#[derive(Serialize)]
struct Summary {
    rows: u32,
    sum: u32,
}

async fn plain() -> Progressive<impl Stream<Item = u32>> {
    Progressive::new(stream::iter(1..=2))
}

async fn done() -> Progressive<impl Stream<Item = u32>, impl Future<Output = &'static str>> {
    Progressive::new(stream::iter(1..=2)).finish(async { "done" })
}

/// The stream computes on the way what is told in the end.
async fn export(
    Arg(rows): Arg<u32>,
) -> Progressive<
    impl Stream<Item = Args<(u32, &'static str)>>,
    impl Future<Output = Result<Kwargs<Summary>, Broken>>,
> {
    let sum = Arc::new(AtomicU32::new(0));
    let summed = Arc::clone(&sum);
    let items = stream::iter(1..=rows).map(move |row| {
        summed.fetch_add(row, Ordering::Relaxed);
        Args((row, "row"))
    });
    Progressive::new(items).finish(async move {
        match rows {
            0 => Err(Broken::Disk),
            rows => Ok(Kwargs(Summary { rows, sum: sum.load(Ordering::Relaxed) })),
        }
    })
}

async fn search(State(behind): State<Behind>) -> Progressive<impl Stream<Item = Step<u32, &'static str>>> {
    let tried = stream::iter(1..=2).map(Step::Progress);
    let found = tried.chain(stream::iter([Step::Final("found")]));
    Progressive::new(found.chain(stream::once(async move {
        behind.fetch_add(1, Ordering::Relaxed);
        Step::Progress(3)
    })))
}

async fn walk(
    Arg(fails): Arg<bool>,
) -> Progressive<impl Stream<Item = Result<Step<u32, Kwargs<Summary>>, Broken>>, impl Future<Output = u32>> {
    let end = if fails { Err(Broken::Disk) } else { Ok(Step::Final(Kwargs(Summary { rows: 1, sum: 1 }))) };
    let items = stream::iter([Ok(Step::Progress(1)), end]);
    // What the stream says first counts.
    Progressive::new(items).finish(async { unreachable!("the stream has ended the call") })
}

fn application(behind: &Behind) -> Application {
    let routes = RouteSet::new()
        .procedure("com.plain", plain)
        .procedure("com.done", done)
        .procedure("com.export", export)
        .procedure("com.search", search)
        .procedure("com.walk", walk);
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes);
    Application::builder().realm(realm).with_state(Arc::clone(behind)).build().unwrap()
}

/// All answers to a call of a caller that wants progress.
async fn answers(procedure: &str, argument: &str) -> Vec<String> {
    let behind = Behind::default();
    let mut peer = Peer::join(&application(&behind), "realm1").await;
    peer.say(&format!(r#"[48,1,{{"receive_progress":true}},"{procedure}",[{argument}]]"#)).await;
    let mut answers = Vec::new();
    loop {
        let answer = peer.hear().await;
        let is_last = !answer.starts_with(r#"[50,1,{"progress":true}"#);
        answers.push(answer);
        if is_last {
            assert_eq!(behind.load(Ordering::Relaxed), 0, "what is behind the end was asked for");
            return answers;
        }
    }
}

const ONE: &str = r#"[50,1,{"progress":true},[1]]"#;
const TWO: &str = r#"[50,1,{"progress":true},[2]]"#;

#[tokio::test]
async fn a_stream_without_an_end_of_its_own_ends_empty() {
    assert_eq!(answers("com.plain", "").await, [ONE, TWO, "[50,1,{}]"]);
}

#[tokio::test]
async fn a_stream_ends_with_the_output_of_a_future() {
    assert_eq!(answers("com.done", "").await, [ONE, TWO, r#"[50,1,{},["done"]]"#]);
    let rows = [1, 2].map(|row| format!(r#"[50,1,{{"progress":true}},[{row},"row"]]"#));
    let summary = r#"[50,1,{},[],{"rows":2,"sum":3}]"#.to_owned();
    assert_eq!(answers("com.export", "2").await, [&rows[..], &[summary]].concat());
}

#[tokio::test]
async fn the_future_behind_a_stream_may_fail() {
    assert_eq!(answers("com.export", "0").await, [r#"[8,48,1,{},"com.error.disk",["broken"]]"#]);
}

#[tokio::test]
async fn a_stream_ends_with_a_final_step_and_is_dropped() {
    assert_eq!(answers("com.search", "").await, [ONE, TWO, r#"[50,1,{},["found"]]"#]);
    assert_eq!(answers("com.walk", "false").await, [ONE, r#"[50,1,{},[],{"rows":1,"sum":1}]"#]);
}

#[tokio::test]
async fn an_error_among_steps_ends_the_call() {
    assert_eq!(answers("com.walk", "true").await, [ONE, r#"[8,48,1,{},"com.error.disk",["broken"]]"#]);
}

#[tokio::test]
async fn a_caller_who_wants_no_progress_gets_the_final_result_alone() {
    let behind = Behind::default();
    let mut peer = Peer::join(&application(&behind), "realm1").await;
    assert_eq!(peer.call("com.done", "").await, r#"[50,1,{},["done"]]"#);
    assert_eq!(peer.call("com.search", "").await, r#"[50,2,{},["found"]]"#);
    assert_eq!(behind.load(Ordering::Relaxed), 0);
}

/// Goes on where a progressive result was not sent.
async fn insist(progress: Progress, Arg(letters): Arg<usize>) -> &'static str {
    let _lost = progress.send("x".repeat(letters)).await;
    "done"
}

#[tokio::test]
async fn a_call_that_ended_because_a_result_found_no_room_gets_no_second_answer() {
    let routes = RouteSet::new().procedure("com.insist", insist);
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes);
    let few = |limits: &mut Limits| (limits.outgoing_bytes, limits.borrowed_bytes) = (100_000, Some(0));
    let app = Application::builder().limits(few).realm(realm).build().unwrap();
    let mut peer = Peer::join(&app, "realm1").await;
    let ended = peer.ask(r#"[48,1,{"receive_progress":true},"com.insist",[97000]]"#).await;
    assert!(ended.starts_with(r#"[8,48,1,{},"wamp.error.network_failure""#), "{ended}");
    // What comes next is the answer to the next call.
    assert_eq!(peer.call("com.insist", "1").await, r#"[50,2,{},["done"]]"#);
}
