//! Making tokens: for a login page of the application, and for the program's `token make`.

use super::algorithm::JwtAlgorithm;
use super::key::{Material, SECRET_BYTES};
use crate::auth::{AuthSettingsError, Secret};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::signature::Ed25519KeyPair;
use serverwamp_proto::codec::{Dict, Serializer, Value, to_writer};
use std::fmt;
use std::fs;
use std::path::Path;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// A key that signs tokens, by `HS256` or `EdDSA`.
///
/// ```
/// use serverwamp::auth::{JwtSigner, Secret};
/// use std::time::{Duration, SystemTime, UNIX_EPOCH};
///
/// let signer = JwtSigner::from_secret(Secret::new("an example with more than 32 bytes"))?;
/// let expires = SystemTime::now().duration_since(UNIX_EPOCH)? + Duration::from_secs(300);
/// let token = signer.sign([("sub", "joe".into()), ("exp", expires.as_secs().into())])?;
/// assert_eq!(token.split('.').count(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JwtSigner {
    key: SigningKey,
    key_id: Option<String>,
}

enum SigningKey {
    Hmac(Secret),
    Ed25519(Box<Ed25519KeyPair>),
}

impl JwtSigner {
    /// Signs by `HS256` with a secret of at least 32 bytes.
    ///
    /// # Errors
    /// When it is shorter.
    pub fn from_secret(secret: Secret) -> Result<Self, AuthSettingsError> {
        Self::of_secret(secret).map_err(|problem| AuthSettingsError::new("the secret", problem))
    }

    /// Signs with the key in a file: an Ed25519 key in PEM (`openssl genpkey -algorithm ed25519`), or a secret of at least 32 bytes
    /// (`openssl rand -hex 32`), whose line end is not part of it.
    ///
    /// # Errors
    /// When the file cannot be read or has no such key.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, AuthSettingsError> {
        let path = path.as_ref();
        let unusable = |problem: String| AuthSettingsError::new(path.display(), problem);
        let contents = Secret::from(fs::read(path).map_err(|error| unusable(error.to_string()))?);
        if contents.expose().windows(10).any(|part| part == b"-----BEGIN") {
            Self::of_pem(contents.expose()).map_err(unusable)
        } else {
            Self::of_secret(Secret::new(contents.expose().trim_ascii_end())).map_err(unusable)
        }
    }

    fn of_secret(secret: Secret) -> Result<Self, String> {
        Material::secret(secret.clone())?;
        debug_assert!(secret.expose().len() >= SECRET_BYTES);
        Ok(Self { key: SigningKey::Hmac(secret), key_id: None })
    }

    fn of_pem(pem: &[u8]) -> Result<Self, String> {
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(
            |_fault| "it has no -----BEGIN PRIVATE KEY-----: `openssl genpkey -algorithm ed25519` makes one",
        )?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der())
            .map_err(|error| format!("it is no Ed25519 key: {error}"))?;
        Ok(Self { key: SigningKey::Ed25519(Box::new(pair)), key_id: None })
    }

    /// Names the key in the header of each token (`kid`).
    #[must_use]
    pub fn key_id(mut self, id: impl Into<String>) -> Self {
        self.key_id = Some(id.into());
        self
    }

    /// The token with these claims.
    ///
    /// # Errors
    /// When a claim is not expressible in JSON, such as a number that is none.
    pub fn sign<K: Into<String>>(
        &self,
        claims: impl IntoIterator<Item = (K, Value)>,
    ) -> Result<String, AuthSettingsError> {
        let algorithm = match &self.key {
            SigningKey::Hmac(_) => JwtAlgorithm::Hs256,
            SigningKey::Ed25519(_) => JwtAlgorithm::EdDsa,
        };
        let mut header = Dict::new();
        header.insert("alg", algorithm.name());
        header.insert("typ", "JWT");
        if let Some(id) = &self.key_id {
            header.insert("kid", id.as_str());
        }
        let mut payload = Dict::new();
        for (name, value) in claims {
            payload.insert(name, value);
        }
        let mut token = part(&header)?;
        token.push('.');
        token.push_str(&part(&payload)?);
        let signature = match &self.key {
            SigningKey::Hmac(secret) => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
                URL_SAFE_NO_PAD.encode(hmac::sign(&key, token.as_bytes()))
            }
            SigningKey::Ed25519(pair) => URL_SAFE_NO_PAD.encode(pair.sign(token.as_bytes())),
        };
        token.push('.');
        token.push_str(&signature);
        Ok(token)
    }
}

fn part(dict: &Dict) -> Result<String, AuthSettingsError> {
    let mut json = Vec::new();
    to_writer(Serializer::Json, dict, &mut json)
        .map_err(|error| AuthSettingsError::new("the claims", error))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtSigner").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}
