//! How a client connects, with the reason for each default.

use super::address::{RouterAddress, Spoken};
use super::progress::{ConnectProgress, ProgressHook};
use crate::transport::Settings;
use http::{HeaderName, HeaderValue};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::Subprotocol;
use std::time::Duration;

/// The settings of connections to a router.
#[derive(Clone, Debug)]
pub(super) struct ConnectSettings {
    /// On offer, the preferred one first. By default all serializers, MessagePack first, because it can represent everything that any
    /// of them can and is the shortest.
    pub(super) subprotocols: Vec<Subprotocol>,
    /// Whether permessage-deflate is offered.
    pub(super) deflate: bool,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The time of each step before HELLO.
    pub(super) step_timeout: Duration,
    /// The longest message that is received.
    pub(super) max_message: usize,
    /// The silence of a router after which it is pinged, if the application has set it.
    pub(super) ping_interval: Option<Duration>,
    /// Who is told of each step.
    pub(super) progress: Option<ProgressHook>,
    /// What the application has set; by default the authorities of the system are trusted.
    #[cfg(feature = "tls")]
    pub(super) tls: Option<super::tls::ClientTls>,
}

impl ConnectSettings {
    /// Tells of a step that was taken.
    pub(super) fn tell(&self, progress: ConnectProgress) {
        if let Some(hook) = &self.progress {
            hook.tell(progress);
        }
    }

    /// Checks that every setting applies at this address.
    ///
    /// # Errors
    /// The setting that does not, and what to do.
    pub(super) fn check(&self, address: &RouterAddress) -> Result<(), String> {
        if self.deflate && matches!(address.spoken, Spoken::LongPoll { .. }) {
            return Err(format!(
                "`.compress()` is for a WebSocket, and {address} is long-polling, which does not compress: connect to ws://.."
            ));
        }
        if address.spoken == Spoken::RawSocket {
            if let Some((name, _)) = self.headers.first() {
                return Err(format!(
                    "the header {name} is for a WebSocket, and {address} is RawSocket, which has none: connect to ws://.."
                ));
            }
            if self.deflate {
                let text = "`.compress()` is for a WebSocket, and";
                return Err(format!(
                    "{text} {address} is RawSocket, which does not compress: connect to ws://.."
                ));
            }
        }
        self.check_tls(address)
    }

    #[cfg(feature = "tls")]
    fn check_tls(&self, address: &RouterAddress) -> Result<(), String> {
        match &self.tls {
            Some(_) if !address.secure => Err(format!(
                "`.tls(..)` is set, and {address} is without TLS: connect to wss://.., rss://.. or https://.."
            )),
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn check_tls(&self, address: &RouterAddress) -> Result<(), String> {
        match address.secure {
            true => Err(format!(
                "{address} needs TLS, and this program was built without it: enable the feature `tls` of the crate serverwamp"
            )),
            false => Ok(()),
        }
    }

    pub(super) fn headers(&self) -> Vec<(&str, &[u8])> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }

    /// The settings of the connection. Without being asked to, peers of RawSocket are not pinged: some routers close the connection
    /// then.
    pub(super) fn transport(&self, pings: bool) -> Settings {
        let usual = if pings { Duration::from_secs(20) } else { Duration::MAX };
        Settings {
            max_message: self.max_message,
            ping_interval: self.ping_interval.unwrap_or(usual),
            ping_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            close_timeout: Duration::from_secs(2),
        }
    }
}

impl Default for ConnectSettings {
    fn default() -> Self {
        let serializers = [Serializer::MessagePack, Serializer::Cbor, Serializer::Json];
        Self {
            subprotocols: serializers.map(Subprotocol::new).to_vec(),
            deflate: false,
            headers: Vec::new(),
            step_timeout: Duration::from_secs(10),
            max_message: 16 * 1024 * 1024,
            ping_interval: None,
            progress: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}
