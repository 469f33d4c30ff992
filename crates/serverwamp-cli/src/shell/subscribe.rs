//! `serverwamp subscribe`: the events of a topic or a pattern, until enough have come or Ctrl-C.

use super::clock::time_of_day;
use super::connect::{connect, failed};
use super::json;
use super::output::{Form, Item, Out, OutputOptions, parts, visible};
use super::target::{Target, TargetOptions};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::{Args, ValueEnum};
use serverwamp::client::Client;
use serverwamp::{ReceivedEvent, RoutePattern, Subscriber, Value, prefix, wildcard};

/// The options of `subscribe`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp subscribe demo.clock -n 2
  serverwamp subscribe sensors. --match prefix -o jsonl
  serverwamp subscribe sensors..temperature --match wildcard --retained")]
pub(crate) struct SubscribeOptions {
    /// The topic, or a pattern with --match
    #[arg(value_name = "URI")]
    uri: String,
    /// Which topics: exact, prefix (all that begin with it) or wildcard (a component that is left empty stands for any)
    #[arg(long = "match", value_name = "MATCH", default_value = "exact")]
    matching: Matching,
    /// Stop after so many events
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
    /// Ask for the events that the router has retained; they come first
    #[arg(long)]
    retained: bool,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    target: TargetOptions,
}

/// How a pattern matches, by the specification's names.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Matching {
    /// This URI alone
    Exact,
    /// All that begin with it
    Prefix,
    /// Empty components stand for any
    Wildcard,
}

impl Matching {
    pub(super) fn of(self, uri: &str) -> RoutePattern {
        match self {
            Self::Exact => uri.into(),
            Self::Prefix => prefix(uri),
            Self::Wildcard => wildcard(uri),
        }
    }
}

pub(crate) fn run(options: &SubscribeOptions) -> Result<(), Failure> {
    let target = Target::find(&options.target)?;
    super::block_on(async {
        let mut signals = StopSignals::listen()?;
        let client = connect(&target).await?;
        let mut subscribing = client.subscribe(options.matching.of(&options.uri));
        if options.retained {
            subscribing = subscribing.get_retained();
        }
        let events = subscribing.await.map_err(|error| failed(&error))?;
        let out = Out::new(options.output.output);
        let outcome = tokio::select! {
            outcome = print(&client, events, out, options.count) => outcome,
            () = signals.next() => Ok(()),
        };
        client.leave().await;
        outcome
    })
}

async fn print(client: &Client, mut events: Subscriber, out: Out, count: Option<u64>) -> Result<(), Failure> {
    let mut left = count.unwrap_or(u64::MAX);
    let mut lost = 0;
    while left > 0 {
        let Some(event) = events.recv().await else { return Err(ended(client).await) };
        if events.lost() > lost {
            eprintln!(
                "serverwamp: {} events were lost: the output is slower than they come",
                events.lost() - lost
            );
            lost = events.lost();
        }
        out.item(&item(&event, out)?)?;
        left -= 1;
    }
    Ok(())
}

fn item(event: &ReceivedEvent, out: Out) -> Result<Item, Failure> {
    let (args, kwargs) = parts(event.payload())?;
    let mut details = json::dict([
        ("time", time_of_day().into()),
        ("topic", event.topic().into()),
        ("publication", event.publication().get().into()),
    ]);
    if let Some(session) = event.publisher() {
        details.insert("publisher", session.get());
    }
    if let Some(authid) = event.publisher_authid() {
        details.insert("publisher_authid", authid);
    }
    if let Some(role) = event.publisher_authrole() {
        details.insert("publisher_authrole", role);
    }
    if event.is_retained() {
        details.insert("retained", Value::Bool(true));
    }
    let lead = if out.form == Form::Pretty { lead(event, out.colours()) } else { String::new() };
    Ok(Item { lead, details, args, kwargs })
}

/// The time and the topic of an event, for people.
fn lead(event: &ReceivedEvent, colours: bool) -> String {
    let (dim, bold, plain) = if colours { ("\x1b[2m", "\x1b[1m", "\x1b[0m") } else { ("", "", "") };
    let retained = if event.is_retained() { " (retained)" } else { "" };
    format!("{dim}{}{plain} {bold}{}{plain}{retained}", time_of_day(), visible(event.topic()))
}

/// Why no more events come, though nobody asked to stop.
pub(super) async fn ended(client: &Client) -> Failure {
    if client.is_open() {
        return Failure::Answered("the router has taken it away".to_owned());
    }
    Failure::Connection(end_of(client).await)
}

/// How a session has ended, for people.
pub(super) async fn end_of(client: &Client) -> String {
    visible(&client.closed().await.to_string())
}
