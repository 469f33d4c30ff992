//! Static principals: the entries of a file of credentials.
//!
//! Invariant: of what contradicts itself the first counts, and the rest is a finding.

use super::super::fields::{Fields, Findings};
use super::super::toml_text::{key, quoted};
use super::proofs::{self, Proof};
use std::collections::HashMap;
use std::fmt::Write as _;
use zeroize::Zeroizing;

/// A user by one method.
#[derive(Debug)]
pub(super) struct User {
    pub(super) authid: String,
    pub(super) role: Option<String>,
    /// The only realm.
    pub(super) realm: Option<String>,
    pub(super) proof: Proof,
    pub(super) path: String,
}

/// Whether a role can be one.
pub(super) fn check_role(role: &str, path: &str, findings: &Findings) -> Option<()> {
    if role.is_empty() || role.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        findings.left(path, "a role has one character at least, and no white space", "choose another name");
        return None;
    }
    Some(())
}

/// Reads the static principals of a method.
pub(super) fn read(method: &str, fields: &mut Fields<'_, '_>, users: &mut Vec<User>) {
    let findings = fields.findings;
    fields.leave(
        &["trustroots"],
        "chains of certificates of Crossbar.io are not known here",
        "list the public keys of users: `serverwamp keygen`",
    );
    let principals = if method == "wampcra" { "users" } else { "principals" };
    let Some(item) = fields.take(principals) else {
        if method != "cryptosign" {
            findings.left(&fields.path, format!("`{principals}` is missing"), "write who comes in");
        }
        return;
    };
    for (authid, item) in item.named(findings).unwrap_or_default() {
        let Some(mut fields) = item.fields(findings) else { continue };
        let (has_role, has_realm) = (fields.has("role"), fields.has("realm"));
        let role = fields.text("role").filter(|role| check_role(role, &item.path, findings).is_some());
        let realm = fields.text("realm");
        let proof = proofs::read(method, authid, &mut fields);
        fields.finish();
        if authid.is_empty() {
            findings.left(&item.path, "a user needs a name", "give it one");
            continue;
        }
        if (has_role && role.is_none()) || (has_realm && realm.is_none()) {
            continue;
        }
        if !has_role {
            findings.changed(
                &item.path,
                "a user without `role` has the role \"authenticated\"",
                "give it a role",
            );
        }
        if let Some(proof) = proof {
            let (role, realm) = (role.map(str::to_owned), realm.map(str::to_owned));
            users.push(User { authid: authid.to_owned(), role, realm, proof, path: item.path });
        }
    }
}

/// The users of a file, each with its proofs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Users(Vec<Entry>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Entry {
    authid: String,
    role: Option<String>,
    proofs: Vec<Proof>,
}

impl Users {
    /// Those of several transports. Of what contradicts itself the first counts.
    pub(super) fn of<'u>(all: impl Iterator<Item = &'u User>, findings: &Findings) -> Self {
        let mut users = Self::default();
        let mut by_authid: HashMap<&str, usize> = HashMap::new();
        let mut owners: HashMap<String, &str> = HashMap::new();
        for user in all {
            let taken = |owners: &HashMap<String, &str>| match &user.proof {
                Proof::Cryptosign(keys) => {
                    keys.iter().any(|key| owners.get(key).is_some_and(|owner| *owner != user.authid))
                }
                _ => false,
            };
            if taken(&owners) {
                findings.left(
                    &user.path,
                    "the public key is another user's already",
                    "give each user a key of its own",
                );
                continue;
            }
            let at = *by_authid.entry(&user.authid).or_insert_with(|| {
                users.0.push(Entry {
                    authid: user.authid.clone(),
                    role: user.role.clone(),
                    proofs: Vec::new(),
                });
                users.0.len() - 1
            });
            let Some(entry) = users.0.get_mut(at) else { continue };
            if entry.role != user.role {
                findings.left(
                    &user.path,
                    "the user has another role already: a user has one",
                    "give it another name here",
                );
                continue;
            }
            match entry.proofs.iter().find(|proof| proof.method() == user.proof.method()) {
                None => entry.proofs.push(user.proof.clone()),
                Some(proof) if *proof == user.proof => {}
                Some(_) => {
                    findings.left(
                        &user.path,
                        "the user has another secret for this method already",
                        "choose one",
                    );
                    continue;
                }
            }
            if let Proof::Cryptosign(keys) = &user.proof {
                owners.extend(keys.iter().map(|key| (key.clone(), user.authid.as_str())));
            }
        }
        users
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many have a secret or a key here.
    pub(super) fn complete(&self) -> usize {
        self.0.iter().filter(|entry| entry.proofs.iter().any(Proof::is_here)).count()
    }

    /// Whether a secret of WAMP-CRA is kept as it is.
    pub(super) fn has_plain_cra(&self) -> bool {
        self.0.iter().any(|entry| entry.proofs.iter().any(|proof| matches!(proof, Proof::CraSecret(_))))
    }

    /// The methods, the strongest first.
    pub(super) fn methods(&self) -> Vec<&'static str> {
        let has = |method: &&str| {
            self.0.iter().any(|entry| entry.proofs.iter().any(|proof| proof.method() == *method))
        };
        ["cryptosign", "scram", "wampcra", "ticket"].into_iter().filter(has).collect()
    }

    /// The file. Hashing a ticket takes some tens of milliseconds.
    pub(super) fn to_toml(&self, hashes_cra: bool) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::from(
            "# Made of a configuration of Crossbar.io by `serverwamp config import`.\n",
        ));
        for entry in &self.0 {
            // Without a secret a user is a mistake.
            let mark = if entry.proofs.iter().any(Proof::is_here) { "" } else { "# " };
            // A string takes what is written to it.
            let _written = writeln!(text, "\n{mark}[user.{}]", key(&entry.authid));
            if let Some(role) = &entry.role {
                let _written = writeln!(text, "{mark}role = {}", quoted(role));
            }
            for proof in &entry.proofs {
                let _written = writeln!(text, "{}", *proof.write(hashes_cra));
            }
        }
        text
    }
}
