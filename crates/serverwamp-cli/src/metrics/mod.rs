//! `/metrics`, `/healthz`, `/readyz`: how the router is, for Prometheus, for load balancers, for whoever is on duty.
//!
//! In: an [`Application`](serverwamp::Application), and a [`Health`], which the program tells what it has done. Out: a
//! [`MonitoringService`], which a `Server` takes as its fallback, or a listener that speaks no WAMP serves alone.
//!
//! Invariant: what is exported is in one table, [`families`], and `docs/metrics.md` describes all of that and nothing else.

mod accept;
mod encode;
mod families;
mod health;
mod process;
mod service;
#[cfg(test)]
mod tests;

pub(crate) use health::Health;
pub(crate) use service::MonitoringService;
