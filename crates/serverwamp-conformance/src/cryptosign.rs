//! The client's side of WAMP-cryptosign.

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// A private key of which every byte is `number`.
#[must_use]
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The public key of [`key`], in hex.
#[must_use]
pub fn public_key(number: u8) -> String {
    hex(key(number).verifying_key().as_bytes())
}

/// What a client sends for a challenge: signature and message in hex, 96 bytes.
///
/// # Panics
///
/// When the challenge is not hex of 32 bytes.
#[must_use]
#[track_caller]
pub fn sign(number: u8, challenge: &str, channel: Option<[u8; 32]>) -> String {
    sign_with(&key(number), challenge, channel)
}

/// The same with any key.
///
/// # Panics
///
/// When the challenge is not hex of 32 bytes.
#[must_use]
#[track_caller]
pub fn sign_with(key: &SigningKey, challenge: &str, channel: Option<[u8; 32]>) -> String {
    let message = message(challenge, channel);
    hex(&key.sign(&message).to_bytes()) + &hex(&message)
}

/// A private key from its hex.
///
/// # Panics
///
/// When it is not hex of 32 bytes.
#[must_use]
#[track_caller]
pub fn key_from_hex(hex: &str) -> SigningKey {
    let bytes: [u8; 32] = unhex(hex).try_into().expect("a key of 32 bytes");
    SigningKey::from_bytes(&bytes)
}

/// Whether `signature` is what [`sign`] makes, from the public key alone.
///
/// # Panics
///
/// When one of the texts is no hex, or of the wrong length.
#[must_use]
#[track_caller]
pub fn is_signed(public_key: &str, signature: &str, challenge: &str, channel: Option<[u8; 32]>) -> bool {
    let key: [u8; 32] = unhex(public_key).try_into().expect("a key of 32 bytes");
    let key = VerifyingKey::from_bytes(&key).expect("a public key");
    let message = message(challenge, channel);
    let both = unhex(signature);
    let (signature, signed) = both.split_at(64);
    signed == message
        && key.verify_strict(&message, &Signature::from_slice(signature).expect("64 bytes")).is_ok()
}

fn message(challenge: &str, channel: Option<[u8; 32]>) -> [u8; 32] {
    let challenge: [u8; 32] = unhex(challenge).try_into().expect("a challenge of 32 bytes");
    let channel = channel.unwrap_or_default();
    std::array::from_fn(|at| challenge[at] ^ channel[at])
}

/// Bytes in hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[track_caller]
fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap_or_default());
    pairs
        .map(|pair| u8::from_str_radix(pair, 16).unwrap_or_else(|error| panic!("{text:?}: {error}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with PyNaCl: the key is 32 times 1, the challenge 32 times 2, the channel 32 times 3.
    #[test]
    fn signatures_are_those_of_another_implementation() {
        assert_eq!(public_key(1), "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c");
        let challenge = "02".repeat(32);
        assert_eq!(
            sign(1, &challenge, None),
            concat!(
                "23c6a658950372e3fa22a44762002cf7ee4c4ee092f351103fa016f3d13de9ac95b1ec77a718a395353fbe1021516965",
                "71d21f76bdb019cadf9e82766f2f2a0f0202020202020202020202020202020202020202020202020202020202020202"
            )
        );
        assert_eq!(
            sign(1, &challenge, Some([3; 32])),
            concat!(
                "0a6c9bbfe97b5b81afa47b53663a61874993e0fc90795a2465d011cf42cf6d350daa5aefc5fcfbf78e7b1d48ab69fa74",
                "68ff8a59c9cb59b535fe7b12c81b49060101010101010101010101010101010101010101010101010101010101010101"
            )
        );
        assert!(is_signed(&public_key(1), &sign(1, &challenge, None), &challenge, None));
        assert!(!is_signed(&public_key(2), &sign(1, &challenge, None), &challenge, None));
    }
}
