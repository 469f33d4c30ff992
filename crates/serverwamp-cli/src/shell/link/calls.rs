//! Calls that go over a link: arguments, progress, cancellation, timeouts and errors.
//!
//! The caller is the link, at the other side: who called is known at the side where the call was made.

use super::pattern::LinkPattern;
use super::{Ends, Side};
use serverwamp::Unanswered;
use serverwamp::extract::{Canceled, Procedure};
use serverwamp::{CallResult, CancelMode, Payload, Progress, Registration, WampError};
use std::sync::{Arc, Weak};

/// Registers a pattern at one side, and answers its calls with what the other side answers.
pub(super) async fn serve(
    ends: &Arc<Ends>,
    from: Side,
    pattern: &LinkPattern,
) -> Result<(Side, Registration), WampError> {
    // The client holds the handler, and is not to hold itself.
    let there = Arc::downgrade(ends);
    let handler =
        move |payload: Payload, Procedure(procedure): Procedure, progress: Progress, canceled: Canceled| {
            forward(Weak::clone(&there), from.other(), procedure, payload, progress, canceled)
        };
    let registration = ends.at(from).register(pattern.route(), handler).await?;
    Ok((from, registration))
}

async fn forward(
    ends: Weak<Ends>,
    to: Side,
    procedure: Arc<str>,
    payload: Payload,
    progress: Progress,
    canceled: Canceled,
) -> Result<Payload, WampError> {
    let Some(ends) = ends.upgrade() else { return Err(WampError::unavailable("the link is closed")) };
    let calling = ends.at(to).call::<CallResult, _>(&*procedure, payload);
    let mut call = if progress.requested() { calling.progressive() } else { calling.start() };
    let mut told = false;
    loop {
        tokio::select! {
            result = call.next() => match result {
                Some(result) => progress.send(result.payload().clone()).await?,
                None => break,
            },
            // The callee behind the other router winds up in its own way, and its answer comes back.
            () = canceled.canceled(), if !told => {
                told = true;
                call.cancel(CancelMode::Kill);
            }
        }
    }
    match call.finish().await {
        Ok(result) => Ok(result.payload().clone()),
        Err(error) => Err(away(error, to)),
    }
}

/// An error that the link itself has, told apart from those of callees.
fn away(error: WampError, to: Side) -> WampError {
    match error.unanswered() {
        Some(Unanswered::NotSent) => WampError::unavailable(format!(
            "the link has no connection to its {to} side: the call was not made"
        )),
        _ => error,
    }
}
