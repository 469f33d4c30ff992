//! `serverwamp bench fanout`: from a publication to each of many subscribers.

use super::load::Operation;
use super::report::{Measured, Report};
use super::{LoadOptions, ReportOptions, circumstances, connections};
use crate::failure::Failure;
use crate::shell::connect::failed;
use crate::shell::target::Target;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::Client;
use serverwamp::{Subscriber, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The options of `bench fanout`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp bench fanout chat --subscribers 100
  serverwamp bench fanout chat --subscribers 1000 --rate 50 --for 10s --plot fanout.svg")]
pub(crate) struct FanoutBenchOptions {
    /// The topic; nobody else should publish to it meanwhile
    #[arg(value_name = "URI")]
    uri: String,
    /// Sessions that are subscribed, each with a connection of its own
    #[arg(short, long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    subscribers: u32,
    #[command(flatten)]
    load: LoadOptions,
    #[command(flatten)]
    pub(super) report: ReportOptions,
}

/// The time for the last events to arrive.
const LATE: Duration = Duration::from_secs(5);

/// What publishers and subscribers share.
struct Shared {
    /// The time that the events' stamps begin at.
    begun: Instant,
    /// Marks the events of this run.
    run: u64,
    /// The first stamp that counts, in nanoseconds: what is before it warms up.
    counts_from: u64,
    published: AtomicU64,
    received: AtomicU64,
}

pub(super) async fn run(options: &FanoutBenchOptions, signals: &mut StopSignals) -> Result<Report, Failure> {
    let target = Target::find(&options.report.target)?;
    let clients = connections(&target, options.load.connections, signals).await?;
    let subscribers = connections(&target, options.subscribers, signals).await?;
    let mut subscriptions = Vec::new();
    for client in &subscribers {
        let subscribing = async { client.subscribe(&*options.uri).await.map_err(|error| failed(&error)) };
        subscriptions.push(signals.unless(subscribing, "before all had subscribed").await?);
    }
    let load = options.load.load();
    let shared = Arc::new(Shared {
        begun: Instant::now(),
        run: clients.first().and_then(Client::session_id).map_or(0, |id| id.get()),
        counts_from: u64::try_from(load.warm_up.as_nanos()).unwrap_or(u64::MAX),
        published: AtomicU64::new(0),
        received: AtomicU64::new(0),
    });
    let receiving: Vec<_> = subscriptions
        .into_iter()
        .map(|subscription| tokio::spawn(receive(subscription, Arc::clone(&shared))))
        .collect();
    let operations: Vec<_> = clients
        .iter()
        .map(|client| operation(client.clone(), options.uri.clone(), Arc::clone(&shared)))
        .collect();
    let published = load.run(operations, signals).await;
    let expected = shared.published.load(Ordering::Relaxed) * u64::from(options.subscribers);
    let deadline = Instant::now() + LATE;
    while shared.received.load(Ordering::Relaxed) < expected
        && Instant::now() < deadline
        && !published.stopped
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    for client in subscribers {
        client.leave().await;
    }
    let mut measured = Measured::default();
    measured.elapsed = published.elapsed;
    for task in receiving {
        if let Ok(events) = task.await {
            measured.add(&events);
        }
    }
    measured.add_errors(&published);
    let mut circumstances = circumstances(&target, &options.load);
    circumstances.push(("subscribers", options.subscribers.into()));
    Ok(Report {
        what: format!("fanout {}", options.uri),
        unit: "events",
        circumstances,
        open_loop: load.rate.is_some(),
        measured,
        expected: Some(expected),
    })
}

/// Publishes the mark of the run and the time since its beginning.
fn operation(client: Client, uri: String, shared: Arc<Shared>) -> Operation {
    Arc::new(move || {
        let (client, uri, shared) = (client.clone(), uri.clone(), Arc::clone(&shared));
        Box::pin(async move {
            let stamp = u64::try_from(shared.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let sent = client.publication(uri).send((shared.run, stamp)).await;
            if sent.is_ok() && stamp >= shared.counts_from {
                shared.published.fetch_add(1, Ordering::Relaxed);
            }
            sent.map(drop)
        })
    })
}

/// Takes events until the session ends, and those of this run into account.
async fn receive(mut events: Subscriber, shared: Arc<Shared>) -> Measured {
    let mut measured = Measured::default();
    while let Some(event) = events.recv().await {
        let now = u64::try_from(shared.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let Ok((run, stamp)) = event.bind::<(Value, Value)>() else { continue };
        let (Some(run), Some(stamp)) = (run.as_u64(), stamp.as_u64()) else { continue };
        if run == shared.run && stamp >= shared.counts_from {
            measured.record(&Ok(()), Duration::from_nanos(now.saturating_sub(stamp)));
            shared.received.fetch_add(1, Ordering::Relaxed);
        }
    }
    measured
}
