//! What a server stores of a password.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Dialect, ScramError, ScramKdf, ScramKeys, decode, decode_32, prepare};
use crate::auth::Secret;

/// What a server stores of a password: salt, key derivation, and the keys for each dialect. The password itself is not
/// needed to let its user in.
///
/// Its text ([`to_text`](Self::to_text), [`from_text`](Self::from_text)) is one line for a file or a column:
/// `$scram$argon2id13$i=2,m=19456$SALT$STORED$SERVER$STORED$SERVER`, in base64, with the keys for Autobahn's dialect last. A
/// pair that is not there is two empty texts.
#[derive(Clone)]
pub struct ScramVerifier {
    kdf: ScramKdf,
    salt: Vec<u8>,
    specification: Option<ScramKeys>,
    autobahn: Option<ScramKeys>,
}

impl ScramVerifier {
    /// Derives the verifier of a password, for both dialects. `salt` is 16 random bytes of this user alone.
    ///
    /// This takes as long as the key derivation; [`ScramKdf::default`] some tens of milliseconds.
    ///
    /// # Errors
    /// If the password cannot be prepared with SASLprep, or the costs are out of bounds.
    pub fn derive(password: &Secret, salt: &[u8], kdf: ScramKdf) -> Result<Self, ScramError> {
        let raw = std::str::from_utf8(password.expose()).map_err(|_| ScramError::Text)?;
        let prepared = Zeroizing::new(prepare(raw)?);
        let derived = kdf.derive(prepared.as_bytes(), salt)?;
        let keys = |derived: &[u8; 32], dialect| ScramKeys::derive(&kdf.salted_password(derived, dialect));
        // Autobahn derives from the password as it is.
        let autobahn = match raw == *prepared {
            true => keys(&derived, Dialect::Autobahn),
            false => keys(&*kdf.derive(raw.as_bytes(), salt)?, Dialect::Autobahn),
        };
        let specification = Some(keys(&derived, Dialect::Specification));
        Ok(Self { kdf, salt: salt.to_vec(), specification, autobahn: Some(autobahn) })
    }

    /// A verifier that was derived elsewhere by the specification.
    ///
    /// # Errors
    /// [`ScramError::Cost`] if the costs are out of bounds.
    pub fn new(kdf: ScramKdf, salt: &[u8], keys: ScramKeys) -> Result<Self, ScramError> {
        kdf.check()?;
        // The two salted passwords differ with Argon2 alone.
        let autobahn = matches!(kdf, ScramKdf::Pbkdf2 { .. }).then(|| keys.clone());
        Ok(Self { kdf, salt: salt.to_vec(), specification: Some(keys), autobahn })
    }

    /// A verifier from the configuration of a Crossbar.io node, where salt and keys are in hex. Only clients that speak
    /// its dialect can log in with it.
    ///
    /// # Errors
    /// [`ScramError::Cost`] if the costs are out of bounds.
    pub fn from_crossbar(kdf: ScramKdf, salt: &[u8], keys: ScramKeys) -> Result<Self, ScramError> {
        kdf.check()?;
        let specification = matches!(kdf, ScramKdf::Pbkdf2 { .. }).then(|| keys.clone());
        Ok(Self { kdf, salt: salt.to_vec(), specification, autobahn: Some(keys) })
    }

    /// This verifier with the keys of `other` for each dialect that it has none for. With keys that fit no password, a user without
    /// keys for a dialect has as many as any other, and its clients of that dialect are still denied.
    #[must_use]
    pub fn or_keys_of(mut self, other: Self) -> Self {
        self.specification = self.specification.or(other.specification);
        self.autobahn = self.autobahn.or(other.autobahn);
        self
    }

    /// The key derivation.
    pub const fn kdf(&self) -> ScramKdf {
        self.kdf
    }

    /// The salt.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The keys for clients that speak this dialect, if there are any.
    pub const fn keys(&self, dialect: Dialect) -> Option<&ScramKeys> {
        match dialect {
            Dialect::Specification => self.specification.as_ref(),
            Dialect::Autobahn => self.autobahn.as_ref(),
        }
    }

    pub(super) fn any_keys(&self) -> Option<&ScramKeys> {
        self.specification.as_ref().or(self.autobahn.as_ref())
    }

    /// The verifier as one line of text. It is not the password, and is to be kept like one: passwords can be guessed
    /// with it.
    pub fn to_text(&self) -> String {
        let costs = match self.kdf {
            ScramKdf::Pbkdf2 { iterations } => format!("i={iterations}"),
            ScramKdf::Argon2id13 { iterations, memory } => format!("i={iterations},m={memory}"),
        };
        let keys = |keys: Option<&ScramKeys>| match keys {
            Some(keys) => [keys.stored_key(), keys.server_key()].map(|key| STANDARD.encode(key)),
            None => [String::new(), String::new()],
        };
        let [stored, server] = keys(self.specification.as_ref());
        let [autobahn_stored, autobahn_server] = keys(self.autobahn.as_ref());
        let name = self.kdf.name(Dialect::Specification);
        let salt = STANDARD.encode(&self.salt);
        format!("$scram${name}${costs}${salt}${stored}${server}${autobahn_stored}${autobahn_server}")
    }

    /// Reads what [`to_text`](Self::to_text) has written.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not part of the error.
    pub fn from_text(text: &str) -> Result<Self, ScramError> {
        let fields: Vec<&str> = text.split('$').collect();
        let ["", "scram", name, costs, salt, keys @ ..] = fields.as_slice() else {
            return Err(ScramError::Stored("does not begin with $scram$NAME$COSTS$SALT$"));
        };
        let [stored, server, autobahn_stored, autobahn_server] = keys else {
            return Err(ScramError::Stored("does not end with four keys"));
        };
        let (iterations, memory) = read_costs(costs)?;
        let kdf = ScramKdf::new(name, iterations, memory)?;
        let specification = read_keys(stored, server)?;
        let autobahn = read_keys(autobahn_stored, autobahn_server)?;
        if specification.is_none() && autobahn.is_none() {
            return Err(ScramError::Stored("has no keys"));
        }
        Ok(Self { kdf, salt: decode(salt, "the salt")?, specification, autobahn })
    }
}

fn read_costs(costs: &str) -> Result<(u32, Option<u32>), ScramError> {
    const UNREADABLE: ScramError = ScramError::Stored("has costs that are not i=NUMBER or i=NUMBER,m=NUMBER");
    let number = |text: &str, name: &str| {
        text.strip_prefix(name).and_then(|number| number.parse::<u32>().ok()).ok_or(UNREADABLE)
    };
    match costs.split_once(',') {
        None => Ok((number(costs, "i=")?, None)),
        Some((iterations, memory)) => Ok((number(iterations, "i=")?, Some(number(memory, "m=")?))),
    }
}

fn read_keys(stored: &str, server: &str) -> Result<Option<ScramKeys>, ScramError> {
    if stored.is_empty() && server.is_empty() {
        return Ok(None);
    }
    Ok(Some(ScramKeys::new(decode_32(stored, "a stored key")?, decode_32(server, "a server key")?)))
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier").field("kdf", &self.kdf).finish_non_exhaustive()
    }
}
