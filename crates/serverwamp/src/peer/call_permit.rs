//! The permit of a call that waits for its turn; those of all others are taken where they are entered.
//!
//! Invariant: a permit is given back once: when the call leaves its session, or before it was entered.

use crate::WampError;
use crate::router::session::RouterSession;
use std::sync::Arc;

/// The permit of a call that has not been entered yet.
pub(super) struct CallPermit(Option<Arc<RouterSession>>);

impl CallPermit {
    pub(super) fn take(session: &Arc<RouterSession>) -> Result<Self, WampError> {
        take(session)?;
        Ok(Self(Some(Arc::clone(session))))
    }

    /// From now on it is the entered call's, which gives it back.
    pub(super) fn hand_over(mut self) {
        self.0 = None;
    }
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        if let Some(session) = &self.0 {
            session.running_realm().context.permits.give_back(1);
        }
    }
}

/// Takes a permit for a call that is entered right away.
pub(super) fn take(session: &RouterSession) -> Result<(), WampError> {
    session.running_realm().take_permit(session)
}
