//! One call on its way from a caller to a client that serves it, and back.
//!
//! Invariant: a call gets exactly one final RESULT or ERROR, and no progressive result after it. Whoever answers, stops
//! or reroutes it takes its state, looks, queues, and only then lets go. A callee can only answer what is in its own
//! table of invocations, so no session answers for another.

use super::registration::{Callee, RegistrationEntry};
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::peering::{CallInbox, ChargedPayload};
use crate::router::cluster::CallerElsewhere;
use crate::router::realm::forwarded;
use crate::router::session::RouterSession;
use serverwamp_proto::dealer::{Called, Tried};
use serverwamp_proto::id::{RequestId, SessionId};
use serverwamp_proto::message::{CallOptions, CancelMode, InterruptMode, Passthru};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// The caller that waits for the answer.
#[derive(Clone, Debug)]
pub(crate) enum CallOrigin {
    /// A client, with the id of its CALL.
    Session(Arc<RouterSession>, RequestId),
    /// The application. Where it asks a client about this session, only a callee may answer that no procedure let in.
    Application(Arc<CallInbox>, Option<SessionId>),
    /// A client of another node.
    Elsewhere(Arc<CallerElsewhere>),
}

/// A call that a client serves.
#[derive(Debug)]
pub(crate) struct RoutedCall {
    pub(super) caller: CallOrigin,
    pub(super) registration: Arc<RegistrationEntry>,
    /// The URI that was called, where it is not the registration's own.
    pub(super) procedure: Option<Box<str>>,
    /// The content of the first CALL; later ones change nothing (checklist PCI-11).
    pub(super) options: CallOptions,
    pub(super) trustlevel: Option<u64>,
    /// The realm discloses the caller, whoever asks for it.
    pub(super) disclosed_by_realm: bool,
    /// The realm decides who looks after the timeout.
    pub(super) forward_timeout: Option<bool>,
    /// When its time is up, if there is no progress: it runs from the receipt of the call.
    pub(super) deadline: Option<Instant>,
    /// The only callee it may go to.
    pub(super) only: Option<SessionId>,
    /// When it began, if it is timed.
    pub(super) began: Option<Instant>,
    /// Nothing but its id, its arguments and when it began tells it from the next one to the same registration.
    pub(super) is_plain: bool,
    pub(super) state: Mutex<RoutedCallState>,
}

/// The state of a call.
#[derive(Debug, Default)]
pub(super) struct RoutedCallState {
    /// The callee that serves it, and the invocation's id, while it is served.
    pub(super) serving: Option<Serving>,
    /// Its final answer is queued, or nobody waits for one.
    pub(super) over: bool,
    /// The callee has been told to stop, and its answer is still waited for.
    pub(super) killed: bool,
    /// A progressive result has gone out.
    pub(super) progressed: bool,
    /// When the last one did.
    pub(super) last_progress: Option<Instant>,
    /// The callee that served it, where another call of the same registration goes to the same one.
    pub(super) former: Option<Arc<Callee>>,
    /// More input may follow.
    pub(super) input_open: bool,
    /// Callees that had no time for it, or left before it reached them (checklist RER-02).
    pub(super) tried: Tried,
    /// At least one of them said so, and did not just leave.
    pub(super) refused: bool,
    /// Kept while another callee may be asked.
    pub(super) payload: Option<KeptArguments>,
}

/// The arguments of a call that another callee may be asked for.
#[derive(Debug)]
pub(super) enum KeptArguments {
    /// On behalf of a client, and counted.
    ChargedPayload(ChargedPayload),
    /// Of the application, or of a client of another node.
    Own(Payload),
}

/// A callee at work.
#[derive(Clone, Debug)]
pub(super) struct Serving {
    pub(super) callee: Arc<Callee>,
    pub(super) invocation: RequestId,
    /// The callee looks after the timeout itself.
    pub(super) keeps_time: bool,
}

/// What is known of a call before it is routed, beside who calls and what.
#[derive(Debug)]
pub(crate) struct CallRequest {
    pub(crate) procedure: Option<Box<str>>,
    pub(crate) options: CallOptions,
    pub(crate) trustlevel: Option<u64>,
    pub(crate) disclosed_by_realm: bool,
    pub(crate) forward_timeout: Option<bool>,
    pub(crate) deadline: Option<Instant>,
    pub(crate) only: Option<SessionId>,
    pub(crate) began: Option<Instant>,
}

impl CallRequest {
    /// Returns whether it asks for nothing, and its procedure has no settings.
    pub(super) fn is_plain(&self) -> bool {
        let Self {
            procedure,
            options,
            trustlevel,
            disclosed_by_realm,
            forward_timeout,
            deadline,
            only,
            began: _,
        } = self;
        procedure.is_none()
            && trustlevel.is_none()
            && !disclosed_by_realm
            && forward_timeout.is_none()
            && deadline.is_none()
            && only.is_none()
            && *options == CallOptions::default()
    }
}

/// The final word on a call.
#[derive(Debug)]
pub(crate) enum Answer<'a> {
    Result {
        payload: &'a Payload,
        passthru: Option<&'a Passthru>,
    },
    Error {
        error: &'a str,
        payload: &'a Payload,
        passthru: Option<&'a Passthru>,
    },
    /// An error of the dealer itself.
    Refusal(&'a WampError),
}

impl RoutedCall {
    pub(crate) fn new(
        caller: CallOrigin,
        registration: Arc<RegistrationEntry>,
        request: CallRequest,
    ) -> Self {
        let (input_open, is_plain) = (request.options.progress, request.is_plain());
        Self {
            caller,
            registration,
            procedure: request.procedure,
            options: request.options,
            trustlevel: request.trustlevel,
            disclosed_by_realm: request.disclosed_by_realm,
            forward_timeout: request.forward_timeout,
            deadline: request.deadline,
            only: request.only,
            began: request.began,
            is_plain,
            state: Mutex::new(RoutedCallState { input_open, ..RoutedCallState::default() }),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, RoutedCallState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URI that was called.
    pub(crate) fn procedure(&self) -> &str {
        self.procedure.as_deref().unwrap_or_else(|| self.registration.pattern.as_str())
    }

    /// Queues the final answer and forgets the call; the caller of this has seen that it is not over.
    pub(super) fn finish(&self, state: &mut RoutedCallState, answer: &Answer<'_>) {
        state.over = true;
        state.payload = None;
        match &self.caller {
            CallOrigin::Session(session, request) => {
                session.leave_routed(*request, state.input_open);
                session.send_answer(*request, answer);
            }
            CallOrigin::Application(call, _) => call.finish(answer.to_application()),
            CallOrigin::Elsewhere(caller) => caller.finish(answer),
        }
        self.measure(matches!(answer, Answer::Result { .. }));
    }

    /// Writes down what is written down of it.
    pub(super) fn measure(&self, with_result: bool) {
        if self.began.is_none() && self.registration.measures.is_none() {
            return;
        }
        let uri = self.registration.measures.as_deref();
        if let Some(uri) = uri {
            uri.answered(with_result);
        }
        if let (Some(began), CallOrigin::Session(session, _)) = (self.began, &self.caller) {
            let took = session.runtime().now().saturating_duration_since(began);
            session.running_realm().context.measures.took(took, uri);
        }
    }

    /// The caller cancels (checklist CAN-02 .. CAN-05, CAN-11).
    pub(crate) fn cancel(&self, mode: Option<CancelMode>) {
        let mut state = self.state();
        if state.over {
            return;
        }
        let can_stop =
            state.serving.as_ref().is_some_and(|one| one.callee.session.callee_has(Feature::CallCanceling));
        let mode = match mode {
            // Without a mode it is `killnowait` (checklist CAN-07).
            None => CancelMode::KillNoWait,
            Some(mode) => mode,
        };
        if can_stop && mode == CancelMode::Kill {
            if !state.killed {
                state.killed = true;
                interrupt(&state, InterruptMode::Kill);
            }
            return;
        }
        self.stop(&mut state, mode != CancelMode::Skip, &WampError::call_canceled());
    }

    /// Ends the call with an error unless it is over. Returns whether it was this.
    pub(crate) fn end(&self, error: &WampError) -> bool {
        let mut state = self.state();
        if state.over {
            return false;
        }
        self.stop(&mut state, true, error);
        true
    }

    /// Ends the call with an error, whatever its callee does.
    pub(super) fn stop(&self, state: &mut RoutedCallState, tell_callee: bool, error: &WampError) {
        self.let_go(state, tell_callee);
        self.finish(state, &Answer::Refusal(error));
    }

    /// Forgets the invocation; what the callee still says about it is passed over (checklist CAN-13).
    fn let_go(&self, state: &mut RoutedCallState, tell_callee: bool) {
        if tell_callee && !state.killed {
            interrupt(state, InterruptMode::KillNoWait);
        }
        if let Some(serving) = state.serving.take() {
            let callee = &serving.callee.session;
            callee.invocations().remove(serving.invocation);
            if callee.running_realm().context.connections.stopping() {
                callee.outbox().wake();
            }
        }
    }

    /// Its time is up, unless there was progress: then this says until when it has time now (checklist TMO-03, TMO-04,
    /// TMO-08). `None` when it needs no watching any more.
    pub(crate) fn expire(&self, now: Instant) -> Option<Instant> {
        let mut state = self.state();
        if state.over || state.serving.as_ref().is_some_and(|serving| serving.keeps_time) {
            return None;
        }
        let timeout = Duration::from_millis(self.options.timeout);
        let later = state.last_progress.and_then(|progress| progress.checked_add(timeout));
        let deadline = self.deadline.max(later)?;
        if deadline > now {
            return Some(deadline);
        }
        self.stop(&mut state, true, &WampError::call_timed_out());
        None
    }

    /// Nobody waits any more (checklist RPC-25, RPC-27).
    pub(crate) fn caller_left(&self) {
        let mut state = self.state();
        if state.over {
            return;
        }
        // A caller that called itself has left as a callee as well.
        let calls_itself = match (&self.caller, &state.serving) {
            (CallOrigin::Session(caller, _), Some(serving)) => caller.id() == serving.callee.session.id(),
            _ => false,
        };
        self.let_go(&mut state, !calls_itself);
        state.over = true;
        state.payload = None;
        if let CallOrigin::Elsewhere(caller) = &self.caller {
            caller.forget();
        }
        self.measure(false);
    }

    /// The callee is gone, and with it the invocation (checklist RPC-28).
    pub(crate) fn callee_left(&self, callee: SessionId) {
        let mut state = self.state();
        let serving = state.serving.as_ref();
        if state.over || serving.is_none_or(|serving| serving.callee.session.id() != callee) {
            return;
        }
        state.serving = None;
        self.finish(&mut state, &Answer::Refusal(&callee_has_left()));
    }

    /// The callee has lost the registration to another one, and is told to stop.
    pub(super) fn taken_over(&self, callee: SessionId) {
        let mut state = self.state();
        let serving = state.serving.as_ref();
        if !state.over && serving.is_some_and(|serving| serving.callee.session.id() == callee) {
            self.stop(&mut state, true, &callee_has_left());
        }
    }

    /// The session of this node that calls.
    pub(super) fn caller_session(&self) -> Option<&RouterSession> {
        match &self.caller {
            CallOrigin::Session(session, _) => Some(session),
            CallOrigin::Application(..) | CallOrigin::Elsewhere(_) => None,
        }
    }

    /// Returns whether this callee may serve the call: a callee that decides about others must not have been let in by such a decision.
    pub(super) fn may_go_to(&self, callee: &Callee) -> bool {
        !matches!(self.caller, CallOrigin::Application(_, Some(_)))
            || callee.session.may_decide_about_others()
    }

    /// Returns whether the caller announces the payload passthru mode.
    pub(super) fn caller_takes_passthru(&self) -> bool {
        match &self.caller {
            CallOrigin::Session(session, _) => session.caller_has(Feature::PayloadPassthruMode),
            CallOrigin::Application(..) => true,
            CallOrigin::Elsewhere(caller) => caller.takes_passthru,
        }
    }

    /// Keeps the arguments as long as another callee may be asked; a caller that makes the server keep too much has its
    /// calls served by the first callee or not at all.
    pub(super) fn keep(&self, payload: Payload) -> Option<KeptArguments> {
        match &self.caller {
            CallOrigin::Session(session, _) => {
                session.charge_copy(&payload).map(KeptArguments::ChargedPayload)
            }
            CallOrigin::Application(..) => Some(KeptArguments::Own(payload)),
            // What came is a part of a batch, which may be large.
            CallOrigin::Elsewhere(_) => Some(KeptArguments::Own(payload.to_keep())),
        }
    }

    /// The attributes of the payload passthru mode, as the first CALL had them.
    pub(super) fn passthru(&self) -> Option<&Passthru> {
        forwarded(self.options.passthru.as_deref())
    }
}

impl Called for RoutedCall {
    fn caller(&self) -> Option<SessionId> {
        match &self.caller {
            CallOrigin::Session(session, _) => Some(session.id()),
            // The places are counted for the session that is asked about, so that it leaves some for decisions about others.
            CallOrigin::Application(_, about) => *about,
            CallOrigin::Elsewhere(caller) => Some(caller.session),
        }
    }
}

fn callee_has_left() -> WampError {
    WampError::canceled("the callee has left")
}

/// Interrupts the callee, if it supports that.
fn interrupt(state: &RoutedCallState, mode: InterruptMode) {
    let Some(serving) = &state.serving else { return };
    let session = &serving.callee.session;
    if session.callee_has(Feature::CallCanceling) {
        session.send_interrupt(serving.invocation, mode);
    }
}
