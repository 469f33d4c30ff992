//! Random ids, drawn from the operating system's generator in batches.

use serverwamp_proto::id::{PublicationId, SessionId};
use std::cell::RefCell;

/// Ids of the global scope: unguessable, so knowing one says nothing of others (checklist ID-02).
///
/// Each thread draws batches of its own, so that no thread waits for another one, nor for the operating system on its behalf.
#[derive(Debug, Default)]
pub(crate) struct RandomIds;

/// One call to the operating system serves this many ids.
const BATCH: usize = 64;

thread_local! {
    /// What the thread has drawn, and how many of these nobody has got yet.
    static POOL: RefCell<([u64; BATCH], usize)> = const { RefCell::new(([0; BATCH], 0)) };
}

impl RandomIds {
    pub(crate) fn bits(&self) -> u64 {
        POOL.with_borrow_mut(|(pool, left)| {
            if *left == 0 {
                let mut bytes = [0_u8; BATCH * 8];
                getrandom::fill(&mut bytes).expect("the operating system has random numbers");
                let (words, _) = bytes.as_chunks::<8>();
                for (place, word) in pool.iter_mut().zip(words) {
                    *place = u64::from_ne_bytes(*word);
                }
                *left = BATCH;
            }
            *left -= 1;
            pool[*left]
        })
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
