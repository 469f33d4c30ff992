//! WAMP-CRA: challenge and response over a shared secret. Spec: advanced, "Challenge Response Authentication".
//!
//! The server sends a JSON text, the client answers with its HMAC-SHA256 under the secret. The secret may be derived from
//! a password with PBKDF2; the key is then the *base64 text* of the derived bytes, which the specification does not say
//! but its example and all implementations do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::Secret;
use crate::codec::{EncodeError, Serializer, to_writer};
use crate::id::SessionId;

/// The text that a client signs.
#[derive(Clone, Copy, Debug)]
pub struct CraChallenge<'a> {
    /// The authid that the client claims.
    pub authid: &'a str,
    /// The role it will have.
    pub authrole: &'a str,
    /// The provider of the authentication.
    pub authprovider: &'a str,
    /// Something that was never used before: at least 16 random bytes, as text.
    pub nonce: &'a str,
    /// Now, as [`format_timestamp`](super::format_timestamp) writes it.
    pub timestamp: &'a str,
    /// The id that WELCOME will give the session.
    pub session: SessionId,
}

/// The seven keys of the challenge, in the order of the specification's example.
#[derive(Serialize)]
struct ChallengeText<'a> {
    nonce: &'a str,
    authprovider: &'a str,
    authid: &'a str,
    timestamp: &'a str,
    authrole: &'a str,
    authmethod: &'a str,
    session: u64,
}

impl CraChallenge<'_> {
    /// The challenge as the JSON text that is sent and signed.
    ///
    /// # Errors
    /// Never for texts; the serializer's signature allows for it.
    pub fn to_json(&self) -> Result<String, EncodeError> {
        let text = ChallengeText {
            nonce: self.nonce,
            authprovider: self.authprovider,
            authid: self.authid,
            timestamp: self.timestamp,
            authrole: self.authrole,
            authmethod: super::method::WAMPCRA,
            session: self.session.get(),
        };
        let mut json = Vec::new();
        to_writer(Serializer::Json, &text, &mut json)?;
        String::from_utf8(json).map_err(|_| EncodeError { reason: "JSON is not UTF-8".into() })
    }
}

/// `CHALLENGE.Extra` of WAMP-CRA.
#[derive(Clone, Debug, Serialize)]
pub struct CraExtra<'a> {
    challenge: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keylen: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iterations: Option<u32>,
}

impl<'a> CraExtra<'a> {
    /// The text to sign and how the key is derived from the password, unless the secret itself is the key.
    pub fn new(challenge: &'a str, derivation: Option<&'a Derivation>) -> Self {
        Self {
            challenge,
            salt: derivation.map(|derivation| derivation.salt.as_str()),
            keylen: derivation.map(|derivation| derivation.keylen),
            iterations: derivation.map(|derivation| derivation.iterations),
        }
    }
}

/// The derivation of a key from a password.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Derivation {
    /// Text that makes the same password another key for another user.
    pub salt: String,
    /// The length of the derived key in bytes, before base64.
    pub keylen: u32,
    /// The number of PBKDF2 iterations.
    pub iterations: u32,
}

impl Derivation {
    /// The numbers that clients assume when they are not told: 1000 iterations, 32 bytes.
    pub fn with_salt(salt: impl Into<String>) -> Self {
        Self { salt: salt.into(), keylen: 32, iterations: 1000 }
    }

    /// Derives the key of a password.
    pub fn derive(&self, password: &Secret) -> CraKey {
        let mut derived = vec![0; self.key_length()];
        pbkdf2::pbkdf2_hmac::<Sha256>(
            password.expose(),
            self.salt.as_bytes(),
            self.iterations.max(1),
            &mut derived,
        );
        let key = CraKey(Secret::from(STANDARD.encode(&derived)));
        derived.zeroize();
        key
    }

    /// A key for a user nobody knows, of `random` bytes: it is as long as a derived one.
    pub fn key_of_nobody(&self, random: &Secret) -> CraKey {
        let bytes: Vec<u8> = random.expose().iter().copied().cycle().take(self.key_length()).collect();
        CraKey::from_derived(STANDARD.encode(bytes))
    }

    /// The length of a derived key, before base64.
    fn key_length(&self) -> usize {
        usize::try_from(self.keylen.min(MAX_KEY_LENGTH)).unwrap_or_default()
    }
}

/// The longest key that is derived: beyond the 64 bytes of a SHA-256 block HMAC gains nothing.
const MAX_KEY_LENGTH: u32 = 1024;

/// The block of SHA-256: HMAC hashes keys that are longer before it uses them (RFC 2104).
const HMAC_BLOCK: usize = 64;

/// The key that signs challenges.
#[derive(Clone, Debug)]
pub struct CraKey(Secret);

impl CraKey {
    /// The key of an unsalted user: the secret itself, or of one that is longer than 64 bytes what HMAC makes of it, so that checking a
    /// signature takes as long with every key.
    pub fn from_secret(secret: Secret) -> Self {
        if secret.expose().len() <= HMAC_BLOCK {
            return Self(secret);
        }
        let mut digest = Sha256::digest(secret.expose());
        let key = Self(Secret::new(digest));
        digest.as_mut_slice().zeroize();
        key
    }

    /// A key that was derived earlier and stored: the base64 text that [`Derivation::derive`] yields.
    pub fn from_derived(base64: impl Into<String>) -> Self {
        Self::from_secret(Secret::from(base64.into()))
    }

    /// The key's bytes: what [`Derivation::derive`] yields is to be stored.
    pub const fn expose(&self) -> &[u8] {
        self.0.expose()
    }

    /// The signature of a challenge, as a client sends it.
    pub fn sign(&self, challenge: &str) -> String {
        STANDARD.encode(hmac_sha256(self.0.expose(), challenge.as_bytes()))
    }

    /// Whether `signature` is the challenge's signature under this key, compared in constant time.
    pub fn verify(&self, challenge: &str, signature: &str) -> bool {
        let expected = hmac_sha256(self.0.expose(), challenge.as_bytes());
        match STANDARD.decode(signature) {
            Ok(given) => expected.ct_eq(&given).into(),
            Err(_) => false,
        }
    }
}

/// A salt for a user nobody knows: always the same for the same name, and unlike any other to who has not the key.
///
/// With it an unknown user is challenged as a known one is, and nobody can find out which names exist.
pub fn fake_salt(server_key: &Secret, authid: &str) -> String {
    let digest = hmac_sha256(server_key.expose(), authid.as_bytes());
    STANDARD.encode(&digest[..16])
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}
