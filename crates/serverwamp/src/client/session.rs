//! What the handles of one client's session share with its connection: the session machine, the subscriptions, the outbox.
//!
//! Requests go in from any thread, their messages into the outbox in the order of their ids. The connection's driver takes
//! the answers in, one after the other.
//!
//! Invariant: a request is in the machine's table before its message is in the outbox, and under the same lock. No user code
//! runs under it.

use super::end::SessionEnd;
use super::served::{ClientRoute, ServedCall};
use super::topics::{TopicKey, Topics};
use crate::base::error::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::base::signal::Signal;
use crate::peering::{CallInbox, EventInbox};
use crate::rt::Runtime;
use crate::transport::{Class, Outbox, PushError};
use hashbrown::HashMap;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{PublicationId, RegistrationId, RequestId, SubscriptionId};
use serverwamp_proto::message::{
    Cancel, CancelMode, CancelOptions, Goodbye, GoodbyeDetails, Message, Unregister, Unsubscribe, Welcome,
};
use serverwamp_proto::session::client::{ClientMachine, RequestKind};
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

/// A SUBSCRIBE without its answer.
pub(super) struct WaitingSubscribe {
    pub(super) key: TopicKey,
    pub(super) inbox: Arc<EventInbox>,
    pub(super) answer: Signal<Result<SubscriptionId, WampError>>,
}

/// A REGISTER without its answer.
pub(super) struct WaitingRegister {
    pub(super) route: Arc<ClientRoute>,
    pub(super) answer: Signal<Result<RegistrationId, WampError>>,
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
    pub(super) serializer: Serializer,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) welcome: OnceLock<(Welcome, RouterRoles)>,
    /// Set before an ABORT of this side, whose answer may overtake what is done behind it: the end that counts.
    pub(super) aborted: OnceLock<SessionEnd>,
    /// Set when the session is over, or will never begin.
    pub(super) end: Signal<SessionEnd>,
    /// Set when WELCOME is in.
    pub(super) joined: Signal<()>,
}

impl ClientSession {
    pub(super) fn new(
        machine: Machine,
        outbox: Outbox,
        serializer: Serializer,
        runtime: Arc<dyn Runtime>,
    ) -> Self {
        Self {
            state: Mutex::new(ClientTables {
                machine,
                topics: Topics::default(),
                registrations: HashMap::new(),
            }),
            outbox,
            held_input: AtomicUsize::new(0),
            serializer,
            runtime,
            welcome: OnceLock::new(),
            aborted: OnceLock::new(),
            end: Signal::default(),
            joined: Signal::default(),
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

    /// Sends a message that is no request.
    pub(super) fn send(&self, message: &Message<'_>) {
        // A full or closed outbox ends the connection, which is where its end is noticed.
        let _ended = self.outbox.push(Class::Required, |out| message.encode(self.serializer, out));
    }

    /// Sends a request, whose answer goes to `waiting`.
    pub(super) fn request(
        &self,
        kind: RequestKind,
        waiting: Awaited,
        message: impl FnOnce(RequestId) -> Message<'static>,
    ) -> Result<RequestId, WampError> {
        let mut state = self.state();
        let subscribe = match &waiting {
            Awaited::Subscribe(subscribe) => Some(subscribe.key.clone()),
            _ => None,
        };
        let Some(request) = state.machine.request(kind, waiting) else {
            drop(state);
            return Err(self.refusal());
        };
        self.push_request(&mut state, request, &message(request))?;
        if let Some(key) = subscribe {
            state.topics.asked(key);
        }
        Ok(request)
    }

    /// Sends a PUBLISH that asks for no answer.
    pub(super) fn unacknowledged(
        &self,
        message: impl FnOnce(RequestId) -> Message<'static>,
    ) -> Result<(), WampError> {
        let mut state = self.state();
        let Some(request) = state.machine.unacknowledged() else {
            drop(state);
            return Err(self.refusal());
        };
        self.push_request(&mut state, request, &message(request))
    }

    fn push_request(
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
        let pushed = self.outbox.push(Class::Refusable, |out| message.encode(self.serializer, out));
        pushed.map_err(|error| match error {
            PushError::Closed => self.refusal(),
            PushError::Full => {
                WampError::unavailable("the router reads too slowly: too much waits to be sent to it")
            }
            PushError::TooLong => WampError::payload_size_exceeded(format!(
                "the {} is longer than the router accepts",
                message.name()
            )),
            PushError::Encode(error) => WampError::invalid_payload(error.to_string()),
        })
    }

    /// Why a request cannot be sent.
    fn refusal(&self) -> WampError {
        match self.end.get() {
            Some(end) => end.to_error("the request was not sent"),
            None if self.outbox.is_closed() => WampError::network_failure("the session is ending"),
            None => WampError::unavailable("too many requests of this session are unanswered"),
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

    /// Ends what somebody subscribed to, and the subscription with the last of them.
    pub(super) fn unsubscribe(&self, id: SubscriptionId, inbox: &Arc<EventInbox>) {
        let mut state = self.state();
        let over = state.topics.leave(id, inbox);
        self.send_unsubscribes(&mut state, over);
    }

    /// Sends UNSUBSCRIBE for what nobody listens to.
    pub(super) fn send_unsubscribes(
        &self,
        state: &mut ClientTables,
        over: impl IntoIterator<Item = SubscriptionId>,
    ) {
        for subscription in over {
            let Some(request) =
                state.machine.request(RequestKind::Unsubscribe(subscription), Awaited::Nobody)
            else {
                continue;
            };
            let unsubscribe = Message::Unsubscribe(Unsubscribe { request, subscription });
            // Where it does not fit, events go on to arrive and are passed over.
            let _unsent = self.push_request(state, request, &unsubscribe);
        }
    }

    /// Gives a registration up. Invocations that cross this are served.
    pub(super) fn unregister(&self, registration: RegistrationId) {
        let mut state = self.state();
        if !state.registrations.contains_key(&registration) {
            return;
        }
        let kind = RequestKind::Unregister(registration);
        let Some(request) = state.machine.request(kind, Awaited::Nobody) else { return };
        let unregister = Message::Unregister(Unregister { request, registration });
        // Where it does not fit the router goes on to call, and is served.
        let _unsent = self.push_request(&mut state, request, &unregister);
    }

    /// Sends GOODBYE, once.
    pub(super) fn say_goodbye(&self) {
        let mut state = self.state();
        if self.end.get().is_some() || self.joined.get().is_none() {
            drop(state);
            return self.close();
        }
        state.machine.leaving();
        drop(state);
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
        for route in registrations.values() {
            route.ended.set(());
        }
        for request in requests {
            let error = || end.to_error("it may have been carried out");
            match request.of {
                Awaited::Call(inbox) => inbox.finish(Err(error())),
                Awaited::Publish(answer) => drop(answer.set(Err(error()))),
                Awaited::Subscribe(subscribe) => drop(subscribe.answer.set(Err(error()))),
                Awaited::Register(register) => drop(register.answer.set(Err(error()))),
                Awaited::Nobody => {}
            }
        }
        for inbox in inboxes {
            inbox.end();
        }
        self.close();
    }
}

impl fmt::Debug for ClientSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSession").field("end", &self.end.get()).finish_non_exhaustive()
    }
}

pub(super) fn goodbye(reason: &'static str) -> Message<'static> {
    Message::Goodbye(Goodbye { details: GoodbyeDetails::default(), reason: reason.into() })
}
