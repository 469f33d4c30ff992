//! The keys of an object, of which each is taken, left or unknown: nothing goes unnoticed.
//!
//! In: JSON. Out: typed values. Invariant: a value of another type, a key that is written twice and a key that nobody takes become
//! findings; what is in a value never does, because it may be a secret.

use super::json::Json;
use super::{Finding, FindingKind};
use std::cell::RefCell;
use std::collections::HashSet;

/// What was found so far. Readers share it.
#[derive(Debug, Default)]
pub(super) struct Findings(RefCell<Vec<Finding>>);

impl Findings {
    /// Something is left behind.
    pub(super) fn left(&self, path: &str, reason: impl Into<String>, help: impl Into<String>) {
        self.add(FindingKind::Left, path, reason, help);
    }

    /// Something is carried over as something else.
    pub(super) fn changed(&self, path: &str, reason: impl Into<String>, help: impl Into<String>) {
        self.add(FindingKind::Changed, path, reason, help);
    }

    /// Something has no counterpart, and nobody misses it.
    pub(super) fn needless(&self, path: &str, reason: impl Into<String>) {
        self.add(FindingKind::Needless, path, reason, "");
    }

    fn add(&self, kind: FindingKind, path: &str, reason: impl Into<String>, help: impl Into<String>) {
        let finding = Finding { kind, path: path.to_owned(), reason: reason.into(), help: help.into() };
        self.0.borrow_mut().push(finding);
    }

    /// Each once: realms that share users find the same.
    pub(super) fn into_list(self) -> Vec<Finding> {
        let mut seen = HashSet::new();
        self.0.into_inner().into_iter().filter(|finding| seen.insert(finding.clone())).collect()
    }
}

/// The path of a key: `.key`, or `["a key"]` where it is no name.
pub(super) fn path_of(path: &str, key: &str) -> String {
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "_-".contains(letter);
    match (!key.is_empty() && key.chars().all(is_name), path) {
        (true, "") => key.to_owned(),
        (true, path) => format!("{path}.{key}"),
        (false, path) => format!("{path}[{key:?}]"),
    }
}

/// A value and where it stands.
#[derive(Clone)]
pub(super) struct Item<'j> {
    pub(super) json: &'j Json,
    pub(super) path: String,
}

impl<'j> Item<'j> {
    /// Notes that it should have been something else.
    pub(super) fn wrong<T>(&self, wanted: &str, findings: &Findings) -> Option<T> {
        let reason = format!("expected {wanted}, found {}", self.json.kind());
        findings.left(&self.path, reason, "mend it in the Crossbar.io configuration, and import again");
        None
    }

    pub(super) fn text(&self, findings: &Findings) -> Option<&'j str> {
        match self.json {
            Json::Text(text) => Some(text),
            _ => self.wrong("a string", findings),
        }
    }

    /// The items of a list.
    pub(super) fn list(&self, findings: &Findings) -> Option<Vec<Self>> {
        let Json::List(items) = self.json else { return self.wrong("a list", findings) };
        let item = |(number, json)| Item { json, path: format!("{}[{number}]", self.path) };
        Some(items.iter().enumerate().map(item).collect())
    }

    /// The keys of an object.
    pub(super) fn fields<'f>(&self, findings: &'f Findings) -> Option<Fields<'j, 'f>> {
        let Json::Object(entries) = self.json else { return self.wrong("an object", findings) };
        Some(Fields { entries, path: self.path.clone(), taken: vec![false; entries.len()], findings })
    }

    /// The entries of an object whose keys are names that somebody has made up.
    pub(super) fn named(&self, findings: &Findings) -> Option<Vec<(&'j str, Self)>> {
        let Json::Object(entries) = self.json else { return self.wrong("an object", findings) };
        let item = |(name, json): &'j (String, Json)| {
            (name.as_str(), Item { json, path: path_of(&self.path, name) })
        };
        Some(entries.iter().map(item).collect())
    }
}

/// The keys of an object.
pub(super) struct Fields<'j, 'f> {
    entries: &'j [(String, Json)],
    pub(super) path: String,
    taken: Vec<bool>,
    pub(super) findings: &'f Findings,
}

impl<'j> Fields<'j, '_> {
    /// The value of a key. Of several the last one counts, as in Python.
    pub(super) fn take(&mut self, key: &str) -> Option<Item<'j>> {
        let at = self.entries.iter().rposition(|(name, _)| name == key)?;
        *self.taken.get_mut(at)? = true;
        Some(Item { json: &self.entries.get(at)?.1, path: path_of(&self.path, key) })
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(name, _)| name == key)
    }

    pub(super) fn text(&mut self, key: &str) -> Option<&'j str> {
        let findings = self.findings;
        self.take(key)?.text(findings)
    }

    pub(super) fn boolean(&mut self, key: &str) -> Option<bool> {
        let item = self.take(key)?;
        match item.json {
            Json::Boolean(whether) => Some(*whether),
            _ => item.wrong("a boolean", self.findings),
        }
    }

    /// A whole number of at least 0.
    pub(super) fn number(&mut self, key: &str) -> Option<u64> {
        let item = self.take(key)?;
        let number = match item.json {
            Json::Number(Some(number)) => u64::try_from(*number).ok(),
            Json::Number(None) => None,
            _ => return item.wrong("a whole number", self.findings),
        };
        if number.is_none() {
            self.findings.left(&item.path, "expected a whole number of at least 0", "write one");
        }
        number
    }

    /// The items of a list; none if there is no such key.
    pub(super) fn list(&mut self, key: &str) -> Vec<Item<'j>> {
        let findings = self.findings;
        self.take(key).and_then(|item| item.list(findings)).unwrap_or_default()
    }

    /// The texts of a list.
    pub(super) fn texts(&mut self, key: &str) -> Vec<&'j str> {
        let findings = self.findings;
        self.list(key).iter().filter_map(|item| item.text(findings)).collect()
    }

    /// Leaves keys behind, those that are there.
    pub(super) fn leave(&mut self, keys: &[&str], reason: &str, help: &str) {
        for key in keys {
            if let Some(item) = self.take(key) {
                self.findings.left(&item.path, reason, help);
            }
        }
    }

    /// Notes that keys need no counterpart, those that are there.
    pub(super) fn needless(&mut self, keys: &[&str], reason: &str) {
        for key in keys {
            if let Some(item) = self.take(key) {
                self.findings.needless(&item.path, reason);
            }
        }
    }

    /// Takes keys that say what nobody has to know.
    pub(super) fn skip(&mut self, keys: &[&str]) {
        for key in keys {
            drop(self.take(key));
        }
    }

    /// Lists what nobody has taken.
    pub(super) fn finish(self) {
        for ((key, _), taken) in self.entries.iter().zip(&self.taken) {
            if *taken {
                continue;
            }
            let again =
                self.entries.iter().zip(&self.taken).any(|((other, _), taken)| other == key && *taken);
            let path = path_of(&self.path, key);
            match again {
                true => self.findings.left(
                    &path,
                    "the key is written twice, and the last one counts",
                    "remove one",
                ),
                false => self.findings.left(
                    &path,
                    "the key is not known here",
                    "look whether it is mistyped, and see docs/from-crossbar.md for what there is",
                ),
            }
        }
    }
}
