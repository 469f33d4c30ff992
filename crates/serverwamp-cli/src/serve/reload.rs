//! Reading the configuration again while the server runs: all of it takes effect, or nothing.
//!
//! In: an order, by SIGHUP, the control socket or a changed file. Out: what changed, what needs a restart, or what is wrong. Invariants: one
//! reload at a time; whatever is wrong with the file, and whatever cannot be built of it, changes nothing.

use super::Configured;
use super::commands::Commands;
use super::console_link;
use super::listeners::{self, Listening, RenewedListeners};
use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::metrics::{Health, MonitoringService};
use crate::stop::StopSettings;
use serverwamp::Application;
use serverwamp::console::{Console, Visitor};
use serverwamp_config::build::{Running, Touched, refused};
use serverwamp_config::model::Config;
use serverwamp_config::values::Address;
use serverwamp_config::{Change, Mistakes, Reload, changes};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::{Mutex, Notify};

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
    /// The program, for administrators.
    commands: Arc<Commands>,
    /// Wakes who looks at files, when the configuration may say otherwise about that.
    replaced: Notify,
    /// The server stops: nothing is read any more.
    ending: AtomicBool,
}

/// What a reload replaces.
#[derive(Debug)]
struct State {
    running: Running,
    listening: Vec<Listening>,
}

/// What takes effect beside the application: whether that is possible is known before anything changes.
pub(super) type Effect = Box<dyn Fn(&Config) -> Result<TakeOver, Failure> + Send + Sync>;

/// Takes over what is not the application's.
pub(super) type TakeOver = Box<dyn FnOnce()>;

impl fmt::Debug for Reloader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloader").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Reloader {
    pub(super) fn new(
        file: FileOption,
        app: Application,
        running: Running,
        listening: Vec<Listening>,
        (health, monitoring): (Health, MonitoringService),
        stop: StopSettings,
        (effect, commands): (Effect, Arc<Commands>),
    ) -> Self {
        let started = running.config().clone();
        let state = Mutex::new(State { running, listening });
        let ending = AtomicBool::new(false);
        let replaced = Notify::new();
        Self { file, app, started, state, health, monitoring, stop, effect, commands, replaced, ending }
    }

    /// How often the file is looked at, and which others that it names, as the configuration says that is in effect.
    pub(super) async fn watch(&self) -> Option<(Duration, Vec<PathBuf>)> {
        let state = self.state.lock().await;
        let time = state.running.config().reload.watch.map(|time| time.get())?;
        Some((time, state.running.files().to_vec()))
    }

    /// The file that is read.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.file.path().ok()
    }

    /// The configuration that is in effect.
    pub(super) async fn config(&self) -> Config {
        self.state.lock().await.running.config().clone()
    }

    /// Addresses at which a browser logs in as this visitor.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    pub(super) async fn console_links(
        &self,
        console: &Console,
        visitor: &Visitor,
    ) -> Result<Vec<String>, String> {
        let state = self.state.lock().await;
        console_link::links(state.listening.iter().map(Listening::place), console, visitor)
    }

    /// Waits for a configuration that is taken.
    pub(super) async fn replaced(&self) {
        self.replaced.notified().await;
    }

    /// Reads nothing any more: the server is about to end.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }

    /// Whether the server is about to end.
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Reads the configuration again, and makes it take effect if nothing is wrong with it.
    pub(super) async fn reload(&self) -> Reloaded {
        let mut state = self.state.lock().await;
        if self.is_ending() {
            let text = "serverwamp: the server is stopping, and reads no configuration any more".to_owned();
            return Reloaded { done: false, text };
        }
        // It reads files, which may take its time.
        let outcome = tokio::task::block_in_place(|| self.replace(&mut state));
        self.health.reloaded(outcome.is_ok());
        match outcome {
            Ok(text) => {
                let (done, changes) = logged(&text);
                tracing::info!(target: "serverwamp::program", changes, "{done}");
                Reloaded { done: true, text }
            }
            Err(text) => {
                let (first, more) = logged(&text);
                let why = if more.is_empty() {
                    first
                } else {
                    format!("{first}; {more}").replace("; --> ", " at ")
                };
                tracing::error!(target: "serverwamp::program", why, "the configuration was not reloaded, and what runs stays as it is");
                Reloaded { done: false, text }
            }
        }
    }

    /// Builds everything before anything changes.
    fn replace(&self, state: &mut State) -> Result<String, String> {
        let Configured { assembly, mistakes, source } =
            Configured::read(&self.file).map_err(|failure| failure.to_string())?;
        let assembly = self.commands.of(assembly);
        let (before, after) = (state.running.config().clone(), assembly.config().clone());
        let take_over = (self.effect)(&after).map_err(|failure| failure.to_string())?;
        let console = self.commands.console();
        let until_restart = after.until_restart(&self.started);
        let listeners = listeners::build(&self.app, &until_restart, &source, &self.monitoring, console)
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
        if touched.admin {
            // Who has lost the way in that the link was made by must not keep the link's.
            console.log_everybody_out();
        }
        self.replaced.notify_one();
        let renewed = listeners::replace(&mut state.listening, listeners, self.stop);
        take_over();
        let sessions = self.app.statistics().sessions;
        let mut text =
            report(&changes(&before, &after), &changes(&self.started, &after), touched, &renewed, sessions);
        if let Some(address) = self.address_of_a_new_admin_interface(&after) {
            text.push_str(&format!(
                "\n  admin.listen: added, \"{address}\" (needs a restart): until then nobody reaches the admin interface there"
            ));
        }
        if !mistakes.is_empty() {
            text.push_str(&format!("\n\n{}", source.print(&mistakes)));
        }
        Ok(text)
    }
}

impl Reloader {
    /// The address of an admin interface that there was not when the program was started: to add a table takes effect, to listen does not.
    fn address_of_a_new_admin_interface(&self, after: &Config) -> Option<Address> {
        let is_new = self.started.admin.value().is_none();
        after.admin.value().as_ref().filter(|_| is_new)?.listen.value().clone()
    }
}

/// A report for the log: its first line, and the others in one, because a log bounds lines and not their length. Of what is printed about
/// a mistake there is its title and its place.
fn logged(report: &str) -> (String, String) {
    let is_told = |line: &&str| {
        let is_excerpt =
            line.trim_start().starts_with(|first: char| "|=".contains(first) || first.is_ascii_digit());
        !line.is_empty() && !is_excerpt && !line.starts_with("`serverwamp explain")
    };
    let mut lines = report.lines().filter(is_told);
    let first = lines.next().unwrap_or_default().to_owned();
    let rest: Vec<&str> = lines.map(str::trim).collect();
    (first, rest.join("; "))
}

/// What changed, for the person who asked.
fn report(
    changed: &[Change],
    since_start: &[Change],
    touched: Touched,
    renewed: &RenewedListeners,
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
    for (number, what) in [
        (renewed.encrypted.len(), "with TLS now"),
        (renewed.plain.len(), "without TLS now"),
        (renewed.other_files, "with other files"),
    ] {
        if number > 0 {
            parts.push(format!("{} {what}", count(number, "listener")));
        }
    }
    if parts.is_empty() {
        parts.push("nothing changed".to_owned());
    }
    let mut report = format!("reload: {} ({} kept)", parts.join(", "), count(sessions, "session"));
    for name in &renewed.encrypted {
        report.push_str(&format!("\n  {name}: new connections are encrypted from now on"));
    }
    for name in &renewed.plain {
        report.push_str(&format!("\n  {name}: new connections are not encrypted any more"));
    }
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
