//! Configurations of Crossbar.io, version 2 and before.
//!
//! In: JSON. Out: our text, users, and what was not carried over. Invariants: whoever may do something here may do it there; what is not
//! read is listed.

mod auth;
mod doors;
mod endpoint;
mod paths;
mod permissions;
mod proofs;
mod realm;
mod transport;
mod users;
mod websocket;
mod workers;
mod write;

use self::doors::RealmWays;
use self::users::Users;
use self::workers::Node;
use self::write::Text;
use super::fields::{Findings, Item};
use super::json::Json;
use super::{Import, ImportError, Imported};
use std::fmt;
use zeroize::Zeroizing;

/// A file of credentials, whose secrets are not hashed yet.
pub struct CredentialsFile {
    name: String,
    users: Users,
}

impl CredentialsFile {
    /// Its path, as the configuration names it.
    pub fn path(&self) -> &str {
        &self.name
    }

    /// How many users it has. Those whose secrets are elsewhere are comments.
    pub fn users(&self) -> usize {
        self.users.complete()
    }

    /// The text of the file. Each ticket is hashed, which takes some tens of milliseconds; a secret of WAMP-CRA without a salt only if
    /// `hashes_cra` says so, because clients then have to know the salt.
    pub fn text(&self, hashes_cra: bool) -> Zeroizing<String> {
        self.users.to_toml(hashes_cra)
    }
}

/// Without the users.
impl fmt::Debug for CredentialsFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsFile").field("name", &self.name).field("users", &self.users()).finish()
    }
}

/// Whether a file is a configuration of Crossbar.io at all.
pub(super) fn recognizes(json: &Json) -> bool {
    let Json::Object(entries) = json else { return false };
    let marks = ["workers", "controller"];
    entries.iter().any(|(key, _)| marks.contains(&key.as_str()))
}

/// Makes ours of it.
pub(super) fn import(json: &Json, options: &Import) -> Result<Imported, ImportError> {
    let findings = Findings::default();
    let root = Item { json, path: String::new() };
    let Some(node) = Node::read(&root, &findings) else {
        return Err(ImportError::other("this is not a configuration of Crossbar.io"));
    };
    let mut text = Text::default();
    text.line("# Made of a configuration of Crossbar.io by `serverwamp config import`.");
    text.line("# `serverwamp config explain KEY` tells what a key does.");
    if node.listeners.is_empty() {
        findings.left(
            "workers",
            "there is no listener: the default is used, 127.0.0.1:8080",
            "write a `[[listen]]`",
        );
    }
    for listener in &node.listeners {
        text.listener(listener);
    }
    let mut files: Vec<CredentialsFile> = Vec::new();
    for realm in &node.realms {
        let ways = doors::ways_into(&realm.name, &node.doors, &findings);
        let file = file_of(&ways, options, &mut files);
        for role in realm.settings.roles.iter().filter(|role| !ways.may_give(&role.name)) {
            let reason =
                format!("nobody gets the role {:?} by what is carried over: it is a comment", role.name);
            findings.changed(
                &realm.path,
                reason,
                "remove its `#` when somebody gets it, such as a user of a file",
            );
        }
        if ways.is_empty() {
            findings.left(
                &realm.path,
                "nobody comes into this realm",
                "write `auth`: `serverwamp config explain realm.auth`",
            );
        }
        if ways.users.has_plain_cra() {
            findings.changed(
                &realm.path,
                "secrets of WAMP-CRA without a salt stay as they are, in the file of credentials: a salt would be news to clients",
                "`--hash-cra` hashes them, if all clients can handle a salt; Autobahn's can",
            );
        }
        text.realm(realm, &ways, &file);
    }
    if node.realms.is_empty() {
        findings.left("workers", "there is no realm", "write a `[[realm]]`");
    }
    Ok(Imported { config: text.finish(), credentials: files, findings: findings.into_list() })
}

/// The file that has the users of a realm: realms with the same users share one.
fn file_of(ways: &RealmWays, options: &Import, files: &mut Vec<CredentialsFile>) -> String {
    if ways.users.is_empty() {
        return String::new();
    }
    if let Some(file) = files.iter().find(|file| file.users == ways.users) {
        return file.name.clone();
    }
    let name = match (files.is_empty(), options.credentials.rsplit_once('.')) {
        (true, _) => options.credentials.clone(),
        // By number, because the name of a realm need not be one of a file.
        (false, Some((stem, extension))) if !extension.contains(['/', '\\']) => {
            format!("{stem}-{}.{extension}", files.len() + 1)
        }
        (false, _) => format!("{}-{}", options.credentials, files.len() + 1),
    };
    files.push(CredentialsFile { name: name.clone(), users: ways.users.clone() });
    name
}
