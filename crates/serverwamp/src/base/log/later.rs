//! Lines that had to wait because a lock was held.
//!
//! Invariant: every line here has been admitted by its kind, so their number is bounded by the kinds' rates.

use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::rate;
use crate::base::locks::Mutex;

/// A line that only has to be logged.
pub(crate) type Later = Box<dyn FnOnce() + Send>;

static WAITING: Mutex<Vec<Later>> = Mutex::new(Vec::new());

/// The number of lines that wait. Every connection asks for it at each of its turns, without a lock.
static WAITING_NOW: AtomicUsize = AtomicUsize::new(0);

/// Keeps a line until somebody calls [`flush`].
pub(crate) fn push(line: Later) {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.push(line);
    WAITING_NOW.store(waiting.len(), Ordering::Relaxed);
}

/// Logs what waits, and counts of what was left out. To be called where no lock is held.
#[inline]
pub(crate) fn flush() {
    if WAITING_NOW.load(Ordering::Relaxed) > 0 {
        log_waiting();
    }
    rate::tell_left_out();
}

#[cold]
fn log_waiting() {
    let mut waiting = WAITING.lock().unwrap_or_else(PoisonError::into_inner);
    let lines = std::mem::take(&mut *waiting);
    WAITING_NOW.store(0, Ordering::Relaxed);
    drop(waiting);
    for line in lines {
        line();
    }
}
