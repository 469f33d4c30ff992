//! The client's side of one exchange.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::message::Said;
use super::{Dialect, ScramError, ScramKdf, ScramKeys, decode, decode_32, keys, prepare};
use crate::auth::Secret;
use crate::auth::channel::{ChannelId, binding};
use crate::codec::{Dict, Value};

/// One exchange as a client, in the specification's dialect: [`hello`](Self::hello), [`answer`](Self::answer),
/// [`check_welcome`](Self::check_welcome).
#[derive(Debug)]
pub struct ScramClient {
    authid: String,
    nonce: String,
    channel: Option<ChannelId>,
    /// What the server has to prove, after CHALLENGE.
    expected: Option<Zeroizing<[u8; 32]>>,
    allow_cheap: bool,
    /// KiB that Argon2 may take.
    most_memory: u32,
}

/// The memory in KiB that Argon2 may take by default: several times what is recommended, and little enough for a small machine.
const MOST_MEMORY: u32 = 256 * 1024;

impl ScramClient {
    /// Begins an exchange as the user `authid`. `nonce` is random, 16 bytes at least; with `channel` the authentication is
    /// bound to the connection by `tls-exporter`.
    ///
    /// # Errors
    /// [`ScramError::Text`] if `authid` cannot be prepared with SASLprep.
    pub fn new(authid: &str, nonce: &[u8], channel: Option<ChannelId>) -> Result<Self, ScramError> {
        let (authid, nonce) = (prepare(authid)?, STANDARD.encode(nonce));
        Ok(Self { authid, nonce, channel, expected: None, allow_cheap: false, most_memory: MOST_MEMORY })
    }

    /// Answers servers whose key derivation costs less than 4096 iterations of PBKDF2, or 16 MiB filled by Argon2, too. A false
    /// server could guess a weak password from such an answer.
    #[must_use]
    pub const fn allow_cheap(mut self) -> Self {
        self.allow_cheap = true;
        self
    }

    /// Lets a server ask for Argon2 with up to `kib` KiB of memory, 262,144 by default, and for 16 times as much in all passes
    /// together. A server asks before it has proved anything.
    #[must_use]
    pub const fn allow_memory(mut self, kib: u32) -> Self {
        self.most_memory = kib;
        self
    }

    /// `HELLO.Details.authextra`.
    pub fn hello(&self) -> Dict {
        let mut extra = Dict::new();
        extra.insert("nonce", self.nonce.as_str());
        extra.insert("channel_binding", self.binding());
        extra
    }

    fn binding(&self) -> Option<&'static str> {
        self.channel.as_ref().map(|_| binding::TLS_EXPORTER)
    }

    /// Answers `CHALLENGE.Extra`: `Signature` and `Extra` of AUTHENTICATE.
    ///
    /// # Errors
    /// If the challenge is malformed, is not for this exchange, or asks for a key derivation that is too costly or
    /// [too cheap](Self::allow_cheap).
    pub fn answer(&mut self, challenge: &Dict, password: &Secret) -> Result<(String, Dict), ScramError> {
        let text = |name| challenge.get(name).and_then(Value::as_str).ok_or(ScramError::Missing(name));
        let number = |name| {
            let value = challenge.get(name).and_then(Value::as_u64);
            value.and_then(|value| u32::try_from(value).ok()).ok_or(ScramError::Missing(name))
        };
        let memory = challenge.get("memory").filter(|memory| !memory.is_null());
        let memory = memory.map(|_| number("memory")).transpose()?;
        let kdf = ScramKdf::new(text("kdf")?, number("iterations")?, memory)?;
        kdf.check_not_costly(self.most_memory)?;
        if !self.allow_cheap {
            kdf.check_not_cheap()?;
        }
        let nonce = text("nonce")?;
        if nonce.strip_prefix(&self.nonce).is_none_or(str::is_empty) {
            return Err(ScramError::Nonce);
        }
        let salt = text("salt")?;
        let password = std::str::from_utf8(password.expose()).map_err(|_| ScramError::Text)?;
        let password = Zeroizing::new(prepare(password)?);
        let derived = kdf.derive(password.as_bytes(), &decode(salt, "salt")?)?;
        let said = Said { authid: &self.authid, client_nonce: &self.nonce, nonce, salt, kdf };
        let message = said.in_specification(self.channel.as_ref());
        let salted_password = kdf.salted_password(&derived, Dialect::Specification);
        let proof = keys::client_proof(&salted_password, &message);
        self.expected = Some(ScramKeys::derive(&salted_password).server_signature(&message));
        let mut extra = Dict::new();
        extra.insert("nonce", nonce);
        extra.insert("channel_binding", self.binding());
        extra.insert("cbind_data", self.channel.as_ref().map(|channel| STANDARD.encode(channel.expose())));
        Ok((STANDARD.encode(proof.as_slice()), extra))
    }

    /// Checks that the server knows the password's verifier, from `WELCOME.Details.authextra`.
    ///
    /// # Errors
    /// If its signature is missing, malformed or wrong.
    pub fn check_welcome(&self, authextra: &Dict) -> Result<(), ScramError> {
        let verifier = authextra.get("verifier").and_then(Value::as_str);
        let verifier = verifier.ok_or(ScramError::Missing("authextra.verifier"))?;
        // The specification's example has this prefix, its text has not.
        let verifier = verifier.strip_prefix("v=").unwrap_or(verifier);
        let signature = decode_32(verifier, "authextra.verifier")?;
        let is_right = |expected: &Zeroizing<[u8; 32]>| {
            subtle::ConstantTimeEq::ct_eq(expected.as_slice(), signature.as_slice()).into()
        };
        match self.expected.as_ref().is_some_and(is_right) {
            true => Ok(()),
            false => Err(ScramError::Verifier),
        }
    }
}
