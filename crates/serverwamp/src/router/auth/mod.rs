//! Who is this? Authenticators, explicit for every realm.
#![doc = include_str!("../../docs/authentication.md")]

mod cra;
mod exchange;
mod handlers;
mod principal;

pub use cra::{CraCredential, Salting, cra, cra_salted, derive_key};
pub use exchange::{AuthExchange, AuthenticateAnswer};
pub(crate) use exchange::{Exchange, Hello};
pub use handlers::{AuthId, HelloDetails, Ticket, custom, ticket, transport};
pub use principal::Principal;
pub use serverwamp_proto::auth::Secret;

use crate::WampError;
use crate::api::handler::SharedState;
use crate::rt::BoxFuture;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// One way to prove an identity, still waiting for its state.
///
/// Made by [`transport`], [`ticket`], [`cra`] and [`custom`], given to
/// [`Realm::authenticator`](crate::Realm::authenticator).
#[must_use]
pub struct Authenticator<S> {
    pub(crate) method: Cow<'static, str>,
    /// Runs before the peer is asked for anything.
    pub(crate) first: bool,
    pub(crate) bind: Bind<S>,
}

type Bind<S> = Box<dyn FnOnce(&SharedState<S>) -> Dialogue + Send>;

/// An authenticator's dialogue with one peer: `None` when this way does not lead to an identity.
pub(crate) type Dialogue =
    Arc<dyn Fn(Arc<Exchange>) -> BoxFuture<'static, Result<Option<Principal>, WampError>> + Send + Sync>;

impl<S> fmt::Debug for Authenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("method", &self.method).finish_non_exhaustive()
    }
}
