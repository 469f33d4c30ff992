//! What a bounded store answers when it takes no more.

/// A store has as much as it may hold, and nothing was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("full")]
pub struct Full;
