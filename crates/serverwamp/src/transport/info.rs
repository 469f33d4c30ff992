//! The properties of a session's transport.

use crate::base::log::Whose;
use crate::base::unix_peer::UnixPeer;
use crate::transport::OpeningRequest;
use http::{HeaderMap, Uri, header};
use serverwamp_proto::auth::channel::ChannelId;
use serverwamp_proto::codec::Serializer;
use std::net::SocketAddr;

/// The properties of a session's transport: its kind, its addresses, its request.
///
/// It is an [extractor](crate::extract) in every kind of handler. A handler that takes it has a copy of its own, with all
/// headers of the request; one that is called often takes `Arc<TransportInfo>`, which is shared, or looks at
/// [`Session::transport`](crate::Session::transport).
///
/// ```
/// use serverwamp::{RouteSet, TransportInfo};
///
/// async fn where_from(transport: TransportInfo) -> Option<String> {
///     transport.peer_address.map(|address| address.to_string())
/// }
/// # RouteSet::<()>::new().procedure("docs.where_from", where_from);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportInfo {
    /// The peer's address; `None` when the HTTP server in front does not tell. Where a trusted proxy has told it, its port
    /// is 0 unless that was told as well.
    pub peer_address: Option<SocketAddr>,
    /// The address of the connection's other end: the peer's, or that of the proxy which has told it; see
    /// [`TrustedProxies`](crate::TrustedProxies).
    pub connection_address: Option<SocketAddr>,
    /// The serializer that was negotiated.
    pub serializer: Serializer,
    /// The subprotocol that was negotiated, such as `"wamp.2.json"`.
    pub protocol: &'static str,
    /// The carrier of the messages.
    pub kind: TransportKind,
    /// The results of the TLS handshake of a [`Server`](crate::Server); an HTTP server in front does not report them.
    pub tls: Option<TlsInfo>,
    /// The HTTP request that opened the transport, with its headers and extensions; RawSocket has none.
    pub http: Option<OpeningRequest>,
    /// The certificate chain a TLS client presented, DER-encoded, its own certificate first; empty without one.
    pub client_certificates: Vec<Vec<u8>>,
    /// The process at the other end of a Unix socket, on Linux. A proxy that connects by a Unix socket is that process.
    pub unix_peer: Option<UnixPeer>,
}

/// The results of a transport's TLS handshake.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `"TLSv1_2"` or `"TLSv1_3"`.
    pub version: &'static str,
    /// The cipher suite, such as `"TLS13_AES_256_GCM_SHA384"`.
    pub cipher_suite: &'static str,
    /// The host name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The protocol that was agreed upon (ALPN); `None` unless a configuration of one's own has any.
    pub alpn: Option<Vec<u8>>,
    /// The channel binding `tls-exporter`. `Debug` does not print it.
    pub(crate) channel_id: Option<ChannelId>,
}

impl TlsInfo {
    /// The 32 bytes of the channel binding `tls-exporter` (RFC 9266), which both ends of this TLS connection can compute, and
    /// nobody else. `None` with TLS 1.2 without an extended master secret.
    ///
    /// They are for proofs that are to hold on this connection alone, as those of WAMP-SCRAM and WAMP-cryptosign; do not
    /// send them as they are.
    pub fn tls_exporter(&self) -> Option<&[u8; 32]> {
        self.channel_id.as_ref().map(ChannelId::expose)
    }
}

/// The carrier of the messages.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TransportKind {
    /// A WebSocket.
    WebSocket,
    /// RawSocket over TCP or a Unix socket, with TLS or without.
    RawSocket,
    /// HTTP requests that wait for messages.
    LongPoll,
    /// The peer is in this process.
    Memory,
}

impl From<&TransportInfo> for Whose {
    fn from(transport: &TransportInfo) -> Self {
        Self::from(transport.peer_address)
    }
}

impl TransportInfo {
    /// The channel that authentications can be bound to. The requests of a long-polling transport may come over different
    /// connections, so it has none.
    #[cfg(any(feature = "cryptosign", feature = "scram"))]
    pub(crate) fn channel_id(&self) -> Option<&ChannelId> {
        let tls = self.tls.as_ref().filter(|_| self.kind != TransportKind::LongPoll)?;
        tls.channel_id.as_ref()
    }

    /// The headers of the HTTP request.
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.http.as_ref().map(|parts| &parts.headers)
    }

    /// The text of the HTTP header `name`, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers()?.get(name)?.to_str().ok()
    }

    /// The URI of the HTTP request.
    pub fn uri(&self) -> Option<&Uri> {
        self.http.as_ref().map(|parts| &parts.uri)
    }

    /// The path of the HTTP request.
    pub fn path(&self) -> Option<&str> {
        self.uri().map(Uri::path)
    }

    /// The query of the HTTP request, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.uri()?.query()
    }

    /// The value of the cookie `name`.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let headers = self.headers()?.get_all(header::COOKIE).into_iter();
        headers.filter_map(|value| value.to_str().ok()).flat_map(|line| line.split(';')).find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let quoted = value.trim();
            (key.trim() == name)
                .then(|| quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(quoted))
        })
    }
}
