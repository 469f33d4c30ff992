//! Procedures of clients that decide who others are, as Crossbar.io's *dynamic authenticators*: those work here unchanged.
//!
//! In: a peer's HELLO, and its ticket where the method has one. The procedure is called with the realm's name, the authid, and details.
//! Out: the principal of its answer, or a [`Denial`]. An error that the procedure raises denies; everything else that goes wrong
//! fails.
//!
//! Invariant: the callee was let in by a method that asks no procedure.

mod answer;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod proofs;
mod question;

#[cfg(feature = "cryptosign")]
pub use self::proofs::dynamic_cryptosign;
#[cfg(feature = "scram")]
pub use self::proofs::dynamic_scram;

use super::ready::{asking, looking};
use super::{Authenticator, CraCredential, HashPool, Principal, Salting, Secret, cra, cra_salted};
use crate::WampError;
use crate::api::extract::FromRequest;
use crate::base::log::line;
use crate::router::auth::{Denial, Exchange};
use crate::router::realm::{RunningRealm, Unasked};
use crate::router::request::{AuthRequest, Method};
use question::PeerQuestion;
use serverwamp_proto::codec::{Dict, Value};
use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The time that a procedure may take: a login waits for it.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The procedure of a client that says who others are; for [`dynamic_ticket`], [`dynamic_cra`], [`dynamic_transport`],
/// [`dynamic_anonymous`], and `dynamic_scram` and `dynamic_cryptosign` with the features of these names.
///
/// It is called with three arguments, as Crossbar.io calls it: the name of the realm that a peer wants to join, the authid of its HELLO
/// (or null), and a dictionary of details:
///
/// | key | value |
/// |---|---|
/// | `session` | the id that the session will have |
/// | `authmethod`, `authid`, `authextra` | as in HELLO; the authid is not proved yet |
/// | `ticket` | the peer's ticket ([`dynamic_ticket`] alone) |
/// | `transport` | a dictionary: `channel_type`, `channel_serializer`, `peer`, `is_secure`, `http_headers_received`, `websocket_protocol` |
///
/// It answers with a role, or with a dictionary:
///
/// | key | value |
/// |---|---|
/// | `role` | needed |
/// | `authid` | where it is another one than that of HELLO, or HELLO has none |
/// | `extra` | a dictionary, which WELCOME has as `authextra` |
/// | `realm` | if there is one, it has to be the realm that the peer asked for |
/// | `secret`, and `salt`, `iterations`, `keylen` | [`dynamic_cra`] alone: the password, and how the key is derived from it, if it is |
/// | `kdf`, `iterations`, `memory`, and in hex `salt`, `stored-key`, `server-key` | `dynamic_scram` alone: what is stored of the password, as in a configuration of Crossbar.io; or `verifier`, the text of a `ScramVerifier` |
/// | `pubkey` | `dynamic_cryptosign` alone: the user's public key in hex, or a list of them |
///
/// An error that the procedure raises, such as `com.example.no_such_user`, denies the peer (`wamp.error.authentication_denied`); the
/// peer does not see which error it was. Errors of its own failure (`wamp.error.runtime_error`), no callee, no answer in time and an
/// answer of another form are `wamp.error.authentication_failed`, and the log has the cause.
///
/// **Whoever registers the procedure decides who comes in.** Keep its realm for it: one that strangers cannot join, or cannot register in
/// ([`Realm::role`](crate::Realm::role)). A session that a procedure let in is never asked.
///
/// ```
/// use serverwamp::auth::{self, AuthId, DynamicSettings, Principal, Ticket};
/// use serverwamp::{Application, Realm};
///
/// async fn backend(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
///     ticket.matches("of the backend").then(|| Principal::new(authid).role("backend"))
/// }
///
/// let authenticator = DynamicSettings::new("com.example.authenticate").realm("backend");
/// let app = Application::builder()
///     .realm(Realm::router("backend").authenticator(auth::ticket(backend)))
///     .realm(Realm::router("shop").authenticator(auth::dynamic_ticket(authenticator)))
///     .build()?;
/// # let _ = app;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct DynamicSettings {
    procedure: Arc<str>,
    realm: Option<Arc<str>>,
    timeout: Duration,
    salted: Option<(u32, u32)>,
}

impl DynamicSettings {
    /// Asks this procedure, in the realm that a peer wants to join.
    pub fn new(procedure: &str) -> Self {
        Self { procedure: procedure.into(), realm: None, timeout: TIMEOUT, salted: None }
    }

    /// The realm in which the procedure is registered.
    pub fn realm(mut self, name: &str) -> Self {
        self.realm = Some(name.into());
        self
    }

    /// The longest time an answer may take. Default 5 s: a login waits for it.
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says that the users of [`dynamic_cra`] have salts, with so many iterations and bytes of key: unknown authids are challenged with
    /// a made-up salt, to look like them. By default users have none.
    pub const fn salted(mut self, iterations: u32, keylen: u32) -> Self {
        self.salted = Some((iterations, keylen));
        self
    }

    /// The procedure's answer about a peer.
    async fn ask(&self, question: &PeerQuestion<'_>) -> Result<Value, Denial> {
        let realm = self.realm_of(question.exchange)?;
        let arguments = (
            question.realm().to_owned(),
            question.authid.map(str::to_owned),
            Value::Dict(question.details()),
        );
        let about = (question.exchange.session.id(), self.timeout);
        let answer = realm.ask_authenticator(&self.procedure, arguments, about).await;
        let procedure = &self.procedure;
        match answer {
            Ok(answer) => answer.payload().arg::<Value>().map_err(|error| {
                Denial::failed(format!("{procedure} answers something else than one value: {error}"))
            }),
            Err(Unasked::Nobody(why)) => Err(Denial::failed(why)),
            Err(Unasked::Error(error)) if is_denial(&error) => {
                Err(Denial::denied(format!("{procedure} denies it: {error}")))
            }
            Err(Unasked::Error(error)) => Err(Denial::failed(format!("{procedure} failed: {error}"))),
        }
    }

    fn realm_of(&self, exchange: &Exchange) -> Result<Arc<RunningRealm>, Denial> {
        let own = exchange.session.inner().running_realm();
        match &self.realm {
            // In the anteroom of a template nobody has registered anything: the realm of that name is meant, if it is there.
            None => Ok(own.context.neighbours.get(own.name()).unwrap_or_else(|| Arc::clone(own))),
            Some(name) => own.context.neighbours.get(name).ok_or_else(|| {
                Denial::failed(format!("there is no realm {name:?}, in which {} should be", self.procedure))
            }),
        }
    }
}

/// Returns whether an error is the procedure's word that the peer is not who it says, and not its own failure.
fn is_denial(error: &WampError) -> bool {
    match error.uri() {
        "wamp.error.authentication_denied" | "wamp.error.not_authorized" | "wamp.error.no_such_principal" => {
            true
        }
        uri => !uri.starts_with("wamp."),
    }
}

impl fmt::Debug for DynamicSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DynamicSettings")
            .field("procedure", &self.procedure)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}

/// Authenticates by a ticket that a client's procedure checks, under the method name `ticket`; see [`DynamicSettings`].
pub fn dynamic_ticket<S: Send + Sync + 'static>(settings: DynamicSettings) -> Authenticator<S> {
    asking(["ticket"], move |exchange, name| {
        let settings = settings.clone();
        async move {
            let ticket = exchange.challenge(&name, Dict::new()).await.signature;
            let ticket = std::str::from_utf8(ticket.expose())
                .map_err(|_fault| Denial::denied("the ticket is not text"))?;
            let question = PeerQuestion { ticket: Some(ticket), ..PeerQuestion::of(&exchange, &name) };
            let answer = settings.ask(&question).await;
            let principal = answer.and_then(|answer| answer::principal(&answer, &question));
            principal.map(Some).map_err(|denial| denial.without(ticket))
        }
    })
}

/// Authenticates by what a client's procedure finds in the transport's properties, such as a cookie; see [`DynamicSettings`]. A
/// transport method: the name is up to you.
///
/// A peer that the procedure denies is left to the next method.
pub fn dynamic_transport<S: Send + Sync + 'static>(
    name: impl Into<Cow<'static, str>>,
    settings: DynamicSettings,
) -> Authenticator<S> {
    looking(name, move |exchange, name| {
        let settings = settings.clone();
        async move {
            let question = PeerQuestion::of(&exchange, &name);
            match settings.ask(&question).await {
                Ok(answer) => answer::principal(&answer, &question).map(Some),
                Err(denial) if denial.is_denied() => Ok(None),
                Err(failure) => Err(failure),
            }
        }
    })
}

/// Lets peers in that prove nothing, if a client's procedure says yes, under the method name `anonymous`; see [`DynamicSettings`].
///
/// The procedure is told an authid that the router has made up, never that of HELLO, and may answer with another one. A peer that it
/// denies is denied. The realm cannot have [`Realm::allow_anonymous`](crate::Realm::allow_anonymous) as well.
pub fn dynamic_anonymous<S: Send + Sync + 'static>(settings: DynamicSettings) -> Authenticator<S> {
    looking("anonymous", move |exchange, name| {
        let settings = settings.clone();
        async move {
            let ids = &exchange.session.inner().running_realm().context.ids;
            let authid = format!("{:013x}", ids.bits() >> 11);
            let question = PeerQuestion { authid: Some(&authid), ..PeerQuestion::of(&exchange, &name) };
            answer::principal(&settings.ask(&question).await?, &question).map(Some)
        }
    })
}

/// Authenticates by WAMP-CRA with the secret that a client's procedure answers with; see [`DynamicSettings`].
///
/// An authid that the procedure denies is challenged like any other, and denied after its answer. If the users have salts,
/// [`DynamicSettings::salted`] gives one to unknown authids as well. Keys are derived in [`HashPool::shared`].
pub fn dynamic_cra<S: Send + Sync + 'static>(settings: DynamicSettings) -> Authenticator<S> {
    let salted = settings.salted;
    let secret_of = move |peer: AskingPeer| {
        let settings = settings.clone();
        async move { cra_credential(&settings, &peer).await }
    };
    match salted {
        Some((iterations, keylen)) => cra_salted(iterations, keylen, secret_of),
        None => cra(secret_of),
    }
}

/// The secret of a peer; `None`: the procedure does not know it.
async fn cra_credential(
    settings: &DynamicSettings,
    peer: &AskingPeer,
) -> Result<Option<CraCredential>, WampError> {
    let found = settings.find(peer, answer::cra_secret).await?;
    let is_known = found.is_some();
    let (secret, salting, principal) = found.unwrap_or_else(|| {
        // The key of nobody takes as long to derive as a user's.
        let salting = settings.salted.map(|(iterations, keylen)| Salting::new("nobody", iterations, keylen));
        (Secret::new("nobody"), salting, Principal::new("nobody"))
    });
    let credential = match salting {
        None => CraCredential::new(secret, principal),
        Some(Salting(derivation)) => {
            let work = derivation.clone();
            let derive = move || work.derive(&secret);
            let key = HashPool::shared().run_for(&peer.exchange.session, derive).await?;
            CraCredential { key, derivation: Some(derivation), principal }
        }
    };
    Ok(is_known.then_some(credential))
}

impl DynamicSettings {
    /// What the procedure says of a peer, in the form that `read` gives it; `None`: it does not know it.
    async fn find<T>(
        &self,
        peer: &AskingPeer,
        read: impl Fn(&Value, &PeerQuestion<'_>) -> Result<T, Denial>,
    ) -> Result<Option<T>, WampError> {
        let question = PeerQuestion::of(&peer.exchange, &peer.name);
        let found = self.ask(&question).await.and_then(|answer| read(&answer, &question));
        match found {
            Ok(found) => Ok(Some(found)),
            Err(denial) if denial.is_denied() => Ok(None),
            Err(failure) => {
                line!(
                    WARN,
                    "auth",
                    "a procedure that authenticates failed",
                    procedure = self.procedure,
                    authmethod = peer.name,
                    cause = failure
                );
                Err(failure.error)
            }
        }
    }
}

/// An extractor of everything that a request to an authenticator has.
struct AskingPeer {
    exchange: Arc<Exchange>,
    name: Arc<str>,
}

impl<M: Method, S: Sync> FromRequest<AuthRequest<M>, S> for AskingPeer {
    type Rejection = Infallible;

    async fn from_request(request: &mut AuthRequest<M>, _: &S) -> Result<Self, Infallible> {
        Ok(Self { exchange: Arc::clone(&request.exchange), name: Arc::clone(&request.name) })
    }
}
