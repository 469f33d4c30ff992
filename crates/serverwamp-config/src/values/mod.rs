//! The types of values: what each takes, how it is read, and how it is shown.

mod address;
mod bytes;
mod choice;
mod listed;
mod number;
mod secret;
mod text;
mod time;

pub use address::Address;
pub(crate) use bytes::BYTES_PATTERN;
pub use bytes::Bytes;
pub(crate) use choice::{alternatives, choice};
pub use listed::{Named, OneOrMore};
pub use number::Number;
pub use secret::{Secret, SecretSource};
pub use text::{FilePath, HttpPath, Mode, RealmName, RealmNames, Text, UriPattern};
pub(crate) use time::DURATION_PATTERN;
pub use time::Time;

/// A count of at least 0.
pub type Count = Number<0, { usize::MAX as u64 }>;
/// A count of at least 1.
pub type Positive = Number<1, { usize::MAX as u64 }>;
