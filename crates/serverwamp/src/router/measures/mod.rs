//! What the realms of an application count, for the operator: messages, calls, events, logins.
//!
//! Connections count for themselves and hand over what they have counted, at their end and when somebody looks. What is rare is
//! counted here directly. [`Application::statistics_by_realm`](crate::Application::statistics_by_realm) shows it.
//!
//! Invariant: no counter ever falls, and there are no more of them than [`Metrics`] allows, however many realms, procedures and
//! topics come and go.

mod book;
mod config;
mod durations;
mod read;
mod realm;
mod statistics;
mod uris;

pub(crate) use book::MeasuresBook;
pub use config::Metrics;
pub(crate) use durations::CallSampler;
pub use durations::{CallDurations, SAMPLED_CALLS};
pub(crate) use read::{read_all, read_in_turns};
pub(crate) use realm::{JoinResult, LoginResult, RealmMeasures};
pub use statistics::{RealmStatistics, UriStatistics};
pub(crate) use uris::UriMeasures;
