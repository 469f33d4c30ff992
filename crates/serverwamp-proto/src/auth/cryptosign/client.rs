//! The client's side of one exchange.

use super::server::verify;
use super::{CryptosignError, CryptosignKey, CryptosignPublicKey, decode_hex, encode_hex, message};
use crate::auth::channel::{ChannelId, binding};
use crate::codec::{Dict, Value};

/// One exchange as a client.
#[derive(Debug)]
pub struct CryptosignClient<'a> {
    key: &'a CryptosignKey,
    channel: Option<ChannelId>,
    challenge: Option<[u8; 32]>,
}

impl<'a> CryptosignClient<'a> {
    /// Begins an exchange with this key. With `channel` the authentication is bound to the connection by `tls-exporter`;
    /// with `challenge`, which is random, the router is asked to sign as well.
    pub const fn new(
        key: &'a CryptosignKey,
        channel: Option<ChannelId>,
        challenge: Option<[u8; 32]>,
    ) -> Self {
        Self { key, channel, challenge }
    }

    /// `HELLO.Details.authextra`.
    pub fn hello(&self) -> Dict {
        let mut extra = Dict::new();
        extra.insert("pubkey", self.key.public_key().to_string());
        extra.insert("channel_binding", self.channel.as_ref().map(|_| binding::TLS_EXPORTER));
        if let Some(challenge) = &self.challenge {
            extra.insert("challenge", encode_hex(challenge));
        }
        extra
    }

    /// Answers `CHALLENGE.Extra`: the signature for AUTHENTICATE. With `router`, its key has to have signed the challenge of
    /// [`new`](Self::new).
    ///
    /// # Errors
    /// If the challenge is malformed, the router goes on with another binding than was asked for (or none: the
    /// specification leaves it to the client, and this one does not sign then), or has not proved itself.
    pub fn answer(
        &self,
        challenge: &Dict,
        router: Option<&CryptosignPublicKey>,
    ) -> Result<String, CryptosignError> {
        let binding = challenge.get("channel_binding").and_then(Value::as_str);
        if binding != self.channel.as_ref().map(|_| binding::TLS_EXPORTER) {
            return Err(CryptosignError::BindingMismatch);
        }
        if let Some(router) = router {
            self.check_router(challenge, router)?;
        }
        let text = challenge.get("challenge").and_then(Value::as_str);
        let text = text.ok_or(CryptosignError::Missing("challenge"))?;
        let challenge = decode_hex(text).ok_or(CryptosignError::Encoding("challenge"))?;
        Ok(self.key.sign(&message(&challenge, self.channel.as_ref())))
    }

    fn check_router(&self, challenge: &Dict, router: &CryptosignPublicKey) -> Result<(), CryptosignError> {
        let own = self.challenge.as_ref().ok_or(CryptosignError::Router)?;
        let text = |name| challenge.get(name).and_then(Value::as_str).ok_or(CryptosignError::Missing(name));
        if text("pubkey")?.parse::<CryptosignPublicKey>()? != *router {
            return Err(CryptosignError::Router);
        }
        verify(router, &message(own, self.channel.as_ref()), text("signature")?.as_bytes())
    }
}
