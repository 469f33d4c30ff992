//! Reading the configuration again while the server runs: all of it takes effect, or nothing.
//!
//! In: an order, by SIGHUP, the control socket or a changed file. Out: what changed, what needs a restart, or what is wrong. Invariants: one
//! reload at a time; whatever is wrong with the file, and whatever cannot be built of it, changes nothing.

use super::Configured;
use super::listeners::{self, Listening};
use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::metrics::{Health, MonitoringService};
use crate::stop::StopSettings;
use serverwamp::Application;
use serverwamp_config::build::{Running, Touched, refused};
use serverwamp_config::model::Config;
use serverwamp_config::{Change, Mistakes, Reload, changes};
use tokio::sync::Mutex;

/// What became of a reload.
#[derive(Debug)]
pub(super) struct Reloaded {
    /// Whether the configuration is in effect.
    pub(super) done: bool,
    /// For the person who asked, and for the log.
    pub(super) text: String,
}

/// Reloads an application.
pub(super) struct Reloader {
    file: FileOption,
    app: Application,
    /// The configuration that the program was started with: what needs a restart is still as it says.
    started: Config,
    state: Mutex<State>,
    health: Health,
    monitoring: MonitoringService,
    /// How servers end that take the place of others.
    stop: StopSettings,
    /// Takes over what is not the application's, such as the log.
    effect: Effect,
}

/// What a reload replaces.
#[derive(Debug)]
struct State {
    running: Running,
    listening: Vec<Listening>,
}

/// What takes effect beside the application.
pub(super) type Effect = Box<dyn Fn(&Config) -> Result<(), Failure> + Send + Sync>;

impl Reloader {
    pub(super) fn new(
        file: FileOption,
        app: Application,
        running: Running,
        listening: Vec<Listening>,
        (health, monitoring): (Health, MonitoringService),
        stop: StopSettings,
        effect: Effect,
    ) -> Self {
        let started = running.config().clone();
        let state = Mutex::new(State { running, listening });
        Self { file, app, started, state, health, monitoring, stop, effect }
    }

    /// How often the file is looked at, as the configuration says that is in effect.
    pub(super) async fn watch(&self) -> Option<std::time::Duration> {
        self.state.lock().await.running.config().reload.watch.map(|time| time.get())
    }

    /// Reads the configuration again, and makes it take effect if nothing is wrong with it.
    pub(super) async fn reload(&self) -> Reloaded {
        let mut state = self.state.lock().await;
        // It reads files, which may take its time.
        let outcome = tokio::task::block_in_place(|| self.replace(&mut state));
        self.health.reloaded(outcome.is_ok());
        match outcome {
            Ok(text) => {
                for line in text.lines() {
                    tracing::info!(target: "serverwamp::program", "{line}");
                }
                Reloaded { done: true, text }
            }
            Err(text) => {
                tracing::error!(target: "serverwamp::program", "the configuration was not reloaded, and what runs stays as it is");
                for line in text.lines().filter(|line| !line.is_empty()) {
                    tracing::error!(target: "serverwamp::program", "{line}");
                }
                Reloaded { done: false, text }
            }
        }
    }

    /// Builds everything before anything changes.
    fn replace(&self, state: &mut State) -> Result<String, String> {
        let Configured { assembly, mistakes, source } =
            Configured::read(&self.file).map_err(|failure| failure.to_string())?;
        let (before, after) = (state.running.config().clone(), assembly.config().clone());
        let listeners = listeners::build(&self.app, &after, &source, &self.monitoring)
            .map_err(|failure| failure.to_string())?;
        let (mut wanted, running, touched) = state.running.become_next(assembly);
        if before.limits != after.limits {
            let mut settings = self.app.settings();
            settings.limits = after.limits.library();
            wanted = wanted.settings(settings);
        }
        self.app.realms().apply(wanted).map_err(|error| {
            let mut mistakes = Mistakes::default();
            refused(&error, &mut mistakes);
            source.print(&mistakes)
        })?;
        // From here on nothing fails.
        state.running = running;
        let renewed = listeners::replace(&mut state.listening, listeners, self.stop);
        if let Err(failure) = (self.effect)(&after) {
            tracing::error!(target: "serverwamp::program", %failure, "a part of the configuration has no effect");
        }
        let sessions = self.app.statistics().sessions;
        let mut text =
            report(&changes(&before, &after), &changes(&self.started, &after), touched, renewed, sessions);
        if !mistakes.is_empty() {
            text.push_str(&format!("\n\n{}", source.print(&mistakes)));
        }
        Ok(text)
    }
}

/// What changed, for the person who asked.
fn report(
    changed: &[Change],
    since_start: &[Change],
    touched: Touched,
    renewed: usize,
    sessions: usize,
) -> String {
    let live = changed.iter().filter(|change| change.reload == Reload::Live).count();
    let mut parts = Vec::new();
    for (number, what) in
        [(touched.added, "added"), (touched.replaced, "replaced"), (touched.removed, "removed")]
    {
        if number > 0 {
            parts.push(format!("{} {what}", count(number, "realm")));
        }
    }
    if live > 0 {
        parts.push(format!("{} changed", count(live, "key")));
    }
    if renewed > 0 {
        parts.push(format!("{} with other files", count(renewed, "listener")));
    }
    if parts.is_empty() {
        parts.push("nothing changed".to_owned());
    }
    let mut report = format!("reload: {} ({} kept)", parts.join(", "), count(sessions, "session"));
    for change in changed.iter().filter(|change| change.reload == Reload::Live) {
        report.push_str(&format!("\n  {change}"));
    }
    for change in since_start.iter().filter(|change| change.reload == Reload::Restart) {
        report.push_str(&format!("\n  {change}"));
    }
    report
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
