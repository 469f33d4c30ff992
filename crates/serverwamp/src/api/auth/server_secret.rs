//! The secrets of a server, from where operators keep them.

use super::Secret;
use crate::base::error::{ConfigError, Problem};
use std::panic::Location;
use std::path::Path;

/// Reads a secret from a file, such as that of [`auth_secret`](crate::ApplicationBuilder::auth_secret). One line break at the
/// end of the file does not belong to it.
///
/// # Errors
/// The file cannot be read, or is empty.
#[track_caller]
pub fn secret_from_file(path: impl AsRef<Path>) -> Result<Secret, ConfigError> {
    let path = path.as_ref();
    let place = Location::caller();
    let problem = |text: String| ConfigError::of_application(vec![Problem::new(place, text)]);
    let bytes = std::fs::read(path)
        .map(Secret::from)
        .map_err(|error| problem(format!("the secret cannot be read from {}: {error}", path.display())))?;
    without_line_break(bytes.expose())
        .ok_or_else(|| problem(format!("the file {} has no secret in it", path.display())))
}

/// Reads a secret from a variable of the environment. Prefer a file: the environment is inherited by child processes.
///
/// # Errors
/// The variable is not set, or empty.
#[track_caller]
pub fn secret_from_env(name: &str) -> Result<Secret, ConfigError> {
    let text = match std::env::var_os(name) {
        Some(value) => match without_line_break(value.as_encoded_bytes()) {
            Some(secret) => return Ok(secret),
            None => format!("the variable {name} of the environment is empty"),
        },
        None => format!("the variable {name} of the environment is not set"),
    };
    Err(ConfigError::of_application(vec![Problem::new(Location::caller(), text)]))
}

fn without_line_break(bytes: &[u8]) -> Option<Secret> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    (!bytes.is_empty()).then(|| Secret::new(bytes))
}

/// A secret that nobody knows.
pub(crate) fn random_secret() -> Secret {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    Secret::new(bytes)
}
