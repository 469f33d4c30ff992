//! What every room stands on: errors, ids, limits, locks, signals, statistics. Imports nothing of the framework.

pub(crate) mod admission;
pub(crate) mod error;
pub(crate) mod ids;
pub mod io;
pub(crate) mod limits;
pub(crate) mod locks;
pub(crate) mod log;
pub mod measure;
pub(crate) mod signal;
pub(crate) mod statistics;
