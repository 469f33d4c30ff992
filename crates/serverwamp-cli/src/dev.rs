//! `serverwamp dev`: the demo, on this machine, until it is told to stop.

use crate::address::ListenAddress;
use crate::arguments::DevOptions;
use crate::banner::Banner;
use crate::demo;
use crate::failure::Failure;
use crate::logging::{LogSettings, Logs};
use crate::stop::StopSignals;
use crate::unix_socket;
use serverwamp::server::{ServeError, UnixSocket};
use serverwamp::tls::TlsConfig;
use serverwamp::websocket::{Hosts, Origins};
use serverwamp::{Application, Server};
use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _, stdout};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

/// The time for sessions to end after the first signal.
const DRAIN: Duration = Duration::from_secs(10);

/// After this long somebody who waits for the end is told what it waits for.
const NOTICE: Duration = Duration::from_millis(500);

pub(crate) fn run(options: &DevOptions, log: LogSettings, logs: &Logs) -> Result<(), Failure> {
    logs.replace(&LogSettings { form: options.log_format, ..log });
    let address = options.listen;
    if !address.is_loopback() && !options.insecure {
        return Err(Failure::usage(format!(
            "{address} can be reached from other machines, and this server lets everybody in: \
             listen at 127.0.0.1:{}, or add --insecure if you mean it",
            address.socket().port()
        )));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(serve(options));
    // All sessions have ended by now; the program does not wait for a handler that still computes.
    runtime.shutdown_background();
    outcome
}

async fn serve(options: &DevOptions) -> Result<(), Failure> {
    let address = options.listen;
    let tls = tls(options)?;
    let app = demo::application(origins(options), hosts(options))
        .map_err(|error| Failure::runtime(error.to_string()))?;
    // Before the banner, so that a signal that follows it at once finds us listening for it.
    let mut signals = StopSignals::listen()?;
    let failed = |(at, error)| Failure::runtime(address.explain(at, &error));
    let (listener, other) = listeners(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(|error| failed((address.socket(), error)))?;
    let unix =
        options.unix.as_deref().map(|path| unix_socket::listen(path, options.unix_mode)).transpose()?;
    let clock = demo::start_clock(&app);
    say(Banner {
        address: bound,
        both: other.is_some(),
        exposed: !address.is_loopback(),
        tls: tls.is_some(),
        unix: options.unix.clone(),
        program: program(),
        colours: stdout().is_terminal(),
    });

    let (stop, stopped) = watch::channel(());
    let server = serve_all(
        Server::new(app.clone()).drain(DRAIN).restarts(options.restart).long_poll("/lp"),
        (listener, other),
        tls,
        unix,
        stopped,
    );
    let sessions = Cell::new(0);
    let orders = async {
        signals.next().await;
        sessions.set(sessions_in(&app));
        drop(stop);
        tokio::select! {
            () = signals.next() => {}
            () = notice(sessions.get()) => {}
        }
    };
    tokio::select! {
        served = server => {
            served.map_err(|error| Failure::runtime(error.to_string()))?;
            let told = if options.restart { "may come back" } else { "got GOODBYE" };
            say(format_args!("serverwamp has stopped; {} {told}\n", count(sessions.get())));
        }
        () = orders => say("serverwamp has stopped at once, without waiting for its sessions\n"),
    }
    clock.abort();
    Ok(())
}

/// What to type for this program: `cargo run` has not put it where shells look for programs.
fn program() -> &'static str {
    let by_cargo = std::env::var_os("CARGO").is_some() && std::env::var_os("CARGO_MANIFEST_DIR").is_some();
    if by_cargo { "cargo run -q --" } else { "serverwamp" }
}

/// Pages of this machine, whatever they call it, and of `--origin`.
fn origins(options: &DevOptions) -> Origins {
    Origins::listed(options.origin.iter().map(ToString::to_string)).loopback_as_one_host()
}

/// The names of this machine, and those of `--host`: a page that gives its own name our address (DNS rebinding) gets
/// nothing here. Nobody can do that with an address in place of a name, so all addresses do where others may connect.
fn hosts(options: &DevOptions) -> Hosts {
    let hosts = Hosts::loopback().and(options.host.iter().map(ToString::to_string));
    if options.insecure { hosts.and_ip_literals() } else { hosts }
}

/// The number of attempts to find a port that is free at both loopbacks.
const PORTS_TRIED: usize = 16;

/// Listens at the address, and at the other loopback if `localhost` was asked for and this machine has both. Port 0 is
/// the same port of both. An error comes with the address that it is about.
async fn listeners(
    address: ListenAddress,
) -> Result<(TcpListener, Option<TcpListener>), (SocketAddr, io::Error)> {
    let this = address.socket();
    let failed = |error| (this, error);
    let mut tries = if address.socket().port() == 0 { PORTS_TRIED } else { 1 };
    loop {
        tries -= 1;
        let listener = TcpListener::bind(this).await.map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let Some(other) = address.other_loopback(port) else {
            return Ok((listener, None));
        };
        match TcpListener::bind(other).await {
            Ok(other) => return Ok((listener, Some(other))),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err((other, error)),
            Err(error) => {
                tracing::info!(target: "serverwamp::program", %other, %error, "this machine has one loopback address only");
                return Ok((listener, None));
            }
        }
    }
}

/// The TLS configuration of `--tls-certificates` and `--tls-key`.
fn tls(options: &DevOptions) -> Result<Option<TlsConfig>, Failure> {
    let (Some(certificates), Some(key)) = (&options.tls_certificates, &options.tls_key) else {
        return Ok(None);
    };
    let tls = TlsConfig::from_files(certificates, key).build();
    tls.map(Some).map_err(|error| Failure::runtime(error.to_string()))
}

/// Serves at the address and, if there is one, at the Unix socket.
async fn serve_all(
    server: Server,
    (listener, other): (TcpListener, Option<TcpListener>),
    tls: Option<TlsConfig>,
    unix: Option<UnixSocket<UnixListener>>,
    stopped: watch::Receiver<()>,
) -> Result<(), ServeError> {
    let stopped = || {
        let mut stopped = stopped.clone();
        // An error is a sender that is gone, which is what is waited for.
        async move { drop(stopped.changed().await) }
    };
    let beside = async {
        if let Some(socket) = unix {
            server.clone().serve(socket, stopped()).await?;
        }
        Ok(())
    };
    let server = match tls {
        Some(tls) => server.clone().tls(tls),
        None => server.clone(),
    };
    let at_other = async {
        if let Some(other) = other {
            server.clone().serve(other, stopped()).await?;
        }
        Ok(())
    };
    tokio::try_join!(server.clone().serve(listener, stopped()), at_other, beside)?;
    Ok(())
}

/// Reports what the shutdown waits for, if it takes long.
async fn notice(sessions: usize) {
    tokio::time::sleep(NOTICE).await;
    let (sessions, seconds) = (count(sessions), DRAIN.as_secs());
    say(format_args!(
        "waiting for {sessions} to end, {seconds} s at the most; once more Ctrl-C stops at once\n"
    ));
    std::future::pending::<()>().await;
}

fn count(sessions: usize) -> String {
    format!("{sessions} session{}", if sessions == 1 { "" } else { "s" })
}

fn sessions_in(app: &Application) -> usize {
    app.realm(demo::REALM).map_or(0, |realm| realm.sessions().len())
}

/// Writes to the standard output, whoever reads it or not: `serverwamp | head -3` goes on serving.
fn say(text: impl std::fmt::Display) {
    let mut out = stdout().lock();
    // In one piece: whoever reads along sees all of it or nothing.
    drop(out.write_all(text.to_string().as_bytes()));
    drop(out.flush());
}
