//! `serverwamp serve`: a router made of one file.
//!
//! In: a configuration, the sockets that a service manager passes, and signals. Out: listeners that serve until they are told to stop.
//! Rooms: `configured` reads and builds; `places` opens listeners; `listeners` has the server of each, `pages` what it serves beside sessions; `reload` replaces what may be
//! replaced; `control` is the socket by which that is asked for, `console_link` makes links to the web console, `commands` are those of the admin interface, `watch` looks at the file.

mod commands;
mod configured;
mod console_link;
mod control;
mod listeners;
mod pages;
mod places;
mod reload;
mod watch;

pub(crate) use self::configured::Configured;

use self::commands::Commands;
use self::places::OpenSocket;
use self::reload::{Reloaded, Reloader, TakeOver};
use self::watch::Watched;
use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::logging::{LogFilter, LogForm, LogSettings, Logs};
use crate::metrics::{Health, MonitoringService};
use crate::shell::TargetOptions;
use crate::shell::admin::node;
use crate::stop::{Outcome, Phase, ReloadSignals, Serving, StopSettings, StopSignals};
use crate::systemd::{PassedSockets, ServiceManager, Watchdog};
use clap::Args;
use serverwamp::Application;
use serverwamp::server::UnixSocket;
use serverwamp_config::Mistakes;
use serverwamp_config::model::{Config, Log, LogFormat};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::UnixListener;
use tokio::runtime::Handle;

/// The options of `serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp serve -c serverwamp.toml
  SERVERWAMP_LISTEN__0__ADDRESS=0.0.0.0:8080 serverwamp serve -c serverwamp.toml")]
pub(crate) struct ServeOptions {
    #[command(flatten)]
    file: FileOption,
}

/// The options of `reload`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  serverwamp reload -c serverwamp.toml
  serverwamp reload --socket /run/serverwamp/control.sock
  serverwamp reload --url wss://rt-1.example.com/admin --authid ops --key ops.key")]
pub(crate) struct ReloadOptions {
    #[command(flatten)]
    file: FileOption,
    /// The control socket, in place of the one that the configuration names
    #[arg(long, value_name = "PATH", conflicts_with_all = ["url", "context"])]
    socket: Option<PathBuf>,
    /// With `--url` or `--context`: the router whose admin interface is told to reload, in place of the control socket
    #[command(flatten)]
    target: TargetOptions,
}

impl ReloadOptions {
    /// The file that the server is to read: none where its socket alone is named.
    fn named_file(&self) -> Option<PathBuf> {
        let is_meant = self.socket.is_none() || self.file.config.is_some();
        let path = self.file.path().ok().filter(|_| is_meant);
        path.filter(|path| path.as_os_str() != "-")
    }
}

pub(crate) fn run(options: &ServeOptions, log: &LogSettings, logs: &Logs) -> Result<(), Failure> {
    let path = configured::path_of(&options.file)?;
    // Before there are threads.
    let passed = PassedSockets::of_environment()?;
    // Before it is read, so that no change is missed that comes while the program starts.
    let watched = Watched::new(&path);
    let configured = Configured::read(&options.file)?;
    logs.replace(&log_settings(&configured.assembly.config().log, log)?);
    if !configured.mistakes.is_empty() {
        // Nobody can be told when this fails.
        drop(writeln!(std::io::stderr(), "{}", configured.source.print(&configured.mistakes)));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::runtime(format!("cannot start threads: {error}")))?;
    let outcome = runtime.block_on(serve(options, watched, configured, passed, log, logs));
    // All sessions have ended by now; the program does not wait for what still computes.
    runtime.shutdown_background();
    outcome
}

/// Asks the running program to reload, and prints what became of it.
pub(crate) fn ask_to_reload(options: &ReloadOptions) -> Result<(), Failure> {
    if options.target.names_a_router() {
        return node::reload(&options.target);
    }
    let socket = match &options.socket {
        Some(socket) => socket.clone(),
        None => control_socket(&options.file)?,
    };
    let text = control::ask_to_reload(&socket, options.named_file().as_deref())?;
    writeln!(std::io::stdout(), "{text}").map_err(|_| Failure::Unread)
}

/// The control socket that a configuration names, whatever else is wrong with it: a program that runs says that better.
fn control_socket(file: &FileOption) -> Result<PathBuf, Failure> {
    let file = file.read()?;
    let read = serverwamp_config::read(&file.text, &file.environment);
    let control = read.config.and_then(|config| config.control.value().clone());
    let wrong = read.mistakes.errors() > 0;
    let control = control.ok_or_else(|| {
        Failure::usage(if wrong {
            format!("{} cannot be read, so it does not say where the server is: name the socket with --socket, or mend it first", file.shown)
        } else {
            format!(
            "{} has no `[control]` with a socket: add it and restart, or reload with a signal: kill -HUP PID",
                file.shown
            )
        })
    })?;
    Ok(control.socket.beside(&file.folder))
}

async fn serve(
    options: &ServeOptions,
    watched: Watched,
    configured: Configured,
    mut passed: PassedSockets,
    log: &LogSettings,
    logs: &Logs,
) -> Result<(), Failure> {
    let Configured { assembly, source, .. } = configured;
    let commands = Commands::new(logs.clone());
    let mut mistakes = Mistakes::default();
    let Some((app, running)) = commands.of(assembly).application(&mut mistakes) else {
        return Err(source.failure(&mistakes));
    };
    let config = running.config().clone();
    // Before anybody is told that all is well, so that a signal that follows at once finds us listening for it.
    let (mut signals, reloads) = (StopSignals::listen()?, ReloadSignals::listen()?);
    let health = Health::new();
    let monitoring = MonitoringService::new(app.clone(), health.clone());
    let next = listeners::build(&app, &config, &source, &monitoring, commands.console())?;
    let folder = &source.folder;
    let places = places::open(&config.listeners(), folder, &mut passed).await?;
    passed.finish("the configuration names no listener with `address = \"systemd:NAME\"` for it")?;
    let control = config.control.value().as_ref();
    let control = control.map(|control| {
        let mode = control.mode.as_str().parse().map_err(Failure::runtime)?;
        control::listen(&control.socket.beside(folder), mode)
    });
    let mut control = control.transpose()?;

    let settings = stop_settings(&config);
    let mut serving = Serving::new(settings);
    let mut listening = Vec::new();
    health.listening(places.iter().map(|place| place.sockets.len()).sum());
    for (place, next) in places.into_iter().zip(next) {
        let addresses = place.sockets.iter().map(OpenSocket::address).collect();
        let (server, known) = next.listening(addresses);
        listening.push(known);
        for socket in place.sockets {
            tracing::info!(target: "serverwamp::program", address = %socket.address(), "listening");
            match socket {
                OpenSocket::Tcp(listener) => serving.add(server.clone(), listener),
                OpenSocket::Own(listener) => serving.add(server.clone(), listener),
                OpenSocket::Passed(listener) => serving.add(server.clone(), listener),
            }
        }
    }
    let (log, logs) = (log.clone(), logs.clone());
    let effect = Box::new(move |config: &Config| {
        let (settings, logs) = (log_settings(&config.log, &log)?, logs.clone());
        Ok(Box::new(move || logs.replace(&settings)) as TakeOver)
    });
    let reloader = Arc::new(Reloader::new(
        options.file.clone(),
        app.clone(),
        running,
        listening,
        (health.clone(), monitoring),
        settings,
        (effect, Arc::<Commands>::clone(&commands)),
    ));
    commands.connect(&reloader);
    let manager = ServiceManager::of_environment();
    manager.ready("serving");
    health.configured();
    tracing::info!(target: "serverwamp::program", version = env!("CARGO_PKG_VERSION"), "ready");
    let probed = app.clone();
    let _watchdog = Watchdog::of_environment(&manager, Handle::current(), move || {
        let _ = probed.statistics();
    });
    let tell = |phase| {
        reloader.end();
        told(phase, settings, &manager, &app, &health);
    };
    let ended = tokio::select! {
        ended = serving.until_stopped(&mut signals, tell) => ended,
        never = reload_when_asked(reloads, &manager, &reloader) => never,
        never = reload_when_changed(watched, &reloader) => never,
        never = answer_control(control.as_mut(), &reloader) => never,
    };
    match ended.map_err(|error| Failure::runtime(error.to_string()))? {
        Outcome::InOrder => tracing::info!(target: "serverwamp::program", "stopped"),
        Outcome::AtOnce => {
            tracing::warn!(target: "serverwamp::program", "stopped at once, without waiting for sessions")
        }
    }
    Ok(())
}

/// The settings of the log. `RUST_LOG` and `-v` are for who looks for something, and go before the file.
fn log_settings(log: &Log, given: &LogSettings) -> Result<LogSettings, Failure> {
    let form = match *log.format {
        LogFormat::Text => LogForm::Text,
        LogFormat::Json => LogForm::Json,
    };
    if given.asked {
        return Ok(LogSettings { form, ..given.clone() });
    }
    let mut text = log.level.word().to_owned();
    for (target, level) in log.targets.iter() {
        text.push_str(&format!(",{target}={}", level.word()));
    }
    let filter: LogFilter = text.parse().map_err(|bad| Failure::runtime(format!("[log]: {bad}")))?;
    Ok(LogSettings { filter, form, ..given.clone() })
}

fn stop_settings(config: &Config) -> StopSettings {
    let shutdown = &config.shutdown;
    StopSettings {
        delay: shutdown.ready_before.get(),
        drain: shutdown.drain.get(),
        restarts: *shutdown.restarts,
    }
}

/// Reports the way to the end: to the log, and to the service manager.
fn told(phase: Phase, settings: StopSettings, manager: &ServiceManager, app: &Application, health: &Health) {
    let sessions = app.statistics().sessions;
    match phase {
        Phase::Told => {
            health.draining();
            manager.stopping("stopping", settings.longest());
            tracing::info!(target: "serverwamp::program", sessions, delay = ?settings.delay, drain = ?settings.drain, "stopping");
        }
        Phase::Draining => {
            tracing::info!(target: "serverwamp::program", sessions, "no new sessions from now on")
        }
        Phase::Waiting => {
            tracing::info!(target: "serverwamp::program", sessions, "waiting for sessions to end")
        }
    }
}

/// Reloads at each SIGHUP.
async fn reload_when_asked<T>(
    mut reloads: ReloadSignals,
    manager: &ServiceManager,
    reloader: &Reloader,
) -> T {
    loop {
        reloads.next().await;
        if reloader.is_ending() {
            continue;
        }
        manager.reloading();
        let Reloaded { done, .. } = reloader.reload().await;
        manager.ready(if done { "serving" } else { "serving; the last reload failed, see the log" });
    }
}

/// Reloads when the file has changed, as long as the configuration says so.
async fn reload_when_changed<T>(mut watched: Watched, reloader: &Reloader) -> T {
    loop {
        match reloader.watch().await {
            Some((time, files)) => {
                tokio::time::sleep(time.max(watch::SHORTEST)).await;
                if watched.has_changed(&files) {
                    reloader.reload().await;
                }
            }
            None => {
                // What comes while it waits is new to whoever wants it watched from then on.
                watched.know();
                reloader.replaced().await;
            }
        }
    }
}

async fn answer_control<T>(control: Option<&mut UnixSocket<UnixListener>>, reloader: &Arc<Reloader>) -> T {
    match control {
        Some(socket) => control::serve(socket, reloader).await,
        None => std::future::pending().await,
    }
}
