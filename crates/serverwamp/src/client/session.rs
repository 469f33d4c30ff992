//! What the handles of one client's session share with its connection: the session machine, the subscriptions, the outbox.
//!
//! Requests go in from any thread, their messages into the outbox in the order of their ids. The connection's driver takes
//! the answers in, one after the other.
//!
//! Invariant: a request is in the machine's table before its message is in the outbox, and under the same lock. No user code
//! runs under it.

use super::end::SessionEnd;
use super::reconnect::StandingParts;
use super::served::{ClientRoute, ServedCall};
use super::topics::Topics;
pub(super) use super::waiting::{WaitingRegister, WaitingSubscribe};
use crate::base::error::{Unanswered, WampError};
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::peering::{CallInbox, Ended};
use crate::rt::Runtime;
use crate::transport::{Class, Outbox, PushError};
use hashbrown::HashMap;
use serverwamp_proto::codec::{EncodeError, Serializer};
use serverwamp_proto::id::{PublicationId, RegistrationId, RequestId};
use serverwamp_proto::message::{
    CallOptions, Cancel, CancelMode, CancelOptions, Goodbye, GoodbyeDetails, Message, Welcome, encode_call,
};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::client::{ClientMachine, ClientState, RequestKind};
use serverwamp_proto::session::{Feature, RouterRoles};
use serverwamp_proto::uris;
use std::fmt;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, OnceLock, PoisonError};

/// The client's own part of a request.
#[derive(Clone)]
pub(super) enum Awaited {
    /// A call.
    Call(Arc<CallInbox>),
    /// A publication that is to be acknowledged.
    Publish(Arc<Signal<Result<PublicationId, WampError>>>),
    /// A subscription, with where its events go.
    Subscribe(Arc<WaitingSubscribe>),
    /// A registration, with what serves it.
    Register(Arc<WaitingRegister>),
    /// Nobody waits for the answer.
    Nobody,
}

/// A request that can be made in any session.
pub(super) type UnsentRequest = Box<dyn FnOnce(&ClientSession) -> Result<RequestId, Unsent> + Send>;

/// Why a request was not sent.
pub(super) enum Unsent {
    /// It cannot be sent.
    Refused(WampError),
    /// The session is over, and another one may take it.
    Over(UnsentRequest),
}

/// The session machine of a client.
pub(super) type Machine = ClientMachine<Awaited, Arc<ServedCall>>;

/// What changes during a session.
pub(super) struct ClientTables {
    pub(super) machine: Machine,
    pub(super) topics: Topics,
    pub(super) registrations: HashMap<RegistrationId, Arc<ClientRoute>>,
}

/// One session of a client.
pub(super) struct ClientSession {
    state: Mutex<ClientTables>,
    pub(super) outbox: Outbox,
    /// The bytes of inputs that wait for handlers.
    pub(super) held_input: AtomicUsize,
    /// The bytes of arguments of the calls that are being served.
    pub(super) held_arguments: AtomicUsize,
    pub(super) serializer: Serializer,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) welcome: OnceLock<(Welcome, RouterRoles)>,
    /// Set before an ABORT of this side, whose answer may overtake what is done behind it: the end that counts.
    pub(super) aborted: OnceLock<SessionEnd>,
    /// Set when the session is over, or will never begin.
    pub(super) end: Signal<SessionEnd>,
    /// Set when WELCOME is in.
    pub(super) joined: Signal<()>,
    /// What is made again in the next session, if there will be one.
    pub(super) standing: Option<Arc<StandingParts>>,
}

impl ClientSession {
    pub(super) fn new(
        machine: Machine,
        outbox: Outbox,
        serializer: Serializer,
        runtime: Arc<dyn Runtime>,
        standing: Option<Arc<StandingParts>>,
    ) -> Self {
        Self {
            state: Mutex::new(ClientTables {
                machine,
                topics: Topics::default(),
                registrations: HashMap::new(),
            }),
            outbox,
            held_input: AtomicUsize::new(0),
            held_arguments: AtomicUsize::new(0),
            serializer,
            runtime,
            welcome: OnceLock::new(),
            aborted: OnceLock::new(),
            end: Signal::default(),
            joined: Signal::default(),
            standing,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, ClientTables> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the router's dealer announced this.
    pub(super) fn dealer_has(&self, feature: Feature) -> bool {
        let roles = self.welcome.get().map(|(_, roles)| roles);
        roles.and_then(|roles| roles.dealer).is_some_and(|features| features.has(feature))
    }

    /// Returns whether the router's broker announced this.
    pub(super) fn broker_has(&self, feature: Feature) -> bool {
        let roles = self.welcome.get().map(|(_, roles)| roles);
        roles.and_then(|roles| roles.broker).is_some_and(|features| features.has(feature))
    }

    /// Sends a message that is no request.
    pub(super) fn send(&self, message: &Message<'_>) {
        // A full or closed outbox ends the connection, which is where its end is noticed.
        let _ended = self.outbox.push(Class::Required, |out| message.encode(self.serializer, out));
    }

    /// Sends a message without which there is no session.
    ///
    /// # Errors
    /// When the router does not take it for its length.
    pub(super) fn send_to_join(&self, message: &Message<'_>) -> Result<(), String> {
        match self.outbox.push(Class::Required, |out| message.encode(self.serializer, out)) {
            Err(PushError::TooLong) => {
                let longest = self.outbox.framing().longest();
                let name = message.name();
                Err(format!("it takes messages of up to {longest} bytes here, and {name} is longer"))
            }
            _ => Ok(()),
        }
    }

    /// Sends a request, whose answer goes to `waiting`.
    pub(super) fn request<M>(
        &self,
        kind: RequestKind,
        waiting: Awaited,
        message: M,
    ) -> Result<RequestId, Unsent>
    where
        M: FnOnce(RequestId) -> Message<'static> + Send + 'static,
    {
        let mut state = self.state();
        if self.is_over(&state) {
            return Err(Unsent::Over(Box::new(move |session| session.request(kind, waiting, message))));
        }
        let subscribe = match &waiting {
            Awaited::Subscribe(subscribe) => Some(subscribe.key.clone()),
            _ => None,
        };
        let Some(request) = state.machine.request(kind, waiting) else { return Err(too_many()) };
        self.push_request(&mut state, request, &message(request)).map_err(Unsent::Refused)?;
        if let Some(key) = subscribe {
            state.topics.asked(key);
        }
        Ok(request)
    }

    /// Sends a CALL that waits for no other session if this one is over. Its arguments are in the session's serializer.
    pub(super) fn call(
        &self,
        kind: RequestKind,
        waiting: Awaited,
        procedure: &str,
        options: &CallOptions,
        payload: &Payload,
    ) -> Result<RequestId, WampError> {
        debug_assert_eq!(payload.serializer, self.serializer);
        let mut state = self.state();
        if self.is_over(&state) {
            return Err(self.refusal());
        }
        let Some(request) = state.machine.request(kind, waiting) else { return Err(too_many_requests()) };
        let (serializer, Payload { args, kwargs, .. }) = (self.serializer, payload);
        self.push_encoded("CALL", |out| {
            encode_call(serializer, request, options, procedure, args, kwargs, out)
        })
        .inspect_err(|_| drop(state.machine.withdraw(request)))?;
        Ok(request)
    }

    /// Sends a PUBLISH that asks for no answer.
    pub(super) fn unacknowledged<M>(&self, message: M) -> Result<RequestId, Unsent>
    where
        M: FnOnce(RequestId) -> Message<'static> + Send + 'static,
    {
        let mut state = self.state();
        if self.is_over(&state) {
            return Err(Unsent::Over(Box::new(move |session| session.unacknowledged(message))));
        }
        let Some(request) = state.machine.unacknowledged() else { return Err(too_many()) };
        self.push_request(&mut state, request, &message(request)).map_err(Unsent::Refused)?;
        Ok(request)
    }

    /// Whether a request can be sent.
    pub(super) fn takes_requests(&self) -> bool {
        !self.is_over(&self.state())
    }

    /// Whether no request can be sent any more.
    fn is_over(&self, state: &ClientTables) -> bool {
        state.machine.state() != ClientState::Established || self.outbox.is_closed()
    }

    pub(super) fn push_request(
        &self,
        state: &mut ClientTables,
        request: RequestId,
        message: &Message<'_>,
    ) -> Result<(), WampError> {
        self.push(message).inspect_err(|_| drop(state.machine.withdraw(request)))
    }

    /// Sends a further input of a call that is unanswered.
    pub(super) fn send_input(
        &self,
        request: RequestId,
        last: bool,
        message: &Message<'_>,
    ) -> Result<(), WampError> {
        let mut state = self.state();
        if !state.machine.send_input(request, last) {
            return Err(WampError::call_canceled());
        }
        self.push(message)
    }

    fn push(&self, message: &Message<'_>) -> Result<(), WampError> {
        self.push_encoded(message.name(), |out| message.encode(self.serializer, out))
    }

    /// Sends the message of this name that `encode` appends.
    fn push_encoded(
        &self,
        name: &str,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError>,
    ) -> Result<(), WampError> {
        self.outbox.push(Class::Refusable, encode).map_err(|error| match error {
            PushError::Closed => self.refusal(),
            PushError::Full => {
                WampError::unavailable("the router reads too slowly: too much waits to be sent to it")
                    .of_unanswered(Unanswered::NotSent)
            }
            PushError::TooLong => {
                WampError::payload_size_exceeded(format!("the {name} is longer than the router accepts"))
            }
            PushError::Encode(error) => WampError::invalid_payload(error.to_string()),
        })
    }

    /// Why a request cannot be sent in a session that is over.
    pub(super) fn refusal(&self) -> WampError {
        match self.end.get() {
            Some(end) => end.to_error(Unanswered::NotSent),
            None => WampError::network_failure("the session is ending").of_unanswered(Unanswered::NotSent),
        }
    }

    /// Tells the router that nobody waits for a call any more.
    pub(super) fn cancel(&self, request: RequestId, mode: CancelMode) {
        let mut state = self.state();
        if !state.machine.cancel(request) || !self.dealer_has(Feature::CallCanceling) {
            return;
        }
        let options = CancelOptions { mode: Some(mode), ..CancelOptions::default() };
        let cancel = Message::Cancel(Cancel { request, options });
        // Where it does not fit the call goes on, and its answer is passed over.
        let _unsent = self.outbox.push(Class::Refusable, |out| cancel.encode(self.serializer, out));
    }

    /// Sends GOODBYE, once.
    pub(super) fn say_goodbye(&self) {
        let mut state = self.state();
        if self.end.get().is_some() || self.joined.get().is_none() {
            drop(state);
            return self.close();
        }
        let said = state.machine.state() != ClientState::Established;
        state.machine.leaving();
        drop(state);
        if said {
            return;
        }
        self.send(&goodbye(uris::close::CLOSE_REALM));
    }

    /// Ends the connection, after what was sent before.
    pub(super) fn close(&self) {
        self.outbox.close(1000, "");
    }

    /// Ends everything that waits, for a reason of which the first one counts.
    pub(super) fn end(&self, end: SessionEnd) {
        self.end.set(self.aborted.get().cloned().unwrap_or(end));
        let Some(end) = self.end.get() else { return };
        let mut state = self.state();
        state.machine.over();
        let (requests, served) = state.machine.left_behind();
        let inboxes = state.topics.take_all();
        let registrations = std::mem::take(&mut state.registrations);
        drop(state);
        served.iter().for_each(|call| call.abandon());
        // What stands goes on in the next session, or ends with the client.
        if self.standing.is_none() {
            for route in registrations.values() {
                route.ended.set(Ended::SessionOver);
            }
            for inbox in inboxes {
                inbox.end(Ended::SessionOver);
            }
        }
        for request in requests {
            let error = || end.to_error(Unanswered::MayHaveRun);
            match request.of {
                Awaited::Call(inbox) => inbox.finish(Err(error())),
                Awaited::Publish(answer) => drop(answer.set(Err(error()))),
                Awaited::Subscribe(subscribe) => drop(subscribe.answer.set(Err(error()))),
                Awaited::Register(register) => drop(register.answer.set(Err(error()))),
                Awaited::Nobody => {}
            }
        }
        self.close();
    }
}

fn too_many() -> Unsent {
    Unsent::Refused(too_many_requests())
}

fn too_many_requests() -> WampError {
    let text = "too many requests of this session are unanswered";
    WampError::unavailable(text).of_unanswered(Unanswered::NotSent)
}

impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession").field("end", &self.end.get()).finish_non_exhaustive()
    }
}

pub(super) fn goodbye(reason: &'static str) -> Message<'static> {
    Message::Goodbye(Goodbye { details: GoodbyeDetails::default(), reason: reason.into() })
}
