//! WebSocket connections: from an HTTP request to a handler of messages and back.
//!
//! `upgrade` answers the request. A `Connection` then owns the socket: one future that reads, hands messages to a
//! `MessageHandler`, and writes what stands in the connection's `Outbox`, to which anybody may add. How messages are
//! framed on the wire is a `Framing`.
//!
//! Invariant: no async runtime is named here; bytes go through hyper's I/O traits, time through
//! [`Runtime`](crate::rt::Runtime).

mod closing;
mod config;
mod connection;
mod echo;
mod framing;
mod handler;
mod input;
mod origin;
mod outbox;
mod output;
mod timer;
mod upgrade;

pub use serverwamp_proto::websocket::Subprotocol;

pub use self::config::WebSocketConfig;
pub use self::echo::echo;
pub use self::origin::Origins;

pub(crate) use self::connection::Connection;
pub(crate) use self::framing::Framing;
pub(crate) use self::handler::{EndReason, Flow, MessageHandler};
pub(crate) use self::outbox::{Outbox, PushError, Refused};
pub(crate) use self::upgrade::{Accepted, upgrade};

#[cfg(test)]
mod tests;
