//! Why a message was not queued.

use std::convert::Infallible;

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PushError<E = Infallible> {
    /// The connection ends or has ended.
    #[error("connection is closed")]
    Closed,
    /// The message is longer than the peer takes; the connection goes on.
    #[error("the message is longer than the peer takes")]
    TooLong,
    /// The message could not be encoded; nothing of it is in the outbox.
    #[error(transparent)]
    Encode(#[from] E),
}

/// Why a message that may be refused was not queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum Refused {
    /// It does not fit; the connection goes on.
    #[error("too much waits for the peer")]
    Full,
    /// It is longer than the peer takes; the connection goes on.
    #[error("the message is longer than the peer takes")]
    TooLong,
    /// The connection ends or has ended.
    #[error("connection is closed")]
    Closed,
}

/// Why a message was not added.
pub(super) enum Failure<E> {
    Encode(E),
    Refused(Refused),
}

impl<E> From<Refused> for Failure<E> {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl<E> From<Failure<E>> for PushError<E> {
    fn from(failure: Failure<E>) -> Self {
        match failure {
            Failure::Encode(error) => Self::Encode(error),
            Failure::Refused(Refused::TooLong) => Self::TooLong,
            Failure::Refused(Refused::Full | Refused::Closed) => Self::Closed,
        }
    }
}

impl From<Failure<Infallible>> for Refused {
    fn from(failure: Failure<Infallible>) -> Self {
        match failure {
            Failure::Refused(refused) => refused,
        }
    }
}

#[inline]
pub(super) fn infallible(
    encode: impl FnOnce(&mut Vec<u8>),
) -> impl FnOnce(&mut Vec<u8>) -> Result<(), Infallible> {
    |out| {
        encode(out);
        Ok(())
    }
}
