//! WebSocket connections: their settings, and the answer to the HTTP request that opens one.
//!
//! The upgraded connection is a `transport::Connection` with WebSocket framing.

#[cfg(feature = "measure")]
mod asker;
mod config;
mod echo;
mod host;
mod hosts;
mod origin;
mod upgrade;

pub use serverwamp_proto::websocket::Subprotocol;

#[cfg(feature = "measure")]
pub use self::asker::EchoAsker;
pub use self::config::WebSocketConfig;
pub use self::echo::echo;
pub use self::host::{HostPattern, InvalidPattern};
pub use self::hosts::Hosts;
pub use self::origin::{OriginPattern, Origins};

pub(crate) use self::hosts::Requested;
pub(crate) use self::upgrade::{Accepted, excerpt, upgrade};

#[cfg(test)]
mod tests;
