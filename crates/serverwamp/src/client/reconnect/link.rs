//! The present session of a client that comes back, and the line of requests that wait for the next one.
//!
//! Invariant: requests that wait are sent in the order in which they were made, and before all that are made later.

use super::policy::Reconnect;
use super::standing::StandingParts;
use super::state::{ConnectionState, StateCell};
use super::waiting::{Placement, QueuedRequest};
use crate::base::error::{Unanswered, WampError};
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::client::end::SessionEnd;
use crate::client::session::{ClientSession, Unsent, UnsentRequest};
use crate::peering::WhileDisconnected;
use crate::rt::{Runtime, after};
use serverwamp_proto::id::RequestId;
use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// The number of requests that wait for the next session, and the bytes of their arguments; as many as wait for application code.
const WAITING_REQUESTS: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;

/// How a request waits for the next session.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::client) struct Waits {
    /// Whether it does; `None` is what the client's requests do.
    pub(in crate::client) choice: Option<WhileDisconnected>,
    /// The bytes of its arguments.
    pub(in crate::client) bytes: usize,
    /// When its own timeout is over, if it has one.
    pub(in crate::client) deadline: Option<Instant>,
}

/// The session that has a request, and the request's id there.
#[derive(Clone, Debug)]
pub(in crate::client) struct PlacedRequest {
    pub(in crate::client) session: Arc<ClientSession>,
    pub(in crate::client) request: RequestId,
}

/// What became of a request.
pub(in crate::client) enum Submitted {
    Sent(PlacedRequest),
    Refused(WampError),
    Waiting(QueuedRequest),
}

/// A client's way to the router, from its first session to its end.
pub(in crate::client) struct Link {
    line: Mutex<RequestLine>,
    pub(super) standing: Arc<StandingParts>,
    pub(in crate::client) states: Arc<StateCell>,
    /// Set when no other session follows.
    pub(in crate::client) end: Signal<SessionEnd>,
    /// Set when no other session is wanted.
    pub(super) stopping: Signal<()>,
    pub(super) settings: Reconnect,
}

struct RequestLine {
    /// The present session, or the last one.
    session: Arc<ClientSession>,
    /// Whether requests go to the session; otherwise they wait.
    open: bool,
    waiting: VecDeque<Waiter>,
    bytes: usize,
    tickets: u64,
}

struct Waiter {
    ticket: u64,
    bytes: usize,
    request: UnsentRequest,
    placement: Arc<Placement>,
}

/// How far the line is.
pub(super) enum Advanced {
    /// One was sent, or refused.
    One,
    /// Nobody waits any more, and the line is open.
    Open,
    /// The session is over.
    Over,
}

impl Link {
    /// The link of a client that has its first session.
    pub(in crate::client) fn new(
        session: Arc<ClientSession>,
        standing: Arc<StandingParts>,
        settings: Reconnect,
    ) -> Arc<Self> {
        if settings.force_reregister {
            standing.take_over();
        }
        let state = ConnectionState::of_session(&session);
        let line = RequestLine { session, open: true, waiting: VecDeque::new(), bytes: 0, tickets: 0 };
        Arc::new(Self {
            line: Mutex::new(line),
            standing,
            states: Arc::new(StateCell::new(state)),
            end: Signal::default(),
            stopping: Signal::default(),
            settings,
        })
    }

    fn line(&self) -> MutexGuard<'_, RequestLine> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present session, or the last one.
    pub(in crate::client) fn session(&self) -> Arc<ClientSession> {
        Arc::clone(&self.line().session)
    }

    pub(super) fn runtime(&self) -> Arc<dyn Runtime> {
        Arc::clone(&self.line().session.runtime)
    }

    /// No other session is wanted. The keeper tells everybody.
    pub(in crate::client) fn stop(&self) {
        self.stopping.set(());
    }

    /// Sends a request, or has it wait.
    pub(in crate::client) fn submit(
        self: &Arc<Self>,
        waits: Waits,
        request: impl FnOnce(&ClientSession) -> Result<RequestId, Unsent> + Send + 'static,
    ) -> Submitted {
        let line = self.line();
        let open = line.open.then(|| Arc::clone(&line.session));
        drop(line);
        match open {
            Some(session) => self.send_or_wait(session, waits, request),
            None => self
                .wait(waits, Box::new(request))
                .unwrap_or_else(|(session, request)| self.send_or_wait(session, waits, request)),
        }
    }

    fn send_or_wait(
        self: &Arc<Self>,
        mut session: Arc<ClientSession>,
        waits: Waits,
        request: impl FnOnce(&ClientSession) -> Result<RequestId, Unsent>,
    ) -> Submitted {
        let mut unsent = request(&session);
        loop {
            let over = match unsent {
                Ok(request) => return Submitted::Sent(PlacedRequest { session, request }),
                Err(Unsent::Refused(error)) => return Submitted::Refused(error),
                Err(Unsent::Over(request)) => self.wait(waits, request),
            };
            match over {
                Ok(submitted) => return submitted,
                Err((next, request)) => {
                    unsent = request(&next);
                    session = next;
                }
            }
        }
    }

    /// Has a request wait for the next session.
    ///
    /// # Errors
    /// When that is there already, with the session.
    fn wait(
        self: &Arc<Self>,
        waits: Waits,
        request: UnsentRequest,
    ) -> Result<Submitted, (Arc<ClientSession>, UnsentRequest)> {
        let mut line = self.line();
        if let Some(end) = self.end.get() {
            return Ok(Submitted::Refused(end.to_error(Unanswered::NotSent)));
        }
        if line.open && line.session.takes_requests() {
            return Err((Arc::clone(&line.session), request));
        }
        let choice = waits.choice.unwrap_or(self.settings.while_disconnected);
        if choice == WhileDisconnected::Fail {
            return Ok(Submitted::Refused(self.no_session(&line)));
        }
        if line.waiting.len() >= WAITING_REQUESTS || line.bytes.saturating_add(waits.bytes) > WAITING_BYTES {
            let text =
                format!("{WAITING_REQUESTS} requests wait for a session, or {WAITING_BYTES} bytes of them");
            let error = WampError::unavailable(text).of_unanswered(Unanswered::NotSent);
            return Ok(Submitted::Refused(error));
        }
        line.tickets += 1;
        line.bytes += waits.bytes;
        let (ticket, placement) = (line.tickets, Arc::new(Placement::default()));
        line.waiting.push_back(Waiter {
            ticket,
            bytes: waits.bytes,
            request,
            placement: Arc::clone(&placement),
        });
        let now = line.session.runtime.now();
        drop(line);
        let deadline = waits.deadline.unwrap_or_else(|| after(now, self.settings.wait_at_most));
        let has_timeout = waits.deadline.is_some();
        Ok(Submitted::Waiting(QueuedRequest::new(Arc::clone(self), ticket, placement, deadline, has_timeout)))
    }

    /// The error of a request for which there is no session, and that does not wait, or has waited long enough.
    fn no_session(&self, line: &RequestLine) -> WampError {
        match self.states.get() {
            ConnectionState::Waiting { cause, .. } | ConnectionState::Connecting { cause, .. } => {
                let text = format!(
                    "there is no session with the router at present ({cause}): the request was not sent"
                );
                WampError::network_failure(text).of_unanswered(Unanswered::NotSent)
            }
            // The keeper has not heard of it yet.
            _ => line.session.refusal(),
        }
    }

    /// The error of a request that has waited long enough.
    pub(super) fn late(&self, has_timeout: bool) -> WampError {
        match has_timeout {
            false => self.no_session(&self.line()),
            true => {
                WampError::timeout("there was no session with the router in time: the request was not sent")
                    .of_unanswered(Unanswered::NotSent)
            }
        }
    }

    /// Takes a request that waits back; `false` when it does not wait any more.
    pub(super) fn withdraw(&self, ticket: u64) -> bool {
        let mut line = self.line();
        let waiter = line.waiting.iter().position(|waiter| waiter.ticket == ticket);
        let waiter = waiter.and_then(|at| line.waiting.remove(at));
        line.bytes -= waiter.as_ref().map_or(0, |waiter| waiter.bytes);
        // What it holds is dropped when the line is free.
        drop(line);
        waiter.is_some()
    }

    /// The session has ended, and another one follows: requests wait from now on.
    pub(super) fn close(&self) {
        self.line().open = false;
    }

    /// The next session is there. Requests still wait, until everybody in the line has been served.
    pub(super) fn enter(&self, session: Arc<ClientSession>) {
        let mut line = self.line();
        let before = std::mem::replace(&mut line.session, session);
        drop(line);
        drop(before);
    }

    /// Sends the first request of the line, or opens it if there is none.
    pub(super) fn advance(&self) -> Advanced {
        let mut line = self.line();
        let Some(mut first) = line.waiting.pop_front() else {
            line.open = true;
            return Advanced::Open;
        };
        line.bytes -= first.bytes;
        let session = Arc::clone(&line.session);
        // Under the lock, so that nobody can take the request back while it is being sent.
        let sent = match (first.request)(&session) {
            Ok(request) => Ok(PlacedRequest { session, request }),
            Err(Unsent::Refused(error)) => Err(error),
            Err(Unsent::Over(request)) => {
                first.request = request;
                line.bytes += first.bytes;
                line.waiting.push_front(first);
                return Advanced::Over;
            }
        };
        drop(line);
        first.placement.set(sent);
        Advanced::One
    }

    /// Ends everything that waits or stands, for a reason of which the first one counts.
    pub(in crate::client) fn finish(&self, end: &SessionEnd) {
        self.end.set(end.clone());
        let end = self.end.get().unwrap_or(end);
        let mut line = self.line();
        let waiting = std::mem::take(&mut line.waiting);
        line.bytes = 0;
        drop(line);
        for waiter in waiting {
            waiter.placement.set(Err(end.to_error(Unanswered::NotSent)));
        }
        self.standing.end();
        self.states.set(ConnectionState::Ended(end.clone()));
    }
}
