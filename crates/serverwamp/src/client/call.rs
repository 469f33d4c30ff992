//! A call of a client: its CALL, its timeout, its cancellation.

use super::handle::Held;
use super::session::{Awaited, ClientSession};
use crate::base::error::WampError;
use crate::peering::{CallDraft, CallInbox, CallStarter, StartedCall};
use crate::rt::{BoxFuture, Unavailable, after};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Call, CallOptions, CancelMode, Message, UnreadBytes};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

impl CallStarter for Held {
    fn start(self: Arc<Self>, draft: CallDraft) -> Box<dyn StartedCall> {
        let inbox = Arc::new(CallInbox::default());
        let timeout = (draft.options.timeout > 0).then(|| Duration::from_millis(draft.options.timeout));
        let procedure = draft.options.progress.then(|| draft.procedure.clone());
        let sent = check_runtime(self.session(), timeout).and_then(|()| send(self.session(), draft, &inbox));
        let begun = self.session().runtime.now();
        let request = sent.map_err(|error| inbox.finish(Err(error))).ok();
        let timer = request.and(timeout).map(|timeout| CallTimer { timeout, begun, sleep: None });
        Box::new(ClientCall { held: self, inbox, request, procedure, timer })
    }
}

fn check_runtime(session: &ClientSession, timeout: Option<Duration>) -> Result<(), WampError> {
    let available = if timeout.is_some() { session.runtime.available() } else { Ok(()) };
    available.map_err(|error: Unavailable| {
        WampError::unavailable(format!("no timeout can be awaited here: {error}"))
    })
}

fn send(session: &ClientSession, draft: CallDraft, inbox: &Arc<CallInbox>) -> Result<RequestId, WampError> {
    if draft.callee.is_some() {
        let text = "a client cannot choose the callee of a call: only the application of a realm can";
        return Err(WampError::new(uris::error::OPTION_NOT_ALLOWED).arg(text));
    }
    let more_input = draft.options.progress;
    if more_input && !session.dealer_has(Feature::ProgressiveCallInvocations) {
        let text = "the router does not announce progressive_call_invocations";
        return Err(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text));
    }
    let payload = draft.payload?;
    let kind = RequestKind::Call { receive_progress: draft.options.receive_progress, more_input };
    session.request(kind, Awaited::Call(Arc::clone(inbox)), |request| {
        let (options, procedure) = (draft.options, draft.procedure.into());
        Message::Call(Call { request, options, procedure, unread: UnreadBytes::NONE, payload })
    })
}

/// A call that is out. It keeps the session.
struct ClientCall {
    held: Arc<Held>,
    inbox: Arc<CallInbox>,
    request: Option<RequestId>,
    /// Repeated with each further input.
    procedure: Option<String>,
    timer: Option<CallTimer>,
}

/// The timeout of a call. Routers keep it as well, but not all of them.
struct CallTimer {
    timeout: Duration,
    begun: Instant,
    sleep: Option<BoxFuture<'static, ()>>,
}

impl ClientCall {
    /// Ready when the timeout is over, which runs from the last progressive result.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        let runtime = &self.held.session().runtime;
        loop {
            let since = self.inbox.progressed_at().unwrap_or(timer.begun).max(timer.begun);
            let deadline = after(since, timer.timeout);
            let sleep = timer.sleep.get_or_insert_with(|| runtime.sleep_until(deadline));
            ready!(sleep.as_mut().poll(cx));
            timer.sleep = None;
            if runtime.now() >= deadline {
                return Poll::Ready(());
            }
        }
    }

    /// Gives the call up if it has taken too long.
    fn expire(&mut self, cx: &mut Context<'_>) {
        if self.poll_timer(cx).is_ready() {
            self.timer = None;
            self.inbox.finish(Err(WampError::call_timed_out()));
            self.cancel(CancelMode::KillNoWait);
        }
    }
}

impl StartedCall for ClientCall {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Payload, WampError>> {
        // The router's answer comes first, if both are there.
        if let Poll::Ready(answer) = self.inbox.poll_answer(cx) {
            return Poll::Ready(answer);
        }
        self.expire(cx);
        self.inbox.poll_answer(cx)
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        if let Poll::Ready(progress) = self.inbox.poll_progress(cx) {
            return Poll::Ready(progress);
        }
        self.expire(cx);
        self.inbox.poll_progress(cx)
    }

    fn cancel(&self, mode: CancelMode) {
        if let Some(request) = self.request {
            self.held.session().cancel(request, mode);
        }
    }

    fn send_input(&mut self, input: Payload, last: bool) -> Result<(), WampError> {
        let (Some(request), Some(procedure)) = (self.request, &self.procedure) else {
            return Err(WampError::call_canceled());
        };
        let options = CallOptions { progress: !last, receive_progress: true, ..CallOptions::default() };
        let procedure = procedure.as_str().into();
        let message =
            Message::Call(Call { request, options, procedure, unread: UnreadBytes::NONE, payload: input });
        self.held.session().send_input(request, last, &message)
    }

    fn encodes_in(&self) -> Serializer {
        self.held.session().serializer
    }

    fn room(&self) -> BoxFuture<'static, ()> {
        let outbox = self.held.session().outbox.clone();
        Box::pin(async move { outbox.room().await })
    }
}

impl Drop for ClientCall {
    fn drop(&mut self) {
        self.cancel(CancelMode::KillNoWait);
    }
}
