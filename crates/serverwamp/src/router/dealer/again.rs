//! Calls that are used again: one that has its answer becomes the next one that its session makes.
//!
//! Registration, callee and caller stay in place, so that a steady stream of calls neither allocates nor writes a count that other
//! threads write as well. Invariant: only a call that nobody else holds is used again.

use super::call::{CallOrigin, CallRequest, RoutedCall, RoutedCallState};
use super::registration::{Callee, RegistrationEntry};
use serverwamp_proto::id::RequestId;
use std::sync::{Arc, PoisonError};

impl RoutedCallState {
    /// The callee that served the call, which is over, if another one of the same registration goes to the same.
    pub(super) fn take_former(&mut self) -> Option<Arc<Callee>> {
        // One that was answered plainly says still that it is served.
        self.former.take().or_else(|| self.serving.take().map(|serving| serving.callee))
    }
}

/// What a call held that was used again for another registration.
#[derive(Debug)]
#[must_use = "dropping a callee may drop values of the application"]
pub(crate) struct CallLeftovers {
    _registration: Arc<RegistrationEntry>,
    _callee: Option<Arc<Callee>>,
}

impl RoutedCall {
    /// The call is over, nobody looks at it, and it becomes the next one that its session makes. Returns what it held of another
    /// registration, to be dropped when no lock is held.
    pub(crate) fn begin_anew(
        &mut self,
        id: RequestId,
        registration: &Arc<RegistrationEntry>,
        request: CallRequest,
    ) -> Option<CallLeftovers> {
        if let CallOrigin::Session(_, own) = &mut self.caller {
            *own = id;
        }
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let (mut former, input_open) = (state.take_former(), request.options.progress);
        let leftovers = (!Arc::ptr_eq(&self.registration, registration)).then(|| CallLeftovers {
            _registration: std::mem::replace(&mut self.registration, Arc::clone(registration)),
            _callee: former.take(),
        });
        *state = RoutedCallState { former, input_open, ..RoutedCallState::default() };
        self.is_plain = request.is_plain();
        let CallRequest {
            procedure,
            options,
            trustlevel,
            disclosed_by_realm,
            forward_timeout,
            deadline,
            only,
            began,
        } = request;
        self.procedure = procedure;
        self.options = options;
        self.trustlevel = trustlevel;
        self.disclosed_by_realm = disclosed_by_realm;
        self.forward_timeout = forward_timeout;
        self.deadline = deadline;
        self.only = only;
        self.began = began;
        leftovers
    }

    /// The callee is done with it.
    pub(super) fn served(&self, state: &mut RoutedCallState) {
        let callee = state.serving.take().map(|serving| serving.callee);
        if !self.registration.is_shared() {
            state.former = callee;
        }
    }
}
