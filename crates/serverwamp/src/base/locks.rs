//! The locks of this crate: those of the standard library.
//!
//! Built with `--cfg serverwamp_lock_order` they also remember in which order they are taken. A thread that takes two of
//! them the other way round than any thread before panics, with the places of both, even if nobody else was in the way that
//! time. `.ci/run` runs the tests like this; the order is written down in ARCHITECTURE.md.

#[cfg(not(serverwamp_lock_order))]
pub(crate) use std::sync::{Mutex, MutexGuard, RwLock};
#[cfg(serverwamp_lock_order)]
pub(crate) use tracing_mutex::stdsync::tracing::{Mutex, MutexGuard, RwLock};
