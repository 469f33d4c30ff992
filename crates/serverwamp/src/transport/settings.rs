//! What every connection is told about time and space, whatever carries it.

use std::time::Duration;

/// Settings of one connection. Their defaults, with reasons, are those of the transports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Longest message that is received.
    pub(crate) max_message: usize,
    /// How long a peer may be silent before it is pinged.
    pub(crate) ping_interval: Duration,
    /// How long a pinged peer may stay silent.
    pub(crate) ping_timeout: Duration,
    /// How long the peer may accept nothing of what is being written.
    pub(crate) write_timeout: Duration,
    /// How long each step of the end may take.
    pub(crate) close_timeout: Duration,
}
