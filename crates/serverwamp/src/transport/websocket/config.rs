//! The settings of WebSocket connections, with the reason for each default.

use std::time::Duration;

use super::{Hosts, Origins, Subprotocol};
use crate::Overflow;
use crate::transport::{DrainRate, OutboxBounds, Settings};

/// Settings of WebSocket connections.
///
/// ```
/// # use serverwamp::websocket::WebSocketConfig;
/// let mut config = WebSocketConfig::default();
/// config.max_message = 64 * 1024;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct WebSocketConfig {
    /// The subprotocols that may be negotiated. All six by default: which one is spoken is the client's choice, and
    /// supporting one costs nothing while no client asks for it.
    pub subprotocols: Vec<Subprotocol>,
    /// The web pages that may connect. Pages of the same host by default, since a browser sends a user's cookies along
    /// whichever page asks it to connect.
    pub origins: Origins,
    /// The hosts that requests may be for, whatever carries the session. Any host by default, because only you know the names
    /// of your server. List them when who reaches the server is trusted for that, as on a machine of one's own or within
    /// a company: a page that gives its own name the server's address (DNS rebinding) is then refused, though its origin
    /// is of the same host.
    pub hosts: Hosts,
    /// Longest message in bytes, over all fragments and after decompression: 1 MiB, as other routers and web servers
    /// have it. A longer one closes the connection with code 1009, unless it is a callee's answer
    /// ([`Limits::discarded_bytes`](crate::Limits::discarded_bytes)).
    pub max_message: usize,
    /// Most bytes that may wait to be written to one peer of a plain WebSocket, 4 MiB. An application's sessions have
    /// [`Limits::outgoing_bytes`](crate::Limits::outgoing_bytes) in its place.
    pub max_queued: usize,
    /// The time that a peer may be silent before it is pinged: 20 seconds, below the idle limits of common proxies.
    /// `Duration::MAX` means never.
    pub ping_interval: Duration,
    /// The time that a pinged peer may stay silent before it is given up: 10 seconds, so that a dead one is noticed within
    /// 30 seconds.
    pub ping_timeout: Duration,
    /// The time that the peer may read nothing of pending output before it is given up: 10 seconds. A peer that
    /// lives but does not read is not noticed by its answers to pings.
    pub write_timeout: Duration,
    /// The time to wait for the peer's half of the closing handshake: 2 seconds, a few round trips of a bad network.
    pub close_timeout: Duration,
    /// Whether messages of 1 KiB and more are compressed when the client offers permessage-deflate. Off by default:
    /// compressing a message costs several times more than everything else that is done for it, so it pays only where
    /// bandwidth is dearer than processors.
    pub deflate: bool,
}

impl WebSocketConfig {
    /// The limits of the outbox of a plain WebSocket, which has no limits of an application.
    pub(crate) fn plain_bounds(&self) -> OutboxBounds {
        OutboxBounds {
            queued: self.max_queued,
            messages: usize::MAX,
            message: usize::MAX,
            overflow: Overflow::default(),
            drain: DrainRate { bytes: 0, time: Duration::MAX },
        }
    }

    /// The settings of the connection.
    pub(crate) const fn settings(&self) -> Settings {
        Settings {
            max_message: self.max_message,
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            write_timeout: self.write_timeout,
            close_timeout: self.close_timeout,
        }
    }
}

impl Default for WebSocketConfig {
    fn default() -> Self {
        Self {
            subprotocols: Subprotocol::ALL.to_vec(),
            origins: Origins::same_host(),
            hosts: Hosts::any(),
            max_message: 1024 * 1024,
            max_queued: 4 * 1024 * 1024,
            ping_interval: Duration::from_secs(20),
            ping_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
            deflate: false,
        }
    }
}
