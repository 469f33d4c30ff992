//! The entries of one user in the file of credentials.
//!
//! Invariant: a fault names the entry and the form it should have, never what it has in it.

#[cfg(feature = "cryptosign")]
use super::super::CryptosignPublicKey;
#[cfg(feature = "scram")]
use super::super::ScramVerifier;
use super::super::{Salting, Secret};
use super::password::PasswordHash;
#[cfg(feature = "scram")]
use serverwamp_proto::auth::scram::prepare;
use std::borrow::Cow;
use std::ops::Range;
use toml::Spanned;
use toml::de::DeValue;

/// The entries of a file about one user.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) role: Option<String>,
    pub(super) ticket: Option<PasswordHash>,
    pub(super) secret: Option<Secret>,
    pub(super) derived: Option<(Salting, String)>,
    #[cfg(feature = "scram")]
    pub(super) scram: Option<ScramVerifier>,
    /// Public keys in hex, with their places in the file.
    pub(super) public_keys: Vec<(Range<usize>, String)>,
    /// An entry was there that should have been a secret, whether it can be used or not.
    any: bool,
}

impl Entries {
    /// The entries by which a user comes in.
    pub(super) const SECRETS: [&'static str; 5] = ["ticket", "cra", "cra_secret", "scram", "cryptosign"];

    /// Returns whether the user has no way to come in.
    pub(super) const fn has_none(&self) -> bool {
        !self.any
    }

    /// Reads one entry.
    pub(super) fn read(
        &mut self,
        authid: &str,
        key: &Spanned<Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
        fault: &mut impl FnMut(Range<usize>, String),
    ) {
        let name = key.get_ref().as_ref();
        self.any |= Self::SECRETS.contains(&name);
        let read = match (name, value.get_ref()) {
            ("role", DeValue::String(text)) => self.read_role(text),
            ("cryptosign", DeValue::String(text)) => self.read_public_key(value.span(), text),
            ("cryptosign", DeValue::Array(several)) => {
                for one in several.iter() {
                    let read = match one.get_ref() {
                        DeValue::String(text) => self.read_public_key(one.span(), text),
                        _ => Err("`cryptosign` has something else than texts in its list".to_owned()),
                    };
                    read.unwrap_or_else(|why| fault(one.span(), why));
                }
                Ok(())
            }
            (name, DeValue::String(text)) if Self::SECRETS.contains(&name) => {
                self.read_secret(authid, name, text)
            }
            (name, _) if name == "role" || Self::SECRETS.contains(&name) => {
                Err(format!("`{name}` is not a text in quotes"))
            }
            (other, _) => {
                let known = Self::SECRETS.join(", ");
                return fault(key.span(), format!("unknown key `{other}`; there are role, {known}"));
            }
        };
        read.unwrap_or_else(|why| fault(value.span(), why));
    }

    fn read_role(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() || text.contains(|one: char| one.is_whitespace() || one.is_control()) {
            return Err("`role` is empty, or has a white space or a control character in it".to_owned());
        }
        self.role = Some(text.to_owned());
        Ok(())
    }

    fn read_secret(&mut self, authid: &str, name: &str, text: &str) -> Result<(), String> {
        let unusable = |why: String| format!("`{name}` {why}; `serverwamp hash {name}` writes it");
        match name {
            "ticket" => {
                self.ticket = Some(PasswordHash::parse(text).map_err(|why| unusable(why.to_owned()))?);
            }
            "cra" => self.derived = Some(read_cra(text).map_err(|why| unusable(why.to_owned()))?),
            "cra_secret" if text.is_empty() => return Err("`cra_secret` is empty".to_owned()),
            "cra_secret" => self.secret = Some(Secret::new(text.as_bytes())),
            _ => self.read_scram(authid, text, &unusable)?,
        }
        Ok(())
    }

    #[cfg(feature = "scram")]
    fn read_scram(
        &mut self,
        authid: &str,
        text: &str,
        unusable: &dyn Fn(String) -> String,
    ) -> Result<(), String> {
        let verifier = ScramVerifier::from_text(text).map_err(|error| unusable(error.to_string()))?;
        // Names are compared in this form, so that another one is nobody's.
        match prepare(authid) {
            Ok(prepared) if prepared == authid => {}
            Ok(prepared) => {
                return Err(format!(
                    "`scram` needs the name in the form that SASLprep gives it: {prepared:?}"
                ));
            }
            Err(error) => return Err(format!("`scram` cannot have this name: {error}")),
        }
        if verifier.salt().is_empty() || verifier.salt().len() > LONGEST_SALT {
            return Err(unusable(format!("has a salt of another length than 1 to {LONGEST_SALT} bytes")));
        }
        self.scram = Some(verifier);
        Ok(())
    }

    #[cfg(not(feature = "scram"))]
    fn read_scram(&self, _: &str, _: &str, _: &dyn Fn(String) -> String) -> Result<(), String> {
        Err("`scram` needs a program that is built with the feature `scram`".to_owned())
    }

    #[cfg(feature = "cryptosign")]
    fn read_public_key(&mut self, place: Range<usize>, text: &str) -> Result<(), String> {
        let key: CryptosignPublicKey = text.parse().map_err(|error| {
            format!("`cryptosign` is no public key in hex ({error}); `serverwamp keygen` writes it")
        })?;
        self.public_keys.push((place, key.to_string()));
        Ok(())
    }

    #[cfg(not(feature = "cryptosign"))]
    fn read_public_key(&self, _: Range<usize>, _: &str) -> Result<(), String> {
        Err("`cryptosign` needs a program that is built with the feature `cryptosign`".to_owned())
    }
}

/// The longest salt of SCRAM, so that a made-up one can have the same length.
#[cfg(feature = "scram")]
const LONGEST_SALT: usize = 64;

/// `$wampcra$i=ITERATIONS,l=KEYLEN$SALT$KEY`; a salt may have any characters in it, the key is base64.
fn read_cra(text: &str) -> Result<(Salting, String), &'static str> {
    const FORM: &str = "is not of the form $wampcra$i=ITERATIONS,l=KEYLEN$SALT$KEY";
    let rest = text.strip_prefix("$wampcra$").ok_or(FORM)?;
    let (costs, rest) = rest.split_once('$').ok_or(FORM)?;
    let (salt, key) = rest.rsplit_once('$').ok_or(FORM)?;
    let (iterations, keylen) = costs.split_once(',').ok_or(FORM)?;
    let number =
        |text: &str, name: &str| text.strip_prefix(name).and_then(|number| number.parse::<u32>().ok());
    let (Some(iterations), Some(keylen)) = (number(iterations, "i="), number(keylen, "l=")) else {
        return Err(FORM);
    };
    if iterations == 0 || keylen == 0 || key.is_empty() {
        return Err("has no iterations, no length or no key");
    }
    Ok((Salting::new(salt, iterations, keylen), key.to_owned()))
}
