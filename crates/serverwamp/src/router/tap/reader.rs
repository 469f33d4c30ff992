//! The side of a tap that takes what was kept.

use super::{Tap, TappedMessage, Taps};
use crate::router::realm::RealmContext;
use serverwamp_proto::id::SessionId;
use std::sync::{Arc, PoisonError};

/// An open tap. It closes when this is dropped.
#[derive(Debug)]
pub(crate) struct TapReader {
    context: Arc<RealmContext>,
    tap: Arc<Tap>,
    /// The messages that came by before it was open, that were taken, and that were told to be unseen.
    accounted: u64,
}

/// What was kept since the last time.
#[derive(Debug)]
pub(crate) struct TapBatch {
    /// In the order in which they came; those of different threads nearly so.
    pub(crate) messages: Vec<TappedMessage>,
    /// The number of messages that came by and were not kept.
    pub(crate) unseen: u64,
}

impl TapReader {
    /// Opens a tap of a realm that keeps `most` messages each time; of one session, or of all. `None` if there are
    /// [too many](super::MOST_TAPS).
    pub(crate) fn open(context: &Arc<RealmContext>, session: Option<SessionId>, most: usize) -> Option<Self> {
        let tap = context.taps.open(session, most)?;
        let accounted = context.taps.seen_by(&tap);
        Some(Self { context: Arc::clone(context), tap, accounted })
    }

    /// Takes what was kept, and lets as much be kept again.
    pub(crate) fn take(&mut self) -> TapBatch {
        let kept = &self.tap.kept;
        let messages = std::mem::take(&mut *kept.lock().unwrap_or_else(PoisonError::into_inner));
        self.context.taps.emptied(&self.tap);
        let seen = self.context.taps.seen_by(&self.tap);
        self.accounted += messages.len() as u64;
        // A message that is being kept may be counted already and be taken the next time only: then it is unseen for once, and the next
        // ones that are not kept make up for it.
        let unseen = seen.saturating_sub(self.accounted);
        self.accounted += unseen;
        TapBatch { messages, unseen }
    }
}

impl Drop for TapReader {
    fn drop(&mut self) {
        let taps: &Taps = &self.context.taps;
        taps.close(&self.tap);
    }
}
