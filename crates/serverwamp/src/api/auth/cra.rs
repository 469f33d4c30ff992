//! WAMP-CRA: the peer signs a challenge with a secret both sides know.
//!
//! Invariant: an unknown authid walks the same path as a known one, with a salt that stays the same from one attempt to
//! the next and a key nobody has, and ends with the same ABORT. What is held, and so dropped, between CHALLENGE and ABORT is
//! the same as well.

use super::handlers::{asking, dialogue};
use super::{Authenticator, CraCredential, Principal, Salting, Secret, random_secret};
use crate::WampError;
use crate::api::handler::{AuthHandler, Unbound};
use crate::api::reply::{IntoReply, via};
use crate::router::auth::{Denial, Exchange};
use crate::router::request::{AuthRequest, CraMethod};
use serverwamp_proto::auth::{CraChallenge, CraKey, Derivation, fake_salt, format_timestamp, method};
use serverwamp_proto::codec::{Dict, Value};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Derives the key to store for a password.
pub fn derive_key(password: &Secret, salting: &Salting) -> String {
    String::from_utf8_lossy(salting.0.derive(password).expose()).into_owned()
}

/// Authenticates by WAMP-CRA; `handler` finds the secret of an authid, or `None` for an unknown one.
///
/// An unknown authid is challenged like a user without a salt; if your users have salts, use [`cra_salted`] or
/// [`cra_mixed`], and
/// [`auth_secret`](crate::ApplicationBuilder::auth_secret), so that its made-up salt survives a restart.
pub fn cra<H, T, S>(handler: H) -> Authenticator<S>
where
    H: AuthHandler<CraMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    cra_like(handler, |_, _| None)
}

/// As [`cra`], for users with salts: an unknown authid is challenged with a made-up salt that never changes, and with
/// these iterations and this key length.
pub fn cra_salted<H, T, S>(iterations: u32, keylen: u32, handler: H) -> Authenticator<S>
where
    H: AuthHandler<CraMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    cra_mixed(100, iterations, keylen, handler)
}

/// As [`cra_salted`], for a realm in which so many per cent of the users have salts: as many unknown authids are challenged with one, and
/// an authid always in the same way.
pub fn cra_mixed<H, T, S>(salted_percent: u8, iterations: u32, keylen: u32, handler: H) -> Authenticator<S>
where
    H: AuthHandler<CraMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    cra_like(handler, move |server_key, authid| {
        let drawn = server_key.derive(&format!("salted\0{authid}"));
        let place = drawn.expose().iter().take(2).fold(0, |number, byte| number << 8 | u32::from(*byte))
            * 100
            / 65_536;
        let salt = || Derivation { salt: fake_salt(server_key, authid), keylen, iterations };
        (place < u32::from(salted_percent)).then(salt)
    })
}

/// The same; `unknown` says how the key of an authid that nobody has seems to be derived, from the server's secret and the authid.
pub(super) fn cra_like<H, T, S>(
    handler: H,
    unknown: impl Fn(&Secret, &str) -> Option<Derivation> + Send + Sync + 'static,
) -> Authenticator<S>
where
    H: AuthHandler<CraMethod, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    let unknown = Arc::new(unknown);
    dialogue(asking(method::WAMPCRA), Unbound::new(handler), move |handler, exchange, name| {
        let unknown = Arc::clone(&unknown);
        async move {
            let Some(authid) = exchange.hello.authid.clone() else {
                return Err(Denial::denied("HELLO has no authid"));
            };
            let known = handler.call(AuthRequest::new(Arc::clone(&exchange), Arc::clone(&name))).await?;
            let is_known = known.is_some();
            // A user that does not exist, so that asking for one looks like asking for any other.
            let derivation = unknown(exchange.server_secret(), &authid);
            let key = match &derivation {
                Some(derivation) => derivation.key_of_nobody(&random_secret()),
                None => CraKey::from_secret(random_secret()),
            };
            let nobody = CraCredential { key, derivation, principal: Principal::nobody(&authid) };
            let credential = known.unwrap_or(nobody);
            let challenge = challenge_text(&exchange, &authid)?;
            let answer = exchange.challenge(&name, extra(&challenge, credential.derivation.as_ref())).await;
            let signature = String::from_utf8_lossy(answer.signature.expose()).into_owned();
            let signed = credential.key.verify(&challenge, &signature);
            match (signed, is_known) {
                (true, true) => Ok(Some(credential.principal)),
                (_, true) => Err(Denial::denied("the signature is not that of the challenge")),
                (_, false) => Err(Denial::denied("the authid is unknown, or has no secret for this method")),
            }
        }
    })
}

/// The text to sign. Role and provider are the same for everybody: a peer that has proved nothing yet must not learn
/// which ones an authid has, nor that nobody has it. WELCOME tells them.
#[expect(
    clippy::disallowed_methods,
    reason = "a challenge carries the date, and nothing is measured with it"
)]
fn challenge_text(exchange: &Exchange, authid: &str) -> Result<String, WampError> {
    let anybody = Principal::new(authid);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ids = &exchange.session.inner().running_realm().context.ids;
    let challenge = CraChallenge {
        authid,
        authrole: anybody.authrole(),
        authprovider: anybody.authprovider(),
        nonce: &format!("{:016x}{:016x}", ids.bits(), ids.bits()),
        timestamp: &format_timestamp(u64::try_from(now.as_millis()).unwrap_or_default()),
        session: exchange.session.id(),
    };
    challenge.to_json().map_err(WampError::internal)
}

fn extra(challenge: &str, derivation: Option<&Derivation>) -> Dict {
    let mut extra = Dict::new();
    extra.insert("challenge".to_owned(), Value::from(challenge));
    if let Some(derivation) = derivation {
        extra.insert("salt".to_owned(), Value::from(derivation.salt.as_str()));
        extra.insert("keylen".to_owned(), Value::from(derivation.keylen));
        extra.insert("iterations".to_owned(), Value::from(derivation.iterations));
    }
    extra
}

impl IntoReply<AuthRequest<CraMethod>, via::Value> for CraCredential {
    async fn into_reply(self, _: AuthRequest<CraMethod>) -> Result<Option<Self>, WampError> {
        Ok(Some(self))
    }
}

impl IntoReply<AuthRequest<CraMethod>, via::Shape> for Option<CraCredential> {
    async fn into_reply(self, _: AuthRequest<CraMethod>) -> Result<Self, WampError> {
        Ok(self)
    }
}
