//! Whether the program is alive, and whether it is ready: what `/healthz` and `/readyz` say.

use serde::Serialize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

/// What the program has done so far, as far as others want to know. Cheap to clone; all clones are about the same program.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<HealthState>);

#[derive(Debug)]
struct HealthState {
    started: Instant,
    listeners: AtomicUsize,
    /// Realms, users and permissions of the configuration are in force.
    configured: AtomicBool,
    draining: AtomicBool,
    reload: Mutex<Reload>,
    reloads: AtomicU64,
    failed_reloads: AtomicU64,
}

/// The last time that a configuration was read.
#[derive(Clone, Copy, Debug, Default)]
struct Reload {
    failed: bool,
    succeeded_at: Option<SystemTime>,
}

/// The body of `/readyz`.
#[derive(Debug, Serialize)]
pub(super) struct Readiness {
    pub(super) ready: bool,
    /// Sockets that are listened at.
    listeners: usize,
    configuration_applied: bool,
    draining: bool,
    /// `false` after a reload that has changed nothing because the file is wrong. That makes nobody unready: the configuration of
    /// before is still in force.
    pub(super) last_reload_successful: bool,
}

/// The body of `/healthz`.
#[derive(Debug, Serialize)]
pub(super) struct Liveness {
    alive: bool,
    version: &'static str,
    uptime_seconds: u64,
}

impl Health {
    /// Of a program that has just started, and is not ready.
    pub(crate) fn new() -> Self {
        Self(Arc::new(HealthState {
            started: Instant::now(),
            listeners: AtomicUsize::new(0),
            configured: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            reload: Mutex::default(),
            reloads: AtomicU64::new(0),
            failed_reloads: AtomicU64::new(0),
        }))
    }

    /// Sockets are listened at: so many as from now on.
    pub(crate) fn listening(&self, listeners: usize) {
        self.0.listeners.store(listeners, Ordering::Relaxed);
    }

    /// The configuration that the program was started with is in force.
    pub(crate) fn configured(&self) {
        self.0.configured.store(true, Ordering::Relaxed);
        self.succeeded();
    }

    /// The configuration was read again: its changes are in force, or it is wrong and nothing has changed.
    pub(crate) fn reloaded(&self, successful: bool) {
        self.0.reloads.fetch_add(1, Ordering::Relaxed);
        if successful {
            self.succeeded();
        } else {
            self.0.failed_reloads.fetch_add(1, Ordering::Relaxed);
            self.0.reload.lock().unwrap_or_else(PoisonError::into_inner).failed = true;
        }
    }

    /// The program is about to end: to be said before anything is closed, so that load balancers send nobody any more.
    pub(crate) fn draining(&self) {
        self.0.draining.store(true, Ordering::Relaxed);
    }

    fn succeeded(&self) {
        let reload = Reload { failed: false, succeeded_at: Some(SystemTime::now()) };
        *self.0.reload.lock().unwrap_or_else(PoisonError::into_inner) = reload;
    }

    fn reload(&self) -> Reload {
        *self.0.reload.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn liveness(&self) -> Liveness {
        let uptime_seconds = self.0.started.elapsed().as_secs();
        Liveness { alive: true, version: env!("CARGO_PKG_VERSION"), uptime_seconds }
    }

    pub(super) fn readiness(&self) -> Readiness {
        let listeners = self.0.listeners.load(Ordering::Relaxed);
        let configuration_applied = self.0.configured.load(Ordering::Relaxed);
        let draining = self.0.draining.load(Ordering::Relaxed);
        Readiness {
            ready: listeners > 0 && configuration_applied && !draining,
            listeners,
            configuration_applied,
            draining,
            last_reload_successful: !self.reload().failed,
        }
    }

    /// Reloads since the start, and those of them that failed.
    pub(super) fn reloads(&self) -> (u64, u64) {
        (self.0.reloads.load(Ordering::Relaxed), self.0.failed_reloads.load(Ordering::Relaxed))
    }

    /// When a configuration was applied last, in seconds since 1970.
    pub(super) fn reload_succeeded_at(&self) -> f64 {
        let since = self.reload().succeeded_at.and_then(|at| at.duration_since(SystemTime::UNIX_EPOCH).ok());
        since.map_or(0.0, |since| since.as_secs_f64())
    }
}
