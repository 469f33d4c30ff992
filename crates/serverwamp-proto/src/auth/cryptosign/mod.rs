//! WAMP-cryptosign: the client signs a challenge with an Ed25519 key, and the router may do so too.
//! Spec: advanced, "Cryptosign-based Authentication".
//!
//! [`CryptosignHello`] and [`CryptosignChallenge`] are the server's side, [`CryptosignClient`] is the client's. Challenges come in as
//! arguments. Trustroots, certificates and remote attestation are not part of it; their attributes are ignored.

mod client;
mod error;
mod keys;
mod server;

pub use client::CryptosignClient;
pub use error::CryptosignError;
pub use keys::{CryptosignKey, CryptosignPublicKey};
pub use server::{CryptosignChallenge, CryptosignHello};

use crate::auth::channel::ChannelId;

/// What is signed: the challenge, XOR the channel's id where the authentication is bound to one.
fn message(challenge: &[u8; 32], channel: Option<&ChannelId>) -> [u8; 32] {
    let mut message = *challenge;
    if let Some(channel) = channel {
        message.iter_mut().zip(channel.expose()).for_each(|(byte, other)| *byte ^= other);
    }
    message
}

/// Decodes hex of `N` bytes, in any case.
fn decode_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |at: usize| char::from(pair[at]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(bytes)
}

/// Hex in small letters.
fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests;
