//! What systemd, or a service manager that speaks as it does, and this program tell each other: when it is ready, reloads, stops
//! and is alive (`manager.rs`, `watchdog.rs`), and which sockets it has opened for it (`sockets.rs`).
//!
//! Without a service manager all of this does nothing.

mod manager;
mod sockets;
mod watchdog;

pub(crate) use self::manager::ServiceManager;
pub(crate) use self::sockets::{PassedSocket, PassedSockets, Socket};
pub(crate) use self::watchdog::Watchdog;

#[cfg(test)]
mod tests;
