//! Extractors: what a handler's arguments can be.
//!
//! | extractor | gives | in |
//! |---|---|---|
//! | [`Params<T>`] | a struct filled by position, then by name, as Python fills a signature | procedures, events |
//! | [`Args<T>`] | the positional arguments as a tuple or a `Vec` | procedures, events |
//! | [`Arg<T>`] | exactly one positional argument | procedures, events |
//! | [`Kwargs<T>`] | the keyword arguments as a struct or a map | procedures, events |
//! | [`Payload`](crate::Payload) | the arguments, still encoded | procedures, events |
//! | [`PassthruPayload`](crate::PassthruPayload) | bytes that routers do not read | procedures, events |
//! | [`Progress`](crate::Progress) | where progressive results go | procedures |
//! | [`Canceled`] | completes when the caller cancels; without it the handler is simply dropped | procedures |
//! | [`Caller`] | who calls, as far as callees are told | procedures |
//! | [`RealmPeer`](crate::RealmPeer) | who serves the call, to call, publish, subscribe and register | procedures, events |
//! | [`Procedure`] | the URI that was called | procedures |
//! | [`Topic`] | the URI that is subscribed to; the topic of an event | topics, events |
//! | [`ReceivedEvent`](crate::ReceivedEvent) | the event: its arguments, its publication, its publisher | events |
//! | [`Captures`] | what the wildcards, the prefix or the regular expression of the route matched | procedures, topics, events |
//! | [`PendingSubscription`](crate::PendingSubscription) | the question itself: accept it, then live with it | topics |
//! | [`PendingSession`](crate::PendingSession) | the same for a session | `on_connect`, `on_join` |
//! | [`Ticket`](crate::auth::Ticket), [`AuthId`](crate::auth::AuthId), [`AuthExchange`](crate::auth::AuthExchange) | what the peer offers | authenticators |
//! | [`Question`](crate::request::Question) | what is to be allowed or denied | authorizers |
//! | [`Session`](crate::Session) | the session that asks | everywhere |
//! | [`RealmHandle`](crate::RealmHandle) | the session's realm: publish, list sessions | everywhere |
//! | [`TransportInfo`](crate::TransportInfo), or shared `Arc<TransportInfo>` | peer address, HTTP request, certificate | everywhere |
//! | [`Identity<U>`] | the typed value the authenticator attached | everywhere |
//! | [`Extension<T>`] | a value that a handler kept on the session | everywhere |
//! | [`State<T>`] | application state; a missing one does not compile | everywhere |
//! | `Option<E>`, `Result<E, E::Rejection>` | what may be absent, what may fail | where `E` works |
//!
//! Events are those that a handler of [`Client::subscribe_with`](crate::client::Client::subscribe_with) takes, which asks no session: what
//! works everywhere else for a session does not work there, but [`State<T>`], `Option` and `Result` do.
//!
//! Injected values (`State`, `Session`, `Identity`, ...) come from the server alone: no argument a caller sends can
//! take their place.

mod call;
mod client;
mod event;
mod input;
#[cfg(feature = "server")]
mod lifecycle;
mod optional;
mod payload;
#[cfg(feature = "server")]
mod session;
mod state;
#[cfg(feature = "server")]
mod topic;
mod uri;

pub use crate::peering::Caller;
pub use crate::peering::payload::{Arg, Args, Kwargs};
pub use call::Canceled;
pub use client::{ClientArgument, ClientArguments};
pub use input::CallInput;
pub use payload::Params;
#[cfg(feature = "server")]
pub use session::{Extension, Identity};
pub use state::{FromRef, State};
pub use uri::{Captures, Procedure, Topic};

use crate::WampError;
use crate::peering::Request;
use std::future::Future;

/// An argument of a handler.
///
/// Write your own for what many handlers need; generic in `R` it works in every kind of handler:
///
/// ```
/// use serverwamp::extract::FromRequest;
/// use serverwamp::request::PeerRequest;
/// use serverwamp::WampError;
///
/// #[derive(Clone)]
/// struct User { name: String }
///
/// struct CurrentUser(User);
///
/// impl<R: PeerRequest, S: Sync> FromRequest<R, S> for CurrentUser {
///     type Rejection = WampError;
///     const NEEDS_SESSION: Option<&'static str> = Some("CurrentUser");
///
///     async fn from_request(request: &mut R, _: &S) -> Result<Self, WampError> {
///         let user = request.session().and_then(|session| session.identity::<User>());
///         user.map(|user| CurrentUser((*user).clone())).ok_or_else(|| WampError::not_authorized("log in first"))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted from the request `{R}`",
    label = "not an extractor for this request",
    note = "arguments (`Params`, `Args`, `Arg`, `Kwargs`) can be taken from an `Invocation`, a procedure call, and from an `EventDelivery`, an event, only",
    note = "`State<T>` needs `T: Clone` to be the application's state, or `T: FromRef` of it",
    note = "the documentation of the module `serverwamp::extract` has a table of extractors"
)]
pub trait FromRequest<R: Request, S>: Sized {
    /// Why the value cannot be extracted; the peer gets it as an ERROR.
    type Rejection: Into<WampError> + Send;

    /// Takes the value out of the request.
    ///
    /// # Errors
    /// When the request does not have it; the handler is then not run.
    fn from_request(request: &mut R, state: &S)
    -> impl Future<Output = Result<Self, Self::Rejection>> + Send;

    /// Returns whether there is nothing to extract, so that `Option<Self>` is `None`. Asked after a rejection; `false` lets that stand.
    ///
    /// By default every rejection means absence. Extractors of arguments tell an argument that is missing from one that
    /// is wrong, which no handler should mistake for none.
    fn is_absent(request: &R) -> bool {
        let _ = request;
        true
    }

    /// Returns whether `Option<Self>` is `None` without trying, because a rejection would leave a line in the log.
    #[doc(hidden)]
    fn is_known_absent(request: &R) -> bool {
        let _ = request;
        false
    }

    /// The extractor's name, if it needs a session in a realm of the application: a route whose handler takes it cannot be served
    /// by a client, which is then told before it serves anything.
    const NEEDS_SESSION: Option<&'static str> = None;

    /// Returns whether the extractor takes more input than the request itself. [`CallInput`] does.
    #[doc(hidden)]
    const TAKES_INPUT: bool = false;

    /// Returns whether the extractor takes payloads in passthru mode. [`PassthruPayload`](crate::PassthruPayload) does.
    #[doc(hidden)]
    const TAKES_PASSTHRU: bool = false;
}
