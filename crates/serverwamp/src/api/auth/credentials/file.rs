//! The file of credentials: TOML in, users out, or everything that is wrong with it, each with its line.
//!
//! Invariant: no text of the file is part of an error but the names of users and keys: the rest may be a secret.

use super::super::{CraCredential, Principal, Salting, Secret};
use super::forms::{CraForm, Forms, SaltShape};
use super::password::{Cost, PasswordHash};
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
}

/// One user.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) principal: Principal,
    pub(super) ticket: Option<PasswordHash>,
    pub(super) cra: Option<CraCredential>,
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
    entries: &Spanned<DeValue<'_>>,
    users: &mut Users,
    fault: &mut impl FnMut(Range<usize>, String),
) {
    let DeValue::Table(entries_of) = entries.get_ref() else {
        return fault(entries.span(), format!("user {authid:?} is not a table: write [user.{authid:?}]"));
    };
    let mut fault = |span, text: &str| fault(span, format!("user {authid:?}: {text}"));
    let mut role = "authenticated".to_owned();
    let (mut ticket, mut secret, mut derived) = (None, None, None);
    for (key, value) in entries_of {
        let DeValue::String(text) = value.get_ref() else {
            fault(value.span(), &format!("`{}` is not a text in quotes", key.get_ref()));
            continue;
        };
        match key.get_ref().as_ref() {
            "role"
                if !text.is_empty()
                    && !text.contains(|one: char| one.is_whitespace() || one.is_control()) =>
            {
                role = text.to_string();
            }
            "role" => {
                fault(value.span(), "`role` is empty, or has a white space or a control character in it")
            }
            "ticket" => match PasswordHash::parse(text) {
                Ok(hash) => ticket = Some(hash),
                Err(why) => fault(value.span(), &format!("`ticket` {why}; `auth::hash_ticket` writes it")),
            },
            "cra_secret" if !text.is_empty() => secret = Some(Secret::new(text.as_bytes())),
            "cra_secret" => fault(value.span(), "`cra_secret` is empty"),
            "cra" => match read_cra(text) {
                Ok(found) => derived = Some(found),
                Err(why) => fault(value.span(), &format!("`cra` {why}; `auth::hash_cra` writes it")),
            },
            other => fault(
                key.span(),
                &format!("unknown key `{other}`; there are role, ticket, cra and cra_secret"),
            ),
        }
    }
    let principal = Principal::new(authid).role(role).provider("file");
    if let Some(hash) = &ticket {
        users.costs.add(hash.cost);
    }
    let cra = match (secret, derived) {
        (Some(_), Some(_)) => {
            return fault(entries.span(), "`cra` and `cra_secret` are two secrets of one method: keep one");
        }
        (Some(secret), None) => {
            users.cra.add(CraForm::Plain);
            Some(CraCredential::new(secret, principal.clone()))
        }
        (None, Some((salting, key))) => {
            let Salting(derivation) = &salting;
            let (iterations, keylen) = (derivation.iterations, derivation.keylen);
            users.cra.add(CraForm::Salted { iterations, keylen, salt: SaltShape::of(&derivation.salt) });
            Some(CraCredential::derived(key, salting, principal.clone()))
        }
        (None, None) => None,
    };
    if ticket.is_none() && cra.is_none() {
        fault(entries.span(), "has no secret: add `ticket`, `cra` or `cra_secret`");
    }
    users.by_authid.insert(authid.to_owned(), User { principal, ticket, cra });
}

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

/// The same text of a password.
pub(super) fn write_cra(salting: &Salting, password: &Secret) -> String {
    let Salting(derivation) = salting;
    let key = super::super::derive_key(password, salting);
    format!("$wampcra$i={},l={}${}${key}", derivation.iterations, derivation.keylen, derivation.salt)
}
