//! A layer that logs every call it wraps.

use super::ProcedureService;
use crate::base::log::line;
use crate::peering::Invocation;
use crate::peering::payload::CallReply;
use crate::rt::{BoxFuture, Runtime};
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// Logs every call with procedure, caller, outcome and duration, through `tracing` at level `DEBUG`.
///
/// ```
/// use serverwamp::layer::trace;
/// use serverwamp::{Realm, RouteSet};
/// # async fn add() -> i64 { 5 }
///
/// // Around some procedures, or around all calls of a realm, unknown procedures included.
/// let routes = RouteSet::new().procedure("math.add", add).layer(trace());
/// let realm: Realm = Realm::new("realm1").allow_anonymous("guest").routes(routes).layer(trace());
/// ```
pub fn trace() -> TraceLayer {
    TraceLayer { _private: () }
}

/// See [`trace`].
#[derive(Clone, Copy, Debug)]
pub struct TraceLayer {
    _private: (),
}

impl<S> Layer<S> for TraceLayer {
    type Service = Trace<S>;

    fn layer(&self, inner: S) -> Trace<S> {
        Trace { inner }
    }
}

/// The service that [`trace`] makes of another.
#[derive(Clone)]
pub struct Trace<S = ProcedureService> {
    inner: S,
}

impl<S> Service<Invocation> for Trace<S>
where
    S: Service<Invocation, Response = CallReply>,
    S::Future: Send + 'static,
{
    type Response = CallReply;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<CallReply, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, invocation: Invocation) -> Self::Future {
        let procedure: Arc<str> = Arc::clone(&invocation.call.procedure);
        let request = invocation.request();
        let runtime: Arc<dyn Runtime> = Arc::clone(invocation.call.source.runtime());
        let session = invocation.call.source.session();
        let started = runtime.now();
        let reply = self.inner.call(invocation);
        Box::pin(async move {
            let result = reply.await;
            let elapsed = runtime.now().saturating_duration_since(started);
            let outcome = match &result {
                Ok(reply) => reply.as_error().map_or("result", |error| error.uri()),
                Err(_) => "failed",
            };
            line!(
                DEBUG,
                "call",
                "call",
                procedure = procedure,
                session = session,
                request = request,
                elapsed = format_args!("{elapsed:?}"),
                outcome = outcome
            );
            result
        })
    }
}

impl<S> fmt::Debug for Trace<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}
