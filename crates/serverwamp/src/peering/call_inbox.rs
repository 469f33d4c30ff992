//! The receiver of the answer to one call, and of its progressive results.

use crate::base::error::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use serverwamp_proto::payload::Payload;
use std::collections::VecDeque;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The number of progressive results that wait for the application, and the bytes they may take; beyond, the call is given up.
const WAITING_RESULTS: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;

/// The receiver of the answer to a call.
#[derive(Debug, Default)]
pub(crate) struct CallInbox {
    answers: Mutex<InboxedAnswers>,
}

#[derive(Debug, Default)]
struct InboxedAnswers {
    /// Nothing until there is some, as in most calls.
    progress: Option<Box<InboxedProgress>>,
    answer: Option<Result<Payload, WampError>>,
    /// Nobody takes anything any more.
    given_up: bool,
    waker: Option<Waker>,
}

#[derive(Debug, Default)]
struct InboxedProgress {
    waiting: VecDeque<Payload>,
    bytes: usize,
    last_at: Option<Instant>,
}

impl CallInbox {
    fn answers(&self) -> MutexGuard<'_, InboxedAnswers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a progressive result in; `false` when too many wait. Those of a call that is answered or given up are passed over.
    pub(crate) fn progress(&self, payload: &Payload) -> bool {
        let mut answers = self.answers();
        if answers.given_up || answers.answer.is_some() {
            return true;
        }
        let progress = answers.progress.get_or_insert_default();
        let bytes = progress.bytes + payload.size();
        if progress.waiting.len() >= WAITING_RESULTS || bytes > WAITING_BYTES {
            return false;
        }
        progress.bytes = bytes;
        progress.waiting.push_back(payload.detached());
        let waker = answers.waker.take();
        drop(answers);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// As [`progress`](Self::progress), and remembers when the last one came: a timeout of the caller's own runs from there.
    pub(crate) fn progress_at(&self, payload: &Payload, now: Instant) -> bool {
        self.answers().progress.get_or_insert_default().last_at = Some(now);
        self.progress(payload)
    }

    pub(crate) fn progressed_at(&self) -> Option<Instant> {
        self.answers().progress.as_ref()?.last_at
    }

    /// Takes the final answer in; only the first one counts.
    pub(crate) fn finish(&self, answer: Result<Payload, WampError>) {
        let mut answers = self.answers();
        answers.answer.get_or_insert(answer);
        let waker = answers.waker.take();
        drop(answers);
        waker.into_iter().for_each(Waker::wake);
    }

    /// Nobody waits for the call any more: nothing of it is kept, however long its answer takes to come.
    pub(crate) fn give_up(&self) {
        let mut answers = self.answers();
        answers.given_up = true;
        answers.progress = None;
    }

    pub(crate) fn poll_answer(&self, cx: &Context<'_>) -> Poll<Result<Payload, WampError>> {
        let mut answers = self.answers();
        if let Some(answer) = answers.answer.take() {
            return Poll::Ready(answer);
        }
        answers.wait(cx);
        Poll::Pending
    }

    pub(crate) fn poll_progress(&self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        let mut answers = self.answers();
        if let Some(progress) = &mut answers.progress
            && let Some(payload) = progress.waiting.pop_front()
        {
            progress.bytes -= payload.size();
            return Poll::Ready(Some(payload));
        }
        if answers.answer.is_some() {
            return Poll::Ready(None);
        }
        answers.wait(cx);
        Poll::Pending
    }
}

impl InboxedAnswers {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use serverwamp_proto::codec::Serializer;

    fn payload(bytes: usize) -> Payload {
        let args = Bytes::from(format!("[\"{}\"]", "a".repeat(bytes)));
        Payload::of_parts(Serializer::Json, args.into(), Bytes::new().into())
    }

    fn kept(inbox: &CallInbox) -> (usize, usize) {
        let answers = inbox.answers();
        answers.progress.as_ref().map_or((0, 0), |progress| (progress.waiting.len(), progress.bytes))
    }

    #[test]
    fn progress_waits_up_to_a_number_and_up_to_so_many_bytes() {
        let inbox = CallInbox::default();
        for _ in 0..WAITING_RESULTS {
            assert!(inbox.progress(&payload(1)));
        }
        assert!(!inbox.progress(&payload(1)));
        let inbox = CallInbox::default();
        for _ in 0..4 {
            assert!(inbox.progress(&payload(1_000_000)));
        }
        assert!(!inbox.progress(&payload(1_000_000)));
    }

    #[test]
    fn nothing_is_kept_for_a_call_that_is_answered_or_given_up() {
        let inbox = CallInbox::default();
        assert!(inbox.progress(&payload(1000)));
        inbox.finish(Ok(payload(1)));
        assert!(inbox.progress(&payload(1000)));
        assert_eq!(kept(&inbox), (1, 1004), "what came before the answer is still to be taken");
        inbox.give_up();
        assert_eq!(kept(&inbox), (0, 0));
        let inbox = CallInbox::default();
        inbox.give_up();
        for _ in 0..=WAITING_RESULTS {
            assert!(inbox.progress(&payload(1000)), "nobody is to cancel it again");
        }
        assert_eq!(kept(&inbox), (0, 0));
    }
}
