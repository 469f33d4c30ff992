//! Handlers, their results, limits and meta events, as clients in the same process see them.
#![cfg(feature = "tokio")]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

mod arguments;
mod authentication;
mod authorizers;
mod authorizers_again;
mod client;
mod client_events;
mod client_identity;
mod client_passthru;
mod client_recovery;
mod client_results;
mod client_routes;
mod deep_patterns;
mod extractors;
mod forward_for;
mod layers;
mod many_threads;
mod measures;
mod meta_listeners;
mod peer;
mod permissions;
mod plain_calls;
mod plain_routed_calls;
mod progress;
mod realm_limits;
mod realms;
mod reload;
mod revocation;
mod role_limits;
mod same_routes;
mod settings;
mod templates;
mod templates_changed;
