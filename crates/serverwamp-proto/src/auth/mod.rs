//! The arithmetic of authentication: tickets and challenge-response.
//!
//! Nothing here looks anybody up, waits or draws random bytes: nonces, salts and times come in as arguments. Secrets live
//! in [`Secret`], which neither prints nor compares itself, so that every comparison is one in constant time.

mod cra;
mod secret;

pub use crate::timestamp::format_timestamp;
pub use cra::{CraChallenge, CraExtra, CraKey, Derivation, fake_salt};
pub use secret::Secret;

/// The authentication methods by their names on the wire.
pub mod method {
    /// Nobody proves anything.
    pub const ANONYMOUS: &str = "anonymous";
    /// A shared text, sent as it is.
    pub const TICKET: &str = "ticket";
    /// A shared secret that proves itself without being sent.
    pub const WAMPCRA: &str = "wampcra";
}

/// Whether the ticket a client sent is the one expected, compared in constant time as bytes.
///
/// Nothing is trimmed or normalised.
pub fn ticket_matches(expected: &Secret, sent: &str) -> bool {
    expected.matches(sent.as_bytes())
}

#[cfg(test)]
mod tests;
