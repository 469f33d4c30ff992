//! One transport that is made of HTTP requests: what its client sends and takes between two of them.
//!
//! Invariant: messages go out once and in order, to whichever request asks for them; a request that goes away takes
//! nothing with it.

use crate::base::locks::{Mutex, MutexGuard};
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use atomic_waker::AtomicWaker;
use bytes::Bytes;
use serverwamp_proto::message::Message;
use serverwamp_proto::websocket::Subprotocol;
use serverwamp_proto::websocket::batch::{Records, push_record};

use crate::base::signal::Signal;
use crate::rt::{Runtime, after};
use crate::server::memory::{MessageReceiver, MessageSender, Pipe, messages};

/// A batch that is longer than this waits for the next request.
const LONG_BATCH: usize = 256 * 1024;

/// No serializer begins a message like this: it is no JSON, nothing in MessagePack, and a tag without a value in CBOR.
const NO_MESSAGE: &[u8] = &[0xc1];

#[derive(Debug)]
pub(super) struct Carried {
    pub(super) subprotocol: Subprotocol,
    receiver: Mutex<Option<MessageReceiver>>,
    sender: Mutex<Option<MessageSender>>,
    /// Whose turn it is to send: what waits is one request's body, and the others wait with theirs.
    turn: futures_util::lock::Mutex<()>,
    sending: AtomicWaker,
    /// The number of the latest `receive`; an earlier one gives up.
    polls: AtomicUsize,
    poller: AtomicWaker,
    last_seen: Mutex<Instant>,
    /// Requests that are being answered.
    busy: AtomicUsize,
    /// Set when the transport is ended.
    over: Signal<()>,
}

/// What a `receive` comes to.
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
pub(super) enum Unsent {
    /// Its body is no message, or no batch of messages.
    Malformed(String),
    /// The transport is over.
    Over,
}

/// A request that is being answered. Its transport is not idle meanwhile.
#[derive(Debug)]
pub(super) struct Busy<'c>(&'c Carried, &'c Arc<dyn Runtime>);

impl Carried {
    pub(super) fn new(subprotocol: Subprotocol, pipe: Pipe, longest: usize, now: Instant) -> Self {
        let (receiver, sender) = messages(pipe, longest);
        Self {
            subprotocol,
            receiver: Mutex::new(Some(receiver)),
            sender: Mutex::new(Some(sender)),
            turn: futures_util::lock::Mutex::default(),
            sending: AtomicWaker::new(),
            polls: AtomicUsize::new(0),
            poller: AtomicWaker::new(),
            last_seen: Mutex::new(now),
            busy: AtomicUsize::new(0),
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
        let since = if self.busy.load(Ordering::Relaxed) > 0 { now } else { *lock(&self.last_seen) };
        Some(after(since, timeout)).filter(|idle| *idle > now)
    }

    /// Passes on what a request brings. It waits while the session takes nothing.
    pub(super) async fn send(&self, body: Bytes) -> Result<(), Unsent> {
        let _turn = self.turn.lock().await;
        // What a request left behind that went away.
        poll_fn(|cx| self.poll_sent(cx)).await?;
        let malformed = self.take(body)?;
        poll_fn(|cx| self.poll_sent(cx)).await?;
        malformed.map_or(Ok(()), |what| Err(Unsent::Malformed(what)))
    }

    /// Takes the messages of a request. The first that is none ends it; it is passed on as well, so that the session
    /// hears of it as it would over any other transport (checklist LP-07, BAT-05, BAT-06).
    fn take(&self, body: Bytes) -> Result<Option<String>, Unsent> {
        let mut guard = lock(&self.sender);
        let sender = guard.as_mut().ok_or(Unsent::Over)?;
        if !self.subprotocol.batched {
            return Ok(self.take_message(sender, &body).err());
        }
        for record in Records::new(self.subprotocol.serializer, body) {
            let taken = match record {
                Ok(message) => self.take_message(sender, &message),
                Err(error) => refuse(sender, &error),
            };
            if let Err(what) = taken {
                return Ok(Some(what));
            }
        }
        Ok(None)
    }

    /// What is wrong with it is the error.
    fn take_message(&self, sender: &mut MessageSender, message: &Bytes) -> Result<(), String> {
        if let Err(error) = sender.push(message) {
            return refuse(sender, &error);
        }
        Message::decode(self.subprotocol.serializer, message).map(drop).map_err(|error| error.to_string())
    }

    fn poll_sent(&self, cx: &mut Context<'_>) -> Poll<Result<(), Unsent>> {
        self.sending.register(cx.waker());
        match lock(&self.sender).as_mut() {
            Some(sender) => sender.poll_flush(cx).map_err(|_| Unsent::Over),
            None => Poll::Ready(Err(Unsent::Over)),
        }
    }

    /// Waits for messages: for one, or, where they are batched, for all there are (checklist LP-05).
    pub(super) async fn receive(&self) -> Received {
        let number = self.polls.fetch_add(1, Ordering::Relaxed) + 1;
        // The one before looks again, and finds that it is not the latest any more (LP-10).
        self.poller.wake();
        poll_fn(|cx| {
            if self.polls.load(Ordering::Relaxed) != number {
                return Poll::Ready(Received::Superseded);
            }
            self.poller.register(cx.waker());
            if self.polls.load(Ordering::Relaxed) != number {
                return Poll::Ready(Received::Superseded);
            }
            self.poll_receive(cx)
        })
        .await
    }

    fn poll_receive(&self, cx: &mut Context<'_>) -> Poll<Received> {
        let mut guard = lock(&self.receiver);
        let Some(receiver) = guard.as_mut() else { return Poll::Ready(Received::Over) };
        let mut out = Vec::new();
        loop {
            match receiver.poll_next(cx, None) {
                Poll::Ready(Ok(message)) if self.subprotocol.batched => {
                    push_record(self.subprotocol.serializer, &message, &mut out);
                    if out.len() > LONG_BATCH {
                        break;
                    }
                }
                Poll::Ready(Ok(message)) => return Poll::Ready(Received::Messages(message.to_vec())),
                Poll::Ready(Err(_)) if out.is_empty() => {
                    *guard = None;
                    return Poll::Ready(Received::Over);
                }
                Poll::Pending if out.is_empty() => return Poll::Pending,
                Poll::Ready(Err(_)) | Poll::Pending => break,
            }
        }
        Poll::Ready(Received::Messages(out))
    }

    /// Ends the transport: to the session it looks as if its peer were gone.
    pub(super) fn end(&self) {
        lock(&self.sender).take();
        lock(&self.receiver).take();
        self.poller.wake();
        self.sending.wake();
        self.over.set(());
    }

    /// Completes when the transport is ended.
    pub(super) async fn over(&self) {
        self.over.wait().await;
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let Self(carried, runtime) = self;
        *lock(&carried.last_seen) = runtime.now();
        carried.busy.fetch_sub(1, Ordering::Relaxed);
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
