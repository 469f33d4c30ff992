//! Secrets that cannot be printed or compared by accident.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A password, a ticket or a key.
///
/// There is no `PartialEq`: `==` would stop at the first byte that differs and tell how far an attacker got.
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
    fn from(secret: String) -> Self {
        Self(secret.into_bytes().into())
    }
}
