//! What a peer did not do in time, and what becomes of it.

use super::{Peer, Phase};
use crate::WampError;
use crate::router::session::CloseReason;
use crate::base::statistics::Refusal;
use crate::router::wire;
use serverwamp_proto::uris;
use std::time::Instant;

impl Peer {
    /// The session has been silent for too long, unless there is something that it waits for or that is waited for.
    pub(super) fn idle_too_long(&mut self, now: Instant) {
        let Phase::Open(open) = &self.phase else { return };
        let session = &open.session;
        if !session.is_open() {
            return;
        }
        if self.pace.rests() || session.calls_in_flight() > 0 || !session.invocations().is_empty() {
            return self.pace.hear(now);
        }
        self.app.counters.refused(Refusal::IdleTimeout);
        let text = format!("nothing was sent for {:?}", self.app.limits.idle_timeout);
        let reason = uris::close::TIMEOUT;
        self.say_goodbye(reason, Some(&text), CloseReason::Closed(reason.to_owned()));
    }

    pub(super) fn timed_out(&mut self) {
        self.deadline = None;
        match &self.phase {
            Phase::Closed => {
                self.app.counters.refused(Refusal::HelloTimeout);
                let text = format!("no HELLO within {:?}", self.app.limits.hello_timeout);
                self.send(&wire::abort(self.serializer, uris::error::PROTOCOL_VIOLATION, Some(&text)));
                self.over(CloseReason::Violation(text), 1002);
            }
            Phase::Deciding(_) => {
                self.app.counters.refused(Refusal::AuthenticateTimeout);
                let text = format!("not authenticated within {:?}", self.app.limits.authenticate_timeout);
                self.refuse(&WampError::authentication_failed(text));
            }
            Phase::Closing => {
                self.app.counters.refused(Refusal::GoodbyeTimeout);
                self.over(CloseReason::Lost, 1000);
            }
            Phase::Open(_) | Phase::Ended => {}
        }
    }
}
