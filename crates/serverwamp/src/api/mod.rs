//! What an application is written with: handlers, what they take and return, routes, layers.

pub mod extract;
pub mod handler;
pub mod layer;
pub mod reply;
pub(crate) mod routes;
