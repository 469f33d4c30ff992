//! WAMP-CRA as a client: the signature of a challenge, with the secret or with the key that is derived from it.

use serde::Deserialize;
use serverwamp_proto::auth::{CraKey, Derivation, Secret};
use serverwamp_proto::message::Encoded;

/// The most PBKDF2 iterations that a router may ask for, of all blocks of the key together: a few seconds of work.
const MOST_ITERATIONS: u64 = 10_000_000;

/// The bytes of a key that one series of iterations gives: those of SHA-256.
const BLOCK: u32 = 32;

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
            let keylen = derivation.keylen;
            if keylen > LONGEST_KEY {
                return Err(format!("it asks for a key of {keylen} bytes, more than {LONGEST_KEY}"));
            }
            let blocks = keylen.div_ceil(BLOCK).max(1);
            let asked = u64::from(derivation.iterations) * u64::from(blocks);
            if asked > MOST_ITERATIONS {
                return Err(format!("it asks for {asked} iterations of PBKDF2, more than {MOST_ITERATIONS}"));
            }
            derivation.derive(secret)
        }
    };
    Ok(key.sign(&extra.challenge))
}
