//! The server's side of one exchange.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::message::Said;
use super::{Dialect, MAX_NONCE, ScramError, ScramVerifier, decode, decode_32};
use crate::auth::channel::{ChannelId, binding, excerpt};
use crate::codec::{Dict, Value};

/// What a client sends in `HELLO.Details.authextra`.
#[derive(Clone, Debug)]
pub struct ScramHello {
    nonce: String,
    channel_binding: Option<String>,
}

impl ScramHello {
    /// Reads `authextra` (checklist SCR-02, SCR-15).
    ///
    /// # Errors
    /// If the nonce is missing, empty, longer than [`MAX_NONCE`] or not canonical base64, or if `channel_binding` is
    /// neither null nor a text.
    pub fn from_extra(authextra: &Dict) -> Result<Self, ScramError> {
        const NONCE: &str = "authextra.nonce";
        let nonce = authextra.get("nonce").and_then(Value::as_str).ok_or(ScramError::Missing(NONCE))?;
        if nonce.len() > MAX_NONCE || decode(nonce, NONCE)?.is_empty() {
            return Err(ScramError::Encoding(NONCE));
        }
        let channel_binding = binding_type(authextra, "authextra.channel_binding")?;
        Ok(Self { nonce: nonce.to_owned(), channel_binding: channel_binding.map(str::to_owned) })
    }

    /// The type of channel binding that the client asks for.
    pub fn channel_binding(&self) -> Option<&str> {
        self.channel_binding.as_deref()
    }
}

/// `channel_binding` of an extra: absent, null or a text.
fn binding_type<'a>(extra: &'a Dict, name: &'static str) -> Result<Option<&'a str>, ScramError> {
    match extra.get("channel_binding") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(name)) => Ok(Some(name)),
        Some(_) => Err(ScramError::Missing(name)),
    }
}

/// One exchange, from CHALLENGE to WELCOME.
#[derive(Debug)]
pub struct ScramServer<'a> {
    authid: &'a str,
    hello: ScramHello,
    nonce: String,
    salt: String,
    dialect: Dialect,
    verifier: &'a ScramVerifier,
    channel: Option<ChannelId>,
}

impl<'a> ScramServer<'a> {
    /// Begins an exchange with the user `authid`, a name that was [prepared](super::prepare). `nonce` is random, 16 bytes at
    /// least; `channel` is the connection's, if it has one.
    ///
    /// # Errors
    /// [`ScramError::UnsupportedBinding`] if the client asks for a channel binding other than `tls-exporter`, or for that
    /// one over a connection that has none (checklist SCR-03, SCR-16).
    pub fn new(
        authid: &'a str,
        hello: ScramHello,
        dialect: Dialect,
        nonce: &[u8],
        verifier: &'a ScramVerifier,
        channel: Option<ChannelId>,
    ) -> Result<Self, ScramError> {
        let channel = match (hello.channel_binding.as_deref(), channel) {
            (None, _) => None,
            (Some(binding::TLS_EXPORTER), Some(channel)) => Some(channel),
            (Some(other), _) => return Err(ScramError::UnsupportedBinding(excerpt(other))),
        };
        let nonce = hello.nonce.clone() + &STANDARD.encode(nonce);
        let salt = STANDARD.encode(verifier.salt());
        Ok(Self { authid, hello, nonce, salt, dialect, verifier, channel })
    }

    /// `CHALLENGE.Extra` (checklist SCR-05).
    pub fn challenge(&self) -> Dict {
        let kdf = self.verifier.kdf();
        let mut extra = Dict::new();
        extra.insert("nonce", self.nonce.as_str());
        extra.insert("salt", self.salt.as_str());
        extra.insert("kdf", kdf.name(self.dialect));
        extra.insert("iterations", kdf.iterations());
        // Autobahn takes no null for it.
        if self.dialect == Dialect::Specification || kdf.memory().is_some() {
            extra.insert("memory", kdf.memory());
        }
        extra
    }

    /// Checks AUTHENTICATE; the result is the `ServerSignature` in base64, for `WELCOME.Details.authextra` (checklist
    /// SCR-07, SCR-08, SCR-11).
    ///
    /// # Errors
    /// What is wrong with it. A wrong proof is [`ScramError::Proof`], whatever else is right.
    pub fn verify(&self, signature: &[u8], extra: &Dict) -> Result<String, ScramError> {
        let signature = std::str::from_utf8(signature).map_err(|_| ScramError::Encoding("the signature"))?;
        let proof = decode_32(signature, "the signature")?;
        self.check_nonce(extra)?;
        self.check_binding(extra)?;
        let said = self.said();
        let mut forms = vec![(Dialect::Specification, said.in_specification(self.channel.as_ref()))];
        // A proof in Autobahn's form says nothing about the channel, so it is none where a binding was asked for.
        if self.dialect == Dialect::Autobahn && self.channel.is_none() {
            forms.push((Dialect::Autobahn, said.in_autobahn()));
        }
        let proved = forms.iter().find_map(|(form, message)| {
            let keys = self.verifier.keys(*form);
            // Users without keys for this form take as long as others.
            let keys_or_any = keys.or_else(|| self.verifier.any_keys())?;
            let is_right = keys_or_any.verify(message, &proof) & keys.is_some();
            is_right.then(|| keys_or_any.server_signature(message))
        });
        proved.map(|signature| STANDARD.encode(signature.as_slice())).ok_or(ScramError::Proof)
    }

    fn said(&self) -> Said<'_> {
        Said {
            authid: self.authid,
            client_nonce: &self.hello.nonce,
            nonce: &self.nonce,
            salt: &self.salt,
            kdf: self.verifier.kdf(),
        }
    }

    fn check_nonce(&self, extra: &Dict) -> Result<(), ScramError> {
        match extra.get("nonce") {
            None if self.dialect == Dialect::Autobahn => Ok(()),
            Some(Value::Text(nonce)) if *nonce == self.nonce => Ok(()),
            Some(Value::Text(_)) => Err(ScramError::Nonce),
            _ => Err(ScramError::Missing("the nonce of AUTHENTICATE.Extra")),
        }
    }

    fn check_binding(&self, extra: &Dict) -> Result<(), ScramError> {
        let kind = binding_type(extra, "channel_binding of AUTHENTICATE.Extra")?;
        if kind != self.hello.channel_binding() {
            return Err(ScramError::BindingMismatch);
        }
        let data = match extra.get("cbind_data") {
            None | Some(Value::Null) => None,
            Some(Value::Text(data)) => Some(decode(data, "cbind_data of AUTHENTICATE.Extra")?),
            Some(_) => return Err(ScramError::Missing("cbind_data of AUTHENTICATE.Extra")),
        };
        match (&self.channel, data) {
            (None, None) => Ok(()),
            (Some(channel), Some(data)) if channel.expose().as_slice().ct_eq(&data).into() => Ok(()),
            _ => Err(ScramError::BindingMismatch),
        }
    }
}
