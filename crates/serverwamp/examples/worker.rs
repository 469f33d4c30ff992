//! A worker that serves procedures behind a router, comes back whenever that was away, and tests of its routes. Start the example
//! `router` in one terminal (`cargo run -p serverwamp --example router`), the worker in another (`cargo run -p serverwamp --example
//! worker`), and call it: `cargo run -q -- call numbers.ping.here`. Then start the router again.
//! `cargo test -p serverwamp --example worker` tests it without a port.

use serverwamp::client::{Client, Reconnect};
use serverwamp::extract::{Arg, Caller, State};
use serverwamp::{Progress, RealmPeer, RouteSet, WampError, prefix};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of sums so far.
type Sums = Arc<AtomicU64>;

async fn sum(
    Arg(numbers): Arg<Vec<i64>>,
    State(sums): State<Sums>,
    caller: Caller,
    progress: Progress,
    realm: RealmPeer,
) -> Result<i64, WampError> {
    let mut sum: i64 = 0;
    for number in numbers {
        sum = sum.checked_add(number).ok_or_else(|| WampError::invalid_argument("the sum is too large"))?;
        progress.send(sum).await?;
    }
    let count = sums.fetch_add(1, Ordering::Relaxed) + 1;
    realm.publish("numbers.summed", (count, caller.authid())).await?;
    Ok(sum)
}

/// The same routes can stand in an application.
fn routes() -> RouteSet<Sums> {
    RouteSet::new().procedure("numbers.sum", sum).procedure(prefix("numbers.ping."), || async { "pong" })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // The worker may start before the router does.
    let reconnect = Reconnect::new().from_the_start();
    let client = Client::connect("ws://127.0.0.1:8080/ws").realm("realm1").reconnect(reconnect).await?;
    let _served = client.serve(routes()).with_state(Sums::default()).await?;
    let mut states = client.states();
    while let Some(state) = states.next().await {
        println!("{}: {state}", client.realm());
    }
    Ok(())
}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::*;
    use serverwamp::{Application, Realm};

    #[tokio::test]
    async fn a_caller_gets_the_sum_and_whoever_listens_hears_of_it() {
        let realm = Realm::router("realm1").allow_anonymous("guest");
        let router = Application::builder().realm(realm).build().unwrap();
        let (worker, caller) = (router.join("realm1").await.unwrap(), router.join("realm1").await.unwrap());
        let _served = worker.serve(routes()).with_state(Sums::default()).await.unwrap();
        let mut summed = caller.subscribe("numbers.summed").await.unwrap();
        let sum: i64 = caller.call("numbers.sum", vec![1, 2, 3]).await.unwrap();
        assert_eq!(sum, 6);
        let event = summed.recv().await.unwrap().bind::<(u64, Option<String>)>().unwrap();
        assert_eq!(event, (1, None), "the caller did not ask to be disclosed");
    }
}
