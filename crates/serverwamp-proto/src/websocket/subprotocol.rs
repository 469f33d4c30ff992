//! The subprotocol names of WAMP over WebSocket.
//!
//! Invariant: `Subprotocol::parse(p.name()) == Some(p)` for every subprotocol.

use std::fmt;

use super::Opcode;
use crate::codec::Serializer;

/// The format of the messages of one WebSocket connection, as negotiated by `Sec-WebSocket-Protocol`.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Subprotocol {
    /// The serializer of the messages.
    pub serializer: Serializer,
    /// Whether a WebSocket message carries several WAMP messages (see [`batch`](super::batch)).
    pub batched: bool,
}

impl Subprotocol {
    /// Every subprotocol there is, unbatched ones first.
    pub const ALL: [Self; 6] = [
        Self::new(Serializer::Json),
        Self::new(Serializer::MessagePack),
        Self::new(Serializer::Cbor),
        Self::new(Serializer::Json).batched(),
        Self::new(Serializer::MessagePack).batched(),
        Self::new(Serializer::Cbor).batched(),
    ];

    /// The unbatched subprotocol of a serializer.
    pub const fn new(serializer: Serializer) -> Self {
        Self { serializer, batched: false }
    }

    /// The batched form of this subprotocol.
    #[must_use]
    pub const fn batched(self) -> Self {
        Self { serializer: self.serializer, batched: true }
    }

    /// The name as it stands in `Sec-WebSocket-Protocol`.
    pub const fn name(self) -> &'static str {
        match (self.serializer, self.batched) {
            (Serializer::Json, false) => "wamp.2.json",
            (Serializer::MessagePack, false) => "wamp.2.msgpack",
            (Serializer::Cbor, false) => "wamp.2.cbor",
            (Serializer::Json, true) => "wamp.2.json.batched",
            (Serializer::MessagePack, true) => "wamp.2.msgpack.batched",
            (Serializer::Cbor, true) => "wamp.2.cbor.batched",
        }
    }

    /// The subprotocol of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|subprotocol| subprotocol.name() == name)
    }

    /// The kind of WebSocket message every message travels in: text for JSON, binary for the others.
    pub const fn opcode(self) -> Opcode {
        match self.serializer {
            Serializer::Json => Opcode::Text,
            Serializer::MessagePack | Serializer::Cbor => Opcode::Binary,
        }
    }
}

impl fmt::Display for Subprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The first of the `offered` subprotocols, in the client's order, that is `supported`.
pub fn choose<'a>(
    offered: impl IntoIterator<Item = &'a str>,
    supported: &[Subprotocol],
) -> Option<Subprotocol> {
    offered.into_iter().filter_map(Subprotocol::parse).find(|subprotocol| supported.contains(subprotocol))
}
