//! The framing of messages on the wire of one connection.
//!
//! Invariant: the outbox and the connection see messages; only this enum, and what it names, sees frames.

use bytes::{Bytes, BytesMut};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::rawsocket::{self, frame::MAX_PAYLOAD};
use serverwamp_proto::websocket::batch::Records;
use serverwamp_proto::websocket::deflate::Deflate;
use serverwamp_proto::websocket::{self, Event, Failure, InPlace, Opcode, Role, Subprotocol, TooLong, frame};

/// The framing of messages; settled when the connection begins.
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
        /// This side, of which a client masks its frames.
        role: Role,
    },
    /// RawSocket frames.
    RawSocket {
        /// The serializer of the messages.
        serializer: Serializer,
        /// The longest message that the peer takes.
        takes: usize,
    },
}

impl Framing {
    /// The framing of a WAMP subprotocol.
    pub(crate) fn wamp(role: Role, subprotocol: Subprotocol, deflate: Option<Deflate>) -> Self {
        let batch = subprotocol.batched.then_some(subprotocol.serializer);
        Self::WebSocket { kind: Some(subprotocol.opcode()), batch, deflate, role }
    }

    /// WebSocket messages of both kinds, of a server.
    pub(crate) const fn plain(deflate: Option<Deflate>) -> Self {
        Self::WebSocket { kind: None, batch: None, deflate, role: Role::Server }
    }

    /// The kind of message that [`Outbox::push`](super::Outbox::push) writes.
    #[inline]
    pub(super) fn kind(&self) -> Opcode {
        match self {
            Self::WebSocket { kind, .. } => kind.unwrap_or(Opcode::Binary),
            Self::RawSocket { .. } => Opcode::Binary,
        }
    }

    /// Returns whether a message of this kind may be received.
    pub(super) fn accepts(&self, received: Opcode) -> bool {
        match self {
            Self::WebSocket { kind, .. } => kind.is_none_or(|kind| kind == received),
            Self::RawSocket { .. } => true,
        }
    }

    /// Returns whether a whole message of this kind is one for the handler.
    #[inline]
    pub(super) fn is_one_message(&self, received: Opcode) -> bool {
        self.batch().is_none() && self.accepts(received)
    }

    /// The messages in a received batch, if messages are batches here.
    pub(super) fn records(&self, message: Bytes) -> Result<Records, Bytes> {
        match self {
            Self::WebSocket { batch: Some(serializer), .. } => Ok(Records::new(*serializer, message)),
            Self::WebSocket { .. } | Self::RawSocket { .. } => Err(message),
        }
    }

    /// The serializer whose batches the messages are, if they are batches.
    pub(super) const fn batch(&self) -> Option<Serializer> {
        match self {
            Self::WebSocket { batch, .. } => *batch,
            Self::RawSocket { .. } => None,
        }
    }

    /// The longest message that may be sent, in bytes on the wire without its frame.
    pub(crate) fn longest(&self) -> usize {
        match self {
            Self::WebSocket { .. } => usize::MAX,
            Self::RawSocket { takes, .. } => (*takes).min(MAX_PAYLOAD),
        }
    }

    /// Returns whether a connection ends with a frame that says so, and its peer's answer to it.
    pub(super) const fn says_goodbye(&self) -> bool {
        matches!(self, Self::WebSocket { .. })
    }

    /// Returns whether every ping has to be answered (checklist RAW-17); otherwise the last of many is enough.
    pub(super) const fn answers_every_ping(&self) -> bool {
        matches!(self, Self::RawSocket { .. })
    }

    /// Appends a ping or a pong.
    pub(super) fn push_control(&self, control: Opcode, payload: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::WebSocket { .. } => frame::push(control, payload, out),
            Self::RawSocket { .. } => {
                let kind = match control {
                    Opcode::Ping => rawsocket::FrameKind::Ping,
                    _ => rawsocket::FrameKind::Pong,
                };
                rawsocket::frame::push(kind, payload, out);
            }
        }
    }

    /// The decoder of the peer's frames.
    pub(super) fn decoder(&self, max_message: usize) -> FrameDecoder {
        match self {
            Self::WebSocket { deflate, role, .. } => FrameDecoder::WebSocket(
                websocket::Decoder::new(*role, max_message).with_deflate(deflate.is_some()),
            ),
            Self::RawSocket { serializer, .. } => {
                let text = *serializer == Serializer::Json;
                FrameDecoder::RawSocket(rawsocket::Decoder::new(max_message, text))
            }
        }
    }
}

/// Reads frames of either kind.
#[derive(Debug)]
pub(super) enum FrameDecoder {
    WebSocket(websocket::Decoder),
    RawSocket(rawsocket::Decoder),
}

impl FrameDecoder {
    /// Changes how long a message may be that has not begun yet.
    #[inline]
    pub(super) const fn limit(&mut self, max_message: usize) {
        match self {
            Self::WebSocket(decoder) => decoder.limit(max_message),
            Self::RawSocket(decoder) => decoder.limit(max_message),
        }
    }

    /// Lets the message go by whose length was the last failure, if it has no more than `most` bytes: its beginning is the
    /// next event, or what is in it if it is a `batch`.
    #[cold]
    pub(super) fn pass_over(&mut self, most: usize, batch: Option<Serializer>) -> bool {
        match self {
            Self::WebSocket(decoder) => decoder.pass_over(most, batch),
            Self::RawSocket(decoder) => decoder.pass_over(most),
        }
    }

    /// Returns whether there may be an event even if nothing more was received.
    #[inline]
    pub(super) const fn holds_more(&self) -> bool {
        match self {
            Self::WebSocket(decoder) => decoder.holds_more(),
            Self::RawSocket(_) => false,
        }
    }

    /// A short message that comes next, still among what was received. `Ok(None)` says nothing about what comes.
    #[inline]
    pub(super) fn decode_in_place(&mut self, received: &mut [u8]) -> Result<Option<InPlace>, Failure> {
        match self {
            Self::WebSocket(decoder) => decoder.decode_in_place(received),
            Self::RawSocket(_) => Ok(None),
        }
    }

    /// Takes the next event out of what was received.
    #[inline]
    pub(super) fn decode(&mut self, received: &mut BytesMut) -> Result<Option<Event>, Failure> {
        match self {
            Self::WebSocket(decoder) => decoder.decode(received),
            Self::RawSocket(decoder) => match decoder.decode(received) {
                Ok(Some(rawsocket::Event::Message(message))) => Ok(Some(Event::Binary(message))),
                Ok(Some(rawsocket::Event::Ping(payload))) => Ok(Some(Event::Ping(payload))),
                Ok(Some(rawsocket::Event::Pong(payload))) => Ok(Some(Event::Pong(payload))),
                Ok(Some(rawsocket::Event::TooLong(too_long))) => {
                    let (head, failure) = (too_long.head, closing(too_long.failure));
                    Ok(Some(Event::TooLong(Box::new(TooLong { text: false, head, failure }))))
                }
                Ok(None) => Ok(None),
                Err(failure) => Err(closing(failure)),
            },
        }
    }
}

/// RawSocket has no close codes; these say to the rest of the connection what kind of fault it was.
fn closing(failure: rawsocket::Failure) -> Failure {
    Failure { code: if failure.too_long { 1009 } else { 1002 }, reason: failure.reason }
}
