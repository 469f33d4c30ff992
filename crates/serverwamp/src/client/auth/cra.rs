//! WAMP-CRA as a client: the signature of a challenge, with the secret or with the key that is derived from it.

use serde::Deserialize;
use serverwamp_proto::auth::{CraKey, Derivation, Secret};
use serverwamp_proto::message::Encoded;

/// The most PBKDF2 iterations that a router may ask for: a few seconds of work.
const MOST_ITERATIONS: u32 = 10_000_000;

/// The longest key that a router may ask for, in bytes; all known ones ask for 32.
const LONGEST_KEY: u32 = 1024;

/// `CHALLENGE.Extra` of WAMP-CRA.
#[derive(Deserialize)]
struct CraQuestion {
    challenge: String,
    salt: Option<String>,
    keylen: Option<u32>,
    iterations: Option<u32>,
}

/// The signature, or why there is none.
pub(super) fn sign(secret: &Secret, extra: &Encoded) -> Result<String, String> {
    let extra: CraQuestion = extra.decode().map_err(|error| format!("its extra is malformed: {error}"))?;
    let key = match extra.salt {
        None => CraKey::from_secret(secret.clone()),
        Some(salt) => {
            let usual = Derivation::with_salt(salt);
            let derivation = Derivation {
                keylen: extra.keylen.unwrap_or(usual.keylen),
                iterations: extra.iterations.unwrap_or(usual.iterations),
                ..usual
            };
            if derivation.iterations > MOST_ITERATIONS {
                let asked = derivation.iterations;
                return Err(format!("it asks for {asked} iterations of PBKDF2, more than {MOST_ITERATIONS}"));
            }
            if derivation.keylen > LONGEST_KEY {
                let asked = derivation.keylen;
                return Err(format!("it asks for a key of {asked} bytes, more than {LONGEST_KEY}"));
            }
            derivation.derive(secret)
        }
    };
    Ok(key.sign(&extra.challenge))
}
