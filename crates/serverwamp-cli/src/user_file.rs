//! Entries of users, written into the file of users that a configuration names.
//!
//! In: a configuration, a realm of it, a user and an entry as `hash` and `keygen` make them. Out: the file with that entry. Invariants: the
//! file is replaced as a whole, with the mode that it had, and only if the router can read what it becomes; what stands in it otherwise
//! stays as it is, comments included.

use crate::configuration::FileOption;
use crate::failure::Failure;
use crate::hash::{toml_key, toml_string};
use crate::shell::note;
use crate::why::unlisted;
use clap::Args;
use serverwamp::auth::Credentials;
use serverwamp_config::model::{Auth, Config, Role};
use serverwamp_config::values::Named;
use serverwamp_config::{At, open_file, read};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use toml::de::{DeTable, DeValue};

/// Where an entry goes, in place of the standard output.
#[derive(Args, Clone, Debug)]
pub(crate) struct UserFileOptions {
    /// Write the entry into the file of users that this configuration names
    #[arg(short, long, value_name = "FILE", requires = "user")]
    config: Option<PathBuf>,
    /// The realm whose file of users is meant; needed if the configuration names several files
    #[arg(long, value_name = "REALM", requires = "config")]
    realm: Option<String>,
    /// The role of a user who has none in the file yet [default: authenticated]
    #[arg(long, value_name = "ROLE", requires = "config")]
    role: Option<String>,
}

impl UserFileOptions {
    /// Writes the entry, such as `cra = "…"`, if a configuration is named; returns what was done.
    pub(crate) fn write(&self, user: Option<&str>, entry: &str) -> Result<Option<String>, Failure> {
        let (Some(config), Some(user)) = (&self.config, user) else { return Ok(None) };
        let (path, doubts) = self.find(config)?;
        let text = match open_file(&path).and_then(io::read_to_string) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::runtime(format!("cannot read {}: {error}", path.display()))),
        };
        let known = entries_end(&text, user);
        let text = match (&known, &self.role) {
            (Some((_, entries)), Some(role)) => match role_of(&text, entries) {
                Some(has) if has != *role => {
                    let shown = path.display();
                    return Err(Failure::usage(format!(
                        "{user:?} is in {shown} already and has the role {has:?}: leave --role out, or change it there"
                    )));
                }
                Some(_) => text,
                // Without that line it is a user of the default role.
                None => with_entry(&text, user, None, &role_entry(role)),
            },
            _ => text,
        };
        replace(&path, &with_entry(&text, user, self.role.as_deref(), entry))?;
        doubts.iter().for_each(|doubt| note(&format!("warning: {doubt}")));
        let did = if known.is_some() { "has a new entry" } else { "was added" };
        Ok(Some(format!("{user} {did} in {}", path.display())))
    }

    /// The file of users that the configuration names for the realm, and what is doubtful about the role there.
    fn find(&self, config: &Path) -> Result<(PathBuf, Vec<String>), Failure> {
        let file = FileOption { config: Some(config.to_owned()) }.read()?;
        let shown = &file.shown;
        let read = read(&file.text, &file.environment);
        let settings = read.config.filter(|_| read.mistakes.errors() == 0);
        let settings = settings.ok_or_else(|| {
            Failure::runtime(format!("{shown} has mistakes: `serverwamp check -c {shown}` lists them"))
        })?;
        let mut files = files_of(&settings, self.realm.as_deref());
        files.sort();
        files.dedup();
        match files.as_slice() {
            [users] => Ok((file.folder.join(users), self.doubts(&settings, users))),
            [] => Err(Failure::usage(format!(
                "{shown} names no file of users{}: add auth = [{{ file = {{ path = \"users.toml\" }} }}] to the realm",
                self.realm.as_ref().map_or_else(String::new, |realm| format!(" for the realm {realm:?}")),
            ))),
            _ => Err(Failure::usage(format!(
                "{shown} names several files of users: say which realm with --realm"
            ))),
        }
    }
    /// What to say of a role that a realm with this file does not list.
    fn doubts(&self, config: &Config, users: &Path) -> Vec<String> {
        let Some(role) = &self.role else { return Vec::new() };
        let with_file =
            all(config).filter(|(_, auth, _)| auth.iter().filter_map(file_of).any(|file| file == users));
        let doubt = |(name, _, roles): Listed<'_>| {
            let listed: Vec<&str> = roles.iter().map(|(role, _)| role).collect();
            unlisted(name, role, &listed)
        };
        with_file.filter_map(doubt).collect()
    }
}

/// A realm or template: its name, its ways in, and the roles that it lists.
type Listed<'c> = (&'c str, &'c [At<Auth>], &'c Named<Role>);

fn all(config: &Config) -> impl Iterator<Item = Listed<'_>> {
    let realms = config.realm.iter().map(|one| (one.name.as_str(), &**one.auth.value(), one.role.value()));
    let templates =
        config.template.iter().map(|one| (one.names.as_str(), &**one.auth.value(), one.role.value()));
    realms.chain(templates)
}

fn file_of(auth: &At<Auth>) -> Option<&Path> {
    match auth.value() {
        Auth::File(file) => Some(file.path.written()),
        _ => None,
    }
}

fn files_of(config: &Config, wanted: Option<&str>) -> Vec<PathBuf> {
    let all = all(config).filter(|(name, ..)| wanted.is_none_or(|wanted| wanted == *name));
    all.flat_map(|(_, auth, _)| auth.iter().filter_map(file_of).map(Path::to_owned)).collect()
}

/// The role among a user's entries.
fn role_of(text: &str, entries: &[(String, std::ops::Range<usize>)]) -> Option<String> {
    let (_, place) = entries.iter().find(|(name, _)| name == "role")?;
    let line = format!("role = {}", text.get(place.clone())?);
    let (table, _) = DeTable::parse_recoverable(&line);
    match table.get_ref().values().next()?.get_ref() {
        DeValue::String(role) => Some(role.to_string()),
        // No role, and the file cannot be read anyway.
        _ => None,
    }
}

fn role_entry(role: &str) -> String {
    format!("role = {}", toml_string(role))
}

/// Where the last entry of a user ends, and the entries' names with the places of their values.
type UserEntries = (usize, Vec<(String, std::ops::Range<usize>)>);

fn entries_end(text: &str, user: &str) -> Option<UserEntries> {
    let (table, _) = DeTable::parse_recoverable(text);
    let users = table.get_ref().iter().find(|(key, _)| key.get_ref() == "user")?.1;
    let DeValue::Table(users) = users.get_ref() else { return None };
    let (_, entries) = users.iter().find(|(key, _)| key.get_ref() == user)?;
    let DeValue::Table(entries) = entries.get_ref() else { return None };
    let places: Vec<_> =
        entries.iter().map(|(key, value)| (key.get_ref().to_string(), value.span())).collect();
    let end = places.iter().map(|(_, span)| span.end).max()?;
    Some((end, places))
}

/// The text with the entry in place of a former one of the same name, below the user's others, or in a table of its own.
fn with_entry(text: &str, user: &str, role: Option<&str>, entry: &str) -> String {
    let name = entry.split(" =").next().unwrap_or(entry);
    match entries_end(text, user) {
        Some((_, places)) if places.iter().any(|(known, _)| known == name) => {
            let value = entry.split_once("= ").map_or(entry, |(_, value)| value);
            let span = places.into_iter().find(|(known, _)| known == name).map(|(_, span)| span);
            let mut text = text.to_owned();
            text.replace_range(span.unwrap_or_default(), value);
            text
        }
        Some((end, _)) => {
            let line = text[end..].find('\n').map_or(text.len(), |at| end + at);
            format!("{}\n{entry}{}", &text[..line], &text[line..])
        }
        None => {
            let gap = if text.is_empty() || text.ends_with("\n\n") {
                ""
            } else if text.ends_with('\n') {
                "\n"
            } else {
                "\n\n"
            };
            let role = role.map_or_else(String::new, |role| role_entry(role) + "\n");
            format!("{text}{gap}[user.{}]\n{role}{entry}\n", toml_key(user))
        }
    }
}

/// Puts the text in the place of the file, if it is one of users.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: io::Error| Failure::runtime(format!("cannot write {}: {error}", path.display()));
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = create(&new, path).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let checked = written.map_err(cannot).and_then(|()| {
        let checked = Credentials::from_file(&new);
        checked.map(drop).map_err(|error| {
            let texts: Vec<&str> = error.texts().collect();
            let (shown, found) = (path.display(), texts.join("; "));
            Failure::runtime(format!(
                "{shown} stays as it is, because with the entry it could not be read: {found}"
            ))
        })
    });
    let done = checked.and_then(|()| fs::rename(&new, path).map_err(cannot));
    if done.is_err() {
        drop(fs::remove_file(&new));
    }
    done
}

/// A new file, with the mode of the one whose place it takes; nobody else could read it even for a moment.
fn create(path: &Path, former: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    if let Ok(known) = fs::metadata(former) {
        file.set_permissions(known.permissions())?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_added_to_its_user_and_the_rest_stays() {
        let text = "# people\n[user.joe]\nrole = \"clerk\" # for now\n\n[user.\"a b\"]\ncra = \"x\"\n";
        assert_eq!(
            with_entry(text, "joe", None, "ticket = \"t\""),
            "# people\n[user.joe]\nrole = \"clerk\" # for now\nticket = \"t\"\n\n[user.\"a b\"]\ncra = \"x\"\n"
        );
        assert_eq!(
            with_entry(text, "a b", None, "cra = \"y\""),
            "# people\n[user.joe]\nrole = \"clerk\" # for now\n\n[user.\"a b\"]\ncra = \"y\"\n"
        );
        assert_eq!(
            with_entry("", "eve", Some("guest"), "ticket = \"t\""),
            "[user.eve]\nrole = \"guest\"\nticket = \"t\"\n"
        );
        assert!(
            with_entry("[user.joe]\ncra = \"x\"", "eve", None, "cra = \"y\"")
                .ends_with("\"x\"\n\n[user.eve]\ncra = \"y\"\n")
        );
    }
}
