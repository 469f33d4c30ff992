//! One call that is being served: who waits for its answer, and whether anybody still does.
//!
//! Invariant: a call gets exactly one final RESULT or ERROR, and no progressive result after it. Whoever answers
//! takes the `answered` lock, looks, queues, and only then lets go.

use super::{CallSource, Inputs, Matched, Taken};
use crate::WampError;
use crate::base::locks::Mutex;
use crate::base::signal::Signal;
use crate::peering::payload::CallReply;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::ForwardFor;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::{Duration, Instant};

/// Any id; states hold the numbers of ids alone.
const SOME_REQUEST: RequestId = match RequestId::new(1) {
    Some(id) => id,
    None => unreachable!(),
};

/// Why a call is stopped.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stop {
    /// The caller canceled and waits for the handler's own answer, if that winds up its work.
    Kill,
    /// Nobody waits any more: canceled without waiting, timed out, or the caller left.
    Now,
}

/// The state that a call's handler, its sinks and its canceller share.
///
/// The code that carries the call knows the type of its source; handlers do not, so that they serve calls of every source.
#[derive(Debug)]
pub(crate) struct CallState<O: ?Sized = dyn CallSource> {
    /// The number of the caller's id; another one for each call that the state is used for.
    request: AtomicU64,
    /// The URI that was called.
    pub(crate) procedure: Arc<str>,
    /// The match of the route.
    pub(crate) matched: Matched,
    pub(crate) receive_progress: bool,
    /// The caller asked to be disclosed, and may be.
    pub(crate) disclose_me: bool,
    /// On whose behalf the call is made, as its caller says.
    pub(crate) forward_for: Option<ForwardFor>,
    pub(crate) timeout: Option<Duration>,
    /// When the timeout is over, if there is no progress: it runs from the receipt of the call.
    pub(crate) deadline: Option<Instant>,
    /// The queue of further inputs, if the caller sends any.
    pub(crate) inputs: Option<Arc<Inputs>>,
    /// Set when the call is to end early.
    pub(crate) stop: Signal<Stop>,
    winds_up: AtomicBool,
    /// The permit it had is given back, or is about to be.
    is_without_permit: AtomicBool,
    answered: Mutex<bool>,
    /// Whether the final answer is a result, once there is one. Nobody takes a state again that was answered by way of this.
    has_result: AtomicBool,
    last_progress: Mutex<Option<Instant>>,
    /// The session that the call came from, and that its answers go to.
    pub(crate) source: O,
}

impl<O: CallSource> CallState<O> {
    pub(crate) fn new(source: O, request: RequestId, procedure: Arc<str>) -> Self {
        Self {
            request: AtomicU64::new(request.get()),
            procedure,
            matched: Matched::Exact,
            receive_progress: false,
            disclose_me: false,
            forward_for: None,
            timeout: None,
            deadline: None,
            inputs: None,
            stop: Signal::default(),
            winds_up: AtomicBool::new(false),
            is_without_permit: AtomicBool::new(false),
            answered: Mutex::new(false),
            has_result: AtomicBool::new(false),
            last_progress: Mutex::new(None),
            source,
        }
    }
}

impl<O: CallSource + ?Sized> CallState<O> {
    /// Makes a state that nobody else holds any more ready for the next call; `None` when it saw a cancellation,
    /// because a signal cannot be taken back.
    pub(crate) fn recycle(&mut self, request: RequestId, procedure: &Arc<str>) -> Option<()> {
        if self.stop.get().is_some() {
            return None;
        }
        *self.request.get_mut() = request.get();
        // Callers repeat themselves, and a counter that all connections share is better left alone.
        if !Arc::ptr_eq(&self.procedure, procedure) {
            self.procedure = Arc::clone(procedure);
        }
        self.matched = Matched::Exact;
        self.receive_progress = false;
        self.disclose_me = false;
        self.forward_for = None;
        self.timeout = None;
        self.deadline = None;
        self.inputs = None;
        *self.winds_up.get_mut() = false;
        *self.answered.get_mut().unwrap_or_else(PoisonError::into_inner) = false;
        *self.last_progress.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
        Some(())
    }

    /// The caller's id for the call.
    #[inline]
    pub(crate) fn request(&self) -> RequestId {
        RequestId::new(self.request.load(Ordering::Relaxed)).unwrap_or(SOME_REQUEST)
    }

    /// Returns whether no more than so many hold a state, and nobody has stopped its call. Whoever they all are may answer the call
    /// without a look whether somebody has, and [use the state again](Self::use_again).
    #[inline]
    pub(crate) fn is_held_by(this: &Arc<Self>, holders: usize) -> bool {
        // Nobody can come to hold it but by way of those who do: there is no weak holder of a state.
        let alone = Arc::strong_count(this) == holders;
        // From here on all is seen that others did before they let it go.
        fence(Ordering::Acquire);
        alone && this.stop.get().is_none()
    }

    /// Makes the state of a call without options, which nobody else holds any more, that of another such call of the same procedure.
    #[inline]
    pub(crate) fn use_again(&self, request: RequestId) {
        self.request.store(request.get(), Ordering::Relaxed);
        self.winds_up.store(false, Ordering::Relaxed);
    }

    /// The handler takes part in its own cancellation and is not dropped at once.
    pub(crate) fn handler_winds_up(&self) {
        self.winds_up.store(true, Ordering::Relaxed);
    }

    pub(crate) fn winds_up(&self) -> bool {
        self.winds_up.load(Ordering::Relaxed)
    }

    /// A call that waits, and has a permit, lets it go once: when its task ends, or before. Returns whether this was it.
    pub(crate) fn lets_permit_go(&self) -> bool {
        !self.is_without_permit.swap(true, Ordering::Relaxed)
    }

    /// When the last progressive result was sent; a timeout measures the silence since then.
    pub(crate) fn last_progress(&self) -> Option<Instant> {
        *self.last_progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues one progressive result, then waits for room in the caller's queue.
    pub(crate) async fn send_progress(&self, encoded: Payload) -> Result<(), WampError> {
        if let Err(error) = self.queue_progress(&encoded) {
            if error.uri() == uris::error::NETWORK_FAILURE {
                // The caller gets every result or learns that it does not (checklist PCR-11).
                self.answer(&CallReply::error(error.clone()));
                self.stop.set(Stop::Now);
            }
            return Err(error);
        }
        self.source.outbox().room().await;
        Ok(())
    }

    fn queue_progress(&self, encoded: &Payload) -> Result<(), WampError> {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if *answered {
            return Err(WampError::call_canceled());
        }
        if self.timeout.is_some() {
            let now = self.source.runtime().now();
            *self.last_progress.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        }
        self.source.send_progress(self.request(), encoded)
    }

    /// Queues the final answer, unless there has been one; says whether this was it.
    pub(crate) fn answer(&self, reply: &CallReply) -> bool {
        let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if *answered {
            return false;
        }
        *answered = true;
        self.has_result.store(reply.result.is_ok(), Ordering::Relaxed);
        self.source.send_reply(self.request(), reply);
        if self.inputs.as_ref().is_some_and(|inputs| inputs.is_open()) {
            self.source.answered_early(self.request());
        }
        true
    }

    /// Returns whether the final answer was a result.
    pub(crate) fn has_result(&self) -> bool {
        self.has_result.load(Ordering::Relaxed)
    }

    /// Takes a further input, unless the answer has been queued; its handler may still be winding up.
    pub(crate) fn take_input(&self, procedure: &str, payload: &Payload, last: bool) -> Taken {
        // Under the lock, so that what is answered meanwhile knows whether more can come.
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, waker) = match self.inputs.as_ref().filter(|_| *self.procedure == *procedure) {
            _ if *answered => (Taken::Answered, None),
            None => (Taken::Complete, None),
            Some(inputs) => inputs.push(|| self.source.keep(payload), last),
        };
        drop(answered);
        waker.into_iter().for_each(Waker::wake);
        taken
    }

    /// Stops the call, if it is still running, with this answer.
    ///
    /// A handler that winds up its work may still answer a [`Stop::Kill`] itself.
    pub(crate) fn stop_with(&self, stop: Stop, answer: WampError) {
        if stop == Stop::Now || !self.winds_up() {
            self.answer(&CallReply::error(answer));
        }
        self.stop.set(stop);
    }

    /// Lets the call end without an answer: nobody is there to read it.
    pub(crate) fn abandon(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.set(Stop::Now);
    }
}
