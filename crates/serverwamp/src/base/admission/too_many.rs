//! Why a connection is not let in, as its peer reads it.

use std::fmt;

/// The limit that a connection would exceed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum TooMany {
    /// [`Limits::connections`](crate::Limits::connections), which are this many.
    InAll(usize),
    /// [`Limits::connections_per_address`](crate::Limits::connections_per_address), which are this many.
    FromAddress(usize),
    /// [`Limits::unauthenticated`](crate::Limits::unauthenticated), which are this many.
    Unauthenticated(usize),
    /// [`Limits::unauthenticated_per_address`](crate::Limits::unauthenticated_per_address), which are this many.
    UnauthenticatedFromAddress(usize),
    /// [`Limits::transports_per_connection`](crate::Limits::transports_per_connection), which are this many.
    Transports(usize),
}

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InAll(limit) => write!(f, "too many connections: the server accepts {limit}"),
            Self::FromAddress(limit) => {
                write!(f, "too many connections from your address: the server accepts {limit}")
            }
            Self::Unauthenticated(limit) => {
                write!(f, "too many connections without a session: the server accepts {limit}")
            }
            Self::UnauthenticatedFromAddress(limit) => {
                write!(
                    f,
                    "too many connections without a session from your address: the server accepts {limit}"
                )
            }
            Self::Transports(limit) => {
                write!(f, "too many transports over one connection: the server accepts {limit}")
            }
        }
    }
}
