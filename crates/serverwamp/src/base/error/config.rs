//! The faults of a program's own set-up, all at once.

use std::fmt;
use std::panic::Location;

/// Everything that is wrong with an application's set-up, with changes of its realms, or with what a client is to serve, each with the line of your program it comes from.
///
/// `Debug` says the same as `Display`: it is what Rust prints of an error that `main` returns.
#[derive(Clone)]
pub struct ConfigError {
    pub(crate) problems: Vec<Problem>,
    /// What cannot be.
    what: &'static str,
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
    /// The application cannot be built.
    pub(crate) fn of_application(problems: Vec<Problem>) -> Self {
        Self { problems, what: "the application cannot be built" }
    }

    /// Changes of realms cannot be applied.
    pub(crate) fn of_realms(problems: Vec<Problem>) -> Self {
        Self { problems, what: "the realms cannot be changed" }
    }

    /// The settings of an application that serves cannot be changed.
    pub(crate) fn of_settings(problems: Vec<Problem>) -> Self {
        Self { problems, what: "the settings cannot be changed" }
    }

    /// Routes cannot be served by a client.
    pub(crate) fn of_client(problems: Vec<Problem>) -> Self {
        Self { problems, what: "the client cannot serve these routes" }
    }

    /// The texts of the problems in one line, for the log of a program that runs: there it is no line of the program that is wrong.
    #[cfg(feature = "credentials")]
    pub(crate) fn without_places(&self) -> String {
        self.texts().collect::<Vec<_>>().join("; ")
    }

    /// The problems without the lines of the program: for one whose set-up comes from a file of its own.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.problems.iter().map(|problem| &*problem.text)
    }

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
        f.write_str(self.what)?;
        for problem in &self.problems {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_prints_of_an_error_is_its_text() {
        let error = ConfigError::of_application(vec![Problem::new(
            Location::caller(),
            "users.toml:2: no".to_owned(),
        )]);
        let printed = format!("{error:?}");
        assert_eq!(printed, error.to_string());
        assert!(printed.contains("config.rs:") && printed.ends_with(": users.toml:2: no"), "{printed}");
    }
}
