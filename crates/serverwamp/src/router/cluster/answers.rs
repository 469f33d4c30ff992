//! A call of this node that another one serves, and what has come back of it.

use crate::WampError;
use crate::base::locks::Mutex;
use serverwamp_proto::cluster::{CrossingAnswer, Life, NodeName};
use std::collections::VecDeque;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

/// The number of progressive results that wait for the caller, and the bytes they may take; beyond, the call is given up.
const WAITING_RESULTS: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;

/// A call that is out.
#[derive(Debug)]
pub(super) struct CallOut {
    /// The node that serves it, in this life: an answer of another one does not count.
    pub(super) node: NodeName,
    pub(super) life: Life,
    answers: Mutex<RemoteAnswers>,
}

#[derive(Debug, Default)]
struct RemoteAnswers {
    waiting: VecDeque<Result<CrossingAnswer, WampError>>,
    bytes: usize,
    /// The final answer is in.
    is_over: bool,
    waker: Option<Waker>,
}

impl CallOut {
    pub(super) fn new(node: NodeName, life: Life) -> Self {
        Self { node, life, answers: Mutex::default() }
    }

    /// Takes in what came back. Returns whether the call is over.
    pub(super) fn take(&self, answer: CrossingAnswer) -> bool {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.is_over {
            return true;
        }
        let answer = match answer {
            CrossingAnswer::Progress(payload) => {
                answers.bytes += payload.size();
                if answers.waiting.len() >= WAITING_RESULTS || answers.bytes > WAITING_BYTES {
                    Err(WampError::network_failure(
                        "the caller does not take progressive results fast enough",
                    ))
                } else {
                    // What came is a part of a batch, which may be large.
                    Ok(CrossingAnswer::Progress(payload.to_keep()))
                }
            }
            last => Ok(last),
        };
        answers.is_over = !matches!(answer, Ok(CrossingAnswer::Progress(_)));
        let is_over = answers.is_over;
        answers.waiting.push_back(answer);
        let waker = answers.waker.take();
        drop(answers);
        waker.into_iter().for_each(Waker::wake);
        is_over
    }

    /// The call ends without an answer of its node.
    pub(super) fn end(&self, error: WampError) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.is_over {
            return;
        }
        answers.is_over = true;
        answers.waiting.push_back(Err(error));
        let waker = answers.waker.take();
        drop(answers);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Result<CrossingAnswer, WampError>> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = answers.waiting.pop_front() {
            if let Ok(CrossingAnswer::Progress(payload)) = &answer {
                answers.bytes = answers.bytes.saturating_sub(payload.size());
            }
            return Poll::Ready(answer);
        }
        if !answers.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            answers.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}
