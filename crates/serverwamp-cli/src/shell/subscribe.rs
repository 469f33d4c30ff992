//! `serverwamp subscribe`: the events of a topic or a pattern, until enough have come or Ctrl-C.

use super::clock::time_of_day;
use super::connect::{failed, join};
use super::json;
use super::output::{Form, Item, Out, OutputOptions, note, parts, visible_below, visible_on_a_line};
use super::target::{Target, TargetOptions};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::{Args, ValueEnum};
use serverwamp::client::{Client, Reconnect};
use serverwamp::{Delivery, Ended, ReceivedEvent, RoutePattern, Subscriber, Value, prefix, wildcard};

/// The options of `subscribe`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp subscribe demo.clock -n 2
  serverwamp subscribe sensors. --match prefix -o jsonl
  serverwamp subscribe sensors..temperature --match wildcard --retained
  serverwamp subscribe shop.orders --recover -o jsonl >> orders.jsonl")]
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
    /// Come back when the connection is lost, and read what was missed from the router's history; what may be missing is told
    #[arg(long)]
    recover: bool,
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
        let mut signals = StopSignals::of_command()?;
        let builder = match options.recover {
            true => target.builder()?.reconnect(Reconnect::new()),
            false => target.builder()?,
        };
        let client = join(&target, builder, &mut signals).await?;
        let mut subscribing = client.subscribe(options.matching.of(&options.uri));
        if options.retained {
            subscribing = subscribing.get_retained();
        }
        if options.recover {
            subscribing = subscribing.recover();
        }
        let subscribing = async { subscribing.await.map_err(|error| failed(&error)) };
        let events = match signals.unless(subscribing, "before the router had answered").await {
            // That is how a subscription ends.
            Err(Failure::Stopped(_)) => {
                client.leave().await;
                return Ok(());
            }
            subscribed => subscribed?,
        };
        let out = Out::new(options.output.output);
        // A topic may be silent for long: a person is told that it is not for want of a subscription.
        if out.terminal && out.form == Form::Pretty && options.count.is_none() {
            let (uri, realm) = (visible_on_a_line(&options.uri), client.realm());
            out.line(&format!("subscribed to {uri} in {}; Ctrl-C stops", visible_on_a_line(realm)))?;
        }
        let outcome = tokio::select! {
            outcome = print(&client, &options.uri, events, out, options.count) => outcome,
            () = signals.next() => Ok(()),
        };
        client.leave().await;
        outcome
    })
}

async fn print(
    client: &Client,
    uri: &str,
    mut events: Subscriber,
    out: Out,
    count: Option<u64>,
) -> Result<(), Failure> {
    let mut left = count.unwrap_or(u64::MAX);
    let mut lost = 0;
    while left > 0 {
        let Some(delivery) = events.next_delivery().await else {
            let why = events.ended().unwrap_or(Ended::SessionOver);
            return Err(ended(client, &format!("the subscription to {}", visible_on_a_line(uri)), &why).await);
        };
        if events.lost() > lost {
            let more = events.lost() - lost;
            note(&format!("{more} events were lost: the output is slower than they come"));
            lost = events.lost();
        }
        match delivery {
            Delivery::Event(event) => {
                out.item(&item(&event, out)?)?;
                left -= 1;
            }
            Delivery::Recovered(missed) => {
                for event in missed.iter().take(usize::try_from(left).unwrap_or(usize::MAX)) {
                    out.item(&item(event, out)?)?;
                    left -= 1;
                }
            }
            Delivery::Gap(gap) => note(&format!("events may be missing here: {}", gap.reason())),
            _ => note("events may be missing here: the connection was lost"),
        }
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
    format!("{dim}{}{plain} {bold}{}{plain}{retained}", time_of_day(), visible_on_a_line(event.topic()))
}

/// Why a subscription or a registration, which `what` names, has ended though nobody asked to stop.
pub(super) async fn ended(client: &Client, what: &str, why: &Ended) -> Failure {
    match why {
        Ended::SessionOver => Failure::Connection(end_of(client).await),
        why => Failure::Answered(format!("{what} has ended: {}", visible_below(&why.to_string()))),
    }
}

/// How a session has ended, for people.
pub(super) async fn end_of(client: &Client) -> String {
    visible_below(&client.closed().await.to_string())
}
