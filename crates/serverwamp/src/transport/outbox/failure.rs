//! Why a message was not queued.

use std::convert::Infallible;

/// Why a message was not queued.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum PushError<E = Infallible> {
    /// The connection ends or has ended.
    #[error("connection is closed")]
    Closed,
    /// It does not fit, and may be lost or refused; the connection goes on.
    #[error("the peer's queue is full")]
    Full,
    /// The message is longer than the peer accepts; the connection goes on.
    #[error("the message is longer than the peer accepts")]
    TooLong,
    /// The message could not be encoded; nothing of it is in the outbox.
    #[error(transparent)]
    Encode(#[from] E),
}

impl PushError {
    /// The same reason where encoding may fail as well.
    pub(super) const fn widen<E>(self) -> PushError<E> {
        match self {
            Self::Closed => PushError::Closed,
            Self::Full => PushError::Full,
            Self::TooLong => PushError::TooLong,
            Self::Encode(never) => match never {},
        }
    }
}

/// An encoding that cannot fail as one that could.
#[inline]
pub(crate) fn infallible(
    encode: impl FnOnce(&mut Vec<u8>),
) -> impl FnOnce(&mut Vec<u8>) -> Result<(), Infallible> {
    |out| {
        encode(out);
        Ok(())
    }
}
