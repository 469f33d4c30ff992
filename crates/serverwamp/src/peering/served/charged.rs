//! Payloads that are kept on behalf of a session, and count until they are dropped.

use serverwamp_proto::payload::Payload;
use std::fmt;
use std::sync::Arc;

/// The session that kept bytes count against.
pub(crate) trait Charger: Send + Sync {
    /// These bytes are kept no longer.
    fn discharge(&self, bytes: usize);
}

/// A payload in memory of its own that counts among what is kept on behalf of its session, until it is dropped.
pub(crate) struct ChargedPayload {
    payload: Payload,
    charger: Arc<dyn Charger>,
}

impl ChargedPayload {
    /// Copies a payload whose bytes `charger` has counted.
    pub(crate) fn new(payload: &Payload, charger: Arc<dyn Charger>) -> Self {
        Self { payload: payload.detached(), charger }
    }

    pub(crate) fn payload(&self) -> &Payload {
        &self.payload
    }
}

impl Drop for ChargedPayload {
    fn drop(&mut self) {
        self.charger.discharge(self.payload.size());
    }
}

impl fmt::Debug for ChargedPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ChargedPayload").field(&self.payload).finish()
    }
}
