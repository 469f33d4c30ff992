//! Hashes of tickets and passwords: Argon2id, in the text form that other programs write (`$argon2id$v=19$m=..,t=..,p=..$salt$hash`).
//!
//! Invariant: what a hash costs is bounded, whoever wrote the file.

use super::super::{Secret, random_secret};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// The most memory of one hash, in KiB: it is needed once for each thread of the pool.
const MOST_MEMORY: u32 = 256 << 10;
/// The most passes over the memory.
const MOST_PASSES: u32 = 64;
/// The longest salt or hash, in bytes.
const LONGEST: usize = 64;

/// The cost of a hash.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Cost {
    memory: u32,
    passes: u32,
    lanes: u32,
    length: usize,
}

impl Cost {
    /// What OWASP recommends: 19 MiB, two passes, one lane: tens of milliseconds.
    pub(super) const RECOMMENDED: Self = Self { memory: 19 << 10, passes: 2, lanes: 1, length: 32 };
}

/// A password as it is stored.
#[derive(Clone)]
pub(super) struct PasswordHash {
    pub(super) cost: Cost,
    salt: Box<[u8]>,
    hash: Box<[u8]>,
}

impl PasswordHash {
    /// Reads the text form.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        let fields: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", costs, salt, hash] = fields.as_slice() else {
            return Err("is not of the form $argon2id$v=19$m=MEMORY,t=PASSES,p=LANES$SALT$HASH");
        };
        let numbers: Vec<&str> = costs.split(',').collect();
        let [memory, passes, lanes] = numbers.as_slice() else {
            return Err("has costs that are not m=..,t=..,p=..");
        };
        let number =
            |text: &str, name: &str| text.strip_prefix(name).and_then(|number| number.parse::<u32>().ok());
        let (Some(memory), Some(passes), Some(lanes)) =
            (number(memory, "m="), number(passes, "t="), number(lanes, "p="))
        else {
            return Err("has costs that are not m=..,t=..,p=..");
        };
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).ok().filter(|bytes| bytes.len() <= LONGEST);
        let (Some(salt), Some(hash)) = (bytes(salt), bytes(hash)) else {
            return Err("has a salt or a hash that is not base64 without padding, or longer than 64 bytes");
        };
        if memory > MOST_MEMORY || passes > MOST_PASSES || lanes > 16 || salt.len() < 8 || hash.len() < 16 {
            return Err(
                "costs too much (m up to 262144, t up to 64, p up to 16), or has a salt of less than 8 bytes or a hash of less than 16",
            );
        }
        let cost = Cost { memory, passes, lanes, length: hash.len() };
        Params::new(memory, passes, lanes, Some(hash.len()))
            .map_err(|_| "has costs that Argon2 does not allow")?;
        Ok(Self { cost, salt: salt.into(), hash: hash.into() })
    }

    /// Hashes a password.
    pub(super) fn new(password: &Secret, salt: &[u8], cost: Cost) -> Self {
        let hash = digest(password, salt, cost).unwrap_or_default();
        Self { cost, salt: salt.into(), hash: hash.into() }
    }

    /// The hash of a password that nobody has: checking it takes as long as checking one of the same cost.
    pub(super) fn nobody(cost: Cost) -> Self {
        let random = random_secret();
        let hash = random.derive("hash").expose().iter().copied().cycle().take(cost.length).collect();
        Self { cost, salt: random.derive("salt").expose().iter().copied().take(16).collect(), hash }
    }

    /// Whether this is the password.
    pub(super) fn verify(&self, password: &Secret) -> bool {
        digest(password, &self.salt, self.cost).is_some_and(|mut digest| {
            let same = digest.ct_eq(&self.hash).into();
            digest.zeroize();
            same
        })
    }
}

fn digest(password: &Secret, salt: &[u8], cost: Cost) -> Option<Vec<u8>> {
    let mut digest = vec![0; cost.length];
    let params = Params::new(cost.memory, cost.passes, cost.lanes, Some(cost.length)).ok()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon2.hash_password_into(password.expose(), salt, &mut digest).ok()?;
    Some(digest)
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory, passes, lanes, .. } = self.cost;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.hash));
        write!(f, "$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by the program of the reference implementation: `echo -n password | argon2 somesalt -id -t 2 -k 65536 -p 1 -l 32 -e`.
    const REFERENCE: &str =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

    #[test]
    fn the_hash_of_another_implementation_is_understood() {
        let hash = PasswordHash::parse(REFERENCE).unwrap();
        assert!(hash.verify(&Secret::from("password")));
        assert!(!hash.verify(&Secret::from("passwort")) && !hash.verify(&Secret::from("")));
        assert_eq!(hash.to_string(), REFERENCE);
    }

    #[test]
    fn a_hash_is_what_it_was_made_of_and_shows_nothing() {
        let cost = Cost { memory: 8, passes: 1, lanes: 1, length: 32 };
        let hash = PasswordHash::new(&Secret::from("hunter2"), b"salt of joe", cost);
        let again = PasswordHash::parse(&hash.to_string()).unwrap();
        assert!(
            again.verify(&Secret::from("hunter2"))
                && !PasswordHash::nobody(cost).verify(&Secret::from("hunter2"))
        );
        assert!(!format!("{again:?}").contains("salt"));
    }

    #[test]
    fn a_hash_that_is_none_or_too_expensive_is_refused() {
        for (text, part) in [
            ("", "not of the form"),
            ("hunter2", "not of the form"),
            ("$argon2i$v=19$m=8,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "not of the form"),
            ("$argon2id$v=19$m=8,t=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "costs"),
            ("$argon2id$v=19$m=x,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "costs"),
            ("$argon2id$v=19$m=4194304,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "costs too much"),
            ("$argon2id$v=19$m=8,t=1,p=1$c29tZQ$AAAAAAAAAAAAAAAAAAAAAA", "salt of less than 8"),
            ("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$!", "base64"),
            ("$argon2id$v=19$m=1,t=1,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", "does not allow"),
        ] {
            let why = PasswordHash::parse(text).unwrap_err();
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
