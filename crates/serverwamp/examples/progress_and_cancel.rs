//! Calls that take time: progress, and what happens when the caller no longer wants them. Run with
//! `cargo run -p serverwamp --example progress_and_cancel`, then call one:
//! `cargo run -q -- call com.example.count 3 --progress`; Ctrl-C cancels it.
#![expect(clippy::disallowed_methods, reason = "a program chooses its runtime")]

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use serverwamp::extract::{Arg, Canceled};
use serverwamp::reply::Step;
use serverwamp::{Application, ConfigError, Progress, Progressive, Realm, RouteSet, Server, WampError};
use std::error::Error;
use std::future::Future;
use std::time::Duration;
use tokio::time::sleep;

const STEP: Duration = Duration::from_millis(200);

/// Each number is a progressive result, `"liftoff"` the final one. A caller that did not ask for progress gets only that.
async fn count(Arg(from): Arg<u32>, progress: Progress) -> Result<&'static str, WampError> {
    for number in (1..=from).rev() {
        progress.send(number).await?; // an error when nobody waits any more: `?` ends the handler
        sleep(STEP).await; // a canceled handler is dropped at an await
    }
    Ok("liftoff")
}

/// The same with a stream: its items are the progressive results, and what follows it is the final one.
async fn squares(
    Arg(up_to): Arg<u64>,
) -> Progressive<impl Stream<Item = u64>, impl Future<Output = &'static str>> {
    Progressive::new(stream::iter((1..=up_to).map(|number| number * number))).finish(async { "done" })
}

/// A stream that finds its final result by itself: what would come behind it is not computed.
async fn first_above(Arg(least): Arg<u64>) -> Progressive<impl Stream<Item = Step<u64, u64>>> {
    Progressive::new(stream::iter(1..).map(move |number: u64| {
        let square = number.saturating_mul(number);
        if square > least { Step::Final(square) } else { Step::Progress(square) }
    }))
}

/// A handler that takes `Canceled` is not dropped: it winds up what it began, and may still answer.
async fn transfer(Arg(steps): Arg<u32>, canceled: Canceled) -> Result<&'static str, WampError> {
    for done in 0..steps {
        if canceled.is_canceled() {
            return Err(WampError::canceled(format!("took back {done} of {steps} steps")));
        }
        sleep(STEP).await;
    }
    Ok("transferred")
}

fn routes() -> RouteSet {
    RouteSet::new()
        .procedure("com.example.count", count)
        .procedure("com.example.squares", squares)
        .procedure("com.example.first_above", first_above)
        .procedure("com.example.transfer", transfer)
}

fn application() -> Result<Application, ConfigError> {
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes());
    Application::builder().realm(realm).build()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let server = Server::new(application()?).bind("127.0.0.1:8080").await?;
    println!("ws://{}/ws", server.local_addr());
    server.run().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn progress_comes_first_and_a_transfer_is_taken_back() {
        let client = application().unwrap().join("realm1").await.unwrap();
        let mut count = client.call("com.example.count", 2).progressive();
        let mut numbers = Vec::new();
        while let Some(number) = count.next().await {
            numbers.push(number.get::<u32>().unwrap());
        }
        assert_eq!(
            (numbers, count.finish().await.unwrap().get::<String>().unwrap()),
            (vec![2, 1], "liftoff".into())
        );
        let transfer = client.call("com.example.transfer", 3).start();
        transfer.cancel(serverwamp::CancelMode::Kill);
        let error = transfer.finish().await.unwrap_err();
        assert!(error.message().is_some_and(|text| text.starts_with("took back")), "{error}");
    }
}
