//! The tools of an application: handlers, extractors, replies, routes, layers.

#[cfg(feature = "server")]
pub mod auth;
#[cfg(feature = "server")]
mod authorizer;
#[cfg(feature = "macros")]
pub mod debug_handler;
pub mod extract;
pub mod handler;
pub mod layer;
#[cfg(feature = "server")]
pub(crate) mod realm;
pub mod reply;
pub mod request;
pub(crate) mod routes;
