//! One transport that is made of HTTP requests: what its client sends and takes between two of them.
//!
//! Invariant: messages go out once and in order, to whichever request asks for them; a request that goes away takes
//! nothing with it.

use crate::base::locks::{Mutex, MutexGuard};
use std::future::poll_fn;
use std::sync::atomic::{AtomicIsize, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use serverwamp_proto::message::{HEAD, Invocation, Message, answered_by, is_goodbye};
use serverwamp_proto::websocket::Subprotocol;
use serverwamp_proto::websocket::batch::{BatchError, Records, push_record};

use crate::WampError;
use crate::base::admission::Permit;
use crate::base::signal::Signal;
use crate::base::statistics::Refusal;
use crate::peering::encode_error;
use crate::rt::{Runtime, after};
use crate::server::long_poll::bodies::Unread;
use crate::server::memory::{MessageReceiver, MessageSender, Pipe, messages};

/// A batch that is longer than this waits for the next request.
const LONG_BATCH: usize = 256 * 1024;

/// No serializer begins a message like this: it is no JSON, nothing in MessagePack, and a tag without a value in CBOR.
const NO_MESSAGE: &[u8] = &[0xc1];

#[derive(Debug)]
pub(super) struct LongPollTransport {
    pub(super) subprotocol: Subprotocol,
    receiving: Mutex<Receiving>,
    sender: Mutex<Option<MessageSender>>,
    /// The turn to send: the body of one request waits, and the other requests wait with theirs.
    turn: futures_util::lock::Mutex<()>,
    sending: AtomicWaker,
    /// Bytes of bodies that are being collected or wait to be passed on.
    collected: AtomicUsize,
    bounds: PollBounds,
    /// The transport counts as a connection until nothing of it is left.
    permit: Permit,
    last_seen: Mutex<Instant>,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// The GOODBYEs that the client has taken, less those that it has sent.
    unanswered_goodbyes: AtomicIsize,
    /// Set when the connection behind it is over: nothing more is sent, and only what it has said is still received.
    disconnected: Signal<()>,
    /// Set when the transport is ended.
    over: Signal<()>,
}

/// The number of bytes that may be collected of one transport's bodies at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct PollBounds {
    /// Before WELCOME.
    pub(super) hello: usize,
    /// In a session.
    pub(super) message: usize,
}

/// Bytes of a body, which count until it has been passed on.
#[derive(Debug)]
pub(super) struct BodyBytes<'c>(&'c LongPollTransport, usize);

/// Who receives, under one lock: an earlier `receive` that looked whether it is the latest, and only then asked for
/// messages, would be woken for them in place of the latest one.
#[derive(Debug)]
struct Receiving {
    /// `None` when there will be no more messages.
    receiver: Option<MessageReceiver>,
    /// The number of the latest `receive`; an earlier one gives up.
    latest: usize,
    /// Wakes the latest `receive`.
    waker: Option<Waker>,
}

/// The outcome of a `receive`.
#[derive(Debug)]
pub(super) enum Received {
    /// A message, or a batch of them.
    Messages(Vec<u8>),
    /// Another `receive` takes its place.
    Superseded,
    /// There will be no more messages.
    Over,
}

/// Why a `send` is refused.
#[derive(Debug)]
pub(super) enum SendRefused {
    /// Its body is no message, or no batch of messages.
    Malformed(String),
    /// Its body is not there, or not all of it.
    Unread(Unread),
    /// The transport is over.
    Over,
}

/// A request that is being answered. Its transport is not idle meanwhile.
#[derive(Debug)]
pub(super) struct Busy<'c>(&'c LongPollTransport, &'c Arc<dyn Runtime>);

impl LongPollTransport {
    pub(super) fn new(
        subprotocol: Subprotocol,
        pipe: Pipe,
        bounds: PollBounds,
        permit: Permit,
        now: Instant,
    ) -> Self {
        let (receiver, sender) = messages(pipe, bounds.message);
        Self {
            subprotocol,
            receiving: Mutex::new(Receiving { receiver: Some(receiver), latest: 0, waker: None }),
            sender: Mutex::new(Some(sender)),
            turn: futures_util::lock::Mutex::default(),
            sending: AtomicWaker::new(),
            collected: AtomicUsize::new(0),
            bounds,
            permit,
            last_seen: Mutex::new(now),
            busy: AtomicUsize::new(0),
            unanswered_goodbyes: AtomicIsize::new(0),
            disconnected: Signal::default(),
            over: Signal::default(),
        }
    }

    /// Begins to answer a request.
    pub(super) fn attend<'c>(&'c self, runtime: &'c Arc<dyn Runtime>) -> Busy<'c> {
        self.busy.fetch_add(1, Ordering::Relaxed);
        Busy(self, runtime)
    }

    /// When the transport has been without a request for so long; `None` if it has been already.
    pub(super) fn idle_at(&self, timeout: Duration, now: Instant) -> Option<Instant> {
        let busy = self.busy.load(Ordering::Relaxed) > 0 && self.disconnected.get().is_none();
        let since = if busy { now } else { *lock(&self.last_seen) };
        Some(after(since, timeout)).filter(|idle| *idle > now)
    }

    /// Whether WELCOME has been sent, and the session is not over.
    pub(super) fn is_in_session(&self) -> bool {
        self.permit.is_in_session()
    }

    /// The number of bytes that may be collected now, and the counter of refusals beyond: an unauthenticated client may send less.
    pub(super) fn bound(&self) -> (usize, Refusal) {
        let PollBounds { hello, message } = self.bounds;
        if hello < message && !self.is_in_session() {
            (hello, Refusal::HelloBytes)
        } else {
            (message, Refusal::MessageBytes)
        }
    }

    /// Begins to collect a body.
    pub(super) const fn hold(&self) -> BodyBytes<'_> {
        BodyBytes(self, 0)
    }

    /// Passes on what a request brings. It waits while the session takes nothing.
    pub(super) async fn send(&self, body: Bytes) -> Result<(), SendRefused> {
        self.pass_on(|sender| self.take(body, sender)).await
    }

    /// Passes on one message, be it from a batch.
    pub(super) async fn send_message(&self, message: Bytes) -> Result<(), SendRefused> {
        self.pass_on(|sender| self.take_message(sender, &message)).await
    }

    /// Passes on that a body is no batch.
    pub(super) async fn send_malformed(&self, error: BatchError) -> Result<(), SendRefused> {
        self.pass_on(|sender| refuse(sender, &error)).await
    }

    /// Answers for a callee whose answer is too long, as is seen from its `head`: otherwise the caller would wait for it, as
    /// nothing of it is passed on.
    pub(super) async fn answer_in_place_of(&self, head: &[u8], why: String) {
        let serializer = self.subprotocol.serializer;
        let Some(invocation) = answered_by(serializer, head) else { return };
        let (error, mut message) = (WampError::payload_size_exceeded(why), Vec::new());
        encode_error(serializer, Invocation::CODE, invocation, &error, &mut message);
        // A transport that is gone has no calls.
        let _sent = self.send_message(message.into()).await;
    }

    /// Lets `take` hand something to the sender, when it is its turn.
    async fn pass_on(
        &self,
        take: impl FnOnce(&mut MessageSender) -> Result<(), String>,
    ) -> Result<(), SendRefused> {
        let _turn = self.turn.lock().await;
        // The rest of a request that was dropped.
        poll_fn(|cx| self.poll_sent(cx)).await?;
        let taken = take(lock(&self.sender).as_mut().ok_or(SendRefused::Over)?);
        poll_fn(|cx| self.poll_sent(cx)).await?;
        taken.map_err(SendRefused::Malformed)
    }

    /// Takes the messages of a request. The first that is none ends it; it is passed on as well, so that the session
    /// hears of it as it would over any other transport (checklist LP-07, BAT-05, BAT-06).
    fn take(&self, body: Bytes, sender: &mut MessageSender) -> Result<(), String> {
        if !self.subprotocol.batched {
            return self.take_message(sender, &body);
        }
        for record in Records::new(self.subprotocol.serializer, body) {
            match record {
                Ok(message) => self.take_message(sender, &message)?,
                Err(error) => refuse(sender, &error)?,
            }
        }
        Ok(())
    }

    /// The fault is the error.
    fn take_message(&self, sender: &mut MessageSender, message: &Bytes) -> Result<(), String> {
        if let Err(error) = sender.push(message) {
            return refuse(sender, &error);
        }
        let decoded =
            Message::decode(self.subprotocol.serializer, message).map_err(|error| error.to_string())?;
        if let Message::Goodbye(_) = decoded {
            self.unanswered_goodbyes.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(())
    }

    fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<Result<(), SendRefused>> {
        self.sending.register(cx.waker());
        match lock(&self.sender).as_mut() {
            Some(sender) => sender.poll_flush(cx).map_err(|_| SendRefused::Over),
            None => Poll::Ready(Err(SendRefused::Over)),
        }
    }

    /// The connection behind the transport is over: what it was still to be sent is dropped. What it has said remains
    /// to be received, for as long as a transport may be idle, but no request refreshes that time.
    pub(super) fn disconnect(&self, now: Instant) {
        if self.disconnected.get().is_some() {
            return;
        }
        *lock(&self.last_seen) = now;
        lock(&self.sender).take();
        self.disconnected.set(());
        self.sending.wake();
    }

    /// Completes when the connection behind the transport is over.
    pub(super) async fn disconnected(&self) {
        self.disconnected.wait().await;
    }

    /// Returns whether the client has taken a GOODBYE that it has not answered.
    pub(super) fn owes_goodbye(&self) -> bool {
        self.unanswered_goodbyes.load(Ordering::Relaxed) > 0
    }

    /// Waits for messages: for one, or, where they are batched, for all there are (checklist LP-05).
    pub(super) async fn receive(&self) -> Received {
        let number = self.begin_receive();
        poll_fn(|cx| self.poll_receive(number, cx)).await
    }

    /// The number of a new `receive`, which takes the place of the one before (checklist LP-10).
    fn begin_receive(&self) -> usize {
        let (number, earlier) = {
            let mut receiving = lock(&self.receiving);
            receiving.latest += 1;
            (receiving.latest, receiving.waker.take())
        };
        // It looks again, and finds that it is not the latest any more.
        earlier.into_iter().for_each(Waker::wake);
        number
    }

    fn poll_receive(&self, number: usize, cx: &mut Context<'_>) -> Poll<Received> {
        let mut guard = lock(&self.receiving);
        if guard.latest != number {
            return Poll::Ready(Received::Superseded);
        }
        let Some(receiver) = guard.receiver.as_mut() else { return Poll::Ready(Received::Over) };
        let mut out = Vec::new();
        loop {
            let next = receiver.poll_next(cx, None);
            if let Poll::Ready(Ok(message)) = &next
                && is_goodbye(self.subprotocol.serializer, &message[..message.len().min(HEAD)])
            {
                self.unanswered_goodbyes.fetch_add(1, Ordering::Relaxed);
            }
            match next {
                Poll::Ready(Ok(message)) if self.subprotocol.batched => {
                    push_record(self.subprotocol.serializer, &message, &mut out);
                    if out.len() > LONG_BATCH {
                        break;
                    }
                }
                Poll::Ready(Ok(message)) => return Poll::Ready(Received::Messages(message.to_vec())),
                Poll::Ready(Err(_)) if out.is_empty() => {
                    guard.receiver = None;
                    return Poll::Ready(Received::Over);
                }
                Poll::Pending if out.is_empty() => {
                    guard.waker = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                Poll::Ready(Err(_)) | Poll::Pending => break,
            }
        }
        Poll::Ready(Received::Messages(out))
    }

    /// Ends the transport: to the session it looks as if its peer were gone.
    pub(super) fn end(&self, now: Instant) {
        self.disconnect(now);
        let waiting = {
            let mut receiving = lock(&self.receiving);
            receiving.receiver = None;
            receiving.waker.take()
        };
        waiting.into_iter().for_each(Waker::wake);
        self.over.set(());
    }

    /// Completes when the transport is ended.
    pub(super) async fn over(&self) {
        self.over.wait().await;
    }
}

impl From<Unread> for SendRefused {
    fn from(unread: Unread) -> Self {
        Self::Unread(unread)
    }
}

impl BodyBytes<'_> {
    /// Counts more bytes, unless the transport then has more than `bound`.
    pub(super) fn grow(&mut self, more: usize, bound: usize) -> bool {
        let Self(transport, bytes) = self;
        let grown = |held: usize| held.checked_add(more).filter(|held| *held <= bound);
        let fits = transport.collected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, grown).is_ok();
        if fits {
            *bytes += more;
        }
        fits
    }

    /// Counts as many bytes more as the transport may have, and returns how many are counted then.
    pub(super) fn grow_to(&mut self, bound: usize) -> usize {
        let Self(transport, bytes) = self;
        let before = transport.collected.fetch_max(bound, Ordering::Relaxed);
        *bytes += bound.saturating_sub(before);
        *bytes
    }
}

impl Drop for BodyBytes<'_> {
    fn drop(&mut self) {
        self.0.collected.fetch_sub(self.1, Ordering::Relaxed);
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let Self(transport, runtime) = self;
        if transport.disconnected.get().is_none() {
            *lock(&transport.last_seen) = runtime.now();
        }
        transport.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Passes on what stands for bytes that cannot be passed on.
fn refuse(sender: &mut MessageSender, error: &dyn ToString) -> Result<(), String> {
    sender.push(NO_MESSAGE).map_err(|error| error.to_string())?;
    Err(error.to_string())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
