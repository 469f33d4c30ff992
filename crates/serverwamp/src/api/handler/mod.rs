//! Async functions as handlers.
//!
//! A handler is an async function whose arguments are all [extractors](crate::extract) and whose return value can
//! answer the request it is registered for. There is one trait for all kinds: procedures, topics, session lifecycles,
//! authenticators.
#![doc = include_str!("../../docs/handlers.md")]

mod kinds;
#[cfg(feature = "server")]
mod realm_kinds;
mod state;
mod tuples;

pub use kinds::{EventHandler, ProcedureHandler};
#[cfg(feature = "server")]
pub use realm_kinds::{AuthHandler, AuthorizerHandler, ConnectHandler, JoinHandler, TopicHandler};
pub(crate) use state::SharedState;
pub use state::{NoState, StateFor, StateRef};

use crate::peering::{ErasedHandler, Request};
use crate::rt::BoxFuture;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

/// An async function that answers an `R`.
///
/// It is implemented for functions and closures of up to twelve arguments; there is no need to implement it. `T` is
/// the tuple of its argument types: leave it to inference.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot handle the request `{R}`",
    label = "not a handler of this request",
    note = "a handler is an `async fn`: each argument is an extractor for this request with state `{S}`, the result answers it, an error is `Into<WampError>`, and its future is `Send`",
    note = "`#[serverwamp::debug_handler]` above the function (feature `macros`) lets the compiler name the argument or the type at fault",
    note = "see \"When a handler does not compile\" in the documentation of the module `serverwamp::handler`"
)]
pub trait Handler<R: Request, T, S>: Clone + Send + Sync + 'static {
    /// Extracts the arguments, runs the function, turns what it returns into the reply.
    fn call(self, request: R, state: StateRef<S>) -> impl Future<Output = R::Reply> + Send;

    /// The name of an argument that needs a session in a realm of the application, if there is one: see
    /// [`FromRequest::NEEDS_SESSION`](crate::extract::FromRequest::NEEDS_SESSION).
    #[doc(hidden)]
    const NEEDS_SESSION: Option<&'static str> = None;

    /// Returns whether it takes more input than the request itself. Functions with a [`CallInput`](crate::extract::CallInput) do.
    #[doc(hidden)]
    fn takes_input() -> bool {
        false
    }

    /// Returns whether it takes payloads in passthru mode. Functions with a [`PassthruPayload`](crate::PassthruPayload) do.
    #[doc(hidden)]
    fn takes_passthru() -> bool {
        false
    }
}

/// A handler with the state it runs with.
struct Bound<H, T, S> {
    handler: H,
    state: SharedState<S>,
    arguments: PhantomData<fn() -> T>,
}

impl<R, H, T, S> ErasedHandler<R> for Bound<H, T, S>
where
    R: Request,
    H: Handler<R, T, S>,
    T: 'static,
    S: Send + Sync + 'static,
{
    fn call(&self, request: R) -> BoxFuture<'static, R::Reply> {
        Box::pin(self.handler.clone().call(request, self.state.hold()))
    }
}

/// A handler that still waits for its state.
pub(crate) struct Unbound<R: Request, S>(BindState<R, S>);

type BindState<R, S> = Box<dyn FnOnce(SharedState<S>) -> Arc<dyn ErasedHandler<R>> + Send>;

impl<R: Request, S: Send + Sync + 'static> Unbound<R, S> {
    pub(crate) fn new<H: Handler<R, T, S>, T: 'static>(handler: H) -> Self {
        Self(Box::new(move |state| Arc::new(Bound { handler, state, arguments: PhantomData })))
    }

    pub(crate) fn bind(self, state: &SharedState<S>) -> Arc<dyn ErasedHandler<R>> {
        (self.0)(state.clone())
    }

    /// The same handler, which has its state.
    pub(crate) fn with_state(self, state: &SharedState<S>) -> Unbound<R, ()> {
        let bound = self.bind(state);
        Unbound(Box::new(move |_| bound))
    }
}

impl<R: Request, S> fmt::Debug for Unbound<R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unbound")
    }
}
