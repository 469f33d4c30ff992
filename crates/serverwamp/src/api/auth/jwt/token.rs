//! A token as it is sent: three parts in base64url (RFC 7515, 7.1), and what its header says.
//!
//! Nothing of the second part, the claims, is looked at before the signature has been checked.

use super::algorithm::JwtAlgorithm;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serverwamp_proto::codec::{Dict, Serializer, Value, from_slice};
use std::borrow::Cow;

/// The longest token. Those of identity providers have one to three thousand bytes.
const LONGEST: usize = 16 * 1024;

/// A token whose signature is not checked yet.
#[derive(Debug)]
pub(super) struct JwtToken<'a> {
    pub(super) algorithm: JwtAlgorithm,
    pub(super) key_id: Option<String>,
    /// The first two parts, which are signed.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    claims: &'a str,
}

/// Why a token is refused, for the log alone. It quotes nothing but names of claims, of algorithms and of keys.
pub(super) type TokenFault = Cow<'static, str>;

impl<'a> JwtToken<'a> {
    /// Reads the header.
    pub(super) fn read(token: &'a [u8]) -> Result<Self, TokenFault> {
        if token.len() > LONGEST {
            return Err(format!("the token has {} bytes, at most {LONGEST} are read", token.len()).into());
        }
        let text = std::str::from_utf8(token).map_err(|_fault| "the token is not text")?;
        let mut parts = text.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(format!("the token has {} parts, expected 3", text.split('.').count()).into());
        };
        let signed = text.as_bytes().get(..header.len() + 1 + claims.len()).unwrap_or_default();
        let header = json(header, "header")?;
        let Some(Value::Text(name)) = header.get("alg") else {
            return Err("the header has no text \"alg\"".into());
        };
        let algorithm = JwtAlgorithm::of_name(name)
            .ok_or_else(|| format!("the algorithm {:?} is not supported", excerpt(name)))?;
        if header.get("crit").is_some() {
            return Err("the header has \"crit\": no extension is supported".into());
        }
        match header.get("typ") {
            None => {}
            // RFC 7519 and RFC 9068; tokens for other purposes (logout, DPoP, security events) have types of their own.
            Some(Value::Text(kind)) if is_access_token(kind) => {}
            Some(_) => return Err("the header's \"typ\" is that of another kind of token".into()),
        }
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::Text(id)) => Some(id.clone()),
            Some(_) => return Err("the header's \"kid\" is not text".into()),
        };
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_fault| "the token's signature is not base64url without padding")?;
        Ok(Self { algorithm, key_id, signed, signature, claims })
    }

    /// The key that the token names, for the log.
    pub(super) fn key_name(&self) -> String {
        self.key_id.as_deref().map_or_else(|| "none".to_owned(), excerpt)
    }

    /// The claims. Only for a token whose signature has been checked.
    pub(super) fn claims(&self) -> Result<Dict, TokenFault> {
        json(self.claims, "payload")
    }
}

fn is_access_token(kind: &str) -> bool {
    let kind = kind.strip_prefix("application/").unwrap_or(kind);
    kind.eq_ignore_ascii_case("jwt") || kind.eq_ignore_ascii_case("at+jwt")
}

fn json(part: &str, name: &str) -> Result<Dict, TokenFault> {
    let bytes = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_fault| format!("the token's {name} is not base64url without padding"))?;
    match from_slice(Serializer::Json, &bytes) {
        Ok(Value::Dict(dict)) => Ok(dict),
        Ok(_) => Err(format!("the token's {name} is not a JSON object").into()),
        Err(_) => Err(format!("the token's {name} is not JSON").into()),
    }
}

/// The beginning of a name that a stranger chose.
pub(super) fn excerpt(name: &str) -> String {
    name.chars().take(64).collect()
}
