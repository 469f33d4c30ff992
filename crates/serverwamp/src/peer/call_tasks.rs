//! Calls whose handlers wait: each is a task, until its handler answers, or is stopped, or takes too long.

use super::call_permit::{self, CallPermit};
use super::calls::Run;
use super::deadlines::expired;
use crate::WampError;
use crate::base::statistics::Refusal;
use crate::peering::payload::CallReply;
use crate::peering::{CallState, Stop};
use crate::router::session::{Charge, RouterSession, Session};
use crate::router::supervise;
use crate::rt::after;
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

/// Lets a handler that waits run as a task of its own.
pub(super) fn spawn(
    session: &Arc<RouterSession>,
    run: Run,
    state: Arc<CallState<Session>>,
    kept: Option<Charge>,
    call_permit: Option<CallPermit>,
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
        serve(run, &state).await;
        drop(kept);
        session.leave_call(&state);
    });
}

async fn serve(run: Run, state: &Arc<CallState<Session>>) {
    let session = state.source.inner();
    let mut run = AssertUnwindSafe(run).catch_unwind();
    let finished = {
        let expired = pin!(expired(state));
        let stopped = pin!(state.stop.wait());
        let early = pin!(select(stopped, expired));
        match select(&mut run, early).await {
            Either::Left((reply, _)) => Ok(reply),
            Either::Right((Either::Left(_), _)) => Err(WampError::call_canceled()),
            Either::Right((Either::Right(_), _)) => Err(WampError::call_timed_out()),
        }
    };
    let reply = match finished {
        Ok(reply) => reply,
        Err(error) => {
            let waits = state.stop.get() == Some(&Stop::Kill) && state.winds_up();
            if !waits {
                state.answer(&CallReply::error(error));
            }
            state.stop.set(Stop::Now);
            if !state.winds_up() {
                return;
            }
            let grace = session.running_realm().context.limits.grace;
            let time_up = session.runtime().sleep_until(after(session.runtime().now(), grace));
            match select(run, time_up).await {
                Either::Left((reply, _)) => reply,
                Either::Right(_) => {
                    let why = format_args!(
                        "the handler of {} went on for {grace:?} after its end",
                        state.procedure
                    );
                    session.running_realm().context.counters.refused(Refusal::Grace, session, why);
                    Ok(CallReply::error(WampError::call_canceled()))
                }
            }
        }
    };
    let reply = reply.unwrap_or_else(|panic| {
        let id = supervise::report_panic("procedure handler", session, panic.as_ref());
        CallReply::error(WampError::incident(&id))
    });
    state.answer(&reply);
}
