//! Secrets, which do not stand in the file.

use crate::codes;
use crate::mistake::Mistake;
use crate::named_file::read_text;
use crate::node::{Source, Value};
use crate::reading::{NodeRef, Reading, Setting};
use crate::section::section;
use crate::shape::Shape;
use crate::values::{FilePath, Text};
use std::path::Path;
use zeroize::Zeroizing;

section! {
    /// Where a secret is: in a file of its own, or in a variable of the environment.
    pub struct SecretSource: "secret" {
        /// The file. One line feed at its end does not belong to the secret.
        live file: Option<FilePath> = None;
        /// The variable of the environment.
        restart env: Option<Text> = None;
    }
}

/// A secret: `{ file = "…" }` or `{ env = "…" }`; only in the environment also the secret itself.
#[derive(Clone, Eq, PartialEq)]
pub enum Secret {
    /// In a file.
    File(FilePath),
    /// In a variable of the environment.
    Variable(String),
    /// Given by the variable that stands for the key.
    Given(Zeroizing<String>),
}

/// Not the secret.
impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.show())
    }
}

impl Secret {
    /// The secret itself.
    ///
    /// # Errors
    /// When there is no such file or variable, or it is empty or no text; with what is wrong.
    pub fn load(&self, folder: &Path) -> Result<Zeroizing<String>, String> {
        let text = match self {
            Self::File(path) => {
                let path = path.beside(folder);
                let read = read_text(&path);
                read.map_err(|error| format!("cannot read the secret in {}: {error}", path.display()))?
            }
            Self::Variable(name) => {
                let read = std::env::var(name).map(Zeroizing::new);
                read.map_err(|error| match error {
                    std::env::VarError::NotPresent => {
                        format!("there is no secret in the environment variable {name}")
                    }
                    std::env::VarError::NotUnicode(_) => {
                        format!("the secret in the environment variable {name} is not UTF-8")
                    }
                })?
            }
            Self::Given(secret) => secret.clone(),
        };
        let secret = text.strip_suffix('\n').unwrap_or(&text);
        let secret = secret.strip_suffix('\r').unwrap_or(secret);
        if secret.is_empty() {
            return Err(format!("the secret of {} is empty", self.show()));
        }
        Ok(Zeroizing::new(secret.to_owned()))
    }
}

impl Setting for Secret {
    fn shape() -> Shape {
        SecretSource::shape()
    }

    fn read(node: &NodeRef<'_>, reading: &mut Reading<'_>) -> Option<Self> {
        if let Value::Text(secret) = &node.0.value {
            if matches!(node.0.place.source, Source::Variable(_)) {
                return Some(Self::Given(Zeroizing::new(secret.clone())));
            }
            let mistake = Mistake::new(&codes::SECRET_IN_FILE, "a secret does not belong into this file");
            return reading.mistake(mistake.at(node.0.place.clone()).hide_line().help(
                "write it into a file of its own, { file = \"…\" }, or take it from the environment, { env = \"…\" }",
            ));
        }
        let source = SecretSource::read(node, reading)?;
        match (source.file.value(), source.env.value()) {
            (Some(file), None) => Some(Self::File(file.clone())),
            (None, Some(name)) => Some(Self::Variable(name.as_str().to_owned())),
            _ => {
                let title = "a secret has `file` or `env`, one of both";
                reading.mistake(Mistake::new(&codes::ONE_OF, title).at(node.0.place.clone()))
            }
        }
    }

    fn show(&self) -> String {
        match self {
            Self::File(path) => format!("{{ file = {} }}", path.show()),
            Self::Variable(name) => format!("{{ env = {name:?} }}"),
            Self::Given(_) => "{ given by the environment }".to_owned(),
        }
    }
}
