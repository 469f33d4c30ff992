//! How messages stand on the wire of one connection.
//!
//! Invariant: the outbox and the connection see messages; only this enum, and what it names, sees frames.

use bytes::Bytes;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::websocket::batch::Records;
use serverwamp_proto::websocket::deflate::Deflate;
use serverwamp_proto::websocket::{Opcode, Subprotocol};

/// How messages are framed; settled when the connection begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Framing {
    /// WebSocket messages.
    WebSocket {
        /// The only kind of message there may be, if there is only one; the other is a violation.
        kind: Option<Opcode>,
        /// The serializer whose batches the messages are, if they are batches.
        batch: Option<Serializer>,
        /// The negotiated compression.
        deflate: Option<Deflate>,
    },
}

impl Framing {
    /// The framing of a WAMP subprotocol.
    pub(crate) fn wamp(subprotocol: Subprotocol, deflate: Option<Deflate>) -> Self {
        let batch = subprotocol.batched.then_some(subprotocol.serializer);
        Self::WebSocket { kind: Some(subprotocol.opcode()), batch, deflate }
    }

    /// WebSocket messages of both kinds.
    pub(crate) const fn plain(deflate: Option<Deflate>) -> Self {
        Self::WebSocket { kind: None, batch: None, deflate }
    }

    /// The kind of message that [`Outbox::push`](super::Outbox::push) writes.
    pub(super) fn kind(&self) -> Opcode {
        let Self::WebSocket { kind, .. } = self;
        kind.unwrap_or(Opcode::Binary)
    }

    /// Whether a message of this kind may be received.
    pub(super) fn accepts(&self, received: Opcode) -> bool {
        let Self::WebSocket { kind, .. } = self;
        kind.is_none_or(|kind| kind == received)
    }

    /// The negotiated compression.
    pub(crate) const fn deflate(&self) -> Option<Deflate> {
        let Self::WebSocket { deflate, .. } = self;
        *deflate
    }

    /// The messages in a received batch, if messages are batches here.
    pub(super) fn records(&self, message: Bytes) -> Result<Records, Bytes> {
        let Self::WebSocket { batch, .. } = self;
        match batch {
            Some(serializer) => Ok(Records::new(*serializer, message)),
            None => Err(message),
        }
    }
}
