//! `tower` at the procedure boundary: services that serve calls, layers around them.
//!
//! Every `tower` layer fits whose service is cheap to clone: timeouts, concurrency limits, load shedding, filters. Of our
//! own there is [`trace`]. A route without a layer is a plain handler and pays nothing for this.

mod trace;

pub use trace::{Trace, TraceLayer, trace};

pub use crate::router::routes::{BoxError, CallLayer, ProcedureService};

use crate::router::routes::Served;
use tower_layer::Layer;

/// Wraps a route in a layer.
pub(crate) fn layered<L>(layer: &L, served: Served) -> Served
where
    L: Layer<ProcedureService>,
    L::Service: CallLayer,
{
    Served::Service(ProcedureService::new(layer.layer(served.into_service())))
}
