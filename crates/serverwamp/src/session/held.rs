//! Payloads that are kept on behalf of a session, counted: together they stay within what may wait for it to be sent.

use super::Session;
use serverwamp_proto::payload::Payload;
use std::sync::atomic::Ordering;

/// A payload in memory of its own that counts among what its session makes the server keep, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    payload: Payload,
    session: Session,
}

impl Held {
    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.session.0.held_bytes.fetch_sub(self.payload.size(), Ordering::Relaxed);
    }
}

impl Session {
    /// Keeps a payload; `None` when the session makes the server keep too much already.
    pub(crate) fn hold(&self, payload: &Payload) -> Option<Held> {
        let most = self.running_realm().limits.outgoing_bytes;
        let add = |held: usize| held.checked_add(payload.size()).filter(|sum| *sum <= most);
        let held = &self.0.held_bytes;
        held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        Some(Held { payload: payload.detached(), session: self.clone() })
    }
}
