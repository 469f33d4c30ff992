//! The service of a route: a handler whose types are erased, or a `tower` service.

use crate::base::error::WampError;
use crate::peering::payload::CallReply;
use crate::peering::{HandlerSlot, Invocation, Request};
use crate::rt::BoxFuture;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::util::{BoxCloneSyncService, ServiceExt};
use tower_service::Service;

/// A handler whose type, arguments and state have been forgotten.
pub(crate) trait ErasedHandler<R: Request>: Send + Sync {
    fn call(&self, request: R) -> BoxFuture<'static, R::Reply>;

    /// A place for its futures, for who calls it often.
    fn slot(&self) -> Box<dyn HandlerSlot<R>>;
}

impl<R: Request> fmt::Debug for dyn ErasedHandler<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Handler")
    }
}

/// Any error, as `tower`'s own layers use it.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The service of a route.
#[derive(Clone)]
pub(crate) enum Served {
    Handler(Arc<dyn ErasedHandler<Invocation>>),
    Service(ProcedureService),
}

impl Served {
    pub(crate) fn call(&self, invocation: Invocation) -> BoxFuture<'static, CallReply> {
        match self {
            Self::Handler(handler) => handler.call(invocation),
            Self::Service(service) => service.reply(invocation),
        }
    }

    pub(crate) fn into_service(self) -> ProcedureService {
        match self {
            Self::Service(service) => service,
            Self::Handler(handler) => ProcedureService::new(HandlerService(handler)),
        }
    }
}

/// A `tower` service that can serve calls: `Service<Invocation, Response = CallReply>` that is cheap to clone.
///
/// Implemented for all that qualify; there is no need to implement it.
pub trait CallLayer:
    Service<Invocation, Response = CallReply, Error: Into<BoxError>, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<T> CallLayer for T where
    T: Service<Invocation, Response = CallReply, Error: Into<BoxError>, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// The service of a procedure, as layers see it.
#[derive(Clone)]
pub struct ProcedureService(BoxCloneSyncService<Invocation, CallReply, BoxError>);

impl ProcedureService {
    pub(crate) fn new<Svc: CallLayer>(service: Svc) -> Self {
        Self(BoxCloneSyncService::new(service.map_err(Into::into)))
    }

    pub(crate) fn reply(&self, invocation: Invocation) -> BoxFuture<'static, CallReply> {
        let service = self.0.clone();
        Box::pin(async move {
            service.oneshot(invocation).await.unwrap_or_else(|error| CallReply::error(translate(error)))
        })
    }
}

impl Service<Invocation> for ProcedureService {
    type Response = CallReply;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<CallReply, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        self.0.call(invocation)
    }
}

impl fmt::Debug for ProcedureService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProcedureService")
    }
}

/// A handler as a service.
#[derive(Clone)]
struct HandlerService(Arc<dyn ErasedHandler<Invocation>>);

impl Service<Invocation> for HandlerService {
    type Response = CallReply;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<CallReply, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let reply = self.0.call(invocation);
        // A layer may keep replies for as long as it likes.
        Box::pin(async move { Ok(CallReply::new(reply.await.result)) })
    }
}

/// The error a peer gets for an error of a layer.
fn translate(error: BoxError) -> WampError {
    let error = match error.downcast::<WampError>() {
        Ok(error) => return *error,
        Err(error) => error,
    };
    #[cfg(feature = "tower-errors")]
    {
        if error.is::<tower::timeout::error::Elapsed>() {
            return WampError::timeout("the procedure took too long");
        }
        if error.is::<tower::load_shed::error::Overloaded>() {
            return WampError::unavailable("too many calls are being served");
        }
    }
    WampError::internal(error)
}
