//! Why a cryptosign exchange fails.

use thiserror::Error;

/// Why a cryptosign exchange fails. The texts are for the log.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum CryptosignError {
    /// Something that has to be there is missing, or has another type.
    #[error("{0} is missing, or is not a text")]
    Missing(&'static str),
    /// Something is not hex, or has the wrong length.
    #[error("{0} is not hex of the length that it has to be")]
    Encoding(&'static str),
    /// The bytes are no public key of Ed25519, or one that fits signatures of anybody.
    #[error("the public key is not a usable point of Ed25519")]
    PublicKey,
    /// The type of channel binding is not known.
    #[error("the channel binding {0:?} is neither \"tls-exporter\" nor \"tls-unique\"")]
    UnknownBinding(String),
    /// A channel binding is demanded, and the exchange has none.
    #[error("a channel binding is required, and the exchange has none: {0}")]
    BindingRequired(&'static str),
    /// The peer goes on with another channel binding than was asked for.
    #[error("CHALLENGE has another channel binding than HELLO")]
    BindingMismatch,
    /// The message that was signed is not the challenge, XOR the channel's id.
    #[error("the message signed is not the challenge of this exchange, on this channel")]
    Message,
    /// The signature is not that of the key.
    #[error("the signature is not one of this key")]
    Signature,
    /// The router has another key than the one expected.
    #[error("the router's key is not the one expected")]
    Router,
}
