//! The calls that a client serves: from an INVOCATION to its YIELD or ERROR.
//!
//! As in the router, a handler is polled where its INVOCATION was read, and becomes a task only if it waits.
//!
//! Invariant: an invocation that the machine has let in gets one final answer, and its limits are those of `docs/limits.md`.

use super::call::no_passthru;
use super::handle::Held;
use super::session::ClientSession;
use crate::base::error::WampError;
use crate::base::log::line;
use crate::base::signal::Signal;
use crate::peering::payload::CallReply;
use crate::peering::{
    CallSource, CallState, Caller, ChargedPayload, Charger, Ended, Invocation, Matched, RealmPeer, Served,
    Stop, Taken, Takes, encode_error, run_to_end,
};
use crate::rt::{Runtime, after, panics};
use crate::transport::{Class, Outbox, PushError, infallible};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::{RegistrationId, RequestId, SessionId};
use serverwamp_proto::message::{
    ForwardFor, Interrupt, InterruptMode, Invocation as InvocationMessage, InvocationDetails, Message,
    Register, RegisterOptions, Yield, YieldOptions,
};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::uris;
use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The calls that a client serves at once; more are answered with `wamp.error.unavailable`, so that the router may ask another
/// callee.
pub(super) const CALLS_SERVED: usize = 4096;

/// The bytes of inputs that may wait for the handlers of a client.
const WAITING_INPUT: usize = 4 << 20;

/// The bytes of arguments of calls that are being served: four of the longest messages. A worker that has more is asked again later.
const SERVED_ARGUMENTS: usize = 64 << 20;

/// Calls with less than this are not counted: how many there may be is a limit of its own.
const SHORT: usize = 1024;

/// The time that a handler has to wind up, as [`Limits::grace`](crate::Limits::grace).
const GRACE: Duration = Duration::from_secs(5);

/// The service of one registration's invocations.
pub(super) struct ClientRoute {
    /// The URI or pattern, as REGISTER named it.
    pub(super) uri: Arc<str>,
    pub(super) options: RegisterOptions,
    pub(super) matched: Matched,
    pub(super) served: Served,
    pub(super) takes: Takes,
    /// The client, for what a handler does in the realm. Its calls alone do not keep it.
    pub(super) held: Weak<Held>,
    /// Set when the router does not have the registration any more, and is not to get it again.
    pub(super) ended: Arc<Signal<Ended>>,
    /// Set when nobody holds the registration, or waits for it, any more.
    pub(super) given_up: Signal<()>,
    /// The registration's id in the session that has it, or had it last; 0 before.
    pub(super) current_id: AtomicU64,
}

impl ClientRoute {
    pub(super) fn message(&self, request: RequestId) -> Message<'static> {
        let procedure = self.uri.to_string().into();
        Message::Register(Register { request, options: self.options.clone(), procedure })
    }

    pub(super) fn current_id(&self) -> Option<RegistrationId> {
        RegistrationId::new(self.current_id.load(Ordering::Acquire))
    }

    pub(super) fn set_current_id(&self, id: RegistrationId) {
        self.current_id.store(id.get(), Ordering::Release);
    }
}

/// A call that a client serves.
pub(super) type ServedCall = CallState<ClientSource>;

/// The session of a client as the source of a call that it serves.
pub(super) struct ClientSource {
    session: Arc<ClientSession>,
    id: SessionId,
    held: Weak<Held>,
    caller: Caller,
    _arguments: Option<HeldArguments>,
}

/// The bytes that a call which is being served makes the client keep, until this is dropped.
struct HeldArguments {
    bytes: usize,
    session: Arc<ClientSession>,
}

impl HeldArguments {
    /// `None` inside for a call with next to nothing.
    ///
    /// # Errors
    /// When the calls that are being served keep too much already.
    fn of(
        session: &Arc<ClientSession>,
        payload: &Payload,
        details: &InvocationDetails<'_>,
    ) -> Result<Option<Self>, WampError> {
        let texts = [&details.procedure, &details.caller_authid, &details.caller_authrole];
        let bytes = payload.size()
            + details.forward_for.as_ref().map_or(0, ForwardFor::bytes)
            + texts.map(|text| text.as_ref().map_or(0, |text| text.len())).iter().sum::<usize>();
        if bytes < SHORT {
            return Ok(None);
        }
        // The first may be as long as a message.
        let add = |held: usize| held.checked_add(bytes).filter(|sum| held == 0 || *sum <= SERVED_ARGUMENTS);
        match session.held_arguments.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add) {
            Ok(_) => Ok(Some(Self { bytes, session: Arc::clone(session) })),
            Err(held) => Err(WampError::unavailable(format!(
                "the unanswered calls of this client hold {held} bytes of arguments; the limit is {SERVED_ARGUMENTS}"
            ))),
        }
    }
}

impl Drop for HeldArguments {
    fn drop(&mut self) {
        self.session.held_arguments.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Serves an INVOCATION.
pub(super) fn invoke(session: &Arc<ClientSession>, invocation: InvocationMessage<'_>, now: Instant) {
    let InvocationMessage { request, registration, details, payload } = invocation;
    let mut tables = session.state();
    let route = tables.registrations.get(&registration).cloned();
    let (Some(route), Some(id)) = (route, tables.machine.id()) else {
        // The machine knows the registration, so this one is being given up.
        tables.machine.refuse(request, details.progress);
        drop(tables);
        return send_error(session, request, &WampError::new(uris::error::UNAVAILABLE));
    };
    let arguments = match HeldArguments::of(session, &payload, &details) {
        Ok(arguments) => arguments,
        Err(error) => {
            tables.machine.refuse(request, details.progress);
            drop(tables);
            return send_error(session, request, &error);
        }
    };
    let state = Arc::new(describe(Arc::clone(session), id, request, &route, &details, arguments, now));
    let admitted = tables.machine.serve(request, details.progress, Arc::clone(&state));
    drop(tables);
    if !admitted {
        let text = format!("more than {CALLS_SERVED} calls of this client are unanswered");
        return send_error(session, request, &WampError::unavailable(text));
    }
    let passthru = details.passthru.filter(|passthru| passthru.is_active());
    let needed = Takes { input: details.progress, passthru: passthru.is_some() };
    if let Some(missing) = route.takes.missing_for(needed) {
        state.answer(&CallReply::error(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(missing)));
        return;
    }
    start(state, payload.packed(passthru), &route.served);
}

fn describe(
    session: Arc<ClientSession>,
    id: SessionId,
    request: RequestId,
    route: &ClientRoute,
    details: &InvocationDetails<'_>,
    arguments: Option<HeldArguments>,
    now: Instant,
) -> ServedCall {
    let procedure = match (&route.matched, &details.procedure) {
        (Matched::Exact, _) | (_, None) => Arc::clone(&route.uri),
        (_, Some(procedure)) => Arc::from(&**procedure),
    };
    let caller = Caller {
        session: details.caller,
        authid: details.caller_authid.as_deref().map(Into::into),
        authrole: details.caller_authrole.as_deref().map(Into::into),
        trustlevel: details.trustlevel,
        forward_for: None,
    };
    let source = ClientSource { session, id, held: Weak::clone(&route.held), caller, _arguments: arguments };
    let mut state = CallState::new(source, request, procedure);
    state.matched = route.matched.clone();
    state.receive_progress = details.receive_progress;
    state.forward_for.clone_from(&details.forward_for);
    state.inputs = details.progress.then(Arc::default);
    if details.timeout > 0 {
        let timeout = Duration::from_millis(details.timeout);
        state.timeout = Some(timeout);
        state.deadline = Some(after(now, timeout));
    }
    state
}

fn start(state: Arc<ServedCall>, payload: Payload, served: &Served) {
    let call: Arc<ServedCall> = Arc::clone(&state);
    // A layer may keep its request for as long as it likes: not with everything that one read returned.
    let payload = match served {
        Served::Handler(_) => payload,
        Served::Service(_) => payload.to_keep(),
    };
    let mut run = served.call(Invocation { call, payload });
    let mut now = Context::from_waker(Waker::noop());
    match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(&mut now))) {
        Ok(Poll::Ready(reply)) => {
            drop(run);
            state.answer(&reply);
        }
        Ok(Poll::Pending) => {
            let runtime = Arc::clone(&state.source.session.runtime);
            runtime.spawn(Box::pin(async move { run_to_end(run, &state).await }));
        }
        Err(panic) => {
            let id = state.source.panicked(panic.as_ref());
            state.answer(&CallReply::error(WampError::incident(&id)));
        }
    }
}

/// Hands a further input to the handler of its call.
pub(super) fn input(call: &ServedCall, invocation: &InvocationMessage<'_>) {
    match call.take_input(&call.procedure, &invocation.payload, !invocation.details.progress) {
        // The machine lets no input through after the last one.
        Taken::Waiting | Taken::Complete | Taken::Answered => {}
        Taken::Full => {
            let text = "the procedure does not take its input fast enough";
            call.stop_with(Stop::Now, WampError::network_failure(text));
        }
    }
}

/// Stops a call that the router interrupts.
pub(super) fn interrupt(call: &ServedCall, interrupt: &Interrupt) {
    let stop = match interrupt.options.mode {
        Some(InterruptMode::Kill) => Stop::Kill,
        Some(InterruptMode::KillNoWait) | None => Stop::Now,
    };
    call.stop_with(stop, WampError::call_canceled());
}

/// Ends a registration that the router took away.
pub(super) fn revoked(session: &ClientSession, registration: RegistrationId, reason: Option<String>) {
    let Some(route) = session.state().registrations.remove(&registration) else { return };
    if let Some(standing) = &session.standing {
        standing.unregistered(&route);
    }
    route.ended.set(Ended::Revoked { reason });
}

fn send_error(session: &ClientSession, request: RequestId, error: &WampError) {
    let serializer = session.serializer;
    let push = |error: &WampError| {
        let encode = infallible(|out| encode_error(serializer, InvocationMessage::CODE, request, error, out));
        session.outbox.push(Class::Required, encode)
    };
    if let Err(PushError::TooLong) = push(error) {
        // Its name alone. A router that does not take even that will end the call by itself.
        let _too_long = push(&WampError::new(error.uri().to_owned()));
    }
}

impl ClientSource {
    fn send_yield(&self, request: RequestId, progress: bool, payload: &Payload) -> Result<(), WampError> {
        let passthru = payload.passthru.clone();
        if passthru.is_some() && !self.session.dealer_has(Feature::PayloadPassthruMode) {
            return Err(no_passthru());
        }
        let options = YieldOptions { progress, passthru, ..YieldOptions::default() };
        let message = Message::Yield(Yield { request, options, payload: payload.clone() });
        let serializer = self.session.serializer;
        let pushed = self.session.outbox.push(Class::Answer, |out| message.encode(serializer, out));
        pushed.map_err(|error| match error {
            PushError::TooLong => {
                WampError::payload_size_exceeded("the answer is longer than the router accepts")
            }
            PushError::Full => WampError::network_failure("the router does not read fast enough"),
            PushError::Closed => WampError::call_canceled(),
            PushError::Encode(error) => WampError::invalid_payload(error.to_string()),
        })
    }
}

impl CallSource for ClientSource {
    fn session(&self) -> SessionId {
        self.id
    }

    fn runtime(&self) -> &Arc<dyn Runtime> {
        &self.session.runtime
    }

    fn serializer(&self) -> Serializer {
        self.session.serializer
    }

    fn outbox(&self) -> &Outbox {
        &self.session.outbox
    }

    fn keep(&self, payload: &Payload) -> Option<ChargedPayload> {
        let held = &self.session.held_input;
        let add = |held: usize| held.checked_add(payload.size()).filter(|sum| *sum <= WAITING_INPUT);
        held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add).ok()?;
        let charger: Arc<ClientSession> = Arc::clone(&self.session);
        Some(ChargedPayload::new(payload, charger))
    }

    fn send_progress(&self, request: RequestId, encoded: &Payload) -> Result<(), WampError> {
        let tables = self.session.state();
        if !tables.machine.is_served(request) {
            return Err(WampError::call_canceled());
        }
        self.send_yield(request, true, encoded)
    }

    fn send_reply(&self, request: RequestId, reply: &CallReply) {
        let mut tables = self.session.state();
        if !tables.machine.answer(request) {
            return;
        }
        let sent = match &reply.result {
            Ok(payload) => self.send_yield(request, false, payload),
            Err(error) => Err(error.clone()),
        };
        if let Err(error) = sent {
            send_error(&self.session, request, &error);
        }
    }

    /// Nothing to do: the machine remembers it.
    fn answered_early(&self, _: RequestId) {}

    /// The caller as INVOCATION discloses it.
    fn caller(&self, _: &str, _: bool) -> Caller {
        self.caller.clone()
    }

    fn caller_session(&self) -> Option<(SessionId, &str)> {
        None
    }

    fn realm_peer(&self) -> Result<RealmPeer, WampError> {
        let held = self.held.upgrade();
        let held =
            held.ok_or_else(|| WampError::network_failure("the client that serves the call has left"))?;
        Ok(RealmPeer::new(held))
    }

    fn grace(&self) -> Duration {
        GRACE
    }

    fn overstayed(&self, why: fmt::Arguments<'_>) {
        line!(WARN, "client", "a handler was dropped", session = self.id, why = why);
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> String {
        let id = crate::base::ids::incident();
        line!(
            ERROR,
            "internal",
            "a handler of a client panicked",
            id = id,
            session = self.id,
            panic = panics::text(panic)
        );
        id
    }
}

impl Charger for ClientSession {
    fn discharge(&self, bytes: usize) {
        self.held_input.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl fmt::Debug for ClientSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientSource").field("session", &self.id).finish_non_exhaustive()
    }
}
