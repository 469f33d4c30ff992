//! The router: sessions, broker and dealer of running realms, the meta API, and the messages they send.

pub(crate) mod auth;
pub(crate) mod broker;
pub mod cluster;
pub(crate) mod dealer;
pub(crate) mod measures;
pub(crate) mod meta;
pub(crate) mod realm;
pub(crate) mod request;
pub(crate) mod routes;
pub(crate) mod session;
pub(crate) mod subscription;
pub(crate) mod supervise;
pub(crate) mod tap;
pub(crate) mod wire;
