//! Routes that a client serves from the moment it connects.

use crate::support::serve;
use serverwamp::client::{Client, ClientError, Invoke, ServeRoutesError};
use serverwamp::extract::{Args, Caller, State};
use serverwamp::{Application, Realm, RouteSet, WampError};
use std::time::Duration;

async fn scale(State(factor): State<i64>, Args((n,)): Args<(i64,)>) -> i64 {
    factor * n
}

fn routes() -> RouteSet<i64> {
    RouteSet::new()
        .procedure("math.scale", scale)
        .procedure("who.calls", |caller: Caller| async move { caller.authrole().map(str::to_owned) })
        .procedure("math.never", || async { std::future::pending::<()>().await })
}

async fn router() -> String {
    let realm = Realm::<()>::router("realm1").allow_anonymous("guest");
    let app = Application::builder().realm(realm).build().unwrap();
    format!("ws://{}/ws", serve(app).await)
}

#[tokio::test]
async fn a_client_connects_and_serves_its_routes_with_their_state() {
    let url = router().await;
    let served = Client::connect(&url).realm("realm1").serve(routes()).with_state(3).await.unwrap();
    assert_eq!((served.client().realm(), served.registrations().len()), ("realm1", 3));
    let caller = Client::connect(&url).realm("realm1").await.unwrap();
    assert_eq!(caller.call::<i64, _>("math.scale", 5).await.unwrap(), 15);
    assert_eq!(caller.call::<Option<String>, _>("who.calls", ()).await.unwrap(), None);
    served.client().clone().leave().await;
    served.ended().await;
    let gone = caller.call::<i64, _>("math.scale", 5).await.unwrap_err();
    assert_eq!(gone.uri(), "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn options_of_register_count_for_all_routes() {
    let url = router().await;
    let worker = |factor: i64| {
        let serving = Client::connect(&url).realm("realm1").serve(routes()).with_state(factor);
        serving.invoke(Invoke::RoundRobin).disclose_caller().forward_timeout()
    };
    let (_one, _ten) = (worker(1).await.unwrap(), worker(10).await.unwrap());
    let caller = Client::connect(&url).realm("realm1").await.unwrap();
    let mut sums = Vec::new();
    for _ in 0..2 {
        sums.push(caller.call::<i64, _>("math.scale", 5).await.unwrap());
    }
    sums.sort_unstable();
    assert_eq!(sums, [5, 50]);
    let guest: Option<String> = caller.call("who.calls", ()).await.unwrap();
    assert_eq!(guest.as_deref(), Some("guest"));
    let late = caller.call::<(), _>("math.never", ()).timeout(Duration::from_millis(20)).await.unwrap_err();
    assert_eq!(late.uri(), "wamp.error.timeout");
}

#[tokio::test]
async fn routes_that_cannot_be_served_are_refused_before_anybody_connects() {
    let nowhere = "ws://127.0.0.1:1/ws";
    let routes = || RouteSet::<()>::new().topic("news.today", || async {});
    let refused = Client::connect(nowhere).realm("realm1").serve(routes()).await.unwrap_err();
    assert!(matches!(refused, ServeRoutesError::Routes(_)), "{refused}");
    let fine = RouteSet::<()>::new().procedure("com.fine", || async {});
    let refused = Client::connect(nowhere).realm("realm1").serve(fine).await.unwrap_err();
    assert!(matches!(refused, ServeRoutesError::Client(ClientError::Connect { .. })), "{refused}");
    assert!(refused.to_string().contains("start the router"), "{refused}");
}

#[tokio::test]
async fn without_routes_a_client_serves_until_its_session_is_over() {
    let url = router().await;
    let served = Client::connect(&url).realm("realm1").serve(RouteSet::<()>::new()).await.unwrap();
    served.client().clone().leave().await;
    served.ended().await;
    let error: WampError = served.client().call::<(), _>("com.any", ()).await.unwrap_err();
    assert_eq!(error.uri(), "wamp.error.network_failure");
}
