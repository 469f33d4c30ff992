//! What an application is written with: handlers, what they take and return, routes, layers.

pub mod auth;
#[cfg(feature = "macros")]
pub mod debug_handler;
pub mod extract;
pub mod handler;
pub mod layer;
pub(crate) mod realm;
pub mod reply;
pub(crate) mod routes;
