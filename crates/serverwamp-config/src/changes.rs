//! What differs between two configurations: for a reload, which says what changed and what needs a restart.

use crate::node::{Place, Source};
use crate::section::Reload;
use std::fmt;

/// Longer values are not shown: whoever changed them knows them.
const LONGEST_SHOWN: usize = 120;

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The path of the key: `realm."shop".role."customer".allow`.
    pub path: String,
    /// What a reload does with it.
    pub reload: Reload,
    /// What it was, as it is written; `None` if it is new.
    pub from: Option<String>,
    /// What it is; `None` if it is gone.
    pub to: Option<String>,
    /// Where the value stands that it has, or that it is part of; `None` for a default.
    pub source: Option<Source>,
}

impl Change {
    /// The place of nothing yet: the whole file.
    pub(crate) const fn root() -> Self {
        Self { path: String::new(), reload: Reload::Live, from: None, to: None, source: None }
    }

    /// The place of a key of this. What stands in something that needs a restart needs one too.
    pub(crate) fn key(&self, name: &str, reload: Reload) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let reload = if self.reload == Reload::Restart { Reload::Restart } else { reload };
        Self { path, reload, from: None, to: None, source: self.source.clone() }
    }

    /// The same, whose value stands here; a default stands where the other keys beside it do not.
    pub(crate) fn standing(self, place: Option<&Place>) -> Self {
        Self { source: place.map(|place| place.source.clone()), ..self }
    }

    /// The place of one of several, by name.
    pub(crate) fn named(&self, name: &str) -> Self {
        self.key(&format!("{name:?}"), Reload::Live)
    }

    /// What stands within this one takes effect as it says itself, whatever is needed to add or remove this one.
    pub(crate) fn within(&self) -> Self {
        Self { reload: Reload::Live, ..self.clone() }
    }

    /// The place of one of a list, by its name as it is written.
    pub(crate) fn element(&self, name: &str) -> Self {
        Self { path: format!("{}[{name}]", self.path), from: None, to: None, ..self.clone() }
    }

    pub(crate) fn replaced(&self, from: String, to: String) -> Self {
        Self { from: Some(from), to: Some(to), ..self.clone() }
    }

    pub(crate) fn added(&self, what: String) -> Self {
        Self { to: Some(what), ..self.clone() }
    }

    pub(crate) fn removed(&self, what: String) -> Self {
        Self { from: Some(what), ..self.clone() }
    }
}

/// One line: `limits.connections: 100 is now 200`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) if from.len() + to.len() > LONGEST_SHOWN => write!(f, "{path}: changed"),
            (Some(from), Some(to)) => write!(f, "{path}: {from} is now {to}"),
            (None, Some(to)) if to.len() <= LONGEST_SHOWN => write!(f, "{path}: added, {to}"),
            (None, Some(_)) => write!(f, "{path}: added"),
            (Some(_), None) => write!(f, "{path}: removed"),
            (None, None) => write!(f, "{path}"),
        }?;
        if self.reload == Reload::Restart { write!(f, " (needs a restart)") } else { Ok(()) }
    }
}
