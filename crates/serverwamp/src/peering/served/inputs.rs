//! The inputs of a progressive call on their way to its handler.

use super::ChargedPayload;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::payload::Payload;
use std::collections::VecDeque;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

/// The number of inputs that wait for a handler; a caller that sends more does not get a result (a caller that waits for progressive
/// results stays in step).
const MOST_WAITING: usize = 256;

/// The inputs after the first one.
#[derive(Debug, Default)]
pub(crate) struct Inputs {
    queue: Mutex<InputQueue>,
}

#[derive(Debug, Default)]
struct InputQueue {
    waiting: VecDeque<ChargedPayload>,
    /// The last input is in.
    complete: bool,
    waker: Option<Waker>,
}

/// The outcome of an input.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Taken {
    /// The handler gets it, or does not need it any more.
    Waiting,
    /// Too many wait already.
    Full,
    /// The call takes no more: the last input was in, or there is none but the first, or it is for another procedure.
    Complete,
    /// The call has its answer.
    Answered,
}

impl Inputs {
    fn queue(&self) -> MutexGuard<'_, InputQueue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether more inputs may come.
    pub(crate) fn is_open(&self) -> bool {
        !self.queue().complete
    }

    /// Takes one in that `keep` copies, unless too much is kept already. Who waits for it is to be woken when no lock is held:
    /// nobody knows what that does.
    #[must_use]
    pub(crate) fn push(
        &self,
        keep: impl FnOnce() -> Option<ChargedPayload>,
        last: bool,
    ) -> (Taken, Option<Waker>) {
        let mut queue = self.queue();
        if queue.complete {
            return (Taken::Complete, None);
        }
        queue.complete = last;
        let held = (queue.waiting.len() < MOST_WAITING).then(keep).flatten();
        let Some(held) = held else { return (Taken::Full, None) };
        queue.waiting.push_back(held);
        (Taken::Waiting, queue.waker.take())
    }

    /// As [`poll_next`](Self::poll_next), and says whether it is the last one that there will be.
    pub(crate) fn poll_next_of_all(&self, cx: &Context<'_>) -> Poll<Option<(Payload, bool)>> {
        let next = self.poll_next(cx);
        next.map(|payload| {
            let queue = self.queue();
            payload.map(|payload| (payload, queue.complete && queue.waiting.is_empty()))
        })
    }

    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        let mut queue = self.queue();
        match queue.waiting.pop_front() {
            Some(held) => return Poll::Ready(Some(held.payload().clone())),
            None if queue.complete => return Poll::Ready(None),
            None => {}
        }
        if !queue.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            queue.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }
}
