//! The router's side of one exchange.

use subtle::ConstantTimeEq;

use super::{CryptosignError, CryptosignKey, CryptosignPublicKey, decode_hex, encode_hex, message};
use crate::auth::channel::{ChannelId, binding, excerpt};
use crate::codec::{Dict, Value};

/// What a client sends in `HELLO.Details.authextra`.
#[derive(Clone, Debug)]
pub struct CryptosignHello {
    public_key: CryptosignPublicKey,
    channel_binding: Option<String>,
    challenge: Option<[u8; 32]>,
}

impl CryptosignHello {
    /// Reads `authextra` (checklist CSG-02, CSG-09). `trustroot`, `certificates` and whatever else is in it are ignored
    /// (CSG-15).
    ///
    /// # Errors
    /// If `pubkey` is missing or no public key, `channel_binding` neither null nor one of the two types, or `challenge`
    /// neither null nor hex of 32 bytes.
    pub fn from_extra(authextra: &Dict) -> Result<Self, CryptosignError> {
        const CHALLENGE: &str = "authextra.challenge";
        let pubkey = text(authextra, "pubkey", "authextra.pubkey")?;
        let public_key = pubkey.ok_or(CryptosignError::Missing("authextra.pubkey"))?.parse()?;
        let channel_binding = match text(authextra, "channel_binding", "authextra.channel_binding")? {
            None => None,
            Some(known @ (binding::TLS_EXPORTER | binding::TLS_UNIQUE)) => Some(known.to_owned()),
            Some(other) => return Err(CryptosignError::UnknownBinding(excerpt(other))),
        };
        let challenge = text(authextra, "challenge", CHALLENGE)?;
        let challenge =
            challenge.map(|hex| decode_hex(hex).ok_or(CryptosignError::Encoding(CHALLENGE))).transpose()?;
        Ok(Self { public_key, channel_binding, challenge })
    }

    /// The key that the client says it has.
    pub const fn public_key(&self) -> &CryptosignPublicKey {
        &self.public_key
    }

    /// The type of channel binding that the client asks for.
    pub fn channel_binding(&self) -> Option<&str> {
        self.channel_binding.as_deref()
    }
}

/// A text of an extra, absent or null if there is none.
fn text<'a>(extra: &'a Dict, key: &str, name: &'static str) -> Result<Option<&'a str>, CryptosignError> {
    match extra.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Text(text)) => Ok(Some(text)),
        Some(_) => Err(CryptosignError::Missing(name)),
    }
}

/// A challenge and what it is bound to. It is good for one exchange.
#[derive(Debug)]
pub struct CryptosignChallenge {
    hello: CryptosignHello,
    challenge: [u8; 32],
    channel: Option<ChannelId>,
}

impl CryptosignChallenge {
    /// Begins an exchange. `challenge` is random, and never used before; `channel` is the connection's, if it has one.
    ///
    /// A client that asks for `tls-unique`, or for `tls-exporter` on a connection that has none, is challenged without a
    /// binding, and told so (checklist CSG-11, CSG-12).
    pub fn new(hello: CryptosignHello, challenge: [u8; 32], channel: Option<ChannelId>) -> Self {
        let channel = channel.filter(|_| hello.channel_binding() == Some(binding::TLS_EXPORTER));
        Self { hello, challenge, channel }
    }

    /// Returns whether the exchange is bound to the connection.
    pub const fn is_bound(&self) -> bool {
        self.channel.is_some()
    }

    /// `CHALLENGE.Extra` (checklist CSG-05, CSG-10). With `router_key` the router signs the client's challenge, if there is
    /// one (CSG-13); without it, `signature` and `pubkey` are left out (CSG-14).
    pub fn extra(&self, router_key: Option<&CryptosignKey>) -> Dict {
        let mut extra = Dict::new();
        extra.insert("challenge", encode_hex(&self.challenge));
        extra.insert("channel_binding", self.channel.as_ref().map(|_| binding::TLS_EXPORTER));
        if let (Some(key), Some(challenge)) = (router_key, &self.hello.challenge) {
            extra.insert("signature", key.sign(&message(challenge, self.channel.as_ref())));
            extra.insert("pubkey", key.public_key().to_string());
        }
        extra
    }

    /// Checks the signature in AUTHENTICATE: it is one of the key in HELLO, and over *this* challenge (checklist CSG-06 to
    /// CSG-08).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify(&self, signature: &[u8]) -> Result<(), CryptosignError> {
        let expected = message(&self.challenge, self.channel.as_ref());
        verify(&self.hello.public_key, &expected, signature)
    }
}

/// Checks signature and message, 96 bytes in hex: the message is the one expected, and the signature is the key's.
pub(super) fn verify(
    key: &CryptosignPublicKey,
    expected: &[u8; 32],
    signature: &[u8],
) -> Result<(), CryptosignError> {
    let malformed = || CryptosignError::Encoding("the signature");
    let hex = std::str::from_utf8(signature).map_err(|_| malformed())?;
    let bytes: [u8; 96] = decode_hex(hex).ok_or_else(malformed)?;
    let (signature, signed) = bytes.split_first_chunk::<64>().ok_or_else(malformed)?;
    if !bool::from(expected.as_slice().ct_eq(signed)) {
        return Err(CryptosignError::Message);
    }
    key.verify(expected, signature)
}
