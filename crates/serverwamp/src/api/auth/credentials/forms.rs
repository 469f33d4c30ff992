//! The forms of what a file's users have, so that an authid that nobody has looks like one of them.
//!
//! Which form an authid gets depends on the server's secret and the authid alone, and each form is as frequent as among the
//! users: a peer that tries names sees the same mixture whether they exist or not.

use super::super::Secret;
#[cfg(feature = "scram")]
use super::super::scram::verifier_of_nobody;
#[cfg(feature = "scram")]
use super::super::{ScramError, ScramKdf, ScramVerifier};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::collections::BTreeMap;

/// Forms, and how many users have each.
#[derive(Clone, Debug)]
pub(super) struct Forms<T>(BTreeMap<T, u32>);

impl<T> Default for Forms<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Forms<T> {
    pub(super) fn add(&mut self, form: T) {
        *self.0.entry(form).or_default() += 1;
    }

    /// Whether no user has any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The form of an authid that nobody has; `None` if there are no users.
    pub(super) fn pick(&self, secret: &Secret, authid: &str) -> Option<&T> {
        let all: u64 = self.0.values().copied().map(u64::from).sum();
        let drawn = secret.derive(&format!("form\0{authid}"));
        let number = drawn.expose().iter().take(4).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        let mut place = (number * all) >> 32;
        self.0.iter().find_map(|(form, count)| {
            let found = place < u64::from(*count);
            place = place.saturating_sub(u64::from(*count));
            found.then_some(form)
        })
    }
}

/// The form of a user of WAMP-CRA.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum CraForm {
    /// It signs with the secret itself.
    Plain,
    /// It signs with a key that is derived with a salt of this shape.
    Salted { iterations: u32, keylen: u32, salt: SaltShape },
}

/// What salts of one origin have in common.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum SaltShape {
    /// So many bytes in base64.
    Base64(usize),
    /// So many digits, in lower case.
    Hex(usize),
    /// Text: `a`, `A` and `0` stand for any letter or digit of their kind, the rest for itself.
    Text(String),
}

impl SaltShape {
    pub(super) fn of(salt: &str) -> Self {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if salt.len() >= 8 && salt.len().is_multiple_of(2) && salt.bytes().all(is_hex) {
            return Self::Hex(salt.len());
        }
        match STANDARD.decode(salt) {
            Ok(bytes) if bytes.len() >= 8 => Self::Base64(bytes.len()),
            _ => Self::Text(salt.chars().map(kind).collect()),
        }
    }

    /// The salt of an authid that nobody has: always the same one.
    pub(super) fn made_up(&self, secret: &Secret, authid: &str) -> String {
        let blocks = made_up_bytes(secret, "salt", authid);
        match self {
            Self::Base64(bytes) => STANDARD.encode(blocks.take(*bytes).collect::<Vec<u8>>()),
            Self::Hex(digits) => {
                blocks.take(*digits).filter_map(|byte| char::from_digit(u32::from(byte % 16), 16)).collect()
            }
            Self::Text(kinds) => kinds.chars().zip(blocks).map(|(kind, byte)| of_kind(kind, byte)).collect(),
        }
    }
}

/// As many bytes as are taken, always the same for the same name.
fn made_up_bytes(secret: &Secret, purpose: &str, authid: &str) -> impl Iterator<Item = u8> {
    (0_u32..).flat_map(move |block| {
        let block = secret.derive(&format!("{purpose} {block}\0{authid}"));
        block.expose().to_vec()
    })
}

/// The form of a user of WAMP-SCRAM, as far as CHALLENGE shows it.
#[cfg(feature = "scram")]
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct ScramForm {
    kdf: ScramKdf,
    salt_length: usize,
}

#[cfg(feature = "scram")]
impl ScramForm {
    pub(super) fn of(verifier: &ScramVerifier) -> Self {
        Self { kdf: verifier.kdf(), salt_length: verifier.salt().len() }
    }

    /// What `hash_scram` makes by default, for a file without users of WAMP-SCRAM.
    pub(super) fn by_default() -> Self {
        Self { kdf: ScramKdf::default(), salt_length: 16 }
    }

    /// The verifier of an authid that nobody has: its salt is always the same one, its keys fit no password.
    pub(super) fn nobody(&self, secret: &Secret, authid: &str) -> Result<ScramVerifier, ScramError> {
        let salt: Vec<u8> = made_up_bytes(secret, "salt of scram", authid).take(self.salt_length).collect();
        verifier_of_nobody(self.kdf, &salt)
    }
}

const fn kind(character: char) -> char {
    match character {
        'a'..='z' => 'a',
        'A'..='Z' => 'A',
        '0'..='9' => '0',
        other => other,
    }
}

fn of_kind(kind: char, byte: u8) -> char {
    match kind {
        'a' => char::from(b'a' + byte % 26),
        'A' => char::from(b'A' + byte % 26),
        '0' => char::from(b'0' + byte % 10),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(feature = "scram")]
    use serverwamp_proto::auth::scram::Dialect;

    #[cfg(feature = "scram")]
    #[test]
    fn auth_10_a_made_up_verifier_has_as_many_keys_as_a_derived_one() {
        let secret = Secret::from("a secret of the server");
        let count = |verifier: &ScramVerifier| {
            let dialects = [Dialect::Specification, Dialect::Autobahn];
            dialects.iter().filter(|dialect| verifier.keys(**dialect).is_some()).count()
        };
        for kdf in [ScramKdf::Pbkdf2 { iterations: 7 }, ScramKdf::Argon2id13 { iterations: 1, memory: 8 }] {
            let user = ScramVerifier::derive(&Secret::from("pencil"), b"sixteen bytes...", kdf).unwrap();
            let nobody = ScramForm::of(&user).nobody(&secret, "mallory").unwrap();
            assert_eq!(count(&nobody), count(&user), "{kdf:?}");
            let again = ScramForm::of(&user).nobody(&secret, "mallory").unwrap();
            assert_eq!(nobody.salt(), again.salt());
            assert_ne!(nobody.to_text(), again.to_text());
        }
    }

    #[test]
    fn auth_10_a_made_up_salt_has_the_shape_of_a_real_one_and_stays_the_same() {
        let secret = Secret::from("a secret of the server");
        for salt in ["salt123", "Ab9_x-7", "c2l4dGVlbiBieXRlcyEhIQ==", "00ff17a29bc4d8e1", "", "9"] {
            let shape = SaltShape::of(salt);
            let made_up = shape.made_up(&secret, "mallory");
            assert_eq!(SaltShape::of(&made_up), shape, "{made_up} for {salt}");
            assert_eq!(made_up, shape.made_up(&secret, "mallory"));
            assert!(salt.len() < 2 || made_up != shape.made_up(&secret, "mallary"), "{salt}");
        }
        let long = SaltShape::Base64(48).made_up(&secret, "mallory");
        assert_eq!(STANDARD.decode(long).unwrap().len(), 48);
    }

    #[test]
    fn auth_10_forms_are_as_frequent_among_made_up_users_as_among_real_ones() {
        let mut forms = Forms::default();
        assert_eq!(forms.pick(&Secret::from("s"), "joe"), None);
        (0..3).for_each(|_| forms.add("plain"));
        forms.add("salted");
        let secret = Secret::from("a secret of the server");
        let names: Vec<String> = (0..10_000).map(|number| format!("user{number}")).collect();
        let salted = names.iter().filter(|name| forms.pick(&secret, name) == Some(&"salted")).count();
        assert!((2300..2700).contains(&salted), "{salted} of 10000 where a quarter is expected");
        assert_eq!(forms.pick(&secret, "joe"), forms.pick(&secret, "joe"));
    }
}
