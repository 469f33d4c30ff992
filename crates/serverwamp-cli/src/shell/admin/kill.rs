//! `serverwamp kill`: ends sessions.

use super::answers::counted;
use super::{AdminClient, AdminOptions, with_admin};
use crate::failure::Failure;
use crate::shell::output::Out;
use crate::stop::StopSignals;
use clap::{ArgGroup, Args};
use serverwamp::{Dict, Value};

/// The options of `kill`.
#[derive(Args, Clone, Debug)]
#[command(
    group = ArgGroup::new("whom").required(true).multiple(true).args(["sessions", "of", "authrole", "address"]),
    after_help = "Examples:
  serverwamp kill 4507129812345 --socket /run/serverwamp/admin.sock
  serverwamp kill --realm shop --authrole customer --address 192.0.2.7 --message 'too many orders'"
)]
pub(crate) struct KillOptions {
    /// The ids of sessions
    #[arg(value_name = "SESSION", conflicts_with_all = ["of", "authrole", "address"])]
    sessions: Vec<u64>,
    /// All sessions of this authid
    #[arg(long, value_name = "AUTHID")]
    of: Option<String>,
    /// All sessions of this role
    #[arg(long, value_name = "ROLE")]
    authrole: Option<String>,
    /// All sessions from this IP address
    #[arg(long, value_name = "IP")]
    address: Option<String>,
    /// The reason in GOODBYE, a URI [default: wamp.close.killed]
    #[arg(long, value_name = "URI")]
    reason: Option<String>,
    /// A text for the people at the other end
    #[arg(long, value_name = "TEXT")]
    message: Option<String>,
    #[command(flatten)]
    admin: AdminOptions,
}

pub(crate) fn run(options: &KillOptions) -> Result<(), Failure> {
    with_admin(&options.admin, async |admin: &AdminClient, signals: &mut StopSignals| {
        signals.unless(kill(options, admin), "before all sessions were ended").await
    })
}

async fn kill(options: &KillOptions, admin: &AdminClient) -> Result<(), Failure> {
    let given = [
        ("authid", &options.of),
        ("authrole", &options.authrole),
        ("address", &options.address),
        ("reason", &options.reason),
        ("message", &options.message),
    ];
    let set = given.iter().filter_map(|(key, value)| Some((*key, Value::from(value.as_deref()?))));
    let common: Dict = set.collect();
    let mut wanted: Vec<Dict> = Vec::new();
    for session in &options.sessions {
        let mut one = common.clone();
        one.insert("session", *session);
        wanted.push(one);
    }
    if wanted.is_empty() {
        wanted.push(common);
    }
    let mut ended = 0;
    for arguments in wanted {
        let answer = admin.ask_of_realm("serverwamp.session.kill", arguments).await?;
        ended += answer.get("ended").and_then(Value::as_u64).unwrap_or_default();
    }
    Out::plain().line(&format!("{} ended", counted(ended, "session")))
}
