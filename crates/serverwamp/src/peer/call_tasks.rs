//! Calls whose handlers wait: each is a task, until its handler answers, or is stopped, or takes too long.

use super::call_measures::CallMeasures;
use super::call_permit::{self, CallPermit};
use crate::peering::payload::CallReply;
use crate::peering::{CallState, Matched, Run, run_to_end};
use crate::router::session::{Charge, RouterSession, Session};
use crate::router::supervise;
use crate::rt::after;
use serverwamp_proto::message::Call;
use std::sync::Arc;
use std::time::Duration;

/// Lets a handler that waits run as a task of its own.
pub(super) fn spawn(
    session: &Arc<RouterSession>,
    run: Run,
    state: Arc<CallState<Session>>,
    kept: Option<Charge>,
    (call_permit, measures): (Option<CallPermit>, Option<CallMeasures>),
) {
    let taken = match call_permit {
        Some(call_permit) => {
            call_permit.hand_over();
            Ok(())
        }
        None => call_permit::take(session),
    };
    if let Err(error) = taken {
        // The handler has begun and has to wait: it ends there.
        state.answer(&CallReply::error(error));
        return;
    }
    session.enter_call(&state);
    supervise::spawn(session.runtime(), async move {
        let session = Arc::clone(state.source.inner());
        run_to_end(run, &state).await;
        drop(kept);
        if let Some(measures) = measures {
            measures.answered(&session, state.has_result());
        }
        session.leave_call(&state);
    });
}

/// Writes down what the caller asked for beyond the call itself.
pub(super) fn describe(
    state: &mut CallState<Session>,
    session: &Arc<RouterSession>,
    call: &Call<'_>,
    matched: Matched,
) {
    state.matched = matched;
    state.receive_progress = call.options.receive_progress;
    state.disclose_me = call.options.disclose_me;
    state.forward_for.clone_from(&call.options.forward_for);
    state.inputs = call.options.progress.then(Arc::default);
    if call.options.timeout > 0 {
        let longest = session.limits().longest_call_timeout;
        let timeout = Duration::from_millis(call.options.timeout).min(longest);
        state.timeout = Some(timeout);
        state.deadline = Some(after(session.runtime().now(), timeout));
    }
}
