//! What administrators command through the admin interface: the same as signals, the control socket and the file do.
//!
//! Invariant: the program does nothing for a command that it would not do otherwise; a reload takes its turn among the others.

use super::reload::Reloader;
use crate::logging::{LogFilter, Logs};
use serverwamp::auth;
use serverwamp::console::{Console, Visitor};
use serverwamp::rt::BoxFuture;
use serverwamp::{Dict, NodeControl, Realm, Value, WampError};
use serverwamp_config::build::Assembly;
use serverwamp_config::{Change, Environment, Source, changes, read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// The error of a configuration that is wrong.
const NOT_APPLIED: &str = "serverwamp.error.not_applied";

/// The error of a program whose console nobody can be let in at.
const NO_CONSOLE: &str = "serverwamp.error.no_console";

/// The program, as its administrators command it.
#[derive(Debug)]
pub(super) struct Commands {
    reloader: OnceLock<Weak<Reloader>>,
    logs: Logs,
    /// Who has logged in at the console by a link, whatever listener that was for.
    console: Console,
    /// Whether one has asked to drain.
    drains: AtomicBool,
}

impl Commands {
    pub(super) fn new(logs: Logs) -> Arc<Self> {
        Arc::new(Self {
            reloader: OnceLock::new(),
            logs,
            console: Console::new(),
            drains: AtomicBool::new(false),
        })
    }

    /// The console of all listeners.
    pub(super) const fn console(&self) -> &Console {
        &self.console
    }

    /// Lets this program carry out what administrators command, and lets them in who have logged in by a link.
    pub(super) fn of(self: &Arc<Self>, assembly: Assembly) -> Assembly {
        let console = self.console.clone();
        let way_in = Arc::new(move |realm: Realm| realm.authenticator(auth::console(&console)));
        assembly.controlled_by(Arc::<Self>::clone(self)).let_in_by(way_in)
    }

    /// The application runs, and this reloads it.
    pub(super) fn connect(&self, reloader: &Arc<Reloader>) {
        // There is one.
        let _first = self.reloader.set(Arc::downgrade(reloader));
    }

    fn reloader(&self) -> Result<Arc<Reloader>, WampError> {
        let reloader = self.reloader.get().and_then(Weak::upgrade);
        reloader.ok_or_else(|| WampError::unavailable("the program is not ready, or ends"))
    }
}

impl NodeControl for Commands {
    fn config(&self) -> BoxFuture<'_, Result<Value, WampError>> {
        Box::pin(async {
            let config = self.reloader()?.config().await;
            // Of an empty file everything is a default.
            let defaults = read("", &Environment::empty()).config;
            let set = defaults.map(|defaults| changes(&defaults, &config)).unwrap_or_default();
            Ok(Value::List(set.iter().filter_map(setting).collect()))
        })
    }

    fn reload(&self) -> BoxFuture<'_, Result<String, WampError>> {
        Box::pin(async {
            let reloader = self.reloader()?;
            // It reads files, and the administrator's connection must not wait for them.
            let reloaded = tokio::spawn(async move { reloader.reload().await });
            match reloaded.await {
                Ok(reloaded) if reloaded.done => Ok(reloaded.text),
                Ok(reloaded) => Err(WampError::new(NOT_APPLIED).arg(reloaded.text)),
                Err(_) => Err(WampError::internal("the reload panicked")),
            }
        })
    }

    fn drain(&self, within: Option<Duration>) -> BoxFuture<'_, Result<(), WampError>> {
        Box::pin(async move {
            // The second signal would cut off everybody at once, and whoever asks twice, or as the second one, does not ask for that.
            let is_told = self.reloader().is_ok_and(|reloader| reloader.is_ending());
            if !self.drains.swap(true, Ordering::Relaxed) && !is_told {
                stop_this_process()?;
            }
            if let Some(within) = within {
                // As at the second signal; a program that has ended before hears of none.
                tokio::spawn(async move {
                    tokio::time::sleep(within).await;
                    stop_this_process()
                });
            }
            Ok(())
        })
    }

    fn log_level(&self, filter: Option<String>) -> BoxFuture<'_, Result<String, WampError>> {
        Box::pin(async move {
            let former = self.logs.filter();
            if let Some(filter) = filter {
                let filter: LogFilter =
                    filter.parse().map_err(|bad| WampError::invalid_argument(format!("filter: {bad}")))?;
                let filter = filter
                    .with_audit()
                    .map_err(|why| WampError::invalid_argument(format!("filter: {why}")))?;
                self.logs.filter_by(&filter);
            }
            Ok(former)
        })
    }

    fn console_link(
        &self,
        authid: String,
        authrole: String,
    ) -> BoxFuture<'_, Result<Vec<String>, WampError>> {
        Box::pin(async move {
            let visitor = Visitor { authid, role: authrole };
            tracing::info!(target: "serverwamp::program", authid = visitor.authid, authrole = visitor.role, "a link to the console is made");
            let links = self.reloader()?.console_links(&self.console, &visitor).await;
            links.map_err(|why| WampError::new(NO_CONSOLE).arg(why))
        })
    }
}

/// A key that is not as it is by default: its path, its value as it is written without secrets, and where that stands.
fn setting(change: &Change) -> Option<Value> {
    let value = change.to.as_deref()?;
    let source = match &change.source {
        Some(Source::File) => "file".to_owned(),
        Some(Source::Variable(name)) => name.clone(),
        None => "default".to_owned(),
    };
    let fields = [("key", change.path.as_str()), ("value", value), ("source", source.as_str())];
    Some(Value::Dict(Dict::from_iter(fields)))
}

/// The same way as any other stop.
#[cfg(unix)]
fn stop_this_process() -> Result<(), WampError> {
    use rustix::process::{Signal, getpid, kill_process};
    kill_process(getpid(), Signal::TERM).map_err(WampError::internal)
}

#[cfg(not(unix))]
fn stop_this_process() -> Result<(), WampError> {
    Err(WampError::unavailable("this system has no signals: stop the program itself"))
}
