//! The time at which that which let a session in expires.

use super::RouterSession;
use crate::base::locks::Mutex;
use crate::router::auth::Principal;
use crate::rt::after;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Set with the principal, and by each renewal.
#[derive(Debug, Default)]
pub(super) struct ExpiryTime(Mutex<Option<Instant>>);

impl RouterSession {
    /// The time at which the session's authentication expires, if it does.
    pub(crate) fn expires(&self) -> Option<Instant> {
        *self.expiry.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Measures when the authentication by this principal expires.
    pub(super) fn expire_with(&self, principal: &Principal) {
        let expiry = principal.time_left().map(|left| after(self.runtime().now(), left));
        *self.expiry.0.lock().unwrap_or_else(PoisonError::into_inner) = expiry;
    }

    /// The peer has proved itself once more: its session lasts as long as this proof, and no shorter than before. Returns the
    /// time that is left.
    pub(crate) fn renew_with(&self, principal: &Principal) -> Option<Duration> {
        let now = self.runtime().now();
        let proved = principal.time_left().map(|left| after(now, left));
        let mut expiry = self.expiry.0.lock().unwrap_or_else(PoisonError::into_inner);
        *expiry = (*expiry).zip(proved).map(|(former, proved)| former.max(proved));
        expiry.map(|at| at.saturating_duration_since(now))
    }
}
