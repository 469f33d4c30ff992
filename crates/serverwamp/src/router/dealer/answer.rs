//! The answers of a callee to an invocation: YIELD and ERROR.

use super::call::{Answer, CallOrigin, KeptArguments, RoutedCall, RoutedCallState};
use super::invoke::GivesWay;
use crate::WampError;
use crate::base::log::line_later;
use crate::router::realm::forwarded;
use crate::router::session::RouterSession;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{self, ResultDetails, Violation, Yield};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::{Feature, unknown_invocation};
use serverwamp_proto::uris;
use std::sync::Arc;

/// A YIELD of this callee: a progressive result, or the final one.
///
/// # Errors
/// When there was no such invocation (checklist VIO-13), or it uses a mode it did not announce (PPT-06).
pub(crate) fn receive_yield(callee: &RouterSession, answer: &Yield) -> Result<(), Violation> {
    if forwarded(answer.options.passthru.as_deref()).is_some()
        && !callee.callee_has(Feature::PayloadPassthruMode)
    {
        return Err(Violation::new(format!(
            "YIELD #{}: ppt_scheme is used by a callee that does not announce payload_passthru_mode",
            answer.request
        )));
    }
    let Some(call) = find(callee, answer.request, answer.options.progress, "YIELD")? else { return Ok(()) };
    let passthru = forwarded(answer.options.passthru.as_deref());
    if passthru.is_none() && !answer.options.progress && call.answer_plainly(&answer.payload) {
        return Ok(());
    }
    let mut state = call.state();
    if !call.is_served_by(&state, callee, answer.request) {
        return Ok(());
    }
    if passthru.is_some() && !call.caller_takes_passthru() {
        callee.invocations().remove(answer.request);
        let text = "the caller does not announce payload_passthru_mode";
        let error = WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text);
        callee.send_error(Yield::CODE, answer.request, &error);
        call.finish(&mut state, &Answer::Refusal(&error));
    } else if answer.options.progress {
        call.progress(&mut state, callee, &answer.payload, passthru);
    } else {
        call.served(&mut state);
        call.finish(&mut state, &Answer::Result { payload: &answer.payload, passthru });
    }
    Ok(())
}

/// An ERROR of this callee for an invocation.
///
/// # Errors
/// When there was no such invocation (checklist VIO-13).
pub(crate) fn receive_error(
    callee: &RouterSession,
    error: &message::Error<'_>,
    random: impl Fn() -> u64,
) -> Result<(), Violation> {
    let Some(call) = find(callee, error.request, false, "ERROR")? else { return Ok(()) };
    let mut state = call.state();
    if !call.is_served_by(&state, callee, error.request) {
        return Ok(());
    }
    state.serving = None;
    // A call that has had results or more than one input cannot begin anew (checklist RER-05).
    let fresh = !state.progressed && !call.options.progress && !state.killed;
    if error.error == uris::error::UNAVAILABLE && fresh {
        let gives_way = call.reroute(&mut state, callee, random);
        drop(state);
        gives_way.into_iter().for_each(GivesWay::end);
        return Ok(());
    }
    let passthru = forwarded(error.details.passthru.as_deref());
    call.finish(&mut state, &Answer::Error { error: &error.error, payload: &error.payload, passthru });
    Ok(())
}

/// A YIELD or an ERROR of this callee that is longer than messages may be: the call ends, unless it is over already. What the
/// callee still says about it is passed over, as it says that for nobody.
///
/// `false` when there was no such invocation.
pub(crate) fn receive_too_long(callee: &RouterSession, invocation: RequestId, text: &str) -> bool {
    let Ok(call) = find(callee, invocation, false, "an answer") else { return false };
    let Some(call) = call else { return true };
    let mut state = call.state();
    if call.is_served_by(&state, callee, invocation) {
        state.serving = None;
        call.finish(&mut state, &Answer::Refusal(&WampError::payload_size_exceeded(text)));
    }
    true
}

/// The call behind an invocation; `None` when it is over, which is no fault of the callee (checklist RPC-26, CAN-13).
fn find(
    callee: &RouterSession,
    request: RequestId,
    keep: bool,
    message: &'static str,
) -> Result<Option<Arc<RoutedCall>>, Violation> {
    let mut invocations = callee.invocations();
    let call = if keep { invocations.get(&request).cloned() } else { invocations.remove(request) };
    match call {
        None if !invocations.was_issued(request) => Err(unknown_invocation(message, request)),
        call => Ok(call),
    }
}

impl RoutedCall {
    fn is_served_by(&self, state: &RoutedCallState, callee: &RouterSession, invocation: RequestId) -> bool {
        !state.over
            && state.serving.as_ref().is_some_and(|serving| {
                serving.invocation == invocation && serving.callee.session.id() == callee.id()
            })
    }

    /// Passes a progressive result on, if the caller asked for such (checklist PCR-02, PCR-05, PCR-07).
    fn progress(
        &self,
        state: &mut RoutedCallState,
        callee: &RouterSession,
        payload: &Payload,
        passthru: Option<&message::Passthru>,
    ) {
        if self.options.timeout > 0 {
            state.last_progress = Some(callee.runtime().now());
        }
        if !self.options.receive_progress {
            line_later!(
                DEBUG,
                "call",
                "a progressive result that the caller did not ask for is dropped",
                callee = callee.id(),
                procedure = self.procedure()
            );
            return;
        }
        if state.killed {
            return;
        }
        state.progressed = true;
        match &self.caller {
            CallOrigin::Session(session, request) => {
                let details = ResultDetails {
                    progress: true,
                    passthru: passthru.map(|passthru| Box::new(passthru.clone())),
                    ..ResultDetails::default()
                };
                let Err(error) = session.send_progress_of(*request, &details, payload) else { return };
                self.stop(state, true, &error);
            }
            CallOrigin::Elsewhere(caller) => caller.progress(payload, passthru),
            CallOrigin::Application(call, _) => {
                let payload = payload.clone().packed(passthru.map(|passthru| Box::new(passthru.clone())));
                if !call.progress(&payload) {
                    let text = "the application does not take progressive results fast enough";
                    self.stop(state, true, &WampError::network_failure(text));
                }
            }
        }
    }

    /// Asks the next callee, as if this one did not exist (checklist RER-01 .. RER-03).
    fn reroute(
        self: &Arc<Self>,
        state: &mut RoutedCallState,
        callee: &RouterSession,
        random: impl Fn() -> u64,
    ) -> Option<GivesWay> {
        state.tried.add(callee.id());
        state.refused = true;
        // Nobody watches a time any more that ran out while this callee kept it itself (checklist TMO-02, TMO-05).
        if self.deadline.is_some_and(|deadline| deadline <= callee.runtime().now()) {
            self.finish(state, &Answer::Refusal(&WampError::call_timed_out()));
            return None;
        }
        match state.payload.take() {
            Some(KeptArguments::ChargedPayload(held)) => self.invoke(state, held.payload().clone(), random),
            Some(KeptArguments::Own(payload)) => self.invoke(state, payload, random),
            None => {
                let error = WampError::new(uris::error::NO_AVAILABLE_CALLEE);
                self.finish(state, &Answer::Refusal(&error));
                None
            }
        }
    }
}
