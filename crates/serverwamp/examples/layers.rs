//! `tower` around procedures: a timeout, limits, layers made of functions, a service in place of handlers. Run with
//! `cargo run -p serverwamp --example layers`, then call something that takes too long:
//! `cargo run -q -- call slow.too_slow`.
#![expect(clippy::disallowed_methods, reason = "a program chooses its runtime, and measures time")]

use serverwamp::layer::{Next, from_fn, limit_calls};
use serverwamp::reply::CallReply;
use serverwamp::request::Invocation;
use serverwamp::{Application, ConfigError, Realm, RouteSet, Server, WampError};
use std::convert::Infallible;
use std::error::Error;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout::TimeoutLayer;

/// Prints how long each call took, and how it ended.
async fn stopwatch(invocation: Invocation, next: Next) -> CallReply {
    let procedure = invocation.procedure().to_owned();
    let started = Instant::now();
    let reply = next.run(invocation).await;
    println!("{procedure}: {} after {:?}", if reply.is_ok() { "done" } else { "failed" }, started.elapsed());
    reply
}

/// Answers in place of the procedures it is put around.
async fn guests_only_look(invocation: Invocation, next: Next) -> Result<CallReply, WampError> {
    if invocation.session().is_some_and(|session| session.authrole() == "guest") {
        return Err(WampError::not_authorized("guests only look"));
    }
    Ok(next.run(invocation).await)
}

async fn too_slow() -> &'static str {
    sleep(Duration::from_secs(5)).await;
    "nobody sees this"
}

async fn expensive() -> &'static str {
    sleep(Duration::from_secs(1)).await;
    "done"
}

/// Not a handler but a service, as a proxy would be one.
async fn proxy(invocation: Invocation) -> Result<CallReply, Infallible> {
    let procedure = invocation.procedure().to_owned();
    Ok(invocation.reply(Err::<(), _>(WampError::unavailable(format!("nobody serves {procedure} now")))).await)
}

fn routes() -> RouteSet {
    // A layer wraps the procedures above it; of several the last is the outermost.
    let slow = RouteSet::new()
        .procedure("slow.too_slow", too_slow) // wamp.error.timeout
        .layer(TimeoutLayer::new(Duration::from_secs(1)));
    let scarce = RouteSet::new()
        .procedure("scarce.expensive", expensive) // two at a time, wamp.error.unavailable for others
        .layer(GlobalConcurrencyLimitLayer::new(2))
        .layer(LoadShedLayer::new());
    let limited = RouteSet::new()
        .procedure("limited.expensive", expensive) // each session five times a minute, wamp.error.unavailable for more
        .layer(limit_calls(5, Duration::from_secs(60)));
    let guarded = RouteSet::new().procedure("guarded.shut_down", expensive).layer(from_fn(guests_only_look));
    slow.merge(scarce)
        .merge(limited)
        .merge(guarded)
        .procedure_service("elsewhere.add", tower::service_fn(proxy))
}

fn application() -> Result<Application, ConfigError> {
    // Around the whole realm, unknown procedures included.
    let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes()).layer(from_fn(stopwatch));
    // The calls of one session one after another, in the order in which they came.
    let serial = Realm::new("serial").allow_anonymous("guest").routes(routes()).serial_calls();
    Application::builder().realm(realm).realm(serial).build()
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
    async fn what_is_too_slow_times_out_and_guests_only_look() {
        let client = application().unwrap().join("realm1").await.unwrap();
        let error = client.call::<(), _>("slow.too_slow", ()).await.unwrap_err();
        assert_eq!(error.uri(), "wamp.error.timeout");
        let error = client.call::<(), _>("guarded.shut_down", ()).await.unwrap_err();
        assert_eq!(error.message(), Some("guests only look"));
    }
}
