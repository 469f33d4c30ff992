//! RawSocket connections: the handshake, and what can be set.
//!
//! Specification: Advanced Profile, "RawSocket Transport". The octets themselves are `serverwamp_proto::rawsocket`; behind
//! the handshake runs a `transport::Connection` with RawSocket framing.

pub use crate::transport::rawsocket::RawSocketConfig;

use std::io;
use std::net::SocketAddr;

use hyper::rt::{Read, Write};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::{HandshakeError, HandshakeRequest, MaxLength, accept};
use serverwamp_proto::websocket::Subprotocol;

use crate::Application;
use crate::base::admission::Permit;
use crate::base::unix_peer::UnixPeer;
use crate::peer::Peer;
use crate::transport::io::{read_exact, write_all};
use crate::transport::{
    AllowedRealms, Connection, Framing, Outbox, Settings, TlsInfo, TransportInfo, TransportKind,
};

/// The properties of a byte stream before anything is read from it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Origin {
    /// The peer's address; `None` for those that have none, such as Unix sockets.
    pub address: Option<SocketAddr>,
    /// The address of the connection's other end, if that is a trusted proxy and not the peer.
    pub connection_address: Option<SocketAddr>,
    /// The results of the TLS handshake.
    pub tls: Option<TlsInfo>,
    /// The certificate chain a TLS client presented, DER-encoded, its own certificate first.
    pub client_certificates: Vec<Vec<u8>>,
    /// The process at the other end of a Unix socket.
    pub unix_peer: Option<UnixPeer>,
}

/// Reads the client's octets behind the first one, and answers them unless the client is to be refused.
///
/// Cut it off when it takes too long: it waits for a peer that nobody knows.
pub(crate) async fn shake_hands<IO: Read + Write + Unpin>(
    io: &mut IO,
    config: &RawSocketConfig,
) -> io::Result<Result<HandshakeRequest, HandshakeError>> {
    let mut octets = [0; 3];
    read_exact(io, &mut octets).await?;
    let checked = check(octets, config);
    if let Ok(hello) = &checked {
        write_all(io, &accept(config.takes(), hello.serializer)).await?;
    }
    Ok(checked)
}

fn check(octets: [u8; 3], config: &RawSocketConfig) -> Result<HandshakeRequest, HandshakeError> {
    let hello = HandshakeRequest::read(octets)?;
    if !config.serializers.contains(&hello.serializer) {
        let [ask, ..] = octets;
        return Err(HandshakeError::Serializer(ask & 0x0f));
    }
    Ok(hello)
}

/// Serves the sessions behind a handshake, one after the other, to the end of the stream. The peer `takes` messages of up
/// to this length, and can join these realms.
pub(crate) async fn serve<IO: Read + Write + Unpin>(
    app: &Application,
    io: IO,
    takes: MaxLength,
    (settings, realms): (Settings, AllowedRealms),
    transport: TransportInfo,
    permit: Permit,
) {
    let inner = app.inner();
    let framing = Framing::RawSocket { serializer: transport.serializer, takes: takes.bytes() };
    let limits = inner.settings.limits();
    let outbox = Outbox::borrowing(framing, limits.bounds(), inner.run_queue.pool());
    let peer = Peer::new(inner, transport, outbox.clone(), limits, permit).among(realms);
    Connection::new(io, outbox, peer, settings, &inner.run_queue).await;
}

impl TransportInfo {
    /// The properties of a transport that no HTTP request opened.
    ///
    /// It has no subprotocol; it is told as the WebSocket's that would carry the same messages.
    pub(crate) fn plain(kind: TransportKind, serializer: Serializer, origin: Origin) -> Self {
        Self {
            peer_address: origin.address,
            connection_address: origin.connection_address,
            serializer,
            protocol: Subprotocol::new(serializer).name(),
            kind,
            tls: origin.tls,
            http: None,
            client_certificates: origin.client_certificates,
            unix_peer: origin.unix_peer,
        }
    }
}
