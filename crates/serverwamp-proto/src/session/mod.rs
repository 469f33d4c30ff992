//! The router's side of one session: which message may come when, and what it means.
//!
//! The machine holds no tables and sends nothing. It takes one message at a time and answers with the [`SessionStep`] its driver
//! has to take; the driver reports back what it did ([`challenged`](SessionMachine::challenged),
//! [`welcomed`](SessionMachine::welcomed), [`closing`](SessionMachine::closing) …). Whatever the peer sends, the machine never lets
//! through what its state forbids: an error means ABORT, and after it nothing more is heard. Spec: basic, "Session
//! Establishment", "Session Closing", "Protocol Errors".

pub mod client;
mod roles;

use std::collections::BTreeSet;

use bytes::Bytes;

pub use roles::{ClientRoles, Feature, Features, RouterFeatures, RouterRoles};

use crate::codec::{Kind, ListReader, Serializer};
use crate::id::{RequestId, RequestNumbering, RequestSequence, SessionId};
use crate::message::{
    Authenticate, Bounds, Call, Goodbye, Hello, Message, QuickRequest, Violation, quick_request,
    short_request,
};
use crate::pattern::Match;
use crate::uri::UriRules;

/// The state of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionState {
    /// There is no session; HELLO is due.
    Closed,
    /// HELLO or AUTHENTICATE came in, and the driver has not decided yet.
    Establishing,
    /// CHALLENGE went out; AUTHENTICATE is due.
    Challenging,
    /// The session exists.
    Established,
    /// Our own GOODBYE went out; the peer's is due.
    ShuttingDown,
    /// The peer broke the protocol, or was aborted; nothing is heard any more.
    Failed,
}

/// The driver's next step after a message.
#[derive(Debug)]
pub enum SessionStep<'a> {
    /// Decide about a HELLO: answer with [`challenged`](SessionMachine::challenged), [`welcomed`](SessionMachine::welcomed) or
    /// [`refused`](SessionMachine::refused).
    Join(Hello<'a>, ClientRoles),
    /// Decide about the answer to a challenge, in the same three ways.
    Authenticate(Authenticate<'a>),
    /// The peer gave up before there was a session: forget the attempt, answer nothing, end the transport.
    AttemptEnded,
    /// Serve the request, or carry on the answer of a callee (YIELD, ERROR of an invocation).
    ///
    /// Invocations are sent to a callee for callers of other connections, so only the driver knows them. It asks
    /// [`Invocations::was_issued`](crate::dealer::Invocations::was_issued) about every answer; one to an invocation that
    /// was never sent is an [`unknown_invocation`].
    Request(Message<'a>),
    /// The peer says goodbye: answer GOODBYE with `wamp.close.goodbye_and_out` and forget the session.
    Leave(Goodbye<'a>),
    /// The session is over (ABORT, or the answer to our GOODBYE): forget it, answer nothing.
    Left,
    /// Nothing.
    Ignored,
}

/// The session machine of one transport. After a session has ended in order, the next HELLO begins another.
///
/// While it is [`Establishing`](SessionState::Establishing) the driver should not read on: a peer may send its first requests
/// right behind HELLO, and they become legal with WELCOME. Should the driver read on nevertheless, anything but ABORT is
/// a violation, as it is while a challenge is open.
#[derive(Debug)]
pub struct SessionMachine {
    state: SessionState,
    id: Option<SessionId>,
    requests: RequestSequence,
    bounds: Bounds,
    /// Calls whose input is still open; under strict numbering the only ids that may come again.
    open_inputs: BTreeSet<RequestId>,
}

/// The number of calls with open input that strict numbering remembers. A peer with more breaks only its own calls.
const MAX_OPEN_INPUTS: usize = 1024;

impl SessionMachine {
    /// A machine that waits for HELLO.
    pub const fn new(numbering: RequestNumbering) -> Self {
        Self {
            state: SessionState::Closed,
            id: None,
            requests: RequestSequence::new(numbering),
            bounds: Bounds::NONE,
            open_inputs: BTreeSet::new(),
        }
    }

    /// The machine, for a peer whose messages have these bounds.
    #[must_use]
    pub const fn with_bounds(mut self, bounds: Bounds) -> Self {
        self.bounds = bounds;
        self
    }

    /// The state of the session.
    pub const fn state(&self) -> SessionState {
        self.state
    }

    /// The session's id, from WELCOME to its end.
    pub const fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// Reads one frame and takes it in.
    ///
    /// After our own GOODBYE only the peer's GOODBYE and ABORT are read; everything else is passed over unread.
    ///
    /// # Errors
    /// When the peer broke the protocol: send ABORT with `wamp.error.protocol_violation` and close the transport.
    pub fn receive_frame<'a>(
        &mut self,
        serializer: Serializer,
        frame: &'a Bytes,
    ) -> Result<SessionStep<'a>, Violation> {
        if self.state == SessionState::Failed {
            return Ok(SessionStep::Ignored);
        }
        if self.state == SessionState::ShuttingDown {
            match type_code(serializer, frame) {
                Some(GOODBYE | ABORT) => {}
                Some(_) => return Ok(SessionStep::Ignored),
                // A peer that sends no messages any more will not say goodbye either.
                None => return Ok(self.end(SessionStep::Left)),
            }
        }
        let message = match Message::decode_within(serializer, frame, self.bounds) {
            Ok(message) => message,
            Err(_) if self.state == SessionState::ShuttingDown => return Ok(self.end(SessionStep::Left)),
            Err(violation) => return Err(self.fail(violation)),
        };
        self.receive(message)
    }

    /// Takes a CALL, a YIELD or a PUBLISH in, if `frame` is one in its plainest form and requests are legal now.
    ///
    /// `None` says nothing about the frame: give it to [`receive_frame`](Self::receive_frame). Asking here first spares
    /// a router's most frequent messages the way through [`SessionStep`]. What comes back is to be served as a
    /// [`SessionStep::Request`] is.
    #[inline]
    pub fn receive_quick<'a>(&self, serializer: Serializer, frame: &'a Bytes) -> Option<QuickRequest<'a>> {
        if self.takes_quick() { quick_request(serializer, frame, &self.bounds) } else { None }
    }

    /// As [`receive_quick`](Self::receive_quick), of a frame that is about to be overwritten and of which nothing has to be kept.
    ///
    /// `None` says as little here, and the frame may be given to either.
    #[inline]
    pub fn receive_short<'a>(&self, serializer: Serializer, frame: &'a [u8]) -> Option<QuickRequest<'a>> {
        if self.takes_quick() { short_request(serializer, frame) } else { None }
    }

    #[inline]
    fn takes_quick(&self) -> bool {
        // Under strict numbering every request counts, and only `receive` keeps that count.
        self.state == SessionState::Established && self.requests.numbering() != RequestNumbering::Strict
    }

    /// Takes one message in.
    ///
    /// # Errors
    /// When the peer broke the protocol: send ABORT with `wamp.error.protocol_violation` and close the transport.
    pub fn receive<'a>(&mut self, message: Message<'a>) -> Result<SessionStep<'a>, Violation> {
        let step = match self.state {
            SessionState::Failed => return Ok(SessionStep::Ignored),
            SessionState::Closed => self.receive_closed(message),
            SessionState::Establishing | SessionState::Challenging => self.receive_opening(message),
            SessionState::Established => self.receive_established(message),
            SessionState::ShuttingDown => Ok(match message {
                Message::Goodbye(_) | Message::Abort(_) => self.end(SessionStep::Left),
                _ => SessionStep::Ignored,
            }),
        };
        step.map_err(|violation| self.fail(violation))
    }

    /// CHALLENGE went out.
    pub fn challenged(&mut self) {
        if self.state == SessionState::Establishing {
            self.state = SessionState::Challenging;
        }
    }

    /// WELCOME went out: the session exists, and its requests are counted afresh.
    pub fn welcomed(&mut self, id: SessionId) {
        self.state = SessionState::Established;
        self.id = Some(id);
        self.requests = RequestSequence::new(self.requests.numbering());
        self.open_inputs.clear();
    }

    /// ABORT went out while the session was being established; another HELLO may come.
    pub fn refused(&mut self) {
        self.state = SessionState::Closed;
        self.id = None;
    }

    /// Our own GOODBYE went out; the peer's is awaited.
    pub fn closing(&mut self) {
        if self.state == SessionState::Established {
            self.state = SessionState::ShuttingDown;
        }
    }

    /// ABORT went out for a reason of our own; nothing is heard any more.
    pub fn aborted(&mut self) {
        self.state = SessionState::Failed;
        self.id = None;
    }

    fn receive_closed<'a>(&mut self, message: Message<'a>) -> Result<SessionStep<'a>, Violation> {
        match message {
            Message::Hello(hello) => {
                let roles = ClientRoles::read(hello.details.roles.as_ref())?;
                self.state = SessionState::Establishing;
                Ok(SessionStep::Join(hello, roles))
            }
            // There is no session to end, and a peer that sends ABORT does not begin one.
            Message::Abort(_) => Ok(self.end(SessionStep::AttemptEnded)),
            other => Err(unexpected(&other, "before HELLO")),
        }
    }

    fn receive_opening<'a>(&mut self, message: Message<'a>) -> Result<SessionStep<'a>, Violation> {
        match message {
            Message::Authenticate(authenticate) if self.state == SessionState::Challenging => {
                self.state = SessionState::Establishing;
                Ok(SessionStep::Authenticate(authenticate))
            }
            Message::Abort(_) => Ok(self.end(SessionStep::AttemptEnded)),
            other if self.state == SessionState::Challenging => {
                Err(unexpected(&other, "while AUTHENTICATE is expected"))
            }
            other => Err(unexpected(&other, "before WELCOME")),
        }
    }

    fn receive_established<'a>(&mut self, message: Message<'a>) -> Result<SessionStep<'a>, Violation> {
        match &message {
            Message::Publish(publish) => self.accept(&message, publish.request)?,
            Message::Subscribe(subscribe) => self.accept(&message, subscribe.request)?,
            Message::Unsubscribe(unsubscribe) => self.accept(&message, unsubscribe.request)?,
            Message::Register(register) => self.accept(&message, register.request)?,
            Message::Unregister(unregister) => self.accept(&message, unregister.request)?,
            Message::Call(call) => self.accept_call(&message, call)?,
            // They name a call or an invocation, and are no requests of their own.
            Message::Cancel(_) | Message::Yield(_) => {}
            Message::Error(error) => {
                if error.request_type != INVOCATION {
                    let (request, of) = (error.request, error.request_type);
                    return Err(Violation::new(format!(
                        "ERROR #{request}: a client may answer only INVOCATION (68), got type {of}"
                    )));
                }
                check_uri(&message, "Error", &error.error)?;
            }
            Message::Goodbye(goodbye) => check_uri(&message, "Reason", &goodbye.reason)?,
            Message::Abort(_) => return Ok(self.end(SessionStep::Left)),
            other => return Err(unexpected(other, "in an established session")),
        }
        match message {
            Message::Goodbye(goodbye) => Ok(self.end(SessionStep::Leave(goodbye))),
            request => Ok(SessionStep::Request(request)),
        }
    }

    fn accept(&mut self, message: &Message<'_>, request: RequestId) -> Result<(), Violation> {
        self.requests.accept(request).map_err(|error| Violation::new(format!("{}: {error}", message.name())))
    }

    /// A CALL may repeat an id that it left open for more input.
    fn accept_call(&mut self, message: &Message<'_>, call: &Call<'_>) -> Result<(), Violation> {
        if self.requests.numbering() == RequestNumbering::Lenient {
            return Ok(());
        }
        if !self.open_inputs.contains(&call.request) {
            self.accept(message, call.request)?;
        }
        match call.options.progress {
            true => self.open_inputs.insert(call.request),
            false => self.open_inputs.remove(&call.request),
        };
        if self.open_inputs.len() > MAX_OPEN_INPUTS {
            self.open_inputs.pop_first();
        }
        Ok(())
    }

    fn end<'a>(&mut self, step: SessionStep<'a>) -> SessionStep<'a> {
        self.state = SessionState::Closed;
        self.id = None;
        step
    }

    fn fail(&mut self, violation: Violation) -> Violation {
        self.state = SessionState::Failed;
        self.id = None;
        violation
    }
}

/// The violation of a YIELD or ERROR that answers an invocation which was never sent (checklist VIO-13).
///
/// An answer to an invocation that is over breaks nothing: it may have crossed our INTERRUPT.
pub fn unknown_invocation(message_name: &str, request: RequestId) -> Violation {
    Violation::new(format!("{message_name} #{request}: no such invocation"))
}

const ABORT: u64 = 3;
const GOODBYE: u64 = 6;
const INVOCATION: u64 = 68;

/// The type code of a frame, without a look at the rest.
fn type_code(serializer: Serializer, frame: &Bytes) -> Option<u64> {
    let mut list = ListReader::open(serializer, frame).ok()?;
    match list.peek().ok()? {
        Some(Kind::Integer) => list.unsigned().ok(),
        _ => None,
    }
}

fn unexpected(message: &Message<'_>, when: &str) -> Violation {
    Violation::new(format!("{} is not allowed {when}", message.name()))
}

fn check_uri(message: &Message<'_>, label: &str, uri: &str) -> Result<(), Violation> {
    let checked = UriRules::loose().check(uri, Match::Exact);
    checked.map_err(|error| Violation::new(format!("{}: {label} is not a URI: {error}", message.name())))
}

#[cfg(test)]
mod tests;
