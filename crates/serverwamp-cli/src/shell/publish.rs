//! `serverwamp publish`: one event.

use super::connect::{connect, failed};
use super::json;
use super::output::{Form, Out, OutputOptions, visible_below};
use super::target::{Target, TargetOptions};
use super::words::Words;
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::{ClientPublication, SessionEnd};
use serverwamp::extract::{Args as Positional, Kwargs};
use serverwamp::{SessionId, Value};

/// The options of `publish`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp publish chat hello
  serverwamp publish sensors.kitchen temperature=21.5 --retain --ack
  serverwamp publish chat @message.json --eligible-authrole staff --eligible-authrole admin")]
pub(crate) struct PublishOptions {
    /// The topic
    #[arg(value_name = "URI")]
    uri: String,
    #[command(flatten)]
    words: Words,
    /// Wait until the router has accepted the event, and print its id
    #[arg(long)]
    ack: bool,
    /// Keep the event for those who subscribe later and ask for it
    #[arg(long)]
    retain: bool,
    /// Ask the router to tell the subscribers who publishes
    #[arg(long)]
    disclose_me: bool,
    #[command(flatten)]
    receivers: Receivers,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    target: TargetOptions,
}

/// Who gets the event, of those who are subscribed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Receivers")]
struct Receivers {
    /// Not this session; may be repeated, as all of these
    #[arg(long, value_name = "ID")]
    exclude: Vec<u64>,
    /// Not the sessions of this user
    #[arg(long, value_name = "NAME")]
    exclude_authid: Vec<String>,
    /// Not the sessions of this role
    #[arg(long, value_name = "ROLE")]
    exclude_authrole: Vec<String>,
    /// This session and no other
    #[arg(long, value_name = "ID")]
    eligible: Vec<u64>,
    /// The sessions of this user and no others
    #[arg(long, value_name = "NAME")]
    eligible_authid: Vec<String>,
    /// The sessions of this role and no others
    #[arg(long, value_name = "ROLE")]
    eligible_authrole: Vec<String>,
}

/// A router that answers nothing, not even GOODBYE behind the event.
const NOT_TAKEN: &str = "the router has not answered within 5 s, so it may not have got the event: --ack waits until it says that it has";

pub(crate) fn run(options: &PublishOptions) -> Result<(), Failure> {
    let arguments = options.words.read()?;
    let excluded = sessions(&options.receivers.exclude, "--exclude")?;
    let eligible = sessions(&options.receivers.eligible, "--eligible")?;
    let target = Target::find(&options.target)?;
    super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let client = connect(&target, &mut signals).await?;
        let mut publication = client.publication(&*options.uri);
        if options.retain {
            publication = publication.retain();
        }
        if options.disclose_me {
            publication = publication.disclose_me();
        }
        publication = excluded.into_iter().fold(publication, ClientPublication::exclude);
        let publication = options.receivers.narrow(publication, eligible);
        let payload = (Positional(&arguments.args), Kwargs(&arguments.kwargs));
        let sending = async {
            match options.ack {
                true => publication.send(payload).await.map(Some),
                false => publication.send_unacknowledged(payload).await.map(|()| None),
            }
            .map_err(|error| arguments.unsendable(&error).unwrap_or_else(|| failed(&error)))
        };
        let sent = signals.unless(sending, "before the router had accepted the event").await;
        let outcome = match &sent {
            Ok(Some(id)) => tell(id.get(), Out::new(options.output.output)),
            Ok(None) => Ok(()),
            Err(_) => sent.map(drop),
        };
        // GOODBYE comes behind the event, so that it is not lost on the way.
        let ending = client.clone();
        let end = tokio::select! {
            biased;
            end = ending.closed() => Some(end),
            // It has waited for the answer long enough.
            () = client.leave() => None,
        };
        match end {
            Some(SessionEnd::Left) => outcome,
            // Nobody waited for an answer, and the answer was the end of the session: an event that is too long.
            Some(end) => outcome.and_then(|()| Err(Failure::Connection(visible_below(&end.to_string())))),
            // What is acknowledged is published, whatever follows.
            None if options.ack => outcome,
            None => outcome.and_then(|()| Err(Failure::Connection(NOT_TAKEN.to_owned()))),
        }
    })
}

/// Prints the id of the publication.
fn tell(id: u64, out: Out) -> Result<(), Failure> {
    match out.form {
        Form::Pretty | Form::Raw => out.line(&id.to_string()),
        Form::Json | Form::Jsonl => {
            out.line(&json::compact(&Value::Dict(json::dict([("publication", id.into())]))))
        }
    }
}

fn sessions(ids: &[u64], option: &str) -> Result<Vec<SessionId>, Failure> {
    let all = ids.iter().map(|id| {
        SessionId::new(*id)
            .ok_or_else(|| Failure::usage(format!("{option} {id}: ids of sessions are from 1 to 2^53")))
    });
    all.collect()
}

impl Receivers {
    fn narrow(&self, mut publication: ClientPublication, eligible: Vec<SessionId>) -> ClientPublication {
        if !eligible.is_empty() {
            publication = publication.eligible(eligible);
        }
        if !self.eligible_authid.is_empty() {
            publication = publication.eligible_authids(&self.eligible_authid);
        }
        if !self.eligible_authrole.is_empty() {
            publication = publication.eligible_authroles(&self.eligible_authrole);
        }
        if !self.exclude_authid.is_empty() {
            publication = publication.exclude_authids(&self.exclude_authid);
        }
        if !self.exclude_authrole.is_empty() {
            publication = publication.exclude_authroles(&self.exclude_authrole);
        }
        publication
    }
}
