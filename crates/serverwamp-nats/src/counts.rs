//! What went wrong with the connection, counted.

use std::sync::atomic::{AtomicU64, Ordering};

/// What went wrong since the start. Each is a cause of lost links, except [`refused`](Self::refused) and [`foreign`](Self::foreign).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct CarrierCounts {
    /// How often the connection was lost.
    pub disconnections: u64,
    /// How often the client dropped what had come, because its channel was full. One time may stand for several messages.
    pub dropped: u64,
    /// What could not be handed over: no connection, or too much waited.
    pub not_sent: u64,
    /// What the server has refused: permissions, above all.
    pub refused: u64,
    /// Messages on the cluster's subjects whose sender is no name of a node.
    pub foreign: u64,
}

/// The same, while it is counted.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) disconnections: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) not_sent: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) foreign: AtomicU64,
}

impl Counters {
    pub(crate) fn read(&self) -> CarrierCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CarrierCounts {
            disconnections: of(&self.disconnections),
            dropped: of(&self.dropped),
            not_sent: of(&self.not_sent),
            refused: of(&self.refused),
            foreign: of(&self.foreign),
        }
    }
}

/// Counts one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
