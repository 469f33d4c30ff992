//! `serverwamp link`: two routers, and the calls and events that go from one to the other.
//!
//! Invariant: nothing comes back to where it was. What goes both ways says where it has been (`chain.rs`), which both routers have to
//! keep; where one does not, a URI goes one way (`both_ways.rs`).

mod both_ways;
mod calls;
mod chain;
mod ends;
mod events;
mod pattern;
mod place;
mod probe;
mod watch;

use self::both_ways::{BothWays, Outcome};
use self::chain::Transit;
use self::ends::{Ends, Side};
use self::pattern::LinkPattern;
use super::connect::{failed, refused, with_advice};
use super::output::visible;
use super::target::{Target, TargetOptions, TargetSettings};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::WhileDisconnected;
use serverwamp::client::{Client, Reconnect};
use std::sync::Arc;

/// The options of `link`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A pattern that ends with a dot is a prefix, one with an empty component (a..c) a wildcard, any other one URI.
LEFT and RIGHT are addresses, or contexts (serverwamp help context), which have a realm and a login as well.

Examples:
  serverwamp link ws://old:8080/ws ws://new:8080/ws --calls-right shop. --events-left shop.
  serverwamp link crossbar new --calls-left legacy.report --events-right sensors..temperature
  serverwamp link paris london --calls-right shop. --calls-left shop. --events-right shop. --events-left shop."
)]
pub(crate) struct LinkOptions {
    /// One router: an address or a context
    #[arg(value_name = "LEFT")]
    left: String,
    /// The other router
    #[arg(value_name = "RIGHT")]
    right: String,
    /// Calls of these procedures at LEFT are answered at RIGHT; may be repeated, as all of these
    #[arg(long, value_name = "PATTERN")]
    calls_right: Vec<LinkPattern>,
    /// Calls of these procedures at RIGHT are answered at LEFT
    #[arg(long, value_name = "PATTERN")]
    calls_left: Vec<LinkPattern>,
    /// Events of these topics at LEFT are published at RIGHT as well
    #[arg(long, value_name = "PATTERN")]
    events_right: Vec<LinkPattern>,
    /// Events of these topics at RIGHT are published at LEFT as well
    #[arg(long, value_name = "PATTERN")]
    events_left: Vec<LinkPattern>,
    /// What another link has brought to a side stays there: for three or more routers of which every two have a link
    #[arg(long)]
    no_transit: bool,
    /// The realm of an address, at both sides [default: realm1]
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
}

pub(crate) fn run(options: &LinkOptions) -> Result<(), Failure> {
    check(options)?;
    let both = BothWays::of(options);
    let (left, right) = (target(options, &options.left)?, target(options, &options.right)?);
    super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let joined = async {
            let (left, right) = tokio::join!(join(&left), join(&right));
            let transit = if options.no_transit { Transit::No } else { Transit::Yes };
            Ok::<_, Failure>(Arc::new(Ends::new(left?, right?, transit, !both.is_empty())))
        };
        let ends = tokio::select! {
            ends = joined => ends?,
            () = signals.next() => return Err(Failure::runtime("stopped before there was a connection")),
        };
        let outcome = tokio::select! {
            outcome = carry(options, &both, &ends) => outcome,
            () = signals.next() => Ok(()),
        };
        let (left, right) = (ends.at(Side::Left).clone(), ends.at(Side::Right).clone());
        tokio::join!(left.leave(), right.leave());
        outcome
    })
}

/// Serves and subscribes at both ends, until an end is gone for good.
async fn carry(options: &LinkOptions, both: &[BothWays], ends: &Arc<Ends>) -> Result<(), Failure> {
    let (left, right) = (ends.end(Side::Left), ends.end(Side::Right));
    // A role that may not do so has links that go one way.
    let met = tokio::join!(left.place.serve(&left.client), right.place.serve(&right.client));
    let places = tokio::join!(left.place.agree(&left.client), right.place.agree(&right.client));
    if matches!(places, (Ok(left), Ok(right)) if left == right) {
        return Err(Failure::usage("LEFT and RIGHT are one realm of one router: name two"));
    }
    let mut registrations = Vec::new();
    for (from, patterns) in [(Side::Left, &options.calls_right), (Side::Right, &options.calls_left)] {
        for pattern in patterns {
            let registered = calls::serve(ends, from, pattern).await;
            registrations.push(registered.map_err(|error| at(from, failed(&error)))?);
        }
    }
    let mut subscriptions = Vec::new();
    for (from, patterns) in [(Side::Left, &options.events_right), (Side::Right, &options.events_left)] {
        for pattern in patterns {
            let subscribed = ends.at(from).subscribe(pattern.route()).await;
            let events = subscribed.map_err(|error| at(from, failed(&error)))?;
            let probed = ends.waits().then(|| probe::uri(pattern));
            subscriptions.push(events::carry(Arc::clone(ends), from, events, probed));
        }
    }
    for (side, met) in [(Side::Left, &met.0), (Side::Right, &met.1)] {
        if let Some(session) = ends.at(side).session_id()
            && let Outcome::Refused(refusal) =
                both_ways::check(ends, both, (side, session), met.as_ref().err()).await
        {
            return Err(refusal.failure);
        }
    }
    watch::say(format_args!("linked; Ctrl-C stops"));
    let subscriptions = futures_util::future::join_all(subscriptions);
    let registrations =
        futures_util::future::join_all(registrations.iter().map(|(side, registration)| async move {
            let ended = registration.ended().await;
            watch::say(format_args!("{side}: a procedure is not served any more: {ended}"));
        }));
    tokio::select! {
        failure = watch::until_gone(ends, Side::Left, both) => Err(failure),
        failure = watch::until_gone(ends, Side::Right, both) => Err(failure),
        _never = async { tokio::join!(subscriptions, registrations); std::future::pending::<()>().await } => Ok(()),
    }
}

/// Something to do.
fn check(options: &LinkOptions) -> Result<(), Failure> {
    let all = [&options.calls_right, &options.calls_left, &options.events_right, &options.events_left];
    if all.iter().all(|patterns| patterns.is_empty()) {
        return Err(Failure::usage(
            "nothing goes over this link: name it with --calls-right, --calls-left, --events-right or --events-left",
        ));
    }
    Ok(())
}

/// The router that an address or a context names.
fn target(options: &LinkOptions, name: &str) -> Result<Target, Failure> {
    let found = match name.contains("://") || name.starts_with("unix:") {
        true => {
            let settings = TargetSettings {
                url: Some(name.to_owned()),
                realm: options.realm.clone(),
                ..TargetSettings::default()
            };
            TargetOptions { settings, ..TargetOptions::default() }
        }
        false => {
            let settings = TargetSettings { realm: options.realm.clone(), ..TargetSettings::default() };
            TargetOptions { context: Some(name.to_owned()), settings, ..TargetOptions::default() }
        }
    };
    Target::find_alone(&found)
}

async fn join(target: &Target) -> Result<Client, Failure> {
    // A call finds out at once that the other side is away: its caller decides whether to wait.
    let policy = Reconnect::new().while_disconnected(WhileDisconnected::Fail);
    let joined = target.builder()?.reconnect(policy).await;
    joined.map_err(|error| with_advice(refused(&error, target), &error, target))
}

/// The failure of one side, with its name.
fn at(side: Side, failure: Failure) -> Failure {
    match failure {
        Failure::Answered(text) => Failure::Answered(format!("{side}: {text}")),
        Failure::Connection(text) => Failure::Connection(format!("{side}: {text}")),
        other => other,
    }
}

/// What a line says of a URI that a peer chose.
fn shown(uri: &str) -> String {
    visible(uri)
}
