//! Authenticators, explicit for every realm.
#![doc = include_str!("../../docs/authentication.md")]

mod cra;
mod handlers;

pub use self::cra::{cra, cra_salted, derive_key};
pub use self::handlers::{AuthId, HelloDetails, Ticket, custom, ticket, transport};
pub use crate::router::auth::{AuthExchange, AuthenticateAnswer, CraCredential, Principal, Salting, Secret};

use crate::api::handler::SharedState;
use crate::router::auth::Dialogue;
use std::borrow::Cow;
use std::fmt;

/// One way to prove an identity, still waiting for its state.
///
/// Made by [`transport`], [`ticket`], [`cra`] and [`custom`], given to
/// [`Realm::authenticator`](crate::Realm::authenticator).
#[must_use]
pub struct Authenticator<S> {
    pub(crate) method: Cow<'static, str>,
    /// Runs before the peer is asked for anything.
    pub(crate) first: bool,
    pub(crate) bind: BindAuth<S>,
}

type BindAuth<S> = Box<dyn FnOnce(&SharedState<S>) -> Dialogue + Send>;

impl<S> Authenticator<S> {
    /// The same authenticator, which has its state.
    pub(crate) fn with_state(self, state: &SharedState<S>) -> Authenticator<()> {
        let dialogue = (self.bind)(state);
        Authenticator { method: self.method, first: self.first, bind: Box::new(move |_| dialogue) }
    }
}

impl<S> fmt::Debug for Authenticator<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator").field("method", &self.method).finish_non_exhaustive()
    }
}
