//! Texts that have a form: names, files, patterns of URIs.

use crate::node::Value;
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;
use serverwamp::{RoutePattern, prefix, wildcard};
use std::path::{Path, PathBuf};

/// The text of a node, if it is one.
pub(crate) fn text<'n>(node: &NodeRef<'n>, reading: &mut Reading<'_>, wanted: &Shape) -> Option<&'n str> {
    match &node.0.value {
        Value::Text(text) if text.is_empty() => {
            reading.wrong_value(node, format!("expected {}, found an empty string", wanted.words()))
        }
        Value::Text(text) => Some(text),
        _ => reading.wrong_type(node, wanted),
    }
}

/// Declares a type that is a text of a form, with what is read in place of a wrong one.
macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident($kind:literal, $pattern:expr, $check:expr $(, $instead:expr)?);)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(String);

        impl $name {
            /// The text, which is not checked: for defaults.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Setting for $name {
            fn shape() -> Shape {
                Shape::Text { kind: $kind, pattern: $pattern }
            }

            fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
                let text = text(node, reading, &Self::shape())?;
                let check: fn(&str) -> Result<(), String> = $check;
                match check(text) {
                    Ok(()) => Some(Self(text.to_owned())),
                    Err(why) => reading.wrong_value(node, why),
                }
            }

            $(
                fn instead(node: Option<&NodeRef<'_>>) -> Option<Self> {
                    Some(Self($instead(node)))
                }
            )?

            fn show(&self) -> String {
                format!("{:?}", self.0)
            }
        }
    )+};
}

texts! {
    /// Any text but the empty one.
    Text("a string", None, |_| Ok(()));

    /// The path of a URL.
    HttpPath("a path, such as `\"/ws\"`", Some("^/"), |text| {
        if text.starts_with('/') { Ok(()) } else { Err(format!("{text:?} is not a path: it starts with `/`")) }
    });

    /// The name of a realm.
    RealmName("the name of a realm, such as `\"realm1\"`", Some(r"^[^\s.#]+(\.[^\s.#]+)*$"), realm_name, as_written);

    /// A URI or a pattern of URIs: `*` at the end stands for whatever follows, `*` in place of a part for any part.
    UriPattern(
        "a URI, or a pattern such as `\"shop.*\"` or `\"shop.*.price\"`",
        Some(r"^(\*|[^\s.#]+)(\.(\*|[^\s.#]+))*$"),
        |text| UriPattern::new(text).pattern().map(drop)
    );

    /// The names of the realms of a template: a URI or a pattern, as [`UriPattern`].
    RealmNames(
        "a URI, or a pattern such as `\"shop.*\"` or `\"shop.*.price\"`",
        Some(r"^(\*|[^\s.#]+)(\.(\*|[^\s.#]+))*$"),
        realm_names,
        as_written
    );

    /// The mode of a file, in octal digits.
    Mode("the mode of a file in octal digits, such as `\"0660\"`", Some("^0?[0-7]{3}$"), |text| {
        Mode::new(text).bits().map(drop).ok_or_else(|| format!("{text:?} is not a mode: write three octal digits, such as \"0660\""))
    });
}

/// The name of a realm as it is written, right or wrong, or an empty one: without any, nothing else in the realm would be checked.
fn as_written(node: Option<&NodeRef<'_>>) -> String {
    match node.map(|node| &node.0.value) {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    }
}

fn realm_names(text: &str) -> Result<(), String> {
    not_of_administrators(text)?;
    UriPattern::new(text).pattern().map(drop)
}

/// The realm of the admin interface is made of `[admin]` and of nothing else: administrators give it their secrets.
fn not_of_administrators(text: &str) -> Result<(), String> {
    if text == serverwamp::Admin::REALM {
        return Err(format!("{text:?} is reserved: the realm of the admin interface is made of `[admin]`"));
    }
    Ok(())
}

fn realm_name(text: &str) -> Result<(), String> {
    not_of_administrators(text)?;
    if text.starts_with("wamp.") {
        return Err(format!("{text:?} is reserved: names that start with `wamp.` belong to the protocol"));
    }
    if text.contains('*') {
        return Err(format!(
            "{text:?} is no name of a single realm: realms whose names have a pattern are made of a `[[template]]`, with `names`"
        ));
    }
    if let Some(letter) = text.chars().find(|letter| letter.is_control()) {
        return Err(format!("{text:?} cannot be the name of a realm: {letter:?} cannot be seen"));
    }
    parts_are_valid(text)
}

/// Each part of a URI has at least one letter, and none that the specification forbids.
fn parts_are_valid(text: &str) -> Result<(), String> {
    if text.split('.').any(str::is_empty) {
        let parts: Vec<&str> = text.split('.').map(|part| if part.is_empty() { "*" } else { part }).collect();
        let pattern = parts.join(".");
        return Err(format!(
            "{text:?} is not a URI: a part between two dots is empty; the pattern for any part there is {pattern:?}"
        ));
    }
    match text.chars().find(|letter| letter.is_whitespace() || letter.is_control() || *letter == '#') {
        Some(letter) if letter.is_control() && !letter.is_whitespace() => {
            Err(format!("{text:?} is not what is meant: {letter:?} cannot be seen"))
        }
        Some(letter) => Err(format!("{text:?} is not a URI: {letter:?} is not allowed in one")),
        None => Ok(()),
    }
}

impl UriPattern {
    /// The pattern as the router has it.
    ///
    /// # Errors
    /// When it is none, with the reason.
    pub fn pattern(&self) -> Result<RoutePattern, String> {
        let text = self.as_str();
        if text == "*" {
            return Ok(prefix(""));
        }
        parts_are_valid(text)?;
        if let Some(part) = text.split('.').find(|part| part.len() > 1 && part.contains('*')) {
            return Err(format!(
                "{text:?} is not a pattern: `*` stands for a whole part, not for a piece of {part:?}"
            ));
        }
        match text.strip_suffix(".*") {
            Some(start) if start.split('.').any(|part| part == "*") => {
                Err(format!("{text:?} has `*` at its end and before: of these a pattern may have one kind"))
            }
            Some(start) => Ok(prefix(format!("{start}."))),
            None if text.contains('*') => Ok(wildcard(text.replace('*', ""))),
            None => Ok(RoutePattern::from(text)),
        }
    }
}

impl RealmNames {
    /// The pattern as the router has it.
    ///
    /// # Errors
    /// As for [`UriPattern::pattern`].
    pub fn pattern(&self) -> Result<RoutePattern, String> {
        UriPattern::new(self.as_str()).pattern()
    }
}

impl Mode {
    /// The bits.
    pub fn bits(&self) -> Option<u32> {
        let digits = self.as_str();
        let digits = if digits.len() == 4 { digits.strip_prefix('0')? } else { digits };
        let are_octal = digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        if digits.len() == 3 && are_octal { u32::from_str_radix(digits, 8).ok() } else { None }
    }
}

/// A file or folder. A relative one is looked for beside the configuration file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FilePath(PathBuf);

impl FilePath {
    /// The path as it is written.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path as it is written.
    pub fn written(&self) -> &Path {
        &self.0
    }

    /// The path, seen from the folder of the configuration file.
    pub fn beside(&self, folder: &Path) -> PathBuf {
        folder.join(&self.0)
    }
}

impl Setting for FilePath {
    fn shape() -> Shape {
        Shape::Text { kind: "a path, which is relative to the configuration file", pattern: None }
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        let text = text(node, reading, &Self::shape())?;
        if text.contains('\0') {
            return reading.wrong_value(node, "a path cannot have a NUL in it");
        }
        Some(Self(text.into()))
    }

    fn show(&self) -> String {
        format!("{:?}", self.0.display().to_string())
    }
}
