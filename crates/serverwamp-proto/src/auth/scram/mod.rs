//! WAMP-SCRAM: both sides prove that they know a password, or what was derived from it, and neither sends it.
//! Spec: advanced, "Salted Challenge Response Authentication Mechanism".
//!
//! [`ScramServer`] and [`ScramClient`] each hold one exchange; nonces come in as arguments. [`ScramVerifier`] is what a
//! server stores of a password.
//!
//! Two dialects are in use. The specification's, under the name `wamp-scram`; and that of Autobahn and Crossbar.io, under the
//! name `scram`, which differs in four points ([`Dialect::Autobahn`]).

mod client;
mod error;
mod kdf;
mod keys;
mod message;
mod server;
mod verifier;

pub use client::ScramClient;
pub use error::ScramError;
pub use kdf::ScramKdf;
pub use keys::ScramKeys;
pub use server::{ScramHello, ScramServer};
pub use verifier::ScramVerifier;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::Secret;

/// The longest nonce of a client, in characters. 16 random bytes, as the specification recommends, are 24 characters.
pub const MAX_NONCE: usize = 256;

/// The form of the messages of one exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// The specification's, `wamp-scram`.
    Specification,
    /// `scram`, as Autobahn and Crossbar.io have it. Argon2 is called `argon2id-13`, and its salted password is the *base64
    /// text* of the derived bytes, without padding; CHALLENGE has no `memory` where there is none; AUTHENTICATE repeats no
    /// nonce; and the `c=` of the authenticated text is empty, with nothing escaped in it. A server that speaks this dialect
    /// accepts a proof in the specification's form as well.
    Autobahn,
}

impl Dialect {
    /// The dialect of an authentication method's name.
    pub fn of(method: &str) -> Option<Self> {
        match method {
            super::method::WAMP_SCRAM => Some(Self::Specification),
            super::method::SCRAM => Some(Self::Autobahn),
            _ => None,
        }
    }
}

/// The form in which user names and passwords are compared: SASLprep (RFC 4013).
///
/// # Errors
/// [`ScramError::Text`] if the text is empty, or has characters in it that SASLprep prohibits.
pub fn prepare(text: &str) -> Result<String, ScramError> {
    let prepared = stringprep::saslprep(text).map_err(|_| ScramError::Text)?;
    if prepared.is_empty() {
        return Err(ScramError::Text);
    }
    Ok(prepared.into_owned())
}

/// A salt for a user nobody knows, and a number to choose among several forms of verifiers. Both are always the same for the
/// same name, and cannot be told from those of a user without the server's key.
pub fn made_up(server_key: &Secret, authid: &str) -> ([u8; 31], u8) {
    let key = server_key.derive("salts of wamp-scram");
    let digest = keys::hmac_sha256(key.expose(), authid.as_bytes());
    let [which, salt @ ..] = *digest;
    (salt, which)
}

/// Decodes base64 in its canonical form: padded, without white space, without bits that have no meaning.
fn decode(text: &str, what: &'static str) -> Result<Vec<u8>, ScramError> {
    STANDARD.decode(text).map_err(|_| ScramError::Encoding(what))
}

/// Decodes the base64 of 32 bytes.
fn decode_32(text: &str, what: &'static str) -> Result<[u8; 32], ScramError> {
    decode(text, what)?.try_into().map_err(|_| ScramError::Encoding(what))
}

#[cfg(test)]
mod tests;
