//! The principal of a session, and the dialogue that establishes it.

mod credential;
mod denial;
mod exchange;
mod principal;
mod progress;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
mod proof;
mod recent_denials;
mod slowdown;
#[cfg(feature = "scram")]
mod verifier;

pub use self::credential::{CraCredential, Salting};
pub(crate) use self::denial::Denial;
pub use self::exchange::{AuthExchange, AuthenticateAnswer};
pub(crate) use self::exchange::{Exchange, ReceivedHello};
pub use self::principal::Principal;
pub(crate) use self::progress::ExchangeProgress;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
pub use self::proof::ChannelBinding;
#[cfg(any(feature = "cryptosign", feature = "scram"))]
pub(crate) use self::proof::random;
pub(crate) use self::recent_denials::{RecentDenial, RecentDenials};
pub(crate) use self::slowdown::{Claim, Slowdown, network};
#[cfg(feature = "scram")]
pub use self::verifier::ScramCredential;
pub use serverwamp_proto::auth::Secret;

use crate::rt::BoxFuture;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

/// A method's dialogue with one peer, which asked for the method by the given name: `None` when this way does not lead to an
/// identity.
pub(crate) type Dialogue = Arc<
    dyn Fn(Arc<Exchange>, Arc<str>) -> BoxFuture<'static, Result<Option<Principal>, Denial>> + Send + Sync,
>;

/// The names of an authentication method, and what they promise.
#[derive(Clone, Debug)]
pub(crate) struct MethodNames {
    /// The first is the method's own, the others are aliases.
    pub(crate) names: Vec<Cow<'static, str>>,
    /// It looks at the transport and asks the peer nothing: `None` of it leaves the peer to the next method.
    pub(crate) transport: bool,
    /// Its only CHALLENGE asks for a secret that the peer can also bring later, to renew its session.
    pub(crate) renewable: bool,
    /// Whether it is there at a time: one that nobody could pass takes no client away from the next method.
    pub(crate) offered: Offered,
}

/// Whether a method is offered at a time.
#[derive(Clone)]
pub(crate) struct Offered(Option<Arc<dyn Fn(Instant) -> bool + Send + Sync>>);

impl Offered {
    /// It always is.
    pub(crate) const ALWAYS: Self = Self(None);

    pub(crate) fn when(is_offered: impl Fn(Instant) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(is_offered)))
    }

    pub(crate) fn at(&self, now: Instant) -> bool {
        self.0.as_ref().is_none_or(|is_offered| is_offered(now))
    }
}

impl fmt::Debug for Offered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Offered::when" } else { "Offered::ALWAYS" })
    }
}

impl MethodNames {
    /// The method's own name.
    pub(crate) fn own(&self) -> &str {
        self.names.first().map_or("", |name| name)
    }

    /// Returns whether clients ask for the method by this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|one| one == name)
    }
}

/// A method with its state.
pub(crate) struct RunningMethod {
    pub(crate) names: MethodNames,
    pub(crate) dialogue: Dialogue,
}

/// An authenticator with its state: one method, or several that have to prove the same authid one after the other.
pub(crate) struct RunningAuthenticator {
    pub(crate) methods: Vec<RunningMethod>,
}
