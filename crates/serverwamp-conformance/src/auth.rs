//! The client's side of WAMP-CRA.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// The signature for a WAMP-CRA challenge: `extra` is the second element of CHALLENGE. With a salt in it the
/// key is derived from the secret first, and its base64 text is what signs.
///
/// # Panics
///
/// When `extra` has no challenge, or a salt without numbers beside it.
#[must_use]
#[track_caller]
pub fn sign_cra(secret: &str, extra: &Value) -> String {
    let challenge = extra["challenge"].as_str().expect("CHALLENGE.Extra.challenge is a string");
    let Some(salt) = extra["salt"].as_str() else { return sign(secret.as_bytes(), challenge) };
    let iterations = extra["iterations"].as_u64().expect("CHALLENGE.Extra.iterations is an integer");
    let keylen = extra["keylen"].as_u64().expect("CHALLENGE.Extra.keylen is an integer");
    let iterations = u32::try_from(iterations).expect("a sensible number of iterations");
    let mut key = vec![0; usize::try_from(keylen).expect("a sensible length of key")];
    pbkdf2::pbkdf2_hmac::<Sha256>(secret.as_bytes(), salt.as_bytes(), iterations, &mut key);
    sign(STANDARD.encode(key).as_bytes(), challenge)
}

fn sign(key: &[u8], challenge: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(challenge.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::sign_cra;
    use serde_json::json;

    // RFC 4231, test case 2, says what HMAC-SHA-256 is; Python's hashlib and hmac made the salted one.
    #[test]
    fn signatures_are_those_of_other_implementations() {
        assert_eq!(
            sign_cra("Jefe", &json!({ "challenge": "what do ya want for nothing?" })),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
        let salted = json!({ "challenge": "{}", "salt": "salt123", "iterations": 1000, "keylen": 32 });
        assert_eq!(sign_cra("secret1", &salted), "Kv3OQXBleMlyg52gIFp/as7JkQDoROmS8ZNrCY0AfcI=");
    }
}
