//! A client of another router: a call, progress, an error, events. Start a router with `cargo run -p serverwamp-cli -- dev`, then
//! `cargo run -p serverwamp --example client`, or with the address of another one:
//! `cargo run -p serverwamp --example client -- rs://localhost:8080`. `cargo test -p serverwamp --example client` tests it without one.

use serde::Deserialize;
use serverwamp::client::Client;
use std::error::Error;

#[derive(Deserialize)]
struct Tick {
    iso: String,
}

/// What the client does, wherever it is connected to.
async fn converse(client: &Client) -> Result<(), Box<dyn Error>> {
    let sum: i64 = client.call("demo.add", (2, 3)).await?;
    println!("2 + 3 = {sum}");

    let mut countdown = client.call("demo.countdown", (3, 100)).progressive();
    while let Some(number) = countdown.next().await {
        println!("{}", number.get::<u64>()?);
    }
    println!("{}", countdown.finish().await?.get::<String>()?);

    if let Err(error) = client.call::<(), _>("demo.fail", ()).await {
        println!("{}: {}", error.uri(), error.message().unwrap_or_default());
    }

    let mut clock = client.subscribe("demo.clock").await?;
    for _ in 0..3 {
        let Some(event) = clock.recv().await else { break };
        println!("it is {}", event.payload().kwargs::<Tick>()?.iso);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "ws://localhost:8080/ws".to_owned());
    let client = Client::connect(address).realm("realm1").await?;
    println!("session {:?} as {}", client.session_id(), client.authrole());
    converse(&client).await?;
    client.leave().await;
    Ok(())
}

#[cfg(all(test, feature = "server"))]
#[expect(clippy::disallowed_methods, reason = "the router of the test runs on tokio")]
mod tests {
    use super::*;
    use serverwamp::extract::{Args, Kwargs};
    use serverwamp::{Application, Progress, Realm, RouteSet, WampError};
    use std::collections::BTreeMap;
    use std::time::Duration;

    async fn add(Args((a, b)): Args<(i64, i64)>) -> i64 {
        a + b
    }

    async fn countdown(
        Args((from, _)): Args<(u64, u64)>,
        progress: Progress,
    ) -> Result<&'static str, WampError> {
        for number in (1..=from).rev() {
            progress.send(number).await?;
        }
        Ok("liftoff")
    }

    async fn fail() -> Result<(), WampError> {
        Err(WampError::new("demo.error.failed").arg("this procedure always fails"))
    }

    #[tokio::test(start_paused = true)]
    async fn it_calls_and_hears_what_the_demo_has() -> Result<(), Box<dyn Error>> {
        let routes = RouteSet::new()
            .procedure("demo.add", add)
            .procedure("demo.countdown", countdown)
            .procedure("demo.fail", fail)
            .open_topic("demo.clock");
        let realm = Realm::new("realm1").allow_anonymous("guest").routes(routes);
        let app = Application::builder().realm(realm).build()?;
        let clock = app.realm("realm1").ok_or("the realm is there")?;
        let ticking = tokio::spawn(async move {
            while clock.publish("demo.clock", Kwargs(BTreeMap::from([("iso", "noon")]))).is_ok() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        });
        converse(&app.join("realm1").await?).await?;
        ticking.abort();
        Ok(())
    }
}
