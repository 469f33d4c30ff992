//! The most frequent requests in their plainest form, read in one go: CALL, YIELD, PUBLISH.
//!
//! Most of them are so short that nothing of them has to be kept, and are handled where they were received. Invariant: what is not
//! taken here is left to [`Peer::receive`] as if nobody had looked at it, and what is taken has the same outcome there.

use super::dispatch::{self, Halt};
use super::rate_limit::RateLimit;
use super::{Environment, Open, Peer, Phase, overdue};
use crate::base::log::Whose;
use bytes::Bytes;
use serverwamp_proto::message::{QuickRequest, Violation};
use std::time::Instant;

/// After a message that had to be kept, or was none of these, so many are not looked at in place: a peer that sends others all the
/// time has few of its messages read twice.
const LOOK_AGAIN_AFTER: u8 = 31;

impl Peer {
    /// Takes a message that is such a request. `None` means that nothing has happened.
    #[inline]
    pub(super) fn receive_quick(&mut self, frame: &Bytes, now: Instant) -> Option<Result<(), Violation>> {
        let Phase::Open(open) = &mut self.phase else { return None };
        let request = self.machine.receive_quick(self.serializer, frame)?;
        Some(match handle(&self.app, &mut self.rate_limit, open, request, now) {
            Ok(()) => Ok(()),
            Err(halt) => self.halt(halt, frame),
        })
    }

    /// The same for a message that is about to be overwritten.
    #[inline]
    pub(super) fn receive_in_place(&mut self, message: &[u8], now: Instant) -> Option<Result<(), Violation>> {
        let Phase::Open(open) = &mut self.phase else { return None };
        // Whoever looks gets a copy.
        if self.out_of_place > 0 || open.session.is_tapped() {
            self.out_of_place = self.out_of_place.saturating_sub(1);
            return None;
        }
        let Some(request) = self.machine.receive_short(self.serializer, message) else {
            self.out_of_place = LOOK_AGAIN_AFTER;
            return None;
        };
        Some(match handle(&self.app, &mut self.rate_limit, open, request, now) {
            Ok(()) => Ok(()),
            Err(halt) => self.halt(halt, &Bytes::copy_from_slice(message)),
        })
    }
}

#[inline]
fn handle(
    app: &Environment,
    rate_limit: &mut RateLimit,
    open: &mut Open,
    request: QuickRequest<'_>,
    now: Instant,
) -> Result<(), Halt> {
    rate_limit.hear(now);
    if !matches!(request, QuickRequest::Yield(_)) && rate_limit.ask(now) {
        overdue::asks_too_fast(app, rate_limit.rate(), Whose::from(&open.session));
    }
    dispatch::quick(open, request)
}
