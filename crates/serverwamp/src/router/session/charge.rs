//! Payloads that are kept on behalf of a session, counted: together they stay within what may wait for it to be sent.

use super::RouterSession;
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::peering::{ChargedPayload, Charger};
use serverwamp_proto::payload::Payload;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Arguments below this are not counted while a handler has them: a call costs as much without them, and how many calls
/// there may be is a limit of its own.
const SHORT: usize = 1024;

/// Bytes that count among what their session makes the server keep, until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    bytes: usize,
    session: Arc<RouterSession>,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.session.held_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Charger for RouterSession {
    fn discharge(&self, bytes: usize) {
        self.held_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl RouterSession {
    /// Keeps a payload; `None` when the session makes the server keep too much already.
    pub(crate) fn charge_copy(self: &Arc<Self>, payload: &Payload) -> Option<ChargedPayload> {
        let most = self.limits.outgoing_bytes;
        let add = |held: usize| held.checked_add(payload.size()).filter(|sum| *sum <= most);
        let held = &self.held_bytes;
        held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        let charger: Arc<Self> = Arc::clone(self);
        Some(ChargedPayload::new(payload, charger))
    }

    /// Charges a call's arguments to the session until the application's handler has answered. Short arguments are free. The
    /// first may be as long as a message: a session that holds nothing else is never refused.
    ///
    /// # Errors
    /// When the session makes the server keep too much already.
    pub(crate) fn charge(self: &Arc<Self>, payload: &Payload) -> Result<Option<Charge>, WampError> {
        self.charge_bytes(payload.size())
    }

    /// The same for a message that is kept as it came.
    ///
    /// # Errors
    /// As for [`charge`](Self::charge).
    pub(crate) fn charge_bytes(self: &Arc<Self>, bytes: usize) -> Result<Option<Charge>, WampError> {
        if bytes < SHORT {
            return Ok(None);
        }
        let most = self.limits.outgoing_bytes;
        let add = |held: usize| held.checked_add(bytes).filter(|sum| held == 0 || *sum <= most);
        match self.held_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(Some(Charge { bytes, session: Arc::clone(self) })),
            Err(held) => {
                let text = format!(
                    "this session's unanswered calls hold {held} bytes of arguments; the limit is {most}"
                );
                self.running_realm().context.counters.refused(Refusal::CallArguments, self, &text);
                Err(WampError::unavailable(text))
            }
        }
    }
}
