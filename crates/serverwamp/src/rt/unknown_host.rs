//! The failure to find the address of a host, told apart from all others on the way to a connection.

use std::io;

/// A host name without an address: the error within the [`io::Error`] of [`Runtime::connect`](super::Runtime::connect).
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UnknownHost(io::Error);

impl UnknownHost {
    /// The fault of the look-up, as the error of `connect`.
    pub fn error(lookup: io::Error) -> io::Error {
        io::Error::new(lookup.kind(), Self(lookup))
    }

    /// Returns whether `error` was made by [`error`](Self::error).
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}
