//! The tree of a file: values, each with the place where it stands.
//!
//! In: TOML text. Out: tables, lists and values in the order of the file, and what is not TOML as mistakes. The tree is our own, and
//! not that of the TOML crate, because values of the environment are put into it, which stand in no file.

use crate::codes;
use crate::mistake::{Mistake, Mistakes};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a place is in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Source {
    /// The configuration file.
    File,
    /// A variable of the environment, by name.
    Variable(String),
}

/// Where something stands: bytes of the file, or of the value of a variable.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// The bytes of it.
    pub span: Range<usize>,
}

impl Place {
    pub(crate) const fn in_file(span: Range<usize>) -> Self {
        Self { source: Source::File, span }
    }
}

/// A value and its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
}

/// What TOML has, without dates: no key takes one.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Integer(i128),
    Float,
    Boolean(bool),
    Date,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

impl Value {
    /// The name of the type, with its article.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Integer(_) => "an integer",
            Self::Float => "a number with a fraction",
            Self::Boolean(_) => "a boolean",
            Self::Date => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// Reads a file. What is not TOML is a mistake, and the rest is read all the same.
pub(crate) fn parse(text: &str, mistakes: &mut Mistakes) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // The parser says "end of input" by an empty span behind the last byte.
        let span = error.span().unwrap_or(text.len()..text.len());
        mistakes.add(
            Mistake::new(&codes::SYNTAX, format!("this is not TOML: {}", error.message()))
                .at(Place::in_file(span)),
        );
    }
    let place = Place::in_file(table.span());
    Node { value: Value::Table(entries(table.get_ref())), place }
}

/// Reads the value of a variable: TOML, or else the text as it is, so that nobody has to quote twice.
pub(crate) fn parse_variable(name: &str, text: &str) -> Node {
    let whole = 0..text.len();
    let parsed = DeValue::parse(text).ok().filter(|value| !matches!(value.get_ref(), DeValue::Datetime(_)));
    let mut read = parsed.map_or_else(
        || Node { value: Value::Text(text.to_owned()), place: Place::in_file(whole.clone()) },
        |value| node(&value),
    );
    read.place.span = whole;
    read.set_source(&Source::Variable(name.to_owned()));
    read
}

/// The value of a variable as the text that it is.
pub(crate) fn variable_text(name: &str, text: &str) -> Node {
    let place = Place { source: Source::Variable(name.to_owned()), span: 0..text.len() };
    Node { value: Value::Text(text.to_owned()), place }
}

impl Node {
    fn set_source(&mut self, source: &Source) {
        self.place.source = source.clone();
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.set_source(source)),
            Value::Table(entries) => entries.iter_mut().for_each(|entry| {
                entry.place.source = source.clone();
                entry.node.set_source(source);
            }),
            _ => {}
        }
    }
}

fn entries(table: &DeTable<'_>) -> Vec<Entry> {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &Spanned<std::borrow::Cow<'_, str>> = key;
        Entry { key: key.get_ref().to_string(), place: Place::in_file(key.span()), node: node(value) }
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.place.span.start);
    entries
}

fn node(value: &Spanned<DeValue<'_>>) -> Node {
    let place = Place::in_file(value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => {
            // Beyond 128 bits nothing is in any range; the reader says which range it is.
            Value::Integer(i128::from_str_radix(number.as_str(), number.radix()).unwrap_or(i128::MAX))
        }
        DeValue::Float(_) => Value::Float,
        DeValue::Boolean(whether) => Value::Boolean(*whether),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(items.iter().map(node).collect()),
        DeValue::Table(table) => Value::Table(entries(table)),
    };
    Node { value, place }
}
