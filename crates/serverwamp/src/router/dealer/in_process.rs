//! The application as a caller in its own realm.

use super::Found;
use super::call::{Answer, CallRequest, Caller, RoutedCall};
use crate::WampError;
use crate::base::locks::{Mutex, MutexGuard};
use crate::router::realm::{RunningRealm, no_such_procedure};
use crate::rt::{BoxFuture, Runtime, Unavailable};
use futures_core::Stream;
use serde::Deserialize;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::message::{CallOptions, CancelMode};
use serverwamp_proto::pattern::Match;
use serverwamp_proto::payload::Payload;
use serverwamp_proto::uris;
use std::collections::VecDeque;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// The number of progressive results that wait for the application, and the bytes they may take; beyond, the call is given up.
const WAITING_RESULTS: usize = 1024;
const WAITING_BYTES: usize = 4 << 20;

/// The receiver of the answer to a call of the application.
#[derive(Debug, Default)]
pub(crate) struct LocalCall {
    inbox: Mutex<Inbox>,
}

#[derive(Debug, Default)]
struct Inbox {
    progress: VecDeque<Payload>,
    progress_bytes: usize,
    answer: Option<Result<Payload, WampError>>,
    waker: Option<Waker>,
}

impl LocalCall {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a progressive result in; `false` when too many wait.
    pub(super) fn progress(&self, payload: &Payload) -> bool {
        let mut inbox = self.inbox();
        let bytes = inbox.progress_bytes + payload.size();
        if inbox.progress.len() >= WAITING_RESULTS || bytes > WAITING_BYTES {
            return false;
        }
        inbox.progress_bytes = bytes;
        inbox.progress.push_back(payload.detached());
        let waker = inbox.waker.take();
        drop(inbox);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    pub(super) fn finish(&self, answer: &Answer<'_>) {
        let answer = match answer {
            Answer::Result { payload, .. } => Ok((*payload).clone()),
            Answer::Error { error, payload, .. } => Err(WampError::received(error, payload)),
            Answer::Refusal(error) => Err((*error).clone()),
        };
        let mut inbox = self.inbox();
        inbox.answer = Some(answer);
        let waker = inbox.waker.take();
        drop(inbox);
        waker.into_iter().for_each(Waker::wake);
    }

    fn poll_answer(&self, cx: &Context<'_>) -> Poll<Result<Payload, WampError>> {
        let mut inbox = self.inbox();
        if let Some(answer) = inbox.answer.take() {
            return Poll::Ready(answer);
        }
        inbox.wait(cx);
        Poll::Pending
    }

    fn poll_progress(&self, cx: &Context<'_>) -> Poll<Option<Payload>> {
        let mut inbox = self.inbox();
        if let Some(payload) = inbox.progress.pop_front() {
            inbox.progress_bytes -= payload.size();
            return Poll::Ready(Some(payload));
        }
        if inbox.answer.is_some() {
            return Poll::Ready(None);
        }
        inbox.wait(cx);
        Poll::Pending
    }
}

impl Inbox {
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

/// The result of a call that the application made.
#[derive(Clone, Debug)]
pub struct CallResult(Payload);

impl CallResult {
    /// The results, still encoded.
    pub fn payload(&self) -> &Payload {
        &self.0
    }

    /// The results as a `T`, bound as the arguments of a handler are: `get::<i64>()` takes the only positional one.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` when they do not fit.
    pub fn get<'de, T: Deserialize<'de>>(&'de self) -> Result<T, WampError> {
        self.0.bind().map_err(|error| WampError::new(uris::error::INVALID_ARGUMENT).arg(error.to_string()))
    }
}

/// A call the application is about to make; made by [`RealmHandle::call`](crate::RealmHandle::call).
///
/// Await it for the result. Dropped before that, the call is canceled.
#[must_use = "nothing is called until this is awaited"]
pub struct Calling {
    realm: Arc<RunningRealm>,
    procedure: String,
    payload: Result<Payload, WampError>,
    options: CallOptions,
    callee: Option<SessionId>,
    /// A registration by pattern does not serve it.
    exact: bool,
}

impl Calling {
    pub(crate) fn new(
        realm: Arc<RunningRealm>,
        procedure: String,
        payload: Result<Payload, WampError>,
    ) -> Self {
        Self { realm, procedure, payload, options: CallOptions::default(), callee: None, exact: false }
    }

    /// Fails with `wamp.error.timeout` when there is no result in time; by default it waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        self
    }

    /// Calls this session's registration and no other one's: `wamp.error.no_such_procedure` if it has none.
    pub fn callee(mut self, session: SessionId) -> Self {
        self.callee = Some(session);
        self
    }

    /// Calls whoever has registered this very URI, and nobody who has registered a pattern.
    pub(crate) fn of_exact_registration(mut self) -> Self {
        self.exact = true;
        self
    }

    /// Asks for progressive results, and makes the call at once: a stream of them, and then the final one.
    ///
    /// Take them as they come: when 1024 wait, or 4 MiB, the call fails with `wamp.error.network_failure`.
    pub fn progressive(mut self) -> ProgressResults {
        self.options.receive_progress = true;
        ProgressResults(self.start())
    }

    fn start(self) -> Running {
        let local = Arc::new(LocalCall::default());
        let runtime = Arc::clone(&self.realm.context.runtime);
        let deadline = runtime.now().checked_add(Duration::from_millis(self.options.timeout));
        let deadline = deadline.filter(|_| self.options.timeout > 0);
        // Without a timeout a call needs nothing of the runtime.
        let available = if deadline.is_some() { runtime.available() } else { Ok(()) };
        let timer = deadline.filter(|_| available.is_ok()).map(|at| runtime.sleep_until(at));
        let unavailable =
            |error: Unavailable| WampError::unavailable(format!("no timeout can be awaited here: {error}"));
        let call = match available.map_err(unavailable).and_then(|()| self.route(&local, deadline)) {
            Ok(call) => Some(call),
            Err(error) => {
                local.finish(&Answer::Refusal(&error));
                None
            }
        };
        Running { local, call, timer, runtime }
    }

    fn route(self, local: &Arc<LocalCall>, deadline: Option<Instant>) -> Result<Arc<RoutedCall>, WampError> {
        let realm = &self.realm;
        realm.context.check_uri(&self.procedure, Match::Exact, None)?;
        let registration = match realm.dealer.find(&self.procedure) {
            Some(Found::Registered(registration))
                if !self.exact || registration.pattern.kind() == Match::Exact =>
            {
                registration
            }
            Some(Found::Route(_) | Found::Local(_)) => {
                let text =
                    format!("{:?} is served by the application itself: call its function", self.procedure);
                return Err(WampError::new(uris::error::NO_SUCH_PROCEDURE).arg(text));
            }
            Some(Found::Registered(_)) | None => return Err(no_such_procedure(&self.procedure)),
        };
        let exact = registration.pattern.kind() == Match::Exact;
        let config = realm.context.config();
        let settings = config.procedure_settings.of(&self.procedure);
        let call = Arc::new(RoutedCall::new(CallRequest {
            caller: Caller::Application(Arc::clone(local)),
            procedure: (!exact).then(|| self.procedure.into_boxed_str()),
            options: self.options,
            trustlevel: settings.and_then(|settings| settings.trustlevel),
            disclosed_by_realm: false,
            forward_timeout: settings.and_then(|settings| settings.forward_timeout),
            deadline,
            only: self.callee,
            registration,
        }));
        call.start(self.payload?, || realm.context.ids.bits());
        Ok(call)
    }
}

impl IntoFuture for Calling {
    type Output = Result<CallResult, WampError>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let mut running = self.start();
        Box::pin(poll_fn(move |cx| running.poll_answer(cx)))
    }
}

/// A call that is out.
struct Running {
    local: Arc<LocalCall>,
    call: Option<Arc<RoutedCall>>,
    timer: Option<BoxFuture<'static, ()>>,
    runtime: Arc<dyn Runtime>,
}

impl Running {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<CallResult, WampError>> {
        self.poll_timer(cx);
        self.local.poll_answer(cx).map(|answer| answer.map(CallResult))
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) {
        while let Some(timer) = &mut self.timer {
            if timer.as_mut().poll(cx).is_pending() {
                return;
            }
            let later = self.call.as_ref().and_then(|call| call.expire(self.runtime.now()));
            self.timer = later.map(|at| self.runtime.sleep_until(at));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(call) = &self.call {
            call.cancel(Some(CancelMode::KillNoWait));
        }
    }
}

/// The progressive results of a call, and at the end its final one.
///
/// Dropped before the end, the call is canceled.
pub struct ProgressResults(Running);

impl ProgressResults {
    /// The next progressive result; `None` when the final one is there.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<CallResult> {
        poll_fn(|cx| self.poll_progress(cx)).await
    }

    /// Waits for the final result; progressive ones that were not taken are passed over.
    ///
    /// # Errors
    /// What the callee answered, or why there is no answer.
    pub async fn finish(mut self) -> Result<CallResult, WampError> {
        poll_fn(|cx| self.0.poll_answer(cx)).await
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<CallResult>> {
        self.0.poll_timer(cx);
        self.0.local.poll_progress(cx).map(|payload| payload.map(CallResult))
    }
}

impl Stream for ProgressResults {
    type Item = CallResult;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallResult>> {
        self.poll_progress(cx)
    }
}

impl fmt::Debug for Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProgressResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressResults").finish_non_exhaustive()
    }
}
