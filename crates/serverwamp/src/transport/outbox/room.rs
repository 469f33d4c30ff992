//! How much may wait for one peer, in bytes and in messages.
//!
//! Messages are limited beside bytes because each of them costs something however short it is, most of all the peer, who
//! has to handle it.

use super::Class;
use crate::base::limits::{Limits, Overflow};

/// How much may wait, and what becomes of the rest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OutboxBounds {
    /// Bytes of all messages.
    pub(crate) queued: usize,
    /// How many messages.
    pub(crate) messages: usize,
    /// Bytes of one message; the peer may take less.
    pub(crate) message: usize,
    /// What becomes of events that do not fit.
    pub(crate) overflow: Overflow,
}

impl Limits {
    /// What may wait for one session's peer. Everybody who makes an outbox for a session asks here.
    pub(crate) fn bounds(&self) -> OutboxBounds {
        OutboxBounds {
            queued: self.outgoing_bytes,
            messages: self.outgoing_messages,
            message: self.outgoing_message_bytes,
            overflow: self.overflow,
        }
    }
}

/// Something that waits or may wait.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Amount {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

impl Amount {
    /// Does this exceed `bound` in anything?
    #[inline]
    pub(super) const fn exceeds(self, bound: Self) -> bool {
        self.bytes > bound.bytes || self.messages > bound.messages
    }

    /// By how much this is more than `bound`.
    pub(super) const fn beyond(self, bound: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(bound.bytes),
            messages: self.messages.saturating_sub(bound.messages),
        }
    }

    /// The larger of each.
    pub(super) fn max(self, other: Self) -> Self {
        Self { bytes: self.bytes.max(other.bytes), messages: self.messages.max(other.messages) }
    }
}

/// How much may wait for one peer.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) full: Amount,
    /// What refusable messages may fill, and events that are dropped when they do not fit: the rest is for messages that
    /// cannot be refused.
    lower: Amount,
    /// Below this, more may be produced.
    soft: Amount,
}

impl Room {
    pub(super) fn new(bounds: &OutboxBounds) -> Self {
        let OutboxBounds { queued: bytes, messages, .. } = *bounds;
        Self {
            full: Amount { bytes, messages },
            lower: Amount { bytes: bytes - bytes / 8, messages: messages - messages / 8 },
            soft: Amount { bytes: bytes / 4, messages: (messages / 4).max(1) },
        }
    }

    /// How much may wait when a message of this class has been added.
    #[inline]
    pub(super) const fn bound(&self, class: Class, overflow: Overflow) -> Amount {
        match class {
            Class::Required => self.full,
            Class::Event if matches!(overflow, Overflow::DropNewestEvent) => self.lower,
            Class::Event => self.full,
            Class::Refusable => self.lower,
        }
    }

    /// Does so little wait that more may be produced?
    #[inline]
    pub(super) const fn is_there(&self, waiting: Amount) -> bool {
        waiting.bytes < self.soft.bytes && waiting.messages < self.soft.messages
    }

    /// How much goes at once when something of this excess has to go, because everything behind has to move.
    pub(super) const fn at_once(&self, excess: Amount) -> Amount {
        Amount {
            bytes: if excess.bytes > 0 { self.full.bytes / 4 } else { 0 },
            messages: if excess.messages > 0 { self.full.messages / 4 } else { 0 },
        }
    }
}
