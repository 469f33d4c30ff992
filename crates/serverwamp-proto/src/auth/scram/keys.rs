//! The two keys that a server has of a password, and what is proved with them (RFC 5802, section 3).

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// StoredKey and ServerKey: with them a server checks proofs and proves itself, and cannot log in as the user.
#[derive(Clone)]
pub struct ScramKeys {
    stored: Zeroizing<[u8; 32]>,
    server: Zeroizing<[u8; 32]>,
}

impl ScramKeys {
    /// Keys that were derived earlier.
    pub fn new(stored_key: [u8; 32], server_key: [u8; 32]) -> Self {
        Self { stored: Zeroizing::new(stored_key), server: Zeroizing::new(server_key) }
    }

    /// Derives the keys of a salted password.
    pub(super) fn derive(salted_password: &[u8]) -> Self {
        let client_key = hmac_sha256(salted_password, b"Client Key");
        Self { stored: sha256(&client_key), server: hmac_sha256(salted_password, b"Server Key") }
    }

    /// StoredKey, to store it.
    pub fn stored_key(&self) -> &[u8; 32] {
        &self.stored
    }

    /// ServerKey, to store it.
    pub fn server_key(&self) -> &[u8; 32] {
        &self.server
    }

    /// Returns whether whoever made `proof` knows the password; compares in constant time.
    pub(super) fn verify(&self, auth_message: &str, proof: &[u8; 32]) -> bool {
        let signature = hmac_sha256(&*self.stored, auth_message.as_bytes());
        let client_key = xor(&signature, proof);
        sha256(&client_key).ct_eq(&*self.stored).into()
    }

    /// The signature with which the server proves itself.
    pub(super) fn server_signature(&self, auth_message: &str) -> Zeroizing<[u8; 32]> {
        hmac_sha256(&*self.server, auth_message.as_bytes())
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScramKeys(…)")
    }
}

/// The proof that the client knows the salted password.
pub(super) fn client_proof(salted_password: &[u8], auth_message: &str) -> Zeroizing<[u8; 32]> {
    let client_key = hmac_sha256(salted_password, b"Client Key");
    let stored_key = sha256(&client_key);
    xor(&client_key, &hmac_sha256(&*stored_key, auth_message.as_bytes()))
}

pub(super) fn hmac_sha256(key: &[u8], message: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    Zeroizing::new(mac.finalize().into_bytes().into())
}

fn sha256(bytes: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    Zeroizing::new(Sha256::digest(bytes).into())
}

fn xor(one: &[u8; 32], other: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut result = Zeroizing::new(*one);
    result.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other);
    result
}
