//! The limits of an outbox, in bytes and in messages.
//!
//! Messages are limited beside bytes because each of them costs something however short it is, most of all the peer, who
//! has to handle it.

use std::time::Duration;

use super::Class;
use crate::Overflow;

/// The bytes that a sender is expected to send after its pause.
const EACH: usize = 64 * 1024;

/// The limits of an outbox, and the treatment of excess.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct OutboxBounds {
    /// Bytes of all messages.
    pub(crate) queued: usize,
    /// The number of messages.
    pub(crate) messages: usize,
    /// Bytes of one message; the peer may take less.
    pub(crate) message: usize,
    /// The treatment of events that do not fit.
    pub(crate) overflow: Overflow,
    /// The rate at which the peer has to accept what waits.
    pub(crate) drain: DrainRate,
}

impl OutboxBounds {
    /// The same with room for at most so many bytes, also in one message.
    pub(crate) fn at_most(self, bytes: Option<usize>) -> Self {
        let most = bytes.unwrap_or(usize::MAX);
        Self { queued: self.queued.min(most), message: self.message.min(most), ..self }
    }
}

/// The rate at which a peer has to accept what waits, where much does: so many bytes in each such time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct DrainRate {
    pub(crate) bytes: usize,
    pub(crate) time: Duration,
}

/// Something that waits or may wait.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Amount {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

impl Amount {
    /// Returns whether this exceeds `bound` in anything.
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

/// The amount that may wait for one peer.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) full: Amount,
    /// The room for refusable messages, and for events that are dropped when they do not fit: the rest is for messages that
    /// cannot be refused.
    lower: Amount,
    /// The room for answers to calls: the rest is for the errors sent in their place, and for GOODBYE.
    answers: Amount,
    /// Beyond this, and what may be borrowed, senders pause.
    mark: Amount,
    /// The amount that has to be written until they go on.
    relief: usize,
    /// Below this, more may be produced.
    pub(super) soft: Amount,
    /// Below this, the pressure is over.
    calm: Amount,
    pub(super) drain: DrainRate,
}

impl Room {
    pub(super) fn new(bounds: &OutboxBounds) -> Self {
        let OutboxBounds { queued: bytes, messages, drain, .. } = *bounds;
        let without = |part| Amount { bytes: bytes - bytes / part, messages: messages - messages / part };
        let soft = Amount { bytes: bytes / 4, messages: (messages / 4).max(1) };
        Self {
            full: Amount { bytes, messages },
            lower: without(8),
            answers: without(16),
            mark: without(2),
            relief: drain.bytes.min(bytes / 8),
            soft,
            // To come out of it again, a peer has to take as much as it has to take in any case.
            calm: Amount {
                bytes: soft.bytes - drain.bytes.min(soft.bytes / 2),
                messages: soft.messages - soft.messages / 4,
            },
            drain,
        }
    }

    /// The amount that may wait after a message of this class was added.
    #[inline]
    pub(super) const fn bound(&self, class: Class, overflow: Overflow) -> Amount {
        match class {
            Class::Required => self.full,
            Class::Answer => self.answers,
            Class::Event if matches!(overflow, Overflow::DropNewestEvent) => self.lower,
            Class::Event => self.full,
            Class::Refusable => self.lower,
        }
    }

    /// Returns whether the queue is short enough to produce more.
    #[inline]
    pub(super) const fn is_there(&self, waiting: Amount) -> bool {
        waiting.bytes < self.soft.bytes && waiting.messages < self.soft.messages
    }

    /// Do senders pause, where so much may be borrowed without?
    pub(super) const fn is_beyond_mark(&self, waiting: Amount, allowance: usize) -> bool {
        waiting.bytes > self.mark.bytes.saturating_add(allowance) || waiting.messages > self.mark.messages
    }

    /// Do senders that have paused go on pausing?
    pub(super) const fn is_beyond_relief(&self, waiting: Amount, allowance: usize) -> bool {
        self.is_beyond_mark(Amount { bytes: waiting.bytes + self.relief, ..waiting }, allowance)
    }

    /// Returns how many senders may go on at once: at least one.
    pub(super) const fn senders(&self, waiting: Amount, allowance: usize) -> usize {
        let free = self.mark.bytes.saturating_add(allowance).saturating_sub(waiting.bytes);
        if free < 2 * EACH { 1 } else { free / EACH }
    }

    /// Returns whether the pressure is over.
    pub(super) const fn is_calm(&self, waiting: Amount) -> bool {
        waiting.bytes <= self.calm.bytes && waiting.messages <= self.calm.messages
    }

    /// Beyond so many bytes something is borrowed.
    pub(super) const fn lent_from(&self) -> usize {
        self.lower.bytes
    }

    /// The amount that is dropped at once for this excess, because everything after it has to move.
    pub(super) const fn at_once(&self, excess: Amount) -> Amount {
        Amount {
            bytes: if excess.bytes > 0 { self.full.bytes / 4 } else { 0 },
            messages: if excess.messages > 0 { self.full.messages / 4 } else { 0 },
        }
    }
}
