//! Values of the environment, which stand in place of those of the file.
//!
//! `SERVERWAMP_` and the path of a key, with two underscores between the parts: `SERVERWAMP_LIMITS__CONNECTIONS=1000`,
//! `SERVERWAMP_LISTEN__0__ADDRESS=0.0.0.0:80`. One of a list is found by its number or by its name, whatever the case:
//! `SERVERWAMP_REALM__REALM1__RULES__META_API=false`.

use crate::codes;
use crate::mistake::{Mistake, Mistakes};
use crate::model::Config;
use crate::nearest::nearest;
use crate::node::{Entry, Node, Place, Source, Value, parse_variable, variable_text};
use crate::section::Section;
use crate::shape::Shape;
use crate::values::SecretSource;
use std::ffi::OsString;

/// What every variable of ours starts with.
const PREFIX: &str = "SERVERWAMP_";

/// The variables that belong to the program and not to a key.
const OTHERS: [&str; 2] = ["SERVERWAMP_CONFIG", "SERVERWAMP_CONTEXTS"];

/// Variables of the environment.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The names, and the texts.
    variables: Vec<(String, String)>,
    /// The names of those that are no text.
    not_text: Vec<String>,
}

impl Environment {
    /// None.
    pub const fn empty() -> Self {
        Self { variables: Vec::new(), not_text: Vec::new() }
    }

    /// Those of this process that are ours.
    pub fn of_process() -> Self {
        std::env::vars_os().collect()
    }

    /// The text of one of them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// The names of those that are set, in order; those last that are no text.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().map(|(name, _)| name).chain(&self.not_text).map(String::as_str)
    }

    /// Puts the values into the tree.
    pub(crate) fn put_into(&self, root: &mut Node, mistakes: &mut Mistakes) {
        for name in &self.not_text {
            let place = Place { source: Source::Variable(name.clone()), span: 0..0 };
            let title = format!("the environment variable {name} is not UTF-8");
            let mistake = Mistake::new(&codes::WRONG_TYPE, title).at(place).hide_line();
            mistakes.add(mistake.help("values are text, as they are in the file"));
        }
        for (name, text) in &self.variables {
            let parts: Vec<String> = name[PREFIX.len()..].split("__").map(str::to_ascii_lowercase).collect();
            let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
            let known = known(Config::SECTION, &parts);
            let put = known.and_then(|shape| {
                // What may be a secret is not taken for a number, nor printed as a wrong one.
                let secret = matches!(&shape, Some(Shape::Section(section)) if section.name == SecretSource::SECTION.name);
                let value = if secret && !text.starts_with('{') { variable_text(name, text) } else { parse_variable(name, text) };
                put(root, &parts, value)
            });
            if let Err(why) = put {
                let place = Place { source: Source::Variable(name.clone()), span: 0..0 };
                let title = format!("the environment variable {name} belongs to no key");
                mistakes.add(Mistake::new(&codes::UNKNOWN_VARIABLE, title).at(place).hide_line().help(why));
            }
        }
    }
}

/// Whether a variable is ours: not one of those that Kubernetes makes for a service that is called `serverwamp`.
fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| {
        let kubernetes = rest.starts_with("SERVICE_") || rest == "PORT" || rest.starts_with("PORT_");
        !kubernetes && !OTHERS.contains(&name)
    })
}

/// Ours alone.
impl FromIterator<(OsString, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (OsString, OsString)>>(variables: I) -> Self {
        let mut found = Self::empty();
        for (name, value) in variables {
            match (name.into_string(), value.into_string()) {
                (Ok(name), Ok(value)) if is_ours(&name) => found.variables.push((name, value)),
                (Ok(_), Ok(_)) => {}
                (name, _) => {
                    let name = name.unwrap_or_else(|name| name.to_string_lossy().into_owned());
                    found.not_text.extend(Some(name).filter(|name| is_ours(name)));
                }
            }
        }
        // `…__0__…` before `…__1__…`, so that a list can be made of variables alone.
        found.variables.sort();
        found.not_text.sort();
        found
    }
}

/// Ours alone.
impl FromIterator<(String, String)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(variables: I) -> Self {
        variables.into_iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }
}

/// What the key of a path takes; if there is no such key, what to do.
fn known(section: &'static Section, parts: &[&str]) -> Result<Option<Shape>, String> {
    let Some((first, mut rest)) = parts.split_first() else { return Ok(None) };
    let keys = section.keys();
    let Some(key) = keys.iter().find(|key| key.name == *first) else {
        let near = nearest(first, keys.iter().map(|key| key.name));
        return Err(match near {
            Some(near) => format!("did you mean {}?", near.to_ascii_uppercase()),
            None => format!(
                "there is no key `{first}` in {}; `serverwamp config env` lists the variables",
                section.article()
            ),
        });
    };
    let mut shape = &key.shape;
    loop {
        match shape {
            _ if rest.is_empty() => return Ok(Some(shape.clone())),
            Shape::Section(section) => return known(section, rest),
            Shape::List(each) | Shape::Map { each, .. } => {
                shape = each;
                rest = &rest[1..];
            }
            _ => return Err(format!("`{first}` has no keys of its own")),
        }
    }
}

/// Puts a value at a path, and makes what leads there.
fn put(node: &mut Node, parts: &[&str], value: Node) -> Result<(), String> {
    let Some((first, rest)) = parts.split_first() else {
        *node = value;
        return Ok(());
    };
    // What the path is to be made of is what its next part asks for: a number belongs to a list.
    let empty = |place: &Place| {
        let numbered = rest.first().is_some_and(|part| part.parse::<usize>().is_ok());
        let value = if numbered { Value::List(Vec::new()) } else { Value::Table(Vec::new()) };
        Node { value, place: place.clone() }
    };
    match &mut node.value {
        Value::Table(entries) => {
            let found = entries.iter().position(|entry| entry.key.eq_ignore_ascii_case(first));
            let at = found.unwrap_or_else(|| {
                let place = value.place.clone();
                entries.push(Entry { key: (*first).to_owned(), node: empty(&place), place });
                entries.len() - 1
            });
            put(&mut entries[at].node, rest, value)
        }
        Value::List(items) => {
            let named = items.iter().position(|item| is_named(item, first));
            let at = match named.or_else(|| first.parse().ok()) {
                Some(at) if at < items.len() => at,
                Some(at) if at == items.len() => {
                    items.push(empty(&value.place));
                    at
                }
                Some(_) => {
                    let (are, count) = (if items.len() == 1 { "is" } else { "are" }, items.len());
                    return Err(format!("there {are} {count}, numbered from 0: number {count} is the next"));
                }
                None => return Err(format!("none of them is called `{first}`")),
            };
            put(&mut items[at], rest, value)
        }
        other => Err(format!("{} has no keys of its own", other.kind())),
    }
}

/// Whether one of a list is called so.
fn is_named(item: &Node, name: &str) -> bool {
    let Value::Table(entries) = &item.value else { return false };
    let identities = ["name", "names", "address", "uri"];
    entries.iter().filter(|entry| identities.contains(&entry.key.as_str())).any(|entry| {
        match &entry.node.value {
            Value::Text(text) => text.eq_ignore_ascii_case(name),
            _ => false,
        }
    })
}
