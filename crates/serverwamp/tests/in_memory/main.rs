//! What handlers are given and what becomes of what they return, seen by clients in the same process.
#![cfg(feature = "tokio")]
#![expect(clippy::unwrap_used, reason = "a test whose preparation fails has failed")]

mod extractors;
mod peer;
