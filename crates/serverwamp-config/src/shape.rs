//! What a key takes, as data: for the JSON Schema, the reference page and `config explain`.

use crate::section::Section;
use serde_json::{Map, Value, json};

/// What a key takes.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A text.
    Text {
        /// What kind of text, for people: "a URI", "a file".
        kind: &'static str,
        /// A regular expression that it matches, for editors.
        pattern: Option<&'static str>,
    },
    /// A whole number.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    OneOf(&'static [&'static str]),
    /// A number of bytes, as a number or as text with a unit.
    Bytes,
    /// A time, as text with units.
    Duration,
    /// Any number of values.
    List(Box<Self>),
    /// Values by name.
    Map {
        /// What the names are.
        names: Box<Self>,
        /// What each has.
        each: Box<Self>,
    },
    /// A table with keys of its own.
    Section(&'static Section),
    /// Any of these.
    Either(Vec<Self>),
}

impl Shape {
    /// In words, for people: "a list of URIs".
    pub fn words(&self) -> String {
        match self {
            Self::Text { kind, .. } => (*kind).to_owned(),
            Self::Integer { min, max } if *max == u64::MAX => format!("a number of at least {min}"),
            Self::Integer { min, max } => format!("a number from {min} to {max}"),
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::OneOf(words) => one_of(words),
            Self::Bytes => "bytes, such as `65536` or `\"64 KiB\"`".to_owned(),
            Self::Duration => "a time, such as `\"1m 30s\"`".to_owned(),
            Self::List(each) => format!("a list; each {}", each.words()),
            Self::Map { names, each } => {
                format!("a table; each name {}; each value {}", names.words(), each.words())
            }
            Self::Section(section) => format!("a table, see `{}`", section.name),
            Self::Either(shapes) => {
                let words: Vec<String> = shapes.iter().map(Self::words).collect();
                words.join(", or ")
            }
        }
    }

    /// The section whose keys stand below a key of this shape.
    pub fn section(&self) -> Option<&'static Section> {
        match self {
            Self::Section(section) => Some(section),
            Self::List(each) | Self::Map { each, .. } => each.section(),
            Self::Either(shapes) => shapes.iter().find_map(Self::section),
            _ => None,
        }
    }

    /// As JSON Schema. Sections become references to definitions, which the schema collects.
    pub(crate) fn schema(&self, sections: &mut Vec<&'static Section>) -> Value {
        match self {
            Self::Text { pattern, .. } => {
                let mut schema = Map::from_iter([("type".to_owned(), json!("string"))]);
                schema.extend(pattern.map(|pattern| ("pattern".to_owned(), json!(pattern))));
                Value::Object(schema)
            }
            Self::Integer { min, max } if *max == u64::MAX => json!({"type": "integer", "minimum": min}),
            Self::Integer { min, max } => json!({"type": "integer", "minimum": min, "maximum": max}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::OneOf(words) => json!({"enum": words}),
            Self::Bytes => json!({"anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": crate::values::BYTES_PATTERN},
            ]}),
            Self::Duration => json!({"type": "string", "pattern": crate::values::DURATION_PATTERN}),
            Self::List(each) => json!({"type": "array", "items": each.schema(sections)}),
            Self::Map { each, .. } => {
                json!({"type": "object", "additionalProperties": each.schema(sections)})
            }
            Self::Section(section) => {
                if !sections.iter().any(|known| known.name == section.name) {
                    sections.push(section);
                }
                json!({"$ref": format!("#/$defs/{}", section.name)})
            }
            Self::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| shape.schema(sections)).collect();
                json!({"anyOf": shapes})
            }
        }
    }
}

/// "`a`, `b` or `c`".
pub(crate) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}
