//! The calls of all sessions that wait, up to [`Limits::calls_in_flight_in_all`](crate::Limits::calls_in_flight_in_all).
//!
//! Invariant: a permit is taken before a call is entered among its session's, in one step with the look whether there is
//! one, and is given back once: when the call leaves its session, or before it was entered.

use crate::WampError;
use crate::base::statistics::Refusal;
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
            session.running_realm().context.counters.call_ended();
        }
    }
}

/// Takes a permit for a call that is entered right away.
pub(super) fn take(session: &RouterSession) -> Result<(), WampError> {
    let realm = session.running_realm();
    match realm.context.counters.call_began(realm.context.limits.calls_in_flight_in_all) {
        true => Ok(()),
        false => Err(refuse(session)),
    }
}

/// Refuses calls at the limit, even those that would complete at once, so that an overloaded server recovers sooner.
pub(super) fn look_for(session: &RouterSession) -> Result<(), WampError> {
    let realm = session.running_realm();
    match realm.context.counters.calls_in_flight() < realm.context.limits.calls_in_flight_in_all {
        true => Ok(()),
        false => Err(refuse(session)),
    }
}

#[cold]
fn refuse(session: &RouterSession) -> WampError {
    let realm = session.running_realm();
    let limit = realm.context.limits.calls_in_flight_in_all;
    let text = format!("more than {limit} calls of all sessions are unanswered");
    realm.context.counters.refused(Refusal::CallsInAll, session, &text);
    WampError::unavailable(text)
}
