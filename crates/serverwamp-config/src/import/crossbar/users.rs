//! Static principals: the entries of a file of credentials.
//!
//! Invariant: secrets leave this file as hashes, or as entries for a file that its owner alone can read; no finding has one in it.

use super::super::fields::{Fields, Findings};
use super::super::toml_text::{comment, key, list, quoted};
use serverwamp::auth::{
    CryptosignPublicKey, ScramKdf, ScramKeys, ScramVerifier, Secret, hash_cra, hash_ticket,
};
use std::collections::HashMap;
use std::fmt::{self, Write as _};
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

/// How a user proves who it is.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Proof {
    Ticket(Zeroizing<String>),
    CraSecret(Zeroizing<String>),
    /// The entry as it is written.
    Cra(String),
    /// The entry as it is written.
    Scram(String),
    Cryptosign(Vec<String>),
    /// The secret is not in the configuration: the method, and the command that makes the entry.
    Elsewhere(&'static str, String),
}

impl Proof {
    /// The name of its method.
    pub(super) const fn method(&self) -> &'static str {
        match self {
            Self::Ticket(_) => "ticket",
            Self::CraSecret(_) | Self::Cra(_) => "wampcra",
            Self::Scram(_) => "scram",
            Self::Cryptosign(_) => "cryptosign",
            Self::Elsewhere(method, _) => method,
        }
    }

    const fn is_here(&self) -> bool {
        !matches!(self, Self::Elsewhere(..))
    }

    /// The entry of the file.
    fn write(&self, hashes_cra: bool) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Ticket(ticket) => {
                format!("ticket = {}", quoted(&hash_ticket(&Secret::new(ticket.as_bytes()))))
            }
            Self::CraSecret(secret) if hashes_cra => {
                format!("cra = {}", quoted(&hash_cra(&Secret::new(secret.as_bytes()))))
            }
            Self::CraSecret(secret) => format!("cra_secret = {}", quoted(secret)),
            Self::Cra(text) => format!("cra = {}", quoted(text)),
            Self::Scram(text) => format!("scram = {}", quoted(text)),
            Self::Cryptosign(keys) => format!("cryptosign = {}", list(keys)),
            Self::Elsewhere(_, command) => format!("# Of `{}`.", comment(command)),
        })
    }
}

/// Not the secret.
impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method())
    }
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
        let proof = proof(method, authid, &mut fields);
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

fn proof(method: &str, authid: &str, fields: &mut Fields<'_, '_>) -> Option<Proof> {
    match method {
        "ticket" => Some(match secret("ticket", "hash ticket", authid, fields)? {
            Ok(ticket) => Proof::Ticket(ticket),
            Err(command) => Proof::Elsewhere("ticket", command),
        }),
        "wampcra" => cra(authid, fields),
        "scram" => scram(authid, fields),
        _ => cryptosign(fields),
    }
}

/// A secret that stands in the file, as one line; the command that makes its entry if it comes from the environment.
fn secret(
    key: &str,
    command: &str,
    authid: &str,
    fields: &mut Fields<'_, '_>,
) -> Option<Result<Zeroizing<String>, String>> {
    let findings = fields.findings;
    let path = fields.path.clone();
    let command = format!("serverwamp {command} --user {authid:?}");
    let help = format!("write the entry with `{command}`");
    let Some(item) = fields.take(key) else {
        findings.left(&path, format!("the user has no `{key}`"), help);
        return None;
    };
    let text = item.text(findings)?;
    if text.starts_with("${") && text.ends_with('}') {
        findings.left(&item.path, "the secret comes from the environment, which is not read", help);
        return Some(Err(command));
    }
    if text.is_empty() || text.contains(['\r', '\n']) {
        findings.left(&item.path, "the secret is empty, or has more than one line", help);
        return None;
    }
    Some(Ok(Zeroizing::new(text.to_owned())))
}

fn cra(authid: &str, fields: &mut Fields<'_, '_>) -> Option<Proof> {
    let secret = secret("secret", "hash cra", authid, fields);
    let has_salt = fields.has("salt");
    let salt = fields.text("salt");
    let iterations = fields.number("iterations").unwrap_or(1000);
    let length = fields.number("keylen").unwrap_or(32);
    let secret = match secret? {
        Ok(secret) => secret,
        Err(command) => return Some(Proof::Elsewhere("wampcra", command)),
    };
    match salt {
        None if has_salt => None,
        None => Some(Proof::CraSecret(secret)),
        // With a salt, what stands there is the derived key.
        Some(salt) => {
            let (iterations, length) = (u32::try_from(iterations).ok(), u32::try_from(length).ok());
            let fits = |number: &u32| *number > 0;
            let (Some(iterations), Some(length)) = (iterations.filter(fits), length.filter(fits)) else {
                fields.findings.left(
                    &fields.path,
                    "`iterations` and `keylen` are not in range",
                    "hash the password again",
                );
                return None;
            };
            if secret.contains('$') {
                fields.findings.left(
                    &fields.path,
                    "with a salt, the secret is a key in base64",
                    "hash the password again",
                );
                return None;
            }
            Some(Proof::Cra(format!("$wampcra$i={iterations},l={length}${salt}${}", *secret)))
        }
    }
}

fn scram(authid: &str, fields: &mut Fields<'_, '_>) -> Option<Proof> {
    let findings = fields.findings;
    let kdf = fields.text("kdf");
    let iterations = fields.number("iterations").and_then(|number| u32::try_from(number).ok());
    let memory = fields.number("memory").and_then(|number| u32::try_from(number).ok());
    let salt = fields.text("salt").and_then(unhex);
    let stored = fields.text("stored-key").and_then(unhex);
    let server = fields.text("server-key").and_then(unhex);
    let verifier = || -> Result<String, String> {
        let key = |bytes: Option<Vec<u8>>, name: &str| -> Result<[u8; 32], String> {
            let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
            bytes.ok_or_else(|| format!("`{name}` is not hex of 32 bytes"))
        };
        let kdf = ScramKdf::new(
            kdf.ok_or("`kdf` is missing")?,
            iterations.ok_or("`iterations` is missing")?,
            memory,
        );
        let kdf = kdf.map_err(|error| error.to_string())?;
        let keys = ScramKeys::new(key(stored, "stored-key")?, key(server, "server-key")?);
        let salt = salt.ok_or("`salt` is not hex")?;
        let verifier = ScramVerifier::from_crossbar(kdf, &salt, keys).map_err(|error| error.to_string())?;
        if !(1..=64).contains(&verifier.salt().len()) {
            return Err("`salt` has another length than 1 to 64 bytes".to_owned());
        }
        if !authid.chars().all(|letter| letter.is_ascii_graphic()) {
            return Err("the name has other characters than letters of ASCII".to_owned());
        }
        Ok(verifier.to_text())
    };
    match verifier() {
        Ok(text) => Some(Proof::Scram(text)),
        Err(why) => {
            findings.left(&fields.path, why, "hash the password again: `serverwamp hash scram`");
            None
        }
    }
}

fn cryptosign(fields: &mut Fields<'_, '_>) -> Option<Proof> {
    let findings = fields.findings;
    let mut keys: Vec<String> = Vec::new();
    for item in fields.list("authorized_keys") {
        let Some(text) = item.text(findings) else { continue };
        match text.parse::<CryptosignPublicKey>() {
            Ok(key) => keys.push(key.to_string()),
            Err(_) => findings.left(
                &item.path,
                "this is no public key of Ed25519 in hex",
                "`serverwamp keygen` makes one",
            ),
        }
    }
    keys.sort();
    keys.dedup();
    if keys.is_empty() {
        findings.left(&fields.path, "the user has no public key", "`serverwamp keygen` makes one");
        return None;
    }
    Some(Proof::Cryptosign(keys))
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect::<Option<_>>();
    bytes.filter(|_| rest.is_empty())
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
