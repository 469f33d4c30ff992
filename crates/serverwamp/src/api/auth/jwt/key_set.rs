//! Some keys, of which one has signed a token: from a secret, from PEM, from a JWK or a JWKS (RFC 7517).

use super::algorithm::JwtAlgorithm;
use super::der;
use super::key::{JwtKey, Material};
use super::token::JwtToken;
use serverwamp_proto::codec::{Serializer, Value, from_slice};
use tokio_rustls::rustls::pki_types::SubjectPublicKeyInfoDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// The most keys of one set. A token without `kid` is checked with all of them.
const MOST_KEYS: usize = 32;

/// Keys that check tokens.
#[derive(Clone, Debug, Default)]
pub(super) struct KeySet(Vec<JwtKey>);

/// Whether a token was signed by one of the keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signed {
    /// By one of them.
    Yes,
    /// There is no key with the token's `kid`.
    UnknownKey,
    /// The keys with the token's `kid` are for other algorithms.
    WrongAlgorithm,
    /// The signature is that of none of the keys.
    Forged,
}

impl KeySet {
    pub(super) fn of(material: Material) -> Self {
        Self(vec![JwtKey::of(material)])
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys in a file: PEM, a JWK, or a JWKS.
    pub(super) fn read(contents: &[u8]) -> Result<Self, String> {
        match contents.iter().find(|octet| !octet.is_ascii_whitespace()) {
            Some(b'{') => Self::from_json(contents, true),
            _ => Self::from_pem(contents),
        }
    }

    fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut keys = Vec::new();
        for section in SubjectPublicKeyInfoDer::pem_slice_iter(pem).take(MOST_KEYS) {
            let der = section.map_err(|error| format!("it is damaged: {error}"))?;
            keys.push(JwtKey::of(der::public_key(der.as_ref())?));
        }
        if keys.is_empty() {
            return Err("it has no public key in it: it must be a JWK, a JWKS, or PEM with a line -----BEGIN PUBLIC KEY----- \
                 (`openssl pkey -in KEY -pubout` and `openssl x509 -in CERTIFICATE -noout -pubkey` make one)"
                .to_owned());
        }
        Ok(Self(keys))
    }

    /// The keys in a JWK or a JWKS. Those of a JWKS that cannot be used here are passed over, as RFC 7517 (5.) asks.
    pub(super) fn from_json(json: &[u8], secrets: bool) -> Result<Self, String> {
        let value: Value =
            from_slice(Serializer::Json, json).map_err(|error| format!("it is not JSON: {error}"))?;
        let Some(keys) = value.get("keys") else {
            return JwtKey::from_jwk(&value, secrets).map(|key| Self(vec![key]));
        };
        let keys = keys.as_list().ok_or("its \"keys\" is not a list")?;
        let mut why = "it has no keys".to_owned();
        let mut usable = Vec::new();
        for key in keys.iter().take(MOST_KEYS) {
            match JwtKey::from_jwk(key, secrets) {
                Ok(key) => usable.push(key),
                Err(problem) => {
                    let id = key.get("kid").and_then(Value::as_str).unwrap_or("none");
                    why = format!("it has no key that can be used: the key with id {id:?}: {problem}");
                }
            }
        }
        if usable.is_empty() { Err(why) } else { Ok(Self(usable)) }
    }

    /// Whether one of the keys has signed the token, with one of the `allowed` algorithms; with any, if none are named.
    pub(super) fn check(&self, token: &JwtToken<'_>, allowed: &[JwtAlgorithm]) -> Signed {
        let named = |key: &&JwtKey| key.id.is_none() || token.key_id.is_none() || key.id == token.key_id;
        let mut candidates = self.0.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Signed::UnknownKey;
        }
        if !allowed.is_empty() && !allowed.contains(&token.algorithm) {
            return Signed::WrongAlgorithm;
        }
        let mut result = Signed::WrongAlgorithm;
        for key in candidates.filter(|key| key.algorithms.contains(&token.algorithm)) {
            if token.algorithm.verifies(&key.material, token.signed, &token.signature) {
                return Signed::Yes;
            }
            result = Signed::Forged;
        }
        result
    }
}
