//! The settings of RawSocket connections, with the reason for each default.

use std::time::Duration;

use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::MaxLength;

use crate::transport::Settings;

/// Settings of RawSocket connections.
///
/// ```
/// let builder = serverwamp::Application::builder::<()>().rawsocket(|config| config.max_message = 64 * 1024);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawSocketConfig {
    /// The serializers that may be asked for. All three by default: supporting one costs nothing while nobody asks for it.
    pub serializers: Vec<Serializer>,
    /// Longest message in bytes: 1 MiB, as for WebSockets. The handshake can only say powers of two from 512 bytes to
    /// 16 MiB, so the next lower one counts. A longer message ends the connection, unless it is a callee's answer
    /// ([`Limits::discarded_bytes`](crate::Limits::discarded_bytes)).
    pub max_message: usize,
    /// The time that a peer may be silent before it is pinged. Never by default: there are clients in use that end the
    /// connection when they are pinged, and the operating system notices a dead peer as well (TCP keepalive).
    pub ping_interval: Duration,
    /// The time that a pinged peer may stay silent before it is given up: 10 seconds.
    pub ping_timeout: Duration,
    /// The time that the peer may read nothing of pending output before it is given up: 10 seconds.
    pub write_timeout: Duration,
    /// The time of reading from the peer after the last message, so that it gets that message: 2 seconds.
    pub close_timeout: Duration,
}

impl RawSocketConfig {
    /// The longest message, as the handshake says it.
    pub(crate) const fn takes(&self) -> MaxLength {
        MaxLength::within(self.max_message)
    }

    /// The settings of the connection.
    pub(crate) const fn settings(&self) -> Settings {
        Settings {
            max_message: self.takes().bytes(),
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            write_timeout: self.write_timeout,
            close_timeout: self.close_timeout,
        }
    }
}

impl Default for RawSocketConfig {
    fn default() -> Self {
        Self {
            serializers: vec![Serializer::Json, Serializer::MessagePack, Serializer::Cbor],
            max_message: 1024 * 1024,
            ping_interval: Duration::MAX,
            ping_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
        }
    }
}
