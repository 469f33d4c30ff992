//! One key that checks tokens: a secret, a public key in PEM, or a JSON Web Key (RFC 7517).
//!
//! Invariant: a key has a kind and allows the algorithms of that kind alone, so that a public key is never taken as a secret of
//! HMAC, whatever a token's header says.

use super::algorithm::JwtAlgorithm;
use crate::auth::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serverwamp_proto::codec::Value;

/// The least length of a secret, which is that of the digest (RFC 7518, 3.2).
pub(super) const SECRET_BYTES: usize = 32;

/// A key, with the algorithms that it may be used with.
#[derive(Clone, Debug)]
pub(super) struct JwtKey {
    /// `kid`; a key without one is tried for every token.
    pub(super) id: Option<String>,
    pub(super) material: Material,
    pub(super) algorithms: Vec<JwtAlgorithm>,
}

/// What a key is made of.
#[derive(Clone, Debug)]
pub(super) enum Material {
    Hmac(Secret),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// The uncompressed point.
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Material {
    pub(super) fn secret(secret: Secret) -> Result<Self, String> {
        let length = secret.expose().len();
        if length < SECRET_BYTES {
            return Err(format!(
                "the secret has {length} bytes, expected at least {SECRET_BYTES}: `openssl rand -hex 32` makes one"
            ));
        }
        Ok(Self::Hmac(secret))
    }

    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Result<Self, String> {
        let (n, e) = (without_zeros(n), without_zeros(e));
        let bits = n.len() * 8 - n.first().map_or(0, |first| first.leading_zeros() as usize);
        if !(2048..=8192).contains(&bits) {
            return Err(format!("the RSA key has {bits} bits, expected 2048 to 8192"));
        }
        Ok(Self::Rsa { n: n.to_vec(), e: e.to_vec() })
    }

    pub(super) fn p256(point: &[u8]) -> Result<Self, String> {
        uncompressed(point, 65).map(Self::P256)
    }

    pub(super) fn p384(point: &[u8]) -> Result<Self, String> {
        uncompressed(point, 97).map(Self::P384)
    }

    pub(super) fn ed25519(key: &[u8]) -> Result<Self, String> {
        match key.len() {
            32 => Ok(Self::Ed25519(key.to_vec())),
            length => Err(format!("the Ed25519 key has {length} bytes, expected 32")),
        }
    }

    fn algorithms(&self) -> Vec<JwtAlgorithm> {
        use JwtAlgorithm as A;
        match self {
            Self::Hmac(secret) => match secret.expose().len() {
                // RFC 7518, 3.2 asks for as many bytes as the digest has.
                ..48 => vec![A::Hs256],
                48..64 => vec![A::Hs256, A::Hs384],
                64.. => vec![A::Hs256, A::Hs384, A::Hs512],
            },
            Self::Rsa { .. } => vec![A::Rs256, A::Rs384, A::Rs512, A::Ps256, A::Ps384, A::Ps512],
            Self::P256(_) => vec![A::Es256],
            Self::P384(_) => vec![A::Es384],
            Self::Ed25519(_) => vec![A::EdDsa],
        }
    }
}

impl JwtKey {
    /// A key without a name, for all algorithms of its kind.
    pub(super) fn of(material: Material) -> Self {
        Self { id: None, algorithms: material.algorithms(), material }
    }

    /// The key in a JSON Web Key, or why it cannot be used. `secrets`: whether it may be a secret.
    pub(super) fn from_jwk(jwk: &Value, secrets: bool) -> Result<Self, String> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        if let Some(other) = text("use").filter(|purpose| *purpose != "sig") {
            return Err(format!("it is for {other:?} and not for signatures"));
        }
        if let Some(purposes) = jwk.get("key_ops").and_then(Value::as_list)
            && !purposes.iter().any(|purpose| purpose.as_str() == Some("verify"))
        {
            return Err("its \"key_ops\" do not have \"verify\"".to_owned());
        }
        let bytes = |name: &str| {
            let encoded = text(name).ok_or_else(|| format!("it has no {name:?}"))?;
            URL_SAFE_NO_PAD.decode(encoded).map_err(|_fault| format!("its {name:?} is not base64url"))
        };
        let kind = text("kty").ok_or("it has no \"kty\"")?;
        let material = match (kind, text("crv")) {
            ("RSA", _) => Material::rsa(&bytes("n")?, &bytes("e")?),
            ("EC", Some("P-256")) => Material::p256(&point(&bytes("x")?, &bytes("y")?)),
            ("EC", Some("P-384")) => Material::p384(&point(&bytes("x")?, &bytes("y")?)),
            ("OKP", Some("Ed25519")) => Material::ed25519(&bytes("x")?),
            ("oct", _) if secrets => Material::secret(Secret::new(bytes("k")?)),
            ("oct", _) => Err("it is a secret, which no server on the network should hand out".to_owned()),
            (kind, curve) => Err(format!(
                "keys of kind {kind:?} and curve {:?} are not supported",
                curve.unwrap_or("none")
            )),
        }?;
        let mut key = Self::of(material);
        key.id = text("kid").map(str::to_owned);
        if let Some(name) = text("alg") {
            key.algorithms.retain(|allowed| Some(*allowed) == JwtAlgorithm::of_name(name));
            if key.algorithms.is_empty() {
                return Err(format!("its algorithm {name:?} is unknown, or does not fit its kind {kind:?}"));
            }
        }
        Ok(key)
    }
}

fn point(x: &[u8], y: &[u8]) -> Vec<u8> {
    [&[4], x, y].concat()
}

fn uncompressed(point: &[u8], length: usize) -> Result<Vec<u8>, String> {
    if point.len() != length || point.first() != Some(&4) {
        return Err(format!("its point has {} bytes, expected {length} in uncompressed form", point.len()));
    }
    Ok(point.to_vec())
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|digit| **digit == 0).count();
    number.get(zeros..).unwrap_or_default()
}
