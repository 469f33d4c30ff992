//! Answers of the meta API that could take longer than a turn, and are cut into turns.

use super::MetaAnswer;
use crate::WampError;
use crate::base::measure;
use crate::router::session::RouterSession;
use serverwamp_proto::payload::Payload;
use std::fmt::Debug;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

/// The number of things examined in one turn: a tenth of a millisecond if none of them is in a cache.
pub(super) const AT_ONCE: usize = 1024;

/// An answer that is made some of it at a time.
pub(crate) trait InTurns: Debug + Send {
    /// Goes on for a turn; the answer if that was the last of it.
    fn go_on(&mut self, caller: &RouterSession) -> Option<Result<Payload, WampError>>;
}

/// Works for one turn; most answers need no more.
pub(super) fn begin(
    caller: &RouterSession,
    mut answer: impl InTurns + 'static,
) -> Result<MetaAnswer, WampError> {
    match answer.go_on(caller) {
        Some(answer) => answer.map(MetaAnswer::Now),
        None => Ok(MetaAnswer::Later(Box::new(answer))),
    }
}

/// The rest of the answer, some in each turn. One session has one such answer at a time, and room for it.
pub(crate) async fn finish(
    mut answer: Box<dyn InTurns>,
    session: Arc<RouterSession>,
) -> Result<Payload, WampError> {
    let _turn = session.listing().lock().await;
    session.outbox().room().await;
    loop {
        let mut later = false;
        let next = poll_fn(|cx| {
            if !std::mem::replace(&mut later, true) {
                session.runtime().wake_later(cx);
                return Poll::Pending;
            }
            Poll::Ready(measure::turn(|| answer.go_on(&session)))
        });
        if let Some(answer) = next.await {
            return answer;
        }
    }
}
