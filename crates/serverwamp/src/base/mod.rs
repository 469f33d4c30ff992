//! The lowest floor: errors, ids, limits, locks, trusted proxies, signals, statistics. Imports nothing of the framework.

#[cfg(feature = "server")]
pub(crate) mod admission;
#[cfg(feature = "tls")]
pub(crate) mod authorities;
#[cfg(feature = "server")]
pub(crate) mod counters;
pub(crate) mod error;
pub(crate) mod ids;
pub mod io;
#[cfg(feature = "server")]
pub(crate) mod limits;
pub(crate) mod locks;
pub(crate) mod log;
#[cfg_attr(not(feature = "measure"), expect(unreachable_pub, reason = "public with the feature"))]
pub mod measure;
pub(crate) mod message_kind;
pub(crate) mod overflow;
#[cfg(feature = "server")]
pub(crate) mod proxies;
pub(crate) mod signal;
#[cfg(feature = "server")]
pub(crate) mod statistics;
pub(crate) mod threads;
#[cfg(feature = "server")]
pub(crate) mod unix_peer;
