//! The limits of an outbox that an application has configured.

use super::{DrainRate, OutboxBounds};
use crate::base::limits::Limits;

impl Limits {
    /// The limits of the outbox of a session. All outboxes of sessions are made with them.
    pub(crate) fn bounds(&self) -> OutboxBounds {
        OutboxBounds {
            queued: self.outgoing_bytes,
            messages: self.outgoing_messages,
            message: self.outgoing_message_bytes,
            overflow: self.overflow,
            drain: DrainRate { bytes: self.drain_bytes, time: self.drain_time },
        }
    }
}
