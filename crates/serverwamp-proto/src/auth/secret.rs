//! Secrets that cannot be printed or compared by accident.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A password, a ticket or a key.
///
/// There is no `PartialEq`: `==` would stop at the first byte that differs and tell how far an attacker got. The memory is
/// overwritten when the value is dropped.
#[derive(Clone)]
pub struct Secret(Box<[u8]>);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl AsRef<[u8]>) -> Self {
        Self(secret.as_ref().into())
    }

    /// The secret itself.
    pub const fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Derives a secret for one purpose: HMAC-SHA256 of `purpose` under this one. It tells nothing of this one, nor of what is
    /// derived for other purposes.
    pub fn derive(&self, purpose: &str) -> Self {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        let mut derived = mac.finalize().into_bytes();
        let secret = Self::new(derived);
        derived.as_mut_slice().zeroize();
        secret
    }

    /// Whether `other` is the secret; takes as long for any `other` of the same length.
    ///
    /// Digests are compared, so that not even the length of the secret shows.
    pub fn matches(&self, other: impl AsRef<[u8]>) -> bool {
        Sha256::digest(&self.0).ct_eq(&Sha256::digest(other.as_ref())).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for Secret {
    fn from(mut text: String) -> Self {
        let secret = Self::new(&text);
        text.zeroize();
        secret
    }
}

impl From<Vec<u8>> for Secret {
    fn from(mut bytes: Vec<u8>) -> Self {
        let secret = Self::new(&bytes);
        bytes.zeroize();
        secret
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
