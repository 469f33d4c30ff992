//! Panics in the log, at a rate: each call of a handler with a bug is one, and peers choose how many they are.

use crate::logging::{Logs, Pace};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Logs panics from now on, at most at the rate of errors, and not as Rust does it, which would wait for whoever reads the
/// standard error. Suppressed ones are counted in the log, where each handler that panicked has a line of its own.
pub(crate) fn bound(logs: Logs) {
    let pace = Mutex::new(Pace::of_errors(Instant::now()));
    std::panic::set_hook(Box::new(move |panic| {
        // The lock is given back before anything is written: what writes may panic.
        let may = pace.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        if may {
            logs.panicked(panic);
        }
    }));
}
