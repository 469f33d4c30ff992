//! Channel binding: what ties an authentication to the TLS connection it runs over.
//!
//! Both ends derive the same 32 bytes from the secrets of their TLS connection. A peer in the middle that terminates TLS has
//! two connections, with different bytes, so a proof that was made for one of them is worthless on the other.

use std::fmt;

use zeroize::Zeroizing;

/// The names of the types of channel binding, as HELLO and CHALLENGE carry them.
pub mod binding {
    /// RFC 9266: keying material that TLS exports; TLS 1.3, and TLS 1.2 with an extended master secret.
    pub const TLS_EXPORTER: &str = "tls-exporter";
    /// RFC 5929: the first Finished message; not with TLS 1.3.
    pub const TLS_UNIQUE: &str = "tls-unique";
    /// RFC 5929: the hash of the server's certificate.
    pub const TLS_SERVER_END_POINT: &str = "tls-server-end-point";
}

/// The beginning of a type's name as a peer sent it, short enough for a log.
#[cfg(any(feature = "cryptosign", feature = "scram"))]
pub(super) fn excerpt(name: &str) -> String {
    name.chars().take(32).collect()
}

/// The 32 bytes of the binding [`tls-exporter`](binding::TLS_EXPORTER) of one TLS connection (RFC 9266).
///
/// `Debug` does not print them, and they are wiped on drop.
#[derive(Clone, Eq, PartialEq)]
pub struct ChannelId(Zeroizing<[u8; 32]>);

impl ChannelId {
    /// The label under which TLS exports the bytes. The context is empty and present: in TLS 1.2 an absent one gives
    /// other bytes.
    pub const LABEL: &[u8] = b"EXPORTER-Channel-Binding";

    /// Wraps what TLS has exported.
    pub fn new(exported: [u8; 32]) -> Self {
        Self(Zeroizing::new(exported))
    }

    /// The bytes themselves.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChannelId(…)")
    }
}
