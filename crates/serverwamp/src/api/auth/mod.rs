//! Authenticators, explicit for every realm.
#![doc = include_str!("../../docs/authentication.md")]

mod both;
mod certificate;
#[cfg(feature = "console")]
mod console;
mod cra;
#[cfg(feature = "credentials")]
mod credentials;
#[cfg(feature = "cryptosign")]
mod cryptosign;
mod dynamic;
#[cfg(any(feature = "jwt", feature = "http-auth"))]
mod fetch;
mod handlers;
mod hash_pool;
#[cfg(feature = "http-auth")]
mod hook;
#[cfg(feature = "jwt")]
mod jwt;
mod presented;
mod ready;
#[cfg(feature = "scram")]
mod scram;
mod server_secret;
#[cfg(any(feature = "jwt", feature = "http-auth"))]
mod settings_error;

pub use self::both::both;
pub use self::certificate::{Fingerprint, Subject, client_certificate, client_certificate_behind};
#[cfg(feature = "console")]
pub use self::console::console;
pub use self::cra::{cra, cra_mixed, cra_salted, derive_key};
#[cfg(all(feature = "credentials", feature = "scram"))]
pub use self::credentials::hash_scram;
#[cfg(feature = "credentials")]
pub use self::credentials::{Credentials, hash_cra, hash_ticket};
#[cfg(feature = "cryptosign")]
pub use self::cryptosign::{CryptosignOptions, PublicKey, cryptosign, cryptosign_with};
#[cfg(feature = "cryptosign")]
pub use self::dynamic::dynamic_cryptosign;
#[cfg(feature = "scram")]
pub use self::dynamic::dynamic_scram;
pub use self::dynamic::{DynamicSettings, dynamic_anonymous, dynamic_cra, dynamic_ticket, dynamic_transport};
#[cfg(any(feature = "jwt", feature = "http-auth"))]
pub use self::fetch::FetchSettings;
pub use self::handlers::{AuthId, HelloDetails, Ticket, custom, ticket, transport};
pub use self::hash_pool::HashPool;
#[cfg(feature = "http-auth")]
pub use self::hook::{HookSettings, http_hook, http_hook_by_headers};
#[cfg(feature = "jwt")]
pub use self::jwt::{JwtAlgorithm, JwtClaims, JwtKeys, JwtSettings, JwtSigner, RefusedToken, bearer, jwt};
pub use self::presented::{Cookie, ProxyHeader, cookie, header};
#[cfg(feature = "scram")]
pub use self::scram::{ScramOptions, scram, scram_with};
pub(crate) use self::server_secret::random_secret;
pub use self::server_secret::{secret_from_env, secret_from_file};
#[cfg(any(feature = "jwt", feature = "http-auth"))]
pub use self::settings_error::AuthSettingsError;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
pub use crate::router::auth::ChannelBinding;
#[cfg(feature = "scram")]
pub use crate::router::auth::ScramCredential;
pub use crate::router::auth::{AuthExchange, AuthenticateAnswer, CraCredential, Principal, Salting, Secret};
#[cfg(feature = "cryptosign")]
#[doc(no_inline)]
pub use serverwamp_proto::auth::cryptosign::{CryptosignError, CryptosignKey, CryptosignPublicKey};
#[cfg(feature = "scram")]
#[doc(no_inline)]
pub use serverwamp_proto::auth::scram::{ScramError, ScramKdf, ScramKeys, ScramVerifier};

#[doc(no_inline)]
pub use serverwamp_proto::auth::{CertificateSubject, SubjectError};

use crate::api::handler::SharedState;
use crate::router::auth::{Dialogue, MethodNames, Offered, RunningAuthenticator, RunningMethod};
use std::borrow::Cow;
use std::fmt;
use std::time::Instant;

/// One way to prove an identity, still waiting for its state.
///
/// Made by [`transport`], [`ticket`], [`cra`], [`custom`] and [`both`], given to
/// [`Realm::authenticator`](crate::Realm::authenticator).
#[must_use]
pub struct Authenticator<S> {
    /// One method, or several that have to be passed one after the other.
    methods: Vec<UnboundMethod<S>>,
}

/// A method, still waiting for its state.
struct UnboundMethod<S> {
    names: MethodNames,
    bind: BindAuth<S>,
}

type BindAuth<S> = Box<dyn FnOnce(&SharedState<S>) -> Dialogue + Send>;

impl<S> Authenticator<S> {
    fn of(names: MethodNames, bind: BindAuth<S>) -> Self {
        Self { methods: vec![UnboundMethod { names, bind }] }
    }

    /// Adds another name by which clients may ask for the method.
    ///
    /// CHALLENGE and WELCOME have the name that the client used. Of [`both`] the first method gets it; name the methods before
    /// they are put together.
    ///
    /// ```
    /// use serverwamp::auth::{self, AuthId, Principal, Ticket};
    ///
    /// async fn check(AuthId(authid): AuthId, Ticket(ticket): Ticket) -> Option<Principal> {
    ///     ticket.matches("secret!!!").then(|| Principal::new(authid))
    /// }
    /// # serverwamp::Realm::<()>::new("secure").authenticator(
    /// auth::ticket(check).also_named("token")
    /// # );
    /// ```
    pub fn also_named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        if let Some(method) = self.methods.first_mut() {
            method.names.names.push(name.into());
        }
        self
    }

    /// Offers the method only when this says so, which is asked at each login that could use it.
    fn offered_when(mut self, is_offered: impl Fn(Instant) -> bool + Send + Sync + 'static) -> Self {
        if let Some(method) = self.methods.first_mut() {
            method.names.offered = Offered::when(is_offered);
        }
        self
    }

    /// Lets clients ask for the method by this name alone.
    ///
    /// Of [`both`] the first method gets it.
    pub fn only_named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        if let Some(method) = self.methods.first_mut() {
            method.names.names = vec![name.into()];
        }
        self
    }

    /// The names of the method that decides whether a client can use it: of several, the first.
    pub(crate) fn first(&self) -> &MethodNames {
        static NOTHING: MethodNames =
            MethodNames { names: Vec::new(), transport: false, renewable: false, offered: Offered::ALWAYS };
        self.methods.first().map_or(&NOTHING, |method| &method.names)
    }

    /// The names of every method.
    pub(crate) fn all(&self) -> impl Iterator<Item = &MethodNames> {
        self.methods.iter().map(|method| &method.names)
    }

    /// The same authenticator, which has its state.
    pub(crate) fn with_state(self, state: &SharedState<S>) -> Authenticator<()> {
        let bound = |method: UnboundMethod<S>| {
            let dialogue = (method.bind)(state);
            UnboundMethod {
                names: method.names,
                bind: Box::new(move |_: &SharedState<()>| dialogue) as BindAuth<()>,
            }
        };
        Authenticator { methods: self.methods.into_iter().map(bound).collect() }
    }
}

impl Authenticator<()> {
    /// The authenticator of a running realm.
    pub(crate) fn run(self) -> RunningAuthenticator {
        let state = SharedState::none();
        let running =
            |method: UnboundMethod<()>| RunningMethod { names: method.names, dialogue: (method.bind)(state) };
        RunningAuthenticator { methods: self.methods.into_iter().map(running).collect() }
    }
}

impl<S> fmt::Debug for Authenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}
