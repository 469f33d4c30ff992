//! JSON Web Tokens (RFC 7519) as tickets and as bearer tokens of the HTTP request.
//!
//! In: a token, from AUTHENTICATE or from the header `Authorization`. Out: a principal that expires with the token, or a
//! [`Denial`] whose cause only the log has. ring checks signatures; the parts of a token, its claims and the keys are read here.
//!
//! Invariants: nothing of the claims is looked at before the signature is right; a key is used with algorithms of its own kind
//! alone; strangers cannot make the server fetch keys more often than [`JwtKeys::fetch_at_most_every`] says.

mod algorithm;
mod claims;
mod der;
mod key;
mod key_set;
mod keys;
mod settings;
mod signer;
#[cfg(test)]
mod tests;
mod token;

pub use self::algorithm::JwtAlgorithm;
pub use self::claims::JwtClaims;
pub use self::keys::JwtKeys;
pub use self::settings::JwtSettings;
pub use self::signer::JwtSigner;

use super::Authenticator;
use super::ready::{asking, looking};
use crate::auth::Principal;
use crate::router::auth::{Denial, Exchange};
use crate::rt;
use http::header::AUTHORIZATION;
use key_set::Signed;
use serverwamp_proto::codec::Dict;
use std::fmt;
use std::sync::Arc;
use token::{JwtToken, TokenFault};

/// Authenticates by a JSON Web Token that the peer sends as its ticket.
///
/// Clients ask for the method `ticket`, which all of them have, or `jwt`. The authid is the token's; a HELLO that names another one
/// is denied. The session [expires](Principal::expires_at) with the token, and its [`Identity`](crate::extract::Identity) is
/// [`JwtClaims`].
///
/// A realm that has tickets of another kind as well needs them under another name: [`Authenticator::only_named`].
///
/// A token crosses the network as it is: use TLS. See [`JwtSettings`] for an example.
pub fn jwt<S: Send + Sync + 'static>(settings: JwtSettings) -> Authenticator<S> {
    let settings = Arc::new(settings);
    asking(["ticket", "jwt"], move |exchange, name| {
        let settings = Arc::clone(&settings);
        async move {
            let answer = exchange.challenge(&name, Dict::new()).await;
            admit(&settings, &exchange, answer.signature.expose()).await.map(Some)
        }
    })
}

/// Authenticates by a JSON Web Token in the header `Authorization: Bearer ..` of the HTTP request that opened the transport: a
/// transport method with the name `bearer`.
///
/// A request without that header is left to the next method; one with a token that is not accepted is denied. Browsers cannot set
/// headers of a WebSocket: pages use [`jwt`], or a cookie.
pub fn bearer<S: Send + Sync + 'static>(settings: JwtSettings) -> Authenticator<S> {
    let settings = Arc::new(settings);
    looking("bearer", move |exchange, _| {
        let settings = Arc::clone(&settings);
        async move {
            let Some(token) = bearer_token(&exchange) else { return Ok(None) };
            admit(&settings, &exchange, token.as_bytes()).await.map(Some)
        }
    })
}

/// Why a token is not accepted, in words that name no secret. They are for whoever made the token or runs the server, and not for who
/// sends it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RefusedToken(TokenFault);

impl fmt::Display for RefusedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RefusedToken {}

impl JwtSettings {
    /// The principal that a token names, and its claims: for tools, and for pages of the application that take the same tokens.
    ///
    /// Files are not looked at again, and nothing is fetched.
    ///
    /// ```
    /// use serverwamp::auth::{JwtKeys, JwtSettings, JwtSigner, Secret};
    ///
    /// let secret = Secret::new("an example with more than 32 bytes");
    /// let token = JwtSigner::from_secret(secret.clone())?.sign([("sub", "joe".into()), ("exp", 4_000_000_000_u64.into())])?;
    /// let settings = JwtSettings::new(JwtKeys::from_secret(secret)?);
    /// let (joe, claims) = settings.check(&token)?;
    /// assert_eq!((joe.authid(), claims.all().len()), ("joe", 2));
    /// assert!(settings.check(&token.replace('.', "!")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Why the token is not accepted.
    pub fn check(&self, token: &str) -> Result<(Principal, JwtClaims), RefusedToken> {
        let token = JwtToken::read(token.as_bytes()).map_err(RefusedToken)?;
        self.judge(self.keys.signed(&token, &self.algorithms), &token).map_err(RefusedToken)
    }

    /// The principal of a token of which it is known whether it is signed.
    fn judge(&self, signed: Signed, token: &JwtToken<'_>) -> Result<(Principal, JwtClaims), TokenFault> {
        match signed {
            Signed::Yes => claims::principal(self, token.claims()?, rt::since_1970()),
            Signed::Forged => Err("the signature is that of no key".into()),
            Signed::UnknownKey => Err(format!("there is no key with the id {:?}", token.key_name()).into()),
            Signed::WrongAlgorithm => {
                Err(format!("the algorithm {} is not allowed for the token's key", token.algorithm).into())
            }
        }
    }
}

/// The token of the request, if it has one.
fn bearer_token(exchange: &Exchange) -> Option<String> {
    let header = exchange.session.transport().headers()?.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The principal of a token, or why it lets nobody in.
async fn admit(settings: &JwtSettings, exchange: &Exchange, token: &[u8]) -> Result<Principal, Denial> {
    let token = JwtToken::read(token).map_err(Denial::denied)?;
    let runtime = exchange.session.inner().runtime();
    let signed = settings.keys.check(runtime, &token, &settings.algorithms).await.map_err(Denial::failed)?;
    let (principal, _) = settings.judge(signed, &token).map_err(Denial::denied)?;
    // Some clients name an empty one where they have none.
    match &exchange.hello.authid {
        Some(asked) if !asked.is_empty() && asked != principal.authid() => {
            Err(Denial::denied("the token is that of another authid"))
        }
        _ => Ok(principal),
    }
}
