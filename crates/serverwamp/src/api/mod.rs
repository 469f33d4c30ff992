//! The tools of an application: handlers, extractors, replies, routes, layers.

pub mod auth;
mod authorizer;
#[cfg(feature = "macros")]
pub mod debug_handler;
pub mod extract;
pub mod handler;
pub mod layer;
pub(crate) mod realm;
pub mod reply;
pub mod request;
pub(crate) mod routes;
