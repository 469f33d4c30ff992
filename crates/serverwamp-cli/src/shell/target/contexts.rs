//! The file of contexts: routers by name, one of them selected.
//!
//! Invariant: the file is its owner's alone (mode 0600), and it is replaced as a whole or not at all. One that others can write is not
//! read: it could name a router of theirs, which would be sent the user's tickets.

use super::settings::TargetSettings;
use crate::failure::Failure;
use crate::private_file;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The longest file that is read.
const LONGEST: u64 = 1 << 20;

/// All contexts of a user.
#[derive(Debug, Default)]
pub(crate) struct Contexts {
    path: Option<PathBuf>,
    file: ContextFile,
}

#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
struct ContextFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    selected: Option<String>,
    context: BTreeMap<String, TargetSettings>,
}

impl Contexts {
    /// Reads the file, if there is one: `SERVERWAMP_CONTEXTS`, otherwise `serverwamp/contexts.toml` in `XDG_CONFIG_HOME` or `~/.config`.
    ///
    /// # Errors
    /// A file that cannot be read, or is none of ours.
    pub(crate) fn load() -> Result<Self, Failure> {
        let path = path(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
        let Some(path) = path else { return Ok(Self::default()) };
        let text = match File::open(&path) {
            Ok(file) => text_of(file).map_err(|why| unusable(&path, &why))?,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(unusable(&path, &error)),
        };
        let file = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
            let at = line.map_or_else(String::new, |line| format!("line {line}: "));
            unusable(&path, &format!("{at}{}", error.message().lines().next().unwrap_or_default()))
        })?;
        Ok(Self { path: Some(path), file })
    }

    /// The settings of one context.
    ///
    /// # Errors
    /// There is none of this name.
    pub(crate) fn named(&self, name: &str) -> Result<TargetSettings, Failure> {
        self.file.context.get(name).cloned().ok_or_else(|| self.unknown(name))
    }

    /// The settings of the selected context; none if none is.
    ///
    /// # Errors
    /// As for [`named`](Self::named).
    pub(crate) fn selected(&self) -> Result<TargetSettings, Failure> {
        self.file.selected.as_deref().map_or_else(|| Ok(TargetSettings::default()), |name| self.named(name))
    }

    /// Each context, and whether it is the selected one.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &TargetSettings, bool)> {
        let selected = self.file.selected.as_deref();
        self.file.context.iter().map(move |(name, settings)| (&**name, settings, selected == Some(name)))
    }

    /// Adds a context, or replaces it. The first one is selected.
    pub(crate) fn add(&mut self, name: &str, settings: TargetSettings) {
        self.file.selected.get_or_insert_with(|| name.to_owned());
        self.file.context.insert(name.to_owned(), settings);
    }

    /// Selects a context, or none.
    ///
    /// # Errors
    /// There is none of this name.
    pub(crate) fn select(&mut self, name: Option<&str>) -> Result<(), Failure> {
        if let Some(name) = name {
            self.named(name)?;
        }
        self.file.selected = name.map(str::to_owned);
        Ok(())
    }

    /// Removes a context. If it was selected, none is.
    ///
    /// # Errors
    /// There is none of this name.
    pub(crate) fn remove(&mut self, name: &str) -> Result<(), Failure> {
        self.file.context.remove(name).ok_or_else(|| self.unknown(name))?;
        self.file.selected.take_if(|selected| selected == name);
        Ok(())
    }

    /// Writes the file.
    ///
    /// # Errors
    /// There is no place for it, or it cannot be written.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let Some(path) = &self.path else {
            return Err(Failure::usage(
                "there is no place for contexts: set HOME, or SERVERWAMP_CONTEXTS to a file",
            ));
        };
        let text = toml::to_string(&self.file).map_err(|error| unusable(path, &error))?;
        replace(path, text.as_bytes()).map_err(|error| unusable(path, &error))
    }

    fn unknown(&self, name: &str) -> Failure {
        let known: Vec<&str> = self.file.context.keys().map(String::as_str).collect();
        let hint = match &*known {
            [] => "there are none yet; serverwamp context add makes one".to_owned(),
            known => format!("there are {}", known.join(", ")),
        };
        Failure::usage(format!("there is no context {name:?}: {hint}"))
    }
}

/// What stands in the file.
fn text_of(file: File) -> Result<String, String> {
    check_mode(&file)?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {} KiB", LONGEST >> 10));
    }
    String::from_utf8(bytes).map_err(|_| "it is no text in UTF-8".to_owned())
}

#[cfg(unix)]
fn check_mode(file: &File) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let found = file.metadata().map_err(|error| error.to_string())?;
    let others = found.mode() & 0o022;
    match found.is_file() && others != 0 {
        true => Err(format!("others can write it (mode {:o}): write chmod 600", found.mode() & 0o777)),
        false => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &File) -> Result<(), String> {
    Ok(())
}

fn unusable(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::usage(format!("the contexts in {} cannot be used: {why}", path.display()))
}

fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(file) = variable("SERVERWAMP_CONTEXTS") {
        return Some(file.into());
    }
    let config = variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".config")))?;
    Some(config.join("serverwamp").join("contexts.toml"))
}

/// Writes a file beside the old one, which then takes its place. A link stays a link.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    // /dev/null is a file of contexts without any, and stays what it is.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(std::io::Error::new(ErrorKind::Unsupported, "it is no file that can be replaced"));
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = private_file::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    let replaced = written.and_then(|()| std::fs::rename(&beside, &path));
    if replaced.is_err() {
        // What was left of it, if anything; the first error is the one to tell.
        drop(std::fs::remove_file(&beside));
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_the_file_follows_the_environment() {
        let variables = |set: &'static [(&'static str, &'static str)]| {
            move |name: &str| {
                set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
            }
        };
        assert_eq!(path(variables(&[])), None);
        assert_eq!(path(variables(&[("HOME", "/h")])), Some("/h/.config/serverwamp/contexts.toml".into()));
        let all = [("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")];
        assert_eq!(path(variables(Box::leak(Box::new(all)))), Some("/x/serverwamp/contexts.toml".into()));
        assert_eq!(path(variables(&[("SERVERWAMP_CONTEXTS", "/f"), ("HOME", "/h")])), Some("/f".into()));
    }
}
