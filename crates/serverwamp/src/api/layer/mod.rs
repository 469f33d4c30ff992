//! `tower` at the procedure boundary: services that serve calls, layers around them.
//!
//! Every `tower` layer fits whose service is cheap to clone: timeouts, concurrency limits, load shedding, filters. Of our
//! own there are [`from_fn`], which makes a layer of an async function, [`limit_calls`], which limits the calls of each
//! session or authid, and [`trace`], which logs. A route without a layer is a plain handler and pays nothing for this.

mod from_fn;
mod limit;
mod trace;

pub use from_fn::{FromFn, FromFnLayer, Next, from_fn};
pub use limit::{CallLimit, LimitedCalls, limit_calls};
pub use trace::{Trace, TraceLayer, trace};

pub use crate::peering::{BoxError, CallLayer, ProcedureService};

use crate::peering::Served;
use tower_layer::Layer;

/// Wraps a route in a layer.
pub(crate) fn layered<L>(layer: &L, served: Served) -> Served
where
    L: Layer<ProcedureService>,
    L::Service: CallLayer,
{
    Served::Service(ProcedureService::new(layer.layer(served.into_service())))
}
