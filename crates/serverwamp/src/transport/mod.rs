//! Connections of every carrier: from a socket's bytes to a handler of messages and back.
//!
//! A `Connection` owns the socket: one future that reads, hands messages to a `MessageHandler`, and writes what stands in
//! the connection's `Outbox`, to which anybody may add. How messages are framed on the wire is a `Framing`.
//!
//! Invariant: no async runtime is named here; bytes go through hyper's I/O traits, time through
//! [`Runtime`](crate::rt::Runtime).

mod budget;
mod closing;
mod connection;
#[cfg(feature = "server")]
mod current;
mod framing;
mod handler;
#[cfg(feature = "server")]
pub(crate) mod impossible;
#[cfg(feature = "server")]
mod info;
mod input;
pub(crate) mod io;
#[cfg(feature = "server")]
pub(crate) mod long_poll;
mod masks;
pub(crate) mod memory;
#[cfg(feature = "server")]
mod opening;
mod outbox;
mod output;
mod pause;
#[cfg(feature = "server")]
pub(crate) mod rawsocket;
mod recoding;
mod run_queue;
mod settings;
#[cfg(feature = "server")]
pub(crate) mod shutdown;
mod timer;
#[cfg(feature = "tls")]
pub(crate) mod tls_binding;
mod wake_queue;
#[cfg(feature = "server")]
pub mod websocket;

#[cfg(feature = "server")]
pub(crate) use self::current::{AllowedRealms, CarrierSettings, CurrentSettings, SettingsCell};
#[cfg(feature = "server")]
pub use self::info::{TlsInfo, TransportInfo, TransportKind};
#[cfg(feature = "server")]
pub use self::opening::{OpeningRequest, PeerAddress};

pub(crate) use self::budget::{charge_events, charge_time};
pub(crate) use self::connection::Connection;
pub(crate) use self::framing::Framing;
pub(crate) use self::handler::{EndReason, Flow, MessageHandler};
pub(crate) use self::input::Input;
#[cfg(test)]
pub(crate) use self::outbox::WrittenBytes;
pub(crate) use self::outbox::{Class, DrainRate, Outbox, OutboxBounds, Pool, PushError, infallible};
#[cfg(feature = "server")]
pub(crate) use self::outbox::{FramedEvent, TrafficCounts};
#[cfg(feature = "server")]
pub(crate) use self::pause::pause_after;
pub(crate) use self::run_queue::RunQueue;
pub(crate) use self::settings::Settings;
#[cfg(feature = "server")]
pub(crate) use self::wake_queue::{BATCHED_ABOVE, WakeQueue};
