//! The arithmetic of authentication: tickets, challenge-response over secrets and keys, channel binding.
//!
//! Nothing here looks anybody up, waits or draws random bytes: nonces, salts and times come in as arguments. Secrets live
//! in [`Secret`], which neither prints nor compares itself, so that every comparison is one in constant time.

pub mod channel;
mod cra;
#[cfg(feature = "cryptosign")]
pub mod cryptosign;
#[cfg(feature = "scram")]
pub mod scram;
mod secret;
mod subject;

pub use crate::timestamp::format_timestamp;
pub use cra::{CraChallenge, CraExtra, CraKey, Derivation, fake_salt};
pub use secret::Secret;
pub use subject::{CertificateSubject, SubjectError};

/// The authentication methods by their names on the wire.
pub mod method {
    /// Nobody proves anything.
    pub const ANONYMOUS: &str = "anonymous";
    /// A shared text, sent as it is.
    pub const TICKET: &str = "ticket";
    /// A shared secret that proves itself without being sent.
    pub const WAMPCRA: &str = "wampcra";
    /// A password, of which the router stores only a verifier.
    pub const WAMP_SCRAM: &str = "wamp-scram";
    /// The name that Autobahn and Crossbar.io have for [`WAMP_SCRAM`], in a dialect of their own.
    pub const SCRAM: &str = "scram";
    /// A private key of Ed25519.
    pub const CRYPTOSIGN: &str = "cryptosign";
}

/// The SHA-256 of a certificate in DER, in hex.
pub fn fingerprint(certificate: &[u8]) -> String {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(certificate).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the ticket a client sent is the one expected, compared in constant time as bytes.
///
/// Nothing is trimmed or normalised.
pub fn ticket_matches(expected: &Secret, sent: &str) -> bool {
    expected.matches(sent.as_bytes())
}

#[cfg(test)]
mod tests;
