//! RawSocket connections: the handshake, and what can be set.
//!
//! Specification: Advanced Profile, "RawSocket Transport". The octets themselves are `serverwamp_proto::rawsocket`; behind
//! the handshake runs a [`Connection`] with RawSocket framing.

mod config;

pub use self::config::RawSocketConfig;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use hyper::rt::{Read, Write};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::{Hello, Refusal, accept};

use crate::Application;
use crate::connection::Peer;
use crate::transport::io::{end_with, read_exact, write_all};
use crate::transport::{Connection, Framing, Outbox, TransportInfo, TransportKind};

/// What is known of a byte stream before anything is read from it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Origin {
    /// The peer's address; `None` for those that have none, such as Unix sockets.
    pub address: Option<SocketAddr>,
    /// The certificate chain a TLS client presented, DER-encoded, its own certificate first.
    pub client_certificates: Vec<Vec<u8>>,
}

/// Reads the client's octets behind the first one and answers them; `None` when the client was refused.
///
/// Cut it off when it takes too long: it waits for a peer that nobody knows.
pub(crate) async fn shake_hands<IO: Read + Write + Unpin>(
    io: &mut IO,
    config: &RawSocketConfig,
) -> io::Result<Option<Hello>> {
    let mut octets = [0; 3];
    read_exact(io, &mut octets).await?;
    match check(octets, config) {
        Ok(hello) => {
            write_all(io, &accept(config.takes(), hello.serializer)).await?;
            Ok(Some(hello))
        }
        Err(refusal) => {
            tracing::debug!(%refusal, "a RawSocket handshake is refused");
            end_with(io, &refusal.octets()).await?;
            Ok(None)
        }
    }
}

fn check(octets: [u8; 3], config: &RawSocketConfig) -> Result<Hello, Refusal> {
    let hello = Hello::read(octets)?;
    if !config.serializers.contains(&hello.serializer) {
        let [ask, ..] = octets;
        return Err(Refusal::Serializer(ask & 0x0f));
    }
    Ok(hello)
}

/// Serves the session behind a handshake to its end.
pub(crate) async fn serve<IO: Read + Write + Unpin>(
    app: &Application,
    io: IO,
    hello: Hello,
    kind: TransportKind,
    origin: Origin,
) {
    let inner = app.inner();
    let framing = Framing::RawSocket { serializer: hello.serializer, takes: hello.takes.bytes() };
    let outbox = Outbox::new(framing, inner.bounds());
    let transport = TransportInfo {
        peer_address: origin.address,
        serializer: hello.serializer,
        protocol: protocol(hello.serializer),
        kind,
        http: None,
        client_certificates: origin.client_certificates,
    };
    let peer = Peer::new(app, transport, outbox.clone());
    let settings = inner.rawsocket.settings();
    Connection::new(io, outbox, peer, settings, Arc::clone(&inner.runtime)).await;
}

/// RawSocket names no subprotocols; this is what a WebSocket would have called the same messages.
const fn protocol(serializer: Serializer) -> &'static str {
    serverwamp_proto::websocket::Subprotocol::new(serializer).name()
}
