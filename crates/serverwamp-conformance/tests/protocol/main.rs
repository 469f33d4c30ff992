//! The protocol as a client sees it: every rule of the checklist's groups MSG to BAT, against a server process.
//!
//! A test carries the id of its rule in its name. Rules that concern what a server of this kind does not have yet are
//! in a table at the top of their module, with the reason.

mod attributes;
mod batched;
mod channel_binding;
mod features;
mod ids;
mod long_poll;
mod long_poll_close;
mod messages;
mod numbers;
mod rawsocket;
mod serializers;
mod sessions;
mod sessions_end;
mod tls;
mod uris;
mod violations;
mod websocket;
