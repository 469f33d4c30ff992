//! The faults of a program's own set-up, all at once.

use std::fmt;
use std::panic::Location;

/// Everything that is wrong with an application's set-up, each with the line of your program it comes from.
#[derive(Clone, Debug)]
pub struct ConfigError {
    pub(crate) problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    place: &'static Location<'static>,
    text: String,
}

impl Problem {
    pub(crate) fn new(place: &'static Location<'static>, text: String) -> Self {
        Self { place, text }
    }
}

impl ConfigError {
    /// The problems, each as `file:line: text`.
    pub fn problems(&self) -> impl Iterator<Item = String> {
        self.problems.iter().map(ToString::to_string)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.place.file(), self.place.line(), self.text)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the application cannot be built")?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
