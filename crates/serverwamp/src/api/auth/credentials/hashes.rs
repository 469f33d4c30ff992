//! The entries of a file of credentials, made of secrets.

use super::super::{Salting, Secret, random_secret};
#[cfg(feature = "scram")]
use super::super::{ScramError, ScramKdf, ScramVerifier};
use super::file::write_cra;
use super::password::{Cost, PasswordHash};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The entry `ticket` of a user in a file of [`Credentials`](super::Credentials): Argon2id with 19 MiB and two passes, as OWASP recommends, and a random
/// salt. It takes tens of milliseconds and belongs on a thread of its own.
pub fn hash_ticket(ticket: &Secret) -> String {
    let salt = random_secret();
    PasswordHash::new(ticket, salt.expose().get(..16).unwrap_or_default(), Cost::RECOMMENDED).to_string()
}

/// The entry `cra` of a user in a file of [`Credentials`](super::Credentials): PBKDF2 with 100,000 iterations and a random salt.
pub fn hash_cra(password: &Secret) -> String {
    let salt = random_secret();
    let salt = STANDARD.encode(salt.expose().get(..16).unwrap_or_default());
    write_cra(&Salting::new(salt, 100_000, 32), password)
}

/// The entry `scram` of a user in a file of [`Credentials`](super::Credentials): a verifier for both dialects, with a random salt. It takes
/// as long as the key derivation, and belongs on a thread of its own.
///
/// # Errors
/// The password is empty, is no text that SASLprep allows, or the costs are out of bounds.
#[cfg(feature = "scram")]
pub fn hash_scram(password: &Secret, kdf: ScramKdf) -> Result<String, ScramError> {
    let salt = random_secret();
    let verifier = ScramVerifier::derive(password, salt.expose().get(..16).unwrap_or_default(), kdf)?;
    Ok(verifier.to_text())
}
