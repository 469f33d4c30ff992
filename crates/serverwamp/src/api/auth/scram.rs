//! WAMP-SCRAM: the peer proves that it knows a password of which only a verifier is stored.
//!
//! Invariant: an unknown authid walks the same path as a known one, with a salt that stays the same from one attempt to
//! the next and keys that nobody has, and ends with the same ABORT. What is held, and so dropped, between CHALLENGE and ABORT
//! is the same as well.

use super::handlers::{BoundHandler, asking, dialogue};
use super::{Authenticator, ChannelBinding, Principal, ScramCredential, Secret};
use crate::WampError;
use crate::api::handler::{AuthHandler, Unbound};
use crate::api::reply::{IntoReply, via};
use crate::router::auth::{Denial, Exchange, random};
use crate::router::request::{AuthRequest, ScramMethod};
use serverwamp_proto::auth::method;
use serverwamp_proto::auth::scram::{
    Dialect, ScramError, ScramHello, ScramKdf, ScramKeys, ScramServer, ScramVerifier, made_up, prepare,
};
use std::sync::Arc;

/// The bytes of the server's part of the nonce. 18 have no padding in base64.
const NONCE: usize = 18;

/// The verifiers of a realm as peers see them before they have proved anything, and its demands.
///
/// Unknown authids are challenged as if they had a verifier of one of these forms, always the same one for the same authid,
/// so that nobody learns which ones exist. List the key derivations of all your users.
///
/// By default users have the default key derivation ([`ScramKdf::default`]) and a salt of 16 bytes, and a channel binding is used
/// by clients that ask for it.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ScramOptions {
    forms: Vec<Form>,
    channel_binding: ChannelBinding,
}

#[derive(Clone, Copy, Debug)]
struct Form {
    kdf: ScramKdf,
    salt_length: usize,
}

impl ScramOptions {
    /// There are users with this key derivation, and with a salt of so many bytes, 1 to 31; may be called several times.
    pub fn users(mut self, kdf: ScramKdf, salt_length: usize) -> Self {
        self.forms.push(Form { kdf, salt_length });
        self
    }

    /// Whether clients have to bind the authentication to their TLS connection.
    pub fn channel_binding(mut self, demand: ChannelBinding) -> Self {
        self.channel_binding = demand;
        self
    }

    /// A verifier of nobody, of one of the forms.
    fn nobody(&self, server_key: &Secret, authid: &str) -> Result<ScramVerifier, ScramError> {
        let (salt, which) = made_up(server_key, authid);
        let by_default = Form { kdf: ScramKdf::default(), salt_length: 16 };
        let form = self.forms.get(usize::from(which) % self.forms.len().max(1)).unwrap_or(&by_default);
        let salt = salt.get(..form.salt_length.clamp(1, salt.len())).unwrap_or_default();
        verifier_of_nobody(form.kdf, salt)
    }
}

/// A verifier whose keys fit no password; it has those of both dialects, as [`ScramVerifier::derive`] makes them.
pub(super) fn verifier_of_nobody(kdf: ScramKdf, salt: &[u8]) -> Result<ScramVerifier, ScramError> {
    let keys = || ScramKeys::new(random(), random());
    let of_autobahn = ScramVerifier::from_crossbar(kdf, salt, keys())?;
    Ok(ScramVerifier::new(kdf, salt, keys())?.or_keys_of(of_autobahn))
}

/// Authenticates by WAMP-SCRAM, under both of its names, `wamp-scram` and `scram`; `handler` finds the verifier of an authid,
/// or `None` for an unknown one. The authid it takes was prepared with SASLprep.
///
/// An unknown authid is challenged as one with the default key derivation; if your users have others, use [`scram_with`].
///
/// ```
/// use serverwamp::auth::{self, AuthId, Principal, ScramCredential, ScramKdf, ScramVerifier, Secret};
///
/// // Derived once, when the password is set: this is what you store, as the text of `to_text`.
/// let salt = [7; 16]; // 16 random bytes
/// let stored = ScramVerifier::derive(&Secret::from("secret!!!"), &salt, ScramKdf::default())?.to_text();
///
/// let find = move |AuthId(authid): AuthId| {
///     let verifier = (authid == "joe").then(|| ScramVerifier::from_text(&stored));
///     async move { Some(ScramCredential::new(verifier?.ok()?, Principal::new("joe").role("customer"))) }
/// };
/// # serverwamp::Realm::<()>::new("secure").authenticator(
/// auth::scram(find)
/// # );
/// # Ok::<(), auth::ScramError>(())
/// ```
pub fn scram<H, T, S>(handler: H) -> Authenticator<S>
where
    H: AuthHandler<ScramMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    scram_with(ScramOptions::default(), handler)
}

/// As [`scram`], with options: the form of the realm's verifiers, and whether a channel binding is demanded.
pub fn scram_with<H, T, S>(options: ScramOptions, handler: H) -> Authenticator<S>
where
    H: AuthHandler<ScramMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let demand = options.channel_binding;
    scram_like(demand, handler, move |server_key, authid| options.nobody(server_key, authid))
}

/// The same; `nobody` makes the verifier of an authid that nobody has, from the server's secret and the authid.
pub(super) fn scram_like<H, T, S>(
    demand: ChannelBinding,
    handler: H,
    nobody: impl Fn(&Secret, &str) -> Result<ScramVerifier, ScramError> + Send + Sync + 'static,
) -> Authenticator<S>
where
    H: AuthHandler<ScramMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let nobody = Arc::new(nobody);
    dialogue(asking(method::WAMP_SCRAM), Unbound::new(handler), move |handler, exchange, name| {
        let nobody = Arc::clone(&nobody);
        async move { authenticate(demand, &*nobody, handler, exchange, name).await }
    })
    .also_named(method::SCRAM)
}

async fn authenticate(
    demand: ChannelBinding,
    nobody: &(impl Fn(&Secret, &str) -> Result<ScramVerifier, ScramError> + Sync),
    handler: BoundHandler<ScramMethod>,
    exchange: Arc<Exchange>,
    name: Arc<str>,
) -> Result<Option<Principal>, Denial> {
    let Some(authid) = &exchange.hello.authid else {
        return Err(Denial::denied("HELLO has no authid"));
    };
    let authid = prepare(authid).map_err(denial)?;
    let hello = ScramHello::from_extra(&exchange.hello.authextra).map_err(denial)?;
    if demand == ChannelBinding::Required && hello.channel_binding().is_none() {
        return Err(denial(ScramError::BindingRequired));
    }
    let mut request = AuthRequest::new(Arc::clone(&exchange), Arc::clone(&name));
    request.authid = Some(authid.clone());
    let known = handler.call(request).await?;
    let is_known = known.is_some();
    let nobody = nobody(exchange.server_secret(), &authid).map_err(WampError::internal)?;
    let nobody = ScramCredential::new(nobody, Principal::nobody(&authid));
    let ScramCredential { verifier, principal } = ScramCredential::or_nobody(known, nobody);
    let dialect = Dialect::of(&name).unwrap_or(Dialect::Specification);
    let channel = exchange.session.transport().channel_id().cloned();
    let server = ScramServer::new(&authid, hello, dialect, &random::<NONCE>(), &verifier, channel);
    let server = server.map_err(denial)?;
    let answer = exchange.challenge(&name, server.challenge()).await;
    match (server.verify(answer.signature.expose(), &answer.extra), is_known) {
        (Ok(signature), true) => Ok(Some(proved(principal, &signature, dialect))),
        (verified, is_known) => {
            // The text is made for both, which takes as long.
            let mut denial = denial(verified.err().unwrap_or(ScramError::Proof));
            if !is_known {
                denial.cause = Some("the authid is unknown, or has no secret for this method".into());
            }
            Err(denial)
        }
    }
}

/// The principal, with the server's own proof for WELCOME (checklist SCR-11).
fn proved(principal: Principal, signature: &str, dialect: Dialect) -> Principal {
    let principal = principal.authextra("verifier", signature);
    match dialect {
        Dialect::Specification => principal,
        Dialect::Autobahn => principal.authextra("scram_server_signature", signature),
    }
}

fn denial(error: ScramError) -> Denial {
    Denial::denied(error.to_string()).with_scram(error.server_error())
}

impl IntoReply<AuthRequest<ScramMethod>, via::Value> for ScramCredential {
    async fn into_reply(self, _: AuthRequest<ScramMethod>) -> Result<Option<Self>, WampError> {
        Ok(Some(self))
    }
}

impl IntoReply<AuthRequest<ScramMethod>, via::Shape> for Option<ScramCredential> {
    async fn into_reply(self, _: AuthRequest<ScramMethod>) -> Result<Self, WampError> {
        Ok(self)
    }
}
