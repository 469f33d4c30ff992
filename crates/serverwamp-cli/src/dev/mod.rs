//! `serverwamp dev`: the demo, on this machine, until it is told to stop.

mod places;

use self::places::{Places, UnixPlace};
use crate::arguments::DevOptions;
use crate::banner::Banner;
use crate::demo;
use crate::failure::Failure;
use crate::stop::{Outcome, Phase, ReloadSignals, Serving, StopSettings, StopSignals};
use crate::systemd::{PassedSockets, ServiceManager, Watchdog};
use serverwamp::console::{Console, Visitor};
use serverwamp::tls::TlsConfig;
use serverwamp::websocket::{Hosts, Origins};
use serverwamp::{Application, Server};
use std::cell::Cell;
use std::convert::Infallible;
use std::io::{IsTerminal as _, Write as _, stdout};
use std::time::Duration;
use tokio::runtime::Handle;

pub(crate) fn run(options: &DevOptions) -> Result<(), Failure> {
    // Before there are threads.
    let passed = PassedSockets::of_environment()?;
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
    let outcome = runtime.block_on(serve(options, passed));
    // All sessions have ended by now; the program does not wait for a handler that still computes.
    runtime.shutdown_background();
    outcome
}

async fn serve(options: &DevOptions, passed: PassedSockets) -> Result<(), Failure> {
    let tls = tls(options)?;
    let console = Console::new();
    let app = demo::application(origins(options), hosts(options), options.listen.is_loopback(), &console)
        .map_err(|error| Failure::runtime(error.to_string()))?;
    // Before the banner, so that a signal that follows it at once finds us listening for it.
    let (mut signals, reloads) = (StopSignals::listen()?, ReloadSignals::listen()?);
    let places = Places::of(options, passed).await?;
    let manager = ServiceManager::of_environment();
    let clock = demo::start_clock(&app);
    let banner = Banner {
        address: places.address,
        both: places.both,
        exposed: !places.address.ip().to_canonical().is_loopback(),
        tls: tls.is_some(),
        unix: places.unix.as_ref().and_then(UnixPlace::path),
        console: link(&console, options.listen.is_loopback())?,
        program: program(),
        colours: stdout().is_terminal(),
    };
    let status = format!("serving at {}", places.address);
    say(banner);

    let settings = stop_settings(options);
    let mut serving = Serving::new(settings);
    let plain = Server::new(app.clone()).long_poll("/lp").console(&console);
    let server = tls.map_or_else(|| plain.clone(), |tls| plain.clone().tls(tls));
    for listener in places.tcp {
        serving.add(server.clone(), listener);
    }
    match places.unix {
        Some(UnixPlace::Own(socket)) => serving.add(plain, socket),
        Some(UnixPlace::Passed(socket)) => serving.add(plain, socket),
        None => {}
    }
    manager.ready(&status);
    let probed = app.clone();
    let probe = move || {
        let _counters = probed.statistics();
    };
    let _watchdog = Watchdog::of_environment(&manager, Handle::current(), probe);
    let sessions = Cell::new(0);
    let tell = |phase| told(phase, settings, &manager, &app, &sessions);
    let ended = tokio::select! {
        ended = serving.until_stopped(&mut signals, tell) => ended,
        never = reload(reloads, &manager, &status) => match never {},
    };
    match ended.map_err(|error| Failure::runtime(error.to_string()))? {
        Outcome::InOrder => {
            let told = if options.restart { "may come back" } else { "got GOODBYE" };
            say(format_args!("serverwamp has stopped; {} {told}\n", count(sessions.get())));
        }
        Outcome::AtOnce => say("serverwamp has stopped at once, without waiting for its sessions\n"),
    }
    clock.abort();
    Ok(())
}

fn stop_settings(options: &DevOptions) -> StopSettings {
    StopSettings {
        delay: options.shutdown_delay.map_or(Duration::ZERO, |delay| delay.0),
        drain: options.drain.0,
        restarts: options.restart,
    }
}

/// Reports the way to the end: to the person who has pressed Ctrl-C, and to the service manager.
fn told(
    phase: Phase,
    settings: StopSettings,
    manager: &ServiceManager,
    app: &Application,
    sessions: &Cell<usize>,
) {
    let StopSettings { delay, drain, .. } = settings;
    match phase {
        Phase::Told => {
            sessions.set(sessions_in(app));
            manager.stopping("stopping", settings.longest());
            if delay > Duration::ZERO {
                say(format_args!(
                    "serving on for {} s, until load balancers have noticed; once more Ctrl-C stops at once\n",
                    delay.as_secs_f64()
                ));
            }
        }
        Phase::Draining => {}
        Phase::Waiting => say(format_args!(
            "waiting for {} to end, {} s at the most; once more Ctrl-C stops at once\n",
            count(sessions.get()),
            drain.as_secs_f64()
        )),
    }
}

/// There is no file here that could have changed; certificates are read again without being asked to.
async fn reload(mut reloads: ReloadSignals, manager: &ServiceManager, status: &str) -> Infallible {
    loop {
        reloads.next().await;
        manager.reloading();
        tracing::info!(target: "serverwamp::program", "dev has nothing to reload");
        manager.ready(status);
    }
}

/// The path of the console: where there is an admin interface, one that logs a browser in, once.
fn link(console: &Console, admin: bool) -> Result<String, Failure> {
    if !admin {
        return Ok("/console/".to_owned());
    }
    let visitor = Visitor { authid: "console".to_owned(), role: demo::OPERATOR.to_owned() };
    console.link(visitor).map_err(|error| Failure::runtime(format!("there are no random numbers: {error}")))
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

/// The TLS configuration of `--tls-certificates` and `--tls-key`.
fn tls(options: &DevOptions) -> Result<Option<TlsConfig>, Failure> {
    let (Some(certificates), Some(key)) = (&options.tls_certificates, &options.tls_key) else {
        return Ok(None);
    };
    let tls = TlsConfig::from_files(certificates, key).build();
    tls.map(Some).map_err(|error| Failure::runtime(error.to_string()))
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
