//! Why a SCRAM exchange fails.

use thiserror::Error;

/// Why a SCRAM exchange fails. The texts are for the log; a peer is told [`server_error`](Self::server_error) at the most.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ScramError {
    /// Something that has to be there is missing, or has another type.
    #[error("{0} is missing, or is not of the type that it has to be")]
    Missing(&'static str),
    /// Something is not canonical base64, or has the wrong length.
    #[error("{0} is not canonical base64 of the length that it has to be")]
    Encoding(&'static str),
    /// The user name or the password is empty, or SASLprep prohibits it.
    #[error("a user name or password is empty or has characters that SASLprep (RFC 4013) prohibits")]
    Text,
    /// The type of channel binding is not known, or the connection has none.
    #[error("the channel binding {0:?} is not supported on this connection")]
    UnsupportedBinding(String),
    /// The realm demands a channel binding, and the client asked for none.
    #[error("a channel binding is required, and the client asked for none")]
    BindingRequired,
    /// The client's channel binding is not that of this connection.
    #[error("the channel binding in AUTHENTICATE is not that of HELLO and of this connection")]
    BindingMismatch,
    /// The nonce in AUTHENTICATE is not that of CHALLENGE, or CHALLENGE's does not begin with that of HELLO.
    #[error("the nonce is not that of this exchange")]
    Nonce,
    /// The client does not know the password.
    #[error("the proof does not fit the password's verifier")]
    Proof,
    /// The server does not know the password's verifier.
    #[error("the server's signature does not fit the password")]
    Verifier,
    /// The costs of the key derivation are out of bounds.
    #[error("the key derivation {0}")]
    Cost(String),
    /// The key derivation costs so little that a false server could guess the password from the answer.
    #[error("the key derivation {0}")]
    TooCheap(String),
    /// The key derivation costs more than the client computes for a server that nobody knows yet.
    #[error("the key derivation {0}")]
    TooCostly(String),
    /// A stored verifier cannot be read.
    #[error("the verifier {0}")]
    Stored(&'static str),
}

impl ScramError {
    /// The `server-error-value` of RFC 5802, section 7, for `ABORT.Details.scram`.
    pub const fn server_error(&self) -> &'static str {
        match self {
            Self::Missing(_) | Self::Encoding(_) => "invalid-encoding",
            Self::Text => "invalid-username-encoding",
            Self::UnsupportedBinding(_) => "unsupported-channel-binding-type",
            Self::BindingRequired => "server-does-support-channel-binding",
            Self::BindingMismatch => "channel-bindings-dont-match",
            Self::Proof => "invalid-proof",
            Self::Nonce
            | Self::Verifier
            | Self::Cost(_)
            | Self::TooCheap(_)
            | Self::TooCostly(_)
            | Self::Stored(_) => "other-error",
        }
    }
}
