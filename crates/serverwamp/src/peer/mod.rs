//! One peer: from its HELLO to its end.
//!
//! A [`Peer`] gets every message its transport receives, in order, and queues what is to be sent. It does no I/O. The
//! protocol's own state is in `serverwamp_proto::session`; here is what the application does at each step.

mod authenticate;
mod call_measures;
mod call_permit;
mod call_tasks;
mod calls;
mod counting;
mod deadlines;
mod dispatch;
mod entrance;
mod environment;
mod failed_login;
mod handshake;
mod obey;
mod overdue;
mod plain_calls;
mod quick;
mod rate_limit;
mod route;
mod too_long;
mod undecided;

pub(crate) use self::environment::Environment;

use crate::base::admission::Permit;
use crate::base::limits::Limits;
use crate::base::log::{self, Whose};
use crate::base::statistics::Refusal;
use crate::router::auth::{Exchange, Principal};
use crate::router::broker::LastMatches;
use crate::router::measures::RealmMeasures;
use crate::router::realm::{Entering, GivenAnswers, RunningTemplate};
use crate::router::session::{self, CloseReason, RouterSession};
use crate::router::tap::Taps;
use crate::router::wire;
use crate::rt::{BoxFuture, after};
use crate::transport::shutdown::Alive;
use crate::transport::{AllowedRealms, EndReason, Flow, MessageHandler, Outbox, TransportInfo, charge_time};
use bytes::Bytes;
use calls::Calls;
use deadlines::earliest;
use environment::reading;
use handshake::NotLetIn;
use rate_limit::{RateLimit, is_request};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RequestNumbering;
use serverwamp_proto::message::{Message, Violation};
use serverwamp_proto::session::{SessionMachine, SessionStep};
use serverwamp_proto::uris;
use serverwamp_proto::websocket::Opcode;
use std::borrow::Cow;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use undecided::UndecidedRequests;

/// The application's side of one connection.
pub(crate) struct Peer {
    app: Arc<Environment>,
    /// The limits of the connection, which stay what they were when it was accepted.
    limits: Arc<Limits>,
    transport: Arc<TransportInfo>,
    serializer: Serializer,
    outbox: Outbox,
    permit: Permit,
    machine: SessionMachine,
    phase: Phase,
    /// When the phase has lasted too long.
    deadline: Option<Instant>,
    rate_limit: RateLimit,
    /// So many messages more are not looked at in place, because the last one that was had to be kept.
    out_of_place: u8,
    /// The transport has limits of the role of a session on it.
    has_role_limits: bool,
    /// The realms that it can join.
    allowed: AllowedRealms,
    /// Who the peer is, where that needs no proof.
    known: Option<Principal>,
    _alive: Alive,
    /// Where it hands over what it counts.
    measures: Arc<RealmMeasures>,
}

/// The phase of the connection.
enum Phase {
    /// HELLO.
    Closed,
    /// Authenticators and `on_connect`, `on_join` handlers; the future ends with the decision.
    Deciding(Box<Deciding>),
    /// The end.
    Open(Box<Open>),
    /// The peer's GOODBYE that answers ours.
    Closing,
    /// That queued bytes are written and the transport closes.
    Ended,
}

struct Deciding {
    session: Arc<RouterSession>,
    /// The realm that it joins stays until it has.
    entering: Option<Entering>,
    /// It is in the anteroom of this template.
    template: Option<Arc<RunningTemplate>>,
    exchange: Arc<Exchange>,
    decision: BoxFuture<'static, Result<(), NotLetIn>>,
    /// A CHALLENGE is out and its AUTHENTICATE is not in.
    challenged: bool,
    /// The client's name and version, as HELLO says, for the log.
    agent: Option<String>,
}

struct Open {
    session: Arc<RouterSession>,
    calls: Calls,
    /// Requests that wait for an authorizer.
    undecided: UndecidedRequests,
    /// What is known of them where a request is handled.
    answers: GivenAnswers,
    /// What its last publication reached.
    last_matches: LastMatches,
    /// Lost events that were logged.
    lost: u64,
}

impl Peer {
    pub(crate) fn new(
        app: &Arc<Environment>,
        transport: TransportInfo,
        outbox: Outbox,
        limits: Arc<Limits>,
        permit: Permit,
    ) -> Self {
        let app = Arc::clone(app);
        let numbering =
            if limits.strict_request_ids { RequestNumbering::Strict } else { RequestNumbering::Lenient };
        let mut peer = Self {
            serializer: transport.serializer,
            transport: Arc::new(transport),
            machine: SessionMachine::new(numbering).with_bounds(reading(&limits)),
            phase: Phase::Closed,
            deadline: None,
            rate_limit: RateLimit::new(&limits, app.runtime.now()),
            out_of_place: 0,
            has_role_limits: false,
            allowed: AllowedRealms::default(),
            known: None,
            _alive: app.connections.enter(outbox.clone()),
            outbox,
            permit,
            limits,
            measures: Self::measures_of_nobody(&app),
            app,
        };
        peer.arm(peer.limits.hello_timeout);
        peer
    }

    /// The same peer, which can join these realms.
    pub(crate) fn among(self, allowed: AllowedRealms) -> Self {
        Self { allowed, ..self }
    }

    /// The same peer, whose sessions are this principal's: the application vouches for it.
    pub(crate) fn known_as(self, principal: Option<Principal>) -> Self {
        Self { known: principal, ..self }
    }

    fn arm(&mut self, time: Duration) {
        self.deadline = Some(after(self.app.runtime.now(), time));
    }

    fn receive(&mut self, frame: &Bytes, now: Instant) -> Result<(), Violation> {
        if let Some(received) = self.receive_quick(frame, now) {
            return received;
        }
        self.rate_limit.hear(now);
        // Less frequent requests may be more work.
        charge_time();
        let step = self.machine.receive_frame(self.serializer, frame)?;
        if is_request(&step) && self.rate_limit.ask(now) {
            overdue::asks_too_fast(&self.app, self.rate_limit.rate(), self.whose());
        }
        self.count(&step);
        match step {
            SessionStep::Join(hello, roles) => self.join(&hello, roles),
            SessionStep::Authenticate(answer) => self.authenticate(answer),
            SessionStep::Request(request) => {
                let decoding = self.decoding();
                if let Phase::Open(open) = &mut self.phase
                    && let Err(halt) = dispatch::request(open, request, decoding, frame)
                {
                    self.halt(halt, frame)?;
                }
            }
            SessionStep::Leave(goodbye) => self.leave(goodbye.reason.as_ref()),
            // The peer's ABORT, or its answer to our GOODBYE: nothing more is sent.
            SessionStep::Left => self.over(CloseReason::Aborted, 1000, ""),
            SessionStep::AttemptEnded => self.over(CloseReason::Lost, 1000, ""),
            SessionStep::Ignored => {}
        }
        Ok(())
    }

    /// The peer's GOODBYE: answer it, and a new HELLO may follow on the same transport.
    fn leave(&mut self, reason: &str) {
        self.end_session(CloseReason::Goodbye(reason.to_owned()));
        self.send(&wire::goodbye(uris::close::GOODBYE_AND_OUT, None));
        self.phase = Phase::Closed;
        self.arm(self.limits.hello_timeout);
        self.hand_over_counts();
    }

    /// The peer that a line in the log is about.
    fn whose(&self) -> Whose {
        match &self.phase {
            Phase::Open(open) => Whose::from(&open.session),
            Phase::Deciding(deciding) => Whose::from(&deciding.session),
            Phase::Closed | Phase::Closing | Phase::Ended => Whose::from(&*self.transport),
        }
    }

    /// The peer broke the protocol: ABORT, and the transport closes behind it.
    fn violated(&mut self, violation: &Violation, close_code: u16) {
        let refusal = match (close_code, &self.phase) {
            (1009, Phase::Closed | Phase::Deciding(_)) => Refusal::HelloBytes,
            (1009, _) => Refusal::MessageBytes,
            _ => Refusal::ProtocolViolation,
        };
        let text = violation.to_string();
        self.app.counters.refused(refusal, self.whose(), &text);
        self.machine.aborted();
        self.send(&wire::abort(self.serializer, uris::error::PROTOCOL_VIOLATION, Some(&text)));
        self.over(CloseReason::Violation(text.clone()), close_code, text);
    }

    /// Ends the session for the application, and the transport when everything queued has been written. `text` goes into
    /// the close frame: clients show it where they show nothing of the ABORT before it.
    fn over(&mut self, reason: CloseReason, close_code: u16, text: impl Into<Cow<'static, str>>) {
        self.end_session(reason);
        self.deadline = None;
        self.outbox.close(close_code, text);
    }

    fn end_session(&mut self, reason: CloseReason) {
        self.permit.set_in_session(false);
        // Somebody else may have ended it before.
        match std::mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Deciding(deciding) => drop(deciding.session.end(reason)),
            Phase::Open(mut open) => {
                open.session.end(reason);
                open.notice_losses();
            }
            Phase::Closed | Phase::Closing | Phase::Ended => {}
        }
    }

    /// Queues a message; a full or closed outbox ends the connection by itself.
    fn send(&self, message: &Message<'_>) {
        session::queue(&self.outbox, self.serializer, message);
    }

    #[inline]
    fn take_message(&mut self, message: &Bytes, now: Instant) -> Flow {
        let received = self.receive(message, now);
        self.flow_after(received)
    }

    #[inline]
    fn flow_after(&mut self, received: Result<(), Violation>) -> Flow {
        if let Err(violation) = received {
            self.violated(&violation, 1002);
        }
        if self.is_busy() { Flow::Pause } else { Flow::Continue }
    }

    /// While a decision is pending nothing but its AUTHENTICATE is taken in (checklist SES-28), and nothing at all from
    /// who asks too fast.
    fn is_busy(&self) -> bool {
        self.rate_limit.rests() || matches!(&self.phase, Phase::Deciding(deciding) if !deciding.challenged)
    }
}

impl MessageHandler for Peer {
    fn message(&mut self, message: Bytes, _kind: Opcode, now: Instant) -> Flow {
        if let Phase::Open(open) = &self.phase
            && open.session.is_tapped()
            && let Some(number) = open.session.tap_received(&message)
        {
            return Taps::handling(number, || self.take_message(&message, now));
        }
        self.take_message(&message, now)
    }

    fn message_in_place(&mut self, message: &[u8], _kind: Opcode, now: Instant) -> Option<Flow> {
        let received = self.receive_in_place(message, now)?;
        Some(self.flow_after(received))
    }

    fn deadline(&self) -> Option<Instant> {
        let rests = self.rate_limit.rests_until();
        let own = earliest(self.deadline, rests);
        let Phase::Open(open) = &self.phase else { return own };
        let calls = earliest(open.calls.deadline(), open.undecided.deadline());
        earliest(own, earliest(calls, self.rate_limit.idle_at()))
    }

    fn longest_message(&self) -> usize {
        match self.phase {
            Phase::Closed | Phase::Deciding(_) => self.limits.hello_bytes,
            Phase::Open(_) | Phase::Closing | Phase::Ended => usize::MAX,
        }
    }

    fn expects_secret(&self) -> bool {
        matches!(&self.phase, Phase::Deciding(deciding) if deciding.challenged)
    }

    fn passes_over(&self) -> usize {
        self.longest_passed_over()
    }

    fn too_long(&mut self, head: &[u8], description: &str, now: Instant) -> bool {
        self.answer_is_too_long(head, description, now)
    }

    fn poll(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<()> {
        log::flush();
        self.obey();
        self.rate_limit.go_on(now);
        if matches!(self.phase, Phase::Deciding(_)) {
            self.poll_decision(cx);
        }
        if let Phase::Open(open) = &mut self.phase {
            open.notice_losses();
            open.calls.start_waiting(&open.session);
            open.calls.expire(&open.session, now);
            open.calls.rest(&open.session, now);
            if self.rate_limit.idle_at().is_some_and(|idle_at| idle_at <= now) {
                self.idle_too_long(now);
            }
        }
        self.poll_undecided(cx, now);
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.timed_out();
        }
        if self.is_busy() { Poll::Pending } else { Poll::Ready(()) }
    }

    fn produce(&mut self, may: bool) -> bool {
        let Phase::Open(open) = &self.phase else { return false };
        if may && open.session.is_behind() {
            open.session.running_realm().broker.catch_up(&open.session);
        }
        open.session.is_behind()
    }

    /// What matters of a peer that leaves is its GOODBYE.
    fn may_pause(&self) -> bool {
        matches!(self.phase, Phase::Open(_))
    }

    fn paused(&mut self) {
        overdue::waits_for_receivers(&self.app, self.whose());
    }

    fn unread(&mut self, now: Instant) {
        self.rate_limit.unread(now);
    }

    fn read_again(&mut self, now: Instant) {
        self.rate_limit.read_again(now);
    }

    fn found_slow(&mut self) {
        overdue::is_slow(&self.app, &self.limits, self.whose());
    }

    fn violation(&mut self, description: &str, close_code: u16) {
        self.violated(&Violation::new(description.to_owned()), close_code);
    }

    fn ended(&mut self, reason: EndReason) {
        let refusal = overdue::refusal_at_the_end(&reason, self.outbox.limit());
        if let Some((refusal, why)) = refusal {
            self.app.counters.refused(refusal, self.whose(), why);
        }
        let reason = match reason {
            EndReason::SlowConsumer => CloseReason::SlowConsumer,
            EndReason::PeerClosed { code } => CloseReason::TransportClosed(code),
            _ => CloseReason::Lost,
        };
        self.end_session(reason);
        self.hand_over_counts();
        log::flush();
    }
}
