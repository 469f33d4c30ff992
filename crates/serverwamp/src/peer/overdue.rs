//! The deadlines and rates that a peer missed, and their consequences.

use super::Environment;
use super::{Open, Peer, Phase};
use crate::WampError;
use crate::base::limits::Limits;
use crate::base::log::Whose;
use crate::base::statistics::Refusal;
use crate::router::measures::JoinResult;
use crate::router::session::CloseReason;
use crate::router::wire;
use crate::transport::EndReason;
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
        if self.rate_limit.rests() || session.calls_in_flight() > 0 || !session.invocations().is_empty() {
            return self.rate_limit.hear(now);
        }
        let text = format!("nothing was sent for {:?}", self.limits.idle_timeout);
        self.app.counters.refused(Refusal::IdleTimeout, session, &text);
        let reason = uris::close::TIMEOUT;
        self.say_goodbye(reason, Some(&text), CloseReason::Closed(reason.to_owned()));
    }

    /// The time has come at which the session would have expired when it began.
    fn expired(&mut self) {
        let Phase::Open(open) = &self.phase else { return };
        let session = &open.session;
        match session.expires() {
            Some(expiry) if expiry > self.app.runtime.now() => self.deadline = Some(expiry),
            // Should the realm change its mind, it looks for those who have expired.
            Some(_) if session.running_realm().context.config().entrance.keeps_expired => {}
            Some(_) if session.is_open() => {
                let text = "the authentication of this session has expired: authenticate again";
                let why =
                    format_args!("authid {}, method {}: {text}", session.authid(), session.authmethod());
                self.app.counters.refused(Refusal::Expired, session, why);
                let reason = uris::close::AUTHENTICATION_EXPIRED;
                self.say_goodbye(reason, Some(text), CloseReason::Closed(reason.to_owned()));
            }
            _ => {}
        }
    }

    pub(super) fn timed_out(&mut self) {
        self.deadline = None;
        match &self.phase {
            Phase::Closed => {
                let text = format!("no HELLO within {:?}", self.limits.hello_timeout);
                self.app.counters.refused(Refusal::HelloTimeout, self.whose(), &text);
                self.send(&wire::abort(self.serializer, uris::error::PROTOCOL_VIOLATION, Some(&text)));
                self.over(CloseReason::Violation(text.clone()), 1002, text);
            }
            Phase::Deciding(deciding) => {
                let text = format!("not authenticated within {:?}", self.limits.authenticate_timeout);
                let realm = deciding.session.running_realm().name();
                let (authid, progress) = (deciding.authid(), deciding.exchange.progress());
                let why = format_args!("realm {realm}, authid {authid}, {progress}: {text}");
                self.app.counters.refused(Refusal::AuthenticateTimeout, self.whose(), why);
                self.log_failed_login(deciding, &text);
                self.count_join(JoinResult::TimedOut);
                self.refuse(&WampError::authentication_failed(text));
            }
            Phase::Closing => {
                let text = format_args!("no answer to GOODBYE within {:?}", self.limits.goodbye_timeout);
                self.app.counters.refused(Refusal::GoodbyeTimeout, self.whose(), text);
                self.over(CloseReason::Lost, self.close_code(), "GOODBYE was not answered");
            }
            Phase::Open(_) => self.expired(),
            Phase::Ended => {}
        }
    }
}

impl Open {
    /// Logs that events were lost, if some were since the last time: here, because where they are lost locks are held.
    pub(super) fn notice_losses(&mut self) {
        let lost = self.session.events_lost();
        if lost == self.lost {
            return;
        }
        let events = lost - self.lost;
        let why = format_args!("{events} events, {lost} in all: the peer reads too slowly");
        self.session.running_realm().context.counters.refused_times(
            Refusal::EventsLost,
            events,
            &self.session,
            why,
        );
        self.lost = lost;
    }
}

/// A connection asks faster than it may, and is not read for a while.
#[cold]
pub(super) fn asks_too_fast(app: &Environment, rate: Option<u32>, whose: Whose) {
    let limit = rate.unwrap_or(u32::MAX);
    let why = format_args!("more than {limit} requests a second: reading from the peer is paused");
    app.counters.refused(Refusal::RequestsPerSecond, whose, why);
}

/// A connection is not read for a while because of what waits for others.
#[cold]
pub(super) fn waits_for_receivers(app: &Environment, whose: Whose) {
    let why = "the receivers of what the peer sent have much waiting: reading from the peer is paused";
    app.counters.refused(Refusal::Pauses, whose, why);
}

/// A peer reads more slowly than it should.
#[cold]
pub(super) fn is_slow(app: &Environment, limits: &Limits, whose: Whose) {
    let (bytes, time) = (limits.drain_bytes, limits.drain_time);
    let why =
        format_args!("the peer read less than {bytes} bytes in {time:?}: nobody is paused for it any more");
    app.counters.refused(Refusal::SlowReceivers, whose, why);
}

/// What a connection that has ended is counted as, and why; `limit` is that of its queue.
pub(super) fn refusal_at_the_end(reason: &EndReason, limit: usize) -> Option<(Refusal, String)> {
    match reason {
        EndReason::SlowConsumer => {
            Some((Refusal::SlowConsumer, format!("the peer's queue exceeded its limit of {limit} bytes")))
        }
        EndReason::PingTimeout => Some((Refusal::PingTimeout, "a ping was not answered".to_owned())),
        EndReason::WriteTimeout => Some((
            Refusal::WriteTimeout,
            "the peer read nothing while data was being written to it".to_owned(),
        )),
        // Counted where it was found.
        EndReason::Violation { .. } => None,
        EndReason::PeerClosed { .. } | EndReason::Closed | EndReason::TransportLost => None,
    }
}
