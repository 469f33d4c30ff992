//! The client's side of one session: which message a router may send when, and which request it answers.
//!
//! The machine sends nothing. It assigns request ids, keeps one entry for each request that is unanswered and for each
//! invocation that the client serves, and answers each message of the router with the [`ClientStep`] its driver has to
//! take. `P` is the driver's own part of a request, `I` that of an invocation.
//!
//! Invariant: a request gets exactly one final answer. An answer to no request, an EVENT of no subscription and an INVOCATION
//! of no registration are violations, after which nothing more is heard; the tables never exceed the [`ClientLimits`].
//! Spec: basic, "Session Establishment", "Session Closing", "Protocol Errors".

mod requests;
mod served;

use std::fmt;

use bytes::Bytes;
use hashbrown::HashSet;

pub use requests::{PendingRequest, RequestKind, RouterAnswer};
pub use served::ClientLimits;

use super::{ABORT, GOODBYE, check_uri, type_code, unexpected};
use crate::codec::Serializer;
use crate::id::{RegistrationId, RequestId, SessionId, SubscriptionId};
use crate::message::{
    Abort, Bounds, Challenge, End, Event, Goodbye, Interrupt, Invocation, Message, UnregisteredDetails,
    UnsubscribedDetails, Violation, Welcome, Yield, quick_result,
};
use crate::payload::Payload;
use requests::Requests;
use served::ServedInvocations;

/// The state of a client's session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClientState {
    /// HELLO or AUTHENTICATE went out; WELCOME, CHALLENGE or ABORT is due.
    Joining,
    /// CHALLENGE came in, and the driver has not answered it yet.
    Challenged,
    /// The session exists.
    Established,
    /// The client's GOODBYE went out; the router's is due.
    Leaving,
    /// The session is over; nothing is heard any more.
    Over,
}

/// The driver's next step after a message of the router.
#[derive(Debug)]
pub enum ClientStep<'a, P, I> {
    /// Answer with AUTHENTICATE and report it with [`authenticated`](ClientMachine::authenticated).
    Challenge(Challenge<'a>),
    /// The session exists.
    Joined(Welcome),
    /// The router does not admit the client. The transport is of no more use.
    Refused(Abort<'a>),
    /// The one final answer to a request.
    Answered(PendingRequest<P>, RouterAnswer<'a>),
    /// A progressive result of a call, whose final answer is yet to come.
    Progress(P, crate::message::Result),
    /// An event of a subscription that the client has.
    Event(Event<'a>),
    /// The router took a subscription away, and says why.
    Unsubscribed(SubscriptionId, UnsubscribedDetails),
    /// The router took a registration away, and says why.
    Unregistered(RegistrationId, UnregisteredDetails),
    /// Serve it: report it with [`serve`](ClientMachine::serve), or answer it with ERROR at once.
    Invoke(Invocation<'a>),
    /// A further input of an invocation that is being served.
    Input(I, Invocation<'a>),
    /// Stop an invocation that is being served; it is still to be answered.
    Interrupt(I, Interrupt),
    /// The router refused what an invocation had yielded, and has ended it: it gets no answer.
    YieldRefused(I),
    /// The router ends the session: answer with GOODBYE `wamp.close.goodbye_and_out`, then close the transport.
    Dismissed(Goodbye<'a>),
    /// The router's answer to the client's GOODBYE: close the transport.
    Left,
    /// The router ended the session at once: close the transport.
    Aborted(Abort<'a>),
    /// Nothing.
    Ignored,
}

/// The client's session machine of one transport, from its HELLO on.
pub struct ClientMachine<P, I> {
    state: ClientState,
    id: Option<SessionId>,
    bounds: Bounds,
    requests: Requests<P>,
    served: ServedInvocations<I>,
    subscriptions: HashSet<SubscriptionId>,
    registrations: HashSet<RegistrationId>,
}

impl<P: Clone, I: Clone> ClientMachine<P, I> {
    /// The machine of a client whose HELLO goes out now.
    pub fn new(limits: ClientLimits, bounds: Bounds) -> Self {
        Self {
            state: ClientState::Joining,
            id: None,
            bounds,
            requests: Requests::new(limits.requests),
            served: ServedInvocations::new(limits.invocations),
            subscriptions: HashSet::new(),
            registrations: HashSet::new(),
        }
    }

    /// The state of the session.
    pub const fn state(&self) -> ClientState {
        self.state
    }

    /// The session's id, from WELCOME to its end.
    pub const fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// Enters a request that is about to be sent, and assigns its id.
    ///
    /// `None` when the limit of unanswered requests is reached, or there is no session.
    pub fn request(&mut self, kind: RequestKind, of: P) -> Option<RequestId> {
        (self.state == ClientState::Established).then_some(())?;
        self.requests.enter(kind, of)
    }

    /// Assigns the id of a PUBLISH that asks for no answer; `None` when there is no session.
    pub fn unacknowledged(&mut self) -> Option<RequestId> {
        (self.state == ClientState::Established).then(|| self.requests.number())
    }

    /// Takes back the request entered or numbered last, which was not sent after all.
    pub fn withdraw(&mut self, request: RequestId) -> Option<P> {
        self.requests.withdraw(request)
    }

    /// Returns whether a CANCEL is to be sent: the call is unanswered, and none was sent.
    pub fn cancel(&mut self, request: RequestId) -> bool {
        self.state == ClientState::Established && self.requests.cancel(request)
    }

    /// Returns whether a further input of a call may be sent: the call is unanswered, not canceled, and `last` of its inputs
    /// was not sent yet.
    pub fn send_input(&mut self, request: RequestId, last: bool) -> bool {
        self.state == ClientState::Established && self.requests.send_input(request, last)
    }

    /// Enters an invocation of [`ClientStep::Invoke`] that is being served. `false` when the limit is reached: answer it with
    /// ERROR.
    pub fn serve(&mut self, invocation: RequestId, more_input: bool, of: I) -> bool {
        self.served.enter(invocation, more_input, of)
    }

    /// An invocation of [`ClientStep::Invoke`] is answered with ERROR at once: of further inputs nothing is served.
    pub fn refuse(&mut self, invocation: RequestId, more_input: bool) {
        self.served.remember(invocation, more_input);
    }

    /// Returns whether a progressive result of this invocation may be sent: it is not answered yet.
    pub fn is_served(&self, invocation: RequestId) -> bool {
        self.state == ClientState::Established && self.served.contains(invocation)
    }

    /// Ends an invocation whose final answer is about to be sent; `false` when none may be sent any more.
    pub fn answer(&mut self, invocation: RequestId) -> bool {
        self.served.answer(invocation) && self.state == ClientState::Established
    }

    /// AUTHENTICATE went out.
    pub fn authenticated(&mut self) {
        if self.state == ClientState::Challenged {
            self.state = ClientState::Joining;
        }
    }

    /// The client's GOODBYE went out.
    pub fn leaving(&mut self) {
        if self.state == ClientState::Established {
            self.state = ClientState::Leaving;
        }
    }

    /// The session is over for a reason that no message told: the transport was lost, or the client's ABORT went out.
    pub fn over(&mut self) {
        self.state = ClientState::Over;
        self.id = None;
    }

    /// Takes out everything that will get no answer any more, once the session is over.
    pub fn left_behind(&mut self) -> (Vec<PendingRequest<P>>, Vec<I>) {
        (self.requests.take_all(), self.served.take_all())
    }

    /// Takes in the frame that clients get most, if it is one: the final RESULT of a call that is unanswered, without details and in
    /// its plainest form.
    ///
    /// `None` says nothing about the frame and changes nothing: give it to [`receive_frame`](Self::receive_frame), which takes in
    /// every frame, this one with the same outcome.
    pub fn receive_result(&mut self, serializer: Serializer, frame: &Bytes) -> Option<(P, Payload)> {
        (self.state == ClientState::Established).then_some(())?;
        let result = quick_result(serializer, frame, &self.bounds)?;
        Some((self.requests.answer_call(result.request)?, result.payload))
    }

    /// Reads one frame and takes it in.
    ///
    /// After the client's own GOODBYE only GOODBYE and ABORT are read; everything else is passed over unread.
    ///
    /// # Errors
    /// When the router broke the protocol: send ABORT with `wamp.error.protocol_violation` and close the transport.
    pub fn receive_frame<'a>(
        &mut self,
        serializer: Serializer,
        frame: &'a Bytes,
    ) -> Result<ClientStep<'a, P, I>, Violation> {
        match self.state {
            ClientState::Over => return Ok(ClientStep::Ignored),
            ClientState::Leaving if !matches!(type_code(serializer, frame), Some(GOODBYE | ABORT)) => {
                return Ok(ClientStep::Ignored);
            }
            _ => {}
        }
        let message = Message::decode_within(serializer, frame, self.bounds);
        let step = message.and_then(|message| self.receive(message));
        step.inspect_err(|_| self.over())
    }

    fn receive<'a>(&mut self, message: Message<'a>) -> Result<ClientStep<'a, P, I>, Violation> {
        match self.state {
            ClientState::Over => Ok(ClientStep::Ignored),
            ClientState::Joining | ClientState::Challenged => self.receive_joining(message),
            ClientState::Established => self.receive_established(message),
            ClientState::Leaving => Ok(match message {
                Message::Goodbye(_) => self.end(ClientStep::Left),
                Message::Abort(abort) => self.end(ClientStep::Aborted(abort)),
                _ => ClientStep::Ignored,
            }),
        }
    }

    fn receive_joining<'a>(&mut self, message: Message<'a>) -> Result<ClientStep<'a, P, I>, Violation> {
        match message {
            Message::Abort(abort) => Ok(self.end(ClientStep::Refused(abort))),
            other if self.state == ClientState::Challenged => {
                Err(unexpected(&other, "before the client has answered CHALLENGE"))
            }
            Message::Challenge(challenge) => {
                self.state = ClientState::Challenged;
                Ok(ClientStep::Challenge(challenge))
            }
            Message::Welcome(welcome) => {
                self.state = ClientState::Established;
                self.id = Some(welcome.session);
                Ok(ClientStep::Joined(welcome))
            }
            other => Err(unexpected(&other, "before WELCOME")),
        }
    }

    fn receive_established<'a>(&mut self, message: Message<'a>) -> Result<ClientStep<'a, P, I>, Violation> {
        match message {
            Message::Result(result) if result.details.progress => {
                let of = self.requests.progress(result.request)?;
                Ok(ClientStep::Progress(of, result))
            }
            Message::Event(event) if self.subscriptions.contains(&event.subscription) => {
                Ok(ClientStep::Event(event))
            }
            Message::Event(event) => {
                Err(Violation::new(format!("EVENT: the client has no subscription {}", event.subscription)))
            }
            Message::Invocation(invocation) => self.invoke(invocation),
            Message::Interrupt(interrupt) => Ok(match self.served.get(interrupt.request) {
                Some(of) => ClientStep::Interrupt(of, interrupt),
                // It crossed the answer.
                None => ClientStep::Ignored,
            }),
            Message::Unsubscribed(unsubscribed) => match unsubscribed.end {
                End::Answer(request) => self.answered(request, RouterAnswer::Unsubscribed),
                End::Revoked(details) => self.unsubscribed(details),
            },
            Message::Unregistered(unregistered) => match unregistered.end {
                End::Answer(request) => self.answered(request, RouterAnswer::Unregistered),
                End::Revoked(details) => self.unregistered(details),
            },
            Message::Published(published) => {
                self.answered(published.request, RouterAnswer::Published(published.publication))
            }
            Message::Subscribed(subscribed) => {
                self.answered(subscribed.request, RouterAnswer::Subscribed(subscribed.subscription))
            }
            Message::Registered(registered) => {
                self.answered(registered.request, RouterAnswer::Registered(registered.registration))
            }
            Message::Result(result) => self.answered(result.request, RouterAnswer::Result(result)),
            // The call is over (checklist PPT-09).
            Message::Error(error) if error.request_type == Yield::CODE => {
                let of = self.served.get(error.request);
                self.served.answer(error.request);
                Ok(of.map_or(ClientStep::Ignored, ClientStep::YieldRefused))
            }
            Message::Error(ref error) => {
                check_uri(&message, "Error", &error.error)?;
                let Message::Error(error) = message else { return Ok(ClientStep::Ignored) };
                self.answered(error.request, RouterAnswer::Error(error))
            }
            Message::Goodbye(goodbye) => Ok(self.end(ClientStep::Dismissed(goodbye))),
            Message::Abort(abort) => Ok(self.end(ClientStep::Aborted(abort))),
            other => Err(unexpected(&other, "from a router in an established session")),
        }
    }

    fn answered<'a>(
        &mut self,
        request: RequestId,
        answer: RouterAnswer<'a>,
    ) -> Result<ClientStep<'a, P, I>, Violation> {
        let pending = self.requests.answer(request, &answer)?;
        match (pending.kind, &answer) {
            (_, RouterAnswer::Subscribed(subscription)) => {
                self.subscriptions.insert(*subscription);
            }
            (_, RouterAnswer::Registered(registration)) => {
                self.registrations.insert(*registration);
            }
            // With ERROR as well: the router does not have it.
            (RequestKind::Unsubscribe(subscription), _) => {
                self.subscriptions.remove(&subscription);
            }
            (RequestKind::Unregister(registration), _) => {
                self.registrations.remove(&registration);
            }
            _ => {}
        }
        Ok(ClientStep::Answered(pending, answer))
    }

    fn invoke<'a>(&mut self, invocation: Invocation<'a>) -> Result<ClientStep<'a, P, I>, Violation> {
        let (request, registration) = (invocation.request, invocation.registration);
        if let Some(taken) = self.served.input(request, invocation.details.progress) {
            return Ok(taken?.map_or(ClientStep::Ignored, |of| ClientStep::Input(of, invocation)));
        }
        if !self.registrations.contains(&registration) {
            let text = format!("INVOCATION #{request}: the client has no registration {registration}");
            return Err(Violation::new(text));
        }
        Ok(ClientStep::Invoke(invocation))
    }

    /// A revocation crosses an UNSUBSCRIBE, so one of a subscription that is gone breaks nothing.
    fn unsubscribed<'a>(&mut self, details: UnsubscribedDetails) -> Result<ClientStep<'a, P, I>, Violation> {
        let Some(subscription) = details.subscription else {
            return Err(Violation::new("UNSUBSCRIBED #0: Details.subscription is missing"));
        };
        Ok(match self.subscriptions.remove(&subscription) {
            true => ClientStep::Unsubscribed(subscription, details),
            false => ClientStep::Ignored,
        })
    }

    fn unregistered<'a>(&mut self, details: UnregisteredDetails) -> Result<ClientStep<'a, P, I>, Violation> {
        let Some(registration) = details.registration else {
            return Err(Violation::new("UNREGISTERED #0: Details.registration is missing"));
        };
        Ok(match self.registrations.remove(&registration) {
            true => ClientStep::Unregistered(registration, details),
            false => ClientStep::Ignored,
        })
    }

    fn end<'a>(&mut self, step: ClientStep<'a, P, I>) -> ClientStep<'a, P, I> {
        self.over();
        step
    }
}

impl<P, I> fmt::Debug for ClientMachine<P, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMachine")
            .field("state", &self.state)
            .field("id", &self.id)
            .field("requests", &self.requests.len())
            .field("served", &self.served.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod at_random;
#[cfg(test)]
mod plain_results;
#[cfg(test)]
mod tests;
