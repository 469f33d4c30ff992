//! The handshake: four octets from the client, four octets back.
//!
//! Invariant: a refusal never has the code 0, which the specification keeps free (checklist RAW-11).

use crate::codec::Serializer;

/// The first octet of every handshake. No HTTP request and no TLS handshake begins with it.
pub const MAGIC: u8 = 0x7f;

/// The longest message somebody takes: a power of two from 512 bytes to 16 MiB.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct MaxLength(u8);

impl MaxLength {
    /// 512 bytes, the least that can be said.
    pub const SHORTEST: Self = Self(0);
    /// 16 MiB, the most that can be said.
    pub const LONGEST: Self = Self(15);

    /// The longest that is not longer than `bytes`; at least 512.
    pub const fn within(bytes: usize) -> Self {
        let mut exponent = 15;
        while exponent > 0 && 1_usize << (exponent + 9) > bytes {
            exponent -= 1;
        }
        Self(exponent)
    }

    /// As bytes.
    pub const fn bytes(self) -> usize {
        1 << (self.0 + 9)
    }
}

/// The request of a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct HandshakeRequest {
    /// The longest message the client takes (checklist RAW-04).
    pub takes: MaxLength,
    /// The serializer of both directions (RAW-05).
    pub serializer: Serializer,
}

/// Why a handshake is refused.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, thiserror::Error)]
pub enum HandshakeError {
    /// The serializer is none, or none that is spoken here (checklist RAW-06, RAW-07).
    #[error("serializer {0} is not supported; 1 is JSON, 2 MessagePack, 3 CBOR")]
    Serializer(u8),
    /// The client takes too little for the router's own messages (RAW-10).
    #[error("the peer must accept messages of at least {0} bytes")]
    MaxLength(usize),
    /// Octets 3 and 4 are not zero (RAW-08).
    #[error("the third and fourth octet of the handshake must be zero")]
    Reserved,
    /// Too many connections are open (RAW-10).
    #[error("too many connections")]
    TooManyConnections,
}

impl HandshakeError {
    /// The octets that tell the client.
    pub const fn octets(self) -> [u8; 4] {
        let code = match self {
            Self::Serializer(_) => 1,
            Self::MaxLength(_) => 2,
            Self::Reserved => 3,
            Self::TooManyConnections => 4,
        };
        [MAGIC, code << 4, 0, 0]
    }
}

impl HandshakeRequest {
    /// Reads the octets behind [`MAGIC`].
    ///
    /// # Errors
    /// The fault in the octets.
    pub const fn read(octets: [u8; 3]) -> Result<Self, HandshakeError> {
        let [ask, third, fourth] = octets;
        if third != 0 || fourth != 0 {
            return Err(HandshakeError::Reserved);
        }
        let serializer = match ask & 0x0f {
            1 => Serializer::Json,
            2 => Serializer::MessagePack,
            3 => Serializer::Cbor,
            other => return Err(HandshakeError::Serializer(other)),
        };
        Ok(Self { takes: MaxLength(ask >> 4), serializer })
    }

    /// The octets a client sends.
    pub const fn octets(self) -> [u8; 4] {
        [MAGIC, self.takes.0 << 4 | number(self.serializer), 0, 0]
    }

    /// Reads the router's octets: the longest message that the router takes.
    ///
    /// # Errors
    /// When the router refuses the handshake, or answers something else.
    pub const fn read_answer(self, octets: [u8; 4]) -> Result<MaxLength, HandshakeRefusal> {
        let [MAGIC, said, 0, 0] = octets else { return Err(HandshakeRefusal::NoRawSocket(octets)) };
        match said & 0x0f {
            0 => Err(HandshakeRefusal::Refused(said >> 4)),
            serializer if serializer == number(self.serializer) => Ok(MaxLength(said >> 4)),
            serializer => Err(HandshakeRefusal::OtherSerializer(serializer)),
        }
    }
}

/// Why a client's handshake came to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeRefusal {
    /// The router refuses, with this code.
    #[error("the router refuses the handshake: {}", refusal(*.0))]
    Refused(u8),
    /// The router answers with another serializer than was asked for.
    #[error("the router answers with serializer {0}, which was not asked for")]
    OtherSerializer(u8),
    /// The answer is none of RawSocket.
    #[error("{}", no_rawsocket(*.0))]
    NoRawSocket([u8; 4]),
}

impl HandshakeRefusal {
    /// The code with which a router says that it does not support the serializer.
    pub const SERIALIZER: u8 = 1;
}

/// What the first four octets of something else show of it, and what to do.
fn no_rawsocket(octets: [u8; 4]) -> String {
    match octets {
        [b'H', b'T', b'T', b'P'] => {
            "it answers \"HTTP..\", which is not RawSocket: connect to ws://.. if it serves a WebSocket"
                .to_owned()
        }
        [b'S', b'S', b'H', b'-'] => {
            "it answers \"SSH-..\", which is not RawSocket: check the port".to_owned()
        }
        // An alert of TLS, in any version.
        [0x15, 3, ..] => "it answers with an alert of TLS: connect to rss://..".to_owned(),
        _ => format!("the answer is {octets:02x?}, which is not RawSocket: check the port"),
    }
}

/// The codes of the specification, in words.
const fn refusal(code: u8) -> &'static str {
    match code {
        HandshakeRefusal::SERIALIZER => "it does not support the serializer",
        2 => "it does not accept the maximum message length",
        3 => "it wants other reserved bits",
        4 => "it has too many connections",
        _ => "it names a code that the specification does not define",
    }
}

/// The octets that accept a handshake: the length that this side takes, and the client's serializer again (checklist RAW-09).
pub const fn accept(takes: MaxLength, serializer: Serializer) -> [u8; 4] {
    HandshakeRequest { takes, serializer }.octets()
}

const fn number(serializer: Serializer) -> u8 {
    match serializer {
        Serializer::Json => 1,
        Serializer::MessagePack => 2,
        Serializer::Cbor => 3,
    }
}
