//! Places in memory for what every thread counts on its own.

use std::sync::atomic::{AtomicUsize, Ordering};

/// A place of its own in memory: processors hold 64 octets at a time, and fetch the next 64 with them.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct CacheLine<T>(pub(crate) T);

/// Threads are numbered as they come here first.
pub(crate) fn number_of_this_thread() -> usize {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
    }
    NUMBER.with(|number| *number)
}
