//! Makes the connection, checks what is at its other end, and watches it.

use crate::counts::{Counters, count};
use crate::queue::CHANNEL;
use crate::settings::{Credentials, Settings};
use async_nats::{Client, ConnectOptions, Event, ServerError};
use serverwamp::cluster::Inbound;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::timeout;

/// The oldest release whose store forgets single keys by time, which leases need.
const OLDEST: (u64, u64) = (2, 11);

/// The time that one try to connect may take.
const ONE_TRY: Duration = Duration::from_secs(5);

/// The time in which some server has to be found at the start.
const START: Duration = Duration::from_secs(20);

/// A connection on which nothing comes is given up after three of these; links are given up a little sooner, by what comes on them.
const PING: Duration = Duration::from_secs(1);

/// How many messages wait for this node to look at them. A batch has up to 256 KiB, so these are 512 MiB at the very most; one more is
/// dropped, and all links begin anew.
const INCOMING: usize = 2048;

/// Why a node cannot start. The texts say what to do.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The credentials or the files for TLS cannot be used.
    #[error("{0}")]
    Settings(String),
    /// No server could be reached, or none lets this node in.
    #[error("cannot connect to NATS at {servers}: {reason}")]
    Unreachable {
        /// The servers that were tried.
        servers: String,
        /// Why.
        reason: String,
    },
    /// The server is too old.
    #[error(
        "the NATS server {server} is {version}, and a cluster needs at least 2.11, whose store forgets single keys by time: update it"
    )]
    TooOld {
        /// The name of the server.
        server: String,
        /// Its version.
        version: String,
    },
    /// The store cannot be used.
    #[error("{0}")]
    Store(String),
    /// The server does not carry what the node sends to itself.
    #[error(
        "the NATS server does not carry the messages of this node: {0}; docs/cluster.md has the permissions that it needs"
    )]
    NotCarried(String),
}

/// What the connection tells, and whom.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    pub(crate) counters: Counters,
    pub(crate) inbound: OnceLock<Inbound>,
}

impl Watch {
    fn event(&self, event: &Event) {
        let is_loss = match event {
            Event::Disconnected => {
                count(&self.counters.disconnections);
                true
            }
            Event::SlowConsumer(_) | Event::ServerError(ServerError::SlowConsumer(_)) => {
                count(&self.counters.dropped);
                true
            }
            Event::ServerError(_) => {
                count(&self.counters.refused);
                false
            }
            Event::ClientError(_) => false,
            _ => {
                tracing::info!(target: "serverwamp::cluster", %event, "NATS");
                return;
            }
        };
        tracing::warn!(target: "serverwamp::cluster", %event, "NATS");
        if let Some(inbound) = self.inbound.get().filter(|_| is_loss) {
            inbound.cut_off();
        }
    }
}

/// Connects to one of the servers, and checks that it is new enough.
pub(crate) async fn connect(settings: &Settings, watch: &Arc<Watch>) -> Result<Client, StartError> {
    let watch = Arc::clone(watch);
    let on_event = move |event| {
        watch.event(&event);
        std::future::ready(())
    };
    let options = with_tls(with_credentials(ConnectOptions::new(), settings)?, settings)
        .name(format!("serverwamp {}/{}", settings.cluster, settings.node))
        .custom_inbox_prefix(inbox(settings))
        .connection_timeout(ONE_TRY)
        .ping_interval(PING)
        .client_capacity(CHANNEL)
        .subscription_capacity(INCOMING)
        .max_reconnects(None)
        .reconnect_delay_callback(|tries| {
            Duration::from_millis(50) * u32::try_from(tries.clamp(1, 20)).unwrap_or(20)
        })
        .event_callback(on_event);
    let unreachable =
        |reason: String| StartError::Unreachable { servers: settings.servers.join(", "), reason };
    let client = match timeout(START, options.connect(&settings.servers[..])).await {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => return Err(unreachable(error.to_string())),
        Err(_) => return Err(unreachable(format!("no server answers within {START:?}"))),
    };
    let info = client.server_info();
    if release(&info.version).is_none_or(|release| release < OLDEST) {
        return Err(StartError::TooOld { server: info.server_name, version: info.version });
    }
    Ok(client)
}

/// What the node's own subjects begin with: permissions name it, so that no other user reads answers to this one.
pub(crate) fn inbox(settings: &Settings) -> String {
    format!("_INBOX_{}", settings.node)
}

fn with_credentials(options: ConnectOptions, settings: &Settings) -> Result<ConnectOptions, StartError> {
    let Some(credentials) = &settings.credentials else { return Ok(options) };
    Ok(match credentials {
        Credentials::Password { user, password } => options.user_and_password(user.clone(), password.clone()),
        Credentials::Token(token) => options.token(token.clone()),
        Credentials::Nkey(seed) => options.nkey(seed.trim().to_owned()),
        Credentials::File(text) => options.credentials(text).map_err(|error| {
            StartError::Settings(format!(
                "the credentials are not what `nsc` writes, a JWT and a seed with lines around them: {error}"
            ))
        })?,
    })
}

fn with_tls(options: ConnectOptions, settings: &Settings) -> ConnectOptions {
    let tls = &settings.tls;
    let mut options = options.require_tls(tls.required);
    if let Some(path) = &tls.authorities {
        options = options.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &tls.certificate {
        options = options.add_client_certificate(certificate.clone(), key.clone());
    }
    options
}

/// The first two numbers of a version.
fn release(version: &str) -> Option<(u64, u64)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_as_numbers() {
        assert_eq!(release("2.15.1"), Some((2, 15)));
        assert_eq!(release("2.11.0-RC.1"), Some((2, 11)));
        assert!(release("2.9.25").is_some_and(|release| release < OLDEST));
        assert!(release("3.0.0").is_some_and(|release| release > OLDEST));
        assert_eq!(release("unknown"), None);
    }
}
