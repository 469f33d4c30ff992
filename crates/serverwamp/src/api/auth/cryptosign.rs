//! WAMP-cryptosign: the peer signs a challenge with an Ed25519 key.
//!
//! Invariant: an unknown key walks the same path as a known one and ends with the same ABORT; and so does a key that is not
//! the requested authid's. What is held, and so dropped, between CHALLENGE and ABORT is the same as well.

use super::handlers::{BoundHandler, asking, dialogue};
use super::{Authenticator, ChannelBinding, CryptosignKey, Principal};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::api::handler::{AuthHandler, Unbound};
use crate::router::auth::{Denial, Exchange, random};
use crate::router::request::{AuthRequest, CryptosignMethod};
use serverwamp_proto::auth::cryptosign::{CryptosignChallenge, CryptosignError, CryptosignHello};
use serverwamp_proto::auth::method;
use std::sync::Arc;

/// A realm's demands on cryptosign, and the router's own key.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CryptosignOptions {
    router_key: Option<CryptosignKey>,
    channel_binding: ChannelBinding,
}

impl CryptosignOptions {
    /// The key with which the router signs the challenges of clients that send one. Without it they get no signature, and
    /// decide for themselves.
    pub fn router_key(mut self, key: CryptosignKey) -> Self {
        self.router_key = Some(key);
        self
    }

    /// Whether clients have to bind the authentication to their TLS connection, by `tls-exporter`. By default one that asks
    /// for it and cannot have it, or asks for `tls-unique`, is challenged without, and told so in CHALLENGE.
    pub fn channel_binding(mut self, demand: ChannelBinding) -> Self {
        self.channel_binding = demand;
        self
    }
}

/// The public key that the peer says it has, not proved yet: 64 hex digits, in small letters.
#[derive(Clone, Debug)]
pub struct PublicKey(pub String);

/// Authenticates by WAMP-cryptosign; `handler` finds the owner of a [`PublicKey`], or `None` if nobody has it.
///
/// The peer need not name an authid; if it does, it is let in only if that is the owner's. Where several authids have the same
/// key, look at [`AuthId`](super::AuthId).
///
/// ```
/// use serverwamp::auth::{self, Principal, PublicKey};
///
/// async fn owner(PublicKey(key): PublicKey) -> Option<Principal> {
///     let joes = "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122";
///     (key == joes).then(|| Principal::new("joe").role("device"))
/// }
/// # serverwamp::Realm::<()>::new("secure").authenticator(auth::cryptosign(owner));
/// ```
pub fn cryptosign<H, T, S>(handler: H) -> Authenticator<S>
where
    H: AuthHandler<CryptosignMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    cryptosign_with(CryptosignOptions::default(), handler)
}

/// As [`cryptosign`], with options: the router's own key, and whether a channel binding is demanded.
pub fn cryptosign_with<H, T, S>(options: CryptosignOptions, handler: H) -> Authenticator<S>
where
    H: AuthHandler<CryptosignMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let options = Arc::new(options);
    dialogue(asking(method::CRYPTOSIGN), Unbound::new(handler), move |handler, exchange, name| {
        let options = Arc::clone(&options);
        async move { authenticate(&options, handler, exchange, name).await }
    })
}

async fn authenticate(
    options: &CryptosignOptions,
    handler: BoundHandler<CryptosignMethod>,
    exchange: Arc<Exchange>,
    name: Arc<str>,
) -> Result<Option<Principal>, Denial> {
    let hello = CryptosignHello::from_extra(&exchange.hello.authextra).map_err(denial)?;
    let mut request = AuthRequest::new(Arc::clone(&exchange), Arc::clone(&name));
    request.public_key = Some(hello.public_key().to_string());
    let channel = exchange.session.transport().channel_id().cloned();
    let challenge = CryptosignChallenge::new(hello, random(), channel);
    if options.channel_binding == ChannelBinding::Required && !challenge.is_bound() {
        let why =
            "the client has to ask for \"tls-exporter\", over TLS 1.3, or 1.2 with an extended master secret";
        return Err(denial(CryptosignError::BindingRequired(why)));
    }
    let owner = handler.call(request).await?;
    let is_owned = owner.is_some();
    let claimed = exchange.hello.authid.as_deref().filter(|authid| !authid.is_empty());
    let nobody = Principal::nobody(claimed.unwrap_or("nobody"));
    let owner = owner.unwrap_or(nobody);
    let answer = exchange.challenge(&name, challenge.extra(options.router_key.as_ref())).await;
    // The text is made whether somebody has the key or not, which takes as long.
    let signed = challenge.verify(answer.signature.expose()).map_err(denial);
    if !is_owned {
        return Err(Denial::denied("nobody has this public key"));
    }
    signed?;
    if claimed.is_some_and(|authid| authid != owner.authid()) {
        return Err(Denial::denied("the public key is not one of the authid in HELLO"));
    }
    Ok(Some(owner))
}

fn denial(error: CryptosignError) -> Denial {
    Denial::denied(error.to_string())
}

impl<S: Sync> FromRequest<AuthRequest<CryptosignMethod>, S> for PublicKey {
    type Rejection = WampError;

    async fn from_request(request: &mut AuthRequest<CryptosignMethod>, _: &S) -> Result<Self, WampError> {
        request.public_key.clone().map(Self).ok_or_else(WampError::denied)
    }
}
