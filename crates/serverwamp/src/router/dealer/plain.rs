//! Plain calls of the procedure that their caller called last: no options, no settings, one callee.
//!
//! Such a call is entered into both tables, and its INVOCATION queued, in one step: nobody else knows of it until then, so its state
//! needs no lock. It is taken out of both tables before its RESULT is queued, and if nobody else has got it there, its state needs
//! none either. Invariant: a call that cannot be handed over or answered like this has changed nothing, and goes [the way of all
//! calls](RoutedCall::start), which alone refuses any, and is answered as all are.

use super::call::{Answer, CallOrigin, RoutedCall, RoutedCallState, Serving};
use super::registration::{Callee, RegistrationEntry};
use crate::router::session::RouterSession;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::payload::Payload;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

impl RegistrationEntry {
    /// Hands a plain call of `caller` over to the only callee, as the call before. Returns whether it did; the call has its permit.
    pub(crate) fn call_again(
        self: &Arc<Self>,
        caller: &RouterSession,
        request: RequestId,
        payload: &Payload,
        began: Option<Instant>,
    ) -> bool {
        let Some(callee) = self.only() else { return false };
        let session = &callee.session;
        if callee.options.disclose_caller || session.serializer() != payload.serializer {
            return false;
        }
        caller.enter_again(request, |spare| {
            let mut invocations = session.invocations();
            // With fewer than one caller's share there is a place for any.
            if callee.has_left() || invocations.len() >= session.limits().caller_share().share() {
                return false;
            }
            let handed_over = invocations.issue_with(|invocation| {
                // One that somebody still looks at is not used.
                let call = Arc::get_mut(spare).filter(|call| call.is_plain_of(self))?;
                session.send_plain_invocation(invocation, self.id, payload).ok()?;
                call.begin_plainly(request, callee, invocation, began);
                Some(Arc::clone(spare))
            });
            handed_over.is_some()
        })
    }
}

impl RoutedCall {
    /// Returns whether nothing about it was special, so that nothing of it would stay.
    pub(crate) const fn is_plain(&self) -> bool {
        self.is_plain
    }

    /// Its callee, who has taken it from its invocations, answers it with this result. Returns whether that is the answer; otherwise
    /// nothing has happened, and whoever looks at the call's state decides.
    pub(super) fn answer_plainly(self: &Arc<Self>, result: &Payload) -> bool {
        let CallOrigin::Session(caller, request) = &self.caller else { return false };
        // Nobody else has it or comes to it any more, so its state is as good as locked. It stays as it is until the call is used again.
        if !self.is_plain || self.registration.is_shared() || !caller.leave_plainly(*request, self) {
            return false;
        }
        caller.send_answer(*request, &Answer::Result { payload: result, passthru: None });
        self.measure(true);
        true
    }

    fn is_plain_of(&self, registration: &Arc<RegistrationEntry>) -> bool {
        self.is_plain && Arc::ptr_eq(&self.registration, registration)
    }

    /// The call is over, nobody looks at it, and its callee is asked for the next one.
    fn begin_plainly(
        &mut self,
        request: RequestId,
        callee: &Arc<Callee>,
        invocation: RequestId,
        began: Option<Instant>,
    ) {
        if let CallOrigin::Session(_, own) = &mut self.caller {
            *own = request;
        }
        self.began = began;
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        // The only callee there ever is.
        let callee = state.take_former().unwrap_or_else(|| Arc::clone(callee));
        let serving = Some(Serving { callee, invocation, keeps_time: false });
        *state = RoutedCallState { serving, ..RoutedCallState::default() };
    }
}
