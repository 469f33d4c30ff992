//! Calls that go over a link: arguments, progress, cancellation, timeouts and errors.
//!
//! The caller is the link, at the other side: who called is known at the side where the call was made. A call that was at the other
//! side before is not made there again: whoever could have served it there would have got it then.

use super::ends::{Ends, Side};
use super::pattern::LinkPattern;
use super::probe;
use serverwamp::Unanswered;
use serverwamp::extract::{Caller, Canceled, Procedure};
use serverwamp::{CallResult, CancelMode, Payload, Progress, Registration, WampError, uris};
use std::sync::{Arc, Weak};

/// Registers a pattern at one side, and answers its calls with what the other side answers.
pub(super) async fn serve(
    ends: &Arc<Ends>,
    from: Side,
    pattern: &LinkPattern,
) -> Result<(Side, Registration), WampError> {
    // The client holds the handler, and is not to hold itself.
    let there = Arc::downgrade(ends);
    let probed = ends.waits().then(|| probe::uri(pattern));
    let handler = move |payload: Payload,
                        Procedure(procedure): Procedure,
                        caller: Caller,
                        progress: Progress,
                        canceled: Canceled| {
        let is_probe = probed.as_deref() == Some(&*procedure);
        let probe = if is_probe { probe::answer(&payload, caller.forward_for()) } else { None };
        let there = Weak::clone(&there);
        async move {
            match probe {
                Some(answer) => answer,
                None => forward(there, from, procedure, (payload, caller), progress, canceled).await,
            }
        }
    };
    let registration = ends.at(from).register(pattern.route(), handler).await?;
    Ok((from, registration))
}

async fn forward(
    ends: Weak<Ends>,
    from: Side,
    procedure: Arc<str>,
    (payload, caller): (Payload, Caller),
    progress: Progress,
    canceled: Canceled,
) -> Result<Payload, WampError> {
    let Some(ends) = ends.upgrade() else { return Err(WampError::unavailable("the link is closed")) };
    tokio::select! {
        () = ends.open() => {}
        () = canceled.canceled() => return Err(WampError::canceled("the call was taken back")),
    }
    let to = from.other();
    let Some(forward_for) = ends.onward(from, caller.forward_for()) else {
        let text = format!("no procedure {procedure:?}: the call has been at the {to} side of this link");
        return Err(WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(text));
    };
    let mut calling = ends.at(to).call::<CallResult, _>(&*procedure, payload);
    if !forward_for.is_empty() {
        calling = calling.forward_for(forward_for);
    }
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
