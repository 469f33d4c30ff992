//! A layer made of an async function.

use super::{CallLayer, ProcedureService};
use crate::peering::Invocation;
use crate::peering::payload::CallReply;
use crate::rt::BoxFuture;
use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Makes a layer of an async function that is given a call and what comes next.
///
/// It may answer the call itself, look at it and pass it on, or look at the answer. It returns a [`CallReply`], a
/// [`WampError`](crate::WampError), or a `Result` of the former whose error is `Into<WampError>`, so that `?` works. What a
/// layer below it fails with, such as a timeout of `tower`, is in the [`CallReply`] as the error that the caller gets.
///
/// ```
/// use serverwamp::layer::{Next, from_fn};
/// use serverwamp::reply::CallReply;
/// use serverwamp::request::Invocation;
/// use serverwamp::{Realm, RouteSet, WampError};
/// # async fn restart() {}
///
/// async fn administrators_only(invocation: Invocation, next: Next) -> Result<CallReply, WampError> {
///     if invocation.session().is_none_or(|session| session.authrole() != "admin") {
///         return Err(WampError::not_authorized("only administrators may call this"));
///     }
///     Ok(next.run(invocation).await)
/// }
///
/// let routes = RouteSet::new().procedure("server.restart", restart).layer(from_fn(administrators_only));
/// # Realm::<()>::new("realm1").allow_anonymous("guest").routes(routes);
/// ```
pub fn from_fn<F, Fut>(function: F) -> FromFnLayer<F>
where
    F: Fn(Invocation, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: Into<CallReply>> + Send + 'static,
{
    FromFnLayer { function }
}

/// See [`from_fn`].
#[derive(Clone, Copy)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S: CallLayer> Layer<S> for FromFnLayer<F> {
    type Service = FromFn<F>;

    fn layer(&self, inner: S) -> FromFn<F> {
        FromFn { function: self.function.clone(), inner: ProcedureService::new(inner) }
    }
}

/// The service that [`from_fn`] makes of another.
#[derive(Clone)]
pub struct FromFn<F> {
    function: F,
    inner: ProcedureService,
}

impl<F, Fut> Service<Invocation> for FromFn<F>
where
    F: Fn(Invocation, Next) -> Fut,
    Fut: Future<Output: Into<CallReply>> + Send + 'static,
{
    type Response = CallReply;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<CallReply, Infallible>>;

    /// Always ready: what is inside is asked when the function passes the call on.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let reply = (self.function)(invocation, Next(self.inner.clone()));
        Box::pin(async move { Ok(reply.await.into()) })
    }
}

/// The service behind a layer of [`from_fn`]: further layers, and the procedure.
#[derive(Clone, Debug)]
pub struct Next(ProcedureService);

impl Next {
    /// Passes the call on, and gives its answer.
    pub async fn run(self, invocation: Invocation) -> CallReply {
        self.0.reply(invocation).await
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFnLayer")
    }
}

impl<F> fmt::Debug for FromFn<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FromFn")
    }
}
