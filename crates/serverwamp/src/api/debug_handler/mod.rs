//! The functions that `#[debug_handler]` expands to calls of. None of them runs: the bounds exist for the compiler's messages
//! about bounds that are not met.
//!
//! The type of a result decides its fault, in this order: one that answers the request is
//! fine (`Answers`), of another `Result` each part is asked by itself (`AnswersInParts`), anything else cannot answer
//! (`AnswersNothing`). So there is one error, and it is about the smallest type at fault.

mod kinds;
#[cfg(feature = "server")]
mod realm_kinds;

pub use kinds::{event, procedure};
#[cfg(feature = "server")]
pub use realm_kinds::{
    auth_cra, auth_custom, auth_ticket, auth_transport, authorizer, on_connect, on_join, topic,
};

use crate::WampError;
use crate::api::reply::{IntoReply, via};
use crate::peering::Request;
use std::future::{Future, pending};
use std::marker::PhantomData;

/// A value of any type, for the arguments of a call that is never made.
pub fn never<T>() -> T {
    unreachable!("a check of `#[debug_handler]` is compiled and not run")
}

/// Checks that all handlers can share the state.
pub fn state<S: Send + Sync + 'static>() {}

/// Stands for a value of type `T`.
#[derive(Debug)]
pub struct Probe<T>(PhantomData<T>);

impl<T> Clone for Probe<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Probe<T> {}

/// Stands for what calling a handler gave, be it a future or not.
pub fn called<F>(_: F) -> Probe<F> {
    Probe(PhantomData)
}

/// The result of a handler that is a future.
pub trait IsFuture<F: Future> {
    /// Checks that the future is `Send`, and goes on to what it ends with.
    fn output<'a>(self) -> &'a Probe<F::Output>
    where
        F: Send,
        F::Output: 'a;
}

impl<F: Future> IsFuture<F> for Probe<F> {
    fn output<'a>(self) -> &'a Probe<F::Output>
    where
        F: Send,
        F::Output: 'a,
    {
        never()
    }
}

/// The result of a handler that is no future: after one error there is no second one.
pub trait IsNoFuture<F> {
    /// Reports that there is no future.
    fn output<'a>(&self) -> &'a Probe<Unknown>
    where
        F: HandlerFuture;
}

impl<F> IsNoFuture<F> for Probe<F> {
    fn output<'a>(&self) -> &'a Probe<Unknown>
    where
        F: HandlerFuture,
    {
        never()
    }
}

/// A future, as every handler returns one.
#[diagnostic::on_unimplemented(
    message = "the handler returns `{Self}`, which is not a future: it is not `async`",
    label = "write `async fn` here",
    note = "a handler is an `async fn`, or a function that returns a future that is `Send`"
)]
pub trait HandlerFuture: Future {}

#[diagnostic::do_not_recommend]
impl<F: Future> HandlerFuture for F {}

/// An error that a peer can be told.
#[diagnostic::on_unimplemented(
    message = "the error `{Self}` does not convert into `WampError`",
    label = "this error has no URI for the peer",
    note = "for an error type of your own, implement `From<{Self}> for WampError`: it says which URI and arguments the peer gets",
    note = "for an error type of another crate, return `Result<_, WampError>` and write `.map_err(WampError::internal)?`: the peer gets an id, the log the error"
)]
pub trait HandlerError: Into<WampError> + Send {}

#[diagnostic::do_not_recommend]
impl<E: Into<WampError> + Send> HandlerError for E {}

/// Nothing of a result is at fault.
#[derive(Debug)]
pub struct Nothing(());

impl Nothing {
    /// Reports nothing.
    pub fn success<X>(&self) {}

    /// Reports nothing.
    pub fn whole<X>(&self) {}

    /// Reports nothing.
    pub fn unnamed_success(&self) {}

    /// Reports nothing.
    pub fn error<X>(&self) {}

    /// Reports nothing.
    pub fn unnamed_error(&self) {}
}

/// The result of a handler about which something was said already. It answers everything.
#[derive(Debug)]
pub enum Unknown {}

impl<R: Request> IntoReply<R, via::Shape> for Unknown {
    fn into_reply(self, _: R) -> impl Future<Output = R::Reply> + Send {
        pending()
    }
}
