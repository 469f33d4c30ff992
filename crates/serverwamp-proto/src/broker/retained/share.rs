//! The limits of retained events, their use, and the share that is exhausted.

use std::ops::{AddAssign, Sub, SubAssign};

/// An amount of retained events, allowed or used.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Share {
    /// The number of events.
    pub events: usize,
    /// The bytes of memory.
    pub bytes: usize,
}

impl Share {
    /// As much as one likes.
    pub const WHOLE: Self = Self { events: usize::MAX, bytes: usize::MAX };

    /// Returns whether one more event of this size stays within `limit`.
    pub(super) const fn admits(self, size: usize, limit: Self) -> bool {
        self.events < limit.events && size <= limit.bytes.saturating_sub(self.bytes)
    }

    /// The amount that events of these sizes use.
    pub(super) fn of(sizes: impl Iterator<Item = usize>) -> Self {
        let mut share = Self::default();
        sizes.for_each(|size| share += Self::one(size));
        share
    }

    pub(super) const fn one(size: usize) -> Self {
        Self { events: 1, bytes: size }
    }
}

impl AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.bytes += other.bytes;
    }
}

impl SubAssign for Share {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sub for Share {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            events: self.events.saturating_sub(other.events),
            bytes: self.bytes.saturating_sub(other.bytes),
        }
    }
}

/// The share that an event would exceed; nothing was changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Beyond {
    /// The share of the whole store.
    #[error("the limit of all retained events is reached")]
    Store,
    /// The share of its publisher.
    #[error("the limit of this session's retained events is reached")]
    Publisher,
    /// The share of its group of topics.
    #[error("the limit of these topics' retained events is reached")]
    Topics,
}
