//! Configurations of other routers, made into ours.
//!
//! In: the text of one of theirs. Out: the text of ours, files of credentials, and everything that was not carried over, each with its
//! path, its reason and what to do. Invariants: nobody may do more than before; no secret is in the text or among the findings.

mod crossbar;
mod fields;
mod json;
mod nexus;
mod pattern;
#[cfg(test)]
mod tests;
mod toml_text;

pub use self::crossbar::CredentialsFile;

use crate::mistake::Mistakes;
use crate::node::variable_text;
use crate::reading::{NodeRef, Reading, Setting};
use std::error::Error;
use std::fmt;

/// Keys of a table with their values, as they are written.
type Keys = Vec<(&'static str, String)>;

/// How a configuration is imported.
#[derive(Clone, Debug)]
pub struct Import {
    /// The path of the file of credentials, as the configuration is to name it. Further ones, for realms with other users, get a number
    /// before the extension.
    pub credentials: String,
}

/// What has come of a configuration.
#[derive(Debug)]
pub struct Imported {
    /// The text of ours.
    pub config: String,
    /// The files of credentials that it names.
    pub credentials: Vec<CredentialsFile>,
    /// What was not carried over, or became something else, in the order in which it was found.
    pub findings: Vec<Finding>,
}

/// Something that was not carried over as it was.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Finding {
    /// What has become of it.
    pub kind: FindingKind,
    /// Where it stands in the file, such as `workers[0].realms[1]`.
    pub path: String,
    /// Why, without what is in the value.
    pub reason: String,
    /// What to do; empty if there is nothing to do.
    pub help: String,
}

/// What has become of something.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum FindingKind {
    /// It is not carried over, and somebody may miss it.
    Left,
    /// It became something else.
    Changed,
    /// It has no counterpart, and nobody misses it.
    Needless,
}

/// Why nothing was imported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportError {
    place: Option<(usize, usize)>,
    why: String,
}

impl ImportError {
    fn other(why: impl Into<String>) -> Self {
        Self { place: None, why: why.into() }
    }

    /// The line and the column, counted from 1, if it is a place in the text.
    pub const fn place(&self) -> Option<(usize, usize)> {
        self.place
    }

    /// What is wrong.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.place {
            write!(f, "line {line}, column {column}: ")?;
        }
        f.write_str(&self.why)
    }
}

impl Error for ImportError {}

/// Imports a configuration of Crossbar.io or of nexus, as JSON.
///
/// # Errors
/// The text is no JSON, with its place, or JSON that is no such configuration.
pub fn import(text: &str, options: &Import) -> Result<Imported, ImportError> {
    let json = json::parse(text).map_err(|error| ImportError {
        place: Some((error.line, error.column)),
        why: format!("this is not JSON: {}", error.why),
    })?;
    if crossbar::recognizes(&json) {
        return crossbar::import(&json, options);
    }
    if nexus::recognizes(&json) {
        return nexus::import(json);
    }
    Err(ImportError::other(
        "this is not a configuration of Crossbar.io or nexus: it has neither `workers` nor `controller` nor `router`",
    ))
}

/// Why a text cannot be a value of this type; `None` if it can.
fn fault_of<T: Setting>(text: &str) -> Option<String> {
    let mut mistakes = Mistakes::default();
    let node = variable_text("", text);
    let read = T::read(&NodeRef(&node), &mut Reading { mistakes: &mut mistakes });
    let first = mistakes.iter().next().map(|mistake| mistake.title().to_owned());
    first.or_else(|| read.is_none().then(|| "the value is not allowed".to_owned()))
}
