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

use crate::peering::{ErasedHandler, HandlerSlot, Request};
use crate::rt::BoxFuture;
use futures_util::FutureExt;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

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
    /// Extracts the arguments, runs the function, turns what it returns into the reply, and gives the state back.
    fn call(self, request: R, state: StateRef<S>) -> impl Future<Output = (R::Reply, StateRef<S>)> + Send;

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
        Box::pin(self.handler.clone().call(request, self.state.hold()).map(|(reply, _)| reply))
    }

    fn slot(&self) -> Box<dyn HandlerSlot<R>> {
        let handler = self.handler.clone();
        Box::new(BoundSlot::new(
            move |request, state| handler.clone().call(request, state),
            self.state.clone(),
        ))
    }
}

/// A [`HandlerSlot`] for the futures that `make` makes.
struct BoundSlot<M, F, S> {
    make: M,
    states: SharedState<S>,
    /// Held for the next future, so that nobody has to count it.
    state: Option<StateRef<S>>,
    run: Pin<Box<Option<F>>>,
}

/// The future is in memory of its own.
impl<M, F, S> Unpin for BoundSlot<M, F, S> {}

impl<M, F, S> BoundSlot<M, F, S> {
    fn new<R>(make: M, states: SharedState<S>) -> Self
    where
        M: Fn(R, StateRef<S>) -> F,
    {
        Self { make, states, state: None, run: Box::pin(None) }
    }

    fn poll_run<T>(&mut self, cx: &mut Context<'_>) -> Poll<T>
    where
        F: Future<Output = (T, StateRef<S>)>,
    {
        let Some(run) = self.run.as_mut().as_pin_mut() else { return Poll::Pending };
        let (reply, state) = ready!(run.poll(cx));
        self.state = Some(state);
        self.run.set(None);
        Poll::Ready(reply)
    }
}

impl<R, M, F, S> HandlerSlot<R> for BoundSlot<M, F, S>
where
    R: Request,
    M: Fn(R, StateRef<S>) -> F + Send,
    F: Future<Output = (R::Reply, StateRef<S>)> + Send,
    S: Send + Sync,
{
    #[inline]
    fn begin(&mut self, request: R, cx: &mut Context<'_>) -> Poll<R::Reply> {
        let state = self.state.take().unwrap_or_else(|| self.states.hold());
        self.run.set(Some((self.make)(request, state)));
        self.poll_run(cx)
    }
}

impl<T, M, F, S> Future for BoundSlot<M, F, S>
where
    F: Future<Output = (T, StateRef<S>)>,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_run(cx)
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
