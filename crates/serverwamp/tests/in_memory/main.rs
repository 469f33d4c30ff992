//! What handlers are given and what becomes of what they return, seen by clients in the same process.
#![cfg(feature = "tokio")]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]
#![expect(clippy::disallowed_methods, reason = "a program that uses the framework names its runtime")]

mod arguments;
mod extractors;
mod layers;
mod peer;
mod progress;
mod role_limits;
