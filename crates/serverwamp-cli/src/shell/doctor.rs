//! `serverwamp doctor`: each step on the way to a session, and what to do about the one that fails.

use super::connect::refused;
use super::output::{visible_below, visible_on_a_line};
use super::target::{Target, TargetOptions};
use crate::failure::Failure;
use crate::stop::StopSignals;
use clap::Args;
use serverwamp::client::{Client, ClientError, ConnectProgress, ConnectStep};
use serverwamp::{Serializer, uris};
use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The options of `doctor`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp doctor ws://localhost:8080/ws
  serverwamp doctor wss://wamp.example.com/ws --realm shop --authid joe --secret-file joe.secret")]
pub(crate) struct DoctorOptions {
    /// The address of the router [default: as of the other commands]
    #[arg(value_name = "URL", conflicts_with = "url")]
    address: Option<String>,
    #[command(flatten)]
    target: TargetOptions,
}

/// Round trips of which the median is told.
const PINGS: usize = 5;

pub(crate) fn run(options: &DoctorOptions) -> Result<(), Failure> {
    let mut options = options.clone();
    if options.address.is_some() {
        options.target.settings.url = options.address.take();
    }
    let target = Target::find(&options.target)?;
    super::block_on(async {
        let mut signals = StopSignals::of_command()?;
        let chart = Arc::new(Chart::new());
        tokio::select! {
            outcome = examine(&target, &chart) => outcome,
            () = signals.next() => Err(Failure::Stopped("stopped".to_owned())),
        }
    })
}

async fn examine(target: &Target, chart: &Arc<Chart>) -> Result<(), Failure> {
    chart.note("address", &format!("{}, realm {}", target.shown_url(), target.realm));
    if let Some((host, port)) = host_and_port(&target.url) {
        look_up(&host, port, target, chart).await?;
    }
    let secure =
        target.url.starts_with("wss:") || target.url.starts_with("rss:") || target.url.starts_with("https:");
    let rawsocket = ["rs:", "rss:", "tcp:", "unix:"].iter().any(|scheme| target.url.starts_with(scheme));
    let told = Arc::clone(chart);
    let builder = target
        .builder()
        .inspect_err(|_| chart.fail("login"))?
        .on_progress(move |step| told.took(step, secure, rawsocket));
    chart.restart();
    let client = builder.await.map_err(|error| {
        chart.fail(step_of(&error));
        refused(&error, target)
    })?;
    chart.good("HELLO", "the router has welcomed the client");
    chart.note("login", &welcome(&client));
    chart.note(
        "router",
        &match client.router_agent() {
            agent if agent.is_empty() => "it does not tell its name".to_owned(),
            agent => agent,
        },
    );
    let outcome = ping(&client, chart, target.step_timeout).await;
    client.leave().await;
    outcome
}

async fn look_up(host: &str, port: u16, target: &Target, chart: &Chart) -> Result<(), Failure> {
    let looking = tokio::time::timeout(target.step_timeout, tokio::net::lookup_host((host, port)));
    let late = || format!("no answer within {:?}", target.step_timeout);
    let found = looking.await.map_err(|_| late()).and_then(|found| found.map_err(|error| error.to_string()));
    match found {
        Ok(found) => {
            let mut addresses: Vec<String> = Vec::new();
            for address in found.map(|address| address.ip().to_string()) {
                if !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            chart.good("DNS", &format!("{host} is {}", addresses.join(", ")));
            Ok(())
        }
        Err(why) => {
            chart.fail("DNS");
            let error = ClientError::Dns { address: target.shown_url(), why };
            Err(refused(&error, target))
        }
    }
}

fn welcome(client: &Client) -> String {
    let session = client.session_id().map_or_else(String::new, |id| format!("session {id}"));
    let parts = [("as", client.authid()), ("role", client.authrole()), ("by", client.authmethod())];
    let told =
        parts.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| format!("{name} {value}"));
    [session].into_iter().chain(told).collect::<Vec<_>>().join(", ")
}

/// Asks the router for something, and takes any answer for one.
async fn ping(client: &Client, chart: &Chart, patience: Duration) -> Result<(), Failure> {
    let mut times = Vec::new();
    for _ in 0..PINGS {
        let begun = Instant::now();
        let answer = client.call::<(), _>("wamp.session.count", ()).timeout(patience).await;
        if let Err(error) = answer
            && matches!(error.uri(), uris::error::NETWORK_FAILURE | uris::error::TIMEOUT)
        {
            chart.fail("ping");
            let text = visible_below(&error.to_string());
            return Err(Failure::Connection(match error.uri() {
                uris::error::TIMEOUT => format!(
                    "the router let the client in and does not answer: {text}\n  is it overloaded, or does a proxy hold messages back?"
                ),
                _ => format!(
                    "the router let the client in and then failed: {text}\n  is it a router, and does a proxy on the way allow long connections?"
                ),
            }));
        }
        times.push(begun.elapsed());
    }
    times.sort();
    let median = times.get(PINGS / 2).copied().unwrap_or_default();
    chart.good(
        "ping",
        &format!("{:.2} ms from a request to its answer (median of {PINGS})", median.as_secs_f64() * 1e3),
    );
    Ok(())
}

/// The step that an error belongs to.
fn step_of(error: &ClientError) -> &'static str {
    match error {
        ClientError::Address { .. } | ClientError::Settings(_) => "address",
        ClientError::Login { .. } => "login",
        ClientError::Dns { .. } => "DNS",
        ClientError::Connect { .. } => "connection",
        ClientError::Tls { .. } => "TLS",
        ClientError::Upgrade { .. } | ClientError::LongPoll { .. } => "upgrade",
        ClientError::RawSocket { .. } => "handshake",
        ClientError::Broken { step, .. } | ClientError::Late { step, .. } => match step {
            ConnectStep::Login => "login",
            ConnectStep::Connect => "connection",
            ConnectStep::Tls => "TLS",
            ConnectStep::RawSocket => "handshake",
            _ => "upgrade",
        },
        ClientError::Challenge { .. } | ClientError::RouterProof(_) => "login",
        ClientError::Refused(refusal) if super::connect::is_of_the_login(refusal) => "login",
        _ => "HELLO",
    }
}

/// The host and the port of an address with both; `None` for Unix sockets and for what is no address, which the client explains.
fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let usual = match scheme {
        "ws" | "http" => Some(80),
        "wss" | "https" => Some(443),
        "rs" | "rss" | "tcp" => None,
        _ => return None,
    };
    let authority = rest.split(['/', '?']).next()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let port = port.map_or(Ok(usual), |port| port.parse().map(Some)).ok()??;
    (!host.is_empty()).then(|| (host.to_owned(), port))
}

/// The steps as they are shown: a mark, a name, what was found, and how long it took.
struct Chart {
    colours: bool,
    since: Mutex<Instant>,
    /// Whether the first connection is there. Long-polling makes more of them, which are no steps of their own.
    connected: AtomicBool,
    /// Whether the first one has TLS.
    secured: AtomicBool,
}

impl Chart {
    fn new() -> Self {
        let colours = std::io::stdout().is_terminal()
            && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let since = Mutex::new(Instant::now());
        Self { colours, since, connected: AtomicBool::new(false), secured: AtomicBool::new(false) }
    }

    /// The next step begins now.
    fn restart(&self) -> Duration {
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *since, Instant::now()).elapsed()
    }

    /// A step that was taken.
    fn good(&self, step: &str, found: &str) {
        let took = self.restart();
        self.line("\x1b[32m", "ok", step, &format!("{found}  ({:.1} ms)", took.as_secs_f64() * 1e3));
    }

    /// Something that is worth knowing.
    fn note(&self, step: &str, found: &str) {
        self.line("\x1b[2m", "  ", step, found);
    }

    /// The step that failed; the error follows on the standard error.
    fn fail(&self, step: &str) {
        self.line("\x1b[1;31m", "!!", step, "failed");
    }

    fn took(&self, step: ConnectProgress, secure: bool, rawsocket: bool) {
        match step {
            ConnectProgress::Connected if self.connected.swap(true, Ordering::Relaxed) => {}
            ConnectProgress::Secured { .. } if self.secured.swap(true, Ordering::Relaxed) => {}
            ConnectProgress::Connected => {
                self.good("connection", "the port or socket is open");
                if !secure {
                    self.note("TLS", "none: whoever is on the way can read along");
                }
            }
            ConnectProgress::Secured { can_bind: true } => {
                self.good("TLS", "the certificate is right; proofs can be bound to the connection");
            }
            ConnectProgress::Secured { .. } => {
                self.good("TLS", "the certificate is right; TLS is too old for proofs that are bound to it");
            }
            ConnectProgress::Opened { serializer, batched } => {
                let name = match serializer {
                    Serializer::Json => "JSON",
                    Serializer::MessagePack => "MessagePack",
                    Serializer::Cbor => "CBOR",
                };
                let step = if rawsocket { "handshake" } else { "upgrade" };
                self.good(
                    step,
                    &format!("both sides speak {name}{}", if batched { ", batched" } else { "" }),
                );
            }
            _ => {}
        }
    }

    fn line(&self, colour: &str, mark: &str, step: &str, found: &str) {
        let (colour, plain) = if self.colours { (colour, "\x1b[0m") } else { ("", "") };
        // Who does not read it has the exit status.
        drop(writeln!(std::io::stdout(), "{colour}{mark}{plain} {step:<11}{}", visible_on_a_line(found)));
    }
}

#[cfg(test)]
mod tests {
    use super::host_and_port;

    #[test]
    fn the_name_to_look_up_is_part_of_the_address() {
        for (url, host, port) in [
            ("ws://localhost:8080/ws", "localhost", 8080),
            ("wss://example.com/ws?x=1", "example.com", 443),
            ("ws://[::1]:81/ws", "::1", 81),
            ("ws://[::1]/ws", "::1", 80),
            ("rs://h:1", "h", 1),
        ] {
            assert_eq!(host_and_port(url), Some((host.to_owned(), port)), "{url}");
        }
        for url in ["unix:///x", "rs://h", "ws://:1/", "ws://h:x/", "nonsense"] {
            assert_eq!(host_and_port(url), None, "{url}");
        }
    }
}
