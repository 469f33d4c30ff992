//! Random ids, drawn from the operating system's generator in batches.

use crate::base::locks::Mutex;
use serverwamp_proto::id::{PublicationId, SessionId};
use std::sync::PoisonError;

/// Ids of the global scope: unguessable, so knowing one says nothing of others (checklist ID-02).
#[derive(Debug, Default)]
pub(crate) struct RandomIds {
    pool: Mutex<Vec<u64>>,
}

/// One call to the operating system serves this many ids.
const BATCH: usize = 64;

impl RandomIds {
    pub(crate) fn bits(&self) -> u64 {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(bits) = pool.pop() {
                return bits;
            }
            let mut bytes = [0_u8; BATCH * 8];
            getrandom::fill(&mut bytes).expect("the operating system has random numbers");
            let (words, _) = bytes.as_chunks::<8>();
            pool.extend(words.iter().map(|word| u64::from_ne_bytes(*word)));
        }
    }

    pub(crate) fn session(&self) -> SessionId {
        SessionId::random(self.bits())
    }

    pub(crate) fn publication(&self) -> PublicationId {
        PublicationId::random(self.bits())
    }
}

/// An id that ties a peer's "internal error" to the log.
pub(crate) fn incident() -> String {
    let bits = getrandom::u32().unwrap_or_default();
    format!("{bits:08x}")
}
