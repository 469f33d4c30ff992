//! `serverwamp link`: two routers, and the calls and events that go from one to the other.
//!
//! Invariant: no URI goes both ways, so that nothing comes back to where it was: a loop is refused at the start.

mod calls;
mod events;
mod pattern;
mod watch;

use self::pattern::LinkPattern;
use super::connect::{failed, refused, with_advice};
use super::output::visible;
use super::target::{Target, TargetOptions, TargetSettings};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::WhileDisconnected;
use serverwamp::client::{Client, Reconnect};
use std::fmt;
use std::sync::Arc;

/// The options of `link`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "A pattern that ends with a dot is a prefix, one with an empty component (a..c) a wildcard, any other one URI.
LEFT and RIGHT are addresses, or contexts (serverwamp help context), which have a realm and a login as well.

Examples:
  serverwamp link ws://old:8080/ws ws://new:8080/ws --calls-right shop. --events-left shop.
  serverwamp link crossbar new --calls-left legacy.report --events-right sensors..temperature"
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
    /// The realm of an address, at both sides [default: realm1]
    #[arg(long, value_name = "REALM")]
    realm: Option<String>,
}

/// One end of the link.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Right => "right",
        })
    }
}

/// Both ends.
struct Ends {
    left: Client,
    right: Client,
}

impl Ends {
    fn at(&self, side: Side) -> &Client {
        match side {
            Side::Left => &self.left,
            Side::Right => &self.right,
        }
    }
}

pub(crate) fn run(options: &LinkOptions) -> Result<(), Failure> {
    check(options)?;
    let (left, right) = (target(options, &options.left)?, target(options, &options.right)?);
    super::block_on(async {
        let mut signals = StopSignals::listen()?;
        let joined = async {
            let (left, right) = tokio::join!(join(&left), join(&right));
            Ok::<_, Failure>(Arc::new(Ends { left: left?, right: right? }))
        };
        let ends = tokio::select! {
            ends = joined => ends?,
            () = signals.next() => return Err(Failure::runtime("stopped before there was a connection")),
        };
        let outcome = tokio::select! {
            outcome = carry(options, &ends) => outcome,
            () = signals.next() => Ok(()),
        };
        let Ends { left, right } = &*ends;
        tokio::join!(left.clone().leave(), right.clone().leave());
        outcome
    })
}

/// Serves and subscribes at both ends, until an end is gone for good.
async fn carry(options: &LinkOptions, ends: &Arc<Ends>) -> Result<(), Failure> {
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
            subscriptions.push(events::carry(Arc::clone(ends), from, events));
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
        failure = watch::until_gone(&ends.left, Side::Left) => Err(failure),
        failure = watch::until_gone(&ends.right, Side::Right) => Err(failure),
        _never = async { tokio::join!(subscriptions, registrations); std::future::pending::<()>().await } => Ok(()),
    }
}

/// One direction for each URI, and something to do.
fn check(options: &LinkOptions) -> Result<(), Failure> {
    let all = [&options.calls_right, &options.calls_left, &options.events_right, &options.events_left];
    if all.iter().all(|patterns| patterns.is_empty()) {
        return Err(Failure::usage(
            "nothing goes over this link: name it with --calls-right, --calls-left, --events-right or --events-left",
        ));
    }
    for (right, left, what) in [
        (&options.calls_right, &options.calls_left, "calls"),
        (&options.events_right, &options.events_left, "events"),
    ] {
        for one in right {
            if let Some(other) = left.iter().find(|other| one.overlaps(other)) {
                return Err(Failure::usage(format!(
                    "{what} of the same URIs would go both ways, and round and round: --{what}-right {one} and --{what}-left {other}"
                )));
            }
        }
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
