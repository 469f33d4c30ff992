//! The client's side of WAMP-SCRAM, in both dialects.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// What every client of these tests has for a nonce.
pub const NONCE: &str = "AAECAwQFBgcICQoLDA0ODw==";

/// A user at the other end.
#[derive(Clone, Copy, Debug)]
pub struct ScramUser<'a> {
    /// The name, as the text to sign has it.
    pub authid: &'a str,
    /// The password.
    pub password: &'a str,
    /// Autobahn's dialect rather than the specification's.
    pub autobahn: bool,
    /// The binding `tls-exporter`.
    pub channel: Option<[u8; 32]>,
}

/// What a client sends, and what it expects.
#[derive(Clone, Debug)]
pub struct ScramAnswer {
    /// `Signature` of AUTHENTICATE.
    pub signature: String,
    /// `Extra` of AUTHENTICATE.
    pub extra: Value,
    /// `authextra.verifier` of WELCOME.
    pub verifier: String,
}

impl<'a> ScramUser<'a> {
    /// A user of the specification's dialect, without channel binding.
    #[must_use]
    pub const fn new(authid: &'a str, password: &'a str) -> Self {
        Self { authid, password, autobahn: false, channel: None }
    }

    /// The answer to `CHALLENGE.Extra`.
    ///
    /// # Panics
    ///
    /// When it is malformed.
    #[must_use]
    #[track_caller]
    pub fn answer(&self, challenge: &Value) -> ScramAnswer {
        let text = |name: &str| challenge[name].as_str().unwrap_or_else(|| panic!("{name}: {challenge}"));
        let iterations = challenge["iterations"].as_u64().and_then(|number| u32::try_from(number).ok());
        let iterations = iterations.expect("iterations");
        let salt = STANDARD.decode(text("salt")).expect("a salt in base64");
        let mut salted = vec![0; 32];
        match text("kdf") {
            "pbkdf2" => {
                pbkdf2::pbkdf2_hmac::<Sha256>(self.password.as_bytes(), &salt, iterations, &mut salted);
            }
            name => {
                assert_eq!(name, if self.autobahn { "argon2id-13" } else { "argon2id13" });
                let memory = challenge["memory"].as_u64().and_then(|number| u32::try_from(number).ok());
                let params = Params::new(memory.expect("memory"), iterations, 1, Some(32)).expect("costs");
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
                argon2.hash_password_into(self.password.as_bytes(), &salt, &mut salted).expect("a hash");
                if self.autobahn {
                    salted = STANDARD_NO_PAD.encode(&salted).into_bytes();
                }
            }
        }
        let mut gs2 = b"n,,".to_vec();
        if let Some(channel) = &self.channel {
            gs2 = [b"p=tls-exporter,,", channel.as_slice()].concat();
        }
        let (binding, authid) = match self.autobahn {
            true => (String::new(), self.authid.to_owned()),
            false => (STANDARD.encode(gs2), self.authid.replace('=', "=3D").replace(',', "=2C")),
        };
        let (nonce, salt) = (text("nonce"), text("salt"));
        let message = format!("n={authid},r={NONCE},r={nonce},s={salt},i={iterations},c={binding},r={nonce}");
        let client_key = hmac(&salted, "Client Key");
        let signature = hmac(&Sha256::digest(client_key), &message);
        let proof: Vec<u8> = client_key.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        let channel = self.channel.map(|channel| STANDARD.encode(channel));
        let extra = json!({
            "nonce": nonce, "channel_binding": channel.as_ref().map(|_| "tls-exporter"), "cbind_data": channel
        });
        ScramAnswer {
            signature: STANDARD.encode(proof),
            extra: if self.autobahn { json!({}) } else { extra },
            verifier: STANDARD.encode(hmac(&hmac(&salted, "Server Key"), &message)),
        }
    }
}

fn hmac(key: &[u8], message: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Python's hashlib and argon2-cffi.
    #[test]
    fn proofs_are_those_of_other_implementations() {
        let challenge = |kdf: &str| {
            let nonce = format!("{NONCE}EBESExQVFhcYGRobHB0eHw==");
            let salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
            json!({ "nonce": nonce, "salt": salt, "kdf": kdf, "iterations": 2, "memory": 64 })
        };
        let user = ScramUser::new("user", "pencil");
        let answer = user.answer(&challenge("argon2id13"));
        assert_eq!(answer.signature, "V0UNTwWWZH/f98fvjP/rzO0VyIMZs0wnJy844Q4Rti4=");
        assert_eq!(answer.verifier, "H92RoWiE/L9ijR+Iws7MGsqU1jGkQ7Z2gw/9SLu6Wlo=");
        let answer = ScramUser { autobahn: true, ..user }.answer(&challenge("argon2id-13"));
        assert_eq!(answer.signature, "FOmHUJ5e+xVzKn9KAD2WhJ2CgGfRecNcqErxAL1ZJgw=");
        assert_eq!(answer.verifier, "ggI+kHd44UuG4ZExYKJZEoCFaumsWaw7HLiQMt5kfu0=");
    }
}
