//! A handler that waits, until it answers, or is stopped, or takes too long.

use super::{CallSource, CallState, Stop};
use crate::WampError;
use crate::peering::payload::CallReply;
use crate::rt::{BoxFuture, after};
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use std::panic::AssertUnwindSafe;
use std::pin::pin;

/// A handler's run, from the call to its reply.
pub(crate) type Run = BoxFuture<'static, CallReply>;

/// Runs a handler to the end of its call, and answers the call.
pub(crate) async fn run_to_end<O: CallSource>(run: Run, state: &CallState<O>) {
    let source = &state.source;
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
            let grace = source.grace();
            let time_up = source.runtime().sleep_until(after(source.runtime().now(), grace));
            match select(run, time_up).await {
                Either::Left((reply, _)) => reply,
                Either::Right(_) => {
                    let procedure = &state.procedure;
                    source.overstayed(format_args!(
                        "the handler of {procedure} went on for {grace:?} after its end"
                    ));
                    Ok(CallReply::error(WampError::call_canceled()))
                }
            }
        }
    };
    let reply =
        reply.unwrap_or_else(|panic| CallReply::error(WampError::incident(&source.panicked(panic.as_ref()))));
    state.answer(&reply);
}

/// Completes when the call has been silent for as long as its caller allows (checklist TMO-01, TMO-08).
async fn expired<O: CallSource>(state: &CallState<O>) {
    let (Some(timeout), Some(mut deadline)) = (state.timeout, state.deadline) else {
        return std::future::pending().await;
    };
    let runtime = state.source.runtime();
    loop {
        runtime.sleep_until(deadline).await;
        match state.last_progress().and_then(|progress| progress.checked_add(timeout)) {
            Some(later) if later > deadline => deadline = later,
            _ => return,
        }
    }
}
