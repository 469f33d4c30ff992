//! `serverwamp bench`: how fast a router and what is behind it are, as a client sees it.
//!
//! Invariant: no latency is hidden. In open loop (`--rate`) a request counts from the time when it was due, also if it could not be
//! sent then; in closed loop the report says that whoever waits sends nothing.

mod bar;
mod call;
mod fanout;
mod load;
mod plot;
mod publish;
mod report;

use self::load::{Amount, Load, Operation};
use self::report::{Report, Reported};
use super::connect::{connect, failed};
use super::duration::Span;
use super::output::{Form, Out};
use super::target::{Target, TargetOptions};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::{Args, Subcommand};
use serverwamp::Value;
use serverwamp::client::Client;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is measured.
#[derive(Clone, Debug, Subcommand)]
#[command(after_help = "Examples:
  serverwamp bench call demo.add 2 3
  serverwamp bench call demo.add 2 3 --connections 8 --in-flight 16 --for 10s --plot latency.svg
  serverwamp bench publish chat hello --rate 5000
  serverwamp bench fanout chat --subscribers 100 --rate 200 --json")]
pub(crate) enum BenchCommand {
    /// Call a procedure again and again
    Call(Box<call::CallBenchOptions>),
    /// Publish to a topic again and again, and wait for each acknowledgement
    Publish(Box<publish::PublishBenchOptions>),
    /// Publish to a topic that many have subscribed to, and measure until each of them has the event
    Fanout(Box<fanout::FanoutBenchOptions>),
}

/// How much load there is, and for how long.
#[derive(Args, Clone, Debug)]
struct LoadOptions {
    /// Connections, each with a session of its own
    #[arg(short = 'c', long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Requests that each connection has under way (closed loop), or at the most (open loop, where it is 4096 by default)
    #[arg(short = 'f', long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    in_flight: Option<u32>,
    /// Requests a second in all, sent when they are due whether others are answered or not (open loop)
    #[arg(short, long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Measure for this long
    #[arg(long = "for", value_name = "TIME", default_value = "5s")]
    time: Span,
    /// Measure this many requests in place of a time
    #[arg(short = 'n', long, value_name = "COUNT", conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Load without measuring, before
    #[arg(long, value_name = "TIME", default_value = "500ms")]
    warm_up: Span,
}

/// In which form the result is told.
#[derive(Args, Clone, Debug)]
struct ReportOptions {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Draw the latencies into this SVG file
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    target: TargetOptions,
}

/// Requests of one connection that may be under way in open loop, unless `--in-flight` says otherwise.
const OPEN_LOOP_IN_FLIGHT: u32 = 4096;

impl LoadOptions {
    fn load(&self) -> Load {
        let usual = if self.rate.is_some() { OPEN_LOOP_IN_FLIGHT } else { 1 };
        Load {
            in_flight: self.in_flight.unwrap_or(usual),
            rate: self.rate,
            amount: self.count.map_or(Amount::Time(self.time.0), Amount::Count),
            warm_up: self.warm_up.0,
        }
    }
}

/// Sessions, each with a connection of its own.
async fn connections(target: &Target, count: u32, signals: &mut StopSignals) -> Result<Vec<Client>, Failure> {
    let mut clients = Vec::new();
    for _ in 0..count {
        clients.push(connect(target, signals).await?);
    }
    Ok(clients)
}

/// What a figure is of no use without.
fn circumstances(target: &Target, load: &LoadOptions) -> Vec<(&'static str, Value)> {
    let mut all = vec![
        ("url", Value::from(target.shown_url())),
        ("realm", Value::from(&*target.realm)),
        ("connections", load.connections.into()),
        ("in flight", load.load().in_flight.into()),
    ];
    if let Some(rate) = load.rate {
        all.push(("rate", format!("{rate} a second").into()));
    }
    all
}

/// Puts the load on these connections, if one request shows that the rest makes sense.
async fn measure(
    what: String,
    unit: &'static str,
    target: &Target,
    options: &LoadOptions,
    connections: Vec<Operation>,
    signals: &mut StopSignals,
) -> Result<Report, Failure> {
    if let Some(first) = connections.first() {
        let first = async { first().await.map_err(|error| failed(&error)) };
        signals.unless(first, "before the first answer").await?;
    }
    let load = options.load();
    let circumstances = circumstances(target, options);
    let measured = load.run(connections, signals).await;
    Ok(Report { what, unit, circumstances, open_loop: load.rate.is_some(), measured, expected: None })
}

pub(crate) fn run(command: &BenchCommand) -> Result<(), Failure> {
    super::hurry::watch()?;
    // More than one thread: connections are to hold up the server and not each other.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime(format!("cannot start threads: {error}")))?;
    let options = match command {
        BenchCommand::Call(options) => &options.report,
        BenchCommand::Publish(options) => &options.report,
        BenchCommand::Fanout(options) => &options.report,
    };
    // Before the measurement, which may take long: a path that cannot be written is known at once.
    let picture =
        options.plot.as_ref().map(|path| File::create(path).map_err(|error| unwritable(path, &error)));
    let picture = picture.transpose()?;
    let report = runtime.block_on(async {
        let mut signals = StopSignals::of_command()?;
        match command {
            BenchCommand::Call(options) => call::run(options, &mut signals).await,
            BenchCommand::Publish(options) => publish::run(options, &mut signals).await,
            BenchCommand::Fanout(options) => fanout::run(options, &mut signals).await,
        }
    });
    runtime.shutdown_timeout(Duration::from_millis(100));
    tell(&report?, options, picture)
}

fn tell(report: &Report, options: &ReportOptions, picture: Option<File>) -> Result<(), Failure> {
    let drawn = match (picture, &options.plot) {
        (Some(mut file), Some(path)) => {
            file.write_all(plot::svg(report).as_bytes()).map_err(|error| unwritable(path, &error))
        }
        _ => Ok(()),
    };
    let out = Out::new(if options.json { Form::Json } else { Form::Pretty });
    match options.json {
        true => out.line(&report.to_json()),
        false => out.bytes(report.to_string().as_bytes()),
    }?;
    drawn?;
    match report.outcome() {
        Reported::Sound => Ok(()),
        Reported::Faulty(text) => Err(Failure::Answered(text)),
        Reported::Lost(text) => Err(Failure::Connection(text)),
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::runtime(format!("--plot {}: {error}", path.display()))
}
