//! The application's requests to end a session, or all of them.

use super::{Peer, Phase};
use crate::WampError;
use crate::base::log::line;
use crate::router::session::{CloseReason, CloseRequest};
use crate::router::wire;
use crate::transport::shutdown::Farewell;
use serverwamp_proto::uris;

impl Peer {
    /// Executes the application's request to end the session, or all sessions.
    pub(super) fn obey(&mut self) {
        let farewell = self.app.connections.farewell();
        let restarts = farewell == Some(Farewell::Restart);
        let over = self.app.connections.forced() || restarts && !self.is_at_work();
        if over && !matches!(self.phase, Phase::Ended) {
            self.end_calls();
            // A GOODBYE or an ABORT would keep clients away (a deviation from SES-23, for who asks for it).
            if !restarts && matches!(self.phase, Phase::Open(_)) {
                self.send(&wire::goodbye(uris::close::SYSTEM_SHUTDOWN, Some(STOPPING)));
            }
            self.over(CloseReason::Shutdown, self.close_code(), STOPPING);
        }
        if restarts {
            return;
        }
        let stopping = farewell.is_some();
        match &self.phase {
            Phase::Closed if stopping => {
                self.send(&wire::abort(self.serializer, uris::close::SYSTEM_SHUTDOWN, Some(STOPPING)));
                self.over(CloseReason::Shutdown, self.close_code(), STOPPING);
            }
            Phase::Deciding(deciding) => {
                let request = deciding.session.close_request().cloned();
                if stopping {
                    self.refuse(&shutdown_error());
                } else if let Some(
                    CloseRequest::Goodbye { reason, message } | CloseRequest::Abort { reason, message },
                ) = request
                {
                    let error = WampError::new(reason);
                    self.refuse(&message.into_iter().fold(error, |error, text| error.arg(text)));
                }
            }
            Phase::Open(open) => {
                if stopping && !self.is_at_work() {
                    self.say_goodbye(uris::close::SYSTEM_SHUTDOWN, Some(STOPPING), CloseReason::Shutdown);
                } else if let Some(request) = open.session.close_request() {
                    self.close_as_asked(&request.clone());
                }
            }
            Phase::Closed | Phase::Closing | Phase::Ended => {}
        }
    }

    /// Time is up: callers hear that nobody answers any more.
    fn end_calls(&self) {
        let Phase::Open(open) = &self.phase else { return };
        let calls = open.session.end_calls(&WampError::canceled(STOPPING));
        if calls > 0 {
            line!(
                WARN,
                "call",
                "calls ended without an answer at the deadline of the shutdown",
                session = open.session.id(),
                calls = calls
            );
        }
    }

    /// With which code a transport is closed about which there is nothing else to say.
    pub(super) fn close_code(&self) -> u16 {
        match self.app.connections.farewell() {
            None => 1000,
            Some(Farewell::Goodbye) => GOING_AWAY,
            Some(Farewell::Restart) => SERVICE_RESTART,
        }
    }

    /// Whether the session waits for the answer to a call, or owes one.
    fn is_at_work(&self) -> bool {
        let Phase::Open(open) = &self.phase else { return false };
        open.session.calls_in_flight() > 0 || !open.session.invocations().is_empty()
    }

    fn close_as_asked(&mut self, request: &CloseRequest) {
        match request {
            CloseRequest::Goodbye { reason, message } => {
                self.say_goodbye(reason, message.as_deref(), CloseReason::Closed(reason.clone()));
            }
            CloseRequest::Abort { reason, message } => {
                self.machine.aborted();
                self.send(&wire::abort(self.serializer, reason, message.as_deref()));
                let text = message.as_ref().unwrap_or(reason).clone();
                self.over(CloseReason::Closed(reason.clone()), 1000, text);
            }
        }
    }

    /// Sends GOODBYE; the session is over for the application at once, the peer has a moment to answer.
    pub(super) fn say_goodbye(&mut self, reason: &str, message: Option<&str>, ended: CloseReason) {
        self.end_session(ended);
        self.machine.closing();
        self.send(&wire::goodbye(reason, message));
        self.phase = Phase::Closing;
        self.arm(self.limits.goodbye_timeout);
    }
}

/// The close code that says that the server is about to end.
const GOING_AWAY: u16 = 1001;

/// The close code that says that the server is about to start again.
const SERVICE_RESTART: u16 = 1012;

const STOPPING: &str = "the server is shutting down";

fn shutdown_error() -> WampError {
    WampError::new(uris::close::SYSTEM_SHUTDOWN).arg(STOPPING)
}
