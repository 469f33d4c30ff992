//! The file of credentials: TOML in, users out, or everything that is wrong with it, each with its line.
//!
//! Invariant: no text of the file is part of an error but the names of users and keys: the rest may be a secret.

#[cfg(feature = "scram")]
use super::super::ScramCredential;
use super::super::{CraCredential, Principal, Salting, Secret};
#[cfg(feature = "scram")]
use super::forms::ScramForm;
use super::forms::{CraForm, Forms, SaltShape};
use super::password::{Cost, PasswordHash};
use super::user::Entries;
use hashbrown::HashMap;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The users of a file.
#[derive(Debug, Default)]
pub(super) struct Users {
    pub(super) by_authid: HashMap<String, User>,
    /// What checking the ticket of a user costs.
    pub(super) costs: Forms<Cost>,
    pub(super) cra: Forms<CraForm>,
    #[cfg(feature = "scram")]
    pub(super) scram: Forms<ScramForm>,
    /// Who has a public key, in hex of small letters.
    pub(super) by_key: HashMap<String, Principal>,
    /// What is copied where a user is not found, so that this takes as long.
    pub(super) stand_in: StandIn,
}

/// One of the users with each method, whichever.
#[derive(Debug, Default)]
pub(super) struct StandIn {
    pub(super) cra: Option<CraCredential>,
    #[cfg(feature = "scram")]
    pub(super) scram: Option<ScramCredential>,
    pub(super) principal: Option<Principal>,
}

/// A copy of what was found; `None` after the same work if nothing was.
pub(super) fn copy_of<T: Clone>(found: Option<&T>, stand_in: Option<&T>) -> Option<T> {
    let copy = found.or(stand_in).cloned();
    copy.filter(|_| found.is_some())
}

/// One user.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) principal: Principal,
    pub(super) ticket: Option<PasswordHash>,
    pub(super) cra: Option<CraCredential>,
    #[cfg(feature = "scram")]
    pub(super) scram: Option<ScramCredential>,
}

/// A fault, with the number of its line.
pub(super) type FileFault = (usize, String);

/// Reads the text of a file.
pub(super) fn read(text: &str) -> Result<Users, Vec<FileFault>> {
    let line = |span: Range<usize>| 1 + text.get(..span.start).unwrap_or(text).matches('\n').count();
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut faults: Vec<FileFault> = errors
        .iter()
        .map(|error| (error.span().map_or(1, &line), format!("this is not TOML: {}", error.message())))
        .collect();
    let mut users = Users::default();
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("user", DeValue::Table(named)) => {
                for (name, entries) in named {
                    read_user(name.get_ref(), entries, &mut users, &mut |span, text| {
                        faults.push((line(span), text))
                    });
                }
            }
            (other, _) => {
                faults
                    .push((line(key.span()), format!("unknown key {other:?}; users are tables [user.NAME]")));
            }
        }
    }
    faults.sort();
    if faults.is_empty() { Ok(users) } else { Err(faults) }
}

fn read_user(
    authid: &str,
    table: &Spanned<DeValue<'_>>,
    users: &mut Users,
    fault: &mut impl FnMut(Range<usize>, String),
) {
    let DeValue::Table(entries) = table.get_ref() else {
        return fault(table.span(), format!("user {authid:?} is not a table: write [user.{authid:?}]"));
    };
    let mut fault = |span, text: String| fault(span, format!("user {authid:?}: {text}"));
    let mut found = Entries::default();
    for (key, value) in entries {
        found.read(authid, key, value, &mut fault);
    }
    if found.has_none() {
        let all = Entries::SECRETS.join("`, `");
        fault(table.span(), format!("has no secret and no public key: add one of `{all}`"));
    }
    if found.secret.is_some() && found.derived.is_some() {
        let text = "`cra` and `cra_secret` are two secrets of one method: keep one".to_owned();
        return fault(table.span(), text);
    }
    let public_keys = std::mem::take(&mut found.public_keys);
    let user = users.enter(authid, found);
    for (span, key) in public_keys {
        if let Some(other) = users.by_key.insert(key, user.principal.clone()) {
            let other = other.authid();
            fault(span, format!("`cryptosign` is a key of user {other:?} as well: a key names one user"));
        }
    }
    users.by_authid.insert(authid.to_owned(), user);
}

impl Users {
    /// The user that these entries make; its forms count from now on.
    fn enter(&mut self, authid: &str, found: Entries) -> User {
        let role = found.role.unwrap_or_else(|| "authenticated".to_owned());
        let principal = Principal::new(authid).role(role).provider("file");
        if let Some(hash) = &found.ticket {
            self.costs.add(hash.cost);
        }
        let plain = found.secret.map(|secret| {
            self.cra.add(CraForm::Plain);
            CraCredential::new(secret, principal.clone())
        });
        let derived = found.derived.map(|(salting, key)| {
            let Salting(derivation) = &salting;
            let (iterations, keylen) = (derivation.iterations, derivation.keylen);
            self.cra.add(CraForm::Salted { iterations, keylen, salt: SaltShape::of(&derivation.salt) });
            CraCredential::derived(key, salting, principal.clone())
        });
        #[cfg(feature = "scram")]
        let scram = found.scram.map(|verifier| {
            self.scram.add(ScramForm::of(&verifier));
            ScramCredential::new(verifier, principal.clone())
        });
        let user = User {
            principal,
            ticket: found.ticket,
            cra: plain.or(derived),
            #[cfg(feature = "scram")]
            scram,
        };
        self.stand_in.cra = user.cra.clone().or_else(|| self.stand_in.cra.take());
        #[cfg(feature = "scram")]
        {
            self.stand_in.scram = user.scram.clone().or_else(|| self.stand_in.scram.take());
        }
        self.stand_in.principal = Some(user.principal.clone());
        user
    }
}

/// An entry for the key of a password.
pub(super) fn write_cra(salting: &Salting, password: &Secret) -> String {
    let Salting(derivation) = salting;
    let key = super::super::derive_key(password, salting);
    format!("$wampcra$i={},l={}${}${key}", derivation.iterations, derivation.keylen, derivation.salt)
}
