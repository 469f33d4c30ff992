//! Errors of readers and of serde, as those of arguments.

use super::ArgumentsError;
use crate::codec::DecodeError;
use crate::codec::de::shortened;
use serde::de;
use std::fmt;

impl From<DecodeError> for ArgumentsError {
    fn from(error: DecodeError) -> Self {
        Self(error.reason.into_owned())
    }
}

/// Serde's errors about the arguments as a whole; its errors about one argument are a `DecodeError` first.
impl de::Error for ArgumentsError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(shortened(message))
    }
    fn missing_field(field: &'static str) -> Self {
        Self(format!("missing argument `{field}`"))
    }
    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self(shortened(format_args!("unexpected keyword argument `{field}`")))
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self(format!("`{field}` given more than once"))
    }
}
