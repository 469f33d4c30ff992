//! What the checks read of this machine: files and folders that a configuration names. Nothing else of the checks does I/O.

use crate::named_file::read_file;
use crate::values::{FilePath, Secret};
use serverwamp::auth::{Credentials, CryptosignKey, JwtKeys};
use serverwamp::tls::{ClientCertificates, TlsConfig, TlsError};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// The most bytes of the path of a Unix socket, without the byte that ends it.
#[cfg(target_os = "linux")]
const LONGEST_SOCKET: usize = 107;
#[cfg(not(target_os = "linux"))]
const LONGEST_SOCKET: usize = 103;

/// The files beside a configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Files<'a> {
    folder: &'a Path,
}

/// What a file of users says of all of them.
#[derive(Debug, Default)]
pub(super) struct Users {
    /// Their roles.
    pub(super) roles: BTreeSet<String>,
    /// The methods for which at least one has an entry, as they are called in WAMP.
    pub(super) methods: BTreeSet<&'static str>,
    /// Whose secret for WAMP-CRA stands there itself, and the bytes that it has.
    pub(super) secrets: Vec<(String, usize)>,
}

impl<'a> Files<'a> {
    pub(super) const fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// The content of a file, or why it cannot be had.
    pub(super) fn content(&self, path: &FilePath) -> Result<Zeroizing<Vec<u8>>, String> {
        let found = path.beside(self.folder);
        let shown = path.written().display();
        let why = |error: &std::io::Error| format!("{shown} cannot be read: {}", reason(error));
        read_file(&found).map(Zeroizing::new).map_err(|error| why(&error))
    }

    /// Whether every user of this machine can read it.
    pub(super) fn is_exposed(&self, path: &FilePath) -> bool {
        mode(&path.beside(self.folder)).is_some_and(|mode| mode & 0o004 != 0)
    }

    /// Why a folder is none.
    pub(super) fn not_a_folder(&self, path: &FilePath) -> Option<String> {
        let shown = path.written().display();
        match fs::metadata(path.beside(self.folder)) {
            Ok(about) if about.is_dir() => None,
            Ok(_) => Some(format!("{shown} is no folder")),
            Err(error) => Some(format!("the folder {shown} cannot be used: {}", reason(&error))),
        }
    }

    /// Why no socket can be made there, and what to do.
    pub(super) fn not_a_place_for_a_socket(&self, path: &Path) -> Option<(String, &'static str)> {
        let found = self.folder.join(path);
        let shown = path.display();
        if found.as_os_str().len() > LONGEST_SOCKET {
            let why = format!(
                "the path of a socket can have {LONGEST_SOCKET} bytes, and {shown} is longer, with its folder"
            );
            return Some((why, "name a shorter one, such as one below /run"));
        }
        let parent = found.parent().filter(|parent| !parent.as_os_str().is_empty());
        if parent.is_some_and(|parent| !parent.is_dir()) {
            let help = "the folder has to be there, and writable for the user that the program runs as";
            return Some((format!("there is no folder for the socket {shown}"), help));
        }
        let about = fs::symlink_metadata(&found).ok()?;
        let help = "name another path, or move away what is there";
        (!is_socket(&about)).then(|| (format!("{shown} is there already, and is no socket"), help))
    }

    /// What is wrong with the certificate and the key of a server.
    pub(super) fn tls(&self, certificates: &FilePath, key: &FilePath) -> Result<(), TlsError> {
        let (certificates, key) = (certificates.beside(self.folder), key.beside(self.folder));
        TlsConfig::from_files(certificates, key).build().map(drop)
    }

    /// What is wrong with the authorities of clients, beside a certificate that is right.
    pub(super) fn client_authorities(
        &self,
        certificates: &FilePath,
        key: &FilePath,
        authorities: &FilePath,
    ) -> Result<(), TlsError> {
        let (certificates, key) = (certificates.beside(self.folder), key.beside(self.folder));
        let authorities = ClientCertificates::Optional(authorities.beside(self.folder));
        TlsConfig::from_files(certificates, key).client_certificates(authorities).build().map(drop)
    }

    /// What is wrong with a file of users: each fault with its line.
    pub(super) fn credentials(&self, path: &FilePath) -> Vec<String> {
        let found = path.beside(self.folder);
        match Credentials::from_file(&found) {
            Ok(_) => Vec::new(),
            Err(error) => {
                let (long, short) = (found.display().to_string(), path.written().display().to_string());
                error.texts().map(|text| text.replace(&long, &short)).collect()
            }
        }
    }

    /// The users of a file; `None` if it cannot be read as one.
    pub(super) fn users(&self, path: &FilePath) -> Option<Users> {
        let content = self.content(path).ok()?;
        let text = std::str::from_utf8(&content).ok()?;
        let (table, errors) = DeTable::parse_recoverable(text);
        let mut all = Users::default();
        let DeValue::Table(users) = table.get_ref().get("user")?.get_ref() else { return None };
        for (name, entries) in users.iter() {
            let DeValue::Table(entries) = entries.get_ref() else { return None };
            if let Some(DeValue::String(secret)) = entries.get("cra_secret").map(|secret| secret.get_ref()) {
                all.secrets.push((name.get_ref().to_string(), secret.len()));
            }
            let role = entries.get("role").map(|role| role.get_ref());
            all.roles.insert(match role {
                Some(DeValue::String(role)) => role.to_string(),
                Some(_) => return None,
                None => "authenticated".to_owned(),
            });
            let has = |key: &str| entries.contains_key(key);
            let methods = [
                ("ticket", has("ticket")),
                ("wampcra", has("cra") || has("cra_secret")),
                ("scram", has("scram")),
                ("cryptosign", has("cryptosign")),
            ];
            all.methods.extend(methods.into_iter().filter(|(_, has)| *has).map(|(method, _)| method));
        }
        errors.is_empty().then_some(all)
    }

    /// What is wrong with a file of public keys.
    pub(super) fn jwt_keys(&self, path: &FilePath) -> Option<String> {
        let found = path.beside(self.folder);
        let error = JwtKeys::from_file(&found).err()?.to_string();
        Some(error.replace(&found.display().to_string(), &path.written().display().to_string()))
    }

    /// A secret, or why there is none.
    pub(super) fn secret(&self, secret: &Secret) -> Result<Zeroizing<String>, String> {
        if let Secret::File(path) = secret {
            self.content(path)?;
        }
        secret.load(self.folder)
    }
}

/// Why a text is no private key for Cryptosign.
pub(super) fn not_a_router_key(content: &[u8]) -> Option<&'static str> {
    let text = std::str::from_utf8(content).unwrap_or_default();
    let wrong = CryptosignKey::from_hex(text.trim()).is_err();
    wrong.then_some("expected 64 hex digits, as `serverwamp keygen --key FILE` writes them")
}

/// An error in words that do not differ from system to system.
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(fs::metadata(path).ok()?.permissions().mode())
}

#[cfg(not(unix))]
const fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn is_socket(about: &fs::Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    about.file_type().is_socket()
}

#[cfg(not(unix))]
const fn is_socket(_: &fs::Metadata) -> bool {
    false
}
