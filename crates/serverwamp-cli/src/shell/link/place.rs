//! The number of a place: a realm of a router, in which all links that have an end there say the same.
//!
//! Each of them registers one procedure, shared so that the first of them answers, with a number of its own; then it asks, and says
//! from then on what the first one says. Whoever is the first later has been told by a former first one.

use super::ends::own;
use serverwamp::client::{Client, Invoke};
use serverwamp::{Registration, SessionId, WampError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// The procedure in which links meet.
pub(super) const PROCEDURE: &str = "serverwamp.link.place";
/// The time for an answer of another link.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// Ids have 53 bits.
const IDS: u64 = 1 << 53;

/// What this link says of a place.
pub(super) struct Place {
    number: Arc<AtomicU64>,
    agreed: AtomicBool,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { number: Arc::new(AtomicU64::new(random() % IDS + 1)), agreed: AtomicBool::new(false) }
    }

    /// Answers other links.
    ///
    /// # Errors
    /// The router's.
    pub(super) async fn serve(&self, client: &Client) -> Result<Registration, WampError> {
        let number = Arc::clone(&self.number);
        let answer = move || {
            let number = number.load(Ordering::Acquire);
            async move { number }
        };
        client.register(PROCEDURE, answer).invoke(Invoke::First).await
    }

    /// Asks the first link, which may be this one. A router that refuses `forward_for` itself refuses this.
    ///
    /// # Errors
    /// The router's, and that of a callee that is no link; there is no agreement then.
    pub(super) async fn agree(&self, client: &Client) -> Result<SessionId, WampError> {
        self.agreed.store(false, Ordering::Release);
        let calling = client.call::<u64, _>(PROCEDURE, ()).forward_for(own(client)).timeout(PATIENCE);
        let number = calling.await?;
        let place = SessionId::new(number).ok_or_else(|| {
            WampError::invalid_argument(format!("{PROCEDURE} has answered {number}, which is no id"))
        })?;
        self.number.store(number, Ordering::Release);
        self.agreed.store(true, Ordering::Release);
        Ok(place)
    }

    /// The number, if this link may say it there and others say the same.
    pub(super) fn agreed(&self) -> Option<SessionId> {
        match self.agreed.load(Ordering::Acquire) {
            true => SessionId::new(self.number.load(Ordering::Acquire)),
            false => None,
        }
    }
}

/// Bits that nobody else has drawn.
pub(super) fn random() -> u64 {
    // Without a generator there would have been no connection either.
    getrandom::u64().unwrap_or_default()
}
