//! Ed25519 keys, in hex where they are texts.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

use super::{CryptosignError, decode_hex, encode_hex};

/// An Ed25519 public key.
///
/// `Display` and `FromStr` are hex.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CryptosignPublicKey(VerifyingKey);

impl CryptosignPublicKey {
    /// A key from its 32 bytes.
    ///
    /// # Errors
    /// [`CryptosignError::PublicKey`] if they are no point of the curve, or one of the few under which a signature fits
    /// many messages.
    pub fn new(bytes: [u8; 32]) -> Result<Self, CryptosignError> {
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| CryptosignError::PublicKey)?;
        match key.is_weak() {
            true => Err(CryptosignError::PublicKey),
            false => Ok(Self(key)),
        }
    }

    /// The key's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks the strict form of a signature: no other encoding of it passes, and no key of small order.
    pub(super) fn verify(&self, message: &[u8; 32], signature: &[u8; 64]) -> Result<(), CryptosignError> {
        let signature = Signature::from_bytes(signature);
        self.0.verify_strict(message, &signature).map_err(|_| CryptosignError::Signature)
    }
}

impl FromStr for CryptosignPublicKey {
    type Err = CryptosignError;

    fn from_str(hex: &str) -> Result<Self, CryptosignError> {
        Self::new(decode_hex(hex).ok_or(CryptosignError::Encoding("the public key"))?)
    }
}

impl fmt::Display for CryptosignPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode_hex(self.as_bytes()))
    }
}

/// An Ed25519 private key. `Debug` does not print it, and it is wiped on drop.
#[derive(Clone)]
pub struct CryptosignKey(SigningKey);

impl CryptosignKey {
    /// A key from its 32 bytes, which are random.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(bytes))
    }

    /// A key from its hex.
    ///
    /// # Errors
    /// [`CryptosignError::Encoding`] if it is not hex of 32 bytes.
    pub fn from_hex(hex: &str) -> Result<Self, CryptosignError> {
        let bytes = zeroize::Zeroizing::new(
            decode_hex(hex.trim_ascii()).ok_or(CryptosignError::Encoding("the private key"))?,
        );
        Ok(Self::new(&bytes))
    }

    /// The public key of this key.
    pub fn public_key(&self) -> CryptosignPublicKey {
        CryptosignPublicKey(self.0.verifying_key())
    }

    /// Signature and message, in hex: 96 bytes.
    pub(super) fn sign(&self, message: &[u8; 32]) -> String {
        encode_hex(&self.0.sign(message).to_bytes()) + &encode_hex(message)
    }
}

impl fmt::Debug for CryptosignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CryptosignKey(…)")
    }
}
