//! A call of a client: its CALL, its timeout, its cancellation.

use super::handle::Held;
use super::reconnect::{PlacedRequest, QueuedRequest, Submitted, Waits};
use super::session::{Awaited, ClientSession, Unsent};
use crate::base::error::{Unanswered, WampError};
use crate::peering::{CallDraft, CallInbox, CallStarter, StartedCall, WhileDisconnected};
use crate::rt::{BoxFuture, Unavailable, after};
use serverwamp_proto::codec::Serializer;
use serverwamp_proto::id::RequestId;
use serverwamp_proto::message::{Call, CallOptions, CancelMode, Message, UnreadBytes};
use serverwamp_proto::payload::Payload;
use serverwamp_proto::session::Feature;
use serverwamp_proto::session::client::RequestKind;
use serverwamp_proto::uris;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

impl CallStarter for Held {
    fn start(self: Arc<Self>, procedure: &str, draft: CallDraft) -> Box<dyn StartedCall> {
        let inbox = Arc::new(CallInbox::default());
        let timeout = (draft.options.timeout > 0).then(|| Duration::from_millis(draft.options.timeout));
        let repeated = draft.options.progress.then(|| procedure.to_owned());
        let begun = timeout.map(|_| self.session().runtime.now());
        let timed = begun.zip(timeout);
        let checked = check_runtime(&self.session(), timeout).and_then(|()| check(&self.session(), &draft));
        let deadline = timed.map(|(begun, timeout)| after(begun, timeout));
        let sent = checked.and_then(|()| send(&self, procedure, draft, &inbox, deadline));
        let place = sent.unwrap_or_else(|error| {
            inbox.finish(Err(error));
            CallPlace::Nowhere
        });
        let timer = timed.map(|(begun, timeout)| CallTimer { timeout, begun, sleep: None });
        Box::new(ClientCall { held: self, inbox, place, procedure: repeated, timer })
    }
}

fn check_runtime(session: &ClientSession, timeout: Option<Duration>) -> Result<(), WampError> {
    let available = if timeout.is_some() { session.runtime.available() } else { Ok(()) };
    available.map_err(|error: Unavailable| {
        WampError::unavailable(format!("no timeout can be awaited here: {error}"))
    })
}

fn check(session: &ClientSession, draft: &CallDraft) -> Result<(), WampError> {
    if draft.callee.is_some() {
        let text = "a client cannot choose the callee of a call: only the application of a realm can";
        return Err(WampError::new(uris::error::OPTION_NOT_ALLOWED).arg(text));
    }
    if draft.options.progress && !session.dealer_has(Feature::ProgressiveCallInvocations) {
        let text = "the router does not announce progressive_call_invocations";
        return Err(WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text));
    }
    if draft.options.passthru.is_some() && !session.dealer_has(Feature::PayloadPassthruMode) {
        return Err(no_passthru());
    }
    Ok(())
}

fn send(
    held: &Held,
    procedure: &str,
    draft: CallDraft,
    inbox: &Arc<CallInbox>,
    deadline: Option<Instant>,
) -> Result<CallPlace, WampError> {
    let CallDraft { payload, options, while_disconnected, .. } = draft;
    let payload = payload?;
    let more_input = options.progress;
    let kind = RequestKind::Call { receive_progress: options.receive_progress, more_input };
    let waiting = Awaited::Call(Arc::clone(inbox));
    let Some(link) = held.link() else {
        let request = held.first().call(kind, waiting, procedure, &options, &payload)?;
        return Ok(CallPlace::OnlySession(request));
    };
    // Its further inputs belong to the session that has the first one.
    let choice = if more_input { Some(WhileDisconnected::Fail) } else { while_disconnected };
    let waits = Waits { choice, bytes: payload.size(), deadline };
    let procedure = procedure.to_owned().into();
    let message = move |request| {
        Message::Call(Call { request, options, procedure, unread: UnreadBytes::NONE, payload })
    };
    let request = move |session: &ClientSession| -> Result<RequestId, Unsent> {
        session.request(kind, waiting, message)
    };
    match link.submit(waits, request) {
        Submitted::Sent(placed) => Ok(CallPlace::Session(placed)),
        Submitted::Refused(error) => Err(error),
        Submitted::Waiting(waiting) => Ok(CallPlace::Waiting(waiting)),
    }
}

/// The error of whoever sends a payload in passthru mode to a router that would end the session over it (checklist PPT-07).
pub(super) fn no_passthru() -> WampError {
    let text = "the router does not announce payload_passthru_mode";
    WampError::new(uris::error::FEATURE_NOT_SUPPORTED).arg(text)
}

/// A call that is out. It keeps the session.
struct ClientCall {
    held: Arc<Held>,
    inbox: Arc<CallInbox>,
    place: CallPlace,
    /// Repeated with each further input.
    procedure: Option<String>,
    timer: Option<CallTimer>,
}

/// The session that has a call.
enum CallPlace {
    /// It was not sent, and will not be; or its answer was taken, and there is nothing to cancel.
    Nowhere,
    /// The only session of its client.
    OnlySession(RequestId),
    /// One of several.
    Session(PlacedRequest),
    /// It waits for the next session.
    Waiting(QueuedRequest),
}

/// The timeout of a call. Routers keep it as well, but not all of them.
struct CallTimer {
    timeout: Duration,
    begun: Instant,
    sleep: Option<BoxFuture<'static, ()>>,
}

impl ClientCall {
    /// Ready when the call is in a session, or will be in none.
    fn poll_place(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let CallPlace::Waiting(waiting) = &mut self.place {
            self.place = match ready!(Pin::new(waiting).poll(cx)) {
                Ok(placed) => CallPlace::Session(placed),
                Err(error) => {
                    self.inbox.finish(Err(error));
                    CallPlace::Nowhere
                }
            };
        }
        Poll::Ready(())
    }

    /// The session that has the call, and its id there.
    fn placed(&self) -> Option<(&Arc<ClientSession>, RequestId)> {
        match &self.place {
            CallPlace::OnlySession(request) => Some((self.held.first(), *request)),
            CallPlace::Session(placed) => Some((&placed.session, placed.request)),
            CallPlace::Nowhere | CallPlace::Waiting(_) => None,
        }
    }

    /// Ready when the timeout is over, which runs from the last progressive result.
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        let runtime = &self.held.first().runtime;
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
            self.inbox.finish(Err(WampError::call_timed_out().of_unanswered(Unanswered::MayHaveRun)));
            self.cancel(CancelMode::KillNoWait);
        }
    }
}

impl StartedCall for ClientCall {
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Result<Payload, WampError>> {
        // The router's answer comes first, if both are there.
        let mut answer = self.inbox.poll_answer(cx);
        let waits = matches!(self.place, CallPlace::Waiting(_));
        if answer.is_pending() && (waits || self.timer.is_some()) {
            // Whoever waits for a session has the deadline there.
            ready!(self.poll_place(cx));
            self.expire(cx);
            answer = self.inbox.poll_answer(cx);
        }
        if answer.is_ready() {
            self.place = CallPlace::Nowhere;
        }
        answer
    }

    fn poll_progress(&mut self, cx: &mut Context<'_>) -> Poll<Option<Payload>> {
        if let Poll::Ready(progress) = self.inbox.poll_progress(cx) {
            return Poll::Ready(progress);
        }
        ready!(self.poll_place(cx));
        self.expire(cx);
        self.inbox.poll_progress(cx)
    }

    fn cancel(&self, mode: CancelMode) {
        match (&self.place, self.placed()) {
            (_, Some((session, request))) => session.cancel(request, mode),
            (CallPlace::Waiting(waiting), None) if waiting.withdraw() => {
                self.inbox.finish(Err(WampError::call_canceled()));
            }
            // It has been sent since this was polled.
            (CallPlace::Waiting(waiting), None) => {
                if let Some(placed) = waiting.placed() {
                    placed.session.cancel(placed.request, mode);
                }
            }
            (_, None) => {}
        }
    }

    fn send_input(&mut self, input: Payload, last: bool) -> Result<(), WampError> {
        let (Some((session, request)), Some(procedure)) = (self.placed(), &self.procedure) else {
            return Err(WampError::call_canceled());
        };
        let options = CallOptions { progress: !last, receive_progress: true, ..CallOptions::default() };
        let procedure = procedure.as_str().into();
        let message =
            Message::Call(Call { request, options, procedure, unread: UnreadBytes::NONE, payload: input });
        session.send_input(request, last, &message)
    }

    fn encodes_in(&self) -> Serializer {
        self.held.first().serializer
    }

    fn room(&self) -> BoxFuture<'static, ()> {
        let outbox = self.placed().map(|(session, _)| session.outbox.clone());
        Box::pin(async move {
            if let Some(outbox) = outbox {
                outbox.room().await;
            }
        })
    }
}

impl Drop for ClientCall {
    fn drop(&mut self) {
        self.inbox.give_up();
        self.cancel(CancelMode::KillNoWait);
    }
}
