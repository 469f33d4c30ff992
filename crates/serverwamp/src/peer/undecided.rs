//! Requests that wait for an authorizer, or behind one that does.
//!
//! A request is kept as it came. It is asked for at once, also while others are before it, and handled from the beginning when it
//! is decided and no earlier request of its kind waits: so CALLs come in the order of CALLs and PUBLISHes in that of PUBLISHes
//! (checklist ORD-01, ORD-03), and nothing else waits for them. Invariants: there are at most
//! [`Limits::undecided_requests`](crate::Limits::undecided_requests), and what is dropped with the session takes its questions back.

use super::deadlines::earliest;
use super::dispatch::{self, Halt};
use super::environment::reading;
use super::route::refuse;
use super::{Open, Peer, Phase};
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::router::realm::{AskedQuestion, GivenAnswer};
use crate::router::session::{Charge, RouterSession};
use crate::rt::{BoxFuture, after};
use crate::transport::charge_time;
use bytes::Bytes;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Bounds, Message, Publish, Register, Subscribe, Violation};
use serverwamp_proto::permissions::{Action, Actions};
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The requests of one session that wait, in the order in which they came.
#[derive(Default)]
pub(super) struct UndecidedRequests(VecDeque<UndecidedRequest>);

struct UndecidedRequest {
    action: Action,
    request: RequestId,
    frame: Bytes,
    /// Whoever sent it expects an answer.
    is_answered: bool,
    /// Further inputs of the call may come.
    input_open: bool,
    /// When the call has waited too long.
    deadline: Option<Instant>,
    /// What its authorizer has said so far.
    given: Vec<GivenAnswer>,
    /// Its authorizer, who has not answered.
    asking: Option<BoxFuture<'static, GivenAnswer>>,
    charge: Option<Charge>,
}

/// How the messages of a peer are read.
#[derive(Clone, Copy)]
pub(super) struct Decoding {
    pub(super) serializer: Serializer,
    pub(super) bounds: Bounds,
}

impl Decoding {
    /// The same, but that no arguments are left unread.
    pub(super) fn with_all_arguments(self) -> Self {
        Self { bounds: self.bounds.with_all_arguments(), ..self }
    }

    /// # Errors
    /// When it breaks the protocol.
    pub(super) fn decode(self, frame: &Bytes) -> Result<Message<'_>, Violation> {
        Message::decode_within(self.serializer, frame, self.bounds)
    }
}

impl Peer {
    /// How the messages of this peer are read.
    pub(super) fn decoding(&self) -> Decoding {
        Decoding { serializer: self.serializer, bounds: reading(&self.limits) }
    }

    /// A request breaks the protocol, or waits for an authorizer together with its `frame`.
    ///
    /// # Errors
    /// When it breaks the protocol.
    #[cold]
    pub(super) fn halt(&mut self, halt: Halt, frame: &Bytes) -> Result<(), Violation> {
        match halt {
            Halt::Violation(violation) => Err(violation),
            Halt::Undecided(asked) => {
                let decoding = self.decoding();
                match &mut self.phase {
                    Phase::Open(open) => hold(open, decoding, frame, asked),
                    _ => Ok(()),
                }
            }
        }
    }
}

/// Keeps a request until it is decided. One whose authorizer answers at once is handled at once.
///
/// # Errors
/// When the request breaks the protocol, which may show only when it has been decided.
pub(super) fn hold(
    open: &mut Open,
    decoding: Decoding,
    frame: &Bytes,
    mut asked: Option<Box<AskedQuestion>>,
) -> Result<(), Violation> {
    let message = decoding.decode(frame)?;
    let Some(mut held) = UndecidedRequest::new(&open.session, &message, frame) else { return Ok(()) };
    open.answers.waiting = open.undecided.kinds();
    // What continues a call is decided with the call.
    if open.undecided.0.iter().any(|other| other.is_of_call(&held)) {
        asked = None;
    }
    match open.undecided.admit(&open.session, frame.len()) {
        Ok(charge) => held.charge = charge,
        Err(error) => {
            // One answer is for all inputs of a call.
            open.undecided.0.retain(|other| !other.is_of_call(&held));
            held.refuse(&open.session, &error);
            return Ok(());
        }
    }
    let waits_for_others = open.answers.waiting.contains(held.action);
    held.ask(&open.session, asked);
    while !waits_for_others && held.asking.is_none() {
        match handle(open, decoding, &mut held)? {
            None => return Ok(()),
            Some(asked) => held.ask(&open.session, Some(asked)),
        }
    }
    // The buffer that it was read into is as large as many messages.
    held.frame = Bytes::copy_from_slice(&held.frame);
    open.undecided.0.push_back(held);
    open.answers.waiting = open.undecided.kinds();
    Ok(())
}

/// Handles a request whose turn it is, with the answers that it has; returns the next question if there is one.
fn handle(
    open: &mut Open,
    decoding: Decoding,
    held: &mut UndecidedRequest,
) -> Result<Option<Box<AskedQuestion>>, Violation> {
    charge_time();
    // Whatever keeps its arguments from here on charges them itself.
    drop(held.charge.take());
    let frame = held.frame.clone();
    let mut message = decoding.decode(&frame)?;
    if let (Message::Call(call), Some(deadline)) = (&mut message, held.deadline) {
        let left = deadline.saturating_duration_since(open.session.runtime().now());
        call.options.timeout = u64::try_from(left.as_millis()).unwrap_or(u64::MAX).max(1);
    }
    let kinds = open.undecided.kinds();
    open.answers.waiting = kinds.iter().filter(|kind| *kind != held.action).fold(Actions::default(), add);
    open.answers.given = std::mem::take(&mut held.given);
    let handled = dispatch::request(open, message, decoding, &frame);
    held.given = std::mem::take(&mut open.answers.given);
    open.answers.waiting = kinds;
    match handled {
        Ok(()) | Err(Halt::Undecided(None)) => Ok(None),
        Err(Halt::Violation(violation)) => Err(violation),
        Err(Halt::Undecided(asked)) => Ok(asked),
    }
}

fn add(some: Actions, one: Action) -> Actions {
    some | one.into()
}

impl Peer {
    /// Goes on with the requests that have been decided meanwhile.
    #[inline]
    pub(super) fn poll_undecided(&mut self, cx: &mut Context<'_>, now: Instant) {
        if !matches!(&self.phase, Phase::Open(open) if !open.undecided.0.is_empty()) {
            return;
        }
        let decoding = self.decoding();
        let Phase::Open(open) = &mut self.phase else { return };
        if let Err(violation) = go_on(open, decoding, cx, now) {
            self.violated(&violation, 1002);
        }
    }
}

#[cold]
fn go_on(open: &mut Open, decoding: Decoding, cx: &mut Context<'_>, now: Instant) -> Result<(), Violation> {
    if !open.session.is_open() {
        open.undecided.0.clear();
    }
    open.undecided.expire(&open.session, now);
    open.undecided.0.iter_mut().for_each(|held| held.poll(cx));
    for kind in Action::ALL {
        while let Some(place) = open.undecided.first(kind)
            && open.undecided.0.get(place).is_some_and(|held| held.asking.is_none())
            && let Some(mut held) = open.undecided.0.remove(place)
        {
            if let Some(asked) = handle(open, decoding, &mut held)? {
                held.ask(&open.session, Some(asked));
                held.poll(cx);
                open.undecided.0.insert(place, held);
            }
        }
    }
    open.answers.waiting = open.undecided.kinds();
    Ok(())
}

impl UndecidedRequests {
    /// Admits one more request, of so many bytes.
    ///
    /// # Errors
    /// When too many wait, or the server keeps too much for the session.
    fn admit(&self, session: &Arc<RouterSession>, bytes: usize) -> Result<Option<Charge>, WampError> {
        let context = &session.running_realm().context;
        let most = session.limits().undecided_requests;
        if self.0.len() < most {
            return session.charge_bytes(bytes);
        }
        let text = format!("{most} requests of this session wait for a decision");
        context.counters.refused(Refusal::UndecidedRequests, session, &text);
        Err(WampError::unavailable(text))
    }

    /// A CANCEL: ends the call if it waits here, and says whether it did.
    pub(super) fn cancel(&mut self, session: &RouterSession, request: RequestId) -> bool {
        self.end_call(session, request, &WampError::call_canceled())
    }

    /// Answers the calls that have waited too long (checklist TMO-02, TMO-03).
    fn expire(&mut self, session: &RouterSession, now: Instant) {
        let is_late = |held: &UndecidedRequest| held.deadline.is_some_and(|at| at <= now);
        while let Some(late) = self.0.iter().find(|held| is_late(held)).map(|held| held.request) {
            self.end_call(session, late, &WampError::call_timed_out());
        }
    }

    /// When the first of the calls has waited too long. Each turn of a connection asks for it.
    #[inline]
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.0.is_empty() {
            return None;
        }
        self.0.iter().fold(None, |first, held| earliest(first, held.deadline))
    }

    /// Answers a call that waits, of which there may be several inputs.
    fn end_call(&mut self, session: &RouterSession, request: RequestId, error: &WampError) -> bool {
        let is_it = |held: &UndecidedRequest| held.action == Action::Call && held.request == request;
        let Some(last) = self.0.iter().rfind(|held| is_it(held)) else { return false };
        refuse(session, request, last.input_open, error);
        self.0.retain(|held| !is_it(held));
        true
    }

    fn first(&self, kind: Action) -> Option<usize> {
        self.0.iter().position(|held| held.action == kind)
    }

    fn kinds(&self) -> Actions {
        self.0.iter().map(|held| held.action).fold(Actions::default(), add)
    }
}

impl UndecidedRequest {
    /// `None` for messages that nobody decides.
    fn new(session: &RouterSession, message: &Message<'_>, frame: &Bytes) -> Option<Self> {
        let (mut is_answered, mut input_open, mut deadline) = (true, false, None);
        let (action, request) = match message {
            Message::Call(call) => {
                input_open = call.options.progress;
                if call.options.timeout > 0 {
                    let longest = session.limits().longest_call_timeout;
                    let timeout = Duration::from_millis(call.options.timeout).min(longest);
                    deadline = Some(after(session.runtime().now(), timeout));
                }
                (Action::Call, call.request)
            }
            Message::Publish(publish) => {
                is_answered = publish.options.acknowledge;
                (Action::Publish, publish.request)
            }
            Message::Subscribe(subscribe) => (Action::Subscribe, subscribe.request),
            Message::Register(register) => (Action::Register, register.request),
            _ => return None,
        };
        Some(Self {
            action,
            request,
            frame: frame.clone(),
            is_answered,
            input_open,
            deadline,
            given: Vec::new(),
            asking: None,
            charge: None,
        })
    }

    /// Returns whether it is an input of the same call.
    fn is_of_call(&self, other: &Self) -> bool {
        self.action == Action::Call && other.action == Action::Call && self.request == other.request
    }

    /// Asks an authorizer. It is polled where the request was read, as handlers are.
    fn ask(&mut self, session: &Arc<RouterSession>, asked: Option<Box<AskedQuestion>>) {
        self.asking = asked.map(|asked| asked.ask(session));
        self.poll(&mut Context::from_waker(Waker::noop()));
    }

    fn poll(&mut self, cx: &mut Context<'_>) {
        let Some(asking) = &mut self.asking else { return };
        if let Poll::Ready(answer) = asking.as_mut().poll(cx) {
            self.given.push(answer);
            self.asking = None;
        }
    }

    fn refuse(&self, session: &RouterSession, error: &WampError) {
        match self.action {
            Action::Call => refuse(session, self.request, self.input_open, error),
            Action::Publish if !self.is_answered => {}
            Action::Publish => session.send_error(Publish::CODE, self.request, error),
            Action::Subscribe => session.send_error(Subscribe::CODE, self.request, error),
            Action::Register => session.send_error(Register::CODE, self.request, error),
        }
    }
}
