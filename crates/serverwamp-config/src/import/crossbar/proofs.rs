//! How static principals prove who they are: from Crossbar.io's keys to entries of a file of credentials.
//!
//! Invariant: secrets leave this file as hashes, or as entries for a file that its owner alone can read; no finding has one in it.

use super::super::fields::Fields;
use super::super::toml_text::{comment, list, quoted};
use serverwamp::auth::{
    CryptosignPublicKey, Salting, ScramKdf, ScramKeys, ScramVerifier, Secret, derive_key, hash_cra,
    hash_ticket,
};
use std::fmt;
use zeroize::Zeroizing;

/// How a user proves who it is.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Proof {
    Ticket(Zeroizing<String>),
    CraSecret(Zeroizing<String>),
    /// A password that clients hash with a salt.
    CraSalted {
        password: Zeroizing<String>,
        salt: String,
        iterations: u32,
        length: u32,
    },
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
            Self::CraSecret(_) | Self::CraSalted { .. } | Self::Cra(_) => "wampcra",
            Self::Scram(_) => "scram",
            Self::Cryptosign(_) => "cryptosign",
            Self::Elsewhere(method, _) => method,
        }
    }

    pub(super) const fn is_here(&self) -> bool {
        !matches!(self, Self::Elsewhere(..))
    }

    /// The entry of the file.
    pub(super) fn write(&self, hashes_cra: bool) -> Zeroizing<String> {
        Zeroizing::new(match self {
            Self::Ticket(ticket) => {
                format!("ticket = {}", quoted(&hash_ticket(&Secret::new(ticket.as_bytes()))))
            }
            Self::CraSecret(secret) if hashes_cra => {
                format!("cra = {}", quoted(&hash_cra(&Secret::new(secret.as_bytes()))))
            }
            Self::CraSecret(secret) => format!("cra_secret = {}", quoted(secret)),
            Self::CraSalted { password, salt, iterations, length } => {
                let salting = Salting::new(salt.as_str(), *iterations, *length);
                let key = derive_key(&Secret::new(password.as_bytes()), &salting);
                format!("cra = {}", quoted(&cra_entry(salt, *iterations, *length, &key)))
            }
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

/// Reads how a user proves who it is.
pub(super) fn read(method: &str, authid: &str, fields: &mut Fields<'_, '_>) -> Option<Proof> {
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
    /// What a login may cost.
    const MOST_ITERATIONS: u32 = 1_000_000;
    const LONGEST_KEY: u32 = 512;
    let secret = secret("secret", "hash cra", authid, fields);
    let has_salt = fields.has("salt");
    let has_costs = fields.has("iterations") && fields.has("keylen");
    let salt = fields.text("salt");
    let iterations = fields.number("iterations").unwrap_or(1000);
    let length = fields.number("keylen").unwrap_or(32);
    let secret = match secret? {
        Ok(secret) => secret,
        Err(command) => return Some(Proof::Elsewhere("wampcra", command)),
    };
    let Some(salt) = salt else { return (!has_salt).then_some(Proof::CraSecret(secret)) };
    let within =
        |number: u64, most: u32| u32::try_from(number).ok().filter(|number| (1..=most).contains(number));
    let (Some(iterations), Some(length)) = (within(iterations, MOST_ITERATIONS), within(length, LONGEST_KEY))
    else {
        let reason = format!(
            "`iterations` is not from 1 to {MOST_ITERATIONS}, or `keylen` not from 1 to {LONGEST_KEY}"
        );
        fields.findings.left(&fields.path, reason, "write the entry with `serverwamp hash cra`");
        return None;
    };
    if is_base64_of(&secret, length) {
        let reason = "the secret looks like a key that was derived with the salt, as before Crossbar.io 25, and not like the password itself";
        fields.findings.changed(
            &fields.path,
            reason,
            "if it is the password, write the entry with `serverwamp hash cra`",
        );
        return Some(Proof::Cra(cra_entry(salt, iterations, length, &secret)));
    }
    // Without all three Crossbar.io sends no salt.
    Some(match has_costs {
        true => Proof::CraSalted { password: secret, salt: salt.to_owned(), iterations, length },
        false => Proof::CraSecret(secret),
    })
}

fn cra_entry(salt: &str, iterations: u32, length: u32, key: &str) -> String {
    format!("$wampcra$i={iterations},l={length}${salt}${key}")
}

/// Whether a text is that of so many bytes in base64.
fn is_base64_of(text: &str, length: u32) -> bool {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
    padding <= 2
        && text.len().is_multiple_of(4)
        && digits.bytes().all(is_digit)
        && u32::try_from(text.len() / 4 * 3 - padding) == Ok(length)
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
