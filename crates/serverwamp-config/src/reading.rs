//! Reading a tree into settings: every mistake is noted, and the rest is read all the same.

use crate::changes::Change;
use crate::codes;
use crate::mistake::{Mistake, Mistakes};
use crate::nearest::nearest;
use crate::node::{Entry, Node, Place, Value};
use crate::section::{Key, Section};
use crate::shape::{Shape, one_of};
use std::fmt;
use std::ops::Deref;

/// A section with more keys is not listed whole where one of them is mistyped.
const MOST_LISTED: usize = 12;

/// What the value of a key can be read as.
pub trait Setting: Clone + fmt::Debug + PartialEq + Sized {
    /// What it takes.
    fn shape() -> Shape;

    /// Reads it. `None` after a mistake has been noted.
    #[doc(hidden)]
    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self>;

    /// What is read in its place where it has to be there and is wrong or missing, so that what stands beside it is checked as well.
    #[doc(hidden)]
    fn instead(_node: Option<&NodeRef<'_>>) -> Option<Self> {
        None
    }

    /// As it is written in the file, without secrets.
    fn show(&self) -> String;

    /// The name by which one of a list is told from the others, such as a realm's.
    fn identity(&self) -> Option<String> {
        None
    }

    /// Notes what differs between this and its successor.
    #[doc(hidden)]
    fn compare(&self, next: &Self, change: &Change, changes: &mut Vec<Change>) {
        if self != next {
            changes.push(change.replaced(self.show(), next.show()));
        }
    }
}

/// A node of the tree, as [`Setting::read`] gets it.
#[derive(Clone, Copy, Debug)]
pub struct NodeRef<'a>(pub(crate) &'a Node);

/// A value and the place where it stands, if it is no default.
///
/// Two are equal if their values are: a setting that has been moved has not been changed.
#[derive(Clone, Debug)]
pub struct At<T> {
    value: T,
    place: Option<Place>,
}

impl<T> At<T> {
    /// A value that stands nowhere.
    pub const fn default_of(value: T) -> Self {
        Self { value, place: None }
    }

    pub(crate) const fn new(value: T, place: Option<Place>) -> Self {
        Self { value, place }
    }

    /// Where it stands; `None` for a default.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// One pass over a tree.
#[derive(Debug)]
pub struct Reading<'a> {
    pub(crate) mistakes: &'a mut Mistakes,
}

impl Reading<'_> {
    /// Notes a mistake, and gives what is then read.
    pub(crate) fn mistake<T>(&mut self, mistake: Mistake) -> Option<T> {
        self.mistakes.add(mistake);
        None
    }

    /// Notes that a value has the wrong type.
    pub(crate) fn wrong_type<T>(&mut self, node: &NodeRef<'_>, wanted: &Shape) -> Option<T> {
        let title = format!("expected {}, found {}", wanted.words(), node.0.value.kind());
        self.mistake(Mistake::new(&codes::WRONG_TYPE, title).at(node.0.place.clone()))
    }

    /// Notes that a value is not allowed, and why.
    pub(crate) fn wrong_value<T>(&mut self, node: &NodeRef<'_>, title: impl Into<String>) -> Option<T> {
        self.mistake(Mistake::new(&codes::WRONG_VALUE, title).at(node.0.place.clone()))
    }

    /// The entries of a table; a mistake if it is none.
    pub(crate) fn table<'n>(&mut self, node: &NodeRef<'n>, wanted: &Shape) -> Option<&'n [Entry]> {
        match &node.0.value {
            Value::Table(entries) => Some(entries),
            _ => self.wrong_type(node, wanted),
        }
    }

    /// The keys of a section that the table has. Those that the section does not have are mistakes.
    pub(crate) fn known_keys(&mut self, entries: &[Entry], section: &'static Section) {
        let keys = section.keys();
        let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
        for entry in entries.iter().filter(|entry| !names.contains(&entry.key.as_str())) {
            let title = format!("unknown key `{}`", entry.key);
            let mut mistake = Mistake::new(&codes::UNKNOWN_KEY, title).at(entry.place.clone());
            mistake = match nearest(&entry.key, names.iter().copied()) {
                Some(near) => mistake.help(format!("did you mean `{near}`?")),
                None if keys.len() > MOST_LISTED => mistake
                    .help(format!("`serverwamp config explain {}` lists those that there are", section.name)),
                None => mistake.help(format!("{} are: {}", section.title(), list(&keys))),
            };
            self.mistakes.add(mistake);
        }
    }

    /// Notes that a word is none of those that are allowed.
    pub(crate) fn no_such_word<T>(&mut self, node: &NodeRef<'_>, word: &str, words: &[&str]) -> Option<T> {
        let title = format!("expected {}, found {word:?}", one_of(words));
        let mistake = Mistake::new(&codes::WRONG_VALUE, title).at(node.0.place.clone());
        let near = nearest(word, words.iter().copied());
        self.mistake(near.into_iter().fold(mistake, |it, near| it.help(format!("did you mean {near:?}?"))))
    }

    /// The one key that a table of alternatives has.
    pub(crate) fn only_key<'n>(
        &mut self,
        node: &NodeRef<'n>,
        entries: &'n [Entry],
        section: &'static Section,
    ) -> Option<&'n Entry> {
        let keys = section.keys();
        match entries {
            [entry] => Some(entry),
            [] => {
                let title = format!("{} needs one of {}", section.article(), list(&keys));
                self.mistake(Mistake::new(&codes::ONE_OF, title).at(node.0.place.clone()))
            }
            [first, second, ..] => {
                let title =
                    format!("{} has `{}` and `{}`: one of both", section.article(), first.key, second.key);
                let mistake = Mistake::new(&codes::ONE_OF, title).at(second.place.clone());
                self.mistake(
                    mistake
                        .related(Some(&first.place), "the first")
                        .help("write a table of its own for each"),
                )
            }
        }
    }

    /// The value of a key, if the table has the key and its value can be read.
    pub(crate) fn key<T: Setting>(&mut self, entries: &[Entry], name: &str) -> Option<At<T>> {
        let entry = entries.iter().find(|entry| entry.key == name)?;
        let value = T::read(&NodeRef(&entry.node), self)?;
        Some(At::new(value, Some(entry.node.place.clone())))
    }

    /// The value of a key that has no default.
    pub(crate) fn required<T: Setting>(
        &mut self,
        node: &NodeRef<'_>,
        entries: &[Entry],
        name: &str,
        section: &'static Section,
    ) -> Option<At<T>> {
        let Some(entry) = entries.iter().find(|entry| entry.key == name) else {
            let title = format!("`{name}` is missing in {}", section.article());
            let mistake = Mistake::new(&codes::MISSING_KEY, title).at(node.0.place.clone());
            self.mistakes.add(mistake.help(format!("it takes {}", T::shape().words())));
            return T::instead(None).map(At::default_of);
        };
        let node = NodeRef(&entry.node);
        let value = T::read(&node, self).or_else(|| T::instead(Some(&node)))?;
        Some(At::new(value, Some(entry.node.place.clone())))
    }
}

/// The names of keys, for people.
fn list(keys: &[Key]) -> String {
    let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
    names.join(", ")
}
