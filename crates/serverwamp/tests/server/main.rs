//! A server with a socket of its own: listening, stopping at signals, and the pages of a program beside its own paths.
#![cfg(all(feature = "tokio", feature = "smol", unix))]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

mod client;
mod listening;
mod pages;
mod settings;
mod signals;
