//! The deadlines and limits of a connection over any carrier.

use std::time::Duration;

/// Settings of one connection. Their defaults, with reasons, are those of the transports.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Longest message that is received.
    pub(crate) max_message: usize,
    /// The time that a peer may be silent before it is pinged.
    pub(crate) ping_interval: Duration,
    /// The time that a pinged peer may stay silent.
    pub(crate) ping_timeout: Duration,
    /// The time that the peer may read nothing of pending output.
    pub(crate) write_timeout: Duration,
    /// The time that each step of closing may take.
    pub(crate) close_timeout: Duration,
}
