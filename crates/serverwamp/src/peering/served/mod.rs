//! Calls that application code serves, whichever session they came from: what a handler gets, the service behind a route, and
//! the state that both share with who carries the call.

mod caller;
mod charged;
mod inputs;
mod invocation;
mod request;
mod run;
mod service;
mod slot;
mod source;
mod state;
mod takes;

pub use caller::Caller;
pub(crate) use charged::{ChargedPayload, Charger};
pub(crate) use inputs::{Inputs, Taken};
pub use invocation::Invocation;
pub(crate) use invocation::Matched;
pub use request::Request;
pub(crate) use run::{Run, run_to_end};
pub use service::{BoxError, CallLayer, ProcedureService};
pub(crate) use service::{ErasedHandler, Served};
pub(crate) use slot::HandlerSlot;
pub(crate) use source::CallSource;
pub(crate) use state::{CallState, Stop};
pub(crate) use takes::Takes;
