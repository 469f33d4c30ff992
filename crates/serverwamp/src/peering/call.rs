//! A call that application code makes, and its results.

use super::call_future::CallFuture;
use super::call_inputs::CallInputs;
use super::disconnected::WhileDisconnected;
use super::payload::{PassthruPayload, unreadable};
use crate::base::error::WampError;
use crate::rt::BoxFuture;
use futures_core::Stream;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::SessionId;
use serverwamp_proto::message::{CallOptions, CancelMode, Forwarder};
use serverwamp_proto::payload::Payload;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Who carries calls to where they are served.
pub(crate) trait CallStarter: Send + Sync {
    /// Calls `procedure`; a call that cannot be made is answered at once.
    fn start(self: Arc<Self>, procedure: &str, call: CallDraft) -> Box<dyn StartedCall>;
}

/// A call that is out. Dropped before its answer, it is canceled.
pub(crate) trait StartedCall: Send {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Payload, WampError>>;

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Payload>>;

    /// Takes the call back; its answer is still to come.
    fn cancel(&self, mode: CancelMode);

    /// Sends a further input.
    ///
    /// # Errors
    /// When the call takes no more, or the input cannot be sent; the answer of the call says why it ended, if it has.
    fn send_input(&mut self, input: Payload, last: bool) -> Result<(), WampError>;

    /// The serializer of inputs.
    fn encodes_in(&self) -> Serializer;

    /// Completes when there is room for more input.
    fn room(&self) -> BoxFuture<'static, ()>;
}

/// A call before it is made.
pub(crate) struct CallDraft {
    pub(crate) payload: Result<Payload, WampError>,
    pub(crate) options: CallOptions,
    /// The only callee it may go to.
    pub(crate) callee: Option<SessionId>,
    /// A registration by pattern does not serve it.
    pub(crate) exact: bool,
    /// It asks a client to decide about this session.
    pub(crate) about: Option<SessionId>,
    /// What becomes of it while there is no session; `None` is what the client's other calls do.
    pub(crate) while_disconnected: Option<WhileDisconnected>,
}

/// The results of a call, still encoded.
#[derive(Clone)]
pub struct CallResult {
    procedure: CalledProcedure,
    payload: Payload,
}

/// The name of a procedure that was called.
#[derive(Clone)]
enum CalledProcedure {
    /// Of a call that has one result: its caller's own text, which nobody has to copy.
    One(String),
    /// Of a call that may have several.
    Shared(Arc<str>),
}

impl Deref for CalledProcedure {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::One(name) => name,
            Self::Shared(name) => name,
        }
    }
}

impl CallResult {
    pub(super) const fn new(procedure: String, payload: Payload) -> Self {
        Self { procedure: CalledProcedure::One(procedure), payload }
    }

    /// The results, still encoded.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The bytes of a callee that answers in passthru mode; `None` of one that does not.
    ///
    /// # Errors
    /// As for [`PassthruPayload::of`].
    pub fn passthru(&self) -> Result<Option<PassthruPayload>, WampError> {
        PassthruPayload::of(&self.payload)
    }

    /// The results as a `T`, as a call is awaited for: `get::<i64>()` reads the only positional one, and
    /// [`FromResults`] has a table of the rest.
    ///
    /// # Errors
    /// `serverwamp.error.unreadable` when they do not fit.
    pub fn get<'de, T: Deserialize<'de>>(&'de self) -> Result<T, WampError> {
        self.payload.returned().map_err(|why| unreadable::<T>("results of", &self.procedure, &why))
    }
}

/// What the results of a call can be read as: the type that the callee's handler returns, any `serde::Deserialize`.
///
/// | read as | from |
/// |---|---|
/// | any `T`: a number, a `Vec`, a struct, a map | the one positional result, which is what a handler's `T` is |
/// | `()` | whatever there is, which is ignored |
/// | `Option<T>` | nothing or `null`, or what `T` is read from |
/// | a tuple, an array | one list; or, from callees that return several, exactly as many positional results, two at least |
/// | [`Arg(t)`](crate::extract::Arg) | the one positional result |
/// | [`Args(t)`](crate::extract::Args) | all positional results, as a tuple or a `Vec` |
/// | [`Kwargs(t)`](crate::extract::Kwargs) | the keyword results, as a struct or a map |
/// | `(Args(..), Kwargs(..))` | both |
/// | [`PassthruPayload`] | bytes that were sent in passthru mode |
/// | [`CallResult`] | all, still encoded |
///
/// What there is besides is an error: only `()` ignores anything. There is no need to implement it.
#[diagnostic::on_unimplemented(
    message = "the results of a call cannot be read as `{Self}`",
    note = "read them as any `serde::Deserialize` that borrows nothing, or take them as a `serverwamp::CallResult`"
)]
pub trait FromResults: Sized {
    /// Reads the results.
    ///
    /// # Errors
    /// `serverwamp.error.unreadable` when they do not fit. No callee of this framework answers so by itself: its own
    /// refusal of arguments is `wamp.error.invalid_argument`.
    fn from_results(results: CallResult) -> Result<Self, WampError>;
}

impl<T: DeserializeOwned> FromResults for T {
    fn from_results(results: CallResult) -> Result<Self, WampError> {
        results.get()
    }
}

impl FromResults for PassthruPayload {
    fn from_results(results: CallResult) -> Result<Self, WampError> {
        Self::required(&results.payload, format_args!("the results of {:?}", &*results.procedure))
    }
}

impl FromResults for CallResult {
    fn from_results(results: CallResult) -> Result<Self, WampError> {
        Ok(results)
    }
}

/// A call that is about to be made; made by [`RealmHandle::call`](crate::RealmHandle::call) and
/// [`Client::call`](crate::client::Client::call).
///
/// Await it for the results as a `T`. Dropped before that, the call is canceled.
#[must_use = "nothing is called until this is awaited"]
pub struct Calling<T = CallResult> {
    starter: Arc<dyn CallStarter>,
    procedure: String,
    draft: CallDraft,
    results: PhantomData<fn() -> T>,
}

impl<T> Calling<T> {
    pub(crate) fn new(
        starter: Arc<dyn CallStarter>,
        procedure: String,
        payload: Result<Payload, WampError>,
    ) -> Self {
        let (payload, passthru) = match payload {
            Ok(mut payload) => {
                let passthru = payload.passthru.take();
                (Ok(payload), passthru)
            }
            Err(error) => (Err(error), None),
        };
        let options = CallOptions { passthru, ..CallOptions::default() };
        let draft =
            CallDraft { payload, options, callee: None, exact: false, about: None, while_disconnected: None };
        Self { starter, procedure, draft, results: PhantomData }
    }

    /// Fails with `wamp.error.timeout` when there is no result in time; by default it waits for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.draft.options.timeout = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
        self
    }

    /// What becomes of the call if the client has no session, and is about to have another one. By default what the client's
    /// [`Reconnect`](crate::client::Reconnect) says. Calls [with inputs](Calling::with_inputs) never wait.
    pub fn while_disconnected(mut self, choice: WhileDisconnected) -> Self {
        self.draft.while_disconnected = Some(choice);
        self
    }

    /// Calls this session's registration and no other one's: `wamp.error.no_such_procedure` if it has none.
    ///
    /// Only the application may choose among the callees of its realm: a call of a client fails with
    /// `wamp.error.option_not_allowed`.
    pub fn callee(mut self, session: SessionId) -> Self {
        self.draft.callee = Some(session);
        self
    }

    /// Calls whoever has registered this very URI, and nobody who has registered a pattern.
    pub(crate) fn of_exact_registration(mut self) -> Self {
        self.draft.exact = true;
        self
    }

    /// Asks a client to decide about this session: only one that was not let in by such a decision is called.
    pub(crate) fn about(mut self, session: SessionId) -> Self {
        self.draft.about = Some(session);
        self
    }

    /// Says on whose behalf the call is made, the first session first, as links between routers do: the callee finds it in
    /// [`Caller::forward_for`](crate::extract::Caller::forward_for). Not of the specification; routers that do not know of it drop it.
    ///
    /// Nobody proves it: it is worth as much as the callee trusts this session. A router of this framework takes 16 entries, see
    /// [`Limits::forward_for`](crate::Limits::forward_for).
    pub fn forward_for(mut self, forwarders: impl IntoIterator<Item = Forwarder>) -> Self {
        self.draft.options.forward_for = Some(forwarders.into_iter().collect());
        self
    }

    /// Asks the router to tell the callee who calls. It has no effect for calls of the application, which is no session.
    pub fn disclose_me(mut self) -> Self {
        self.draft.options.disclose_me = true;
        self
    }
}

impl Calling<CallResult> {
    /// Asks for progressive results, and makes the call at once: a stream of them, and then the final one.
    ///
    /// Take them as they come: when 1024 wait, or 4 MiB, the call fails with `wamp.error.network_failure`.
    pub fn progressive(mut self) -> ProgressResults {
        self.draft.options.receive_progress = true;
        ProgressResults::start(self)
    }

    /// Makes the call at once, without progressive results: to [`cancel`](ProgressResults::cancel) it in a mode of choice.
    ///
    /// ```
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// let report = client.call("reports.make", ()).start();
    /// report.cancel(serverwamp::CancelMode::Kill);
    /// let report: String = report.finish().await?.get()?; // what there is of it, or `wamp.error.canceled`
    /// # Ok(())
    /// # }
    /// ```
    pub fn start(self) -> ProgressResults {
        ProgressResults::start(self)
    }

    /// Makes the call at once, with its arguments as the first of several inputs; progressive results come meanwhile.
    ///
    /// ```
    /// # async fn example(client: serverwamp::client::Client) -> Result<(), serverwamp::WampError> {
    /// let mut sum = client.call("math.sum", 1).with_inputs();
    /// sum.send(2).await?;
    /// let sum: i64 = sum.finish(3).await?.finish().await?.get()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_inputs(mut self) -> CallInputs {
        self.draft.options.progress = true;
        self.draft.options.receive_progress = true;
        CallInputs(ProgressResults::start(self))
    }
}

impl<T: FromResults> IntoFuture for Calling<T> {
    type Output = Result<T, WampError>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { starter, procedure, draft, results } = self;
        CallFuture { call: starter.start(&procedure, draft), procedure, results }
    }
}

/// The progressive results of a call, and at the end its final one.
///
/// Dropped before the end, the call is canceled.
pub struct ProgressResults {
    pub(super) call: Box<dyn StartedCall>,
    procedure: Arc<str>,
}

impl ProgressResults {
    fn start(calling: Calling) -> Self {
        let call = calling.starter.start(&calling.procedure, calling.draft);
        Self { call, procedure: calling.procedure.into() }
    }

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
        let payload = poll_fn(|cx| self.call.poll_answer(cx)).await?;
        Ok(CallResult { procedure: CalledProcedure::Shared(self.procedure), payload })
    }

    /// Takes the call back, in one of the specification's modes: with [`CancelMode::Kill`] the callee may wind up, and
    /// [`finish`](Self::finish) gives its answer; with the others that is `wamp.error.canceled` at once.
    ///
    /// It does nothing when the call has its answer, or when the router does not announce `call_canceling`. Dropping cancels as
    /// well, with [`CancelMode::KillNoWait`].
    pub fn cancel(&self, mode: CancelMode) {
        self.call.cancel(mode);
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<CallResult>> {
        let procedure = &self.procedure;
        self.call.poll_progress(cx).map(|payload| {
            Some(CallResult { procedure: CalledProcedure::Shared(Arc::clone(procedure)), payload: payload? })
        })
    }
}

impl Stream for ProgressResults {
    type Item = CallResult;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CallResult>> {
        self.poll_progress(cx)
    }
}

/// The sizes of the results, not what they say.
impl fmt::Debug for CallResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallResult")
            .field("procedure", &&*self.procedure)
            .field("serializer", &self.payload.serializer)
            .field("args_bytes", &self.payload.args.len())
            .field("kwargs_bytes", &self.payload.kwargs.len())
            .finish()
    }
}

impl<T> fmt::Debug for Calling<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}

impl fmt::Debug for ProgressResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgressResults").finish_non_exhaustive()
    }
}
