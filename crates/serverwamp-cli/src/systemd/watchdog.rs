//! The watchdog: as long as this server makes progress, the service manager is told that it is alive; when it is not told any
//! more, it ends the program and starts it again.
//!
//! A thread of its own asks and tells, so that nothing but the answer says that the server is alive. Invariant: between two
//! messages a task was started by the runtime, waited for its timer and ran the probe.

use super::ServiceManager;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::runtime::Handle;

/// The time that a probe sleeps: it ends only if a thread drives the timers.
const NAP: Duration = Duration::from_millis(1);

/// Tells that the server is alive, until it is dropped.
#[derive(Debug)]
pub(crate) struct Watchdog {
    /// The thread waits for its end.
    _stop: Option<Sender<Infallible>>,
}

impl Watchdog {
    /// Starts it if the service manager wants to be told. `probe` is called by a task of this runtime before each message.
    pub(crate) fn of_environment(
        manager: &ServiceManager,
        runtime: Handle,
        probe: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let variable = |name| std::env::var(name).ok();
        let wanted = wanted(variable("WATCHDOG_USEC"), variable("WATCHDOG_PID"), std::process::id());
        match wanted {
            Ok(Some(within)) if manager.is_there() => Self::start(manager.clone(), runtime, within, probe),
            Ok(_) => Self { _stop: None },
            Err(why) => {
                tracing::warn!(target: "serverwamp::program", why, "the watchdog is ignored");
                Self { _stop: None }
            }
        }
    }

    /// Tells the service manager twice in each time `within`.
    pub(super) fn start(
        manager: ServiceManager,
        runtime: Handle,
        within: Duration,
        probe: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (stop, stopped) = channel();
        let probe = Arc::new(probe);
        let watching = move || watch(&manager, &runtime, within / 2, &probe, &stopped);
        let started = thread::Builder::new().name("serverwamp-watchdog".to_owned()).spawn(watching);
        if let Err(error) = started {
            // It ends the program, which is what it is for.
            tracing::error!(target: "serverwamp::program", %error, "there is no thread for the watchdog");
        }
        Self { _stop: Some(stop) }
    }
}

fn watch(
    manager: &ServiceManager,
    runtime: &Handle,
    every: Duration,
    probe: &Arc<impl Fn() + Send + Sync + 'static>,
    stopped: &Receiver<Infallible>,
) {
    while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
        let (answer, answered) = sync_channel(1);
        let probe = Arc::clone(probe);
        runtime.spawn(async move {
            tokio::time::sleep(NAP).await;
            probe();
            // Nobody waits any more when the program is over.
            let _unheard = answer.send(());
        });
        let mut late = false;
        loop {
            match answered.recv_timeout(every) {
                Ok(()) => break manager.alive(),
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) if !late => {
                    late = true;
                    let seconds = every.as_secs_f64();
                    tracing::error!(target: "serverwamp::program", seconds, "no thread serves; the watchdog is not told");
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
                return;
            }
        }
    }
}

/// The time within which the service manager wants to be told. Another process may be meant.
pub(super) fn wanted(
    within: Option<String>,
    pid: Option<String>,
    ours: u32,
) -> Result<Option<Duration>, String> {
    let Some(within) = within.filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Some(pid) = pid {
        let pid: u32 = pid.parse().map_err(|_| format!("WATCHDOG_PID is {pid:?}, which is no process"))?;
        if pid != ours {
            return Ok(None);
        }
    }
    match within.parse() {
        Ok(microseconds @ 1..) => Ok(Some(Duration::from_micros(microseconds))),
        _ => Err(format!("WATCHDOG_USEC is {within:?}, which is no number of microseconds")),
    }
}
