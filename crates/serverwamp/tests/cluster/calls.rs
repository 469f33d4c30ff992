//! Calls from node to node.

use super::*;
use crate::same_routes::{Shared, routes, rows};
use serverwamp::client::Invoke;
use serverwamp::extract::{Arg, Caller, Canceled};
use serverwamp::{
    Disclosure, ProcedureSettings, Progress, Registration, RoutePattern, Serializer, WampError, prefix,
    wildcard,
};
use std::future::{IntoFuture, pending};
use std::sync::atomic::{AtomicBool, Ordering};

fn router() -> Realm {
    Realm::router("realm1")
}

async fn called(caller: &Client, procedure: &str) -> Result<String, String> {
    let answer =
        tokio::time::timeout(Duration::from_secs(30), caller.call(procedure, ()).into_future()).await;
    answer.expect("an answer within 30 s").map_err(|error: WampError| error.uri().to_owned())
}

/// A client that serves a procedure.
struct Callee {
    client: Client,
    _registration: Registration,
}

impl Callee {
    async fn leave(self) {
        self.client.leave().await;
    }
}

/// A callee that says where it is.
async fn callee(nodes: &Nodes, node: usize, pattern: impl Into<RoutePattern>, invoke: Invoke) -> Callee {
    let client = nodes.join(node).await;
    let name = format!("node {node}");
    let registering = client.register(pattern, move || std::future::ready(name.clone())).invoke(invoke);
    Callee { _registration: registering.await.unwrap(), client }
}

#[tokio::test]
async fn a_caller_cannot_tell_whether_its_node_or_another_one_has_the_callee() {
    let realm = || {
        router()
            .procedure_settings("com.caller", ProcedureSettings::new().trustlevel(3))
            .procedure_settings("com.caller.always", ProcedureSettings::new().disclose_caller())
    };
    let nodes = Nodes::new(3, realm).await;
    let mut seen = Vec::new();
    for node in [1, 0] {
        let worker = nodes.join(1).await;
        let served = worker.serve(routes()).with_state(Shared::default()).await.unwrap();
        // As many as there are routes.
        nodes.offers(0, 24).await;
        seen.push(rows(&nodes.join_as(node, "joe", "member").await).await);
        drop(served);
        worker.leave().await;
        nodes.offers(0, 0).await;
    }
    let [here, elsewhere] = &*seen else { panic!("two are compared") };
    assert_eq!(here.len(), elsewhere.len());
    for (here, elsewhere) in here.iter().zip(elsewhere) {
        assert_eq!(here, elsewhere, "{}", here.0);
    }
    let status = nodes.apps[1].cluster_status().unwrap();
    assert!(status.counts.calls_received >= 30 && status.counts.calls_sent == 0, "{status:?}");
}

#[tokio::test]
async fn the_best_match_is_that_of_all_nodes() {
    let nodes = Nodes::new(3, router).await;
    let caller = nodes.join(0).await;
    let _by_prefix = callee(&nodes, 0, prefix("com.a"), Invoke::Single).await;
    let _longer = callee(&nodes, 1, prefix("com.a.b"), Invoke::Single).await;
    let _by_wildcard = callee(&nodes, 1, wildcard("com..c"), Invoke::Single).await;
    let _exact = callee(&nodes, 2, "com.a.b.c", Invoke::Single).await;
    nodes.offers(0, 3).await;
    for (procedure, expected) in [
        ("com.a.x", Ok("node 0")),
        ("com.a.b.x", Ok("node 1")),
        ("com.a.b.c", Ok("node 2")),
        ("com.x.c", Ok("node 1")),
        ("com.a.c", Ok("node 0")),
        ("org.a", Err("wamp.error.no_such_procedure")),
        ("no uri", Err("wamp.error.invalid_uri")),
    ] {
        let answer = called(&caller, procedure).await;
        assert_eq!(answer.as_deref().map_err(String::as_str), expected, "{procedure}");
    }
    // The same procedure is served here first.
    let _here = callee(&nodes, 0, "com.x.c", Invoke::Single).await;
    assert_eq!(called(&caller, "com.x.c").await.as_deref(), Ok("node 0"));
}

#[tokio::test]
async fn shreg_callees_of_all_nodes_share_a_registration_the_local_ones_first() {
    let nodes = Nodes::new(3, router).await;
    let caller = nodes.join(0).await;
    let one = callee(&nodes, 1, "com.p", Invoke::RoundRobin).await;
    let _two = callee(&nodes, 2, "com.p", Invoke::RoundRobin).await;
    nodes.offers(0, 2).await;
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(called(&caller, "com.p").await.unwrap());
    }
    let (first, second) = (answers[0].clone(), answers[1].clone());
    assert_ne!(first, second);
    assert_eq!(answers, [&*first, &second, &first, &second, &first, &second]);
    let here = callee(&nodes, 0, "com.p", Invoke::RoundRobin).await;
    for _ in 0..3 {
        assert_eq!(called(&caller, "com.p").await.unwrap(), "node 0");
    }
    here.leave().await;
    one.leave().await;
    nodes.offers(0, 1).await;
    for _ in 0..3 {
        assert_eq!(called(&caller, "com.p").await.unwrap(), "node 2");
    }
}

#[tokio::test]
async fn rer_a_call_whose_callee_has_no_time_goes_to_another_node() {
    let nodes = Nodes::new(3, router).await;
    let (caller, busy) = (nodes.join(0).await, nodes.join(1).await);
    let no_time = || async { Err::<(), _>(WampError::unavailable("busy")) };
    let _busy = busy.register("com.p", no_time).invoke(Invoke::RoundRobin).await.unwrap();
    nodes.offers(0, 1).await;
    assert_eq!(called(&caller, "com.p").await.unwrap_err(), "wamp.error.no_available_callee");
    let other = callee(&nodes, 2, "com.p", Invoke::RoundRobin).await;
    nodes.offers(0, 2).await;
    for _ in 0..4 {
        assert_eq!(called(&caller, "com.p").await.unwrap(), "node 2");
    }
    other.leave().await;
    nodes.offers(0, 1).await;
    assert_eq!(called(&caller, "com.p").await.unwrap_err(), "wamp.error.no_available_callee");
}

#[tokio::test]
async fn cid_a_callee_that_asks_for_it_is_told_of_callers_of_other_nodes() {
    let nodes = Nodes::new(2, || router().disclosure(Disclosure::OnRequest)).await;
    let (caller, worker) = (nodes.join_as(0, "joe", "user").await, nodes.join(1).await);
    let who = |caller: Caller| async move {
        format!("{:?} {:?}", caller.session().map(|id| id.get()), caller.authid())
    };
    let _who = worker.register("com.who", who).disclose_caller().await.unwrap();
    nodes.offers(0, 1).await;
    let expected = format!("{:?} {:?}", caller.session_id().map(|id| id.get()), Some("joe"));
    assert_eq!(called(&caller, "com.who").await, Ok(expected));
}

#[tokio::test]
async fn ord_03_many_calls_at_once_each_get_their_own_answer_and_begin_in_their_order() {
    const CALLS: u64 = 500;
    let nodes = Nodes::new(2, router).await;
    let (caller, worker) = (nodes.join(0).await, nodes.join(1).await);
    let begun = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = Arc::clone(&begun);
    let echo = move |Arg(number): Arg<u64>| {
        seen.lock().unwrap().push(number);
        std::future::ready(number)
    };
    let _echo = worker.register("com.echo", echo).await.unwrap();
    nodes.offers(0, 1).await;
    let calls: Vec<_> =
        (0..CALLS).map(|number| caller.call::<u64, _>("com.echo", number).into_future()).collect();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(call.await.unwrap(), number);
    }
    assert_eq!(*begun.lock().unwrap(), (0..CALLS).collect::<Vec<_>>());
}

#[tokio::test]
async fn calls_and_results_cross_between_all_serializers() {
    async fn echo(Arg(text): Arg<String>, progress: Progress) -> Result<String, WampError> {
        progress.send(text.clone()).await?;
        Ok(text)
    }
    let nodes = Nodes::new(2, router).await;
    let all = [Serializer::Json, Serializer::MessagePack, Serializer::Cbor];
    for of_callee in all {
        let worker = nodes.apps[1].join("realm1").serializer(of_callee).await.unwrap();
        let registration = worker.register("com.echo", echo).await.unwrap();
        nodes.offers(0, 1).await;
        for of_caller in all {
            let caller = nodes.apps[0].join("realm1").serializer(of_caller).await.unwrap();
            let mut results = caller.call("com.echo", "\u{e4}\u{1f600}").progressive();
            let progress: String = results.next().await.unwrap().get().unwrap();
            let last: String = results.finish().await.unwrap().get().unwrap();
            assert_eq!([&*progress, &last], ["\u{e4}\u{1f600}"; 2], "{of_caller:?} {of_callee:?}");
        }
        drop(registration);
        worker.leave().await;
        nodes.offers(0, 0).await;
    }
}

/// A callee that never answers, and notes that it was told to stop.
async fn waiting(client: &Client) -> (Registration, Arc<AtomicBool>) {
    let stopped = Arc::new(AtomicBool::new(false));
    let notes = Arc::clone(&stopped);
    let wait = move |canceled: Canceled| {
        let notes = Arc::clone(&notes);
        async move {
            canceled.canceled().await;
            notes.store(true, Ordering::Release);
            pending::<()>().await;
        }
    };
    (client.register("com.wait", wait).await.unwrap(), stopped)
}

#[tokio::test]
async fn calls_end_once_when_the_callee_leaves_and_when_the_link_is_lost() {
    let nodes = Nodes::new(2, router).await;
    let (caller, worker) = (nodes.join(0).await, nodes.join(1).await);
    let (_registration, stopped) = waiting(&worker).await;
    nodes.offers(0, 1).await;
    let received = || nodes.apps[1].cluster_status().unwrap().counts.calls_received;
    let call = caller.call("com.wait", ()).progressive();
    until("it is served", || received() == 1).await;
    nodes.hub.cut(0, 1, true);
    assert_eq!(call.finish().await.unwrap_err().uri(), "wamp.error.canceled");
    until("the callee is told to stop", || stopped.load(Ordering::Acquire)).await;
    nodes.hub.cut(0, 1, false);
    nodes.know_each_other().await;
    nodes.offers(0, 1).await;
    let call = caller.call("com.wait", ()).progressive();
    until("it is served", || received() == 2).await;
    worker.leave().await;
    assert_eq!(call.finish().await.unwrap_err().uri(), "wamp.error.canceled");
    nodes.offers(0, 0).await;
    assert_eq!(called(&caller, "com.wait").await.unwrap_err(), "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn a_caller_that_leaves_stops_its_calls_on_other_nodes() {
    let nodes = Nodes::new(2, router).await;
    let (caller, worker) = (nodes.join(0).await, nodes.join(1).await);
    let (_registration, stopped) = waiting(&worker).await;
    nodes.offers(0, 1).await;
    let call = caller.call("com.wait", ()).progressive();
    until("it is served", || nodes.apps[1].cluster_status().unwrap().counts.calls_received == 1).await;
    caller.leave().await;
    until("the callee is told to stop", || stopped.load(Ordering::Acquire)).await;
    drop(call);
}
