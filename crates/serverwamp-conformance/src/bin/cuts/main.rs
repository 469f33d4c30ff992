//! Clients among calls, publications, registrations and subscriptions, while their router is killed with SIGKILL again and again.
//!
//! `cuts tokio 200` kills it 200 times, with the clients on tokio; `cuts smol 200` has them on smol. It ends with status 0 when nothing
//! was lost without a word, and says otherwise what was. `cuts router ADDRESS` is the router that it starts.

mod clients;
mod record;
mod router;

use clients::Clients;
use record::Record;
use router::RouterProcess;
use serverwamp::rt::{Runtime, Smol, Tokio};
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<ExitCode, Failure> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .with_max_level(tracing::Level::WARN)
        .init();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["router", address] => {
            tokio::runtime::Runtime::new()?.block_on(router::serve(address))?;
            Ok(ExitCode::SUCCESS)
        }
        ["tokio", rounds] => tokio::runtime::Runtime::new()?.block_on(play(Tokio, rounds.parse()?)),
        ["smol", rounds] => smol::block_on(play(Smol, rounds.parse()?)),
        _ => Err("usage: cuts tokio|smol ROUNDS".into()),
    }
}

/// Kills the router so many times, and judges what the clients have seen.
async fn play<R: Runtime + Copy>(runtime: R, rounds: u64) -> Result<ExitCode, Failure> {
    let address = router::free_address()?;
    let record = Arc::new(Record::default());
    let mut router = RouterProcess::start(&address)?;
    let clients = Clients::start(runtime, &address, &record).await?;
    for round in 1..=rounds {
        clients.meet(round, &record).await?;
        // At any moment of what goes on.
        pause(&runtime, u64::from(random()) % 100).await;
        router.kill()?;
        pause(&runtime, u64::from(random()) % 100).await;
        router = RouterProcess::start(&address)?;
    }
    clients.meet(rounds + 1, &record).await?;
    clients.finish().await;
    drop(router);
    println!("{rounds} rounds: {record}");
    let problems = record.problems(rounds);
    for problem in &problems {
        println!("{problem}");
    }
    Ok(if problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn pause(runtime: &impl Runtime, milliseconds: u64) {
    runtime.sleep_until(runtime.now() + Duration::from_millis(milliseconds)).await;
}

/// A number that is another one each time.
fn random() -> u32 {
    use std::hash::{BuildHasher as _, RandomState};
    let number = RandomState::new().hash_one(());
    u32::try_from(number >> 32).unwrap_or_default()
}
