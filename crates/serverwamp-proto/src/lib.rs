//! The WAMP protocol without I/O: messages, serializers, sessions, subscriptions, the routing of calls,
//! authentication arithmetic, WebSocket and RawSocket framing.
//!
//! Nothing in this crate opens a socket, reads a clock, draws a random number or starts a thread: bytes, time and
//! random ids come in as arguments, decisions and bytes go out. That makes every rule testable in a few lines and the
//! crate usable on any runtime.
#![forbid(unsafe_code)]

pub mod auth;
pub mod broker;
pub mod cluster;
pub mod codec;
pub mod dealer;
pub mod footprint;
pub mod id;
pub mod message;
pub mod pattern;
pub mod payload;
pub mod permissions;
pub mod rawsocket;
pub mod session;
pub mod timestamp;
pub mod uri;
pub mod uris;
pub mod websocket;
